/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wallet-passes: boarding passes and the places of other passes (pass.json of a .pkpass). Page:
 * docs/formats/wallet-passes.md. Format: Apple, "Wallet Passes", keys of pass.json.
 *
 * An element is the pass itself and each entry of its `locations`. A pass with a boardingPass becomes
 * one dated event with the names of departure and destination as the pass prints them (its primary
 * fields); a pass of another kind (shop, ticket, membership) is skipped, "not-a-travel-pass". Each
 * location becomes a named place: where the pass is to be shown, not where the phone was. Names of
 * passengers, seats, bar codes, serial numbers and every other field are never read.
 */
#include "parsers/sdk/units.h"

#include <string.h>

#define TEXT_MAX 256u

struct text {
	char p[TEXT_MAX];
	uint32_t len;
};

struct place {
	struct text lat, lon;
	uint64_t off, len;
};

#define PLACES_MAX 64u /* the format allows ten */

struct pass {
	struct kt_ctx *ctx;
	struct kt_json j;
	bool boarding;
	struct text transit, date, field[2];
	unsigned nfields;
	uint64_t off, end;
	struct place place[PLACES_MAX];
	unsigned nplaces;
	uint64_t places_seen;
};

static void keep(struct text *t, const struct kt_json *j)
{
	t->len = j->str_len < TEXT_MAX ? (uint32_t)j->str_len : TEXT_MAX;
	memcpy(t->p, j->str, t->len);
}

static bool key_is(const struct pass *p, const char *key)
{
	return p->j.str_len == strlen(key) && memcmp(p->j.str, key, p->j.str_len) == 0;
}

/* The value of a key as text or number; anything else is passed over. */
static int scalar(struct pass *p, struct text *t, struct kt_err *err)
{
	int tok = kt_json_next(&p->j, err);

	if (tok == KT_JSON_STRING || tok == KT_JSON_NUMBER)
		keep(t, &p->j);
	return tok < 0 ? tok : kt_json_skip(&p->j, tok, err);
}

static int skip_value(struct pass *p, struct kt_err *err)
{
	int tok = kt_json_next(&p->j, err);

	return tok < 0 ? tok : kt_json_skip(&p->j, tok, err);
}

/*
 * Walks the members of an object or the elements of an array of objects: fn is called behind each
 * key. tok: the token that opened it, or another (then it is passed over).
 */
static int members(struct pass *p, int tok, int (*fn)(struct pass *p, struct kt_err *err),
		   struct kt_err *err)
{
	if (tok != KT_JSON_OBJ)
		return tok < 0 ? tok : kt_json_skip(&p->j, tok, err);
	while ((tok = kt_json_next(&p->j, err)) == KT_JSON_KEY) {
		int r = fn(p, err);

		if (r < 0)
			return r;
	}
	return tok < 0 ? tok : 0;
}

static int elements(struct pass *p, int (*fn)(struct pass *p, int tok, struct kt_err *err),
		    struct kt_err *err)
{
	int tok = kt_json_next(&p->j, err);

	if (tok != KT_JSON_ARR)
		return tok < 0 ? tok : kt_json_skip(&p->j, tok, err);
	while ((tok = kt_json_next(&p->j, err)) != KT_JSON_ARR_END) {
		int r = tok < 0 ? tok : fn(p, tok, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* -- parts ------------------------------------------------------------------------------------ */

static int field_member(struct pass *p, struct kt_err *err)
{
	return key_is(p, "value") ? scalar(p, &p->field[p->nfields], err) : skip_value(p, err);
}

static int field(struct pass *p, int tok, struct kt_err *err)
{
	int r;

	if (p->nfields >= 2)
		return kt_json_skip(&p->j, tok, err);
	r = members(p, tok, field_member, err);
	p->nfields++;
	return r;
}

static int boarding_member(struct pass *p, struct kt_err *err)
{
	if (key_is(p, "transitType"))
		return scalar(p, &p->transit, err);
	return key_is(p, "primaryFields") ? elements(p, field, err) : skip_value(p, err);
}

static int location_member(struct pass *p, struct kt_err *err)
{
	struct place *at = &p->place[p->nplaces];

	if (key_is(p, "latitude"))
		return scalar(p, &at->lat, err);
	return key_is(p, "longitude") ? scalar(p, &at->lon, err) : skip_value(p, err);
}

static int location(struct pass *p, int tok, struct kt_err *err)
{
	struct place *at = &p->place[p->nplaces];
	int r;

	p->places_seen++;
	if (p->nplaces >= PLACES_MAX)
		return kt_json_skip(&p->j, tok, err);
	at->off = p->j.tok_off;
	r = members(p, tok, location_member, err);
	at->len = p->j.tok_end - at->off;
	p->nplaces++;
	return r;
}

static int top_member(struct pass *p, struct kt_err *err)
{
	int tok;

	if (key_is(p, "relevantDate"))
		return scalar(p, &p->date, err);
	if (key_is(p, "locations"))
		return elements(p, location, err);
	if (!key_is(p, "boardingPass"))
		return skip_value(p, err);
	tok = kt_json_next(&p->j, err);
	p->boarding = tok == KT_JSON_OBJ;
	return members(p, tok, boarding_member, err);
}

/* -- records ---------------------------------------------------------------------------------- */

static struct kt_str str(const struct text *t)
{
	return (struct kt_str){t->p, t->len};
}

/* Passes may leave the seconds out ("2024-05-06T07:10+02:00"), other ISO texts here do not. */
static struct kt_str with_seconds(const struct text *t, char *out)
{
	const uint32_t minutes = 16;

	if (t->len < minutes || t->len > TEXT_MAX - 3 || t->p[13] != ':' ||
	    (t->len > minutes && t->p[minutes] == ':'))
		return str(t);
	for (uint32_t i = 0; i < minutes; i++)
		out[i] = t->p[i];
	out[minutes] = ':';
	out[minutes + 1] = out[minutes + 2] = '0';
	for (uint32_t i = minutes; i < t->len; i++)
		out[i + 3] = t->p[i];
	return (struct kt_str){out, t->len + 3};
}

static void set_date(const struct pass *p, struct kt_record *r)
{
	char full[TEXT_MAX];
	enum kt_time_kind kind;
	int64_t t;
	int off;

	if (!kt_iso_time(with_seconds(&p->date, full), &t, &kind, &off))
		return;
	if (kind == KT_TIME_UTC) {
		kt_set_utc(r, t);
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, off);
	} else {
		kt_set_local(r, t);
	}
	kt_rec_str(r, KT_F_TIME_MEANING, "as-printed", 10);
}

static struct kt_locator at_json(const char *path, uint64_t off, uint64_t len)
{
	return (struct kt_locator){KT_LOC_JSON, kt_str_c(path), off, len};
}

static int emit_pass(struct pass *p, struct kt_err *err)
{
	struct kt_locator loc = at_json("$", p->off, p->end - p->off);
	struct kt_record r;

	kt_seen(p->ctx, 1);
	if (!p->boarding)
		return kt_skip(p->ctx, "not-a-travel-pass", 1, &loc, err);
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_STATED);
	set_date(p, &r);
	kt_rec_str(&r, KT_F_TRANSPORT, p->transit.p, p->transit.len);
	kt_rec_str(&r, KT_F_FROM_PLACE, p->field[0].p, p->field[0].len);
	kt_rec_str(&r, KT_F_TO_PLACE, p->field[1].p, p->field[1].len);
	r.raw = str(&p->date);
	r.loc = loc;
	return kt_emit(p->ctx, &r, err);
}

static int emit_place(struct pass *p, unsigned i, struct kt_err *err)
{
	const struct place *at = &p->place[i];
	char path[32] = "$.locations[00]";
	struct kt_record r;

	/* at most PLACES_MAX of them: two digits */
	path[12] = (char)('0' + i / 10);
	path[13] = (char)('0' + i % 10);
	if (i < 10) {
		path[12] = path[13];
		path[13] = ']';
		path[14] = '\0';
	}
	kt_seen(p->ctx, 1);
	kt_rec_init(&r, KT_REC_PLACE, KT_BASIS_STATED);
	kt_set_position_text(&r, str(&at->lat), str(&at->lon));
	r.raw = str(&at->lat);
	r.loc = at_json(path, at->off, at->len);
	return kt_emit(p->ctx, &r, err);
}

static int emit_all(struct pass *p, struct kt_err *err)
{
	uint64_t more = p->places_seen - p->nplaces;
	int r = emit_pass(p, err);

	for (unsigned i = 0; r == 0 && i < p->nplaces; i++)
		r = emit_place(p, i, err);
	if (r == 0 && more > 0) {
		kt_seen(p->ctx, more);
		r = kt_skip(p->ctx, "too-many-locations", more, NULL, err);
	}
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct pass *p = kt_alloc(ctx, sizeof(*p));
	int tok, r;

	if (p == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	memset(p, 0, sizeof(*p));
	p->ctx = ctx;
	kt_json_init(&p->j, kt_in_json(ctx, 0), TEXT_MAX);
	tok = kt_json_next(&p->j, err);
	if (tok != KT_JSON_OBJ) {
		kt_json_free(&p->j);
		return tok < 0 ? tok : KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no pass.json");
	}
	p->off = p->j.tok_off;
	r = members(p, tok, top_member, err);
	p->end = p->j.tok_end;
	kt_json_free(&p->j);
	/* a damaged pass is one element that is not understood, with what came before it */
	if (r == KT_E_FORMAT)
		return r;
	return r < 0 ? r : emit_all(p, err);
}

const struct kt_parser kt_parser_wallet_passes = {.id = "wallet-passes", .parse = parse};
