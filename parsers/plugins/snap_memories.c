/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * snap-memories: memories_history.json of a Snapchat data export. An element is one entry of "Saved
 * Media". Its date and place are taken; the links to the pictures are never kept. Page:
 * docs/formats/snap-memories.md.
 *
 *   {"Saved Media": [{"Date": "2024-05-06 05:08:09 UTC", "Media Type": "Image",
 *                     "Location": "Latitude, Longitude: 52.08, 5.83"}]}
 */
#include "parsers/plugins/google_timeline_read.h"
#include "parsers/sdk/units.h"

#include <string.h>

enum { DATE, LOCATION, TYPE, TEXTS };

static const struct kt_tl_rule entry_rules[] = {
	{"Date", DATE, NULL},
	{"Location", LOCATION, NULL},
	{"Media Type", TYPE, NULL},
	{NULL, KT_TL_NO_SLOT, NULL},
};

struct snap {
	struct kt_tl t;
	struct kt_tl_text tx[TEXTS];
};

static struct kt_str text(const struct kt_tl_text *x)
{
	return (struct kt_str){x->p, x->state == KT_TL_SET ? x->len : 0};
}

/* "2024-05-06 05:08:09 UTC"; without the last word it is a local time whose zone is not known. */
static void set_date(struct kt_record *r, const struct kt_tl_text *x)
{
	struct kt_str s = kt_str_trim(text(x));
	bool utc = kt_str_ends(s, " UTC"), zone = false;
	int64_t us;

	if (utc)
		s = kt_str_upto(s, s.len - 4);
	if (kt_time_parse(s.p, s.len, false, &us, &zone, NULL) < 0)
		return;
	if (utc || zone)
		kt_set_utc(r, us);
	else
		kt_set_local(r, us);
}

/* "Latitude, Longitude: a, b"; both 0.0 stand for "none". */
static void set_location(struct kt_record *r, const struct kt_tl_text *x)
{
	struct kt_str s = kt_str_trim(text(x)), lat, lon;
	const char *p = s.len > 0 ? memchr(s.p, ':', s.len) : NULL;

	if (s.len == 0)
		return;
	if (p != NULL)
		s = kt_str_from(s, (size_t)(p - s.p) + 1);
	p = memchr(s.p, ',', s.len);
	if (p == NULL) {
		kt_set_unusable(r, "malformed-position");
		return;
	}
	lat = kt_str_upto(s, (size_t)(p - s.p));
	lon = kt_str_from(s, (size_t)(p - s.p) + 1);
	kt_set_position_text(r, lat, lon);
	if (r->pos_state == KT_POS_OK && r->lat_e7 == 0 && r->lon_e7 == 0)
		kt_set_unusable(r, "no-location-marker");
	if (r->pos_state == KT_POS_OK)
		r->type = KT_REC_POSITION;
}

static int entry(struct snap *s)
{
	struct kt_tl *t = &s->t;
	uint64_t off = t->j->tok_off;
	struct kt_record r;
	int rc;

	kt_tl_clear(s->tx, TEXTS);
	rc = kt_tl_object(t, entry_rules, s->tx);
	if (rc < 0)
		return rc;
	kt_rec_init(&r, KT_REC_MEDIA, KT_BASIS_INFERRED);
	set_date(&r, &s->tx[DATE]);
	set_location(&r, &s->tx[LOCATION]);
	kt_rec_str(&r, KT_F_TIME_MEANING, "saved-or-taken", 14);
	kt_rec_str(&r, KT_F_ORIGIN, "snapchat-memory", 15);
	t->raw.n = 0;
	kt_tl_join(&t->raw, " | ", &s->tx[DATE]);
	kt_tl_join(&t->raw, " | ", &s->tx[LOCATION]);
	kt_tl_join(&t->raw, " | ", &s->tx[TYPE]);
	return kt_tl_emit(t, &r, off, t->j->tok_end);
}

static int entries(struct snap *s)
{
	struct kt_tl *t = &s->t;
	size_t base;
	uint64_t i = 0;
	int tok, r = 0;

	t->path.n = 0;
	kt_tl_puts(&t->path, "$[\"Saved Media\"]");
	base = t->path.n;
	while (r >= 0 && (tok = kt_json_next(t->j, t->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		t->path.n = base;
		kt_tl_index(&t->path, i++);
		r = tok == KT_JSON_OBJ ? entry(s) : kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	}
	return r;
}

static int document(struct snap *s)
{
	static const char *const names[] = {"Saved Media", NULL};
	struct kt_tl *t = &s->t;
	int which, r, tok = kt_json_next(t->j, t->err);

	if (tok != KT_JSON_OBJ)
		return tok < 0 ? tok : KT_E_FORMAT;
	while ((tok = kt_tl_member(t, names, &which)) > 0) {
		if (which == 0 && tok == KT_JSON_ARR) {
			t->recognised = true;
			r = entries(s);
		} else {
			t->path.n = 0;
			kt_tl_puts(&t->path, "$");
			r = kt_tl_skip_value(t, KT_TL_S_SECTION, tok);
		}
		if (r < 0)
			return r;
	}
	return tok < 0 ? tok : kt_json_next(t->j, t->err); /* nothing may follow */
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct snap *s = kt_alloc(ctx, sizeof(*s));
	struct kt_json *j = kt_alloc(ctx, sizeof(*j));
	int r, r2;

	if (s == NULL || j == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(s, 0, sizeof(*s));
	s->t.ctx = ctx;
	s->t.err = err;
	s->t.j = j;
	kt_json_init(j, kt_in_json(ctx, 0), KT_REC_STR_MAX);
	j->lenient = true;
	r = document(s);
	kt_json_free(j);
	if (s->t.stop || (r < 0 && r != KT_E_FORMAT))
		return r;
	if (!s->t.recognised) {
		kt_err_clear(err);
		return KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no list of saved Snapchat media");
	}
	r2 = kt_tl_flush_skips(&s->t);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_snap_memories = {.id = "snap-memories", .parse = parse};
