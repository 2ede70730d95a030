/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/verify.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/time.h"
#include "core/tr.h"
#include "reports/verify/check.h"

static const struct {
	const char *name, *text;
} checks[KT_V_COUNT] = {
#define X(id, name, text) {name, text},
	KT_VERIFY_CHECKS(X)
#undef X
};

const char *kt_verify_check_name(enum kt_verify_id id)
{
	return checks[id].name;
}

const char *kt_verdict_name(enum kt_verdict v)
{
	static const char *const names[] = {"undetermined", "valid", "invalid"};

	return names[v];
}

bool kt_verify_counts(const struct kt_verify_result *res, enum kt_verify_id id)
{
	return res->applies[id] || res->check[id].state == KT_VS_FAILED;
}

const char *kt_verify_signer_role(const struct kt_verify_result *res)
{
	return res->type == KT_PT_ACQUISITION ? "operator"
	       : res->type == KT_PT_RELEASE   ? "releaser"
					      : "signer";
}

int kt_verdict_status(enum kt_verdict v)
{
	static const int status[] = {6, 0, 5};

	return status[v];
}

/* -- findings --------------------------------------------------------------------------------- */

static void copy_visible(char *out, size_t cap, const char *text)
{
	struct kt_buf b;

	kt_buf_init(&b, 65536);
	kt_text_escape(&b, text, strlen(text));
	snprintf(out, cap, "%s", kt_buf_cstr(&b) != NULL ? (const char *)b.p : "");
	kt_buf_free(&b);
}

static void add(struct kt_verify_check *k, enum kt_verify_state state, const char *fmt, va_list ap)
{
	char text[2 * KT_VERIFY_TEXT];

	if (state > k->state) { /* a failure replaces what was merely unclear */
		k->state = state;
		k->n = 0;
		k->more = 0;
	} else if (state < k->state) {
		return;
	}
	if (k->n >= KT_VERIFY_LINES) {
		k->more++;
		return;
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	copy_visible(k->text[k->n++], KT_VERIFY_TEXT, text);
}

void kt_vf_fail(struct kt_vf *c, enum kt_verify_id id, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&c->res->check[id], KT_VS_FAILED, fmt, ap);
	va_end(ap);
}

void kt_vf_unsure(struct kt_vf *c, enum kt_verify_id id, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&c->res->check[id], KT_VS_UNDETERMINED, fmt, ap);
	va_end(ap);
}

void kt_vf_done(struct kt_vf *c, enum kt_verify_id id)
{
	struct kt_verify_check *k = &c->res->check[id];

	if (k->state == KT_VS_OPEN)
		k->state = KT_VS_OK;
}

bool kt_vf_is_ok(const struct kt_vf *c, enum kt_verify_id id)
{
	return c->res->check[id].state == KT_VS_OK;
}

bool kt_vf_is_ours(int code)
{
	return code == KT_E_STORAGE || code == KT_E_NOMEM || code == KT_E_INTERNAL;
}

int kt_vf_load(struct kt_vf *c, enum kt_verify_id id, const char *name, size_t max,
	       struct kt_buf *b, bool *found)
{
	const struct kt_zip_entry *e = kt_zip_find(&c->zip, name);
	struct kt_err err = {0};
	uint8_t hash[KT_SHA256_LEN];
	int r;

	*found = false;
	if (e == NULL) {
		kt_vf_fail(c, id, "%s is missing", name);
		return 0;
	}
	r = kt_zip_load(&c->zip, e, max, b, &err);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		return r;
	}
	if (r < 0) {
		kt_vf_fail(c, id, "%s", kt_err_text(&err));
		return 0;
	}
	/* the bytes judged are the bytes that were hashed, also if somebody writes meanwhile */
	r = kt_sha256(b->p, b->len, hash, c->err);
	if (r < 0)
		return r;
	if (memcmp(hash, e->sha256, sizeof(hash)) != 0)
		return KT_FAIL(c->err, KT_E_STORAGE, "%s changes while it is read", name);
	*found = true;
	return 0;
}

/* -- the whole -------------------------------------------------------------------------------- */

static void on_defect(void *arg, const char *text)
{
	struct kt_vf *c = arg;

	kt_vf_fail(c, KT_V_CONTAINER, "%s", text);
}

static int run_checks(struct kt_vf *c)
{
	/* facts first, then what is judged by them; the order of output is that of the table */
	static int (*const steps[])(struct kt_vf *) = {
		kt_vf_hash_all, kt_vf_type,	    kt_vf_mimetype, kt_vf_lists,  kt_vf_contents,
		kt_vf_case,	kt_vf_act,	    kt_vf_custody,  kt_vf_tokens, kt_vf_signature,
		kt_vf_mandate,	kt_vf_interruption, kt_vf_release,  kt_vf_xades,  kt_vf_roles,
		kt_vf_bag,	kt_vf_events,	    kt_vf_seal,	    kt_vf_sealed, kt_vf_index,
		kt_vf_report,	kt_vf_times,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++)
		r = steps[i](c);
	return r;
}

static void conclude(struct kt_verify_result *res)
{
	unsigned failed = 0, unsure = 0, all = 0;
	enum kt_verify_id first_failed = KT_V_COUNT, first_unsure = KT_V_COUNT;
	char t[KT_TIME_TEXT];

	for (unsigned i = 0; i < KT_V_COUNT; i++) {
		if (!kt_verify_counts(res, i))
			continue;
		all++;
		if (res->check[i].state == KT_VS_FAILED) {
			if (failed++ == 0)
				first_failed = i;
		} else if (res->check[i].state != KT_VS_OK) {
			if (unsure++ == 0)
				first_unsure = i;
		}
	}
	if (failed > 0) {
		res->verdict = KT_VERDICT_INVALID;
		snprintf(res->reason, sizeof(res->reason), "%u of %u checks failed, the first: %s",
			 failed, all, checks[first_failed].name);
	} else if (unsure > 0) {
		res->verdict = KT_VERDICT_UNDETERMINED;
		snprintf(res->reason, sizeof(res->reason),
			 "nothing failed, but %u of %u checks could not be decided, the first: %s",
			 unsure, all, checks[first_unsure].name);
	} else {
		res->verdict = KT_VERDICT_VALID;
		if (res->anchored)
			snprintf(res->reason, sizeof(res->reason),
				 "all %u checks hold; it was sealed before %s, by an outside clock",
				 all, kt_time_text(res->seal_token.gen_us, t));
		else
			snprintf(res->reason, sizeof(res->reason),
				 "all %u checks hold; when it was sealed rests on the operator's "
				 "clock",
				 all);
	}
}

static void vf_free(struct kt_vf *c)
{
	kt_zip_read_close(&c->zip);
	kt_buf_free(&c->mandate_raw);
	kt_buf_free(&c->custody_raw);
	kt_buf_free(&c->tags_raw);
	kt_buf_free(&c->p7s_raw);
	kt_mandate_free(&c->mandate);
	free(c->sha512);
	free(c->seg);
	free(c);
}

static void clear_verdict(struct kt_verify_result *res)
{
	res->verdict = KT_VERDICT_UNDETERMINED;
	snprintf(res->reason, sizeof(res->reason), N_("the package could not be read to its end"));
}

/* What the package says of itself, for those who name or continue it. */
static void keep_facts(struct kt_vf *c)
{
	struct kt_verify_result *res = c->res;
	bool act = res->type != KT_PT_ACQUISITION;
	const char *id = act ? c->act_mandate_id : c->case_mandate_id;
	const char *sha = act ? c->act_mandate : c->case_mandate;

	snprintf(res->case_id, sizeof(res->case_id), "%s", c->case_id);
	snprintf(res->mandate_id, sizeof(res->mandate_id), "%s", id);
	snprintf(res->mandate_sha256, sizeof(res->mandate_sha256), "%s", sha);
	res->made_us = c->sealing_us;
	if (c->mandate != NULL)
		res->unreleased_us = c->mandate->unreleased_days * INT64_C(86400) * KT_US_PER_S;
}

int kt_verify_package(int fd, const char *name, const struct kt_trust *trust,
		      struct kt_verify_result *res, struct kt_err *err)
{
	struct kt_err own = {0};
	struct kt_vf *c = calloc(1, sizeof(*c));
	int r;

	memset(res, 0, sizeof(*res));
	clear_verdict(res);
	copy_visible(res->name, sizeof(res->name), name);
	if (c == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	c->res = res;
	c->trust = kt_trust_count(trust) > 0 ? trust : NULL;
	c->err = &own;
	c->now_us = kt_time_now();
	res->trusted = c->trust != NULL;
	res->lists = kt_trust_has_lists(c->trust);
	res->type = KT_PT_ACQUISITION; /* judged as one as long as it does not say otherwise */
	for (unsigned i = 0; i < KT_V_COUNT; i++)
		res->applies[i] = i != KT_V_ACT && i != KT_V_SEALED;
	kt_buf_init(&c->mandate_raw, 0);
	kt_buf_init(&c->custody_raw, 0);
	kt_buf_init(&c->tags_raw, 0);
	kt_buf_init(&c->p7s_raw, 0);
	c->seg = calloc(KT_VF_SEGMENTS, sizeof(*c->seg));
	r = c->seg == NULL ? KT_FAIL(&own, KT_E_NOMEM, "no memory") : 0;
	if (r == 0)
		r = kt_zip_read_open(fd, &c->zip, on_defect, c, &own);
	res->bytes = c->zip.file_size;
	if (r == 0) {
		kt_vf_done(c, KT_V_CONTAINER);
		r = run_checks(c);
	} else if (r == KT_E_FORMAT) {
		r = kt_vf_hash_all(c); /* no entries: only the file's own hash */
	}
	if (c->zip.n > 0)
		keep_facts(c);
	if (r == 0)
		conclude(res);
	else if (err != NULL)
		*err = own;
	vf_free(c);
	return r;
}
