/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one header a parser plugin sees. A plugin is one .c file with one descriptor and one line in
 * parsers/plugins.def. It reads bytes through kt_in_*(), says how many elements it met, and gives
 * every element exactly one end: kt_emit() or kt_skip(). It opens nothing, keeps no statics, uses
 * no local time and no floating point, and runs in a sandbox where anything else means death.
 *
 * The same code runs in two seats: while acquiring, where each read is a request to the phone and
 * only what was read is stored; and later on the stored bytes. So read little, and read alike.
 */
#ifndef KT_PARSERS_SDK_KETEN_PARSER_H
#define KT_PARSERS_SDK_KETEN_PARSER_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/record.h"
#include "core/time.h"

struct kt_ctx;

struct kt_parser {
	const char *id; /* as in plugins.def */
	/*
	 * Parses one artifact. 0, or a negative kt_code: KT_E_FORMAT (not what it should be: the
	 * records so far stay, the rest is named as not understood), KT_E_LIMIT, KT_E_NOMEM or
	 * whatever a kt_in/kt_emit call returned (pass those on at once).
	 */
	int (*parse)(struct kt_ctx *ctx, struct kt_err *err);
};

/* -- input ------------------------------------------------------------------------------------ */

/* Size of the artifact in bytes. */
uint64_t kt_in_size(const struct kt_ctx *ctx);

/*
 * Reads up to n bytes at off into p; *got is short only at the end of the artifact. 0;
 * KT_E_LIMIT: the byte cap of this artifact is used up; KT_E_ABSENT: these bytes were not
 * acquired; KT_E_STORAGE/KT_E_DEVICE: pass it on.
 */
int kt_in_read(struct kt_ctx *ctx, uint64_t off, void *p, size_t n, size_t *got,
	       struct kt_err *err);

/* All n bytes or KT_E_FORMAT ("ends early"). */
int kt_in_exact(struct kt_ctx *ctx, uint64_t off, void *p, size_t n, struct kt_err *err);

/* A source for kt_json_init() that streams the artifact from off to its end. */
struct kt_json_src kt_in_json(struct kt_ctx *ctx, uint64_t off);

/* Next text line (without LF or CRLF) of a streaming reader; for text artifacts. */
struct kt_lines {
	struct kt_ctx *ctx;
	uint64_t off; /* of the next byte to read */
	struct kt_buf buf;
	size_t used;
	uint64_t line_no, line_off;
	bool eof;
};
#define KT_LINE_MAX 65536u
void kt_lines_init(struct kt_lines *l, struct kt_ctx *ctx);
void kt_lines_free(struct kt_lines *l);
/* 1: a line, *s borrowed until the next call (longer ones are cut at KT_LINE_MAX, *cut set), 0: end. */
int kt_lines_next(struct kt_lines *l, struct kt_str *s, bool *cut, struct kt_err *err);

/* -- output ----------------------------------------------------------------------------------- */

/* n elements were met (each must later be emitted or skipped). */
void kt_seen(struct kt_ctx *ctx, uint64_t n);

/* One record. 0, or a code that parse() must return at once (quota, stream gone). */
int kt_emit(struct kt_ctx *ctx, const struct kt_record *r, struct kt_err *err);

/*
 * n elements are not reported, for this reason (a constant of ours, kebab-case); loc may be NULL or
 * say where the first of them is. The report lists reasons with counts.
 */
int kt_skip(struct kt_ctx *ctx, const char *reason, uint64_t n, const struct kt_locator *loc,
	    struct kt_err *err);

/* A remark on coverage that is not about one element ("rawSignals absent"). code is kebab-case. */
int kt_note(struct kt_ctx *ctx, const char *code, const char *text, struct kt_err *err);

/* -- helpers ---------------------------------------------------------------------------------- */

/* Memory that lives until parse() returns; limited. NULL when used up. */
void *kt_alloc(struct kt_ctx *ctx, size_t n);

/* Starts a record: zeroed, with type and basis. */
void kt_rec_init(struct kt_record *r, enum kt_rec_type type, enum kt_rec_basis basis);

/*
 * Decimal text ("-52.5200001", ".5", "1e-3" too) to a scaled integer: value * 10^scale, rounded
 * half away from zero. 0 or KT_E_FORMAT (also when it does not fit). No locale, no float.
 */
int kt_parse_scaled(const char *p, size_t n, unsigned scale, int64_t *v);

/*
 * Sets a position from E7 integers: checks ranges (state UNUSABLE, reason "out-of-range"
 * otherwise), flags the null island (both |value| < 0.0001 degree).
 */
void kt_set_position(struct kt_record *r, int64_t lat_e7, int64_t lon_e7);
void kt_set_unusable(struct kt_record *r, const char *reason);

/* -- text: pieces of borrowed lines ----------------------------------------------------------- */

/* Borrowed constant text. */
struct kt_str kt_str_c(const char *s);
bool kt_str_starts(struct kt_str s, const char *with);
bool kt_str_ends(struct kt_str s, const char *with);
bool kt_str_is(struct kt_str s, const char *text);
/* Without the first n bytes (n <= len); only the first n bytes. */
struct kt_str kt_str_from(struct kt_str s, size_t n);
struct kt_str kt_str_upto(struct kt_str s, size_t n);
/* Without blanks and tabs at both ends. */
struct kt_str kt_str_trim(struct kt_str s);
/* Number of leading ASCII digits. */
size_t kt_str_digits(struct kt_str s);

/* A place in a text artifact, remembered until it is needed as a locator. */
struct kt_line_place {
	uint64_t no, off, len;
	char text[24]; /* the number, once kt_line_locator() has written it */
};
/* KT_LOC_LINE; the path borrows from *p. */
struct kt_locator kt_line_locator(struct kt_line_place *p);

/*
 * Every line of a text artifact in order, to fn. A line longer than KT_LINE_MAX comes once, with cut
 * set; the rest of it is passed over. A negative code of fn stops and is returned; 0 at the end.
 */
int kt_lines_each(struct kt_ctx *ctx,
		  int (*fn)(void *arg, struct kt_str line, bool cut, struct kt_line_place *at),
		  void *arg, struct kt_err *err);

#endif
