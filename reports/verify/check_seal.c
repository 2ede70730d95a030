/* SPDX-License-Identifier: EUPL-1.2 */
/* The acquisition seal: the operator's signature over index and log before any evaluation. */
#include <string.h>

#include "core/err.h"
#include "reports/verify/check.h"

#define P7S_MAX ((size_t)1 << 20)

static int check_signature(struct kt_vf *c, const struct kt_buf *seal)
{
	struct kt_signer *s = &c->seal_cert;
	struct kt_err err = {0};
	struct kt_buf der;
	bool found = false;
	int r;

	kt_buf_init(&der, 0);
	r = kt_vf_load(c, KT_V_SEAL, KT_PKG_SEAL_SIG, P7S_MAX, &der, &found);
	if (r < 0 || !found)
		goto out;
	r = kt_cms_verify(der.p, der.len, seal->p, seal->len, c->trust, c->now_us, s, &err);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		goto out;
	}
	if (r < 0) {
		kt_vf_fail(c, KT_V_SEAL, "%s: %s", KT_PKG_SEAL_SIG, kt_err_text(&err));
		r = 0;
		goto out;
	}
	c->have_seal_cert = true;
	if (!s->has_cades)
		kt_vf_fail(c, KT_V_SEAL, "%s: does not name its certificate (not CAdES)",
			   KT_PKG_SEAL_SIG);
	if (c->res->have_operator &&
	    memcmp(s->cert_sha256, c->res->operator_cert.cert_sha256, sizeof(s->cert_sha256)) != 0)
		kt_vf_fail(c, KT_V_SEAL, "the acquisition was sealed by %s, not by the operator",
			   s->subject);
out:
	kt_buf_free(&der);
	return r;
}

/* One row of "segments", held against the log. */
static void check_segment(struct kt_vf *c, const struct kt_jv *row, size_t at)
{
	const char *item = kt_jv_str(row, "item"), *outcome = kt_jv_str(row, "outcome");
	const char *sha = kt_jv_str(row, "sha256");
	struct kt_vf_segment *g = &c->seg[at];

	if (kt_jv_int(row, "segment", 0) != (int64_t)at + 1 || item == NULL || outcome == NULL ||
	    sha == NULL) {
		kt_vf_fail(c, KT_V_SEAL, "row %zu of the seal is malformed", at + 1);
		return;
	}
	g->sealed = true;
	if (!g->logged)
		return; /* the log's defect, named there */
	if (strcmp(item, g->item) != 0 || strcmp(outcome, g->outcome) != 0 ||
	    strcmp(sha, g->sha256) != 0 || kt_jv_int(row, "objects", -2) != g->objects ||
	    kt_jv_int(row, "bytes", -2) != g->bytes)
		kt_vf_fail(c, KT_V_SEAL, "seal and custody log differ about %s", item);
}

static void check_content(struct kt_vf *c, const struct kt_jv *o)
{
	const char *format = kt_jv_str(o, "format"), *case_id = kt_jv_str(o, "case_id");
	const char *head = kt_jv_str(o, "custody_head");
	const struct kt_jv *rows = kt_jv_get(o, "segments");
	const struct kt_jv *row = rows != NULL && rows->type == KT_JV_ARR ? rows->child : NULL;
	size_t n = 0;

	if (format == NULL || strcmp(format, "keten-seal-1") != 0)
		kt_vf_fail(c, KT_V_SEAL, "the seal is of an unknown format");
	if (case_id == NULL || strcmp(case_id, c->case_id) != 0)
		kt_vf_fail(c, KT_V_SEAL, "the seal belongs to another case");
	for (; row != NULL && n < KT_VF_SEGMENTS; row = row->next)
		check_segment(c, row, n++);
	if (!c->have_log)
		return;
	if (n != c->nseg || row != NULL)
		kt_vf_fail(c, KT_V_SEAL, "the seal names another number of segments than the log");
	if (head == NULL || strcmp(head, c->before_seal) != 0 ||
	    kt_jv_int(o, "custody_lines", -1) != (int64_t)c->seal_line - 1)
		kt_vf_fail(c, KT_V_SEAL, "the seal was made over another custody log");
}

int kt_vf_seal(struct kt_vf *c)
{
	struct kt_jdoc *doc = NULL;
	struct kt_err err = {0};
	char sha[KT_SHA256_HEX];
	struct kt_buf b;
	bool found = false;
	int r;

	if (!c->res->applies[KT_V_SEAL])
		return 0;
	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_SEAL, KT_PKG_SEAL, KT_PKG_MAX_SMALL, &b, &found);
	if (r < 0 || !found)
		goto out;
	r = check_signature(c, &b);
	if (r == 0)
		r = kt_sha256_hex(b.p, b.len, sha, c->err);
	if (r < 0)
		goto out;
	if (c->have_log && strcmp(sha, c->log_seal) != 0)
		kt_vf_fail(c, KT_V_SEAL, "the seal is not the one that the custody log names");
	if (kt_jdoc_parse(b.p, b.len, &doc, &err) < 0)
		kt_vf_fail(c, KT_V_SEAL, "%s: %s", KT_PKG_SEAL, kt_err_text(&err));
	else
		check_content(c, kt_jdoc_root(doc));
	if (c->have_log && c->res->have_operator)
		kt_vf_done(c, KT_V_SEAL);
out:
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}
