/* SPDX-License-Identifier: EUPL-1.2 */
/* Observations: of place and time in one table, the phone's statements about itself in another. */
#include "reports/render/html_i.h"
#include "core/vocab.h"
#include "reports/render/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Attributes that share a line, in its order: what stands before the value (its separator left out
 * at the start of a line), and the unit.
 */
static const struct part {
	const char *name, *before, *unit;
} camera_line[] =
	{
		{"camera_make", "", ""},
		{"camera_model", " ", ""},
		{"software", ", {software} ", ""},
},
  time_line[] = {
	  {"taken_local", "{taken} ", ""},
	  {"taken_offset", ", {zone as written} ", ""},
	  {"modified_local", ", {changed} ", ""},
	  {"gps_time", "; {satellite time} ", ""},
	  {"time_difference_s", "; {camera minus satellite} ", " s"},
};

/* Attributes: label, unit, and how many decimals the integer hides. */
static const struct attr {
	const char *name, *label, *unit;
	unsigned milli;
} attrs[] = {
	{"altitude_mm", N_("altitude"), " m", 3},
	{"vertical_accuracy_mm", N_("vertical accuracy"), " m", 3},
	{"speed_mm_s", N_("speed"), " m/s", 3},
	{"heading_mdeg", N_("heading"), "\xc2\xb0", 3},
	{"distance_mm", N_("distance"), " m", 3},
	{"probability", N_("the source's own figure"), "", 0},
	{"place_label", N_("label by the source"), "", 0},
	{"signal_dbm", N_("signal"), " dBm", 0},
	{"elapsed_ms", N_("since the phone was started"), " ms", 0},
	{"time_uncertainty_ms", N_("uncertainty of the time"), " ms", 0},
	{"phone_user", N_("phone user"), "", 0},
};

static const char *rec(const struct html *h, const char *member)
{
	char path[96];

	snprintf(path, sizeof(path), "record.%s", member);
	return flat_get(h->f, path);
}

/* -- cells ------------------------------------------------------------------------------------ */

static void put_zone(struct html *h, const char *minutes)
{
	long m;
	char t[48];

	if (minutes == NULL)
		return;
	m = strtol(minutes, NULL, 10);
	if (m < -1440 || m > 1440)
		return;
	snprintf(t, sizeof(t), "UTC%c%02ld:%02ld", m < 0 ? '-' : '+', labs(m) / 60, labs(m) % 60);
	put(h, "<small>{zone at the time, says the source: <bdi dir=\"ltr\">%t</bdi>}</small>", t);
}

/* A wall time: the T becomes a space, nothing is added. */
static void put_local(struct html *h, const char *s)
{
	char date[16], time[40];
	size_t n = strlen(s);

	snprintf(date, sizeof(date), "%.10s", s);
	snprintf(time, sizeof(time), "%.39s", n > 11 ? s + 11 : "");
	put(h, "<bdi dir=\"ltr\"><span>%t</span> <span>%t</span></bdi>", date, time);
}

static void put_time(struct html *h)
{
	const char *t = rec(h, "t"), *local = rec(h, "t_local"), *end = rec(h, "t_end");
	const char *kind = rec(h, "t_kind");

	if (local != NULL) {
		put_local(h, local);
		if (end != NULL) {
			put(h, "<br>{to} ");
			put_local(h, end);
		}
		put(h, "<small>{local time, zone not recorded}</small>");
	} else if (t != NULL) {
		put(h, "%u", t);
		if (end != NULL)
			put(h, "<br>{to %u}", end);
		if (kind != NULL && strcmp(kind, "boot") == 0)
			put(h,
			    "<small>{computed from the time since the phone was started}</small>");
	} else {
		put(h, "{no time recorded}");
	}
	put_zone(h, rec(h, "local_offset_min"));
}

/* An E7 integer as degrees. */
static const char *degrees(const char *s, char *out, size_t n)
{
	long long v = strtoll(s, NULL, 10), a = llabs(v);

	snprintf(out, n, "%s%lld.%07lld", v < 0 ? "-" : "", a / 10000000, a % 10000000);
	return out;
}

/* How the model used it, and where it lies on the map. */
static void put_use(struct html *h)
{
	const char *as = flat_get(h->f, "use.as"), *shifted = flat_get(h->f, "use.t");

	if (as == NULL)
		return;
	if (flat_get(h->f, "use.where.verdict") != NULL) {
		put_raw(h, "<small>");
		put_area(h, "use.where");
		put_raw(h, "</small>");
	}
	if (strcmp(as, "not-position") == 0)
		put(h, "<small>{not used as a position of this phone:} %T</small>",
		    kt_word(KT_VOCAB_WHYS, flat_get(h->f, "use.why")));
	if (flat_true(h->f, "use.copy"))
		put(h, "<small>{can be a copy of an earlier one}</small>");
	if (shifted != NULL)
		put(h, "<small>{time used, when the clock's error is taken off: %u}</small>",
		    shifted);
}

static void put_position(struct html *h)
{
	const char *lat = rec(h, "lat"), *lon = rec(h, "lon"), *state = rec(h, "position");
	const char *elat = rec(h, "end_lat_e7"), *elon = rec(h, "end_lon_e7");
	char a[32], b[32];

	if (lat != NULL && lon != NULL) {
		put(h, "<code dir=\"ltr\">%t, %t</code>", lat, lon);
		if (elat != NULL && elon != NULL)
			put(h, "<br>{to <code dir=\"ltr\">%t, %t</code>}",
			    degrees(elat, a, sizeof(a)), degrees(elon, b, sizeof(b)));
	} else if (state != NULL && strcmp(state, "unusable") == 0) {
		put(h, "{not usable}<small><bdi class=\"phone\">%w</bdi></small>",
		    rec(h, "position_reason"));
	} else {
		put(h, "{none}");
	}
}

static void put_accuracy(struct html *h)
{
	const char *s = rec(h, "accuracy_m");
	char t[40], *end;

	if (s == NULL) {
		put(h, "{not given}");
		return;
	}
	snprintf(t, sizeof(t), "%.39s", s);
	if (strchr(t, '.') != NULL) {
		end = t + strlen(t);
		while (end[-1] == '0')
			*--end = '\0';
		if (end[-1] == '.')
			end[-1] = '\0';
	}
	put(h, "%d m", t);
}

/* Members of a record that have a place of their own in the row. */
static bool has_place(const char *name)
{
	static const char *const known[] = {
		"type",
		"basis",
		"t",
		"t_kind",
		"t_local",
		"t_end",
		"lat",
		"lon",
		"accuracy_m",
		"position",
		"position_reason",
		"raw",
		"local_offset_min",
		"end_lat_e7",
		"end_lon_e7",
	};

	if (strchr(name, '.') != NULL) /* flags, locator */
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

static bool in_line(const struct part *parts, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(parts[i].name, name) == 0)
			return true;
	return false;
}

static void put_line(struct html *h, const char *label, const struct part *parts, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const char *value = rec(h, parts[i].name);

		if (value == NULL)
			continue;
		if (!any)
			put(h, "<span class=\"kv\">%T: ", label);
		put(h, parts[i].before + (any ? 0 : strspn(parts[i].before, ",; ")));
		put(h, "%p", value);
		put_raw(h, parts[i].unit);
		any = true;
	}
	if (any)
		put_raw(h, "</span>");
}
#define PARTS(line) line, sizeof(line) / sizeof((line)[0])

static void put_attr(struct html *h, const char *name, const char *value)
{
	char label[64], num[40];

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (strcmp(attrs[i].name, name) == 0) {
			if (attrs[i].milli == 3)
				value = milli(value, num, sizeof(num));
			put(h, "<span class=\"kv\">%T: %p", attrs[i].label, value);
			put_raw(h, attrs[i].unit);
			put_raw(h, "</span>");
			return;
		}
	snprintf(label, sizeof(label), "%.63s", name);
	for (char *p = label; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	put(h, "<span class=\"kv\">%T: %p</span>", label, value);
}

static void put_said(struct html *h)
{
	const char *plugin = flat_get(h->f, "plugin"), *raw = rec(h, "raw");
	const char *taken = rec(h, "taken_local");

	put(h, "<b>%T</b>: %T", title_of(h, plugin), kt_word(KT_VOCAB_TYPES, rec(h, "type")));
	put_line(h, "camera", PARTS(camera_line));
	put_line(h, "camera clock", PARTS(time_line));
	for (size_t i = 0; i < h->f->n; i++) {
		const char *key = (const char *)h->f->text.p + h->f->e[i].key;

		if (strncmp(key, "record.", 7) == 0 && !has_place(key + 7) &&
		    !in_line(PARTS(camera_line), key + 7) && !in_line(PARTS(time_line), key + 7) &&
		    h->f->e[i].tok != KT_JSON_NULL)
			put_attr(h, key + 7, (const char *)h->f->text.p + h->f->e[i].val);
	}
	for (unsigned i = 0; flat_at(h->f, "record.flags", i) != NULL; i++)
		put(h, "<span class=\"flag\">{Note: %T}</span>",
		    kt_word(KT_VOCAB_FLAGS, flat_at(h->f, "record.flags", i)));
	/* a photo's own time stands in its line already */
	if (raw != NULL && *raw != '\0' && (taken == NULL || strcmp(raw, taken) != 0))
		put(h, "<small>{as written: %p}</small>", raw);
}

static void put_place(struct html *h)
{
	const char *path = flat_get(h->f, "path"), *item = flat_get(h->f, "item");
	const char *kind = rec(h, "locator.kind"), *where = rec(h, "locator.path");
	const char *off = rec(h, "locator.offset"), *len = rec(h, "locator.length");
	char last[24];

	if (path != NULL)
		put(h, "%p", path);
	else
		put(h, "{answer to %c}",
		    item != NULL && strchr(item, '/') != NULL ? strchr(item, '/') + 1 : item);
	if (where != NULL && kind != NULL && strcmp(kind, "line") == 0)
		put(h, "<small>{line %p}</small>", where);
	else if (where != NULL && kind != NULL && strcmp(kind, "row") == 0)
		put(h, "<small>{table and row %p}</small>", where);
	else if (where != NULL)
		put(h, "<small class=\"mono\">%p</small>", where);
	/* without a length the path alone tells it */
	if (off != NULL && len != NULL && (where == NULL || strcmp(len, "0") != 0)) {
		unsigned long long n = strtoull(len, NULL, 10), at = strtoull(off, NULL, 10);

		snprintf(last, sizeof(last), "%llu", n > 0 ? at + n - 1 : at);
		put(h, "<small>{bytes %n to %n}</small>", off, last);
	}
	put(h, "<small>%c</small>", flat_get(h->f, "id"));
}

/* -- tables ----------------------------------------------------------------------------------- */

static void put_number(struct html *h, const char *fmt, uint64_t v)
{
	char n[24];

	snprintf(n, sizeof(n), "%llu", (unsigned long long)v);
	put(h, fmt, n);
}

/* Tables of all observations stand beside the page (export.h). */
static void put_pages(struct html *h)
{
	unsigned n = kt_export_pages(h->all);
	char name[KT_EXPORT_NAME], number[16];

	if (n == 0 || h->opts->paper)
		return;
	put(h, "<p>{All observations, in tables of 5000, in files beside this one:}");
	for (unsigned i = 0; i < n; i++) {
		snprintf(number, sizeof(number), "%u", i + 1);
		put(h, " <a href=\"%t\">%t</a>", kt_export_name(KT_EXPORT_PAGES + i, name), number);
	}
	put_raw(h, "</p>\n");
}

void obs_begin(struct html *h)
{
	char all[24], cap[24];

	put(h, "<section class=\"wide\" aria-labelledby=\"observations\">\n<h2 "
	       "id=\"observations\">{Observations}</h2>\n");
	if (h->no_finding)
		put(h,
		    "<p class=\"result\">{No usable finding: no observation has a usable position. "
		    "The reasons per source stand under <a href=\"#short\">In short</a>.}</p>\n");
	put(h,
	    "<p>{In order of time; observations without a time come last. Each says where it "
	    "stands, so that it can be read there again. Text from the phone is shown with "
	    "hidden characters written out: %c stands for one such "
	    "character, %c for a backslash.}</p>\n",
	    "\\u{202e}", "\\\\");
	if (h->places > h->opts->observations) {
		snprintf(all, sizeof(all), "%llu", (unsigned long long)h->places);
		snprintf(cap, sizeof(cap), "%llu", (unsigned long long)h->opts->observations);
		put(h,
		    "<p class=\"more\">{This page shows the first <strong>%n</strong> of "
		    "<strong>%n</strong> observations of place and time. All of them stand in "
		    "report.json.}</p>\n",
		    cap, all);
		put_pages(h);
	}
	kt_buf_reset(&h->later);
}

static void open_table(struct html *h)
{
	put(h, "<table class=\"obs\">\n<caption>{Observations of place and "
	       "time}</caption>\n<thead><tr><th scope=\"col\">{No.}</th><th "
	       "scope=\"col\">{Time}</th><th scope=\"col\">{Latitude, longitude}</th><th "
	       "scope=\"col\">{Accuracy}</th><th scope=\"col\">{Basis}</th><th scope=\"col\">{What "
	       "the source says}</th><th scope=\"col\">{Where it "
	       "stands}</th></tr></thead>\n<tbody>\n");
}

static void put_statement(struct html *h)
{
	const char *user = rec(h, "phone_user"), *name = rec(h, "name");

	put(h, "<tr><th scope=\"row\">%p", name != NULL ? name : rec(h, "type"));
	if (user != NULL)
		put(h, "<small>{phone user %n}</small>", user);
	put(h, "</th><td>%p</td><td>", rec(h, "value"));
	put_place(h);
	put_raw(h, "</td></tr>\n");
}

static void put_observation(struct html *h)
{
	char n[24];

	snprintf(n, sizeof(n), "%llu", (unsigned long long)h->rows);
	put(h, "<tr id=\"r%t\"><th scope=\"row\">%n</th><td>", n, n);
	put_time(h);
	put_raw(h, "</td><td>");
	put_position(h);
	put_use(h);
	put_raw(h, "</td><td>");
	put_accuracy(h);
	put(h, "</td><td>%T</td><td>", kt_word(KT_VOCAB_BASES, rec(h, "basis")));
	put_said(h);
	put_raw(h, "</td><td>");
	put_place(h);
	put_raw(h, "</td></tr>\n");
}

static bool is_statement(const char *type)
{
	return type != NULL && (strcmp(type, "property") == 0 || strcmp(type, "setting") == 0 ||
				strcmp(type, "user") == 0);
}

int obs_elem(struct html *h)
{
	if (is_statement(rec(h, "type"))) {
		if (h->statements >= h->opts->statements) {
			h->over_statements++;
			return 0;
		}
		h->statements++;
		h->o = &h->later;
		put_statement(h);
		h->o = h->base;
		return 0;
	}
	if (h->rows >= h->opts->observations) {
		h->over++;
		return 0;
	}
	if (h->rows++ == 0)
		open_table(h);
	put_observation(h);
	return 0;
}

void obs_end(struct html *h)
{
	if (h->rows > 0)
		put_raw(h, "</tbody>\n</table>\n");
	else
		put(h, "<p>{There is no observation of place and time.}</p>\n");
	if (h->over > 0)
		put_number(h,
			   "<p class=\"more\">{<strong>%n more observations</strong> stand in "
			   "report.json and not on this page.}</p>\n",
			   h->over);
	put(h, "</section>\n<section aria-labelledby=\"statements\">\n<h2 id=\"statements\">{What "
	       "the phone states about itself}</h2>\n");
	if (h->statements > 0) {
		put(h, "<table class=\"statements\">\n<caption>{Properties, settings and "
		       "users}</caption>\n<thead><tr><th scope=\"col\">{Name}</th><th "
		       "scope=\"col\">{Value}</th><th scope=\"col\">{Where it "
		       "stands}</th></tr></thead>\n<tbody>\n");
		kt_buf_put(h->base, h->later.p, h->later.len);
		put_raw(h, "</tbody>\n</table>\n");
	} else {
		put(h, "<p>{No property, setting or user is among the records.}</p>\n");
	}
	if (h->over_statements > 0)
		put_number(
			h,
			"<p class=\"more\">{<strong>%n more</strong> stand in report.json.}</p>\n",
			h->over_statements);
	put_raw(h, "</section>\n");
	kt_buf_reset(&h->later);
}
