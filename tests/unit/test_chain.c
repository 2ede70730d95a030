/* SPDX-License-Identifier: EUPL-1.2 */
/* Chains of packages: what fits, and each way in which it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/time.h"
#include "reports/verify/chain.h"

static struct kt_chain_link v[4];
static struct kt_chain_result r;

/* An acquisition, its release, an opening of that, and the deletion of the first. */
static void make(void)
{
	static const enum kt_pkg_type types[] = {KT_PT_ACQUISITION, KT_PT_RELEASE, KT_PT_OPENING,
						 KT_PT_DELETION};
	static const int about[] = {-1, 0, 1, 0};

	memset(v, 0, sizeof(v));
	for (int i = 0; i < 4; i++) {
		v[i].verdict = KT_VERDICT_VALID;
		v[i].type = types[i];
		v[i].sealed = i == 0;
		snprintf(v[i].name, sizeof(v[i].name), "P%d", i);
		memset(v[i].sha256, 'a' + i, 64);
		strcpy(v[i].case_id, "C1");
		strcpy(v[i].mandate_id, "M1");
		strcpy(v[i].mandate_sha256, "m");
		v[i].made_us = (10 + i) * 3 * INT64_C(86400) * KT_US_PER_S;
		if (i < 2)
			memset(v[i].envelope_sha256, 'e', 64);
		if (about[i] >= 0) {
			v[i].nconcerns = 1;
			memcpy(v[i].concerns[0], v[about[i]].sha256, sizeof(v[i].concerns[0]));
		}
	}
}

static void judge(enum kt_verdict want, const char *text)
{
	kt_chain_judge(v, 4, &r);
	assert_int_equal(r.verdict, want);
	if (text == NULL)
		assert_int_equal(r.check.n, 0);
	else
		assert_non_null(strstr(r.check.text[0], text));
}

static void test_chain(void **state)
{
	struct kt_chain_link spare;

	(void)state;
	make();
	judge(KT_VERDICT_VALID, NULL);
	assert_int_equal(r.acts, 3);
	assert_int_equal(r.cases, 1);
	spare = v[0]; /* in another order */
	v[0] = v[3];
	v[3] = spare;
	judge(KT_VERDICT_VALID, NULL);
	make();
	v[1].verdict = KT_VERDICT_INVALID;
	judge(KT_VERDICT_INVALID, "does not hold by itself");
	make();
	v[0].verdict = KT_VERDICT_UNDETERMINED;
	judge(KT_VERDICT_UNDETERMINED, "could not be judged");
	make();
	v[2].concerns[0][0] = 'f';
	judge(KT_VERDICT_UNDETERMINED, "was not given");
	make();
	v[1].made_us = v[0].made_us / 2;
	judge(KT_VERDICT_UNDETERMINED, "older than P0");
	make();
	v[1].envelope_sha256[0] = 'f';
	judge(KT_VERDICT_INVALID, "another mandate or envelope");
	make();
	v[1].mandate_sha256[0] = 'n';
	judge(KT_VERDICT_INVALID, "another mandate or envelope");
	make();
	v[0].sealed = false;
	judge(KT_VERDICT_INVALID, "was not sealed");
	make();
	strcpy(v[1].case_id, "C2");
	judge(KT_VERDICT_INVALID, "another case");
	for (int i = 1; i < 4; i++) { /* every kind of act, and one that names none */
		make();
		strcpy(v[i].mandate_id, i == 3 ? "" : "M2");
		judge(KT_VERDICT_INVALID, i == 3 ? "which it names: none" : "which it names: M2");
	}
	make();
	v[2].mandate_sha256[0] = 'n';
	judge(KT_VERDICT_INVALID, "another text of the mandate than P1");
	make(); /* a release that is moved to another acquisition: replayed */
	memcpy(v[1].concerns[0], v[2].sha256, sizeof(v[1].concerns[0]));
	judge(KT_VERDICT_INVALID, "releases P2");
	make();
	v[1].made_us = v[3].made_us + 1;
	judge(KT_VERDICT_INVALID, "later than P3");
	make(); /* late: only when a release in time stands beside it */
	v[0].unreleased_us = INT64_C(86400) * KT_US_PER_S;
	judge(KT_VERDICT_UNDETERMINED, "no release in time");
	v[2] = v[1];
	v[2].sha256[0] = 'y';
	v[2].made_us = v[0].made_us + 1;
	judge(KT_VERDICT_VALID, NULL);
	v[2].verdict = KT_VERDICT_INVALID;
	judge(KT_VERDICT_INVALID, "does not hold by itself");
	make();
	v[1] = v[0]; /* the same file twice */
	v[2].concerns[0][0] = 'a';
	memcpy(v[2].concerns[0], v[0].sha256, sizeof(v[2].concerns[0]));
	judge(KT_VERDICT_VALID, NULL);
	v[1].sha256[0] = 'z'; /* another one of its name */
	judge(KT_VERDICT_INVALID, "call themselves P0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
