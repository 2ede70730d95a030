/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * apps-inventory: which map and travel apps a phone has. An element is one line of the answer to `pm
 * list packages` (Android) or of the file packages.list of an image, or one value of the list that
 * keten-device makes of a backup's Info.plist (iPhone). Only the apps named below are
 * reported, whatever the input holds: a list of all apps tells of faith, health and love. Page:
 * docs/formats/apps-inventory.md.
 *
 *   package:com.example versionCode:12345  installer=com.android.vending
 *   com.example 10123 0 /data/user/0/com.example default:targetSdkVersion=33 3003 0 12345 1
 */
#include "parsers/plugins/ios_state.h"

#include <string.h>

/* The names of core/requests.def, once more: a plugin relies on no filter outside itself. */
static const char *const apps[] = {
	"com.google.android.apps.maps",
	"com.google.android.apps.photos",
	"com.waze",
	"com.ubercab",
	"net.osmand",
	"net.osmand.plus",
	"com.orux.oruxmaps*",
	"app.organicmaps",
	"com.here.app.maps",
	"com.mapswithme.maps.pro",
	"com.citymapper.app.release",
	"com.booking",
	"com.airbnb.android",
	"com.strava",
	"com.garmin.android.apps.connectmobile",
	"menion.android.locus",
	"com.sygic.aura",
	"com.tomtom.gplay.navapp",
	"com.flixbus.app",
	"com.grabtaxi.passenger",
	"ee.mtakso.client",
	"com.bolt.deliverycourier",
	"com.comuto",
	"com.yandex.yandexmaps",
	"com.yandex.yandexnavi",
	"ru.yandex.taxi",
	"com.autonavi.minimap",
	"com.baidu.BaiduMap",
	"com.moovit",
	"com.rome2rio.android.rome2rio",
};

static const char *const ios_apps[] = {
	"com.google.Maps",
	"com.google.photos",
	"com.waze.iphone",
	"com.ubercab.UberClient",
	"net.osmand.maps",
	"app.organicmaps",
	"com.mapswithme.full",
	"com.citymapper.citymapper",
	"com.booking.BookingApp",
	"com.airbnb.app",
	"com.strava.stravaride",
	"com.garmin.connect.mobile",
	"com.alltrails.alltrails",
	"de.komoot.berlinbikeapp",
	"ru.yandex.traffic",
	"ru.yandex.mobile.navigator",
	"com.united.UnitedCustomerFacingIPhone",
	"com.foursquare.robin",
	NULL,
};

enum why { NOT_LISTED, NOT_UNDERSTOOD, WHYS };
static const char *const why_names[WHYS] = {"not-in-allow-list", "not-understood"};

struct inventory {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
};

/* "*" at the end stands for letters. */
static bool listed(struct kt_str s)
{
	for (size_t i = 0; i < sizeof(apps) / sizeof(apps[0]); i++) {
		size_t n = strlen(apps[i]);
		uint32_t at;

		if (apps[i][n - 1] != '*') {
			if (kt_str_is(s, apps[i]))
				return true;
			continue;
		}
		if (s.len < n - 1 || memcmp(s.p, apps[i], n - 1) != 0)
			continue;
		for (at = (uint32_t)n - 1;
		     at < s.len && (s.p[at] | 32) >= 'a' && (s.p[at] | 32) <= 'z';)
			at++;
		if (at == s.len)
			return true;
	}
	return false;
}

/* The next word of a line; empty at its end. */
static struct kt_str word(struct kt_str *s)
{
	struct kt_str w = kt_str_trim(*s);
	uint32_t n = 0;

	while (n < w.len && w.p[n] != ' ')
		n++;
	*s = kt_str_from(w, n);
	return kt_str_upto(w, n);
}

static bool package_name(struct kt_str s)
{
	bool dot = false;

	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_'))
			return false;
		dot |= c == '.';
	}
	return s.len > 2 && s.len <= 255 && dot;
}

static bool digits(struct kt_str s)
{
	return s.len > 0 && s.len <= 20 && kt_str_digits(s) == s.len;
}

/* False: neither form. */
static bool take_apart(struct kt_str s, struct kt_str *name, struct kt_str *version,
		       struct kt_str *installer)
{
	struct kt_str w;

	*version = *installer = kt_str_c("");
	if (kt_str_starts(s, "package:")) {
		s = kt_str_from(s, 8);
		*name = word(&s);
		while ((w = word(&s)).len > 0) {
			if (kt_str_starts(w, "versionCode:"))
				*version = kt_str_from(w, 12);
			else if (kt_str_starts(w, "installer="))
				*installer = kt_str_from(w, 10);
		}
		if (kt_str_is(*installer, "null"))
			installer->len = 0;
		return package_name(*name) && (version->len == 0 || digits(*version));
	}
	*name = word(&s);
	if (!package_name(*name) || !digits(word(&s)) || !digits(word(&s)) ||
	    !kt_str_starts(word(&s), "/data/"))
		return false;
	word(&s); /* seinfo */
	word(&s); /* groups */
	word(&s); /* may it be profiled */
	w = word(&s);
	if (digits(w))
		*version = w;
	return true;
}

static int app(struct inventory *v, struct kt_str line, const struct kt_locator *loc)
{
	struct kt_str name, version, installer;
	struct kt_record r;

	kt_seen(v->ctx, 1);
	if (!take_apart(line, &name, &version, &installer))
		return kt_tally_add(&v->skip[NOT_UNDERSTOOD], loc);
	if (!listed(name))
		return kt_tally_add(&v->skip[NOT_LISTED], loc);
	kt_rec_init(&r, KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NAME, "installed-app", 13);
	kt_rec_str(&r, KT_F_APP, name.p, name.len);
	if (version.len > 0)
		kt_rec_str(&r, KT_F_APP_VERSION, version.p, version.len);
	if (package_name(installer))
		kt_rec_str(&r, KT_F_VALUE, installer.p, installer.len);
	r.raw = name;
	r.loc = *loc;
	return kt_emit(v->ctx, &r, v->err);
}

static int one_line(void *arg, struct kt_str line, bool cut, struct kt_line_place *at)
{
	struct kt_locator loc = kt_line_locator(at);

	(void)cut; /* no name of a package is that long: it is not understood */
	return kt_str_trim(line).len > 0 ? app(arg, line, &loc) : 0;
}

/* -- iPhone ----------------------------------------------------------------------------------- */

#define LIST "Installed Applications["

static int ios_app(struct kt_ios *s, struct kt_str key, struct kt_pl v)
{
	struct kt_record r;
	const char *name = NULL;
	bool there = false;

	if (kt_str_starts(key, LIST) && kt_str_ends(key, "]"))
		name = kt_ios_listed(ios_apps, kt_str_upto(kt_str_from(key, strlen(LIST)),
							   key.len - strlen(LIST) - 1));
	if (name == NULL)
		return kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
	if (!kt_pl_bool(v, &there) || !there)
		return kt_ios_skip(s, KT_IOS_ODD);
	kt_seen(s->ctx, 1);
	kt_rec_init(&r, KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NAME, "installed-app", 13);
	kt_rec_str(&r, KT_F_APP, name, strlen(name));
	r.raw = kt_str_c(name);
	return kt_ios_emit(s, &r);
}

static int ios_list(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), head = kt_pl_get(root, "keten-values");
	struct kt_str source, domain, key;
	struct kt_pl_iter it;
	struct kt_pl v;
	int r = 0;

	if (!kt_pl_text(kt_pl_get(head, "source"), &source) || !kt_str_is(source, "info.plist") ||
	    !kt_pl_text(kt_pl_get(head, "domain"), &domain) || !kt_str_is(domain, "apps") ||
	    kt_pl_type(kt_pl_get(root, "values")) != KT_PL_DICT)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no list of apps");
	kt_keypath_key(&s->path, kt_str_c("values"));
	kt_pl_iter_init(&it, kt_pl_get(root, "values"));
	while (r >= 0 && kt_pl_iter_next(&it, &key, &v)) {
		size_t before = kt_keypath_key(&s->path, key);

		r = ios_app(s, key, v);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

static int ios(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "list of apps", &s, err);

	if (r >= 0)
		r = ios_list(s);
	return kt_ios_close(&s, r);
}

/* -- both ------------------------------------------------------------------------------------- */

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct inventory *v = kt_alloc(ctx, sizeof(*v));
	uint8_t head[6];
	size_t n = 0;
	int r = kt_in_read(ctx, 0, head, sizeof(head), &n, err);

	if (r < 0)
		return r;
	if (n == sizeof(head) && (head[0] == '<' || memcmp(head, "bplist", 6) == 0))
		return ios(ctx, err);

	if (v == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(v, 0, sizeof(*v));
	v->ctx = ctx;
	v->err = err;
	r = kt_lines_each(ctx, one_line, v, err);
	return r < 0 ? r : kt_tally_flush(ctx, v->skip, why_names, WHYS, err);
}

const struct kt_parser kt_parser_apps_inventory = {.id = "apps-inventory", .parse = parse};
