/* SPDX-License-Identifier: EUPL-1.2 */
/* What was not taken, and why: seven kinds, in this order. */
#include "reports/model/report_i.h"
#include "core/err.h"
#include "core/mandate.h"
#include "core/request.h"

#include <stdio.h>
#include <string.h>

#define USERS_MAX 64u

static int put(struct rep *r, const char *kind, const char *id, const char *what,
	       const char *reason)
{
	struct kt_jw *w = &r->w;

	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kstr(w, "kind", kind);
	kt_jw_kstr(w, "id", id);
	kt_jw_kstr(w, "what", what);
	kt_jw_kstr(w, "reason", reason);
	kt_jw_obj_end(w);
	return rep_flush(r, false);
}

static int put_items(struct rep *r)
{
	struct kt_jw *w = &r->w;

	for (size_t i = 0; i < r->in->plan->n; i++) {
		const struct kt_plan_item *p = &r->in->plan->item[i];
		const struct item *it = &r->items[i];
		int c;

		if (it->outcome == OUT_ACQUIRED)
			continue;
		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "kind", "item");
		kt_jw_kstr(w, "id", p->id);
		kt_jw_kstr(w, "what", p->plugin->title);
		kt_jw_kstr(w, "reason", it->reason);
		kt_jw_kstr(w, "outcome", rep_outcome(it->outcome));
		kt_jw_kstr(w, "absence", p->plugin->absence);
		kt_jw_obj_end(w);
		c = rep_flush(r, false);
		if (c < 0)
			return c;
	}
	return 0;
}

/* Title of the plugin of a source that could not be planned, else the source as it is named. */
static const char *title_of(const struct rep *r, const char *source)
{
	const struct kt_plan *plan = r->in->plan;

	for (size_t i = 0; i < plan->nunreachable; i++)
		if (strcmp(plan->unreachable[i].plugin->id, source) == 0)
			return plan->unreachable[i].plugin->title;
	return source;
}

/* Rows of the mandate for which the plan has no item. */
static int put_scopes(struct rep *r)
{
	const struct kt_mandate *m = r->in->mandate;

	for (size_t s = 0; s < m->nscope; s++) {
		bool planned = false;
		int c;

		for (size_t i = 0; i < r->in->plan->n; i++)
			planned |= r->in->plan->item[i].scope == &m->scope[s];
		if (planned)
			continue;
		c = put(r, "scope", m->scope[s].id, title_of(r, m->scope[s].source),
			"The mandate names it, and what was read can't hold it, or this program "
			"has "
			"no request for it there.");
		if (c < 0)
			return c;
	}
	return 0;
}

/* Reasons of a plan, in the order in which they are told. Another kind of phone is no news. */
static const char *const reach[][2] = {
	{"phone-only", "Only the connected phone itself can answer this."},
	{"image-only",
	 "Neither a phone nor a backup gives this out; it is only in an image of a whole "
	 "file system. No lock or protection was bypassed."},
	{"handed-over-only",
	 "It exists only as a file that the holder exports and hands over. None "
	 "was part of this acquisition."},
	{"not-in-this-form",
	 "What was read (phone, backup, image, carrier or file) does not hold this."},
};

/* Allowed by the mandate, but out of reach with what was read. */
static int put_out_of_reach(struct rep *r)
{
	const struct kt_plan *plan = r->in->plan;

	for (size_t k = 0; k < sizeof(reach) / sizeof(reach[0]); k++)
		for (size_t i = 0; i < plan->nunreachable; i++) {
			const struct kt_plugin_info *p = plan->unreachable[i].plugin;
			const struct kt_request *q =
				kt_request_get(plan->unreachable[i].want->request);
			char id[96];
			int c;

			if (q == NULL || strcmp(plan->unreachable[i].reason, reach[k][0]) != 0)
				continue;
			snprintf(id, sizeof(id), "%s/%s", p->id, q->name);
			c = put(r, "form", id, p->title, reach[k][1]);
			if (c < 0)
				return c;
		}
	return 0;
}

static int put_plugins(struct rep *r)
{
	for (size_t i = 0; i < r->in->plan->nleft; i++) {
		const struct kt_plugin_info *p = r->in->plan->left[i];
		int c = put(r, "plugin", p->id, p->title, "Not in the mandate, so not asked for.");
		if (c < 0)
			return c;
	}
	return 0;
}

static int put_user(struct rep *r, const struct kt_jv *rec, const char *object)
{
	const struct kt_jv *number = kt_jv_get(rec, "phone_user");
	const char *name = kt_jv_str(rec, "name");
	struct kt_buf b;
	int c;

	(void)object;
	if (number == NULL || number->type != KT_JV_INT || number->i == 0)
		return 0;
	kt_buf_init(&b, 0);
	kt_buf_printf(&b, "%lld", (long long)number->i);
	c = put(r, "user", kt_buf_cstr(&b), name,
		"Another user or profile is present on the phone. It was not examined.");
	kt_buf_free(&b);
	return c;
}

static int put_exclusions(struct rep *r)
{
	const struct kt_jv *root =
		r->in->mandate->doc != NULL ? kt_jdoc_root(r->in->mandate->doc) : NULL;
	const struct kt_jv *list = kt_jv_get(root, "exclusions");

	for (const struct kt_jv *v = list != NULL ? list->child : NULL; v != NULL; v = v->next) {
		int c;

		if (v->type != KT_JV_STR)
			continue;
		c = put(r, "exclusion", v->str, v->str,
			"Excluded by the mandate. Never asked for.");
		if (c < 0)
			return c;
	}
	return 0;
}

/*
 * What an unlocked phone does not hand out: Android through USB debugging without root, an iPhone
 * through its services and its backup. An image, a carrier or a file is no such question.
 */
static int put_unreachable(struct rep *r)
{
	static const struct unreachable {
		const char *id, *what;
	} android[] = {
		{"timeline-database", "The database of Google Maps Timeline itself; only an export "
				      "that the holder made can be read."},
		{"app-databases", "The private databases of apps, among them maps, photos and "
				  "messaging apps."},
		{"play-services", "The location caches of Google Play services."},
		{"system-stores", "The system's own stores of Wi-Fi networks, network use and app "
				  "use."},
		{"cell-history", "A history of the cell towers that the phone was connected to."},
		{"deleted", "Data that was deleted."},
		{"keys", "The content of the phone's key store."},
	};
	static const struct unreachable ios[] = {
		{"passive-track", "The track that an iPhone keeps of where it was (significant "
				  "locations); it is in no backup."},
		{"app-databases", "Data of apps that keep themselves out of backups."},
		{"deleted", "Data that was deleted."},
		{"keys", "The content of the phone's key store."},
	};
	const char *kind = kt_jv_str(kt_jdoc_root(r->case_doc), "device_kind");
	bool iphone = kind != NULL && strcmp(kind, "ios") == 0;
	const struct unreachable *list = iphone ? ios : android;
	size_t n = iphone ? sizeof(ios) / sizeof(ios[0]) : sizeof(android) / sizeof(android[0]);

	if (kind == NULL || (!iphone && strcmp(kind, "android") != 0) ||
	    (r->in->plan->form & (KT_FORM_PHONE | KT_FORM_BACKUP)) == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int c = put(r, "unreachable", list[i].id, list[i].what,
			    "An unlocked phone does not give this out, and no lock or protection "
			    "was bypassed.");
		if (c < 0)
			return c;
	}
	return 0;
}

int rep_not_taken(struct rep *r)
{
	int c;

	rep_member(r, "not_taken");
	kt_jw_arr(&r->w);
	c = put_items(r);
	if (c == 0)
		c = put_scopes(r);
	if (c == 0)
		c = put_out_of_reach(r);
	if (c == 0)
		c = put_plugins(r);
	if (c == 0)
		c = rep_statements(r, "user", USERS_MAX, put_user);
	if (c == 0)
		c = put_exclusions(r);
	if (c == 0)
		c = put_unreachable(r);
	kt_jw_arr_end(&r->w);
	return c < 0 ? c : rep_flush(r, false);
}
