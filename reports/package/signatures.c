/* SPDX-License-Identifier: EUPL-1.2 */
/* The signatures of a package: CMS over the list, XAdES over every file, time-stamps over both. */
#include <string.h>

#include "core/cms.h"
#include "core/cms_parts.h"
#include "core/err.h"
#include "core/time.h"
#include "reports/package/package_i.h"
#include "reports/verify/xades.h"

/* A token over p, or an empty buffer: a package without one is a whole package. */
static void stamp(struct kt_pkg_work *w, const void *p, size_t n, struct kt_buf *token)
{
	struct kt_err ignored = {0}; /* whoever asked knows why */

	kt_buf_reset(token);
	if (w->out->stamp != NULL && w->out->stamp(w->out->arg, p, n, token, &ignored) != 0)
		kt_buf_reset(token);
	if (token->failed || token->len > KT_XADES_TOKEN_MAX)
		kt_buf_reset(token);
}

int kt_pkg_put_signature(struct kt_pkg_work *w, const struct kt_buf *list, struct kt_err *err)
{
	struct kt_buf token;
	struct kt_signer s;
	int r = w->out->sign(w->out->arg, list->p, list->len, &w->p7s, err);

	kt_buf_init(&token, 0);
	if (r == 0)
		r = kt_cms_verify(w->p7s.p, w->p7s.len, list->p, list->len, NULL, kt_time_now(), &s,
				  err);
	if (r == 0 && s.signing_time_us == 0)
		r = KT_FAIL(err, KT_E_INVALID, "the signature does not say when it was made");
	if (r == 0) {
		w->signing_us = s.signing_time_us;
		r = kt_pkg_put_new(w, KT_PKG_SIGNATURE, w->p7s.p, w->p7s.len, err);
	}
	if (r == 0)
		stamp(w, w->p7s.p, w->p7s.len, &token);
	if (r == 0 && token.len > 0)
		r = kt_pkg_put_new(w, KT_PKG_TOKEN, token.p, token.len, err);
	kt_buf_free(&token);
	return r;
}

/* -- XAdES -------------------------------------------------------------------------------------- */

struct listed {
	const struct kt_package *pkg;
	size_t i, at; /* the i-th listed file is the one at at */
};

static bool next_file(void *arg, size_t i, const char **name, const uint8_t **sha256)
{
	struct listed *l = arg;

	if (i == 0)
		l->at = 0;
	else if (i == l->i + 1)
		l->at++;
	else
		return false;
	l->i = i;
	while (l->at < l->pkg->n && !kt_pkg_odf_lists(l->pkg->file[l->at].name))
		l->at++;
	if (l->at >= l->pkg->n)
		return false;
	*name = l->pkg->file[l->at].name;
	*sha256 = l->pkg->file[l->at].sha256;
	return true;
}

struct target {
	struct kt_pkg_work *w; /* NULL: only counted */
	uint64_t n;
	struct kt_err *err;
};

static int put_text(void *arg, const void *p, size_t n)
{
	struct target *t = arg;
	int r;

	t->n += n;
	if (t->w == NULL)
		return 0;
	r = kt_buf_put(&t->w->text, p, n);
	if (r == 0 && t->w->text.len > (size_t)1 << 18) {
		r = kt_zipw_write(&t->w->zip, t->w->text.p, t->w->text.len, t->err);
		kt_buf_reset(&t->w->text);
	}
	return r;
}

static int document(const struct kt_xades *x, const struct kt_buf *sig, const struct kt_buf *token,
		    struct target *t)
{
	bool has = token->len > 0;
	int r = kt_xades_head(x, put_text, t);

	if (r == 0)
		r = kt_xades_base64(sig->p, sig->len, put_text, t);
	if (r == 0)
		r = kt_xades_middle(x, put_text, t);
	if (r == 0 && has)
		r = kt_xades_token(put_text, t);
	if (r == 0 && has)
		r = kt_xades_base64(token->p, token->len, put_text, t);
	return r < 0 ? r : kt_xades_tail(has, put_text, t);
}

static int write_xades(struct kt_pkg_work *w, const struct kt_xades *x, const struct kt_buf *sig,
		       const struct kt_buf *token, struct kt_err *err)
{
	struct target t = {NULL, 0, err};
	struct kt_zipw_done d = {0};
	int r = document(x, sig, token, &t);

	kt_buf_reset(&w->text);
	if (r == 0)
		r = kt_zipw_begin(&w->zip, KT_PKG_XADES, t.n, false, err);
	if (r < 0)
		return r;
	t.w = w;
	r = document(x, sig, token, &t);
	if (r == 0)
		r = kt_zipw_write(&w->zip, w->text.p, w->text.len, err);
	if (r == 0)
		r = kt_zipw_end(&w->zip, &d, err);
	if (r == 0) {
		/* the row comes last: while it is not there, the list of files is the signed one */
		struct kt_pkg_file *f = kt_pkg_file_add(w->pkg, KT_PKG_XADES, err);

		r = f == NULL ? KT_E_USAGE : kt_pkg_settle(w, f, &d, err);
	}
	return r;
}

int kt_pkg_put_xades(struct kt_pkg_work *w, struct kt_err *err)
{
	struct listed files = {.pkg = w->pkg};
	struct kt_cms_certs certs;
	struct kt_xades x = {
		.certs = &certs, .time_us = w->signing_us, .file = next_file, .arg = &files};
	struct kt_buf sig, token, stamped;
	int r = kt_cms_certs(w->p7s.p, w->p7s.len, &certs, err);

	kt_buf_init(&sig, 0);
	kt_buf_init(&token, 0);
	kt_buf_init(&stamped, 0);
	kt_pkg_sort(w->pkg);
	if (r == 0)
		r = kt_xades_init(&x, err);
	if (r == 0)
		r = w->out->digest(w->out->arg, x.info_sha256, &sig, err);
	if (r == 0 && (sig.len == 0 || sig.len > KT_XADES_SIG_MAX))
		r = KT_FAIL(err, KT_E_INVALID, "the signature is of an impossible length");
	if (r == 0)
		r = kt_xades_stamped(sig.p, sig.len, &stamped);
	if (r == 0) {
		stamp(w, stamped.p, stamped.len, &token);
		r = write_xades(w, &x, &sig, &token, err);
	}
	kt_xades_free(&x);
	kt_cms_certs_free(&certs);
	kt_buf_free(&sig);
	kt_buf_free(&token);
	kt_buf_free(&stamped);
	return r < 0 ? KT_TRACE(err, r, KT_PKG_XADES " can't be made") : 0;
}
