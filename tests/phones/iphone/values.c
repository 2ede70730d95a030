/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lockdown values. The device, its numbers and its names are invented; the numbers keep the form
 * of real ones (an IMEI of a test range, ICCID of 89...), nothing more.
 */
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

static const struct sim_value defaults[] = {
	{"", "ActivationState", 's', "Activated", false},
	{"", "BasebandVersion", 's', "3.05.00", false},
	{"", "BluetoothAddress", 's', "02:00:00:00:00:02", false},
	{"", "BuildVersion", 's', "21F90", false},
	{"", "CPUArchitecture", 's', "arm64e", false},
	{"", "DeviceClass", 's', "iPhone", false},
	{"", "DeviceColor", 's', "1", false},
	{"", "DeviceName", 's', "Simulated iPhone", false},
	{"", "HardwareModel", 's', "D17AP", false},
	{"", "HostAttached", 'b', "true", false},
	{"", "IntegratedCircuitCardIdentity", 's', "8900000000000000017", false},
	{"", "InternationalMobileEquipmentIdentity", 's', "004999010640000", false},
	{"", "InternationalMobileEquipmentIdentity2", 's', "004999010640018", false},
	{"", "InternationalMobileSubscriberIdentity", 's', "001010000000001", false},
	{"", "MobileEquipmentIdentifier", 's', "00499901064000", false},
	{"", "MobileSubscriberCountryCode", 's', "001", false},
	{"", "MobileSubscriberNetworkCode", 's', "01", false},
	{"", "ModelNumber", 's', "MSIM1", false},
	{"", "PasswordProtected", 'b', "false", false},
	{"", "PhoneNumber", 's', "+00 0 0000001", false},
	{"", "ProductName", 's', "iPhone OS", false},
	{"", "ProductType", 's', "iPhone14,5", false},
	{"", "ProductVersion", 's', "17.5.1", false},
	{"", "ProtocolVersion", 's', "2", false},
	{"", "RegionInfo", 's', "ZD/A", false},
	{"", "SIMStatus", 's', "kCTSIMSupportSIMStatusReady", false},
	{"", "SerialNumber", 's', "SIMPHONE0001", false},
	{"", "TelephonyCapability", 'b', "true", false},
	{"", "TimeZone", 's', "Europe/Lisbon", false},
	{"", "TimeZoneOffsetFromUTC", 'r', "0", false},
	{"", "TrustedHostAttached", 'b', "true", false},
	{"", "UniqueChipID", 'i', "4660", false},
	{"", "UniqueDeviceID", 's', "00008110-00AB12CD34EF5678", false},
	{"", "Uses24HourClock", 'b', "true", false},
	{"", "WiFiAddress", 's', "02:00:00:00:00:01", false},
	{"com.apple.international", "Keyboard", 's', "pt_PT", false},
	{"com.apple.international", "Language", 's', "pt-PT", false},
	{"com.apple.international", "Locale", 's', "pt_PT", false},
	{"com.apple.mobile.backup", "Version", 's', "3.3", false},
	{"com.apple.mobile.backup", "WillEncrypt", 'b', "false", false},
	{"com.apple.mobile.backup", "RequiresEncrypt", 'b', "false", false},
	{"com.apple.fmip", "IsAssociated", 'b', "true", false},
	{"com.apple.disk_usage", "TotalDiskCapacity", 'i', "127989493760", false},
	{"com.apple.disk_usage", "TotalSystemCapacity", 'i', "12884901888", false},
	{"com.apple.disk_usage", "TotalDataCapacity", 'i', "115104591872", false},
	{"com.apple.disk_usage", "TotalDataAvailable", 'i', "64000000000", false},
	{"com.apple.disk_usage", "AmountDataAvailable", 'i', "63000000000", false},
	{"com.apple.disk_usage.factory", "TotalDiskCapacity", 'i', "127989493760", false},
	{"com.apple.disk_usage.factory", "TotalDataCapacity", 'i', "115104591872", false},
	{"com.apple.disk_usage.factory", "TotalDataAvailable", 'i', "64000000000", false},
	{"com.apple.mobile.battery", "BatteryCurrentCapacity", 'i', "77", false},
	{"com.apple.mobile.battery", "BatteryIsCharging", 'b', "true", false},
	{"com.apple.mobile.battery", "ExternalConnected", 'b', "true", false},
	{"com.apple.mobile.battery", "FullyCharged", 'b', "false", false},
	{"com.apple.mobile.iTunes", "MinITunesVersion", 's', "12.13", false},
};

/* What a phone tells a host that it does not trust (yet). */
static const char *const unpaired[] = {
	"BluetoothAddress", "BuildVersion",	 "CPUArchitecture",	"DeviceClass",
	"DeviceColor",	    "DeviceName",	 "DevicePublicKey",	"HardwareModel",
	"HostAttached",	    "PasswordProtected", "ProductName",		"ProductType",
	"ProductVersion",   "ProtocolVersion",	 "TelephonyCapability", "UniqueChipID",
	"UniqueDeviceID",   "WiFiAddress",
};

static const struct {
	const char *alias, *key;
} aliases[] = {
	{"udid", "UniqueDeviceID"},
	{"serial", "SerialNumber"},
	{"name", "DeviceName"},
	{"imei", "InternationalMobileEquipmentIdentity"},
	{"imei2", "InternationalMobileEquipmentIdentity2"},
	{"imsi", "InternationalMobileSubscriberIdentity"},
	{"iccid", "IntegratedCircuitCardIdentity"},
	{"phone-number", "PhoneNumber"},
};

void sim_values_init(struct sim_values *v)
{
	memset(v, 0, sizeof(*v));
	v->n = sizeof(defaults) / sizeof(defaults[0]);
	memcpy(v->list, defaults, sizeof(defaults));
}

static struct sim_value *find(struct sim_values *v, const char *domain, const char *key)
{
	for (unsigned i = 0; i < v->n; i++)
		if (!strcmp(v->list[i].domain, domain) && !strcmp(v->list[i].key, key))
			return &v->list[i];
	return NULL;
}

static int set(struct sim_values *v, const char *domain, const char *key, const char *text)
{
	struct sim_value *value = find(v, domain, key);

	if (!value) {
		if (v->n == SIM_VALUES_MAX)
			return -1;
		value = &v->list[v->n++];
		*value = (struct sim_value){
			.domain = strdup(domain), .key = strdup(key), .type = 's'};
	}
	value->removed = !*text;
	value->text = strdup(text);
	return value->domain && value->key && value->text ? 0 : -1;
}

int sim_values_set(struct sim_values *v, const char *setting)
{
	char copy[1024];
	char *equals, *colon, *key = copy;
	const char *domain = "";

	if (snprintf(copy, sizeof(copy), "%s", setting) >= (int)sizeof(copy))
		return -1;
	equals = strchr(copy, '=');
	if (!equals || equals == copy)
		return -1;
	*equals = '\0';
	if (!strcmp(key, "clock-offset")) {
		v->clock_offset = strtoll(equals + 1, NULL, 10);
		return 0;
	}
	colon = strchr(copy, ':');
	if (colon) {
		*colon = '\0';
		domain = copy;
		key = colon + 1;
	}
	for (unsigned i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(key, aliases[i].alias))
			return set(v, domain, aliases[i].key, equals + 1);
	return set(v, domain, key, equals + 1);
}

int sim_values_file(struct sim_values *v, const char *path)
{
	char line[1024];
	int number = 0, r = 0;
	FILE *f = fopen(path, "re");

	if (!f) {
		perror(path);
		return -1;
	}
	while (r == 0 && fgets(line, sizeof(line), f)) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (*line && *line != '#' && sim_values_set(v, line) < 0) {
			fprintf(stderr, "%s:%d: not [DOMAIN:]KEY=VALUE\n", path, number);
			r = -1;
		}
	}
	fclose(f);
	return r;
}

const char *sim_values_text(const struct sim_values *v, const char *domain, const char *key)
{
	for (unsigned i = 0; i < v->n; i++)
		if (!strcmp(v->list[i].domain, domain) && !strcmp(v->list[i].key, key))
			return v->list[i].removed ? "" : v->list[i].text;
	return "";
}

/* Another UDID of the same form: its last digit differs. */
static void alter(char *udid)
{
	size_t n = strlen(udid);

	if (n)
		udid[n - 1] = udid[n - 1] == '0' ? '1' : '0';
}

const char *sim_mux_serial(const struct sim *s, unsigned device, char *buf)
{
	const char *other = sim_fault_text(&s->cfg.faults, FAULT_TWO_PHONES, NULL);

	snprintf(buf, 64, "%s",
		 device && other ? other : sim_values_text(&s->cfg.values, "", "UniqueDeviceID"));
	if (device && !other && strlen(buf) > 2) {
		buf[strlen(buf) - 2] = buf[strlen(buf) - 2] == 'F' ? 'E' : 'F';
		buf[strlen(buf) - 1] = 'F';
	}
	return buf;
}

const char *sim_udid(const struct sim *s, unsigned device, char *buf)
{
	sim_mux_serial(s, device, buf);
	if (sim_fault(&s->cfg.faults, FAULT_OTHER_UDID))
		alter(buf);
	return buf;
}

static plist_t typed(char type, const char *text)
{
	switch (type) {
	case 'b':
		return plist_new_bool(!strcmp(text, "true") || !strcmp(text, "1"));
	case 'i':
		return plist_new_uint(strtoull(text, NULL, 10));
	case 'r':
		return plist_new_real(strtod(text, NULL));
	default:
		return plist_new_string(text);
	}
}

static plist_t value_of(const struct sim *s, unsigned device, const struct sim_value *value)
{
	char buf[64];

	if (!*value->domain && !strcmp(value->key, "UniqueDeviceID"))
		return plist_new_string(sim_udid(s, device, buf));
	if (!*value->domain && device && !strcmp(value->key, "DeviceName"))
		return plist_new_string("Second Phone");
	if (!*value->domain && device && !strcmp(value->key, "SerialNumber"))
		return plist_new_string("SIMPHONE0002");
	if (!strcmp(value->key, "PasswordProtected") && sim_fault(&s->cfg.faults, FAULT_LOCKED))
		return plist_new_bool(1);
	if (!strcmp(value->key, "WillEncrypt") && s->cfg.password)
		return plist_new_bool(1);
	return typed(value->type, value->text);
}

/* Values that are made anew for each question. */
static plist_t computed(const struct sim *s, const char *domain, const char *key)
{
	struct timespec now;

	if (*domain)
		return NULL;
	if (!strcmp(key, "DevicePublicKey"))
		return plist_new_data(s->public_pem, strlen(s->public_pem));
	if (strcmp(key, "TimeIntervalSince1970") != 0)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	return plist_new_real((double)(now.tv_sec + s->cfg.values.clock_offset) +
			      (double)now.tv_nsec / 1e9);
}

static bool open_to_all(const char *domain, const char *key)
{
	for (unsigned i = 0; !*domain && i < sizeof(unpaired) / sizeof(unpaired[0]); i++)
		if (!strcmp(unpaired[i], key))
			return true;
	return false;
}

plist_t sim_values_get(const struct sim *s, unsigned device, const char *domain, const char *key,
		       bool paired, bool *prohibited)
{
	const struct sim_values *v = &s->cfg.values;

	*prohibited = !paired && !open_to_all(domain, key);
	if (*prohibited)
		return NULL;
	for (unsigned i = 0; i < v->n; i++)
		if (!strcmp(v->list[i].domain, domain) && !strcmp(v->list[i].key, key))
			return v->list[i].removed ? NULL : value_of(s, device, &v->list[i]);
	return computed(s, domain, key);
}

plist_t sim_values_domain(const struct sim *s, unsigned device, const char *domain, bool paired)
{
	static const char *const more[] = {"DevicePublicKey", "TimeIntervalSince1970"};
	const struct sim_values *v = &s->cfg.values;
	plist_t all = plist_new_dict();

	for (unsigned i = 0; i < v->n; i++) {
		const struct sim_value *value = &v->list[i];

		if (!value->removed && !strcmp(value->domain, domain) &&
		    (paired || open_to_all(domain, value->key)))
			plist_dict_set_item(all, value->key, value_of(s, device, value));
	}
	for (unsigned i = 0; !*domain && i < 2; i++)
		if (paired || open_to_all("", more[i]))
			plist_dict_set_item(all, more[i], computed(s, "", more[i]));
	return all;
}
