/* SPDX-License-Identifier: EUPL-1.2 */
/* What the layouts share; see image.h. */
#ifndef KT_IMAGE_IMAGE_I_H
#define KT_IMAGE_IMAGE_I_H

#include "core/buf.h"
#include "core/err.h"
#include "core/hash.h"
#include "extractor/image/image.h"
#include "extractor/image/match.h"

/* The file that iOS keeps in each app's folder, and what names the app in it. */
#define KT_IMG_META_NAME ".com.apple.mobile_container_manager.metadata.plist"
#define KT_IMG_META_KEY	 "MCMMetadataIdentifier"

/* Each layout fills im->m with kt_img_offer() and reads its bytes. */
struct kt_img_ops {
	/* 1: im->m is set, 0: end, or a code. */
	int (*next)(struct kt_image *im, struct kt_err *err);
	/* From the first byte again; NULL: nothing to do. */
	int (*begin)(struct kt_image *im, struct kt_err *err);
	/* NULL: kt_image_chunk() goes through read(). */
	int (*chunk)(struct kt_image *im, const uint8_t **p, size_t *n, struct kt_err *err);
	int (*read)(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		    struct kt_err *err);
	/* After the last object: reads on to the end of the source; NULL: nothing to do. */
	int (*finish)(struct kt_image *im, struct kt_err *err);
	bool (*changed)(struct kt_image *im); /* NULL: can't be */
	void (*close)(struct kt_image *im);
};

/* Why a name or an object was passed over. */
enum kt_img_no {
	KT_NO_DOTDOT = 0,
	KT_NO_ABSOLUTE,
	KT_NO_NUL,
	KT_NO_LONG,
	KT_NO_EMPTY,
	KT_NO_LINK,
	KT_NO_SPECIAL,
	KT_NO_MOUNT, /* another file system inside the folder */
	KT_NO_DEEP,
	KT_NO_LONG_FOLDER,
	KT_NO_FOLDER, /* a folder that can't be opened */
	KT_NO_COUNT
};

struct kt_image {
	struct kt_img_opt o;
	const struct kt_img_ops *ops;
	void *state; /* of the layout, freed by its close() */
	struct kt_img_rules rules;
	enum kt_dev_layout layout;
	uint64_t size;
	char identifier[96], detail[KT_IMG_TEXT];
	/* the current object */
	struct kt_img_member m;
	bool have, ended, finished;
	int early; /* why the layout ended before its end; told once */
	char why[KT_ERR_TEXT];
	struct kt_buf path;
	uint64_t pos;	/* of kt_image_chunk() */
	uint8_t *chunk; /* KT_DEV_CHUNK bytes, made when needed */
	uint8_t *mem;	/* the current object as a whole; NULL: not loaded */
	/* the source file */
	struct kt_hash hash;
	uint64_t hashed; /* bytes from its start that went into hash */
	int64_t mtime_s, mtime_ns;
	uint64_t steps, seen, bytes, unreadable, no[KT_NO_COUNT];
	char remark[160]; /* for the summary */
	bool cut;	  /* the source ends before its own end mark */
	struct kt_img_summary sum;
};

/* Empties im->m; path (copied) becomes its name. 0 or KT_E_NOMEM. */
int kt_img_begin_member(struct kt_image *im, const void *path, size_t n, struct kt_err *err);
/* Marks the object as one that can't be read, with the reason. */
void kt_img_unreadable(struct kt_image *im, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void kt_img_note(struct kt_image *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kt_img_remark(struct kt_image *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One more object of the source: 1: its name is fine; 0: it was passed over; or a code. */
int kt_img_count(struct kt_image *im, const void *path, size_t n, struct kt_err *err);
/*
 * One more object of the source: counts it, judges its name and matches it. 1: the plan wants it
 * (im->m has path, ids and flags), 0: not, KT_E_LIMIT, KT_E_NOMEM, or the watch's code.
 */
int kt_img_offer(struct kt_image *im, const void *path, size_t n, struct kt_err *err);
/* The watch's code. */
int kt_img_watched(struct kt_image *im, struct kt_err *err);
/*
 * Looks at the watch now and then. Layouts call it before they take the next object, so that a stop
 * loses none.
 */
int kt_img_pulse(struct kt_image *im, struct kt_err *err);
/* Reads all of the current object into im->mem by the layout's chunk(). KT_E_LIMIT: too large. */
int kt_img_load(struct kt_image *im, struct kt_err *err);
/*
 * One name in a folder, for reading, following no link and waiting for no pipe; the access time
 * stays as it is where that is allowed. flags: O_DIRECTORY or 0. A descriptor, or -1 with errno.
 */
int kt_img_open_plain(int dirfd, const char *name, int flags);
/* im->chunk. NULL and KT_E_NOMEM. */
uint8_t *kt_img_chunk_buf(struct kt_image *im, struct kt_err *err);

/* The source file in order: each byte is hashed once. Same shape as struct kt_rdseq. */
int kt_img_seq_read(void *im, void *p, size_t n, size_t *got, struct kt_err *err);
/* The source file at random. Same shape as struct kt_rdat. */
int kt_img_at_read(void *im, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err);
/* Hashes what is left of the source file. */
int kt_img_hash_rest(struct kt_image *im, struct kt_err *err);

/* Layouts: 0 with ops and state set, or a code. */
int kt_img_folder_open(struct kt_image *im, struct kt_err *err);
int kt_img_tar_open(struct kt_image *im, bool gz, struct kt_err *err);
int kt_img_zip_open(struct kt_image *im, struct kt_err *err);
int kt_img_single_open(struct kt_image *im, struct kt_err *err);
int kt_img_backup_open(struct kt_image *im, struct kt_err *err);

#endif
