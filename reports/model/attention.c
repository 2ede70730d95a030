/* SPDX-License-Identifier: EUPL-1.2 */
/* Marks that stand before everything else: who is concerned, and what limits every finding. */
#include "reports/model/model.h"
#include "core/err.h"
#include "core/mandate.h"

#include <stdlib.h>
#include <string.h>

#define USERS_MAX 64u

static void mark(struct rep *r, const char *id, const char *text)
{
	rep_elem(r);
	kt_jw_obj(&r->w);
	kt_jw_kstr(&r->w, "id", id);
	kt_jw_kstr(&r->w, "text", text);
	kt_jw_obj_end(&r->w);
}

static void mark_person(struct rep *r)
{
	const struct kt_mandate *m = r->in->mandate;
	const struct kt_jv *subject =
		m->doc != NULL ? kt_jv_get(kt_jdoc_root(m->doc), "subject") : NULL;
	const char *who = kt_jv_str(subject, "representative");
	struct kt_buf b;

	if (m->subject_minor)
		mark(r, "minor",
		     "The mandate says that this person is a minor. What the report says about a "
		     "child's phone can be about those who use it with the child.");
	if (who == NULL)
		return;
	kt_buf_init(&b, 0);
	kt_buf_printf(&b, "The mandate names a representative: %s.", who);
	mark(r, "representative", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

struct users {
	unsigned other, profiles;
};

static int on_user(struct rep *r, const struct kt_jv *rec, const char *object)
{
	struct users *u = r->scratch;
	const char *flags = kt_jv_str(rec, "value");
	unsigned long v = 0;

	(void)object;
	if (kt_jv_int(rec, "phone_user", 0) == 0)
		return 0;
	u->other++;
	/* managed (20) and other profiles (1000) of Android's UserInfo */
	if (flags != NULL && strncmp(flags, "flags ", 6) == 0)
		v = strtoul(flags + 6, NULL, 16);
	if ((v & 0x1020) != 0)
		u->profiles++;
	return 0;
}

static int mark_users(struct rep *r)
{
	struct users u = {0};
	struct kt_buf b;
	int c;

	r->scratch = &u;
	c = rep_statements(r, "user", USERS_MAX, on_user);
	r->scratch = NULL;
	if (c < 0 || u.other == 0)
		return c;
	kt_buf_init(&b, 0);
	kt_buf_printf(
		&b,
		"The phone has %u further user%s, %u of them work or other profile%s (some "
		"makers build hidden spaces and doubled apps as users): present, not examined. "
		"Whose they are is not known.",
		u.other, u.other == 1 ? "" : "s", u.profiles, u.profiles == 1 ? "" : "s");
	mark(r, "other-users", kt_buf_cstr(&b));
	kt_buf_free(&b);
	return 0;
}

static void mark_third_persons(struct rep *r)
{
	const uint64_t *why = r->model->why;
	uint64_t n = why[WHY_OTHER_CAMERA] + why[WHY_NO_CAMERA] + why[WHY_RECEIVED] +
		     why[WHY_OTHER_DEVICE] + why[WHY_PHONE_UNKNOWN];
	struct kt_buf b;

	if (n == 0)
		return;
	kt_buf_init(&b, 0);
	kt_buf_printf(&b,
		      "%llu observation%s can be about other persons: pictures that another camera "
		      "made or that were received, and data of other devices. They are shown, and "
		      "are not used as positions of this phone.",
		      (unsigned long long)n, n == 1 ? "" : "s");
	mark(r, "third-persons", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

static void mark_planted(struct rep *r)
{
	if (r->model->nconflict > 0)
		mark(r, "planted",
		     "Sources place the phone at two places with too little time between. Location "
		     "data can be planted, shared or synced; a clock can be off. The conflicts are "
		     "listed, and nothing is taken away for them.");
}

static void mark_tested(struct rep *r)
{
	const struct kt_plan *plan = r->in->plan;
	struct kt_buf b;
	bool any = false;

	kt_buf_init(&b, 0);
	for (size_t i = 0; i < plan->n; i++) {
		const struct kt_plugin_info *p = plan->item[i].plugin;
		size_t k = 0;

		while (plan->item[k].plugin != p)
			k++;
		if (k < i || strstr(p->status, "not device-tested") == NULL)
			continue;
		kt_buf_puts(&b, any ? "; "
				    : "Read with readers that were tried on the form of the "
				      "data, not yet on a real phone: ");
		kt_buf_printf(&b, "%s, version %u", p->title, p->version);
		any = true;
	}
	kt_buf_puts(&b, ".");
	if (any)
		mark(r, "not-device-tested", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

int rep_attention(struct rep *r)
{
	int c;

	rep_member(r, "attention");
	kt_jw_arr(&r->w);
	mark_person(r);
	c = mark_users(r);
	mark_third_persons(r);
	mark_planted(r);
	mark_tested(r);
	if (c == 0)
		c = rep_gaps(r, mark);
	kt_jw_arr_end(&r->w);
	return c < 0 ? c : rep_flush(r, false);
}
