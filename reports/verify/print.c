/* SPDX-License-Identifier: EUPL-1.2 */
/* The result for people and for programs. All text in it was escaped when it was stored. */
#include <string.h>

#include "core/json.h"
#include "core/time.h"
#include "reports/verify/verify.h"

#define X(id, name, text) text,
static const char *const good[KT_V_COUNT] = {KT_VERIFY_CHECKS(X)};
#undef X

static void print_check(const struct kt_verify_result *res, enum kt_verify_id id, FILE *out)
{
	const struct kt_verify_check *k = &res->check[id];
	const char *name = kt_verify_check_name(id);
	const char *mark = k->state == KT_VS_FAILED ? "FAIL" : "??  ";

	if (!kt_verify_counts(res, id))
		return;
	if (k->state == KT_VS_OK) {
		fprintf(out, "ok    %s: %s\n", name, good[id]);
		return;
	}
	if (k->n == 0)
		fprintf(out, "??    %s: could not be judged, because of what is named elsewhere\n",
			name);
	for (unsigned i = 0; i < k->n; i++)
		fprintf(out, "%s  %s: %s\n", mark, name, k->text[i]);
	if (k->more > 0)
		fprintf(out, "%s  %s: and %u more of this kind\n", mark, name, k->more);
}

static void print_signer(const char *who, const struct kt_signer *s, FILE *out)
{
	char t[KT_TIME_TEXT];

	fprintf(out, "%s: %s, at %s by their own clock\n", who, s->subject,
		s->signing_time_us != 0 ? kt_time_text(s->signing_time_us, t) : "no stated time");
}

/* XAdES levels as EN 319 132 names them: B-T when a believed time-stamp is inside, else B-B. */
static const char *xades_level(const struct kt_verify_result *res)
{
	if (res->check[KT_V_XADES].state != KT_VS_OK)
		return "none";
	return res->xades_token.state == KT_VT_BELIEVED ? "B-T" : "B-B";
}

static void print_levels(const struct kt_verify_result *res, FILE *out)
{
	char t[KT_TIME_TEXT];

	fprintf(out, "level signature: CAdES detached %s, XAdES %s\n",
		res->have_operator ? "holds" : "does not hold", xades_level(res));
	if (res->open_token.state == KT_VT_BELIEVED)
		fprintf(out, "level time: the session was opened before %s, says %s\n",
			kt_time_text(res->open_token.gen_us, t), res->open_token.tsa);
	if (res->later_token.state == KT_VT_BELIEVED)
		fprintf(out, "level time: the packages concerned existed before %s, says %s\n",
			kt_time_text(res->later_token.gen_us, t), res->later_token.tsa);
	if (res->anchored)
		fprintf(out, "level time: it was sealed before %s, says %s\n",
			kt_time_text(res->seal_token.gen_us, t), res->seal_token.tsa);
	else
		fprintf(out, "level time: unanchored: no believed time-stamp; when this was sealed "
			     "rests on the operator's clock\n");
	fprintf(out, "level revocation: %s\n",
		res->lists ? "judged by the lists that were given"
			   : "not judged: no revocation lists were given");
}

static void print_lines(const struct kt_verify_result *res, FILE *out)
{
	fprintf(out, "package: %s (%llu bytes, %llu files, %llu of them taken from the phone)\n",
		res->name, (unsigned long long)res->bytes, (unsigned long long)res->files,
		(unsigned long long)res->objects);
	fprintf(out, "type: %s%s\n", kt_pkg_type_word(res->type), res->sealed ? ", sealed" : "");
	for (unsigned i = 0; i < res->nconcerns; i++)
		fprintf(out, "concerns: %s\n", res->concerns[i]);
	fprintf(out, "sha256: %s\n", res->sha256);
	for (unsigned i = 0; i < KT_V_COUNT; i++)
		print_check(res, i, out);
	if (res->have_operator)
		print_signer(kt_verify_signer_role(res), &res->operator_cert, out);
	if (res->have_authoriser)
		print_signer("authoriser", &res->authoriser_cert, out);
	print_levels(res, out);
	fprintf(out, "level trust: %s\n",
		res->trusted ? "judged by the trust anchors that were given"
			     : "not judged: no trust anchors were given");
	fprintf(out, "result: %s \xe2\x80\x94 %s\n", kt_verdict_name(res->verdict), res->reason);
}

static void json_check(const struct kt_verify_result *res, enum kt_verify_id id, struct kt_jw *w)
{
	static const char *const states[] = {"undetermined", "ok", "undetermined", "failed"};
	const struct kt_verify_check *k = &res->check[id];

	kt_jw_obj(w);
	kt_jw_key(w, "findings");
	kt_jw_arr(w);
	for (unsigned i = 0; i < k->n; i++)
		kt_jw_str(w, k->text[i]);
	kt_jw_arr_end(w);
	kt_jw_kuint(w, "findings_left_out", k->more);
	kt_jw_kstr(w, "id", kt_verify_check_name(id));
	kt_jw_kstr(w, "result", states[k->state]);
	kt_jw_kstr(w, "text", good[id]);
	kt_jw_obj_end(w);
}

static void json_signer(const char *role, const struct kt_signer *s, struct kt_jw *w)
{
	char hex[KT_SHA256_HEX], t[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_kstr(w, "cert_sha256", kt_hex(s->cert_sha256, KT_SHA256_LEN, hex));
	kt_jw_kstr(w, "claimed_time",
		   s->signing_time_us != 0 ? kt_time_text(s->signing_time_us, t) : NULL);
	kt_jw_kstr(w, "digest", s->digest);
	kt_jw_kstr(w, "not_after", kt_time_text(s->not_after_us, t));
	kt_jw_kstr(w, "not_before", kt_time_text(s->not_before_us, t));
	kt_jw_kstr(w, "role", role);
	kt_jw_kstr(w, "serial", s->serial);
	kt_jw_kstr(w, "subject", s->subject);
	kt_jw_kbool(w, "trusted_now", s->chain_ok);
	kt_jw_obj_end(w);
}

static void json_token(const char *what, const struct kt_verify_token *k, struct kt_jw *w)
{
	static const char *const states[] = {"none", "bad", "unknown", "believed"};
	char hex[KT_SHA256_HEX], t[KT_TIME_TEXT];

	if (k->state == KT_VT_NONE)
		return;
	kt_jw_obj(w);
	kt_jw_kint(w, "accuracy_us", k->accuracy_us);
	kt_jw_kstr(w, "authority", k->tsa);
	kt_jw_kstr(w, "cert_sha256", kt_hex(k->cert_sha256, KT_SHA256_LEN, hex));
	kt_jw_kstr(w, "over", what);
	kt_jw_kstr(w, "policy", k->policy);
	kt_jw_kstr(w, "serial", k->serial);
	kt_jw_kstr(w, "state", states[k->state]);
	kt_jw_kstr(w, "time", k->gen_us != 0 ? kt_time_text(k->gen_us, t) : NULL);
	kt_jw_obj_end(w);
}

static void put_json(const struct kt_verify_result *res, struct kt_jw *w)
{
	char made[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_kuint(w, "bytes", res->bytes);
	kt_jw_kbytes(w, "case_id", res->case_id, strlen(res->case_id));
	kt_jw_key(w, "checks");
	kt_jw_arr(w);
	for (unsigned i = 0; i < KT_V_COUNT; i++)
		if (kt_verify_counts(res, i))
			json_check(res, i, w);
	kt_jw_arr_end(w);
	kt_jw_key(w, "concerns");
	kt_jw_arr(w);
	for (unsigned i = 0; i < res->nconcerns; i++)
		kt_jw_str(w, res->concerns[i]);
	kt_jw_arr_end(w);
	kt_jw_kuint(w, "files", res->files);
	kt_jw_key(w, "levels");
	kt_jw_obj(w);
	kt_jw_kstr(w, "open_time",
		   res->open_token.state == KT_VT_BELIEVED ? "anchored" : "unanchored");
	kt_jw_kstr(w, "revocation", res->lists ? "judged" : "not-judged");
	kt_jw_kstr(w, "signature", res->have_operator ? "cades-detached" : "none");
	kt_jw_kstr(w, "time", res->anchored ? "anchored" : "unanchored");
	kt_jw_kstr(w, "trust", res->trusted ? "judged" : "not-judged");
	kt_jw_kstr(w, "xades", xades_level(res));
	kt_jw_obj_end(w);
	kt_jw_kstr(w, "made", res->made_us != 0 ? kt_time_text(res->made_us, made) : NULL);
	kt_jw_kbytes(w, "mandate_id", res->mandate_id, strlen(res->mandate_id));
	kt_jw_kbytes(w, "mandate_sha256", res->mandate_sha256, strlen(res->mandate_sha256));
	kt_jw_kstr(w, "name", res->name);
	kt_jw_kuint(w, "objects", res->objects);
	kt_jw_kstr(w, "package", res->package);
	kt_jw_kstr(w, "package_sha256", res->sha256);
	kt_jw_kstr(w, "reason", res->reason);
	kt_jw_kstr(w, "result", kt_verdict_name(res->verdict));
	kt_jw_kstr(w, "schema", "keten-verify-1");
	kt_jw_kbool(w, "sealed", res->sealed);
	kt_jw_key(w, "signers");
	kt_jw_arr(w);
	if (res->have_operator)
		json_signer(kt_verify_signer_role(res), &res->operator_cert, w);
	if (res->have_authoriser)
		json_signer("authoriser", &res->authoriser_cert, w);
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "tags_sha256", res->tags_sha256);
	kt_jw_key(w, "tokens");
	kt_jw_arr(w);
	json_token("opening", &res->open_token, w);
	json_token("signature", &res->seal_token, w);
	json_token("xades", &res->xades_token, w);
	json_token("concerned", &res->later_token, w);
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "type", kt_pkg_type_word(res->type));
	kt_jw_obj_end(w);
}

void kt_verify_print(const struct kt_verify_result *res, bool json, FILE *out)
{
	struct kt_buf b;
	struct kt_jw w;

	if (!json) {
		print_lines(res, out);
		return;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	put_json(res, &w);
	kt_buf_putc(&b, '\n');
	if (!b.failed)
		fwrite(b.p, 1, b.len, out);
	kt_buf_free(&b);
}
