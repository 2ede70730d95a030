/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * locale-clock: settings of an iPhone that depend on places: time zone and how it is set, region format,
 * the lists of languages and keyboards, world clocks. They are stated as they are and nothing is
 * concluded from them. Page: docs/formats/locale-clock.md. (On a phone that is read live no key tells
 * a language; this plugin reads files of a backup or image, under a mandate item of its own.)
 *
 * An element is one member of the settings, one entry of a list in them, or one entry of `cities`.
 */
#include "parsers/plugins/ios_state.h"

#include <string.h>

/* .GlobalPreferences.plist */
static const char *const locale_keys[] = {
	"AppleLocale", "AppleLanguages", "AppleKeyboards", "ApplePasscodeKeyboards", "Country",
	NULL,
};

/* com.apple.preferences.datetime.plist; spellings differ between versions */
static const char *const clock_keys[] = {
	"timezone",
	"TimeZone",
	"timezoneset",
	"automatic",
	"automatictimezone",
	"AutomaticTimeZone",
	"TMAutomaticTimeOnlyEnabled",
	"TMAutomaticTimeZoneEnabled",
	NULL,
};

static int setting(struct kt_ios *s, const char *name, struct kt_pl v)
{
	struct kt_record r;
	struct kt_str text;

	if (!kt_ios_record(s, &r, KT_REC_SETTING, name, v))
		return 0;
	if ((strcmp(name, "timezone") == 0 || strcmp(name, "TimeZone") == 0) &&
	    kt_pl_text(v, &text))
		kt_rec_str(&r, KT_F_TIME_ZONE, text.p, text.len);
	return kt_ios_emit(s, &r);
}

/* A value, or each of a list of values. */
static int settings(struct kt_ios *s, const char *name, struct kt_pl v)
{
	int r = 0;

	if (kt_pl_type(v) != KT_PL_ARRAY)
		return setting(s, name, v);
	if (kt_pl_count(v) == 0)
		return kt_ios_skip(s, KT_IOS_EMPTY);
	for (uint32_t i = 0; i < kt_pl_count(v) && r >= 0; i++) {
		size_t before = kt_keypath_index(&s->path, i);

		r = setting(s, name, kt_pl_at(v, i));
		kt_keypath_cut(&s->path, before);
	}
	return r;
}

/* -- world clocks ----------------------------------------------------------------------------- */

static void text(struct kt_record *r, enum kt_field f, struct kt_pl dict, const char *key)
{
	struct kt_str s;

	if (kt_pl_text(kt_pl_get(dict, key), &s))
		kt_rec_str(r, f, s.p, s.len);
}

/* A dictionary, mostly with another one under "city"; or no more than the number of a city. */
static int clock_city(struct kt_ios *s, struct kt_pl entry)
{
	struct kt_pl city = kt_pl_get(entry, "city");
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	struct kt_str id;

	if (kt_pl_type(city) != KT_PL_DICT)
		city = entry;
	kt_rec_init(&r, KT_REC_PLACE, KT_BASIS_STATED);
	if (kt_pl_type(city) == KT_PL_DICT) {
		kt_ios_position(s, &r, kt_pl_get(city, "latitude"), kt_pl_get(city, "longitude"),
				&raw);
		text(&r, KT_F_PLACE_NAME, city, "name");
		text(&r, KT_F_ADDRESS, city, "countryName");
		text(&r, KT_F_TIME_ZONE, city, "timeZone");
		id = kt_pl_raw(s->ctx, kt_pl_get(city, "identifier"));
	} else if (kt_pl_type(city) == KT_PL_INT || kt_pl_type(city) == KT_PL_TEXT) {
		id = kt_pl_raw(s->ctx, city);
		kt_raw_add(&raw, "", id);
	} else {
		return kt_ios_skip(s, KT_IOS_ODD);
	}
	kt_rec_str(&r, KT_F_PLACE_ID, id.p, id.len);
	if (r.pos_state == KT_POS_NONE && r.nattrs == 0)
		return kt_ios_skip(s, KT_IOS_NOTHING);
	kt_rec_str(&r, KT_F_ORIGIN, "world-clock", 11);
	r.raw = kt_raw_str(&raw);
	kt_seen(s->ctx, 1);
	return kt_ios_emit(s, &r);
}

static int cities(struct kt_ios *s, struct kt_pl list)
{
	int r = 0;

	if (kt_pl_type(list) != KT_PL_ARRAY)
		return kt_ios_skip(s, KT_IOS_ODD);
	for (uint32_t i = 0; i < kt_pl_count(list) && r >= 0; i++) {
		size_t before = kt_keypath_index(&s->path, i);

		r = clock_city(s, kt_pl_at(list, i));
		kt_keypath_cut(&s->path, before);
	}
	return r;
}

/* -- the three files -------------------------------------------------------------------------- */

/*
 * Which of the files it is, nobody says; a key of any of them is read in all, as none of them has
 * another meaning elsewhere. A list without a single one is of another kind.
 */
static int members(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), v;
	struct kt_pl_iter it;
	struct kt_str name;
	uint32_t known = 0;
	int r = 0;

	kt_pl_iter_init(&it, root);
	while (kt_pl_iter_next(&it, &name, &v))
		known += kt_ios_listed(locale_keys, name) != NULL ||
			 kt_ios_listed(clock_keys, name) != NULL || kt_str_is(name, "cities");
	if (known == 0 && kt_pl_count(root) > 0)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no settings of place or clock");
	kt_pl_iter_init(&it, root);
	while (r >= 0 && kt_pl_iter_next(&it, &name, &v)) {
		const char *key = kt_ios_listed(locale_keys, name);
		size_t before = kt_keypath_key(&s->path, name);

		if (key == NULL)
			key = kt_ios_listed(clock_keys, name);
		if (kt_str_is(name, "cities"))
			r = cities(s, v);
		else if (key != NULL)
			r = settings(s, key, v);
		else
			r = kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "settings of place or clock", &s, err);

	if (r >= 0)
		r = members(s);
	return kt_ios_close(&s, r);
}

const struct kt_parser kt_parser_locale_clock = {.id = "locale-clock", .parse = parse};
