/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * JSON: a writer into a kt_buf; a strict streaming reader (RFC 8259, UTF-8 checked, depth and
 * string length capped, every token with its byte offsets), good for gigabytes in constant memory;
 * and on top of it a small document tree for files of ours (mandate, log, index) that refuses
 * duplicate keys and non-integers.
 */
#ifndef KT_CORE_JSON_H
#define KT_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

struct kt_err;

/* -- writer ----------------------------------------------------------------------------------- */

#define KT_JW_DEPTH 32

struct kt_jw {
	struct kt_buf *out;
	unsigned depth;
	bool first[KT_JW_DEPTH];
	bool after_key;
	bool pretty; /* one member per line, two spaces a level */
};

void kt_jw_init(struct kt_jw *w, struct kt_buf *out);
void kt_jw_obj(struct kt_jw *w);
void kt_jw_obj_end(struct kt_jw *w);
void kt_jw_arr(struct kt_jw *w);
void kt_jw_arr_end(struct kt_jw *w);
void kt_jw_key(struct kt_jw *w, const char *key);
void kt_jw_str(struct kt_jw *w, const char *s); /* NULL writes null */
/*
 * Bytes as a JSON string: valid UTF-8 is kept, but control, bidi-control and invalid bytes become
 * visible escapes of ours (backslash x HH, backslash u{HHHH}); a backslash is doubled. So the
 * text is safe to show, and the escape can be undone.
 */
void kt_jw_bytes(struct kt_jw *w, const void *p, size_t n);
void kt_jw_strn(struct kt_jw *w, const char *p, size_t n); /* UTF-8 text of ours, kept as it is */
void kt_jw_int(struct kt_jw *w, int64_t v);
void kt_jw_uint(struct kt_jw *w, uint64_t v);
void kt_jw_bool(struct kt_jw *w, bool v);
void kt_jw_null(struct kt_jw *w);
/* v * 10^-scale as a JSON number with exactly scale decimals: 525200000, 7 -> 52.5200000 */
void kt_jw_fixed(struct kt_jw *w, int64_t v, unsigned scale);
/* A value that is JSON already: written by another kt_jw. */
void kt_jw_raw(struct kt_jw *w, const char *p, size_t n);
/* Key and value in one. */
void kt_jw_kstr(struct kt_jw *w, const char *key, const char *s);
/*
 * A key that the compiler has quoted, for what is written a million times: KT_JW_KEY(w, "lat").
 * The name must be a literal without anything that needs an escape.
 */
#define KT_JW_QUOTED(name) "\"" name "\":"
#define KT_JW_KEY(w, literal)                                                                      \
	kt_jw_quoted_key((w), KT_JW_QUOTED(literal), sizeof(KT_JW_QUOTED(literal)) - 1)
void kt_jw_quoted_key(struct kt_jw *w, const char *quoted, size_t n);
void kt_jw_kint(struct kt_jw *w, const char *key, int64_t v);
void kt_jw_kuint(struct kt_jw *w, const char *key, uint64_t v);
void kt_jw_kbool(struct kt_jw *w, const char *key, bool v);
void kt_jw_kbytes(struct kt_jw *w, const char *key, const void *p, size_t n);

/* -- text from outside ------------------------------------------------------------------------ */

/* Appends bytes in the visible form described at kt_jw_bytes() (without JSON quoting). */
void kt_text_escape(struct kt_buf *b, const void *p, size_t n);
/* The same as text of HTML or XML, in quotes or not; line feeds and backslashes stay as they are. */
void kt_text_markup(struct kt_buf *b, const char *s);
/* Whether kt_text_escape() would leave these bytes as they are. */
bool kt_text_is_plain(const void *p, size_t n);
/* Length of the valid UTF-8 sequence at p (n bytes left), 0 when invalid; *cp gets the code point. */
unsigned kt_utf8_next(const uint8_t *p, size_t n, uint32_t *cp);
/*
 * Writes a code point; returns the number of bytes, 1 to 4. Half a pair of UTF-16 (d800..dfff) becomes
 * three bytes that kt_utf8_next() refuses: a caller that may meet one keeps it visible as bytes.
 */
unsigned kt_utf8_put(uint8_t out[4], uint32_t cp);

/* -- streaming reader ------------------------------------------------------------------------- */

enum kt_json_tok {
	KT_JSON_END = 0, /* the document is complete and nothing follows */
	KT_JSON_OBJ,	 /* { */
	KT_JSON_OBJ_END,
	KT_JSON_ARR,
	KT_JSON_ARR_END,
	KT_JSON_KEY,	/* str, str_len */
	KT_JSON_STRING, /* str, str_len */
	KT_JSON_NUMBER, /* str, str_len: the text as written */
	KT_JSON_TRUE,
	KT_JSON_FALSE,
	KT_JSON_NULL,
};

/* Gives the next bytes in order; *got 0 at the end. 0 or a negative code, which is passed on. */
struct kt_json_src {
	int (*read)(void *arg, void *p, size_t n, size_t *got, struct kt_err *err);
	void *arg;
	uint64_t off; /* what offset the first byte has */
};

#define KT_JSON_DEPTH 64
#define KT_JSON_BUF   65536
#define KT_JSON_PAD   32 /* zeros that the reader keeps behind the bytes in its buffer */

struct kt_json {
	struct kt_json_src src;
	size_t pos, end;
	uint64_t base; /* offset of buf[0] */
	bool src_eof;
	struct kt_buf str_buf;
	size_t str_max;
	bool lenient; /* set after init: bytes that are no UTF-8 are kept instead of refused */
	unsigned depth;
	uint8_t stack[KT_JSON_DEPTH]; /* '{' or '[' */
	uint8_t expect;
	/* of the last token: */
	const char *str; /* valid until the next call; NUL-terminated; may hold NULs itself */
	size_t str_len;
	bool str_cut;		   /* longer than str_max: cut, the rest was read and dropped */
	uint64_t tok_off, tok_end; /* byte offsets [off, end) in the source */
	/* the reader's own: */
	char number[24]; /* text of a short number */
	uint8_t buf[KT_JSON_BUF + KT_JSON_PAD];
};

/*
 * str_max: longest string kept (a longer one is cut and flagged; the reader goes on). Accepts a
 * UTF-8 byte order mark at the start.
 */
void kt_json_init(struct kt_json *j, struct kt_json_src src, size_t str_max);
void kt_json_free(struct kt_json *j);
/* enum kt_json_tok, or KT_E_FORMAT (text names what and at which byte) or the source's code. */
int kt_json_next(struct kt_json *j, struct kt_err *err);
/* After an OBJ or ARR token (or a KEY: its value): reads to the matching end. 0 or as next. */
int kt_json_skip(struct kt_json *j, int tok, struct kt_err *err);
/* A number token as an integer; false when it has a fraction, exponent or does not fit. */
bool kt_json_int(const char *p, size_t n, int64_t *v);

/* -- document tree ---------------------------------------------------------------------------- */

enum kt_jv_type { KT_JV_NULL, KT_JV_BOOL, KT_JV_INT, KT_JV_STR, KT_JV_ARR, KT_JV_OBJ };

struct kt_jv {
	enum kt_jv_type type;
	const char *key; /* inside an object */
	int64_t i;	 /* INT, BOOL */
	const char *str; /* STR, NUL-terminated, holds no NUL inside */
	size_t len;
	struct kt_jv *child, *next; /* ARR, OBJ: first child, then siblings in order */
	size_t count;
};

struct kt_jdoc; /* owns all nodes */

/*
 * Parses a whole document: objects with duplicate keys, numbers that are no int64, strings with
 * NUL, depth above 16 and documents above 16 MiB are refused. 0 or KT_E_FORMAT/KT_E_NOMEM; on
 * success *doc owns, kt_jdoc_root() borrows.
 */
int kt_jdoc_parse(const void *p, size_t n, struct kt_jdoc **doc, struct kt_err *err);
void kt_jdoc_free(struct kt_jdoc **doc);
const struct kt_jv *kt_jdoc_root(const struct kt_jdoc *doc);
/* Member of an object or NULL. v may be NULL. */
const struct kt_jv *kt_jv_get(const struct kt_jv *v, const char *key);
/* Text of a string member, or NULL. */
const char *kt_jv_str(const struct kt_jv *v, const char *key);
/*
 * A string member into out, which is terminated. false: there is none, and out stays as it was; or it is
 * longer, and out has its beginning.
 */
bool kt_jv_copy(const struct kt_jv *v, const char *key, char *out, size_t cap);
/* Is there such a member, and is it true? */
bool kt_jv_bool(const struct kt_jv *v, const char *key);
/* Integer member, or the default when missing or of another type. */
int64_t kt_jv_int(const struct kt_jv *v, const char *key, int64_t dflt);

#endif
