/* SPDX-License-Identifier: EUPL-1.2 */
/* An iPhone's backup folder, between the files that read it; see backup.c. */
#ifndef KT_IMAGE_BACKUP_I_H
#define KT_IMAGE_BACKUP_I_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/sqlvfs.h"
#include "core/unzip.h"
#include "extractor/image/image_i.h"

struct sqlite3_stmt;

#define KT_BACKUP_ID	  40u /* hex digits of a fileID */
#define KT_BACKUP_DOMAINS 32u

/* An open file of the folder, as plain bytes. */
struct kt_backup_file {
	int fd; /* -1: none */
	struct kt_rdat raw, plain;
	bool keyed; /* plain came from the key */
	uint64_t size;
	int64_t mtime_s, mtime_ns;
};

struct kt_backup {
	int dirfd;
	bool encrypted;
	struct kt_buf manifest;			    /* Manifest.plist */
	struct kt_backup_file db_file[KT_SQLFILES]; /* Manifest.db and companions */
	struct kt_sqldb db;
	struct sqlite3_stmt *rows, *record;
	const char *domain[KT_BACKUP_DOMAINS];
	unsigned ndomain;
	unsigned next_values;	    /* request ids up to this one are done */
	struct kt_backup_file file; /* of the current object */
};

/* Opens dirfd/name, following no link. 0, KT_E_ABSENT, KT_E_STORAGE. */
int kt_backup_file_open(int dirfd, const char *name, struct kt_backup_file *f, struct kt_err *err);
void kt_backup_file_close(struct kt_image *im, struct kt_backup_file *f);
/* Whole small files. Absent: KT_E_ABSENT. */
int kt_backup_slurp(int dirfd, const char *name, size_t max, struct kt_buf *b, struct kt_err *err);
/* SHA-1 of "domain-path" in hex. */
int kt_backup_id(const char *domain, const void *path, size_t n, char id[KT_BACKUP_ID + 1],
		 struct kt_err *err);
/* Column "file" of the row with this fileID and flags, borrowed until the next call; *n 0: none. */
int kt_backup_record(struct kt_backup *b, const char *id, int flags, const uint8_t **p, size_t *n,
		     struct kt_err *err);

/*
 * A list of the targets of the links that q names ("Domain:path|Domain:path"), out of the manifest;
 * of b only db and record are used.
 */
int kt_backup_links(struct kt_backup *b, const struct kt_request *q, struct kt_buf *out,
		    struct kt_err *err);

/* The next list of single values that the plan wants. 1: im->m is it, 0: no more, or a code. */
int kt_backup_next_values(struct kt_image *im, struct kt_err *err);

#endif
