/* SPDX-License-Identifier: EUPL-1.2 */
/* Interruptions: an act that says what its log says holds; each other tale does not. And the chain with what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "core/custody.h"
#include "core/io.h"
#include "reports/package/act.h"
#include "reports/verify/chain.h"
#include "reports/verify/check.h"
#include "tests/unit/package_world.h"

static struct kt_verify_result res;

/* What is written otherwise than it was. */
struct lie {
	const char *what;   /* found in the finding */
	const char *detail; /* members of the act's detail; %s: head of the log */
	bool no_log, sealed, goes_on, other_case, other_operator, text;
};

static void put(struct kt_custody *log, const char *event, const char *const *pairs)
{
	kt_custody_begin(log);
	for (; pairs != NULL && *pairs != NULL; pairs += 2)
		kt_jw_kstr(&log->w, pairs[0], pairs[1]);
	assert_int_equal(kt_custody_end(log, event, NULL), 0);
}

static void operator_hash(const struct world *w, const char *file, char hex[KT_SHA256_HEX])
{
	struct kt_signer s;
	struct kt_buf pem;

	kt_buf_init(&pem, 0);
	assert_int_equal(synth_read_pki(&w->s, file, &pem, NULL), 0);
	assert_int_equal(kt_cert_facts(pem.p, pem.len, w->trust, kt_time_now(), &s, NULL), 0);
	kt_hex(s.cert_sha256, KT_SHA256_LEN, hex);
	kt_buf_free(&pem);
}

static void put_item(struct kt_custody *log)
{
	put(log, "item.start", (const char *const[]){"item", "a/b", NULL});
	kt_custody_begin(log);
	kt_jw_kuint(&log->w, "bytes", 10);
	kt_jw_kstr(&log->w, "item", "a/b");
	kt_jw_kuint(&log->w, "objects", 2);
	assert_int_equal(kt_custody_end(log, "item.acquired", NULL), 0);
	put(log, "item.start", (const char *const[]){"item", "c/d", NULL});
}

/* A log of one session in w->cases; lines gets their number, head the last one's hash. */
static void make_log(const struct world *w, const struct lie *lie, const char *mandate_sha,
		     char head[KT_SHA256_HEX], uint64_t *lines)
{
	int fd, dropped;
	struct kt_custody log;
	char cert[KT_SHA256_HEX];

	operator_hash(w, lie->other_operator ? "authoriser.pem" : "operator.pem", cert);
	assert_true(mkdir(w->cases, 0700) == 0 || errno == EEXIST);
	fd = kt_dir_open(AT_FDCWD, w->cases, false, NULL);
	unlinkat(fd, "custody.jsonl", 0);
	assert_int_equal(kt_custody_open(fd, &log, &dropped, NULL), 0);
	put(&log, "session.open",
	    (const char *const[]){"case_id", lie->other_case ? "C2" : "C1", "mandate_sha256",
				  mandate_sha, "operator_cert_sha256", cert, NULL});
	put_item(&log);
	if (lie->sealed)
		put(&log, "acquisition.sealed", NULL);
	put(&log, "session.interrupted",
	    (const char *const[]){"reason", "phone-lost", "text", lie->text ? "VB-1 Pro" : "",
				  NULL});
	snprintf(head, KT_SHA256_HEX, "%s", log.head);
	*lines = log.seq;
	if (lie->goes_on)
		put(&log, "session.step", (const char *const[]){"step", "interrupt", NULL});
	kt_custody_close(&log);
	close(fd);
}

static void put_number(char *out, size_t cap, const char *text, const char *head, uint64_t lines)
{
	const char *at = strstr(text, "HEAD"), *n;

	assert_non_null(at);
	n = strstr(at, "LINES");
	assert_non_null(n);
	snprintf(out, cap, "%.*s%s%.*s%llu%s", (int)(at - text), text, head, (int)(n - at - 4),
		 at + 4, (unsigned long long)lines, n + 5);
}

static int make(const struct world *w, const struct lie *lie, struct kt_err *err)
{
	struct kt_act act = {.type = KT_PT_INTERRUPTION, .mandate_id = "TEST-1", .case_id = "C1"};
	struct kt_place place;
	struct kt_package_out out = {.place = &place,
				     .sealed_us = kt_time_now(),
				     .sign = synth_sign,
				     .digest = synth_digest,
				     .arg = (void *)(uintptr_t)&w->s,
				     .trust = w->trust};
	char sha[KT_SHA256_HEX], head[KT_SHA256_HEX], detail[1024], path[256];
	struct kt_package *pkg = NULL;
	struct kt_buf m, p7s;
	uint64_t lines;
	int dir, r;

	kt_buf_init(&m, 0);
	kt_buf_init(&p7s, 0);
	assert_int_equal(synth_read_pki(&w->s, "mandate.json", &m, NULL), 0);
	assert_int_equal(synth_read_pki(&w->s, "mandate.json.p7s", &p7s, NULL), 0);
	kt_sha256_hex(m.p, m.len, sha, NULL);
	act.mandate_sha256 = sha;
	make_log(w, lie, sha, head, &lines);
	put_number(detail, sizeof(detail), lie->detail, head, lines);
	act.detail = detail;
	dir = kt_dir_open(AT_FDCWD, w->out, false, err);
	assert_int_equal(kt_act_place(dir, &act, &place, err), 0);
	assert_int_equal(kt_act_begin(&act, AT_FDCWD, &pkg, err), 0);
	assert_int_equal(kt_package_add_bytes(pkg, KT_PKG_BUILD, "{}\n", 3, err), 0);
	assert_int_equal(kt_package_add_bytes(pkg, KT_PKG_MANDATE, m.p, m.len, err), 0);
	assert_int_equal(kt_package_add_bytes(pkg, KT_PKG_MANDATE_SIG, p7s.p, p7s.len, err), 0);
	snprintf(path, sizeof(path), "%s/custody.jsonl", w->cases);
	if (!lie->no_log)
		assert_int_equal(kt_package_add_file(pkg, KT_PKG_CUSTODY, path, err), 0);
	r = kt_act_write(pkg, &act, &out, &res, err);
	kt_place_leave(&place);
	kt_package_free(&pkg);
	kt_close_fd(&dir);
	kt_buf_free(&m);
	kt_buf_free(&p7s);
	return r;
}

#define DETAIL(attempt, bytes, head, lines, its, objects, reason)                                  \
	"{\"attempt\":" attempt ",\"by\":\"x\",\"bytes\":" bytes ",\"custody_head\":\"" head       \
	"\",\"custody_lines\":" lines ",\"items\":" its ",\"note\":\"\",\"objects\":" objects      \
	",\"planned\":4,\"reason\":\"" reason "\",\"text\":\"\"}"
#define ITEM(b, o, w)                                                                              \
	"[{\"bytes\":" b ",\"item\":\"a/b\",\"objects\":" o ",\"outcome\":\"" w "\"},"             \
	"{\"bytes\":5,\"item\":\"c/d\",\"objects\":1,\"outcome\":\"pending\"}]"
#define GOOD  ITEM("10", "2", "acquired")
#define TRUTH DETAIL("1", "15", "HEAD", "LINES", GOOD, "3", "phone-lost")

static void test_good(void **state)
{
	struct kt_err err = {0};
	struct world w;

	(void)state;
	make_world(&w, 0, false);
	assert_int_equal(make(&w, &(struct lie){.detail = TRUTH}, &err), 0);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	assert_int_equal(res.nstops, 1);
	assert_int_equal(res.log_lines, 5);
	end_world(&w);
	make_world(&w, 0, true); /* sealed: the same, as long as it quotes nothing */
	assert_int_equal(make(&w, &(struct lie){.detail = TRUTH}, &err), 0);
	assert_int_equal(make(&w, &(struct lie){.detail = TRUTH, .text = true}, &err),
			 KT_E_INVALID);
	assert_non_null(strstr(res.check[KT_V_ACT].text[0], "in clear"));
	end_world(&w);
}

/* However often it was interrupted, the last line is kept: that is the one a record has to be held by. */
static void test_many(void **state)
{
	static struct kt_verify_result many;
	struct kt_vf c = {.res = &many};
	struct kt_vf_stops s = {&c, false};
	char head[KT_SHA256_HEX];

	(void)state;
	for (unsigned i = 0; i < KT_VERIFY_STOPS + 9; i++) {
		snprintf(head, sizeof(head), "%064u", i);
		s.last = true;
		kt_vf_stop_end(&s, head);
	}
	assert_int_equal(many.nstops, KT_VERIFY_STOPS);
	assert_true(many.more_stops);
	assert_string_equal(many.stop[KT_VERIFY_STOPS - 1], head);
}

static void test_lies(void **state)
{
	static const struct lie lies[] = {
		{.what = "counts other attempts",
		 .detail = DETAIL("2", "15", "HEAD", "LINES", GOOD, "3", "phone-lost")},
		{.what = "sums",
		 .detail = DETAIL("1", "16", "HEAD", "LINES", GOOD, "3", "phone-lost")},
		{.what = "sums",
		 .detail = DETAIL("1", "15", "HEAD", "LINES", GOOD, "4", "phone-lost")},
		{.what = "otherwise",
		 .detail = DETAIL("1", "14", "HEAD", "LINES", ITEM("9", "2", "acquired"), "3",
				  "phone-lost")},
		{.what = "otherwise",
		 .detail = DETAIL("1", "15", "HEAD", "LINES", ITEM("10", "2", "refused"), "3",
				  "phone-lost")},
		{.what = "other items",
		 .detail = DETAIL("1", "0", "HEAD", "LINES", "[]", "0", "phone-lost")},
		{.what = "another end",
		 .detail = DETAIL("1", "15", "0HEAD", "LINES", GOOD, "3", "phone-lost")},
		{.what = "another end",
		 .detail = DETAIL("1", "15", "HEAD", "1LINES", GOOD, "3", "phone-lost")},
		{.what = "no reason",
		 .detail = DETAIL("1", "15", "HEAD", "LINES", GOOD, "3", "stopped")},
		{.what = "another end", .detail = TRUTH, .goes_on = true},
		{.what = "unsealed", .detail = TRUTH, .sealed = true},
		{.what = "another case", .detail = TRUTH, .other_case = true},
		{.what = "somebody else", .detail = TRUTH, .other_operator = true},
		{.what = NULL, .detail = TRUTH, .no_log = true},
	};
	struct world w;

	(void)state;
	make_world(&w, 0, false);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct kt_err err = {0};
		const struct kt_verify_check *k = &res.check[KT_V_ACT];
		bool found = lies[i].what == NULL;

		if (make(&w, &lies[i], &err) != KT_E_INVALID)
			fail_msg("%zu: %s", i, kt_err_text(&err));
		for (unsigned n = 0; n < k->n; n++)
			found |= lies[i].what != NULL && strstr(k->text[n], lies[i].what) != NULL;
		if (!found)
			fail_msg("%zu: not \"%s\" but %s", i, lies[i].what, k->text[0]);
	}
	end_world(&w);
}

/* -- with what follows ------------------------------------------------------------------------ */

static struct kt_chain_link v[3];
static struct kt_chain_result r;

static void link_of(struct kt_chain_link *l, enum kt_pkg_type type, uint64_t lines,
		    const char *stops)
{
	memset(l, 0, sizeof(*l));
	l->verdict = KT_VERDICT_VALID;
	l->type = type;
	l->log_lines = lines;
	strcpy(l->case_id, "C1");
	snprintf(l->name, sizeof(l->name), "%s", kt_pkg_type_word(type));
	memset(l->sha256, 'a' + (int)lines % 20, 64);
	for (; *stops != '\0'; stops++)
		memset(l->stop[l->nstops++], *stops, 64);
}

static void judge(size_t n, enum kt_verdict want)
{
	kt_chain_judge(v, n, &r);
	assert_int_equal(r.verdict, want);
	if (want == KT_VERDICT_INVALID)
		assert_non_null(strstr(r.check.text[0], "does not go on"));
}

static void test_chain(void **state)
{
	(void)state;
	link_of(&v[0], KT_PT_INTERRUPTION, 5, "1");
	link_of(&v[1], KT_PT_INTERRUPTION, 9, "12");
	link_of(&v[2], KT_PT_ACQUISITION, 30, "12");
	judge(3, KT_VERDICT_VALID);
	link_of(&v[2], KT_PT_ACQUISITION, 30, "1"); /* the second one was cut off */
	judge(3, KT_VERDICT_INVALID);
	link_of(&v[2], KT_PT_WITHDRAWAL, 4, ""); /* shorter, and yet the end */
	judge(3, KT_VERDICT_INVALID);
	link_of(&v[2], KT_PT_ACQUISITION, 30, "");
	v[2].more_stops = true; /* more than are kept */
	judge(3, KT_VERDICT_UNDETERMINED);
	link_of(&v[2], KT_PT_ACQUISITION, 30, "12");
	link_of(&v[1], KT_PT_INTERRUPTION, 9, "2"); /* a log of its own */
	judge(3, KT_VERDICT_INVALID);
	strcpy(v[1].case_id, "C2");
	judge(3, KT_VERDICT_VALID);
	link_of(&v[1], KT_PT_INTERRUPTION, 5, "1"); /* the same file, given twice */
	judge(2, KT_VERDICT_VALID);
	v[1].sha256[0] = 'x'; /* the same end of the log, told otherwise */
	kt_chain_judge(v, 2, &r);
	assert_int_equal(r.verdict, KT_VERDICT_INVALID);
	assert_non_null(strstr(r.check.text[0], "different records"));
	link_of(&v[1], KT_PT_REFUSAL, 0, ""); /* without any log: nothing to hold it against */
	judge(3, KT_VERDICT_VALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_lies),
					   cmocka_unit_test(test_many),
					   cmocka_unit_test(test_chain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
