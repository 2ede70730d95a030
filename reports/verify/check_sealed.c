/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An acquisition that waits for its release: who can open it, and that nothing of what was taken
 * stands readable beside it (docs/formats/release.md).
 */
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "reports/verify/check.h"

#define INFO_MAX ((size_t)64 << 10)

static bool is_hex(const char *s, size_t n)
{
	return s != NULL && strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

/* The certificates of the mandate, in its order, and no others. */
static void check_recipients(struct kt_vf *c, const struct kt_jv *list)
{
	const struct kt_mandate *m = c->mandate;
	const struct kt_jv *v = list != NULL && list->type == KT_JV_ARR ? list->child : NULL;
	size_t n = 0;

	for (; v != NULL && n < m->nrecipients; v = v->next, n++)
		if (v->type != KT_JV_STR || strcmp(v->str, m->recipients[n]) != 0)
			break;
	if (v != NULL || n != m->nrecipients || n == 0)
		kt_vf_fail(c, KT_V_SEALED,
			   "it was sealed for others than the recipients that the mandate names");
}

static void check_info(struct kt_vf *c, const struct kt_jv *o)
{
	const char *format = kt_jv_str(o, "format"), *sealing = kt_jv_str(o, "sealing");
	const char *recipient = kt_jv_str(o, "recipient"), *sha = kt_jv_str(o, "envelope_sha256");
	uint8_t key[KT_AGE_KEY];

	if (format == NULL || strcmp(format, "keten-release-1") != 0 || sealing == NULL ||
	    strcmp(sealing, "age-encryption.org/v1") != 0) {
		kt_vf_fail(c, KT_V_SEALED, "%s is of an unknown format", KT_PKG_RELEASE);
		return;
	}
	if (recipient == NULL ||
	    kt_age_recipient_parse(recipient, strlen(recipient), key, NULL) < 0 ||
	    !is_hex(sha, KT_SHA256_HEX - 1)) {
		kt_vf_fail(c, KT_V_SEALED, "%s names no key or no envelope", KT_PKG_RELEASE);
		return;
	}
	if (c->have_log &&
	    (strcmp(recipient, c->log_recipient) != 0 || strcmp(sha, c->log_envelope) != 0))
		kt_vf_fail(c, KT_V_SEALED,
			   "it is sealed with another key than the session was opened with");
	memcpy(c->res->envelope_sha256, sha, KT_SHA256_HEX);
	if (c->mandate != NULL)
		check_recipients(c, kt_jv_get(o, "recipients"));
}

int kt_vf_sealed(struct kt_vf *c)
{
	struct kt_jdoc *doc = NULL;
	struct kt_err err = {0};
	struct kt_buf b;
	bool found = false;
	int r;

	if (!c->res->applies[KT_V_SEALED])
		return 0;
	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_SEALED, KT_PKG_RELEASE, INFO_MAX, &b, &found);
	if (r == 0 && found) {
		if (kt_jdoc_parse(b.p, b.len, &doc, &err) < 0)
			kt_vf_fail(c, KT_V_SEALED, "%s: %s", KT_PKG_RELEASE, kt_err_text(&err));
		else
			check_info(c, kt_jdoc_root(doc));
	}
	if (r == 0 && c->mandate != NULL && c->have_log)
		kt_vf_done(c, KT_V_SEALED);
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

void kt_vf_sealed_line(struct kt_vf *c, const char *file, const struct kt_jv *line)
{
	static const char *const head[] = {"format",  "item",	 "kind", "plugin", "plugin_version",
					   "request", "segment", "take", NULL};
	static const char *const other[] = {"bytes",   "id",	  "kind",   "lines",  "object",
					    "objects", "outcome", "reason", "sha256", NULL};
	const char *kind = kt_jv_str(line, "kind"), *reason = kt_jv_str(line, "reason");
	const char *id = kt_jv_str(line, "id");
	const char *const *may = kind != NULL && strcmp(kind, "head") == 0 ? head : other;

	for (const struct kt_jv *v = line->child; v != NULL; v = v->next) {
		size_t i = 0;

		while (may[i] != NULL && strcmp(may[i], v->key) != 0)
			i++;
		if (may[i] == NULL)
			kt_vf_fail(c, KT_V_SEALED, "%s: \"%s\" stands in clear", file, v->key);
	}
	if (reason != NULL && reason[0] != '\0')
		kt_vf_fail(c, KT_V_SEALED, "%s: a reason stands in clear", file);
	if (kt_jv_get(line, "id") != NULL && !is_hex(id, 34))
		kt_vf_fail(c, KT_V_SEALED, "%s: an id is no random number", file);
}

int kt_vf_sealed_object(struct kt_vf *c, const struct kt_zip_entry *e)
{
	uint8_t head[KT_AGE_HEADER];
	size_t got = 0;
	int r = e->unreadable ? 0 : kt_zip_pread(&c->zip, e, 0, head, sizeof(head), &got, c->err);

	if (r == 0 && (!kt_age_header_ok(head, got) || !kt_age_size_ok(e->size)))
		kt_vf_fail(c, KT_V_SEALED, "%s is not sealed: it is no age file for one recipient",
			   kt_zip_entry_name(&c->zip, e));
	return r;
}
