/* SPDX-License-Identifier: EUPL-1.2 */
/* Small files whose bytes follow from the rest: mimetype, bagit.txt, bag-info.txt; case.json. */
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/request.h"
#include "core/time.h"
#include "reports/verify/check.h"

#define SMALL ((size_t)4096)

int kt_vf_mimetype(struct kt_vf *c)
{
	struct kt_buf b;
	bool found = false;
	int r;

	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_MIMETYPE, KT_PKG_MIMETYPE, SMALL, &b, &found);
	if (r == 0 && found) {
		if (b.len != strlen(KT_PKG_MIMETYPE_TEXT) ||
		    memcmp(b.p, KT_PKG_MIMETYPE_TEXT, b.len) != 0)
			kt_vf_fail(c, KT_V_MIMETYPE, "mimetype names another kind of file");
		if (strcmp(kt_zip_entry_name(&c->zip, &c->zip.e[0]), KT_PKG_MIMETYPE) != 0)
			kt_vf_fail(c, KT_V_MIMETYPE, "mimetype is not the first file");
		kt_vf_done(c, KT_V_MIMETYPE);
	}
	kt_buf_free(&b);
	return r;
}

static void copy_member(const struct kt_jv *o, const char *key, char *out, size_t cap)
{
	const char *s = kt_jv_str(o, key);

	/* one that does not fit is as good as none: it would be compared cut */
	if (s != NULL && strlen(s) < cap)
		memcpy(out, s, strlen(s) + 1);
}

int kt_vf_case(struct kt_vf *c)
{
	struct kt_jdoc *doc = NULL;
	struct kt_err err = {0};
	const struct kt_jv *o;
	const char *format;
	struct kt_buf b;
	bool found = false;
	int r;

	if (c->res->type != KT_PT_ACQUISITION)
		return 0;
	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_OBJECTS, KT_PKG_CASE, SMALL, &b, &found);
	if (r < 0 || !found)
		goto out;
	if (kt_jdoc_parse(b.p, b.len, &doc, &err) < 0) {
		kt_vf_fail(c, KT_V_OBJECTS, "%s: %s", KT_PKG_CASE, kt_err_text(&err));
		goto out;
	}
	o = kt_jdoc_root(doc);
	format = kt_jv_str(o, "format");
	if (format == NULL || strcmp(format, "keten-case-1") != 0)
		kt_vf_fail(c, KT_V_OBJECTS, "%s is of an unknown format", KT_PKG_CASE);
	copy_member(o, "case_id", c->case_id, sizeof(c->case_id));
	copy_member(o, "mandate_id", c->case_mandate_id, sizeof(c->case_mandate_id));
	copy_member(o, "mandate_sha256", c->case_mandate, sizeof(c->case_mandate));
	copy_member(o, "device", c->device, sizeof(c->device));
	copy_member(o, "device_kind", c->device_kind, sizeof(c->device_kind));
	copy_member(o, "form", c->form, sizeof(c->form));
	if (kt_jv_get(o, "form") == NULL)
		snprintf(c->form, sizeof(c->form), "phone");
	if (kt_form_find(c->form) == 0)
		kt_vf_fail(c, KT_V_OBJECTS, "%s: what was read is of no known form", KT_PKG_CASE);
	if (c->case_id[0] == '\0')
		kt_vf_fail(c, KT_V_OBJECTS, "%s names no case", KT_PKG_CASE);
out:
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

static int check_bagit(struct kt_vf *c)
{
	struct kt_buf b;
	bool found = false;
	int r;

	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_BAG, KT_PKG_BAGIT, SMALL, &b, &found);
	if (r == 0 && found &&
	    (b.len != strlen(KT_PKG_BAGIT_TEXT) || memcmp(b.p, KT_PKG_BAGIT_TEXT, b.len) != 0))
		kt_vf_fail(c, KT_V_BAG, "%s is not the declaration of BagIt 1.0", KT_PKG_BAGIT);
	kt_buf_free(&b);
	return r;
}

/* The date in its first line is the only thing that follows from nothing else. */
static int64_t bagging_date(const struct kt_buf *b)
{
	static const char key[] = "Bagging-Date: ";
	char text[KT_TIME_TEXT];
	int64_t us;

	if (b->len < sizeof(key) - 1 + 11 || memcmp(b->p, key, sizeof(key) - 1) != 0)
		return -1;
	snprintf(text, sizeof(text), "%.10sT00:00:00Z", (const char *)b->p + sizeof(key) - 1);
	if (strlen(text) != 20 || kt_time_parse(text, 20, true, &us, NULL, NULL) < 0 || us < 0)
		return -1;
	return us;
}

/* Names the first line that differs. */
static void report_difference(struct kt_vf *c, const struct kt_buf *want, const struct kt_buf *have)
{
	size_t line = 0, i = 0;

	while (i < want->len && i < have->len && want->p[i] == have->p[i]) {
		if (want->p[i] == '\n')
			line = i + 1;
		i++;
	}
	if (line >= want->len)
		kt_vf_fail(c, KT_V_BAG, "%s goes on behind its end", KT_PKG_BAGINFO);
	else
		kt_vf_fail(c, KT_V_BAG, "%s: by the content, a line should read \"%.*s\"",
			   KT_PKG_BAGINFO, (int)strcspn((const char *)want->p + line, "\n"),
			   (const char *)want->p + line);
}

int kt_vf_bag(struct kt_vf *c)
{
	struct kt_pkg_info info = {.package = c->package,
				   .case_id = c->case_id,
				   .mandate_id = c->mandate ? c->mandate->mandate_id : "",
				   .octets = c->payload_octets,
				   .files = c->payload_files,
				   .type = c->res->type,
				   .concerns = (const char(*)[KT_SHA256_HEX])c->res->concerns,
				   .nconcerns = c->res->nconcerns};
	struct kt_buf b, want;
	bool found = false;
	int r;

	kt_buf_init(&b, 0);
	kt_buf_init(&want, 0);
	r = check_bagit(c);
	if (r == 0)
		r = kt_vf_load(c, KT_V_BAG, KT_PKG_BAGINFO, SMALL, &b, &found);
	if (r < 0 || !found)
		goto out;
	if (c->res->type != KT_PT_ACQUISITION) {
		info.mandate_id = c->act_mandate_id;
		if (!c->have_act)
			goto out;
	} else if (!c->have_log || c->mandate == NULL || c->case_id[0] == '\0') {
		goto out; /* what it should say is not known; the reason is named elsewhere */
	}
	info.sealed_us = bagging_date(&b);
	kt_pkg_baginfo(&info, &want);
	if (kt_buf_cstr(&want) == NULL)
		r = KT_FAIL(c->err, KT_E_NOMEM, "no memory");
	else if (b.len != want.len || memcmp(b.p, want.p, b.len) != 0)
		report_difference(c, &want, &b);
	if (r == 0)
		kt_vf_done(c, KT_V_BAG);
out:
	kt_buf_free(&b);
	kt_buf_free(&want);
	return r;
}
