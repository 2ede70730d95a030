/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The few values that keten-device itself needs out of property lists: a text, the members of a
 * backup's file record, the allowed keys of a backup's own lists. Size, depth and count are
 * checked here before libplist sees a byte; records of files are read without it.
 */
#ifndef KT_IMAGE_PLIST_H
#define KT_IMAGE_PLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;
struct kt_err;

#define KT_PLIST_BYTES	((size_t)16 << 20)
#define KT_PLIST_COPIED ((uint64_t)32 << 20) /* of texts and data, each as often as it is named */

/* -- binary property lists, by reference, no copies ------------------------------------------- */

struct kt_bpl {
	const uint8_t *p; /* borrowed */
	size_t n;
	uint8_t off_size, ref_size;
	uint64_t count, root;
	size_t table;
};

enum kt_bpl_kind {
	KT_BPL_NULL = 0x0,
	KT_BPL_INT = 0x1,
	KT_BPL_REAL = 0x2,
	KT_BPL_DATE = 0x3,
	KT_BPL_DATA = 0x4,
	KT_BPL_ASCII = 0x5,
	KT_BPL_UTF16 = 0x6,
	KT_BPL_UID = 0x8,
	KT_BPL_ARRAY = 0xa,
	KT_BPL_SET = 0xc,
	KT_BPL_DICT = 0xd,
};

struct kt_bpl_obj {
	uint8_t kind, mark; /* mark: the low half of the first byte */
	uint64_t len;	    /* bytes, UTF-16 units, or members */
	size_t at;	    /* of the content */
};

/* False when it is none, or contradicts itself. */
bool kt_bpl_open(struct kt_bpl *b, const void *p, size_t n);
bool kt_bpl_get(const struct kt_bpl *b, uint64_t index, struct kt_bpl_obj *o);
/* Reference i of an array or set; of a dictionary: key i. */
bool kt_bpl_ref(const struct kt_bpl *b, const struct kt_bpl_obj *o, uint64_t i, uint64_t *index);
/* Value i of a dictionary; its key is reference i. */
bool kt_bpl_value(const struct kt_bpl *b, const struct kt_bpl_obj *dict, uint64_t i,
		  struct kt_bpl_obj *value);
/* Member of a dictionary by an ASCII key. */
bool kt_bpl_find(const struct kt_bpl *b, const struct kt_bpl_obj *dict, const char *key,
		 struct kt_bpl_obj *value);
bool kt_bpl_int(const struct kt_bpl *b, const struct kt_bpl_obj *o, int64_t *v);
bool kt_bpl_uid(const struct kt_bpl *b, const struct kt_bpl_obj *o, uint64_t *v);
/*
 * Whether libplist can walk all of it: no deeper than depth, no more than visits nodes in all, and
 * with no more than KT_PLIST_COPIED bytes.
 */
bool kt_bpl_is_tame(const struct kt_bpl *b, unsigned depth, uint32_t visits);

/* -- a backup's record of one file ------------------------------------------------------------ */

struct kt_mbfile {
	bool has_size, has_mtime, has_mode;
	uint64_t size;
	int64_t mtime;
	uint32_t mode;
	char target[256]; /* of a link; "" when there is none */
	bool has_digest;
	uint8_t digest[20]; /* SHA-1 of the content, where the phone states one */
	/* encrypted backups: the file's key, wrapped under the key of its class */
	bool has_key;
	uint32_t protection_class;
	uint8_t wrapped_key[40];
};

/* The NSKeyedArchiver archive in column "file" of Manifest.db. False: not one. */
bool kt_mbfile_read(const void *p, size_t n, struct kt_mbfile *f);

/* -- whole lists, XML or binary --------------------------------------------------------------- */

/* A text at the top of a list. False: no such text, or longer than size allows. */
bool kt_plist_text(const void *p, size_t n, const char *key, char *out, size_t size);
/* A text or boolean by a path "A/B". */
bool kt_plist_path_text(const void *p, size_t n, const char *path, char *out, size_t size);
bool kt_plist_path_bool(const void *p, size_t n, const char *path, bool *v);
/*
 * A single value (libplist's plist_t) made anew, the caller's; NULL for containers and for what is
 * no value, such as a text with a NUL inside.
 */
void *kt_plist_single(void *node);
/* 0 when libplist may read it, else KT_E_FORMAT or KT_E_LIMIT. */
int kt_plist_check(const void *p, size_t n, struct kt_err *err);

/*
 * What a plugin gets of single values: an XML list {"keten-values": {"source", "domain"}, "values":
 * {the keys ('|'-separated) that are there}}. A key with '/' is looked up level by level and keeps
 * its written name; "List[text]" is true when the list holds the text, and else not there. Appends to out. 0, KT_E_FORMAT, KT_E_LIMIT, KT_E_NOMEM.
 */
int kt_plist_values(const void *p, size_t n, const char *source, const char *domain,
		    const char *keys, struct kt_buf *out, struct kt_err *err);
/* The same out of texts that were gathered one by one. */
struct kt_plist_text_value {
	const char *key;
	const char *text;
};
int kt_plist_texts(const struct kt_plist_text_value *v, size_t n, const char *source,
		   const char *domain, struct kt_buf *out, struct kt_err *err);

#endif
