/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-weather: the places in the Weather app's list (group.com.apple.weather.plist). Page:
 * docs/formats/ios-weather.md.
 *
 * An element is one entry of `Cities`, or `LocalWeather`. A city was put on the list by a person, here
 * or on another device of theirs; the local one is the town that the app itself took the phone to be
 * in. Neither is a position of the phone: both become places.
 */
#include "parsers/plugins/ios_state.h"

static struct kt_pl first(struct kt_pl dict, const char *a, const char *b)
{
	struct kt_pl v = kt_pl_get(dict, a);

	return v.node != NULL ? v : kt_pl_get(dict, b);
}

static bool is_local(struct kt_pl city)
{
	bool local = false;
	int64_t n;

	if (kt_pl_bool(kt_pl_get(city, "IsLocalWeatherCity"), &local))
		return local;
	return kt_pl_int(kt_pl_get(city, "IsLocalWeatherCity"), &n) && n == 1;
}

static void text(struct kt_record *r, enum kt_field f, struct kt_pl v)
{
	struct kt_str s;

	if (kt_pl_text(v, &s))
		kt_rec_str(r, f, s.p, s.len);
}

/* updated: the time of the whole list, which is no time of one entry. */
static int city(struct kt_ios *s, struct kt_pl c, bool local, struct kt_pl updated)
{
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	int64_t us;

	if (kt_pl_type(c) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	kt_rec_init(&r, KT_REC_PLACE, local ? KT_BASIS_INFERRED : KT_BASIS_STATED);
	kt_ios_position(s, &r, first(c, "Lat", "Latitude"), first(c, "Lon", "Longitude"), &raw);
	text(&r, KT_F_PLACE_NAME, kt_pl_get(c, "Name"));
	text(&r, KT_F_ADDRESS, kt_pl_get(c, "Country"));
	if (r.pos_state == KT_POS_NONE && r.nattrs == 0)
		return kt_ios_skip(s, KT_IOS_NOTHING);
	text(&r, KT_F_TIME_ZONE, kt_pl_get(c, "TimeZone"));
	kt_rec_str(&r, KT_F_ORIGIN, local ? "local-weather" : "weather-list", local ? 13 : 12);
	/* the first spelling is Apple's own */
	if (kt_ios_time(first(c, "UpateTime", "UpdateTime"), KT_EPOCH_UNIX_S, &us)) {
		kt_set_utc(&r, us);
		kt_rec_str(&r, KT_F_TIME_MEANING, "weather-fetched", 15);
	}
	if (kt_ios_time(kt_pl_get(c, "CityTimeZoneUpdateDateKey"), KT_EPOCH_UNIX_S, &us))
		kt_rec_time(s->ctx, &r, KT_F_MODIFIED_TIME, us, s->err);
	if (kt_ios_time(updated, KT_EPOCH_UNIX_S, &us))
		kt_rec_time(s->ctx, &r, KT_F_LAST_TIME, us, s->err);
	r.raw = kt_raw_str(&raw);
	kt_seen(s->ctx, 1);
	return kt_ios_emit(s, &r);
}

static int cities(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), list = kt_pl_get(root, "Cities"),
		     local = kt_pl_get(root, "LocalWeather");
	size_t before;
	int r = 0;

	if (kt_pl_type(list) != KT_PL_ARRAY && local.node == NULL &&
	    kt_pl_get(root, "PrefsVersion").node == NULL)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no list of the Weather app");
	before = kt_keypath_key(&s->path, kt_str_c("Cities"));
	if (list.node != NULL && kt_pl_type(list) != KT_PL_ARRAY)
		r = kt_ios_skip(s, KT_IOS_ODD);
	for (uint32_t i = 0; i < kt_pl_count(list) && kt_pl_type(list) == KT_PL_ARRAY && r >= 0;
	     i++) {
		struct kt_pl c = kt_pl_at(list, i);
		size_t at = kt_keypath_index(&s->path, i);

		r = city(s, c, is_local(c), kt_pl_get(root, "LastUpdated"));
		kt_keypath_cut(&s->path, at);
	}
	kt_keypath_cut(&s->path, before);
	if (r >= 0 && local.node != NULL) {
		kt_keypath_key(&s->path, kt_str_c("LocalWeather"));
		r = city(s, local, true, kt_pl_get(root, "LastLocationUpdateTime"));
		kt_keypath_cut(&s->path, before);
	}
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "list of the Weather app", &s, err);

	if (r >= 0)
		r = cities(s);
	return kt_ios_close(&s, r);
}

const struct kt_parser kt_parser_ios_weather = {.id = "ios-weather", .parse = parse};
