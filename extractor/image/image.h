/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A source that is no phone: a file-system image (folder, tar, tar.gz, ZIP), an iPhone's backup
 * folder, a mounted carrier, a file that was handed over. It gives the objects that the plan wants
 * one after another, and nothing else; it never writes, follows no link, and lands nothing on disk.
 * For keten-device alone: what it reads is hostile.
 */
#ifndef KT_IMAGE_IMAGE_H
#define KT_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/devproto.h"
#include "core/request.h"

struct kt_backup_key;
struct kt_err;
struct kt_image;

#define KT_IMG_IDS	   16u		      /* requests that one object can answer */
#define KT_IMG_MEMBERS_MAX 5000000u	      /* objects of one source */
#define KT_IMG_NAMES_MAX   ((size_t)1 << 30)  /* bytes of names in one ZIP directory */
#define KT_IMG_BUFFER	   ((size_t)32 << 20) /* members of a stream that can be read at random */
#define KT_IMG_TEXT	   512u

struct kt_img_watch {
	int (*check)(void *ctx); /* 0 to go on, a negative code to stop; may be NULL */
	void *ctx;
};

struct kt_img_opt {
	int fd;		   /* folder or regular file; stays the caller's */
	unsigned form;	   /* enum kt_form */
	const bool *may;   /* KT_REQ_COUNT: the plan; borrowed */
	const char *name;  /* last component of the source's path, "" when not known; borrowed */
	const char *facts; /* carriers: what is known of the file system; borrowed */
	struct kt_img_watch watch;
	const struct kt_backup_key *key; /* opens an encrypted backup; NULL: there is none */
	/* makes key from the backup's Manifest.plist (p, n) when it turns out to be encrypted; or NULL */
	int (*unlock)(void *arg, const void *p, size_t n, const struct kt_backup_key **key,
		      struct kt_err *err);
	void *unlock_arg;
	bool *encrypted; /* set when it is an encrypted backup, also when it is refused; may be NULL */
};

struct kt_img_member {
	uint16_t id[KT_IMG_IDS], n;
	uint8_t flags; /* KT_DEV_M_* */
	uint32_t mode;
	uint64_t size;
	int64_t mtime;	     /* seconds since 1970, 0 when not known */
	const uint8_t *path; /* as the source names it */
	size_t path_len;
	char note[160];
};

struct kt_img_summary {
	uint64_t seen, bytes, refused, unreadable;
	bool has_sha, changed;
	bool incomplete; /* wanted objects may lie where nothing was read: names are in the text */
	uint8_t sha[32];
	char text[KT_IMG_TEXT];
};

/* Needed once before a sandbox closes. 0 or KT_E_INTERNAL. */
int kt_image_warm(struct kt_err *err);
/*
 * Looks what the source is and makes ready. *out is the caller's. 0; KT_E_REFUSED (encrypted backup
 * without a key, several backups in one folder); KT_E_ABSENT, KT_E_FORMAT (not what the form says,
 * or damaged: the text begins with a word and a colon); KT_E_LIMIT, KT_E_STORAGE, KT_E_NOMEM.
 */
int kt_image_open(const struct kt_img_opt *o, struct kt_image **out, struct kt_err *err);
void kt_image_close(struct kt_image **im);

enum kt_dev_layout kt_image_layout(const struct kt_image *im);
uint64_t kt_image_size(const struct kt_image *im); /* of a file; 0 for folders */
/* UDID of a backup, else "". What there is to say about it, for the report. */
const char *kt_image_identifier(const struct kt_image *im);
const char *kt_image_detail(const struct kt_image *im);

/*
 * The next object that the plan wants. 1: *m is it, borrowed until the next call; 0: the end, the
 * summary is ready; KT_E_FORMAT: the source can't be read on (what came before stands; the next
 * call gives the end); KT_E_CANCELLED, KT_E_STORAGE, KT_E_LIMIT.
 */
int kt_image_next(struct kt_image *im, const struct kt_img_member **m, struct kt_err *err);

/* Goes to the first byte of the current object, to read all of it by kt_image_chunk(). */
int kt_image_begin(struct kt_image *im, struct kt_err *err);
/*
 * Next bytes, at most KT_DEV_CHUNK, borrowed until the next call; *n 0 at the end. *n is never
 * more in all than the object's size. KT_E_FORMAT: damaged; KT_E_PARTIAL: it ends early.
 */
int kt_image_chunk(struct kt_image *im, const uint8_t **p, size_t *n, struct kt_err *err);
/* Bytes at off; *got is short only at the end. KT_E_LIMIT: this source can't step back there. */
int kt_image_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		  struct kt_err *err);
/* Of the current object; 0 without one. */
uint64_t kt_image_member_size(const struct kt_image *im);
/* Whether the current object's size or time changed since it was announced. */
bool kt_image_member_changed(struct kt_image *im);

void kt_image_summary(const struct kt_image *im, struct kt_img_summary *s);

#endif
