/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-wifi-known: Wi-Fi networks that an iPhone knows, and where it was connected to their access
 * points. Page: docs/formats/ios-wifi-known.md. Three files, told apart by their keys:
 *
 *   wifi.network.ssid.<name> ...       com.apple.wifi.known-networks.plist (iOS 14 and later)
 *   List of known networks             com.apple.wifi.plist, com.apple.wifi-networks.plist.backup
 *   List of scanned networks with ...  com.apple.wifi-private-mac-networks.plist
 *
 * An element is one network, or one access point in a network's list. Passwords, keys, portal addresses
 * and the phone's own hardware addresses are never read. Locators give the place of a network in the
 * file, not its key, because the key is its name.
 */
#include "parsers/plugins/ios_state.h"

#include <string.h>

#define SSID_KEY  "wifi.network.ssid."
#define OLD_LIST  "List of known networks"
#define SCAN_LIST "List of scanned networks with private mac"

struct network {
	struct kt_ios *s;
	struct kt_str name;
	enum kt_rec_basis basis;
	const char *origin;
	const char *transport; /* of a network that moves, or NULL */
};

/* A key of the source, and our word for what its time means. */
struct dated {
	const char *key, *meaning;
};

/* -- what all forms share --------------------------------------------------------------------- */

/* A date, in older files also as text with its zone. */
static bool date(struct kt_pl v, int64_t *us)
{
	enum kt_time_kind kind;
	struct kt_str s;

	if (kt_pl_date(v, us))
		return true;
	return kt_pl_text(v, &s) && kt_iso_time(s, us, &kind, NULL) && kind == KT_TIME_UTC;
}

/* The latest of these dates becomes the record's time; the one that did, or NULL. */
static const struct dated *latest(const struct network *n, struct kt_record *r, struct kt_pl dict,
				  const struct dated *d, size_t count)
{
	const struct dated *best = NULL;
	int64_t us, t = 0;

	for (size_t i = 0; i < count; i++) {
		if (!date(kt_pl_get(dict, d[i].key), &us) || (best != NULL && us <= t))
			continue;
		best = &d[i];
		t = us;
	}
	if (best == NULL)
		return NULL;
	kt_set_utc(r, t);
	kt_rec_str(r, KT_F_TIME_MEANING, best->meaning, strlen(best->meaning));
	r->raw = kt_pl_raw(n->s->ctx, kt_pl_get(dict, best->key));
	return best;
}

static void more_time(const struct network *n, struct kt_record *r, enum kt_field f, struct kt_pl v)
{
	int64_t us;

	if (date(v, &us))
		kt_rec_time(n->s->ctx, r, f, us, n->s->err);
}

static bool flag(struct kt_pl dict, const char *key)
{
	bool b = false;
	int64_t i;

	if (kt_pl_int(kt_pl_get(dict, key), &i))
		return i == 1;
	kt_pl_bool(kt_pl_get(dict, key), &b);
	return b;
}

/* The access point's address; also one of another form than it should have, as written. */
static bool add_bssid(struct kt_record *r, struct kt_pl v, char mac[18])
{
	const uint8_t *p;
	struct kt_str t;
	size_t n;

	if (kt_pl_data(v, &p, &n)) {
		t.p = (const char *)p;
		t.len = (uint32_t)n;
	} else if (!kt_pl_text(v, &t)) {
		return false;
	}
	if (t.len == 0)
		return false;
	if (kt_mac_text(t, mac))
		t = kt_str_c(mac);
	kt_rec_str(r, KT_F_NETWORK_ID, t.p, t.len);
	return true;
}

static void start(const struct network *n, struct kt_record *r, enum kt_rec_type type)
{
	kt_rec_init(r, type, n->basis);
	kt_rec_str(r, KT_F_NETWORK_NAME, n->name.p, n->name.len);
	kt_rec_str(r, KT_F_ORIGIN, n->origin, strlen(n->origin));
	if (n->transport != NULL)
		kt_rec_str(r, KT_F_TRANSPORT, n->transport, strlen(n->transport));
}

/* An entry that tells of no contact is the phone's statement about its settings, nothing more. */
static void no_contact(struct kt_record *r)
{
	if (r->basis == KT_BASIS_MEASURED)
		r->basis = KT_BASIS_STATED;
}

/* The record of a network, when it says anything. */
static int send(const struct network *n, struct kt_record *r)
{
	if (r->pos_state == KT_POS_NONE && r->time_kind == KT_TIME_NONE && n->name.len == 0 &&
	    kt_rec_attr(r, KT_F_NETWORK_ID) == NULL)
		return kt_ios_skip(n->s, KT_IOS_NOTHING);
	kt_seen(n->s->ctx, 1);
	return kt_ios_emit(n->s, r);
}

/* The name as the network sends it: bytes; else as text. */
static struct kt_str ssid(struct kt_pl dict)
{
	struct kt_str s = {"", 0};
	const uint8_t *p;
	size_t n;

	if (kt_pl_data(kt_pl_get(dict, "SSID"), &p, &n) && n > 0) {
		s.p = (const char *)p;
		s.len = (uint32_t)n;
	} else if (!kt_pl_text(kt_pl_get(dict, "SSID"), &s)) {
		kt_pl_text(kt_pl_get(dict, "SSID_STR"), &s);
	}
	return s;
}

/* -- access points ---------------------------------------------------------------------------- */

/*
 * The position is where the phone was when it was connected to this access point, as it wrote it down
 * itself. On a network that came from another device it may be that device's note.
 */
static int access_point(const struct network *n, struct kt_pl bss)
{
	static const struct dated located[] = {{"LocationTimestamp", "located"}};
	static const struct dated joined[] = {{"LastAssociatedAt", "associated"},
					      {"lastRoamed", "associated"}};
	struct kt_pl lat = kt_pl_get(bss, "LocationLatitude"),
		     lon = kt_pl_get(bss, "LocationLongitude"), channel;
	bool placed = lat.node != NULL || lon.node != NULL, known;
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	char mac[18];
	int64_t i;

	if (kt_pl_type(bss) != KT_PL_DICT)
		return kt_ios_skip(n->s, KT_IOS_ODD);
	start(n, &r, placed ? KT_REC_POSITION : KT_REC_NETWORK);
	known = add_bssid(&r, kt_pl_get(bss, "BSSID"), mac);
	kt_ios_position(n->s, &r, lat, lon, &raw);
	if (placed && kt_pl_scaled(kt_pl_get(bss, "LocationAccuracy"), 3, &i))
		kt_set_accuracy_mm(&r, i, true);
	if (placed && latest(n, &r, bss, located, 1) != NULL)
		more_time(n, &r, KT_F_LAST_TIME, kt_pl_get(bss, "LastAssociatedAt"));
	else
		known |= latest(n, &r, bss, joined, 2) != NULL;
	if (!placed && !known)
		return kt_ios_skip(n->s, KT_IOS_NOTHING);
	channel = kt_pl_get(bss, "Channel");
	if (kt_pl_int(channel.node != NULL ? channel : kt_pl_get(bss, "CHANNEL"), &i))
		kt_rec_int(&r, KT_F_CHANNEL, i);
	if (placed)
		r.raw = kt_raw_str(&raw);
	return send(n, &r);
}

static int access_points(const struct network *n, struct kt_pl list, const char *key)
{
	size_t before = kt_keypath_key(&n->s->path, kt_str_c(key));
	int r = 0;

	if (list.node != NULL && kt_pl_type(list) != KT_PL_ARRAY)
		r = kt_ios_skip(n->s, KT_IOS_ODD);
	for (uint32_t i = 0; kt_pl_type(list) == KT_PL_ARRAY && i < kt_pl_count(list) && r >= 0;
	     i++) {
		size_t at = kt_keypath_index(&n->s->path, i);

		r = access_point(n, kt_pl_at(list, i));
		kt_keypath_cut(&n->s->path, at);
	}
	kt_keypath_cut(&n->s->path, before);
	return r;
}

/* -- networks --------------------------------------------------------------------------------- */

static const char *moving(struct kt_pl dict)
{
	if (flag(dict, "CarPlayNetwork") || flag(dict, "CARPLAY_NETWORK") ||
	    flag(kt_pl_get(dict, "__OSSpecific__"), "CarPlayNetwork"))
		return "car";
	return flag(dict, "Moving") ? "moving-network" : NULL;
}

static int known_network(struct kt_ios *s, struct kt_str key, struct kt_pl dict)
{
	static const struct dated joins[] = {{"JoinedByUserAt", "joined-by-user"},
					     {"JoinedBySystemAt", "joined-by-system"}};
	static const struct dated others[] = {{"LastDiscoveredAt", "discovered"}};
	static const struct dated entries[] = {{"AddedAt", "added"}, {"UpdatedAt", "updated"}};
	struct network n = {s, ssid(dict), KT_BASIS_MEASURED, "known-network", moving(dict)};
	struct kt_str why = {"", 0};
	const struct dated *joined;
	struct kt_record r;
	char mac[18];
	int c;

	if (n.name.len == 0 && kt_str_starts(key, SSID_KEY))
		n.name = kt_str_from(key, strlen(SSID_KEY));
	kt_pl_text(kt_pl_get(dict, "AddReason"), &why);
	if (kt_str_is(why, "Cloud Sync")) {
		n.basis = KT_BASIS_OTHER_DEVICE;
		n.origin = "cloud-sync";
	}
	start(&n, &r, KT_REC_NETWORK);
	add_bssid(&r, kt_pl_path(dict, "__OSSpecific__/BSSID"), mac);
	joined = latest(&n, &r, dict, joins, 2);
	if (joined != NULL) {
		more_time(&n, &r, KT_F_FIRST_TIME,
			  kt_pl_get(dict, joins[joined == &joins[0] ? 1 : 0].key));
	} else if (latest(&n, &r, dict, others, 1) == NULL) {
		latest(&n, &r, dict, entries, 2);
		no_contact(&r);
	}
	more_time(&n, &r, KT_F_ADDED_TIME, kt_pl_get(dict, "AddedAt"));
	more_time(&n, &r, KT_F_MODIFIED_TIME, kt_pl_get(dict, "UpdatedAt"));
	more_time(&n, &r, KT_F_LAST_TIME, kt_pl_get(dict, "LastDiscoveredAt"));
	c = send(&n, &r);
	return c < 0 ? c : access_points(&n, kt_pl_get(dict, "BSSList"), "BSSList");
}

static int old_network(struct kt_ios *s, struct kt_pl dict)
{
	static const struct dated joins[] = {{"lastJoined", "joined-by-user"},
					     {"lastAutoJoined", "joined-by-system"},
					     {"prevJoined", "joined-before"}};
	static const struct dated entries[] = {{"addedAt", "added"}, {"lastUpdated", "updated"}};
	struct network n = {s, ssid(dict), KT_BASIS_MEASURED, "known-network", moving(dict)};
	int64_t us, first = INT64_MAX;
	struct kt_str country;
	struct kt_record r;
	char mac[18];
	int c;

	if (kt_pl_type(dict) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	start(&n, &r, KT_REC_NETWORK);
	add_bssid(&r, kt_pl_get(dict, "BSSID"), mac);
	if (latest(&n, &r, dict, joins, 3) == NULL) {
		latest(&n, &r, dict, entries, 2);
		no_contact(&r);
	} else {
		for (size_t i = 0; i < 3; i++)
			if (date(kt_pl_get(dict, joins[i].key), &us) && us < first && us < r.t_us)
				first = us;
	}
	if (first != INT64_MAX)
		kt_rec_time(s->ctx, &r, KT_F_FIRST_TIME, first, s->err);
	more_time(&n, &r, KT_F_ADDED_TIME, kt_pl_get(dict, "addedAt"));
	more_time(&n, &r, KT_F_MODIFIED_TIME, kt_pl_get(dict, "lastUpdated"));
	/* what the access point announces as the country whose rules it keeps */
	if (kt_pl_text(kt_pl_path(dict, "80211D_IE/IE_KEY_80211D_COUNTRY_CODE"), &country))
		kt_rec_str(&r, KT_F_COUNTRY_CODE, country.p, country.len);
	c = send(&n, &r);
	return c < 0 ? c
		     : access_points(&n, kt_pl_get(dict, "networkKnownBSSListKey"),
				     "networkKnownBSSListKey");
}

static int scanned_network(struct kt_ios *s, struct kt_pl dict)
{
	static const struct dated joins[] = {{"lastJoined", "joined"},
					     {"FirstJoinWithNewMacTimestamp", "joined"}};
	static const struct dated others[] = {{"lastUpdated", "updated"}, {"addedAt", "added"}};
	struct network n = {s, ssid(dict), KT_BASIS_MEASURED, "scanned-network", moving(dict)};
	struct kt_record r;
	char mac[18];

	if (kt_pl_type(dict) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	start(&n, &r, KT_REC_NETWORK);
	add_bssid(&r, kt_pl_get(dict, "BSSID"), mac);
	if (latest(&n, &r, dict, joins, 2) == NULL) {
		latest(&n, &r, dict, others, 2);
		no_contact(&r);
	}
	more_time(&n, &r, KT_F_ADDED_TIME, kt_pl_get(dict, "addedAt"));
	more_time(&n, &r, KT_F_MODIFIED_TIME, kt_pl_get(dict, "lastUpdated"));
	return send(&n, &r);
}

/* -- the files -------------------------------------------------------------------------------- */

static int list(struct kt_ios *s, const char *key, int (*fn)(struct kt_ios *s, struct kt_pl dict))
{
	struct kt_pl all = kt_pl_get(kt_plist_root(s->list), key);
	size_t before = kt_keypath_key(&s->path, kt_str_c(key));
	int r = 0;

	if (kt_pl_type(all) != KT_PL_ARRAY)
		r = kt_ios_skip(s, KT_IOS_ODD);
	for (uint32_t i = 0; kt_pl_type(all) == KT_PL_ARRAY && i < kt_pl_count(all) && r >= 0;
	     i++) {
		size_t at = kt_keypath_index(&s->path, i);

		r = fn(s, kt_pl_at(all, i));
		kt_keypath_cut(&s->path, at);
	}
	kt_keypath_cut(&s->path, before);
	return r;
}

static bool is_network(struct kt_str key)
{
	return kt_str_starts(key, "wifi.network.");
}

static int known_networks(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), v;
	struct kt_pl_iter it;
	struct kt_str key;
	bool any = kt_pl_count(root) == 0;
	uint32_t i = 0;
	int r = 0;

	kt_pl_iter_init(&it, root);
	while (!any && kt_pl_iter_next(&it, &key, &v))
		any = is_network(key);
	if (!any)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no list of Wi-Fi networks");
	kt_pl_iter_init(&it, root);
	for (; r >= 0 && kt_pl_iter_next(&it, &key, &v); i++) {
		size_t at = kt_keypath_index(&s->path, i);

		if (!is_network(key))
			r = kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
		else if (kt_pl_type(v) != KT_PL_DICT)
			r = kt_ios_skip(s, KT_IOS_ODD);
		else
			r = known_network(s, key, v);
		kt_keypath_cut(&s->path, at);
	}
	kt_pl_iter_end(&it);
	return r;
}

static int networks(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list);
	bool old = kt_pl_get(root, OLD_LIST).node != NULL,
	     scanned = kt_pl_get(root, SCAN_LIST).node != NULL;
	int r = 0;

	if (!old && !scanned)
		return known_networks(s);
	if (old)
		r = list(s, OLD_LIST, old_network);
	if (r >= 0 && scanned)
		r = list(s, SCAN_LIST, scanned_network);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "list of Wi-Fi networks", &s, err);

	if (r >= 0)
		r = networks(s);
	return kt_ios_close(&s, r);
}

const struct kt_parser kt_parser_ios_wifi_known = {.id = "ios-wifi-known", .parse = parse};
