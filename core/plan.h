/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The plan: wants of the plugins that the mandate allows, and nothing else. Printable before
 * anything happens; the only way to ask a phone for something.
 */
#ifndef KT_CORE_PLAN_H
#define KT_CORE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "core/want.h"

struct kt_err;
struct kt_jw;
struct kt_mandate;
struct kt_scope;

#define KT_PLAN_MAX 256u
#define KT_ITEM_ID  64u

struct kt_plan_item {
	char id[KT_ITEM_ID]; /* "<scope id>/<request name>": names the item in log, index, report */
	const struct kt_plugin_info *plugin;
	const struct kt_want *want;
	const struct kt_scope *scope; /* borrowed from the mandate */
	uint64_t max_bytes;	      /* per object, after the mandate's cap */
};

struct kt_plan {
	size_t n;
	struct kt_plan_item item[KT_PLAN_MAX];
	unsigned form; /* enum kt_form: what is read */
	/* plugins of this build that the mandate does not name */
	size_t nleft;
	const struct kt_plugin_info *left[KT_PLAN_MAX];
	/* allowed by the mandate, but what is read can't hold it: with the reason, a word of ours */
	size_t nunreachable;
	struct kt_plan_unreachable {
		const struct kt_plugin_info *plugin;
		const struct kt_want *want;
		const char *reason;
	} unreachable[KT_PLAN_MAX];
};

/*
 * wants ∩ mandate ∩ what the form (one of enum kt_form) can hold. plugins and wants are tables
 * (static storage, borrowed); *plan also borrows from m. Items stand in the order of the tables. 0; KT_E_REFUSED when the mandate allows nothing that
 * this build can take ("nothing-to-take"), does not allow this form ("form-not-allowed") or names a source without a
 * plugin ("unknown-source");
 * KT_E_LIMIT or KT_E_INTERNAL for tables that don't fit together.
 */
int kt_plan_make(const struct kt_mandate *m, unsigned form, const struct kt_plugin_info *plugins,
		 size_t nplugins, const struct kt_want *wants, size_t nwants, struct kt_plan *plan,
		 struct kt_err *err);

/*
 * The plan as a JSON object with sorted keys: items with request texts, caps, period, fields; and
 * what is left out. A function of plan and mandate alone: its SHA-256 goes into the custody log.
 */
void kt_plan_json(const struct kt_plan *plan, const struct kt_mandate *m, struct kt_jw *w);

#endif
