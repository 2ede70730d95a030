/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Manifest.db, the phone's own list of what a backup holds: it confirms or contradicts what came in
 * the stream, gives file keys, the links that the plan names, and how many files each domain has.
 * It is read where it was spilled; nothing else of it goes anywhere.
 */
#ifndef KT_IOS_MANIFEST_H
#define KT_IOS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/devproto.h"
#include "core/sqlvfs.h"
#include "core/unzip.h"
#include "extractor/image/backup_i.h"
#include "extractor/ios/backup_key.h"
#include "extractor/ios/names.h"
#include "extractor/ios/wanted.h"

struct kt_err;
struct kt_request;

#define KT_MANIFEST_DOMAINS 48u /* families of domains that are counted */

/* A member of the stream that waits for the manifest. */
struct kt_provisional {
	uint32_t number; /* of its MEMBER frame */
	uint16_t request[KT_IMG_IDS], n;
	uint8_t id[KT_NAMES_ID], sha1[20];
	uint64_t size; /* as it came */
	bool whole;    /* it came to its end */
	bool twice;    /* and another with the same ID came too */
};

struct kt_confirm {
	uint8_t verdict; /* enum kt_dev_verdict */
	bool has_key;
	uint8_t key[32];
	uint64_t size; /* of the plain bytes */
	int64_t mtime;
	char path[KT_DEV_PATH_MAX + 1]; /* "domain/path", "" when not known */
	char note[160];
};

struct kt_manifest {
	struct kt_backup b; /* db and record in use */
	struct kt_rdat plain;
	struct kt_rdat cipher;
	const struct kt_backup_opener *opener; /* borrowed; NULL: in clear */
	bool keyed;
	struct sqlite3_stmt *row;
	uint64_t rows, files; /* counted */
};

/*
 * Opens the spilled bytes. opener NULL: they are plain. KT_E_FORMAT, KT_E_LIMIT, KT_E_NOMEM. Close in any case.
 */
int kt_manifest_open(struct kt_manifest *m, const struct kt_rdat *bytes,
		     const struct kt_backup_opener *opener, struct kt_err *err);
void kt_manifest_close(struct kt_manifest *m);
/* What it says of one. Always fills *c. */
void kt_manifest_confirm(struct kt_manifest *m, const struct kt_wanted *w,
			 const struct kt_provisional *p, struct kt_confirm *c);
/*
 * How many files each family of domains has ("AppDomain 120, HomeDomain 30"), most first, appended to
 * out; m->rows and m->files get the totals. KT_E_FORMAT, KT_E_LIMIT.
 */
int kt_manifest_count(struct kt_manifest *m, struct kt_buf *out, struct kt_err *err);

#endif
