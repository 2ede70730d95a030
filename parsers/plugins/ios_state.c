/* SPDX-License-Identifier: EUPL-1.2 */
#include "parsers/plugins/ios_state.h"

#include <string.h>

static const char *const skip_names[KT_IOS_SKIPS] = {
	"not-in-allow-list", "empty-value", "value-too-long", "not-understood", "nothing-to-report",
};

int kt_ios_open(struct kt_ctx *ctx, const char *what, struct kt_ios **out, struct kt_err *err)
{
	struct kt_ios *s = kt_alloc(ctx, sizeof(*s));
	int r;

	*out = NULL;
	if (s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(s, 0, sizeof(*s));
	s->ctx = ctx;
	s->err = err;
	kt_keypath_init(&s->path);
	*out = s;
	r = kt_plist_load(ctx, &s->list, err);
	if (r < 0)
		return r;
	if (kt_pl_type(kt_plist_root(s->list)) != KT_PL_DICT)
		return KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no %s", what);
	return 0;
}

int kt_ios_close(struct kt_ios **s, int r)
{
	int flushed = 0;

	if (*s == NULL)
		return r;
	if (r >= 0 || r == KT_E_FORMAT)
		flushed =
			kt_tally_flush((*s)->ctx, (*s)->skip, skip_names, KT_IOS_SKIPS, (*s)->err);
	kt_plist_free(&(*s)->list);
	*s = NULL;
	return flushed < 0 ? flushed : r;
}

int kt_ios_skip(struct kt_ios *s, enum kt_ios_skip why)
{
	struct kt_locator l = kt_keypath_locator(&s->path);

	kt_seen(s->ctx, 1);
	return kt_tally_add(&s->skip[why], &l);
}

bool kt_ios_record(struct kt_ios *s, struct kt_record *r, enum kt_rec_type type, const char *name,
		   struct kt_pl v)
{
	enum kt_pl_type kind = kt_pl_type(v);
	struct kt_str text, value;

	if (kind == KT_PL_NONE || kind == KT_PL_ARRAY || kind == KT_PL_DICT || kind == KT_PL_UID) {
		kt_ios_skip(s, KT_IOS_ODD);
		return false;
	}
	value = kt_pl_raw(s->ctx, v);
	if (value.len == 0 || (kt_pl_text(v, &text) && text.len > KT_REC_STR_MAX)) {
		kt_ios_skip(s, value.len == 0 ? KT_IOS_EMPTY : KT_IOS_TOO_LONG);
		return false;
	}
	kt_seen(s->ctx, 1);
	kt_rec_init(r, type, KT_BASIS_STATED);
	kt_rec_str(r, KT_F_NAME, name, strlen(name));
	kt_rec_str(r, KT_F_VALUE, value.p, value.len);
	r->raw = value;
	return true;
}

int kt_ios_emit(struct kt_ios *s, struct kt_record *r)
{
	r->loc = kt_keypath_locator(&s->path);
	return kt_emit(s->ctx, r, s->err);
}

int kt_ios_value(struct kt_ios *s, enum kt_rec_type type, const char *name, struct kt_pl v)
{
	struct kt_record r;

	return kt_ios_record(s, &r, type, name, v) ? kt_ios_emit(s, &r) : 0;
}

bool kt_ios_time(struct kt_pl v, enum kt_epoch epoch, int64_t *t_us)
{
	int64_t n;

	if (kt_pl_date(v, t_us))
		return true;
	if (kt_pl_type(v) != KT_PL_INT && kt_pl_type(v) != KT_PL_REAL)
		return false;
	return kt_pl_scaled(v, 6, &n) && n != 0 && kt_epoch_us(epoch, n, 6, t_us);
}

void kt_ios_position(struct kt_ios *s, struct kt_record *r, struct kt_pl lat, struct kt_pl lon,
		     struct kt_raw *raw)
{
	int64_t a, b;

	if (lat.node == NULL && lon.node == NULL)
		return;
	kt_raw_add(raw, "", kt_pl_raw(s->ctx, lat));
	kt_raw_add(raw, ", ", kt_pl_raw(s->ctx, lon));
	if (kt_pl_scaled(lat, 7, &a) && kt_pl_scaled(lon, 7, &b))
		kt_set_position_apple(r, a, b);
	else
		kt_set_unusable(r, lat.node == NULL || lon.node == NULL ? "incomplete-position"
									: "not-a-number");
}

/* Length of the calling code that these digits begin with (ITU-T E.164 assigned country codes). */
static unsigned calling_code(const char *p)
{
	static const char two[] =
		"20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 "
		"56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

	if (p[0] == '0')
		return 0;
	if (p[0] == '1' || p[0] == '7')
		return 1;
	for (const char *at = two; at < two + sizeof(two) - 1; at += 3)
		if (at[0] == p[0] && at[1] == p[1])
			return 2;
	return 3;
}

void kt_ios_sim_issuer(struct kt_record *r, struct kt_str iccid)
{
	/* 89: telecommunications; then country, issuer, account, check digit */
	unsigned n;

	if (iccid.len < 18 || iccid.len > 22 || !kt_str_starts(iccid, "89") ||
	    kt_str_digits(iccid) < 18)
		return;
	n = calling_code(iccid.p + 2);
	if (n > 0)
		kt_rec_str(r, KT_F_COUNTRY_CODE, iccid.p + 2, n);
}

const char *kt_ios_listed(const char *const *list, struct kt_str key)
{
	for (; *list != NULL; list++)
		if (kt_str_is(key, *list))
			return *list;
	return NULL;
}
