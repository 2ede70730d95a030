/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-device: what an iPhone, or a backup of one, says about itself: values of lockdownd, of Info.plist
 * and Manifest.plist, and the targets of a backup's links (time zone, carrier). Page:
 * docs/formats/ios-device.md.
 *
 * The input is a property list that keten-device made: "keten-values" says where the values come from,
 * "values" holds them. An element is one value. Only keys that Keten itself asks for are reported.
 */
#include "parsers/plugins/ios_state.h"

#include <string.h>

/* The keys of core/requests.def, once more: a plugin relies on no filter outside itself. */
static const char *const lockdown_keys[] = {
	"DeviceName",
	"ProductType",
	"ProductVersion",
	"BuildVersion",
	"ProductName",
	"SerialNumber",
	"UniqueDeviceID",
	"ModelNumber",
	"RegionInfo",
	"InternationalMobileEquipmentIdentity",
	"InternationalMobileEquipmentIdentity2",
	"MobileEquipmentIdentifier",
	"IntegratedCircuitCardIdentity",
	"InternationalMobileSubscriberIdentity",
	"PhoneNumber",
	"SIMStatus",
	"kCTPostponementInfoServiceProvisioningState",
	"TimeZone",
	"TimeZoneOffsetFromUTC",
	"TimeIntervalSince1970",
	"PasswordProtected",
	"ActivationState",
	"HardwareModel",
	"CPUArchitecture",
	NULL,
};

static const char *const backup_setting_keys[] = {
	"WillEncrypt", "RequiresEncryption", "CloudBackupEnabled", "LastiTunesBackupDate", NULL,
};

static const char *const info_keys[] = {
	"Device Name",
	"Display Name",
	"Product Type",
	"Product Name",
	"Product Version",
	"Build Version",
	"Serial Number",
	"IMEI",
	"IMEI 2",
	"MEID",
	"ICCID",
	"Phone Number",
	"Unique Identifier",
	"Last Backup Date",
	"GUID",
	"Target Identifier",
	"Target Type",
	NULL,
};

static const char *const manifest_keys[] = {
	"Version",
	"Date",
	"SystemDomainsVersion",
	"WasPasscodeSet",
	"IsEncrypted",
	"Lockdown/DeviceName",
	"Lockdown/ProductType",
	"Lockdown/ProductVersion",
	"Lockdown/BuildVersion",
	"Lockdown/SerialNumber",
	"Lockdown/UniqueDeviceID",
	NULL,
};

static const char *const link_keys[] = {
	"DatabaseDomain:timezone/localtime",
	"HomeDomain:Library/Preferences/com.apple.operator_1.plist",
	"HomeDomain:Library/Preferences/com.apple.operator_2.plist",
	"HomeDomain:Library/Preferences/com.apple.operator.plist",
	"HomeDomain:Library/Preferences/com.apple.carrier_1.plist",
	"HomeDomain:Library/Preferences/com.apple.carrier_2.plist",
	"HomeDomain:Library/Preferences/com.apple.carrier.plist",
	NULL,
};

struct source {
	const char *source, *domain, *origin;
	const char *const *keys;
	enum kt_rec_type type;
};

static const struct source sources[] = {
	{"lockdown", "", "lockdown", lockdown_keys, KT_REC_PROPERTY},
	{"lockdown", "com.apple.mobile.backup", "lockdown", backup_setting_keys, KT_REC_SETTING},
	{"info.plist", "", "backup-info", info_keys, KT_REC_PROPERTY},
	{"manifest.plist", "", "backup-manifest", manifest_keys, KT_REC_PROPERTY},
	{"manifest-links", "", "backup-link", link_keys, KT_REC_PROPERTY},
};

static void set_value(struct kt_record *r, struct kt_str value)
{
	for (unsigned i = 0; i < r->nattrs; i++)
		if (r->attr[i].field == KT_F_VALUE)
			r->attr[i].s = value;
}

/* -- values with a meaning of their own ------------------------------------------------------- */

/* The phone's clock at the moment of asking: as a time, under the name that other phones' has. */
static int clock_value(struct kt_ios *s, struct kt_pl v)
{
	char text[KT_TIME_TEXT];
	struct kt_record r;
	int64_t us;

	if (!kt_pl_scaled(v, 6, &us) || us < KT_TIME_MIN || us > KT_TIME_MAX)
		return kt_ios_skip(s, KT_IOS_ODD);
	if (!kt_ios_record(s, &r, KT_REC_PROPERTY, "clock", v))
		return 0;
	set_value(&r, kt_str_c(kt_time_text(us, text)));
	kt_rec_str(&r, KT_F_ORIGIN, "lockdown", 8);
	return kt_ios_emit(s, &r);
}

/* What stands behind a piece of text, up to the end of it; empty when the piece is not there. */
static struct kt_str behind(struct kt_str s, const char *piece)
{
	size_t n = strlen(piece);
	const char *at = s.len >= n ? memmem(s.p, s.len, piece, n) : NULL;

	return at != NULL ? kt_str_from(s, (size_t)(at - s.p) + n) : kt_str_upto(s, 0);
}

/* .../zoneinfo/<Area>/<City> names the zone; a bundle "carrier+20820" the country and network codes. */
static void link_target(struct kt_record *r, const char *key, struct kt_str target)
{
	struct kt_str zone = behind(target, "/zoneinfo/"), code = behind(target, "carrier+");
	size_t digits = kt_str_digits(code);

	if (strcmp(key, link_keys[0]) == 0) {
		if (zone.len > 0) {
			set_value(r, zone);
			kt_rec_str(r, KT_F_TIME_ZONE, zone.p, zone.len);
		}
	} else if (digits == 5 || digits == 6) {
		set_value(r, kt_str_upto(code, digits));
		kt_rec_str(r, KT_F_MCC, code.p, 3);
		kt_rec_str(r, KT_F_MNC, code.p + 3, digits - 3);
	}
}

static void extra(struct kt_record *r, const char *key, struct kt_pl v)
{
	struct kt_str text = {"", 0};
	int64_t n;

	kt_pl_text(v, &text);
	if (strcmp(key, "TimeZone") == 0)
		kt_rec_str(r, KT_F_TIME_ZONE, text.p, text.len);
	else if (strcmp(key, "TimeZoneOffsetFromUTC") == 0 && kt_pl_scaled(v, 0, &n) && n % 60 == 0)
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, n / 60);
	else if (strcmp(key, "IntegratedCircuitCardIdentity") == 0 || strcmp(key, "ICCID") == 0)
		kt_ios_sim_issuer(r, text);
	else if (strchr(key, ':') != NULL)
		link_target(r, key, text);
}

/* -- the list --------------------------------------------------------------------------------- */

static int value(struct kt_ios *s, const struct source *from, struct kt_str name, struct kt_pl v)
{
	const char *key = kt_ios_listed(from->keys, name);
	struct kt_record r;

	if (key == NULL)
		return kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
	if (strcmp(key, "TimeIntervalSince1970") == 0)
		return clock_value(s, v);
	if (!kt_ios_record(s, &r, from->type, key, v))
		return 0;
	kt_rec_str(&r, KT_F_ORIGIN, from->origin, strlen(from->origin));
	extra(&r, key, v);
	return kt_ios_emit(s, &r);
}

static int values(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), head = kt_pl_get(root, "keten-values");
	struct kt_pl_iter it;
	struct kt_str source, domain = {"", 0}, name;
	const struct source *from = NULL;
	struct kt_pl v;
	int r = 0;

	kt_pl_text(kt_pl_get(head, "domain"), &domain);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (kt_pl_text(kt_pl_get(head, "source"), &source) &&
		    kt_str_is(source, sources[i].source) && kt_str_is(domain, sources[i].domain))
			from = &sources[i];
	if (from == NULL || kt_pl_type(kt_pl_get(root, "values")) != KT_PL_DICT)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no values of a device");
	kt_keypath_key(&s->path, kt_str_c("values"));
	kt_pl_iter_init(&it, kt_pl_get(root, "values"));
	while (r >= 0 && kt_pl_iter_next(&it, &name, &v)) {
		size_t before = kt_keypath_key(&s->path, name);

		r = value(s, from, name, v);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "values of a device", &s, err);

	if (r >= 0)
		r = values(s);
	return kt_ios_close(&s, r);
}

const struct kt_parser kt_parser_ios_device = {.id = "ios-device", .parse = parse};
