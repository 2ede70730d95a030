/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Property lists, XML and binary, by readers of our own (docs/decisions.md says why), bounded in size,
 * depth and in the number of nodes that a walk meets. NSKeyedArchiver archives are read through
 * kt_archive_*(). Every getter checks the type; a missing or odd node is "not there", never a crash.
 * A list that is damaged anywhere is refused as a whole.
 */
#ifndef KT_PARSERS_SDK_PLIST_H
#define KT_PARSERS_SDK_PLIST_H

#include "parsers/sdk/keten_parser.h"

#define KT_PLIST_MAX_BYTES ((size_t)64 << 20)
#define KT_PLIST_MAX_DEPTH 64u /* containers in one another */

/* A node, borrowed from its tree; node NULL: not there. Pass by value. */
struct kt_pl {
	void *node; /* struct kt_node, inside the SDK */
};

enum kt_pl_type {
	KT_PL_NONE = 0,
	KT_PL_BOOL,
	KT_PL_INT,
	KT_PL_REAL,
	KT_PL_DATE,
	KT_PL_TEXT,
	KT_PL_DATA,
	KT_PL_ARRAY,
	KT_PL_DICT,
	KT_PL_UID
};

struct kt_plist; /* owns a tree */

/*
 * Reads the whole artifact (or p, n: a blob of a database row, copied) as a property list. 0;
 * KT_E_FORMAT; KT_E_LIMIT (larger or deeper than the limits above, or more than 4 million nodes, a
 * shared one counted as often as it is met); KT_E_NOMEM. Free with kt_plist_free(). A plugin's limit
 * of memory should be at least 64 MiB and four times the largest list it wants.
 */
int kt_plist_load(struct kt_ctx *ctx, struct kt_plist **pl, struct kt_err *err);
int kt_plist_parse(const void *p, size_t n, struct kt_plist **pl, struct kt_err *err);
void kt_plist_free(struct kt_plist **pl);
struct kt_pl kt_plist_root(const struct kt_plist *pl);

enum kt_pl_type kt_pl_type(struct kt_pl n);
/* Member of a dictionary, by key of ours (the first of that name); by a path "A/B/C" of keys without
 * slashes. */
struct kt_pl kt_pl_get(struct kt_pl dict, const char *key);
struct kt_pl kt_pl_path(struct kt_pl dict, const char *path);
uint32_t kt_pl_count(struct kt_pl n); /* members of ARRAY or DICT, else 0 */
struct kt_pl kt_pl_at(struct kt_pl array, uint32_t i);

/* Members of a dictionary in the order of the file. */
struct kt_pl_iter {
	struct kt_pl dict;
	uint32_t at;
};
void kt_pl_iter_init(struct kt_pl_iter *it, struct kt_pl dict);
/* False at the end. key is borrowed from the tree (empty when the key is no text). */
bool kt_pl_iter_next(struct kt_pl_iter *it, struct kt_str *key, struct kt_pl *value);
void kt_pl_iter_end(struct kt_pl_iter *it);

bool kt_pl_int(struct kt_pl n, int64_t *v); /* INT that fits; BOOL is none */
bool kt_pl_bool(struct kt_pl n, bool *v);
/* INT, REAL or decimal text, exactly times 10^scale. */
bool kt_pl_scaled(struct kt_pl n, unsigned scale, int64_t *v);
bool kt_pl_text(struct kt_pl n, struct kt_str *s); /* borrowed from the tree */
bool kt_pl_data(struct kt_pl n, const uint8_t **p, size_t *len);
bool kt_pl_date(struct kt_pl n, int64_t *t_us); /* DATE, UTC */
/*
 * Any scalar as a short text, for `raw` and properties: text and XML numbers as written, binary
 * numbers in the shortest decimal, dates in RFC 3339, data in hexadecimal; cut at KT_REC_STR_MAX. Lives
 * in the tree, in ctx (data), or in ctx until 64 more short texts were made there (binary numbers and
 * dates); empty for containers.
 */
struct kt_str kt_pl_raw(struct kt_ctx *ctx, struct kt_pl n);

/*
 * A key path that grows and shrinks: "$", ".key", "[3]"; a key of other characters than letters, digits,
 * '_', '-' and '$' as ["key"], with a backslash before '"' and '\\'. Cut when it is too long.
 */
struct kt_keypath {
	char text[KT_REC_STR_MAX];
	size_t len;
};
void kt_keypath_init(struct kt_keypath *k);
/* Appends; returns the length before, to be given to kt_keypath_cut(). */
size_t kt_keypath_key(struct kt_keypath *k, struct kt_str key);
size_t kt_keypath_index(struct kt_keypath *k, uint32_t i);
void kt_keypath_cut(struct kt_keypath *k, size_t len);
/* KT_LOC_KEY; borrowed from *k. */
struct kt_locator kt_keypath_locator(const struct kt_keypath *k);

/*
 * NSKeyedArchiver: the object that key of $top names (NULL: "root"); members follow UIDs by themselves.
 * "$null" is not there; an archived NSString or NSData is its text or its data. An archive can be a
 * cycle: follow only members that you name.
 */
struct kt_pl kt_archive_root(struct kt_pl archive, const char *top_key);
struct kt_pl kt_archive_get(struct kt_pl archive, struct kt_pl object, const char *key);
/* Element of an archived NSArray/NSSet ("NS.objects"); count of them. */
uint32_t kt_archive_count(struct kt_pl archive, struct kt_pl object);
struct kt_pl kt_archive_at(struct kt_pl archive, struct kt_pl object, uint32_t i);
/* Value of an archived NSDictionary ("NS.keys", "NS.objects") whose key is this text. */
struct kt_pl kt_archive_value(struct kt_pl archive, struct kt_pl object, const char *key);
/* NSDate ("NS.time", Cocoa seconds). */
bool kt_archive_date(struct kt_pl archive, struct kt_pl object, int64_t *t_us);

#endif
