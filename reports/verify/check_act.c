/* SPDX-License-Identifier: EUPL-1.2 */
/* Which type of package it is, what follows from that, and the act that it records. */
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/time.h"
#include "reports/verify/check.h"

#define INFO_MAX ((size_t)16 << 10)
#define ACT_MAX	 ((size_t)1 << 20)

/* Checks that are about what was taken from a phone. */
static const enum kt_verify_id of_acquisitions[] = {
	KT_V_EVENTS, KT_V_SEAL, KT_V_INDEX, KT_V_OBJECTS, KT_V_SCOPE,
};

static bool has(const struct kt_vf *c, const char *name)
{
	return kt_zip_find(&c->zip, name) != NULL;
}

static void set_checks(struct kt_vf *c)
{
	struct kt_verify_result *res = c->res;
	bool mandate = has(c, KT_PKG_MANDATE) || has(c, KT_PKG_MANDATE_SIG);
	struct kt_pkg_rule rule = {0};

	if (res->type == KT_PT_ACQUISITION) {
		res->sealed = has(c, KT_PKG_RELEASE);
		res->applies[KT_V_SEALED] = res->sealed;
		res->applies[KT_V_REPORT] = !res->sealed;
		return;
	}
	for (size_t i = 0; kt_pkg_rule(i, res->type, false, &rule); i++)
		if (strcmp(rule.name, KT_PKG_MANDATE) == 0)
			mandate |= rule.must;
	res->applies[KT_V_ACT] = true;
	for (size_t i = 0; i < sizeof(of_acquisitions) / sizeof(of_acquisitions[0]); i++)
		res->applies[of_acquisitions[i]] = false;
	res->applies[KT_V_MANDATE_SIG] = res->applies[KT_V_AUTHORISER] = mandate;
	res->applies[KT_V_AUTHORITY] = res->applies[KT_V_MANDATE] = mandate;
	res->applies[KT_V_CUSTODY] = res->type == KT_PT_RELEASE || has(c, KT_PKG_CUSTODY);
	res->applies[KT_V_REPORT] = res->type == KT_PT_RELEASE;
}

/* What bag-info.txt says it is. Anything odd stays an acquisition, and fails as one. */
static int read_type(struct kt_vf *c, const struct kt_buf *b)
{
	static const char key[] = "\nKeten-Type: ";
	const char *p = memmem(b->p, b->len, key, sizeof(key) - 1);
	char word[24] = "";
	size_t n;

	if (p == NULL) {
		kt_vf_fail(c, KT_V_BAG, "%s does not say which type of package this is",
			   KT_PKG_BAGINFO);
		return 0;
	}
	p += sizeof(key) - 1;
	n = 0;
	while (p + n < (const char *)b->p + b->len && p[n] != '\n' && n < sizeof(word) - 1)
		n++;
	memcpy(word, p, n);
	if (kt_pkg_type_find(word) == KT_PT_UNKNOWN)
		kt_vf_fail(c, KT_V_BAG, "%s: %s is no type of package that this version knows",
			   KT_PKG_BAGINFO, word);
	else
		c->res->type = kt_pkg_type_find(word);
	return 0;
}

int kt_vf_type(struct kt_vf *c)
{
	struct kt_buf b;
	bool found = false;
	int r;

	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_BAG, KT_PKG_BAGINFO, INFO_MAX, &b, &found);
	if (r == 0 && found)
		r = read_type(c, &b);
	kt_buf_free(&b);
	if (r == 0)
		set_checks(c);
	return r;
}

/* -- data/act.json ---------------------------------------------------------------------------- */

static bool take(const struct kt_jv *o, const char *key, char *out, size_t cap)
{
	const char *s = kt_jv_str(o, key);

	if (s == NULL || strlen(s) >= cap)
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

static bool is_sha256(const char *s)
{
	return strlen(s) == KT_SHA256_HEX - 1 && strspn(s, "0123456789abcdef") == KT_SHA256_HEX - 1;
}

static void take_concerns(struct kt_vf *c, const struct kt_jv *list)
{
	struct kt_verify_result *res = c->res;

	if (list == NULL || list->type != KT_JV_ARR || list->count > KT_PKG_CONCERNS) {
		kt_vf_fail(c, KT_V_ACT,
			   "the packages that it concerns are not a list of at most %u",
			   KT_PKG_CONCERNS);
		return;
	}
	for (const struct kt_jv *v = list->child; v != NULL; v = v->next) {
		char *sha = res->concerns[res->nconcerns];

		if (!take(v, "sha256", sha, KT_SHA256_HEX) || !is_sha256(sha) ||
		    kt_jv_str(v, "package") == NULL ||
		    (res->nconcerns > 0 && strcmp(sha - KT_SHA256_HEX, sha) >= 0)) {
			kt_vf_fail(c, KT_V_ACT,
				   "a package that it concerns is not named as it should be, or "
				   "not in order");
			sha[0] = '\0';
			return;
		}
		res->nconcerns++;
	}
	if (res->nconcerns == 0 && res->type != KT_PT_REFUSAL && res->type != KT_PT_WITHDRAWAL &&
	    res->type != KT_PT_ERRATUM && res->type != KT_PT_INTERRUPTION)
		kt_vf_fail(c, KT_V_ACT, "it names no package that it concerns");
}

static void take_attachments(struct kt_vf *c, const struct kt_jv *list)
{
	size_t have = 0, named = 0;

	for (size_t i = 0; i < c->zip.n; i++)
		have += c->zip.e[i].kind == KT_PKG_P_ATTACH;
	for (const struct kt_jv *v = list != NULL && list->type == KT_JV_ARR ? list->child : NULL;
	     v != NULL; v = v->next) {
		char name[KT_PKG_NAME_MAX + 1] = KT_PKG_ATTACH_DIR;
		size_t n = strlen(name);
		struct kt_zip_entry *e;

		named++;
		if (!take(v, "name", name + n, sizeof(name) - n) || kt_jv_str(v, "title") == NULL) {
			kt_vf_fail(c, KT_V_ACT, "an attachment is not named as it should be");
			return;
		}
		e = kt_zip_find(&c->zip, name);
		if (e == NULL || e->kind != KT_PKG_P_ATTACH || e->used)
			kt_vf_fail(c, KT_V_ACT, "%s is not there, or named twice", name);
		else
			e->used = true;
	}
	if (list == NULL || list->type != KT_JV_ARR || named != have)
		kt_vf_fail(c, KT_V_ACT, "it names other attachments than it has");
}

static void read_act(struct kt_vf *c, const struct kt_jv *o)
{
	struct kt_verify_result *res = c->res;
	const char *format = kt_jv_str(o, "format"), *type = kt_jv_str(o, "type");
	const char *made = kt_jv_str(o, "made");
	const struct kt_jv *detail = kt_jv_get(o, "detail");
	char name[KT_PKG_NAME_MAX + 1] = "";
	int64_t number = kt_jv_int(o, "number", 0);

	if (format == NULL || strcmp(format, KT_ACT_FORMAT) != 0)
		kt_vf_fail(c, KT_V_ACT, "%s is of an unknown format", KT_PKG_ACT);
	if (type == NULL || strcmp(type, kt_pkg_type_word(res->type)) != 0)
		kt_vf_fail(c, KT_V_ACT, "the act is of another type than %s says", KT_PKG_BAGINFO);
	if (!take(o, "package", c->package, sizeof(c->package)) ||
	    !take(o, "case_id", c->case_id, sizeof(c->case_id)) ||
	    !take(o, "mandate_id", c->act_mandate_id, sizeof(c->act_mandate_id)) ||
	    !take(o, "mandate_sha256", c->act_mandate, sizeof(c->act_mandate)) || detail == NULL ||
	    detail->type != KT_JV_OBJ) {
		kt_vf_fail(c, KT_V_ACT, "%s lacks one of its members", KT_PKG_ACT);
		return;
	}
	if (made == NULL || kt_time_parse(made, strlen(made), true, &c->sealing_us, NULL, NULL) < 0)
		kt_vf_fail(c, KT_V_ACT, "the act does not say when it was done");
	if (number < 1 ||
	    kt_pkg_file_name(c->act_mandate_id, (uint64_t)number, res->type, name) < 0 ||
	    strcmp(name, c->package) != 0)
		kt_vf_fail(c, KT_V_ACT, "the act names another package (%s) than it gives",
			   c->package);
	take_concerns(c, kt_jv_get(o, "concerns"));
	take_attachments(c, kt_jv_get(o, "attachments"));
	if (res->type == KT_PT_RELEASE)
		kt_vf_release_detail(c, detail);
	snprintf(res->package, sizeof(res->package), "%s", name);
	c->have_act = true;
	kt_vf_done(c, KT_V_ACT);
}

int kt_vf_act(struct kt_vf *c)
{
	struct kt_jdoc *doc = NULL;
	struct kt_err err = {0};
	struct kt_buf b;
	bool found = false;
	int r;

	if (!c->res->applies[KT_V_ACT])
		return 0;
	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_ACT, KT_PKG_ACT, ACT_MAX, &b, &found);
	if (r == 0 && found) {
		if (kt_jdoc_parse(b.p, b.len, &doc, &err) < 0)
			kt_vf_fail(c, KT_V_ACT, "%s: %s", KT_PKG_ACT, kt_err_text(&err));
		else
			read_act(c, kt_jdoc_root(doc));
	}
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}
