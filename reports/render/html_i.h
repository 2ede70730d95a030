/* SPDX-License-Identifier: EUPL-1.2 */
/* Shared by the files of the page renderer alone. */
#ifndef KT_REPORTS_RENDER_HTML_I_H
#define KT_REPORTS_RENDER_HTML_I_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/json.h"
#include "core/tr.h"
#include "reports/render/html.h"

/*
 * One element of the document, flat: every scalar under its dotted path ("period.from",
 * "fields.0"), as text. Bounded: an element that does not fit is KT_E_LIMIT.
 */
#define FLAT_MAX  32768u
#define FLAT_TEXT ((size_t)2 << 20)

struct flat {
	struct kt_buf text;
	size_t n;
	struct {
		uint32_t key, val; /* offsets into text, NUL-terminated */
		uint8_t tok;	   /* KT_JSON_STRING, NUMBER, TRUE, FALSE, NULL */
	} e[FLAT_MAX];
};

int flat_read(struct flat *f, struct kt_json *j, int tok, struct kt_err *err);
/* Text of a member; NULL when it is missing or null. */
const char *flat_get(const struct flat *f, const char *path);
bool flat_true(const struct flat *f, const char *path);
/* Element i of an array of scalars. */
const char *flat_at(const struct flat *f, const char *path, unsigned i);
/* Member of element i of an array of objects. */
const char *flat_in(const struct flat *f, const char *path, unsigned i, const char *member);
/* Whether element i of an array of objects has anything. */
bool flat_has(const struct flat *f, const char *path, unsigned i);

#define PLUGINS_MAX 128u

/* Facts of a request that are mostly those of every request. */
enum { COMMON_WHY, COMMON_PERIOD, COMMON_FIELDS, COMMON_PRECISION, COMMONS };

struct html {
	const struct kt_html_opts *opts;
	enum kt_lang lang;
	struct kt_json *j;
	struct flat *f;
	struct kt_err *err;
	int (*put)(void *arg, const void *p, size_t n, struct kt_err *err);
	void *arg;
	struct kt_buf out;
	struct kt_buf later;   /* what comes behind the list that is being written */
	struct kt_buf held;    /* sections that come behind the findings */
	struct kt_buf *base;   /* out or held */
	struct kt_buf *o;      /* where text goes: base or later */
	struct findings *find; /* html_find.c */
	char geo_note[1024], contested_note[1024], map_name[128], map_sha256[80];
	char kind[32];			/* the group that a list is in */
	char reason[256];		/* that the group shares */
	uint64_t rows, statements;	/* on the page */
	uint64_t over, over_statements; /* counted, not shown */
	bool no_finding;
	struct {
		size_t off, len; /* as the first request has it, in later */
		bool differs;
	} common[COMMONS];
	uint64_t all;	 /* observations of every kind */
	uint64_t places; /* observations of place and time, as the result counts them */
	unsigned nplugins;
	struct {
		char id[64], title[128];
	} plugin[PLUGINS_MAX];
};

/* -- output (html_out.c) ---------------------------------------------------------------------- */

void put_raw(struct html *h, const char *s);
/*
 * Markup of ours. What stands between braces is a text of ours and comes in the language of the
 * page (core/tr.h): "<th>{Outcome}</th>". With texts put in, all of them const char * (NULL: a
 * dash):
 *   %t  text of ours or of the mandate, escaped
 *   %T  text of ours that stands elsewhere (N_(), report.json), translated and escaped
 *   %p  text from the phone, isolated
 *   %d  decimal number with the sign of the language
 *   %c  machine token (hash, id, path in a document), left to right
 *   %n  whole number, digits grouped
 *   %b  number of bytes
 *   %u  time in UTC (RFC 3339) in words
 *   %w  a code word of ours ("outside-period") in plain words; other text as it is
 *   %%  per cent
 * Not the format of printf: the compiler does not check it, tests do.
 */
void put(struct html *h, const char *fmt, ...);
/* A term with its value in a description list; nothing when the value is NULL or empty. */
void put_dl(struct html *h, const char *term, const char *fmt, const char *value);
/* Title of a plugin, or its id. */
const char *title_of(const struct html *h, const char *id);
/* A value in thousandths as decimal text without needless zeros: "1234" -> "1.234". */
const char *milli(const char *s, char *out, size_t n);

/* -- sections --------------------------------------------------------------------------------- */

/* html_head.c */
void put_outcome(struct html *h, const char *outcome); /* one of the five, in words */
/* Why an outcome is what it is; the phone's own text is quoted behind a sentence of ours. */
void put_outcome_reason(struct html *h, const char *reason);
int sec_redaction(struct html *h);
int sec_result(struct html *h);
void limits_begin(struct html *h);
int limits_elem(struct html *h);
void limits_end(struct html *h);
int sec_authority(struct html *h);
int sec_device(struct html *h);
int sec_session(struct html *h);
/* html_items.c */
void taken_begin(struct html *h);
int taken_elem(struct html *h);
void taken_end(struct html *h);
void containers_begin(struct html *h);
int containers_elem(struct html *h);
void containers_end(struct html *h);
void not_taken_begin(struct html *h);
int not_taken_elem(struct html *h);
void not_taken_end(struct html *h);
void links_begin(struct html *h);
int links_elem(struct html *h);
void links_end(struct html *h);
void not_reported_begin(struct html *h);
int not_reported_elem(struct html *h);
void not_reported_end(struct html *h);
void objects_begin(struct html *h);
int objects_elem(struct html *h);
void objects_end(struct html *h);
/* html_find.c */
int find_begin(struct html *h);
void find_free(struct html *h);
/* Name of a territory in the language of the page; the code when it has none. */
const char *territory_name(const struct html *h, const char *code);
void put_area(struct html *h, const char *path);
void put_source(struct html *h, const char *s);
void put_source_list(struct html *h, const char *path);
void put_seconds(struct html *h, const char *s);
void put_metres(struct html *h, const char *s);
void put_whys(struct html *h, const char *path);
void attention_begin(struct html *h);
int attention_elem(struct html *h);
void attention_end(struct html *h);
int sec_clock(struct html *h);
int sec_geography(struct html *h);
void totals_begin(struct html *h);
int totals_elem(struct html *h);
void totals_end(struct html *h);
void stays_begin(struct html *h);
int stays_elem(struct html *h);
void stays_end(struct html *h);
void places_begin(struct html *h);
int places_elem(struct html *h);
void places_end(struct html *h);
void agreement_begin(struct html *h);
void conflicts_begin(struct html *h);
int pair_elem(struct html *h);
void pair_end(struct html *h);
int sec_photos(struct html *h);
/* html_claims.c */
int sec_statement(struct html *h);
/* html_obs.c */
void obs_begin(struct html *h);
int obs_elem(struct html *h);
void obs_end(struct html *h);

/* SHA-256 of a style sheet as a page's policy names it. */
const char *html_style_hash(const char *css, char out[64]);
/* The style sheet: what is the same in every language, and all of it. */
extern const char html_css[];
void put_css(struct kt_buf *b, enum kt_lang lang);

#endif
