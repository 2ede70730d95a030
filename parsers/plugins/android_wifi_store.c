/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * android-wifi-store: the saved Wi-Fi networks of a file-system image, WifiConfigStore.xml. An element
 * is one Network. Of it the name, the BSSID, the times and whether it was ever joined are taken; never
 * a key, a password, a certificate or an identity: the names of what is read are the list below, and
 * the text of every other element is passed over. Page: docs/formats/android-wifi-store.md.
 *
 *   <Network><WifiConfiguration><string name="SSID">&quot;name&quot;</string> ...
 */
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/units.h"
#include "parsers/sdk/xml.h"

enum why { NO_NAME, WHYS };
static const char *const why_names[WHYS] = {"no-name"};

/* What is read; everything else never leaves the reader. */
enum value {
	SSID,
	BSSID,
	GATEWAY,
	CREATED_TEXT,
	CREATED_MS,
	UPDATED_MS,
	LAST_MS,
	EVER,
	CREATOR,
	VALUES
};
static const char *const value_names[VALUES] = {
	[SSID] = "SSID",
	[BSSID] = "BSSID",
	[GATEWAY] = "DefaultGwMacAddress",
	[CREATED_TEXT] = "CreationTime",
	[CREATED_MS] = "semCreationTime",
	[UPDATED_MS] = "semUpdateTime",
	[LAST_MS] = "LastConnectedTime",
	[EVER] = "HasEverConnected",
	[CREATOR] = "CreatorName",
};
#define VALUE_MAX 256u

struct store {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
	uint64_t networks;
	bool known; /* the root is what it should be */
	unsigned network_depth;
	int open; /* enum value of a <string> that is open, -1 */
	uint64_t index;
	struct {
		uint32_t len;
		char p[VALUE_MAX];
	} value[VALUES];
};

static struct kt_str value(const struct store *s, enum value v)
{
	return (struct kt_str){s->value[v].p, s->value[v].len};
}

static void take(struct store *s, enum value v, struct kt_str text)
{
	s->value[v].len = text.len < VALUE_MAX ? text.len : VALUE_MAX;
	if (s->value[v].len > 0)
		memcpy(s->value[v].p, text.p, s->value[v].len);
}

/* A name in quotes is text; one without is the hexadecimal form of bytes that are no UTF-8. */
static struct kt_str unquoted(struct kt_str s)
{
	if (s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"')
		return kt_str_upto(kt_str_from(s, 1), s.len - 2);
	return s;
}

static bool millis(const struct store *s, enum value v, int64_t *us)
{
	struct kt_str t = value(s, v);
	int64_t ms;

	return kt_json_int(t.p, t.len, &ms) && ms > 0 && kt_epoch_us(KT_EPOCH_UNIX_MS, ms, 0, us);
}

static int set_times(struct store *s, struct kt_record *r)
{
	int64_t us;
	int rc = 0;

	if (millis(s, LAST_MS, &us)) {
		kt_set_utc(r, us);
		kt_rec_str(r, KT_F_TIME_MEANING, "last-connected", 14);
	} else if (millis(s, CREATED_MS, &us)) {
		kt_set_utc(r, us);
		kt_rec_str(r, KT_F_TIME_MEANING, "saved", 5);
	}
	if (millis(s, CREATED_MS, &us))
		rc = kt_rec_time(s->ctx, r, KT_F_ADDED_TIME, us, s->err);
	if (rc == 0 && millis(s, UPDATED_MS, &us))
		rc = kt_rec_time(s->ctx, r, KT_F_MODIFIED_TIME, us, s->err);
	return rc;
}

static int network(struct store *s, const struct kt_xml_event *ev)
{
	struct kt_str name = unquoted(value(s, SSID)), ever = value(s, EVER);
	struct kt_buf path;
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	struct kt_locator loc = {
		.kind = KT_LOC_JSON, .off = ev->open_off, .len = ev->off - ev->open_off};
	char mac[18];
	int rc;

	kt_seen(s->ctx, 1);
	kt_buf_init(&path, 64);
	kt_buf_printf(&path, "/WifiConfigStoreData/NetworkList/Network[%llu]",
		      (unsigned long long)++s->index);
	loc.path = (struct kt_str){(const char *)path.p, (uint32_t)path.len};
	if (name.len == 0) {
		rc = kt_tally_add(&s->skip[NO_NAME], &loc);
		kt_buf_free(&path);
		return rc;
	}
	kt_rec_init(&r, KT_REC_NETWORK, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NETWORK_NAME, name.p, name.len);
	if (kt_mac_text(value(s, BSSID), mac))
		kt_rec_str(&r, KT_F_NETWORK_ID, mac, 17);
	rc = set_times(s, &r);
	kt_rec_str(&r, KT_F_ORIGIN,
		   kt_str_is(ever, "true")    ? "joined"
		   : kt_str_is(ever, "false") ? "never-joined"
					      : "saved-network",
		   kt_str_is(ever, "true")    ? 6
		   : kt_str_is(ever, "false") ? 12
					      : 13);
	kt_rec_str(&r, KT_F_APP, value(s, CREATOR).p, value(s, CREATOR).len);
	kt_raw_add(&raw, "", value(s, SSID));
	kt_raw_add(&raw, " | ", value(s, CREATED_TEXT));
	kt_raw_add(&raw, " | ", value(s, LAST_MS));
	r.raw = kt_raw_str(&raw);
	r.loc = loc;
	if (rc == 0)
		rc = kt_emit(s->ctx, &r, s->err);
	kt_buf_free(&path);
	return rc;
}

/* <string name="X">text</string>, <long name="X" value="1" />: which of ours it is. */
static int which(struct kt_str name)
{
	for (int i = 0; i < VALUES; i++)
		if (kt_str_is(name, value_names[i]))
			return i;
	return -1;
}

static int event(struct store *s, const struct kt_xml_event *ev)
{
	int v;

	if (ev->kind == KT_XML_OPEN && ev->depth == 1)
		s->known = kt_str_is(ev->name, "WifiConfigStoreData");
	if (!s->known)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no WifiConfigStore.xml");
	if (ev->kind == KT_XML_OPEN && s->network_depth == 0 && kt_str_is(ev->name, "Network")) {
		s->network_depth = ev->depth;
		s->open = -1;
		for (int i = 0; i < VALUES; i++)
			s->value[i].len = 0;
		return 0;
	}
	if (s->network_depth == 0)
		return 0;
	if (ev->kind == KT_XML_CLOSE && ev->depth == s->network_depth) {
		s->network_depth = 0;
		return network(s, ev);
	}
	if (ev->kind == KT_XML_OPEN) {
		v = which(kt_xml_attr(ev, "name"));
		s->open = kt_str_is(ev->name, "string") ? v : -1;
		if (v >= 0 && s->open < 0)
			take(s, (enum value)v, kt_xml_attr(ev, "value"));
	} else if (s->open >= 0) {
		take(s, (enum value)s->open, ev->text);
		s->open = -1;
	}
	return 0;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct store *s = kt_alloc(ctx, sizeof(*s));
	struct kt_xml_event ev;
	struct kt_xml *x;
	int r, r2;

	if (s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(s, 0, sizeof(*s));
	s->ctx = ctx;
	s->err = err;
	s->open = -1;
	r = kt_xml_open(kt_in_json(ctx, 0), &x, err);
	if (r < 0)
		return r;
	while ((r = kt_xml_next(x, &ev, err)) == 1) {
		r = event(s, &ev);
		if (r < 0)
			break;
	}
	kt_xml_close(&x);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	if (r == KT_E_FORMAT && !s->known) {
		kt_err_clear(err);
		return KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no WifiConfigStore.xml");
	}
	r2 = kt_tally_flush(ctx, s->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_android_wifi_store = {.id = "android-wifi-store", .parse = parse};
