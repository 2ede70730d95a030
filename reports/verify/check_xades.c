/* SPDX-License-Identifier: EUPL-1.2 */
/* META-INF/signatures001.xml: made again from everything else, and compared byte by byte. */
#include <openssl/evp.h>
#include <string.h>

#include "core/err.h"
#include "reports/verify/check.h"
#include "reports/verify/xades.h"

#define WINDOW ((size_t)1 << 16)

struct same {
	struct kt_vf *c;
	const struct kt_zip_entry *e;
	uint64_t off;	   /* what was compared so far */
	struct kt_buf win; /* bytes of the file from win_off on */
	uint64_t win_off;
	bool differs;
};

/* At least n bytes from off on, or as many as there are. */
static int see(struct same *s, size_t n, const uint8_t **p, size_t *have)
{
	size_t got = 0;
	int r;

	if (s->off < s->win_off || s->off + n > s->win_off + s->win.len) {
		size_t want = n > WINDOW ? n : WINDOW;

		kt_buf_reset(&s->win);
		if (kt_buf_reserve(&s->win, want) < 0)
			return KT_FAIL(s->c->err, KT_E_NOMEM, "no memory");
		r = kt_zip_pread(&s->c->zip, s->e, s->off, s->win.p, want, &got, s->c->err);
		if (r < 0)
			return r;
		s->win.len = got;
		s->win_off = s->off;
	}
	*p = s->win.p + (s->off - s->win_off);
	*have = s->win.len - (size_t)(s->off - s->win_off);
	return 0;
}

/* kt_xades_out_fn: stops at the first difference. */
static int compare(void *arg, const void *p, size_t n)
{
	struct same *s = arg;
	const uint8_t *have = NULL;
	size_t k = 0;
	int r = see(s, n, &have, &k);

	if (r < 0)
		return r;
	if (have == NULL || k < n || memcmp(have, p, n) != 0) {
		s->differs = true;
		return KT_E_INVALID;
	}
	s->off += n;
	return 0;
}

static size_t base64_run(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && ((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= 'a' && p[i] <= 'z') ||
			 (p[i] >= '0' && p[i] <= '9') || p[i] == '+' || p[i] == '/' || p[i] == '='))
		i++;
	return i;
}

/* A value in base64, of which there is one form alone: what it decodes to must encode to it. */
static int take(struct same *s, size_t max, struct kt_buf *out)
{
	const uint8_t *p = NULL;
	size_t have = 0, n, pad = 0;
	int r = see(s, max / 3 * 4 + 8, &p, &have);

	if (r < 0)
		return r;
	n = p == NULL ? 0 : base64_run(p, have);
	if (p == NULL || n == 0 || n % 4 != 0 || n / 4 * 3 > max || kt_buf_reserve(out, n) < 0 ||
	    EVP_DecodeBlock(out->p, p, (int)n) < 0) {
		s->differs = true;
		return KT_E_INVALID;
	}
	while (pad < 2 && p[n - 1 - pad] == '=')
		pad++;
	out->len = n / 4 * 3 - pad;
	return kt_xades_base64(out->p, out->len, compare, s);
}

struct files {
	const struct kt_vf *c;
	size_t i, at;
};

static bool next_file(void *arg, size_t i, const char **name, const uint8_t **sha256)
{
	struct files *f = arg;
	const struct kt_zip *z = &f->c->zip;

	if (i == 0)
		f->at = 0;
	else if (i == f->i + 1)
		f->at++;
	else
		return false;
	f->i = i;
	for (; f->at < z->n; f->at++) {
		const struct kt_zip_entry *e = &z->e[z->sorted[f->at]];

		*name = kt_zip_entry_name(z, e);
		*sha256 = e->sha256;
		if (kt_pkg_odf_lists(*name))
			return true;
	}
	return false;
}

static int document(struct same *s, const struct kt_xades *x, struct kt_buf *sig,
		    struct kt_buf *token)
{
	static const char begins[] = "<xades:UnsignedProperties>";
	const uint8_t *p = NULL;
	size_t have = 0;
	bool more = false;
	int r = kt_xades_head(x, compare, s);

	if (r == 0)
		r = take(s, KT_XADES_SIG_MAX, sig);
	if (r == 0)
		r = kt_xades_middle(x, compare, s);
	if (r == 0)
		r = see(s, sizeof(begins) - 1, &p, &have);
	if (r == 0)
		more = p != NULL && have >= sizeof(begins) - 1 &&
		       memcmp(p, begins, sizeof(begins) - 1) == 0;
	if (r == 0 && more)
		r = kt_xades_token(compare, s);
	if (r == 0 && more)
		r = take(s, KT_XADES_TOKEN_MAX, token);
	return r < 0 ? r : kt_xades_tail(more, compare, s);
}

static void judge(struct kt_vf *c, const struct kt_xades *x, const struct kt_buf *sig,
		  const struct kt_buf *token)
{
	const struct kt_cms_certs *certs = x->certs;
	struct kt_err err = {0};
	struct kt_buf stamped;
	int64_t us = 0;

	if (kt_cert_verify_raw(certs->der.p + certs->off[0], certs->len[0], x->info_sha256, sig->p,
			       sig->len, &err) < 0)
		kt_vf_fail(c, KT_V_XADES, "%s: %s", KT_PKG_XADES, kt_err_text(&err));
	kt_vf_done(c, KT_V_XADES);
	if (token->len == 0)
		return;
	kt_buf_init(&stamped, 0);
	kt_xades_stamped(sig->p, sig->len, &stamped);
	kt_vf_token(c, KT_V_SEAL_TIME, KT_PKG_XADES, token, &stamped, &c->xades_token,
		    &c->res->xades_token, &us);
	kt_buf_free(&stamped);
}

static int compare_all(struct kt_vf *c, const struct kt_zip_entry *e,
		       const struct kt_cms_certs *certs)
{
	struct files files = {.c = c};
	struct kt_xades x = {.certs = certs,
			     .time_us = c->res->operator_cert.signing_time_us,
			     .file = next_file,
			     .arg = &files};
	struct same s = {.c = c, .e = e};
	struct kt_err err = {0};
	struct kt_buf sig, token;
	int r = kt_xades_init(&x, &err);

	kt_buf_init(&s.win, 0);
	kt_buf_init(&sig, 0);
	kt_buf_init(&token, 0);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
	} else if (r < 0) {
		kt_vf_fail(c, KT_V_XADES, "%s: %s", KT_PKG_XADES, kt_err_text(&err));
		r = 0;
	} else {
		r = document(&s, &x, &sig, &token);
		if (s.differs || (r == 0 && s.off != e->size)) {
			kt_vf_fail(c, KT_V_XADES,
				   "%s is not the signature over these files: it differs at byte "
				   "%llu",
				   KT_PKG_XADES, (unsigned long long)s.off);
			r = 0;
		} else if (r == 0) {
			judge(c, &x, &sig, &token);
		}
	}
	kt_xades_free(&x);
	kt_buf_free(&s.win);
	kt_buf_free(&sig);
	kt_buf_free(&token);
	return r;
}

int kt_vf_xades(struct kt_vf *c)
{
	const struct kt_zip_entry *e = kt_zip_find(&c->zip, KT_PKG_XADES);
	struct kt_cms_certs certs;
	struct kt_err err = {0};
	int r;

	if (e == NULL || e->unreadable) {
		kt_vf_fail(c, KT_V_XADES, "%s is missing or cannot be read", KT_PKG_XADES);
		return 0;
	}
	if (!c->res->have_operator)
		return 0; /* its certificates and time come from a signature that does not hold */
	r = kt_cms_certs(c->p7s_raw.p, c->p7s_raw.len, &certs, &err);
	if (r == 0)
		r = compare_all(c, e, &certs);
	else
		kt_vf_fail(c, KT_V_XADES, "%s: %s", KT_PKG_SIGNATURE, kt_err_text(&err));
	kt_cms_certs_free(&certs);
	return kt_vf_is_ours(r) ? r : 0;
}
