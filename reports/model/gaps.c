/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Why an iPhone can say less than another one: it gave no backup, or its holder keeps apps, or all
 * of them, from the position. Marks before everything else; see rep_gaps().
 */
#include "core/custody.h"
#include "core/err.h"
#include "reports/model/report_i.h"

#include <stdio.h>
#include <string.h>

#define ROWS_MAX 2000u /* clients of locationd that are looked at */
#define APPS_MAX 20u   /* of them named */

struct gaps {
	char no_backup[200]; /* "": it came, or nobody asked for it */
	int on, on_now;	     /* of the older and the newer switch: 1, 0; -1: not told */
	unsigned denied;
	struct kt_buf apps;
};

/* The last reading of a phone that did not come to its end. */
static int on_event(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		    struct kt_err *err)
{
	struct gaps *g = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail");
	const char *result = kt_jv_str(d, "result"), *text = kt_jv_str(d, "text");

	(void)seq;
	(void)err;
	if (strcmp(event, "source.read") != 0 || result == NULL)
		return 0;
	g->no_backup[0] = '\0';
	if (strcmp(result, "no-backup") == 0)
		snprintf(g->no_backup, sizeof(g->no_backup), "%s",
			 text != NULL && *text != '\0' ? text : "no reason was given");
	return 0;
}

static int truth(const char *value)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		return 1;
	return strcmp(value, "false") == 0 || strcmp(value, "0") == 0 ? 0 : -1;
}

static struct gaps *gaps_of(struct rep *r)
{
	return r->scratch;
}

static int on_setting(struct rep *r, const struct kt_jv *rec, const char *object)
{
	const char *name = kt_jv_str(rec, "name"), *value = kt_jv_str(rec, "value");

	(void)object;
	if (name == NULL || value == NULL)
		return 0;
	if (strcmp(name, "LocationServicesEnabledIn8.0") == 0)
		gaps_of(r)->on_now = truth(value);
	else if (strcmp(name, "LocationServicesEnabled") == 0)
		gaps_of(r)->on = truth(value);
	return 0;
}

/* "Authorized" alone says yes or no; the numbers of "Authorization" have no documented meaning. */
static int on_property(struct rep *r, const struct kt_jv *rec, const char *object)
{
	struct gaps *g = gaps_of(r);
	const char *name = kt_jv_str(rec, "name"), *value = kt_jv_str(rec, "value");
	const char *app = kt_jv_str(rec, "app");

	(void)object;
	if (name == NULL || value == NULL || app == NULL || strcmp(name, "Authorized") != 0 ||
	    truth(value) != 0)
		return 0;
	if (g->denied++ < APPS_MAX)
		kt_buf_printf(&g->apps, "%s%.100s", g->denied > 1 ? ", " : "", app);
	return 0;
}

static void put_marks(struct rep *r, struct gaps *g, rep_mark_fn mark)
{
	int on = g->on_now >= 0 ? g->on_now : g->on;
	struct kt_buf b;

	kt_buf_init(&b, 0);
	if (g->no_backup[0] != '\0') {
		kt_buf_printf(&b,
			      "Single values and media files alone, without the phone's backup: "
			      "%s. What a backup would hold is not known.",
			      g->no_backup);
		mark(r, "no-backup", kt_buf_cstr(&b));
	}
	if (on == 0)
		mark(r, "location-off",
		     "When the phone was read, its location services were switched off "
		     "(com.apple.locationd.plist). No app can record positions while they are; "
		     "that sources hold none then is to be expected.");
	if (g->denied > 0) {
		kt_buf_reset(&b);
		kt_buf_printf(
			&b,
			"The phone's list of location clients (clients.plist) says of %u app%s "
			"that it is not authorised: %s%s. That these recorded no positions is "
			"to be expected.",
			g->denied, g->denied == 1 ? "" : "s",
			g->apps.len > 0 ? kt_buf_cstr(&g->apps) : "",
			g->denied > APPS_MAX ? " and others" : "");
		mark(r, "location-denied", kt_buf_cstr(&b));
	}
	kt_buf_free(&b);
}

int rep_gaps(struct rep *r, rep_mark_fn mark)
{
	struct gaps g = {.on = -1, .on_now = -1};
	char head[KT_SHA256_HEX];
	void *before = r->scratch;
	uint64_t lines;
	int c;

	kt_buf_init(&g.apps, 0);
	r->scratch = &g;
	c = kt_custody_check(r->custody.p, r->custody.len, head, &lines, on_event, &g, r->err);
	if (c == 0)
		c = rep_statements(r, "setting", ROWS_MAX, on_setting);
	if (c == 0)
		c = rep_statements(r, "property", ROWS_MAX, on_property);
	r->scratch = before;
	if (c == 0)
		put_marks(r, &g, mark);
	kt_buf_free(&g.apps);
	return c;
}
