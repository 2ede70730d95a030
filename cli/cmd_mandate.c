/* SPDX-License-Identifier: EUPL-1.2 */
/* keten mandate, keten plan: what is allowed, in words, before any phone is touched. */
#include "cli/keten.h"
#include "core/json.h"
#include "core/record.h"
#include "core/request.h"
#include "core/time.h"

#include <stdio.h>
#include <string.h>

static const char *day(int64_t us, char t[KT_TIME_TEXT])
{
	kt_time_text(us, t);
	return t;
}

static void print_text(const char *label, const char *s)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_text_escape(&b, s, strlen(s));
	printf("%-14s %s\n", label, kt_buf_cstr(&b) != NULL ? kt_buf_cstr(&b) : "");
	kt_buf_free(&b);
}

static void print_mandate(const struct kt_authority *a)
{
	const struct kt_mandate *m = a->mandate;
	char t1[KT_TIME_TEXT], t2[KT_TIME_TEXT];

	print_text("mandate", m->mandate_id);
	print_text("issuer", m->issuer);
	print_text("purpose", m->purpose);
	print_text("legal basis", m->legal_code);
	print_text("question", m->question);
	print_text("signed by", a->authoriser.subject);
	printf("%-14s %s to %s, %lld session(s)\n", "valid", day(m->not_before_us, t1),
	       day(m->not_after_us, t2), (long long)m->max_sessions);
	printf("%-14s %s %s\n", "phone", m->device_kind,
	       m->device_identifier != NULL ? m->device_identifier : "(any)");
	printf("%-14s", "may be read");
	for (unsigned f = KT_FORM_PHONE; f <= KT_FORM_CARRIER; f <<= 1)
		if ((m->device_forms & f) != 0)
			printf(" %s", kt_form_name(f));
	printf("\n%-14s %s\n", "release", m->two_stage ? "two stages" : "immediate");
	for (size_t i = 0; i < m->nscope; i++) {
		const struct kt_scope *s = &m->scope[i];

		printf("%-14s %s: %s to %s", i == 0 ? "allows" : "", s->source, day(s->from_us, t1),
		       day(s->to_us, t2));
		if (s->max_precision_m > 0)
			printf(", positions to %lld m", (long long)s->max_precision_m);
		printf("\n");
	}
}

static void scope_json(const struct kt_scope *s, struct kt_jw *w)
{
	char t[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_key(w, "fields");
	kt_jw_arr(w);
	for (unsigned i = 0; i < KT_G_COUNT; i++)
		if ((s->fields & (1u << i)) != 0)
			kt_jw_str(w, kt_group_name(i));
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "from", day(s->from_us, t));
	kt_jw_kstr(w, "justification", s->justification);
	kt_jw_kint(w, "max_precision_m", s->max_precision_m);
	kt_jw_kstr(w, "source", s->source);
	kt_jw_kstr(w, "to", day(s->to_us, t));
	kt_jw_kbool(w, "undated", s->undated);
	kt_jw_obj_end(w);
}

static void mandate_json(const struct kt_authority *a, struct kt_jw *w)
{
	const struct kt_mandate *m = a->mandate;
	char t[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_kstr(w, "schema", "keten-mandate-check-1");
	kt_jw_kstr(w, "case_ref", m->case_ref);
	kt_jw_kstr(w, "device_identifier", m->device_identifier);
	kt_jw_kstr(w, "device_kind", m->device_kind);
	kt_jw_key(w, "forms");
	kt_jw_arr(w);
	for (unsigned f = KT_FORM_PHONE; f <= KT_FORM_CARRIER; f <<= 1)
		if ((m->device_forms & f) != 0)
			kt_jw_str(w, kt_form_name(f));
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "issuer", m->issuer);
	kt_jw_kstr(w, "language", m->subject_language);
	kt_jw_kstr(w, "legal_code", m->legal_code);
	kt_jw_kstr(w, "legal_text", m->legal_text);
	kt_jw_kstr(w, "mandate_id", m->mandate_id);
	kt_jw_kint(w, "max_sessions", m->max_sessions);
	kt_jw_kbool(w, "minor", m->subject_minor);
	kt_jw_kstr(w, "mode", m->mode);
	kt_jw_kstr(w, "not_after", day(m->not_after_us, t));
	kt_jw_kstr(w, "not_before", day(m->not_before_us, t));
	kt_jw_kstr(w, "objection", m->objection);
	kt_jw_kstr(w, "purpose", m->purpose);
	kt_jw_kstr(w, "question", m->question);
	kt_jw_key(w, "scope");
	kt_jw_arr(w);
	for (size_t i = 0; i < m->nscope; i++)
		scope_json(&m->scope[i], w);
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "signed_by", a->authoriser.subject);
	kt_jw_kbool(w, "two_stage", m->two_stage);
	kt_jw_obj_end(w);
}

static int print_mandate_json(const struct kt_authority *a, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	mandate_json(a, &w);
	return kt_print_json(&b, err);
}

static int check(const struct kt_opts *o)
{
	struct kt_opts own = *o;
	struct kt_authority a;
	struct kt_err err = {0};
	int r;

	if (o->nargs != 2 && o->mandate == NULL)
		return kt_usage_exit();
	if (o->nargs == 2)
		own.mandate = o->args[1];
	r = kt_authority_load(&own, o->device != NULL, false, 0, &a, &err);
	if (r == 0 && o->json) {
		r = print_mandate_json(&a, &err);
	} else if (r == 0) {
		print_mandate(&a);
		printf("%-14s accepted\n", "result");
	}
	kt_authority_free(&a);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}

int kt_cmd_mandate(const struct kt_opts *o)
{
	if (o->nargs >= 1 && strcmp(o->args[0], "template") == 0) {
		fputs(kt_mandate_template(), stdout);
		return KT_EXIT_OK;
	}
	if (o->nargs >= 1 && strcmp(o->args[0], "check") == 0)
		return check(o);
	return kt_usage_exit();
}

/* Where item it is looked for, and what of it is taken. */
static void print_item(const struct kt_plan *plan, const struct kt_plan_item *it)
{
	const struct kt_request *rq = kt_request_get(it->want->request);
	const char *globs = it->want->globs[0] != '\0' ? it->want->globs : "all";
	bool carrier = plan->form == KT_FORM_CARRIER && strncmp(rq->text, "/sdcard/", 8) == 0;
	bool mib = it->max_bytes > 0 && it->max_bytes % (1 << 20) == 0;
	unsigned long long most = (unsigned long long)it->max_bytes >> (mib ? 20 : 10);

	if (rq->kind == KT_REQ_KIND_SHELL)
		printf("   command: %s\n", rq->text);
	else if (rq->kind == KT_REQ_KIND_VALUES)
		printf("   values:  %s of %s\n", rq->text, rq->source);
	else if (rq->kind == KT_REQ_KIND_IOSFILE)
		printf("   file:    %s in %s\n", rq->text, rq->domain);
	else
		printf("   files:   %s in %s%s\n", globs,
		       rq->text + (carrier ? strlen("/sdcard/") : 0),
		       carrier ? " at the carrier's top" : "");
	if (it->want->take == KT_TAKE_RANGES)
		printf("   take:    only the byte ranges with metadata, at most %llu %s of each\n",
		       most, mib ? "MiB" : "KiB");
	else if (it->want->take != KT_TAKE_OUTPUT)
		printf("   take:    whole%s, at most %llu %s of each\n",
		       it->want->take == KT_TAKE_GROUP ? ", with its -wal and -journal" : "", most,
		       mib ? "MiB" : "KiB");
	if (it->want->take == KT_TAKE_WHOLE || it->want->take == KT_TAKE_GROUP)
		printf("   note:    such a file is taken with all it holds; the report leaves out "
		       "what lies\n            outside the period, the package holds it\n");
	if (rq->reach == KT_REACH_ENCRYPTED && plan->form != KT_FORM_IMAGE)
		printf("   note:    only encrypted backups hold it\n");
}

static const char *reason_words(const char *reason)
{
	static const char *const words[][2] = {
		{"image-only", "only a file-system image can hold it"},
		{"phone-only", "only a phone on the cable can answer it"},
		{"handed-over-only", "it is a file that somebody hands over"},
		{"not-in-this-form", "what is read here never holds it"},
		{"other-kind-of-phone", "another kind of phone has it"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], reason) == 0)
			return words[i][1];
	return reason;
}

static bool needs_backup(const struct kt_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (kt_request_get(plan->item[i].want->request)->kind == KT_REQ_KIND_IOSFILE)
			return true;
	return false;
}

static void print_plan(const struct kt_plan *plan, const struct kt_authority *a)
{
	bool phone = plan->form == KT_FORM_PHONE;
	char t1[KT_TIME_TEXT], t2[KT_TIME_TEXT];

	if (phone)
		printf("Under mandate %s this would be asked of the phone, beside its clock, and "
		       "nothing else:\n\n",
		       a->mandate->mandate_id);
	else
		printf("Under mandate %s this would be taken from the %s, and nothing else:\n\n",
		       a->mandate->mandate_id, kt_form_name(plan->form));
	for (size_t i = 0; i < plan->n; i++) {
		const struct kt_plan_item *it = &plan->item[i];

		printf("%zu. %s\n   %s\n", i + 1, it->id, it->plugin->title);
		print_item(plan, it);
		printf("   period:  %s to %s\n", day(it->scope->from_us, t1),
		       day(it->scope->to_us, t2));
	}
	printf("\n");
	if (phone && kt_platform_find(a->mandate->device_kind) == KT_PLATFORM_ANDROID)
		printf("The phone's clock, at start and end: %s\n",
		       kt_request_get(KT_REQ_CLOCK)->text);
	else if (phone && needs_backup(plan))
		printf("An iPhone sends its whole backup, which can take an hour or more: only "
		       "the files above are\nkept, all others pass by and are stored nowhere. Its "
		       "holder taps Trust and types the\nphone's code on the phone. Keten never "
		       "sets a backup password.\n");
	for (size_t i = 0; i < plan->nunreachable; i++)
		printf("Allowed, but not to be had here: %s/%s (%s)\n",
		       plan->unreachable[i].plugin->id,
		       kt_request_get(plan->unreachable[i].want->request)->name,
		       reason_words(plan->unreachable[i].reason));
	for (size_t i = 0; i < plan->nleft; i++)
		printf("Not in the mandate, not asked for: %s (%s)\n", plan->left[i]->id,
		       plan->left[i]->title);
	printf("Never asked for: message bodies, contacts, pictures, health data, cloud "
	       "accounts.\n");
}

int kt_cmd_plan(const struct kt_opts *o)
{
	struct kt_authority a;
	struct kt_err err = {0};
	struct kt_plan plan;
	int r = kt_authority_load(o, false, false, 0, &a, &err);

	if (r == 0)
		r = kt_authority_plan(&a, o->form != 0 ? o->form : KT_FORM_PHONE, &plan, &err);
	if (r == 0 && o->json) {
		struct kt_buf b;
		struct kt_jw w;

		kt_buf_init(&b, 0);
		kt_jw_init(&w, &b);
		kt_plan_json(&plan, a.mandate, &w);
		r = kt_print_json(&b, &err);
	} else if (r == 0) {
		print_plan(&plan, &a);
	}
	kt_authority_free(&a);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
