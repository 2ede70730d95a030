/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/plan.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/mandate.h"
#include "core/record.h"
#include "core/request.h"
#include "core/time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REFUSE(err, name, ...) KT_FAIL((err), KT_E_REFUSED, name ": " __VA_ARGS__)

/* -- globs ------------------------------------------------------------------------------------ */

static unsigned char fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* Greedy with one point of return, so never exponential. */
static bool match_one(const char *glob, size_t glen, const unsigned char *name, size_t n)
{
	size_t g = 0, i = 0, star = SIZE_MAX, back = 0;

	while (i < n) {
		if (g < glen && glob[g] == '*') {
			star = ++g;
			back = i;
		} else if (g < glen && fold((unsigned char)glob[g]) == fold(name[i])) {
			g++;
			i++;
		} else if (star != SIZE_MAX) {
			g = star;
			i = ++back;
		} else {
			return false;
		}
	}
	while (g < glen && glob[g] == '*')
		g++;
	return g == glen;
}

int kt_glob_match(const char *globs, const void *name, size_t n)
{
	while (n > 0) {
		size_t len = strcspn(globs, "|");

		if (len > 0 && match_one(globs, len, name, n))
			return 1;
		if (globs[len] == '\0')
			return 0;
		globs += len + 1;
	}
	return 0;
}

/* -- intersection ----------------------------------------------------------------------------- */

static int add_item(struct kt_plan *plan, const struct kt_plugin_info *plugin,
		    const struct kt_want *want, const struct kt_scope *scope, struct kt_err *err)
{
	const struct kt_request *req = kt_request_get(want->request);
	struct kt_plan_item *it;

	if (req == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "%s wants an unknown request", plugin->id);
	if (plan->n >= KT_PLAN_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "the plan has more than %u items", KT_PLAN_MAX);
	it = &plan->item[plan->n];
	if ((size_t)snprintf(it->id, sizeof(it->id), "%s/%s", scope->id, req->name) >=
	    sizeof(it->id))
		return KT_FAIL(err, KT_E_LIMIT, "item name %s/... is too long", scope->id);
	for (size_t i = 0; i < plan->n; i++)
		if (strcmp(plan->item[i].id, it->id) == 0)
			return KT_FAIL(err, KT_E_INTERNAL, "%s wants %s twice", plugin->id,
				       req->name);
	it->plugin = plugin;
	it->want = want;
	it->scope = scope;
	it->max_bytes = want->max_bytes;
	/* the mandate's cap is about parts of files; it can lower what the plugin asks, never raise */
	if (want->take == KT_TAKE_RANGES && scope->max_object_bytes > 0 &&
	    (uint64_t)scope->max_object_bytes < it->max_bytes)
		it->max_bytes = (uint64_t)scope->max_object_bytes;
	plan->n++;
	return 0;
}

static int check_sources(const struct kt_mandate *m, const struct kt_plugin_info *plugins,
			 size_t nplugins, struct kt_err *err)
{
	for (size_t i = 0; i < m->nscope; i++) {
		size_t k = 0;

		while (k < nplugins && strcmp(plugins[k].id, m->scope[i].source) != 0)
			k++;
		if (k == nplugins)
			return REFUSE(err, "unknown-source",
				      "scope %s names the source %s, which this version can't read",
				      m->scope[i].id, m->scope[i].source);
	}
	return 0;
}

/* Why what is read can't hold what is wanted; NULL: it can. */
static const char *out_of_reach(const struct kt_request *q, unsigned platform, unsigned form)
{
	if ((q->platform & platform) == 0)
		return "other-kind-of-phone";
	if ((q->forms & form) != 0)
		return NULL;
	if (q->forms == KT_FORM_IMAGE)
		return "image-only";
	if (q->forms == KT_FORM_PHONE)
		return "phone-only";
	if (q->kind == KT_REQ_KIND_HANDED)
		return "handed-over-only";
	return "not-in-this-form";
}

static int add_unreachable(struct kt_plan *plan, const struct kt_plugin_info *plugin,
			   const struct kt_want *want, const char *reason, struct kt_err *err)
{
	if (plan->nunreachable >= KT_PLAN_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "the plan has more than %u items", KT_PLAN_MAX);
	plan->unreachable[plan->nunreachable++] =
		(struct kt_plan_unreachable){plugin, want, reason};
	return 0;
}

static int add_wants(struct kt_plan *plan, const struct kt_plugin_info *plugin,
		     const struct kt_scope *scope, unsigned platform, const struct kt_want *wants,
		     size_t nwants, struct kt_err *err)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < nwants; k++) {
		const struct kt_request *q = kt_request_get(wants[k].request);
		const char *reason;

		if (strcmp(wants[k].plugin, plugin->id) != 0)
			continue;
		if (q == NULL)
			return KT_FAIL(err, KT_E_INTERNAL, "%s wants an unknown request",
				       plugin->id);
		reason = out_of_reach(q, platform, plan->form);
		r = reason == NULL ? add_item(plan, plugin, &wants[k], scope, err)
				   : add_unreachable(plan, plugin, &wants[k], reason, err);
	}
	return r;
}

const char *kt_take_name(enum kt_take take)
{
	static const char *const names[] = {"", "output", "whole", "ranges", "group"};

	return take <= KT_TAKE_GROUP ? names[take] : "";
}

int kt_plan_make(const struct kt_mandate *m, unsigned form, const struct kt_plugin_info *plugins,
		 size_t nplugins, const struct kt_want *wants, size_t nwants, struct kt_plan *plan,
		 struct kt_err *err)
{
	unsigned platform = kt_platform_find(m->device_kind);
	int r;

	memset(plan, 0, sizeof(*plan));
	plan->form = form;
	if (nplugins > KT_PLAN_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "more than %u plugins", KT_PLAN_MAX);
	if ((m->device_forms & form) == 0)
		return REFUSE(err, "form-not-allowed",
			      "the mandate does not allow the form %s; its device.forms would "
			      "have to list it",
			      kt_form_name(form) != NULL ? kt_form_name(form) : "?");
	r = check_sources(m, plugins, nplugins, err);
	for (size_t i = 0; r == 0 && i < nplugins; i++) {
		const struct kt_scope *scope = kt_mandate_scope(m, plugins[i].id);

		if (scope == NULL) {
			plan->left[plan->nleft++] = &plugins[i];
			continue;
		}
		r = add_wants(plan, &plugins[i], scope, platform, wants, nwants, err);
	}
	if (r == 0 && plan->n == 0)
		r = REFUSE(err, "nothing-to-take",
			   "the mandate allows nothing that this version can take from a %s of "
			   "kind %s",
			   kt_form_name(form), m->device_kind);
	return r;
}

/* -- printing --------------------------------------------------------------------------------- */

static void scope_json(const struct kt_scope *s, struct kt_jw *w)
{
	char t[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_key(w, "fields");
	kt_jw_arr(w);
	for (unsigned g = 0; g < KT_G_COUNT; g++)
		if ((s->fields & UINT32_C(1) << g) != 0)
			kt_jw_str(w, kt_group_name(g));
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "from", kt_time_text(s->from_us, t));
	kt_jw_kstr(w, "id", s->id);
	kt_jw_kbytes(w, "justification", s->justification, strlen(s->justification));
	kt_jw_kint(w, "max_precision_m", s->max_precision_m);
	kt_jw_kstr(w, "source", s->source);
	kt_jw_kstr(w, "to", kt_time_text(s->to_us, t));
	kt_jw_kstr(w, "undated", s->undated ? "include" : "withhold");
	kt_jw_obj_end(w);
}

static void request_json(const struct kt_request *r, struct kt_jw *w)
{
	kt_jw_obj(w);
	if (r->domain != NULL && *r->domain != '\0')
		kt_jw_kstr(w, "domain", r->domain);
	kt_jw_kstr(w, "kind", kt_request_kind_name(r));
	kt_jw_kstr(w, "name", r->name);
	if (r->source != NULL)
		kt_jw_kstr(w, "source", r->source);
	kt_jw_kstr(w, "text", r->text);
	kt_jw_obj_end(w);
}

static void item_json(const struct kt_plan_item *it, struct kt_jw *w)
{
	kt_jw_obj(w);
	kt_jw_kstr(w, "globs", it->want->globs);
	kt_jw_kstr(w, "item", it->id);
	kt_jw_kuint(w, "max_bytes", it->max_bytes);
	kt_jw_kstr(w, "plugin", it->plugin->id);
	kt_jw_kuint(w, "plugin_version", it->plugin->version);
	kt_jw_key(w, "request");
	request_json(kt_request_get(it->want->request), w);
	kt_jw_key(w, "scope");
	scope_json(it->scope, w);
	kt_jw_kstr(w, "status", it->plugin->status);
	kt_jw_kstr(w, "take", kt_take_name(it->want->take));
	kt_jw_kstr(w, "title", it->plugin->title);
	kt_jw_obj_end(w);
}

void kt_plan_json(const struct kt_plan *plan, const struct kt_mandate *m, struct kt_jw *w)
{
	char hex[KT_SHA256_HEX];

	kt_jw_obj(w);
	kt_jw_key(w, "device");
	kt_jw_obj(w);
	kt_jw_kstr(w, "identifier", m->device_identifier);
	kt_jw_kstr(w, "kind", m->device_kind);
	kt_jw_obj_end(w);
	kt_jw_kstr(w, "form", kt_form_name(plan->form));
	kt_jw_kstr(w, "format", "keten-plan-1");
	kt_jw_key(w, "items");
	kt_jw_arr(w);
	for (size_t i = 0; i < plan->n; i++)
		item_json(&plan->item[i], w);
	kt_jw_arr_end(w);
	kt_jw_key(w, "left_out");
	kt_jw_arr(w);
	for (size_t i = 0; i < plan->nleft; i++) {
		kt_jw_obj(w);
		kt_jw_kstr(w, "plugin", plan->left[i]->id);
		kt_jw_kstr(w, "reason", "not in the mandate");
		kt_jw_kstr(w, "title", plan->left[i]->title);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "mandate_id", m->mandate_id);
	kt_jw_kstr(w, "mandate_sha256", kt_hex(m->sha256, sizeof(m->sha256), hex));
	kt_jw_key(w, "unreachable");
	kt_jw_arr(w);
	for (size_t i = 0; i < plan->nunreachable; i++) {
		kt_jw_obj(w);
		kt_jw_kstr(w, "plugin", plan->unreachable[i].plugin->id);
		kt_jw_kstr(w, "reason", plan->unreachable[i].reason);
		kt_jw_kstr(w, "request", kt_request_get(plan->unreachable[i].want->request)->name);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
}
