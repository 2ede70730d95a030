/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/layout.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/time.h"

/* Who has what: I immediate acquisition, S sealed acquisition, R release, D redaction, N interruption, A other acts. */
enum { I = 1, S = 2, R = 4, D = 8, A = 16, N = 32, ALL = I | S | R | D | A | N };

static const struct {
	const char *name;
	unsigned must, may;
} rules[] = {
	{KT_PKG_MIMETYPE, ALL, 0},
	{KT_PKG_BAGIT, ALL, 0},
	{KT_PKG_BAGINFO, ALL, 0},
	{KT_PKG_MANIFEST, ALL, 0},
	{KT_PKG_TAGS256, ALL, 0},
	{KT_PKG_TAGS512, ALL, 0},
	{KT_PKG_SIGNATURE, ALL, 0},
	{KT_PKG_TOKEN, 0, ALL},
	{KT_PKG_ODF, ALL, 0},
	{KT_PKG_XADES, ALL, 0},
	{KT_PKG_BUILD, ALL, 0},
	{KT_PKG_MANDATE, I | S | R | N, D | A},
	{KT_PKG_MANDATE_SIG, I | S | R | N, D | A},
	{KT_PKG_SECOND_SIG, 0, I | S | A | N},
	{KT_PKG_CUSTODY, I | S | R | N, D | A},
	{KT_PKG_OPEN_TOKEN, 0, I | S | R},
	{KT_PKG_REPORT, I | R, D},
	{KT_PKG_REPORT_HTML, I | R, D},
	{KT_PKG_RUN, I | R, D},
	{KT_PKG_REPORT_DIR, 0, I | R | D},
	{KT_PKG_SEAL, I | S, 0},
	{KT_PKG_SEAL_SIG, I | S, 0},
	{KT_PKG_CASE, I | S, 0},
	{KT_PKG_RELEASE, S, 0},
	{KT_PKG_INDEX_DIR, 0, I | S},
	{KT_PKG_OBJECT_DIR, 0, I | S},
	{KT_PKG_ACT, R | D | A | N, 0},
	{KT_PKG_ATTACH_DIR, 0, R | D | A},
	{KT_PKG_SUBJECT_DIR, 0, I | S | A | N},
};

static const char *const words[KT_PT_COUNT] = {"",
#define X(id, word) word,
					       KT_PKG_TYPES(X)
#undef X
};

const char *kt_pkg_type_word(enum kt_pkg_type t)
{
	return t < KT_PT_COUNT ? words[t] : "";
}

enum kt_pkg_type kt_pkg_type_find(const char *word)
{
	for (unsigned t = 1; t < KT_PT_COUNT; t++)
		if (strcmp(words[t], word) == 0)
			return t;
	return KT_PT_UNKNOWN;
}

static unsigned rule_bit(enum kt_pkg_type t, bool sealed)
{
	switch (t) {
	case KT_PT_UNKNOWN:
	case KT_PT_ACQUISITION:
		return sealed ? S : I;
	case KT_PT_RELEASE:
		return R;
	case KT_PT_REDACTION:
		return D;
	case KT_PT_INTERRUPTION:
		return N;
	default:
		return A;
	}
}

bool kt_pkg_rule(size_t at, enum kt_pkg_type t, bool sealed, struct kt_pkg_rule *rule)
{
	unsigned bit = rule_bit(t, sealed);

	if (at >= sizeof(rules) / sizeof(rules[0]))
		return false;
	rule->name = rules[at].name;
	rule->must = (rules[at].must & bit) != 0;
	rule->may = ((rules[at].must | rules[at].may) & bit) != 0;
	return true;
}

/* Directly in the folder, under a name that is safe. */
static bool lies_in(const char *name, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(name, dir, n) == 0 && kt_pkg_name_ok(name, strlen(name)) &&
	       strchr(name + n, '/') == NULL;
}

bool kt_pkg_allows(const char *name, enum kt_pkg_type t, bool sealed)
{
	struct kt_pkg_rule r;

	/* files stand before the folder that they lie in */
	for (size_t i = 0; kt_pkg_rule(i, t, sealed, &r); i++)
		if (strcmp(name, r.name) == 0 ||
		    (r.name[strlen(r.name) - 1] == '/' && lies_in(name, r.name)))
			return r.may;
	return false;
}

static bool name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool kt_pkg_name_ok(const char *name, size_t n)
{
	bool start = true;

	if (n == 0 || n > KT_PKG_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (name[i] == '/') {
			if (start)
				return false;
			start = true;
			continue;
		}
		if (!name_char(name[i]) || (start && (name[i] == '.' || name[i] == '-')))
			return false;
		start = false;
	}
	return !start;
}

/* prefix, then at least min digits, then suffix, and nothing else */
static bool is_numbered(const char *s, char prefix, size_t min, const char *suffix)
{
	size_t n;

	if (*s++ != prefix)
		return false;
	n = strspn(s, "0123456789");
	return n >= min && n <= 9 && strcmp(s + n, suffix) == 0;
}

static bool is_outside(const char *name)
{
	static const char *const names[] = {KT_PKG_MIMETYPE,  KT_PKG_TAGS256, KT_PKG_TAGS512,
					    KT_PKG_SIGNATURE, KT_PKG_TOKEN,   KT_PKG_ODF,
					    KT_PKG_XADES};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

enum kt_pkg_kind kt_pkg_kind(const char *name)
{
	if (strncmp(name, KT_PKG_OBJECT_DIR, sizeof(KT_PKG_OBJECT_DIR) - 1) == 0)
		return is_numbered(name + sizeof(KT_PKG_OBJECT_DIR) - 1, 'o', 6, "")
			       ? KT_PKG_P_OBJECT
			       : KT_PKG_UNKNOWN;
	if (strncmp(name, KT_PKG_INDEX_DIR, sizeof(KT_PKG_INDEX_DIR) - 1) == 0)
		return is_numbered(name + sizeof(KT_PKG_INDEX_DIR) - 1, 'i', 4, ".jsonl")
			       ? KT_PKG_P_INDEX
			       : KT_PKG_UNKNOWN;
	if (strcmp(name, KT_PKG_CASE) == 0)
		return KT_PKG_PAYLOAD;
	if (is_outside(name))
		return KT_PKG_OUTSIDE;
	if (strcmp(name, KT_PKG_ACT) == 0)
		return KT_PKG_PAYLOAD;
	if (lies_in(name, KT_PKG_ATTACH_DIR))
		return KT_PKG_P_ATTACH;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(name, rules[i].name) == 0)
			return KT_PKG_TAG;
	/* further views of the report may come; they are signed like the rest */
	return lies_in(name, KT_PKG_REPORT_DIR) || lies_in(name, KT_PKG_SUBJECT_DIR)
		       ? KT_PKG_TAG
		       : KT_PKG_UNKNOWN;
}

int kt_pkg_file_name(const char *mandate_id, uint64_t number, enum kt_pkg_type t,
		     char out[KT_PKG_NAME_MAX + 1])
{
	bool act = t != KT_PT_ACQUISITION;
	int n = snprintf(out, KT_PKG_NAME_MAX + 1, "KETEN-%s-%llu%s%s" KT_PKG_SUFFIX, mandate_id,
			 (unsigned long long)number, act ? "-" : "",
			 act ? kt_pkg_type_word(t) : "");

	if (n < 0 || n > (int)KT_PKG_NAME_MAX || strchr(out, '/') != NULL ||
	    !kt_pkg_name_ok(out, (size_t)n)) {
		out[0] = '\0';
		return KT_E_USAGE;
	}
	return 0;
}

void kt_pkg_baginfo(const struct kt_pkg_info *i, struct kt_buf *b)
{
	char t[KT_TIME_TEXT];

	kt_time_text(i->sealed_us, t);
	kt_buf_printf(b, "Bagging-Date: %.10s\n", t);
	kt_buf_printf(b, "External-Identifier: %s\n", i->package);
	kt_buf_printf(b, "Payload-Oxum: %llu.%llu\n", (unsigned long long)i->octets,
		      (unsigned long long)i->files);
	kt_buf_puts(b, "Keten-Package-Format: " KT_PKG_FORMAT "\n");
	kt_buf_printf(b, "Keten-Type: %s\n", kt_pkg_type_word(i->type));
	for (size_t k = 0; k < i->nconcerns; k++)
		kt_buf_printf(b, "Keten-Concerns: %s\n", i->concerns[k]);
	kt_buf_printf(b, "Keten-Case: %s\n", i->case_id[0] != '\0' ? i->case_id : "none");
	kt_buf_printf(b, "Keten-Mandate: %s\n", i->mandate_id);
}

const char *kt_pkg_media_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".txt", "text/plain"},
		{".json", "application/json"},
		{".jsonl", "application/jsonl"},
		{".html", "text/html"},
		{".pdf", "application/pdf"},
		{".csv", "text/csv"},
		{".gpx", "application/gpx+xml"},
		{".kml", "application/vnd.google-earth.kml+xml"},
		{".geojson", "application/geo+json"},
		{".jsonld", "application/ld+json"},
		{".p7s", "application/pkcs7-signature"},
		{".tst", "application/vnd.etsi.timestamp-token"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

void kt_pkg_odf_head(struct kt_buf *b)
{
	kt_buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<manifest:manifest xmlns:manifest="
		       "\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" "
		       "manifest:version=\"1.2\">\n"
		       "<manifest:file-entry manifest:full-path=\"/\" "
		       "manifest:media-type=\"" KT_PKG_MIMETYPE_TEXT "\"/>\n");
}

void kt_pkg_odf_line(struct kt_buf *b, const char *name)
{
	kt_buf_printf(b,
		      "<manifest:file-entry manifest:full-path=\"%s\" "
		      "manifest:media-type=\"%s\"/>\n",
		      name, kt_pkg_media_type(name));
}

void kt_pkg_odf_foot(struct kt_buf *b)
{
	kt_buf_puts(b, "</manifest:manifest>\n");
}

bool kt_pkg_odf_lists(const char *name)
{
	return strcmp(name, KT_PKG_MIMETYPE) != 0 && strncmp(name, "META-INF/", 9) != 0;
}
