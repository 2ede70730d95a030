/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Interruptions: where in a log reading ended before its seal, and the act that records it. Such an act
 * says nothing that its own log does not say.
 */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "reports/verify/check.h"

#define ACT_MAX ((size_t)1 << 20)

static const char *const reasons[] = {"stopped", "phone-not-there", "phone-refused", "phone-lost",
				      "refused", "storage",	    "failed",	     "cut-off"};

static void add_stop(struct kt_verify_result *res, const char *hash)
{
	if (res->nstops == KT_VERIFY_STOPS) { /* the last one is always kept */
		res->more_stops = true;
		res->nstops--;
	}
	snprintf(res->stop[res->nstops++], KT_SHA256_HEX, "%s", hash);
}

int kt_vf_stop_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		    struct kt_err *err)
{
	struct kt_vf_stops *s = arg;
	const char *prev = kt_jv_str(line, "prev");

	(void)seq;
	(void)err;
	if (s->last && prev != NULL)
		add_stop(s->c->res, prev);
	s->last = strcmp(event, "session.interrupted") == 0;
	return 0;
}

void kt_vf_stop_end(struct kt_vf_stops *s, const char *head)
{
	if (s->last)
		add_stop(s->c->res, head);
	s->c->res->log_lines = s->c->lines;
}

/* -- the act ---------------------------------------------------------------------------------- */

struct item {
	char id[KT_VF_ITEM], outcome[16];
	int64_t objects, bytes;
	bool named;
};

struct tale {
	struct kt_vf *c;
	struct item *item; /* KT_VF_SEGMENTS */
	size_t n;
	int64_t attempt;
	bool other_mandate, sealed, quotes;
	char operator_cert[KT_SHA256_HEX], reason[24], last[24];
};

static void keep(char *out, size_t cap, const struct kt_jv *d, const char *key)
{
	const char *v = kt_jv_str(d, key);

	snprintf(out, cap, "%s", v != NULL ? v : "");
}

static void on_item(struct tale *t, const char *event, const struct kt_jv *d)
{
	const char *id = kt_jv_str(d, "item");
	struct item *it = NULL;

	for (size_t i = 0; id != NULL && i < t->n && it == NULL; i++)
		if (strcmp(t->item[i].id, id) == 0)
			it = &t->item[i];
	if (it == NULL && id != NULL && t->n < KT_VF_SEGMENTS && strlen(id) < KT_VF_ITEM) {
		it = &t->item[t->n++];
		snprintf(it->id, sizeof(it->id), "%s", id);
		snprintf(it->outcome, sizeof(it->outcome), "pending");
	}
	if (it == NULL || strcmp(event, "item.start") == 0)
		return;
	snprintf(it->outcome, sizeof(it->outcome), "%s", event + strlen("item."));
	it->objects = kt_jv_int(d, "objects", -1);
	it->bytes = kt_jv_int(d, "bytes", -1);
}

static bool is_same(const char *got, const char *want)
{
	return got != NULL && strcmp(got, want) == 0;
}

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct tale *t = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail");

	(void)err;
	snprintf(t->last, sizeof(t->last), "%s", event);
	if (strcmp(event, "session.open") == 0) {
		t->other_mandate |= seq != 1 || !is_same(kt_jv_str(d, "case_id"), t->c->case_id) ||
				    !is_same(kt_jv_str(d, "mandate_sha256"), t->c->act_mandate);
		keep(t->operator_cert, sizeof(t->operator_cert), d, "operator_cert_sha256");
	}
	t->attempt += strcmp(event, "session.open") == 0 || strcmp(event, "session.resume") == 0;
	t->sealed |=
		strcmp(event, "acquisition.sealed") == 0 || strcmp(event, "session.closed") == 0;
	if (strncmp(event, "item.", 5) == 0)
		on_item(t, event, d);
	if (strcmp(event, "session.interrupted") == 0)
		t->quotes |= !is_same(kt_jv_str(d, "text"), "");
	if (strcmp(event, "session.interrupted") == 0)
		keep(t->reason, sizeof(t->reason), d, "reason");
	return 0;
}

/* An item as the act tells it: what has an outcome is told as the log has it. */
static bool check_item(struct tale *t, const struct kt_jv *v)
{
	const char *id = kt_jv_str(v, "item"), *outcome = kt_jv_str(v, "outcome");
	int64_t objects = kt_jv_int(v, "objects", -1), bytes = kt_jv_int(v, "bytes", -1);

	for (size_t i = 0; id != NULL && outcome != NULL && i < t->n; i++) {
		struct item *it = &t->item[i];

		if (strcmp(it->id, id) != 0)
			continue;
		if (it->named || strcmp(it->outcome, outcome) != 0 || objects < 0 || bytes < 0)
			return false;
		it->named = true;
		return strcmp(outcome, "pending") == 0 ||
		       (it->objects == objects && it->bytes == bytes);
	}
	return false;
}

static void check_items(struct tale *t, const struct kt_jv *d)
{
	const struct kt_jv *list = kt_jv_get(d, "items");
	int64_t objects = 0, bytes = 0;
	size_t n = 0;

	for (const struct kt_jv *v = list != NULL && list->type == KT_JV_ARR ? list->child : NULL;
	     v != NULL; v = v->next) {
		if (n++ >= KT_VF_SEGMENTS || !check_item(t, v) ||
		    __builtin_add_overflow(objects, kt_jv_int(v, "objects", 0), &objects) ||
		    __builtin_add_overflow(bytes, kt_jv_int(v, "bytes", 0), &bytes)) {
			kt_vf_fail(t->c, KT_V_ACT, "it tells of an item otherwise than its log");
			return;
		}
	}
	if (n != t->n || kt_jv_int(d, "planned", -1) < (int64_t)n)
		kt_vf_fail(t->c, KT_V_ACT, "it tells of other items than its log");
	if (kt_jv_int(d, "objects", -1) != objects || kt_jv_int(d, "bytes", -1) != bytes)
		kt_vf_fail(t->c, KT_V_ACT, "its sums are not those of its items");
}

static void check_reason(const struct tale *t, const struct kt_jv *d)
{
	const char *reason = kt_jv_str(d, "reason");

	for (size_t i = 0; reason != NULL && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reason, reasons[i]) == 0 && strcmp(reason, t->reason) == 0)
			return;
	kt_vf_fail(t->c, KT_V_ACT, "it gives no reason, or another one than its log");
}

static void judge(struct tale *t, const struct kt_jv *d, const char *head)
{
	struct kt_vf *c = t->c;
	char cert[KT_SHA256_HEX];

	if (t->attempt < 1 || t->other_mandate)
		kt_vf_fail(c, KT_V_ACT, "its log is of another case or mandate");
	if (t->sealed || strcmp(t->last, "session.interrupted") != 0)
		kt_vf_fail(c, KT_V_ACT, "its log does not end with an interruption, unsealed");
	if (!is_same(kt_jv_str(d, "custody_head"), head) ||
	    kt_jv_int(d, "custody_lines", -1) != (int64_t)c->lines)
		kt_vf_fail(c, KT_V_ACT, "it names another end of the log than it has");
	if (kt_jv_int(d, "attempt", -1) != t->attempt)
		kt_vf_fail(c, KT_V_ACT, "it counts other attempts than its log");
	if (strcmp(c->act_mandate, c->mandate_sha256) != 0)
		kt_vf_fail(c, KT_V_ACT, "it names another mandate than it brings along");
	if (c->res->have_operator &&
	    strcmp(t->operator_cert,
		   kt_hex(c->res->operator_cert.cert_sha256, KT_SHA256_LEN, cert)) != 0)
		kt_vf_fail(c, KT_V_ACT, "somebody else signed it than opened the session");
	/* what can quote the phone is sealed */
	if (c->mandate != NULL && c->mandate->two_stage &&
	    (t->quotes || !is_same(kt_jv_str(d, "text"), "")))
		kt_vf_fail(c, KT_V_ACT,
			   "it says in clear how reading ended, and that may quote what is sealed");
	check_reason(t, d);
	check_items(t, d);
}

int kt_vf_interruption(struct kt_vf *c)
{
	struct tale t = {.c = c};
	struct kt_jdoc *doc = NULL;
	char head[KT_SHA256_HEX];
	struct kt_buf b;
	uint64_t lines;
	bool found = false;
	int r;

	if (c->res->type != KT_PT_INTERRUPTION || !c->have_act || !kt_vf_is_ok(c, KT_V_CUSTODY))
		return 0;
	kt_buf_init(&b, 0);
	t.item = calloc(KT_VF_SEGMENTS, sizeof(*t.item));
	r = t.item == NULL ? KT_FAIL(c->err, KT_E_NOMEM, "no memory")
			   : kt_vf_load(c, KT_V_ACT, KT_PKG_ACT, ACT_MAX, &b, &found);
	if (r == 0 && found)
		r = kt_custody_check(c->custody_raw.p, c->custody_raw.len, head, &lines, on_line,
				     &t, c->err);
	if (r == 0 && found && kt_jdoc_parse(b.p, b.len, &doc, NULL) == 0)
		judge(&t, kt_jv_get(kt_jdoc_root(doc), "detail"), head);
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	free(t.item);
	return r;
}
