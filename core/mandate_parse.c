/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The mandate's bytes: strict reading, everything that can be judged without its signature. Each
 * refusal starts with the defect's name; docs/formats/mandate.md lists them.
 */
#include "core/mandate.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/record.h"
#include "core/request.h"
#include "core/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSE(err, name, ...) KT_FAIL((err), KT_E_REFUSED, name ": " __VA_ARGS__)

#define TEXT_MAX      4000u /* bytes of one text */
#define ARRAY_MAX     64u
#define PRECISION_MAX 1000000
#define OBJECT_MAX    (INT64_C(4) << 30)

/* OWN: absence and emptiness have a defect name of their own and are judged elsewhere. */
enum need { OPTIONAL, REQUIRED, OWN };

struct member {
	const char *name;
	enum kt_jv_type type;
	enum need need;
};

static const struct member top_members[] = {
	{"format", KT_JV_STR, REQUIRED},
	{"mandate_id", KT_JV_STR, REQUIRED},
	{"issuer", KT_JV_STR, REQUIRED},
	{"case_ref", KT_JV_STR, REQUIRED},
	{"purpose", KT_JV_STR, REQUIRED},
	{"legal_basis", KT_JV_OBJ, OWN},
	{"mode", KT_JV_STR, REQUIRED},
	{"necessity", KT_JV_OBJ, OWN},
	{"scope", KT_JV_ARR, OWN},
	{"exclusions", KT_JV_ARR, OWN},
	{"device", KT_JV_OBJ, REQUIRED},
	{"subject", KT_JV_OBJ, REQUIRED},
	{"operator_role", KT_JV_STR, REQUIRED},
	{"release", KT_JV_OBJ, REQUIRED},
	{"retention", KT_JV_OBJ, REQUIRED},
	{"not_before", KT_JV_STR, REQUIRED},
	{"not_after", KT_JV_STR, REQUIRED},
	{"max_sessions", KT_JV_INT, REQUIRED},
	{"issued_at", KT_JV_STR, REQUIRED},
	{"supersedes", KT_JV_STR, OPTIONAL},
};

static const struct member legal_members[] = {
	{"code", KT_JV_STR, OWN},
	{"text", KT_JV_STR, OWN},
};

static const struct member necessity_members[] = {
	{"question", KT_JV_STR, OWN},
	{"less_intrusive_means", KT_JV_ARR, OWN},
	{"proportionality", KT_JV_STR, OWN},
};

static const struct member means_members[] = {
	{"means", KT_JV_STR, OWN},
	{"result", KT_JV_STR, OWN},
};

static const struct member scope_members[] = {
	{"id", KT_JV_STR, REQUIRED},
	{"source", KT_JV_STR, REQUIRED},
	{"fields", KT_JV_ARR, OWN},
	{"from", KT_JV_STR, OWN},
	{"to", KT_JV_STR, OWN},
	{"max_precision_m", KT_JV_INT, REQUIRED},
	{"justification", KT_JV_STR, REQUIRED},
	{"max_object_bytes", KT_JV_INT, OPTIONAL},
	{"undated", KT_JV_STR, OPTIONAL},
};

static const struct member device_members[] = {
	{"kind", KT_JV_STR, REQUIRED},
	{"identifier", KT_JV_STR, OPTIONAL},
	{"forms", KT_JV_ARR, OPTIONAL},
};

static const struct member subject_members[] = {
	{"minor", KT_JV_BOOL, REQUIRED},    {"representative", KT_JV_STR, OPTIONAL},
	{"language", KT_JV_STR, REQUIRED},  {"interpreter", KT_JV_STR, OPTIONAL},
	{"objection", KT_JV_STR, OPTIONAL},
};

static const struct member release_members[] = {
	{"two_stage", KT_JV_BOOL, REQUIRED},
	{"releasers", KT_JV_ARR, OPTIONAL},
	{"recipients", KT_JV_ARR, OPTIONAL},
	{"second", KT_JV_BOOL, OPTIONAL},
};

static const struct member retention_members[] = {
	{"unreleased_days", KT_JV_INT, REQUIRED},
	{"released_until", KT_JV_STR, REQUIRED},
	{"on_expiry", KT_JV_STR, REQUIRED},
};

#define ID_CHARS   "abcdefghijklmnopqrstuvwxyz0123456789-"
#define NAME_CHARS ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ."

/* -- texts ------------------------------------------------------------------------------------ */

/* A piece of the mandate for an error text: hidden characters made visible, at most 40 bytes. */
static const char *shown(const char *s, char out[48])
{
	struct kt_buf b;
	size_t n = 0;

	kt_buf_init(&b, 0);
	kt_text_escape(&b, s, strnlen(s, 200));
	while (n < b.len && n < 40)
		n++;
	while (n > 0 && n < b.len && (b.p[n] & 0xc0) == 0x80)
		n--;
	if (n > 0)
		memcpy(out, b.p, n);
	out[n] = '\0';
	kt_buf_free(&b);
	return out;
}

static bool is_blank(const char *s)
{
	return s == NULL || s[strspn(s, " \t\n")] == '\0';
}

static bool is_word(const char *s, const char *chars, size_t max)
{
	size_t n = strlen(s);

	return n >= 1 && n <= max && strspn(s, chars) == n;
}

/* A text of ours: no control characters but line breaks and tabs, and no placeholder left. */
static int check_text(const struct kt_jv *v, const char *where, struct kt_err *err)
{
	char name[48];

	if (v->key == NULL)
		snprintf(name, sizeof(name), "an entry");
	else
		shown(v->key, name);
	if (v->len > TEXT_MAX)
		return REFUSE(err, "bad-text", "%s in %s is longer than %u bytes; shorten it", name,
			      where, TEXT_MAX);
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->str[i];
		if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\t'))
			return REFUSE(err, "bad-text",
				      "%s in %s holds a control character; take it out", name,
				      where);
	}
	if (v->len >= 2 && v->str[0] == '<' && v->str[v->len - 1] == '>')
		return REFUSE(err, "placeholder", "%s in %s is not filled in yet; fill it in", name,
			      where);
	return 0;
}

/* -- structure -------------------------------------------------------------------------------- */

static const struct member *find_member(const struct member *t, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(t[i].name, key) == 0)
			return &t[i];
	return NULL;
}

static int check_member(const struct kt_jv *c, const struct member *t, size_t n, const char *where,
			struct kt_err *err)
{
	static const char *const types[] = {"null", "boolean", "whole number",
					    "text", "list",    "object"};
	const struct member *m = find_member(t, n, c->key);
	char name[48];
	int r;

	if (m == NULL)
		return REFUSE(err, "unknown-member", "\"%s\" in %s is not known; remove it",
			      shown(c->key, name), where);
	if (c->type != m->type)
		return REFUSE(err, "wrong-type", "%s in %s must be a %s; correct it", m->name,
			      where, types[m->type]);
	if (c->type == KT_JV_ARR && c->count > ARRAY_MAX)
		return REFUSE(err, "too-many", "%s in %s has more than %u entries; shorten it",
			      m->name, where, ARRAY_MAX);
	if (c->type != KT_JV_STR)
		return 0;
	r = check_text(c, where, err);
	if (r == 0 && m->need != OWN && is_blank(c->str))
		r = REFUSE(err, "bad-text", "%s in %s is empty; fill it in", m->name, where);
	return r;
}

/* Every member known, of its type, and none missing. */
static int check_members(const struct kt_jv *v, const struct member *t, size_t n, const char *where,
			 struct kt_err *err)
{
	if (v->type != KT_JV_OBJ)
		return REFUSE(err, "wrong-type", "%s must be an object; correct it", where);
	for (const struct kt_jv *c = v->child; c != NULL; c = c->next) {
		int r = check_member(c, t, n, where, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n; i++)
		if (t[i].need == REQUIRED && kt_jv_get(v, t[i].name) == NULL)
			return REFUSE(err, "missing-member", "%s in %s is missing; add it",
				      t[i].name, where);
	return 0;
}

#define CHECK_MEMBERS(v, t, where, err)                                                            \
	check_members((v), (t), sizeof(t) / sizeof((t)[0]), (where), (err))

/* The member's text must be one of the words given (a list that ends with NULL). */
static int check_choice(const struct kt_jv *v, const char *key, const char *const *words,
			struct kt_err *err)
{
	const char *s = kt_jv_str(v, key);
	char name[48];

	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], s) == 0)
			return 0;
	return REFUSE(err, "bad-value", "%s can't be \"%s\"; see the words that docs list for it",
		      key, shown(s, name));
}

static int check_range(const struct kt_jv *v, const char *key, int64_t min, int64_t max,
		       struct kt_err *err)
{
	int64_t i = kt_jv_int(v, key, min);

	if (i < min || i > max)
		return REFUSE(err, "bad-number", "%s must be %lld to %lld; correct it", key,
			      (long long)min, (long long)max);
	return 0;
}

/* RFC 3339 with a zone; with date, also "YYYY-MM-DD" as the start of that day in UTC. */
static int read_time(const struct kt_jv *v, const char *key, bool date, int64_t *us,
		     struct kt_err *err)
{
	const char *s = kt_jv_str(v, key);
	char full[24], name[48];

	if (date && strlen(s) == 10) {
		snprintf(full, sizeof(full), "%sT00:00:00Z", s);
		s = full;
	}
	if (kt_time_parse(s, strlen(s), true, us, NULL, NULL) < 0)
		return REFUSE(err, "bad-time", "%s \"%s\" must look like 2026-11-22T09:00:00Z%s",
			      key, shown(kt_jv_str(v, key), name), date ? " or 2026-11-22" : "");
	return 0;
}

/* -- parts ------------------------------------------------------------------------------------ */

static int parse_legal(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	const struct kt_jv *v = kt_jv_get(root, "legal_basis");
	int r = v == NULL ? 0 : CHECK_MEMBERS(v, legal_members, "legal_basis", err);

	if (r < 0)
		return r;
	m->legal_code = kt_jv_str(v, "code");
	m->legal_text = kt_jv_str(v, "text");
	if (is_blank(m->legal_code) || is_blank(m->legal_text))
		return REFUSE(
			err, "no-legal-basis",
			"legal_basis needs a code and its text; the authoriser must name the rule");
	return 0;
}

static int parse_necessity(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	const struct kt_jv *v = kt_jv_get(root, "necessity"), *list;
	int r = v == NULL ? 0 : CHECK_MEMBERS(v, necessity_members, "necessity", err);

	if (r < 0)
		return r;
	m->question = kt_jv_str(v, "question");
	m->proportionality = kt_jv_str(v, "proportionality");
	list = kt_jv_get(v, "less_intrusive_means");
	if (is_blank(m->question) || is_blank(m->proportionality) || list == NULL ||
	    list->count == 0)
		return REFUSE(err, "no-necessity",
			      "necessity needs question, less_intrusive_means and proportionality; "
			      "write them down");
	for (const struct kt_jv *c = list->child; c != NULL; c = c->next) {
		r = CHECK_MEMBERS(c, means_members, "less_intrusive_means", err);
		if (r < 0)
			return r;
		if (is_blank(kt_jv_str(c, "means")) || is_blank(kt_jv_str(c, "result")))
			return REFUSE(err, "no-necessity",
				      "each of less_intrusive_means needs means and result; fill "
				      "in both");
	}
	return 0;
}

static int parse_fields(const struct kt_jv *v, struct kt_scope *s, struct kt_err *err)
{
	const struct kt_jv *list = kt_jv_get(v, "fields");
	char name[48];

	if (list == NULL || list->count == 0)
		return REFUSE(err, "fields-empty", "scope %s allows no fields; name at least one",
			      s->id);
	for (const struct kt_jv *c = list->child; c != NULL; c = c->next) {
		int g = c->type == KT_JV_STR ? kt_group_find(c->str) : -1;
		if (g < 0)
			return REFUSE(err, "unknown-field",
				      "scope %s names the field \"%s\"; use one that docs list",
				      s->id,
				      c->type == KT_JV_STR ? shown(c->str, name) : "(no text)");
		s->fields |= UINT32_C(1) << g;
	}
	return 0;
}

static int parse_window(const struct kt_jv *v, struct kt_scope *s, struct kt_err *err)
{
	int r;

	if (is_blank(kt_jv_str(v, "from")) || is_blank(kt_jv_str(v, "to")))
		return REFUSE(err, "empty-window", "scope %s has no from or no to; give both",
			      s->id);
	r = read_time(v, "from", true, &s->from_us, err);
	if (r == 0)
		r = read_time(v, "to", true, &s->to_us, err);
	if (r == 0 && s->from_us >= s->to_us)
		r = REFUSE(err, "empty-window", "scope %s: from must lie before to; correct them",
			   s->id);
	return r;
}

static int parse_scope_row(const struct kt_jv *v, struct kt_scope *s, struct kt_err *err)
{
	static const char *const undated[] = {"include", "withhold", NULL};
	int r = CHECK_MEMBERS(v, scope_members, "a scope row", err);

	if (r < 0)
		return r;
	s->id = kt_jv_str(v, "id");
	s->source = kt_jv_str(v, "source");
	s->justification = kt_jv_str(v, "justification");
	s->max_precision_m = kt_jv_int(v, "max_precision_m", 0);
	s->max_object_bytes = kt_jv_int(v, "max_object_bytes", 0);
	if (!is_word(s->id, ID_CHARS, 32) || !is_word(s->source, ID_CHARS, 32))
		return REFUSE(
			err, "bad-id",
			"id and source of a scope row are 1 to 32 of a-z, 0-9 and -; correct them");
	r = check_range(v, "max_precision_m", 0, PRECISION_MAX, err);
	if (r == 0 && kt_jv_get(v, "max_object_bytes") != NULL)
		r = check_range(v, "max_object_bytes", 1, OBJECT_MAX, err);
	if (r == 0 && kt_jv_get(v, "undated") != NULL) {
		r = check_choice(v, "undated", undated, err);
		s->undated = strcmp(kt_jv_str(v, "undated"), "include") == 0;
	}
	if (r == 0)
		r = parse_fields(v, s, err);
	return r < 0 ? r : parse_window(v, s, err);
}

static int parse_scope(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	const struct kt_jv *list = kt_jv_get(root, "scope");

	if (list == NULL || list->count == 0)
		return REFUSE(err, "scope-empty", "scope names nothing, so nothing may be taken");
	/* count is at most ARRAY_MAX here */
	for (const struct kt_jv *c = list->child; c != NULL; c = c->next) {
		struct kt_scope *s = &m->scope[m->nscope];
		int r = parse_scope_row(c, s, err);

		if (r < 0)
			return r;
		for (size_t i = 0; i < m->nscope; i++)
			if (strcmp(m->scope[i].id, s->id) == 0 ||
			    strcmp(m->scope[i].source, s->source) == 0)
				return REFUSE(
					err, "scope-duplicate",
					"id %s or source %s stands twice in scope; merge the rows",
					s->id, s->source);
		m->nscope++;
	}
	return 0;
}

_Static_assert(ARRAY_MAX <= KT_SCOPE_MAX, "a list fits into the scope table");

static int parse_exclusions(const struct kt_jv *root, const struct kt_mandate *m,
			    struct kt_err *err)
{
	static const char *const always[] = {"message-bodies", "contacts", "pixels", "health",
					     "cloud"};
	const struct kt_jv *list = kt_jv_get(root, "exclusions");
	unsigned seen = 0;
	char name[48];

	for (const struct kt_jv *c = list == NULL ? NULL : list->child; c != NULL; c = c->next) {
		if (c->type != KT_JV_STR || !is_word(c->str, ID_CHARS, 32))
			return REFUSE(err, "bad-id",
				      "an exclusion is 1 to 32 of a-z, 0-9 and -; correct it");
		if (kt_mandate_scope(m, c->str) != NULL)
			return REFUSE(err, "exclusion-contradicts",
				      "%s is both in scope and in exclusions; decide for one",
				      shown(c->str, name));
		for (unsigned i = 0; i < 5; i++)
			if (strcmp(always[i], c->str) == 0)
				seen |= 1u << i;
	}
	for (unsigned i = 0; i < 5; i++)
		if ((seen & 1u << i) == 0)
			return REFUSE(err, "exclusion-missing",
				      "exclusions must hold \"%s\": it is never taken; add it",
				      always[i]);
	return 0;
}

/* What may be read for this phone: the phone itself unless the list says otherwise. */
static int parse_forms(const struct kt_jv *list, struct kt_mandate *m, struct kt_err *err)
{
	char name[48];

	m->device_forms = list == NULL ? KT_FORM_PHONE : 0;
	for (const struct kt_jv *c = list == NULL ? NULL : list->child; c != NULL; c = c->next) {
		unsigned form = c->type == KT_JV_STR ? kt_form_find(c->str) : 0;

		if (form == 0)
			return REFUSE(err, "bad-value",
				      "device.forms can't hold \"%s\"; it lists phone, backup, "
				      "image, file, carrier",
				      shown(c->type == KT_JV_STR ? c->str : "?", name));
		m->device_forms |= form;
	}
	if (m->device_forms == 0)
		return REFUSE(err, "bad-value",
			      "device.forms is empty; leave it out to mean the phone alone");
	return 0;
}

static int parse_device(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	static const char *const kinds[] = {"android", "ios", NULL};
	const struct kt_jv *v = kt_jv_get(root, "device");
	int r = CHECK_MEMBERS(v, device_members, "device", err);

	if (r == 0)
		r = check_choice(v, "kind", kinds, err);
	if (r < 0)
		return r;
	m->device_kind = kt_jv_str(v, "kind");
	m->device_identifier = kt_jv_str(v, "identifier");
	if (m->device_identifier != NULL && !is_word(m->device_identifier, NAME_CHARS "_:", 128))
		return REFUSE(
			err, "bad-id",
			"device.identifier is 1 to 128 of A-Z, a-z, 0-9 and ._:-; correct it");
	return parse_forms(kt_jv_get(v, "forms"), m, err);
}

static int parse_subject(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	const struct kt_jv *v = kt_jv_get(root, "subject");
	int r = CHECK_MEMBERS(v, subject_members, "subject", err);

	if (r < 0)
		return r;
	m->subject_minor = kt_jv_bool(v, "minor");
	m->subject_language = kt_jv_str(v, "language");
	if (!is_word(m->subject_language, NAME_CHARS, 35))
		return REFUSE(err, "bad-id", "subject.language is a tag such as nl, ar or ti-ER");
	m->objection = kt_jv_str(v, "objection");
	if (m->objection == NULL)
		m->objection = "record";
	if (strcmp(m->objection, "record") != 0 && strcmp(m->objection, "stop") != 0 &&
	    strcmp(m->objection, "second-authoriser") != 0)
		return REFUSE(err, "bad-value",
			      "subject.objection is record, second-authoriser or stop");
	if (m->subject_minor && kt_jv_get(v, "representative") == NULL)
		return REFUSE(err, "minor-without-representative",
			      "the person is a minor; name the representative in the mandate");
	return 0;
}

static int check_cert_hashes(const struct kt_jv *list, struct kt_err *err)
{
	for (const struct kt_jv *c = list == NULL ? NULL : list->child; c != NULL; c = c->next)
		if (c->type != KT_JV_STR || c->len != 64 ||
		    strspn(c->str, "0123456789abcdef") != 64)
			return REFUSE(err, "bad-id",
				      "releasers and recipients are SHA-256 of certificates: "
				      "64 digits 0-9a-f each");
	return 0;
}

/* They were checked; a list holds at most ARRAY_MAX. */
static size_t keep_hashes(const struct kt_jv *list, const char **out)
{
	size_t n = 0;

	for (const struct kt_jv *c = list == NULL ? NULL : list->child; c != NULL; c = c->next)
		out[n++] = c->str;
	return n;
}

static int parse_release(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	static const char *const expiry[] = {"erase-key", "erase-package", NULL};
	const struct kt_jv *rel = kt_jv_get(root, "release"), *ret = kt_jv_get(root, "retention");
	int64_t until;
	int r = CHECK_MEMBERS(rel, release_members, "release", err);

	if (r == 0)
		r = check_cert_hashes(kt_jv_get(rel, "releasers"), err);
	if (r == 0)
		r = check_cert_hashes(kt_jv_get(rel, "recipients"), err);
	if (r == 0)
		r = CHECK_MEMBERS(ret, retention_members, "retention", err);
	if (r == 0)
		r = check_range(ret, "unreleased_days", 1, 3650, err);
	if (r == 0)
		r = read_time(ret, "released_until", true, &until, err);
	if (r == 0)
		r = check_choice(ret, "on_expiry", expiry, err);
	if (r == 0)
		m->two_stage = kt_jv_bool(rel, "two_stage");
	if (r == 0) {
		m->second = kt_jv_bool(rel, "second");
		m->unreleased_days = kt_jv_int(ret, "unreleased_days", 0);
		m->released_until_us = until;
		m->erase_package = strcmp(kt_jv_str(ret, "on_expiry"), "erase-package") == 0;
		m->nreleasers = keep_hashes(kt_jv_get(rel, "releasers"), m->releasers);
		m->nrecipients = keep_hashes(kt_jv_get(rel, "recipients"), m->recipients);
	}
	return r;
}

static int parse_validity(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	int r = read_time(root, "not_before", false, &m->not_before_us, err);

	if (r == 0)
		r = read_time(root, "not_after", false, &m->not_after_us, err);
	if (r == 0)
		r = read_time(root, "issued_at", false, &m->issued_at_us, err);
	if (r == 0)
		r = check_range(root, "max_sessions", 1, 20, err);
	if (r < 0)
		return r;
	m->max_sessions = kt_jv_int(root, "max_sessions", 0);
	if (m->not_before_us >= m->not_after_us)
		return REFUSE(err, "validity-empty",
			      "not_before must lie before not_after; correct it");
	if (m->not_after_us - m->not_before_us > (int64_t)KT_MANDATE_MAX_DAYS * KT_US_PER_DAY)
		return REFUSE(err, "validity-too-long",
			      "a mandate may be valid for %u days at most; shorten it",
			      KT_MANDATE_MAX_DAYS);
	if (m->issued_at_us > m->not_after_us)
		return REFUSE(err, "issued-after-end",
			      "issued_at lies after not_after; correct it");
	return 0;
}

static int parse_head(const struct kt_jv *root, struct kt_mandate *m, struct kt_err *err)
{
	static const char *const purposes[] = {"identity", "claim-examination", "security", NULL};
	static const char *const modes[] = {"consent", "order", NULL};
	const char *format = kt_jv_str(root, "format"), *old;
	char name[48];
	int r;

	if (root->type != KT_JV_OBJ || format == NULL || strcmp(format, KT_MANDATE_FORMAT) != 0)
		return REFUSE(err, "unknown-format", "format is \"%s\", this version reads %s only",
			      format == NULL ? "" : shown(format, name), KT_MANDATE_FORMAT);
	r = CHECK_MEMBERS(root, top_members, "the mandate", err);
	if (r == 0)
		r = check_choice(root, "purpose", purposes, err);
	if (r == 0)
		r = check_choice(root, "mode", modes, err);
	if (r < 0)
		return r;
	m->mandate_id = kt_jv_str(root, "mandate_id");
	m->issuer = kt_jv_str(root, "issuer");
	m->case_ref = kt_jv_str(root, "case_ref");
	m->purpose = kt_jv_str(root, "purpose");
	m->mode = kt_jv_str(root, "mode");
	m->operator_role = kt_jv_str(root, "operator_role");
	old = kt_jv_str(root, "supersedes");
	if (!is_word(m->mandate_id, NAME_CHARS, 64) || strchr(".-", m->mandate_id[0]) != NULL ||
	    (old != NULL && (!is_word(old, NAME_CHARS, 64) || strcmp(old, m->mandate_id) == 0)))
		return REFUSE(err, "bad-id",
			      "mandate_id and supersedes are 1 to 64 of A-Z, a-z, 0-9, . and -, "
			      "start with a letter or digit, and differ");
	return 0;
}

/* -- whole ------------------------------------------------------------------------------------ */

static int parse_doc(const void *p, size_t n, struct kt_jdoc **doc, struct kt_err *err)
{
	struct kt_err why;
	int r;

	kt_err_clear(&why);
	if (n > KT_MANDATE_MAX_BYTES)
		return REFUSE(err, "too-large", "the mandate is larger than %zu bytes; shorten it",
			      KT_MANDATE_MAX_BYTES);
	r = kt_jdoc_parse(p, n, doc, &why);
	if (r == 0 || r == KT_E_NOMEM)
		return r == 0 ? 0 : KT_FAIL(err, r, "no memory for the mandate");
	/* the document tree has one code for all that is malformed; its text tells them apart */
	if (strstr(kt_err_text(&why), "stands twice") != NULL)
		return REFUSE(err, "duplicate-key", "%.90s; keep one of them", kt_err_text(&why));
	return REFUSE(err, "not-json", "the mandate can't be read: %.90s", kt_err_text(&why));
}

int kt_mandate_parse(const void *p, size_t n, struct kt_mandate **m, struct kt_err *err)
{
	static int (*const parts[])(const struct kt_jv *, struct kt_mandate *, struct kt_err *) = {
		parse_head,   parse_legal,   parse_necessity, parse_scope,
		parse_device, parse_subject, parse_release,   parse_validity,
	};
	struct kt_mandate *o;
	int r;

	*m = NULL;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the mandate");
	r = parse_doc(p, n, &o->doc, err);
	if (r == 0)
		r = kt_sha256(p, n, o->sha256, err);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = parts[i](kt_jdoc_root(o->doc), o, err);
	if (r == 0)
		r = parse_exclusions(kt_jdoc_root(o->doc), o, err);
	if (r < 0) {
		kt_mandate_free(&o);
		return r;
	}
	*m = o;
	return 0;
}

void kt_mandate_free(struct kt_mandate **m)
{
	if (m == NULL || *m == NULL)
		return;
	kt_jdoc_free(&(*m)->doc);
	free(*m);
	*m = NULL;
}

const struct kt_scope *kt_mandate_scope(const struct kt_mandate *m, const char *source)
{
	for (size_t i = 0; i < m->nscope; i++)
		if (strcmp(m->scope[i].source, source) == 0)
			return &m->scope[i];
	return NULL;
}
