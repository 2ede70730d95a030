/* SPDX-License-Identifier: EUPL-1.2 */
/* The made-up plan of test_report.c: plugins, wants, items. */
#ifndef KT_TESTS_UNIT_REPORT_PLAN_H
#define KT_TESTS_UNIT_REPORT_PLAN_H

#include "core/plan.h"
#include "core/request.h"

/* -- the plan --------------------------------------------------------------------------------- */

static const struct kt_plugin_info plugins[] = {
	{"android-device", 1, "Device properties, settings and users (Android)",
	 "schema-tested, not device-tested", "A property may be named differently.", 64, 10, 20},
	{"android-location-state", 1, "Last known positions (Android)",
	 "schema-tested, not device-tested",
	 "The phone keeps only the last fix of each provider since it was started.", 64, 10, 20},
	{"media-exif", 2, "Photo metadata (EXIF in JPEG)", "tried on real photos",
	 "Most messaging apps remove positions from photos.", 64, 10, 20},
	{"google-timeline", 1, "Google Maps Timeline, exported on the phone",
	 "schema-tested, not device-tested", "The export exists only if the holder made it.", 64,
	 10, 20},
	{"wifi-networks", 1, "Radio networks (Android)", "schema-tested, not device-tested", "-",
	 64, 10, 20},
};

static const struct kt_want wants[] = {
	{"android-device", KT_REQ_GETPROP, KT_TAKE_OUTPUT, "", 65536},
	{"android-device", KT_REQ_USERS, KT_TAKE_OUTPUT, "", 65536},
	{"android-location-state", KT_REQ_LOCATION, KT_TAKE_OUTPUT, "", 1 << 20},
	{"media-exif", KT_REQ_DCIM, KT_TAKE_RANGES, "*.jpg|*.jpeg", 256 << 10},
	{"media-exif", KT_REQ_PICTURES, KT_TAKE_RANGES, "*.jpg|*.jpeg", 256 << 10},
	{"google-timeline", KT_REQ_DOWNLOAD, KT_TAKE_WHOLE, "timeline*.json", (uint64_t)4 << 30},
	{"google-timeline", KT_REQ_DOCUMENTS, KT_TAKE_WHOLE, "timeline*.json", (uint64_t)4 << 30},
};
static const char *const item_ids[] = {
	"device/getprop",  "device/users",	"fixes/location",     "photos/dcim",
	"photos/pictures", "timeline/download", "timeline/documents",
};
static const uint8_t item_plugin[] = {0, 0, 1, 2, 2, 3, 3};
static const uint8_t item_scope[] = {0, 0, 1, 2, 2, 3, 3};
#define ITEMS (sizeof(wants) / sizeof(wants[0]))

static const char mandate_json[] =
	"{\"necessity\":{\"question\":\"In which country did the applicant stay in May 2024?\","
	"\"less_intrusive_means\":[{\"means\":\"Travel documents were asked "
	"for\",\"result\":\"none at "
	"hand\"},{\"means\":\"Interview\",\"result\":\"places named, dates open\"}],"
	"\"proportionality\":\"Only May 2024 and only places; "
	"no pictures, no messages.\"},\"exclusions\":[\"message-bodies\",\"contacts\",\"pixels\","
	"\"health\",\"cloud\"],\"subject\":{\"minor\":false,\"language\":\"ti\","
	"\"interpreter\":\"present\"},\"retention\":{\"unreleased_days\":90,\"released_until\":"
	"\"case "
	"closed\",\"on_expiry\":\"delete\"}}";

struct fixture {
	char dir[64];
	int fd;
	struct kt_mandate mandate;
	struct kt_signer authoriser, operator_cert;
	struct kt_plan plan;
	struct kt_recstore store;
	char prev[KT_SHA256_HEX];
	unsigned seq;
};

static int64_t at(const char *text)
{
	int64_t us = 0;

	assert_int_equal(kt_time_parse(text, strlen(text), true, &us, NULL, NULL), 0);
	return us;
}

static void make_mandate(struct fixture *f)
{
	static const char *const sources[] = {"android-device", "android-location-state",
					      "media-exif", "google-timeline", "ios-backup"};
	static const char *const ids[] = {"device", "fixes", "photos", "timeline", "backup"};
	struct kt_mandate *m = &f->mandate;
	struct kt_err err = {0};

	assert_int_equal(kt_jdoc_parse(mandate_json, strlen(mandate_json), &m->doc, &err), 0);
	memset(m->sha256, 0x5a, sizeof(m->sha256));
	m->mandate_id = "m-2026-000117";
	m->issuer = "Immigration service, region north";
	m->case_ref = "N-48213";
	m->purpose = "examination of the claim";
	m->mode = "consent";
	m->legal_code = "EX-1";
	m->legal_text = "Example act, section 4, paragraph 2";
	m->question = kt_jv_str(kt_jv_get(kt_jdoc_root(m->doc), "necessity"), "question");
	m->proportionality =
		kt_jv_str(kt_jv_get(kt_jdoc_root(m->doc), "necessity"), "proportionality");
	m->device_kind = "android";
	m->device_identifier = "SIM0001";
	m->subject_language = "ti";
	m->operator_role = "intake-operator";
	m->not_before_us = at("2026-11-20T00:00:00Z");
	m->not_after_us = at("2026-11-27T00:00:00Z");
	m->issued_at_us = at("2026-11-19T14:02:11Z");
	m->max_sessions = 1;
	m->nscope = 5;
	for (size_t i = 0; i < m->nscope; i++) {
		m->scope[i].id = ids[i];
		m->scope[i].source = sources[i];
		m->scope[i].fields = i == 0 ? 1u << KT_G_DEVICE : 0x0fu;
		m->scope[i].from_us = at("2024-05-01T00:00:00Z");
		m->scope[i].to_us = at("2024-06-01T00:00:00Z");
		m->scope[i].max_precision_m = i == 3 ? 100 : 0;
		m->scope[i].undated = i == 0;
		m->scope[i].justification = "Needed to place the stay in May 2024.";
	}
}

static void make_plan(struct fixture *f)
{
	struct kt_plan *p = &f->plan;

	p->n = ITEMS;
	p->form = KT_FORM_PHONE;
	for (size_t i = 0; i < ITEMS; i++) {
		snprintf(p->item[i].id, sizeof(p->item[i].id), "%s", item_ids[i]);
		p->item[i].plugin = &plugins[item_plugin[i]];
		p->item[i].want = &wants[i];
		p->item[i].scope = &f->mandate.scope[item_scope[i]];
		p->item[i].max_bytes = wants[i].max_bytes;
	}
	p->nleft = 1;
	p->left[0] = &plugins[4];
}

#endif
