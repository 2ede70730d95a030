/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-location-clients: which apps and services asked locationd for the position, and when they last
 * did (clients.plist); and whether location services are on (com.apple.locationd.plist). No position
 * is in either. Page: docs/formats/ios-location-clients.md.
 *
 * An element is one of the members below in a client's entry, an entry that has none of them, or one
 * member of the settings.
 */
#include "parsers/plugins/ios_state.h"

#include <string.h>

/* Times of a client, seconds since 2001, and what each is about. */
static const struct {
	const char *key, *meaning;
} times[] = {
	{"ConsumptionPeriodBegin", "period-of-use-began"},
	{"ReceivingLocationInformationTimeStopped", "stopped-receiving-location"},
	{"ReceivingLocationInformationTimeStarted", "started-receiving-location"},
	{"LocationTimeStopped", "location-stopped"},
	{"LocationTimeStarted", "location-started"},
	{"BackgroundLocationTimeStopped", "background-location-stopped"},
	{"BackgroundLocationTimeStarted", "background-location-started"},
	{"SignificantTimeStopped", "significant-changes-stopped"},
	{"SignificantTimeStarted", "significant-changes-started"},
	{"NonPersistentSignificantTimeStopped", "passing-significant-changes-stopped"},
	{"NonPersistentSignificantTimeStarted", "passing-significant-changes-started"},
	{"VisitTimeStopped", "visits-stopped"},
	{"VisitTimeStarted", "visits-started"},
	{"FenceTimeStopped", "fences-stopped"},
	{"FenceTimeStarted", "fences-started"},
	{"BeaconRegionTimeStopped", "beacons-stopped"},
	{"BeaconRegionTimeStarted", "beacons-started"},
};
#define TIMES (sizeof(times) / sizeof(times[0]))

static const char *const permissions[] = {"Authorization", "Authorized", NULL};
static const char *const settings[] = {"LocationServicesEnabledIn8.0", "LocationServicesEnabled",
				       NULL};

/* The bundle's id when the entry holds it; the key, which begins with it or with its kind, if not. */
static struct kt_str app_of(struct kt_str key, struct kt_pl client)
{
	struct kt_str id;

	return kt_pl_text(kt_pl_get(client, "BundleId"), &id) && id.len > 0 ? id : key;
}

static int used(struct kt_ios *s, struct kt_str app, const char *meaning, struct kt_pl v)
{
	struct kt_record r;
	int64_t us;

	if (!kt_ios_time(v, KT_EPOCH_COCOA_S, &us)) /* zero: never */
		return kt_ios_skip(s,
				   kt_pl_scaled(v, 6, &us) && us == 0 ? KT_IOS_EMPTY : KT_IOS_ODD);
	kt_seen(s->ctx, 1);
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_MEASURED);
	kt_set_utc(&r, us);
	kt_rec_str(&r, KT_F_TIME_MEANING, meaning, strlen(meaning));
	kt_rec_str(&r, KT_F_APP, app.p, app.len);
	r.raw = kt_pl_raw(s->ctx, v);
	return kt_ios_emit(s, &r);
}

static int permission(struct kt_ios *s, struct kt_str app, const char *key, struct kt_pl v)
{
	struct kt_record r;

	if (!kt_ios_record(s, &r, KT_REC_PROPERTY, key, v))
		return 0;
	kt_rec_str(&r, KT_F_APP, app.p, app.len);
	return kt_ios_emit(s, &r);
}

/* Members in the order of the file. */
static int client(struct kt_ios *s, struct kt_str key, struct kt_pl c)
{
	struct kt_str app = app_of(key, c), name;
	struct kt_pl_iter it;
	struct kt_pl v;
	unsigned known = 0;
	int r = 0;

	if (kt_pl_type(c) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	kt_pl_iter_init(&it, c);
	while (r >= 0 && kt_pl_iter_next(&it, &name, &v)) {
		const char *p = kt_ios_listed(permissions, name);
		size_t before = kt_keypath_key(&s->path, name);

		for (size_t i = 0; i < TIMES && r >= 0; i++)
			if (kt_str_is(name, times[i].key)) {
				r = used(s, app, times[i].meaning, v);
				known++;
			}
		if (p != NULL && r >= 0) {
			r = permission(s, app, p, v);
			known++;
		}
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r >= 0 && known == 0 ? kt_ios_skip(s, KT_IOS_NOTHING) : r;
}

static int setting(struct kt_ios *s, struct kt_str name, struct kt_pl v)
{
	const char *key = kt_ios_listed(settings, name);

	if (key != NULL)
		return kt_ios_value(s, KT_REC_SETTING, key, v);
	if (kt_str_is(name, "LastSystemVersion"))
		return kt_ios_value(s, KT_REC_PROPERTY, "LastSystemVersion", v);
	return kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
}

/* The settings name the switch or the system; clients are dictionaries, each under its own name. */
static bool is_settings(struct kt_pl root)
{
	return kt_pl_get(root, settings[0]).node != NULL ||
	       kt_pl_get(root, settings[1]).node != NULL ||
	       kt_pl_get(root, "LastSystemVersion").node != NULL;
}

static bool is_clients(struct kt_pl root)
{
	struct kt_pl_iter it;
	struct kt_str name;
	struct kt_pl v;
	bool any = kt_pl_count(root) == 0;

	kt_pl_iter_init(&it, root);
	while (!any && kt_pl_iter_next(&it, &name, &v)) {
		any = kt_pl_get(v, "BundleId").node != NULL ||
		      kt_pl_get(v, "BundlePath").node != NULL ||
		      kt_pl_get(v, "Registered").node != NULL;
		for (size_t i = 0; i < TIMES && !any; i++)
			any = kt_pl_get(v, times[i].key).node != NULL;
		for (size_t i = 0; permissions[i] != NULL && !any; i++)
			any = kt_pl_get(v, permissions[i]).node != NULL;
	}
	kt_pl_iter_end(&it);
	return any;
}

static int members(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), v;
	bool set = is_settings(root);
	struct kt_pl_iter it;
	struct kt_str name;
	int r = 0;

	if (!set && !is_clients(root))
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no list of location clients");
	kt_pl_iter_init(&it, root);
	while (r >= 0 && kt_pl_iter_next(&it, &name, &v)) {
		size_t before = kt_keypath_key(&s->path, name);

		r = set ? setting(s, name, v) : client(s, name, v);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "list of location clients", &s, err);

	if (r >= 0)
		r = members(s);
	return kt_ios_close(&s, r);
}

const struct kt_parser kt_parser_ios_location_clients = {.id = "ios-location-clients",
							 .parse = parse};
