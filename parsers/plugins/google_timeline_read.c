/* SPDX-License-Identifier: EUPL-1.2 */
/* Members, texts, values and counts for google_timeline.c: see google_timeline_read.h. */
#include "parsers/plugins/google_timeline_read.h"

#include <string.h>

#define Y2001_US	(INT64_C(978307200) * KT_US_PER_S)
#define ACCURACY_MAX_MM INT64_C(100000000000) /* what a record can hold */

#define X(id, name) name,
static const char *const skip_names[KT_TL_S_COUNT] = {KT_TL_SKIPS(X)};
#undef X

/* -- reading ---------------------------------------------------------------------------------- */

static bool key_is(const struct kt_json *j, const char *key)
{
	size_t n = strlen(key);

	return j->str_len == n && memcmp(j->str, key, n) == 0;
}

int kt_tl_not_known(struct kt_tl *t)
{
	return KT_FAIL(t->err, KT_E_FORMAT, "not-this-kind: no Timeline export");
}

int kt_tl_member(struct kt_tl *t, const char *const *names, int *which)
{
	int tok = kt_json_next(t->j, t->err);

	if (tok != KT_JSON_KEY)
		return tok < 0 ? tok : 0;
	for (*which = 0; names[*which] != NULL && !key_is(t->j, names[*which]);)
		++*which;
	if (names[*which] == NULL)
		*which = -1;
	return kt_json_next(t->j, t->err);
}

int kt_tl_pass(struct kt_tl *t, int tok)
{
	unsigned depth = t->j->depth;

	if (t->recognised)
		return kt_json_skip(t->j, tok, t->err);
	if (tok != KT_JSON_OBJ && tok != KT_JSON_ARR)
		return 0;
	while (t->j->depth >= depth) {
		tok = kt_json_next(t->j, t->err);
		if (tok < 0)
			return tok;
		if (t->j->tok_end > KT_TL_SNIFF_MAX)
			return kt_tl_not_known(t);
	}
	return 0;
}

int kt_tl_take(struct kt_tl *t, int tok, struct kt_tl_text *x)
{
	if (tok != KT_JSON_STRING && tok != KT_JSON_NUMBER) {
		x->state = tok == KT_JSON_NULL ? KT_TL_NONE : KT_TL_BAD;
		return kt_tl_pass(t, tok);
	}
	if (t->j->str_cut || t->j->str_len > KT_TL_TEXT_MAX) {
		t->long_texts++;
		x->state = KT_TL_BAD;
		return 0;
	}
	x->state = KT_TL_SET;
	x->len = (uint16_t)t->j->str_len;
	memcpy(x->p, t->j->str, t->j->str_len);
	return 0;
}

/* With kt_tl_object() it calls itself as deep as our tables nest. */
int kt_tl_key_value(struct kt_tl *t, const struct kt_tl_rule *rules, struct kt_tl_text *tx)
{
	const struct kt_tl_rule *rule = rules;
	int tok;

	while (rule->key != NULL && !key_is(t->j, rule->key))
		rule++;
	tok = kt_json_next(t->j, t->err);
	if (tok < 0)
		return tok;
	if (rule->sub != NULL && tok == KT_JSON_OBJ)
		return kt_tl_object(t, rule->sub, tx);
	return rule->slot != KT_TL_NO_SLOT ? kt_tl_take(t, tok, &tx[rule->slot])
					   : kt_tl_pass(t, tok);
}

int kt_tl_object(struct kt_tl *t, const struct kt_tl_rule *rules, struct kt_tl_text *tx)
{
	int tok;

	while ((tok = kt_json_next(t->j, t->err)) == KT_JSON_KEY) {
		tok = kt_tl_key_value(t, rules, tx);
		if (tok < 0)
			return tok;
	}
	return tok < 0 ? tok : 0;
}

/* A part of the artifact as a JSON document of its own. */
struct part {
	struct kt_ctx *ctx;
	uint64_t off, end;
};

static int part_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct part *g = arg;
	int r;

	if (n > g->end - g->off)
		n = (size_t)(g->end - g->off);
	r = kt_in_read(g->ctx, g->off, p, n, got, err);
	g->off += *got;
	return r;
}

int kt_tl_again(struct kt_tl *t, const struct kt_tl_range *range,
		int (*read)(struct kt_tl *t, int tok, const void *arg), const void *arg)
{
	struct part part = {t->ctx, range->off, range->end};
	struct kt_json_src src = {part_read, &part, range->off};
	struct kt_json *reader = t->j;
	int r;

	if (t->again == NULL)
		t->again = kt_alloc(t->ctx, sizeof(*t->again));
	if (t->again == NULL)
		return KT_FAIL(t->err, KT_E_NOMEM, "no memory for a second reader");
	kt_json_init(t->again, src, KT_REC_STR_MAX);
	t->again->lenient = true; /* real exports hold bytes that are no UTF-8 */
	t->j = t->again;
	r = kt_json_next(t->j, t->err);
	if (r >= 0)
		r = read(t, r, arg);
	t->j = reader;
	kt_json_free(t->again);
	return r;
}

void kt_tl_clear(struct kt_tl_text *tx, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tx[i].state = KT_TL_NONE;
}

/* -- paths, locators, counting ---------------------------------------------------------------- */

static void line_put(struct kt_tl_line *l, const char *p, size_t n)
{
	if (n > sizeof(l->p) - l->n)
		return;
	memcpy(l->p + l->n, p, n);
	l->n += n;
}

void kt_tl_puts(struct kt_tl_line *l, const char *s)
{
	line_put(l, s, strlen(s));
}

void kt_tl_index(struct kt_tl_line *l, uint64_t i)
{
	char b[24];
	size_t at = sizeof(b);

	b[--at] = ']';
	do {
		b[--at] = (char)('0' + i % 10);
		i /= 10;
	} while (i > 0);
	b[--at] = '[';
	line_put(l, b + at, sizeof(b) - at);
}

static struct kt_locator locate(const struct kt_tl_line *path, uint64_t off, uint64_t len)
{
	struct kt_locator l = {
		.kind = KT_LOC_JSON,
		.path = {path->p, (uint32_t)path->n},
		.off = off,
		.len = len,
	};

	return l;
}

int kt_tl_skip(struct kt_tl *t, enum kt_tl_skip_id id, uint64_t off)
{
	struct kt_tl_skipped *s = &t->skip[id];

	t->elements++;
	if (s->n++ == 0) {
		s->off = off;
		s->len = t->j->tok_end - off;
		line_put(&s->path, t->path.p, t->path.n);
	}
	return 0;
}

int kt_tl_skip_value(struct kt_tl *t, enum kt_tl_skip_id id, int tok)
{
	uint64_t off = t->j->tok_off;
	int r = kt_tl_pass(t, tok);

	return r < 0 ? r : kt_tl_skip(t, id, off);
}

int kt_tl_flush_skips(struct kt_tl *t)
{
	int r = 0;

	for (unsigned i = 0; i < KT_TL_S_COUNT && r >= 0; i++) {
		const struct kt_tl_skipped *s = &t->skip[i];
		struct kt_locator l = locate(&s->path, s->off, s->len);

		kt_seen(t->ctx, s->n);
		r = kt_skip(t->ctx, skip_names[i], s->n, &l, t->err);
	}
	return r;
}

int kt_tl_emit(struct kt_tl *t, struct kt_record *r, uint64_t off, uint64_t end)
{
	int rc;

	r->loc = locate(&t->path, off, end - off);
	r->raw.p = t->raw.p;
	r->raw.len = (uint32_t)t->raw.n;
	kt_seen(t->ctx, 1);
	t->elements++;
	rc = kt_emit(t->ctx, r, t->err);
	t->stop = rc < 0;
	return rc;
}

/* -- values ----------------------------------------------------------------------------------- */

/* Decimal degrees with or without the degree sign (U+00B0 in UTF-8) to E7. */
static int degrees(const char *p, size_t n, int64_t *e7)
{
	while (n > 0 && *p == ' ') {
		p++;
		n--;
	}
	if (n >= 2 && memcmp(p + n - 2, "\xc2\xb0", 2) == 0)
		n -= 2;
	return kt_parse_scaled(p, n, 7, e7);
}

int kt_tl_lat_lng(const struct kt_tl_text *x, int64_t *lat, int64_t *lon)
{
	const char *p = x->p, *end, *comma;

	if (x->state != KT_TL_SET)
		return KT_E_FORMAT;
	end = p + x->len;
	if (x->len >= 4 && memcmp(p, "geo:", 4) == 0)
		p += 4;
	comma = memchr(p, ',', (size_t)(end - p));
	if (comma == NULL || degrees(p, (size_t)(comma - p), lat) < 0)
		return KT_E_FORMAT;
	return degrees(comma + 1, (size_t)(end - comma - 1), lon);
}

void kt_tl_set_point(struct kt_record *r, const struct kt_tl_text *x)
{
	int64_t lat, lon;

	if (kt_tl_lat_lng(x, &lat, &lon) == 0)
		kt_set_position(r, lat, lon);
	else if (x->state != KT_TL_NONE)
		kt_set_unusable(r, "malformed-position");
}

static void set_t(struct kt_record *r, enum kt_time_kind kind, int64_t us)
{
	if (us < KT_TIME_MIN || us > KT_TIME_MAX)
		return;
	r->time_kind = (uint8_t)kind;
	r->t_us = us;
	if (us < Y2001_US)
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

void kt_tl_set_time(struct kt_record *r, const struct kt_tl_text *x, int64_t minutes,
		    const struct kt_tl_text *zone)
{
	bool has_zone = false;
	int offset = 0;
	int64_t us, add, given;

	if (zone != NULL && zone->state == KT_TL_SET && kt_json_int(zone->p, zone->len, &given))
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, given);
	else
		zone = NULL;
	if (x->state != KT_TL_SET ||
	    kt_time_parse(x->p, x->len, false, &us, &has_zone, &offset) < 0 ||
	    __builtin_mul_overflow(minutes, 60 * KT_US_PER_S, &add) ||
	    __builtin_add_overflow(us, add, &us))
		return;
	set_t(r, has_zone ? KT_TIME_UTC : KT_TIME_LOCAL, us);
	if (zone == NULL && has_zone && x->p[x->len - 1] != 'Z')
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, offset);
}

void kt_tl_set_end(struct kt_record *r, const struct kt_tl_text *x)
{
	int64_t us;

	if (r->time_kind != KT_TIME_UTC || x->state != KT_TL_SET ||
	    kt_time_parse(x->p, x->len, true, &us, NULL, NULL) < 0 || us > KT_TIME_MAX)
		return;
	r->has_end = us >= r->t_us;
	if (r->has_end)
		r->t_end_us = us;
	else /* ends before it starts: the raw text shows both */
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

void kt_tl_set_accuracy(struct kt_record *r, const struct kt_tl_text *metres)
{
	int64_t mm;

	if (metres->state == KT_TL_SET && kt_parse_scaled(metres->p, metres->len, 3, &mm) == 0 &&
	    mm > 0 && mm <= ACCURACY_MAX_MM) {
		r->has_accuracy = true;
		r->accuracy_mm = mm;
	} else if (metres->state != KT_TL_NONE) {
		r->flags |= KT_FLAG_BAD_ACCURACY;
	}
}

void kt_tl_add_text(struct kt_record *r, enum kt_field f, const struct kt_tl_text *x)
{
	if (x->state == KT_TL_SET)
		kt_rec_str(r, f, x->p, x->len);
}

void kt_tl_add_milli(struct kt_record *r, enum kt_field f, const struct kt_tl_text *x,
		     int64_t least)
{
	int64_t v;

	if (x->state == KT_TL_SET && kt_parse_scaled(x->p, x->len, 3, &v) == 0 && v >= least)
		kt_rec_int(r, f, v);
}

void kt_tl_join(struct kt_tl_line *l, const char *between, const struct kt_tl_text *x)
{
	if (x->state != KT_TL_SET || x->len == 0 || x->len + 3u > sizeof(l->p) - l->n)
		return;
	if (l->n > 0)
		kt_tl_puts(l, between);
	line_put(l, x->p, x->len);
}
