/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/pki.h"

#include "core/buf.h"
#include "core/mandate.h"
#include "core/record.h"
#include "core/request.h"
#include "core/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIGN_USAGE "critical,digitalSignature,nonRepudiation"
#define DAY	   (INT64_C(86400) * KT_US_PER_S)

static const char good_json[] =
	"{\n"
	"  \"format\": \"keten-mandate-1\",\n"
	"  \"mandate_id\": \"M-2026.1\",\n"
	"  \"issuer\": \"Intake Desk, Team 3\",\n"
	"  \"case_ref\": \"CASE-1\",\n"
	"  \"purpose\": \"identity\",\n"
	"  \"legal_basis\": {\"code\": \"LAW-1\", \"text\": \"Rule one\"},\n"
	"  \"mode\": \"consent\",\n"
	"  \"necessity\": {\"question\": \"Where from?\",\n"
	"    \"less_intrusive_means\": [{\"means\": \"Papers\", \"result\": \"None\"}],\n"
	"    \"proportionality\": \"Limited to one month\"},\n"
	"  \"scope\": [\n"
	"    {\"id\": \"photos\", \"source\": \"media-exif\", \"fields\": [\"time\", "
	"\"position\"],\n"
	"     \"from\": \"2026-01-01\", \"to\": \"2026-02-01T00:00:00+01:00\", "
	"\"max_precision_m\": 100,\n"
	"     \"max_object_bytes\": 65536, \"undated\": \"include\", \"justification\": "
	"\"Travel\"},\n"
	"    {\"id\": \"timeline\", \"source\": \"google-timeline\", \"fields\": [\"time\"],\n"
	"     \"from\": \"2026-01-01\", \"to\": \"2026-02-01\", \"max_precision_m\": 0,\n"
	"     \"justification\": \"Travel\"}],\n"
	"  \"exclusions\": [\"message-bodies\", \"contacts\", \"pixels\", \"health\", \"cloud\"],\n"
	"  \"device\": {\"kind\": \"android\", \"identifier\": \"SERIAL-1\"},\n"
	"  \"subject\": {\"minor\": false, \"language\": \"ti-ER\", \"interpreter\": \"I-7\"},\n"
	"  \"operator_role\": \"Intake officer\",\n"
	"  \"release\": {\"two_stage\": true},\n"
	"  \"retention\": {\"unreleased_days\": 30, \"released_until\": \"2027-01-01\",\n"
	"    \"on_expiry\": \"erase-key\"},\n"
	"  \"not_before\": \"2026-03-01T08:00:00Z\",\n"
	"  \"not_after\": \"2026-03-15T08:00:00Z\",\n"
	"  \"max_sessions\": 3,\n"
	"  \"issued_at\": \"2026-03-01T07:30:00Z\"\n"
	"}\n";

/* The good mandate with the first from replaced by to. */
static void edit(struct kt_buf *b, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	kt_buf_reset(b);
	if (at == NULL)
		fail_msg("the good mandate does not hold %s", from);
	kt_buf_put(b, text, (size_t)(at - text));
	kt_buf_puts(b, to);
	kt_buf_puts(b, at + strlen(from));
	assert_non_null(kt_buf_cstr(b));
}

static void must_refuse(const char *p, size_t n, const char *defect)
{
	struct kt_err err = {0};
	struct kt_mandate *m;
	int r = kt_mandate_parse(p, n, &m, &err);
	const char *text = kt_err_text(&err);
	size_t len = strlen(defect);

	if (r != KT_E_REFUSED || strncmp(text, defect, len) != 0 ||
	    strncmp(text + len, ": ", 2) != 0)
		fail_msg("wanted %s, got %d %s", defect, r, text);
	/* a text that was cut can't end in what to do next */
	assert_true(strlen(text) < KT_ERR_TEXT - 1);
	assert_null(m);
}

static void reads_a_good_mandate(void **state)
{
	struct kt_err err = {0};
	struct kt_mandate *m;
	const struct kt_scope *s;
	int64_t t;

	(void)state;
	assert_int_equal(kt_mandate_parse(good_json, sizeof(good_json) - 1, &m, &err), 0);
	assert_string_equal(m->mandate_id, "M-2026.1");
	assert_string_equal(m->legal_code, "LAW-1");
	assert_string_equal(m->question, "Where from?");
	assert_string_equal(m->device_identifier, "SERIAL-1");
	assert_true(m->two_stage && !m->subject_minor);
	assert_int_equal(m->max_sessions, 3);
	assert_int_equal(m->nscope, 2);
	s = kt_mandate_scope(m, "media-exif");
	assert_non_null(s);
	assert_int_equal(s->fields, 1u << KT_G_TIME | 1u << KT_G_POSITION);
	kt_time_from_civil(2026, 1, 1, 0, 0, 0, &t);
	assert_int_equal(s->from_us, t);
	kt_time_from_civil(2026, 1, 31, 23, 0, 0, &t);
	assert_int_equal(s->to_us, t);
	assert_int_equal(s->max_precision_m, 100);
	assert_int_equal(s->max_object_bytes, 65536);
	assert_true(s->undated);
	s = kt_mandate_scope(m, "google-timeline");
	assert_false(s->undated);
	assert_int_equal(s->max_object_bytes, 0);
	assert_null(kt_mandate_scope(m, "android-device"));
	kt_mandate_free(&m);
	assert_null(m);
	kt_mandate_free(&m);
	kt_mandate_free(NULL);
}

#define KIND "\"kind\": \"android\""

/* What may be read: the phone alone, unless device.forms says otherwise. */
static void reads_the_forms(void **state)
{
	static const struct {
		const char *member;
		unsigned forms;
	} good[] = {
		{"", KT_FORM_PHONE},
		{", \"forms\": [\"phone\"]", KT_FORM_PHONE},
		{", \"forms\": [\"image\"]", KT_FORM_IMAGE},
		{", \"forms\": [\"file\", \"phone\"]", KT_FORM_FILE | KT_FORM_PHONE},
		{", \"forms\": [\"backup\", \"carrier\", \"backup\"]",
		 KT_FORM_BACKUP | KT_FORM_CARRIER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct kt_err err = {0};
		struct kt_mandate *m;
		char member[128];
		struct kt_buf b;

		snprintf(member, sizeof(member), KIND "%s", good[i].member);
		kt_buf_init(&b, 0);
		edit(&b, good_json, KIND, member);
		if (kt_mandate_parse(b.p, b.len, &m, &err) < 0)
			fail_msg("%s: %s", good[i].member, kt_err_text(&err));
		assert_int_equal(m->device_forms, good[i].forms);
		kt_mandate_free(&m);
		kt_buf_free(&b);
	}
}

struct defect {
	const char *from, *to, *name;
};

static const struct defect defects[] = {
	{"keten-mandate-1", "keten-mandate-2", "unknown-format"},
	{"\"format\": \"keten-mandate-1\",", "", "unknown-format"},
	{"\"issuer\"", "\"issuer2\"", "unknown-member"},
	{"\"code\": \"LAW-1\"", "\"code\": \"LAW-1\", \"x\": 1", "unknown-member"},
	{"\"minor\": false", "\"minor\": false, \"nationality\": \"x\"", "unknown-member"},
	{"\"means\": \"Papers\"", "\"means\": \"Papers\", \"more\": 1", "unknown-member"},
	{"\"undated\": \"include\"", "\"undate\": \"include\"", "unknown-member"},
	{"\"kind\": \"android\"", "\"kind\": \"android\", \"imei\": \"1\"", "unknown-member"},
	{KIND, KIND ", \"form\": \"image\"", "unknown-member"},
	{KIND, KIND ", \"forms\": \"image\"", "wrong-type"},
	{KIND, KIND ", \"forms\": []", "bad-value"},
	{KIND, KIND ", \"forms\": [\"cloud\"]", "bad-value"},
	{KIND, KIND ", \"forms\": [\"phone\", \"Image\"]", "bad-value"},
	{KIND, KIND ", \"forms\": [1]", "bad-value"},
	{KIND, KIND ", \"forms\": [[\"phone\"]]", "bad-value"},
	{"\"two_stage\": true", "\"two_stage\": true, \"key\": \"x\"", "unknown-member"},
	{"\"unreleased_days\": 30", "\"unreleased_days\": 30, \"a\\u202eb\": 1", "unknown-member"},
	{"\"issuer\": \"Intake Desk, Team 3\",\n", "", "missing-member"},
	{"\"max_sessions\": 3,", "", "missing-member"},
	{"\"language\": \"ti-ER\",", "", "missing-member"},
	{"\"max_precision_m\": 100,", "", "missing-member"},
	{"{\"kind\": \"android\", \"identifier\": \"SERIAL-1\"}", "{}", "missing-member"},
	{"\"minor\": false", "\"minor\": 0", "wrong-type"},
	{"\"minor\": false", "\"minor\": null", "wrong-type"},
	{"\"max_sessions\": 3", "\"max_sessions\": \"3\"", "wrong-type"},
	{"{\"two_stage\": true}", "[]", "wrong-type"},
	{"{\"means\": \"Papers\", \"result\": \"None\"}", "\"Papers\"", "wrong-type"},
	{"\"mode\": \"consent\"", "\"mode\": \"consent\", \"mode\": \"order\"", "duplicate-key"},
	{"\"code\": \"LAW-1\"", "\"code\": \"LAW-1\", \"co\\u0064e\": \"LAW-2\"", "duplicate-key"},
	{"\"max_sessions\": 3", "\"max_sessions\": 3.0", "not-json"},
	{"\"max_sessions\": 3,", "\"max_sessions\": 3", "not-json"},
	{"Rule one", "Rule \xff one", "not-json"},
	{"Rule one", "Rule \\u0000 one", "not-json"},
	{"Rule one", "Rule \\u0007 one", "bad-text"},
	{"\"issuer\": \"Intake Desk, Team 3\"", "\"issuer\": \" \"", "bad-text"},
	{"\"Intake officer\"", "\"<who may operate>\"", "placeholder"},
	{"\"question\": \"Where from?\"", "\"question\": \"<what is to be found out>\"",
	 "placeholder"},
	{"M-2026.1", "M/2026", "bad-id"},
	{"M-2026.1", "..", "bad-id"},
	{"M-2026.1", "M2345678901234567890123456789012345678901234567890123456789012345", "bad-id"},
	{"\"max_sessions\": 3", "\"max_sessions\": 3, \"supersedes\": \"M-2026.1\"", "bad-id"},
	{"\"id\": \"photos\"", "\"id\": \"Photos\"", "bad-id"},
	{"SERIAL-1", "SERIAL 1", "bad-id"},
	{"\"two_stage\": true", "\"two_stage\": true, \"releasers\": [\"abc\"]", "bad-id"},
	{"\"purpose\": \"identity\"", "\"purpose\": \"curiosity\"", "bad-value"},
	{"\"mode\": \"consent\"", "\"mode\": \"force\"", "bad-value"},
	{"\"kind\": \"android\"", "\"kind\": \"symbian\"", "bad-value"},
	{"\"undated\": \"include\"", "\"undated\": \"maybe\"", "bad-value"},
	{"\"on_expiry\": \"erase-key\"", "\"on_expiry\": \"keep\"", "bad-value"},
	{"\"max_sessions\": 3", "\"max_sessions\": 0", "bad-number"},
	{"\"max_sessions\": 3", "\"max_sessions\": 21", "bad-number"},
	{"\"max_precision_m\": 100", "\"max_precision_m\": -1", "bad-number"},
	{"\"max_object_bytes\": 65536", "\"max_object_bytes\": 0", "bad-number"},
	{"\"unreleased_days\": 30", "\"unreleased_days\": 0", "bad-number"},
	{"\"2026-03-01T08:00:00Z\"", "\"2026-03-01T08:00:00\"", "bad-time"},
	{"\"2026-03-01T08:00:00Z\"", "\"2026-03-01\"", "bad-time"},
	{"\"from\": \"2026-01-01\"", "\"from\": \"2026-02-30\"", "bad-time"},
	{"\"to\": \"2026-02-01T00:00:00+01:00\"", "\"to\": \"2026-02-01T00:00:00\"", "bad-time"},
	{"\"legal_basis\": {\"code\": \"LAW-1\", \"text\": \"Rule one\"},", "", "no-legal-basis"},
	{"LAW-1", "", "no-legal-basis"},
	{"Rule one", "  ", "no-legal-basis"},
	{"\"question\": \"Where from?\",", "", "no-necessity"},
	{"Where from?", "", "no-necessity"},
	{"[{\"means\": \"Papers\", \"result\": \"None\"}]", "[]", "no-necessity"},
	{"\"result\": \"None\"", "\"result\": \"\"", "no-necessity"},
	{"Limited to one month", "", "no-necessity"},
	{"\"id\": \"timeline\"", "\"id\": \"photos\"", "scope-duplicate"},
	{"\"source\": \"google-timeline\"", "\"source\": \"media-exif\"", "scope-duplicate"},
	{"\"fields\": [\"time\"]", "\"fields\": []", "fields-empty"},
	{"\"fields\": [\"time\"],", "", "fields-empty"},
	{"\"fields\": [\"time\"]", "\"fields\": [\"time\", \"messages\"]", "unknown-field"},
	{"\"fields\": [\"time\"]", "\"fields\": [1]", "unknown-field"},
	{"\"from\": \"2026-01-01\", ", "", "empty-window"},
	{"\"from\": \"2026-01-01\"", "\"from\": \"\"", "empty-window"},
	{"\"from\": \"2026-01-01\"", "\"from\": \"2026-02-02\"", "empty-window"},
	{"\"from\": \"2026-01-01\"", "\"from\": \"2026-01-31T23:00:00Z\"", "empty-window"},
	{"\"contacts\", ", "", "exclusion-missing"},
	{"\"cloud\"]", "\"cloud\", \"media-exif\"]", "exclusion-contradicts"},
	{"\"minor\": false", "\"minor\": true", "minor-without-representative"},
	{"2026-03-15T08:00:00Z", "2026-03-15T08:00:01Z", "validity-too-long"},
	{"2026-03-15T08:00:00Z", "2026-03-01T08:00:00Z", "validity-empty"},
	{"2026-03-01T07:30:00Z", "2026-03-15T08:00:01Z", "issued-after-end"},
};

static void refuses_every_defect_by_name(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
		edit(&b, good_json, defects[i].from, defects[i].to);
		must_refuse((const char *)b.p, b.len, defects[i].name);
	}
	kt_buf_free(&b);
}

static void refuses_defects_of_whole_parts(void **state)
{
	const char *scope = strstr(good_json, "  \"scope\""), *excl = strstr(good_json, "  \"excl");
	const char *need = strstr(good_json, "  \"necessity\"");
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, (size_t)1 << 20);
	kt_buf_put(&b, good_json, (size_t)(scope - good_json));
	kt_buf_puts(&b, excl);
	must_refuse((const char *)b.p, b.len, "scope-empty");
	kt_buf_reset(&b);
	kt_buf_put(&b, good_json, (size_t)(scope - good_json));
	kt_buf_puts(&b, "\"scope\": [],");
	kt_buf_puts(&b, excl);
	must_refuse((const char *)b.p, b.len, "scope-empty");
	kt_buf_reset(&b);
	kt_buf_put(&b, good_json, (size_t)(need - good_json));
	kt_buf_puts(&b, scope);
	must_refuse((const char *)b.p, b.len, "no-necessity");
	kt_buf_reset(&b);
	kt_buf_put(&b, good_json, (size_t)(scope - good_json));
	kt_buf_puts(&b, "\"scope\": [0");
	for (int i = 0; i < 64; i++)
		kt_buf_puts(&b, ",0");
	kt_buf_puts(&b, "],");
	kt_buf_puts(&b, excl);
	must_refuse((const char *)b.p, b.len, "too-many");
	kt_buf_reset(&b);
	for (int i = 0; i < 300; i++)
		kt_buf_printf(&b, "%1024s", "");
	must_refuse((const char *)b.p, b.len, "too-large");
	must_refuse("", 0, "not-json");
	must_refuse("[]", 2, "unknown-format");
	must_refuse("\"x\"", 3, "unknown-format");
	kt_buf_free(&b);
}

/* Cut at every byte, and every bit turned once: refused or read, never a crash. */
static void survives_mutation(void **state)
{
	size_t n = sizeof(good_json) - 1;
	char *b = malloc(n);
	struct kt_mandate *m;

	(void)state;
	assert_non_null(b);
	for (size_t i = 0; i < n - 1; i++) {
		struct kt_err err = {0};
		assert_int_equal(kt_mandate_parse(good_json, i, &m, &err), KT_E_REFUSED);
		memcpy(b, good_json, n);
		b[i] = (char)(b[i] ^ 1 << (i % 8));
		if (kt_mandate_parse(b, n, &m, &err) == 0)
			kt_mandate_free(&m);
	}
	free(b);
}

/* The template is refused as it is, and is a mandate once each placeholder is filled in. */
static void template_can_be_filled_in(void **state)
{
	static const char *const values[] = {
		"M-1",
		"Desk",
		"C-1",
		"security",
		"L",
		"Rule",
		"order",
		"Q",
		"Tried",
		"Not enough",
		"Small",
		"photos",
		"media-exif",
		"2026-01-01",
		"2026-02-01",
		"Because",
		"SER",
		"nl",
		"Officer",
		"2027-01-01",
		"2026-03-01T08:00:00Z",
		"2026-03-15T08:00:00Z",
		"2026-03-01T08:00:00Z",
	};
	const char *p = kt_mandate_template();
	struct kt_err err = {0};
	struct kt_mandate *m;
	struct kt_buf b;
	size_t k = 0;

	(void)state;
	must_refuse(p, strlen(p), "placeholder");
	kt_buf_init(&b, 0);
	while (*p != '\0') {
		if (*p != '<') {
			kt_buf_putc(&b, *p++);
			continue;
		}
		assert_true(k < sizeof(values) / sizeof(values[0]));
		kt_buf_puts(&b, values[k++]);
		p = strchr(p, '>') + 1;
	}
	assert_int_equal(k, sizeof(values) / sizeof(values[0]));
	if (kt_mandate_parse(b.p, b.len, &m, &err) < 0)
		fail_msg("%s", kt_err_text(&err));
	kt_mandate_free(&m);
	kt_buf_free(&b);
}

/* -- with signature --------------------------------------------------------------------------- */

static struct pki_cert ca, rogue_ca, auth, auth2, plain, oper;
static struct kt_trust *trust;
static char trust_dir[64];
static int64_t noon; /* inside the good mandate */

static int make_pki(void **state)
{
	const struct pki_spec ca_spec = {.name = "CA", .ca = true, .from_s = -3650 * PKI_DAY};
	struct pki_spec leaf = {.name = "Authoriser",
				.usage = SIGN_USAGE,
				.authoriser = true,
				.from_s = -3650 * PKI_DAY};

	(void)state;
	kt_crypto_init(NULL);
	ca = pki_make(&ca_spec, NULL);
	rogue_ca = pki_make(&ca_spec, NULL);
	auth = pki_make(&leaf, &ca);
	leaf.name = "Second authoriser";
	auth2 = pki_make(&leaf, &ca);
	leaf.authoriser = false;
	leaf.name = "Somebody";
	plain = pki_make(&leaf, &ca);
	leaf.name = "Operator";
	oper = pki_make(&leaf, &ca);
	pki_dir(trust_dir);
	pki_write_pem(trust_dir, "ca.pem", ca.x);
	kt_time_from_civil(2026, 3, 5, 12, 0, 0, &noon);
	return kt_trust_load(trust_dir, &trust, NULL);
}

static int drop_pki(void **state)
{
	struct pki_cert *all[] = {&ca, &rogue_ca, &auth, &auth2, &plain, &oper};
	char path[96];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		pki_free(all[i]);
	kt_trust_free(&trust);
	snprintf(path, sizeof(path), "%s/ca.pem", trust_dir);
	unlink(path);
	return rmdir(trust_dir);
}

static struct kt_signer facts(const struct pki_cert *c)
{
	struct kt_signer s;
	char pem[4096];
	size_t n = pki_pem(c->x, pem, sizeof(pem));

	assert_int_equal(kt_cert_facts(pem, n, trust, noon, &s, NULL), 0);
	return s;
}

/* Signs the good mandate as c and checks it. defect NULL: must pass. */
static void check_signed(const struct pki_cert *c, X509 *extra, const struct kt_mandate_use *use,
			 const char *defect)
{
	size_t n = sizeof(good_json) - 1, len;
	struct kt_err err = {0};
	struct kt_mandate *m;
	struct kt_signer s;
	unsigned char *p7s = pki_sign(c, extra, good_json, n, CMS_CADES, EVP_sha256(), false, &len);
	int r;

	assert_int_equal(kt_mandate_parse(good_json, n, &m, &err), 0);
	r = kt_mandate_check(m, good_json, n, p7s, len, use, &s, &err);
	if (defect == NULL && r != 0)
		fail_msg("refused: %s", kt_err_text(&err));
	if (defect != NULL &&
	    (r != KT_E_REFUSED || strncmp(kt_err_text(&err), defect, strlen(defect)) != 0 ||
	     strlen(kt_err_text(&err)) >= KT_ERR_TEXT - 1))
		fail_msg("wanted %s, got %d %s", defect, r, kt_err_text(&err));
	assert_true(s.subject[0] != '\0');
	kt_mandate_free(&m);
	free(p7s);
}

static const char *const sources[] = {"android-device", "media-exif", "google-timeline", NULL};
static const char *const few_sources[] = {"android-device", "media-exif", NULL};

static void checks_who_signed(void **state)
{
	struct pki_cert rogue =
		pki_make(&(struct pki_spec){.name = "Rogue", .authoriser = true}, &rogue_ca);
	struct pki_cert again = pki_make(
		&(struct pki_spec){.name = "A", .from_s = -3650 * PKI_DAY, .same_key = auth.key},
		&ca);
	struct pki_cert enc = pki_make(&(struct pki_spec){.name = "E",
							  .usage = "keyEncipherment",
							  .authoriser = true,
							  .from_s = -3650 * PKI_DAY},
				       &ca);
	struct kt_signer o = facts(&oper);
	struct kt_mandate_use use = {noon, "android", "SERIAL-1", &o, trust, sources, 0};

	(void)state;
	check_signed(&auth, NULL, &use, NULL);
	check_signed(&rogue, rogue_ca.x, &use, "signer-not-trusted");
	check_signed(&plain, NULL, &use, "signer-not-authoriser");
	check_signed(&oper, NULL, &use, "signer-is-operator");
	check_signed(&enc, NULL, &use, "signer-key-usage");
	o = facts(&again);
	check_signed(&auth, NULL, &use, "signer-is-operator"); /* another certificate, same key */
	o = facts(&auth2);
	check_signed(&auth, NULL, &use, "operator-is-authoriser");
	o = facts(&rogue);
	check_signed(&auth, NULL, &use, "operator-not-trusted");
	o = facts(&oper);
	o.may_sign = false;
	check_signed(&auth, NULL, &use, "operator-key-usage");
	pki_free(&rogue);
	pki_free(&again);
	pki_free(&enc);
}

static void checks_the_moment_and_the_phone(void **state)
{
	struct kt_mandate_use use = {noon, "android", "SERIAL-1", NULL, trust, sources, 2};

	(void)state;
	check_signed(&auth, NULL, &use, NULL);
	use.now_us = noon - 5 * DAY;
	check_signed(&auth, NULL, &use, "not-yet-valid");
	use.now_us = noon + 10 * DAY;
	check_signed(&auth, NULL, &use, "expired");
	use.now_us = noon;
	use.sessions_used = 3;
	check_signed(&auth, NULL, &use, "sessions-used-up");
	use.sessions_used = -1;
	use.device_identifier = "SERIAL-2";
	check_signed(&auth, NULL, &use, "wrong-device");
	use.device_identifier = NULL;
	use.device_kind = "ios";
	check_signed(&auth, NULL, &use, "wrong-device");
	use.device_kind = NULL;
	use.sources = few_sources;
	check_signed(&auth, NULL, &use, "unknown-source");
	use.sources = NULL;
	check_signed(&auth, NULL, &use, NULL);
}

static void checks_the_signature(void **state)
{
	struct kt_mandate_use use = {noon, NULL, NULL, NULL, trust, NULL, 0};
	size_t n = sizeof(good_json) - 1, len;
	unsigned char *p7s = pki_sign(&auth, NULL, good_json, n, 0, EVP_sha256(), false, &len);
	unsigned char *sha1 = pki_sign(&auth, NULL, good_json, n, 0, EVP_sha1(), false, &len);
	struct kt_err err = {0};
	struct kt_mandate *m, *other;
	struct kt_buf b;
	size_t p7s_len;

	(void)state;
	free(p7s);
	p7s = pki_sign(&auth, NULL, good_json, n, 0, EVP_sha256(), false, &p7s_len);
	assert_int_equal(kt_mandate_parse(good_json, n, &m, &err), 0);
	assert_int_equal(kt_mandate_check(m, good_json, n, p7s, p7s_len, &use, NULL, &err), 0);
	assert_int_equal(kt_mandate_check(m, good_json, n, NULL, 0, &use, NULL, &err),
			 KT_E_REFUSED);
	assert_int_equal(strncmp(kt_err_text(&err), "signature-missing: ", 19), 0);
	assert_int_equal(kt_mandate_check(m, good_json, n, sha1, len, &use, NULL, &err),
			 KT_E_REFUSED);
	assert_int_equal(strncmp(kt_err_text(&err), "signature-invalid: ", 19), 0);
	/* a mandate that was changed after signing */
	kt_buf_init(&b, 0);
	edit(&b, good_json, "SERIAL-1", "SERIAL-2");
	assert_int_equal(kt_mandate_parse(b.p, b.len, &other, &err), 0);
	assert_int_equal(kt_mandate_check(other, b.p, b.len, p7s, p7s_len, &use, NULL, &err),
			 KT_E_REFUSED);
	assert_int_equal(strncmp(kt_err_text(&err), "signature-invalid: ", 19), 0);
	/* signed bytes and parsed bytes are not the same: a bug of the caller */
	assert_int_equal(kt_mandate_check(other, good_json, n, p7s, p7s_len, &use, NULL, &err),
			 KT_E_INTERNAL);
	use.trust = NULL;
	assert_int_equal(kt_mandate_check(m, good_json, n, p7s, p7s_len, &use, NULL, &err),
			 KT_E_UNDETERMINED);
	kt_mandate_free(&other);
	kt_mandate_free(&m);
	kt_buf_free(&b);
	free(p7s);
	free(sha1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_good_mandate),
		cmocka_unit_test(reads_the_forms),
		cmocka_unit_test(refuses_every_defect_by_name),
		cmocka_unit_test(refuses_defects_of_whole_parts),
		cmocka_unit_test(survives_mutation),
		cmocka_unit_test(template_can_be_filled_in),
		cmocka_unit_test(checks_who_signed),
		cmocka_unit_test(checks_the_moment_and_the_phone),
		cmocka_unit_test(checks_the_signature),
	};

	return cmocka_run_group_tests(tests, make_pki, drop_pki);
}
