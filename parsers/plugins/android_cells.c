/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * android-cells: the cell that served an Android phone at the moment of asking. The phone passes on
 * words of `dumpsys telephony.registry` alone, one a line:
 *
 *   mRegistered=YES
 *   CellIdentityLte:
 *   mCi=123456   mTac=7   mMcc=204   mMnc=08   mAlphaLong=Voorbeeld mAlphaShort
 *
 * An element is one CellIdentity, or a line that is none of these words. The serving cell is reported; a
 * neighbour (mRegistered=NO) is counted alone. CellIdentityNr has blanks around its "=". Words as
 * CellIdentity*.toString() of frameworks/base, telephony, writes them. Page:
 * docs/formats/android-cells.md.
 */
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"

#define KEPT_MAX 32u

enum value { MCC, MNC, AREA, CELL, OPERATOR, VALUES };

enum why { NEIGHBOUR, EMPTY, NOT_UNDERSTOOD, WHYS };
static const char *const why_names[WHYS] = {"neighbour-cell", "no-cell-values", "not-understood"};

struct cells {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
	bool open, heard, registered; /* heard: mRegistered stood before it */
	bool next_heard, next_registered;
	struct kt_line_place at;
	struct kt_raw raw;
	struct {
		uint32_t len;
		char p[64];
	} value[VALUES];
	unsigned nkept; /* texts of cells that were reported, to know a repetition */
	struct kt_raw kept[KEPT_MAX];
};

static const struct {
	const char *word;
	enum value value;
} words[] = {
	{"mMcc", MCC}, {"mMnc", MNC},  {"mTac", AREA}, {"mLac", AREA},
	{"mCi", CELL}, {"mCid", CELL}, {"mNci", CELL}, {"mAlphaLong", OPERATOR},
};

/* Integer.MAX_VALUE and Long.MAX_VALUE stand for "not known", and so does null. */
static bool known(enum value v, struct kt_str s)
{
	if (s.len == 0 || kt_str_is(s, "null") || kt_str_is(s, "2147483647") ||
	    kt_str_is(s, "9223372036854775807"))
		return false;
	return v == OPERATOR || kt_str_digits(s) == s.len;
}

static int cell_end(struct cells *c)
{
	static const enum kt_field fields[VALUES] = {KT_F_MCC, KT_F_MNC, KT_F_AREA_CODE,
						     KT_F_CELL_ID, KT_F_OPERATOR};
	struct kt_locator loc = kt_line_locator(&c->at);
	struct kt_record r;

	if (!c->open)
		return 0;
	c->open = false;
	kt_seen(c->ctx, 1);
	if (c->heard && !c->registered)
		return kt_tally_add(&c->skip[NEIGHBOUR], &loc);
	if (c->value[MCC].len == 0 && c->value[CELL].len == 0)
		return kt_tally_add(&c->skip[EMPTY], &loc);
	kt_rec_init(&r, KT_REC_NETWORK, KT_BASIS_STATED);
	for (int i = 0; i < VALUES; i++)
		kt_rec_str(&r, fields[i], c->value[i].p, c->value[i].len);
	kt_rec_str(&r, KT_F_ORIGIN, "serving-cell", 12);
	for (unsigned i = 0; i < c->nkept; i++)
		if (c->kept[i].len == c->raw.len && memcmp(c->kept[i].p, c->raw.p, c->raw.len) == 0)
			r.flags |= KT_FLAG_DUPLICATE;
	if ((r.flags & KT_FLAG_DUPLICATE) == 0 && c->nkept < KEPT_MAX)
		c->kept[c->nkept++] = c->raw;
	r.raw = kt_raw_str(&c->raw);
	r.loc = loc;
	return kt_emit(c->ctx, &r, c->err);
}

static int cell_begin(struct cells *c, struct kt_str line, const struct kt_line_place *at)
{
	int r = cell_end(c);

	c->open = true;
	c->heard = c->next_heard;
	c->registered = c->next_registered;
	c->next_heard = false;
	c->at = *at;
	c->raw.len = 0;
	kt_raw_add(&c->raw, "", line);
	for (int i = 0; i < VALUES; i++)
		c->value[i].len = 0;
	return r;
}

/* "mMcc=204", "mMcc = 204": false when the line is none of these. */
static bool word(struct kt_str line, enum value *v, struct kt_str *value)
{
	const char *eq = line.len > 0 ? memchr(line.p, '=', line.len) : NULL;
	struct kt_str key;

	if (eq == NULL)
		return false;
	key = kt_str_trim(kt_str_upto(line, (size_t)(eq - line.p)));
	*value = kt_str_trim(kt_str_from(line, (size_t)(eq - line.p) + 1));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!kt_str_is(key, words[i].word))
			continue;
		*v = words[i].value;
		/* the filter can't know where a name with blanks ends: at the next word */
		if (*v == OPERATOR && kt_str_ends(*value, "mAlphaShort"))
			*value = kt_str_trim(kt_str_upto(*value, value->len - 11));
		return true;
	}
	return false;
}

static int cell_word(struct cells *c, struct kt_str line, enum value v, struct kt_str value,
		     const struct kt_line_place *at)
{
	if (!c->open) /* a word without its cell: nothing can be said about it */
		return 0;
	kt_raw_add(&c->raw, " ", line);
	c->at.len = at->off + at->len - c->at.off;
	if (known(v, value) && value.len <= sizeof(c->value[v].p) && c->value[v].len == 0) {
		c->value[v].len = value.len;
		memcpy(c->value[v].p, value.p, value.len);
	}
	return 0;
}

static int one_line(void *arg, struct kt_str text, bool cut, struct kt_line_place *at)
{
	struct kt_str line = kt_str_trim(text);
	struct cells *c = arg;
	struct kt_locator loc;
	struct kt_str value;
	enum value v;

	(void)cut; /* no line of this answer is that long: it is not understood */
	if (line.len == 0)
		return 0;
	if (kt_str_starts(line, "mRegistered=")) {
		c->next_heard = true;
		c->next_registered = kt_str_is(kt_str_from(line, 12), "YES");
		return 0;
	}
	if (kt_str_starts(line, "CellIdentity") && kt_str_ends(line, ":"))
		return cell_begin(c, line, at);
	if (word(line, &v, &value))
		return cell_word(c, line, v, value, at);
	loc = kt_line_locator(at);
	kt_seen(c->ctx, 1);
	return kt_tally_add(&c->skip[NOT_UNDERSTOOD], &loc);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct cells *c = kt_alloc(ctx, sizeof(*c));
	int r;

	if (c == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(c, 0, sizeof(*c));
	c->ctx = ctx;
	c->err = err;
	r = kt_lines_each(ctx, one_line, c, err);
	if (r == 0)
		r = cell_end(c);
	return r < 0 ? r : kt_tally_flush(ctx, c->skip, why_names, WHYS, err);
}

const struct kt_parser kt_parser_android_cells = {.id = "android-cells", .parse = parse};
