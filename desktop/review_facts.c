/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What stands in a record, in words and in groups: what it says, where it comes from, how it was used,
 * and the values as the phone has them. A member that no line below names is shown under its own name.
 */
#include "desktop/review_i.h"

#include <stdlib.h>
#include <string.h>

#include "core/record.h"

#define LINES_MAX 300

enum group { SAYS, FROM, USED, ORIGINAL, FURTHER, GROUPS };

static const char *const headings[GROUPS] = {
	N_("What it says"),    N_("Where it comes from"),
	N_("How it was used"), N_("As it stands in the source"),
	N_("Further members"),
};

struct fact {
	char *key, *value;
	bool shown;
};

struct facts {
	struct kd_review *rv;
	GArray *all; /* struct fact, in the order of the report */
	GtkWidget *group[GROUPS];
	GString *text; /* the same, to be copied */
	int at;	       /* the group that text is in */
	guint lines;
};

static void fact_clear(gpointer data)
{
	struct fact *f = data;

	g_free(f->key);
	g_free(f->value);
}

static void on_member(const char *key, const char *value, gpointer data)
{
	struct facts *s = data;
	struct fact f = {g_strdup(key), g_strdup(value), false};

	g_array_append_val(s->all, f);
}

/* All values of a key, joined; NULL when there is none. It counts as shown. Free with g_free(). */
static char *take(struct facts *s, const char *key)
{
	GString *v = NULL;

	for (guint i = 0; i < s->all->len; i++) {
		struct fact *f = &g_array_index(s->all, struct fact, i);

		if (strcmp(f->key, key) != 0)
			continue;
		f->shown = true;
		if (v == NULL)
			v = g_string_new(f->value);
		else
			g_string_append_printf(v, "\n%s", f->value);
	}
	return v != NULL ? g_string_free(v, FALSE) : NULL;
}

/* -- a line ----------------------------------------------------------------------------------- */

static GtkWidget *heading(struct facts *s, int group)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

	gtk_widget_add_css_class(box, "kd-facts");
	gtk_box_append(GTK_BOX(box), kd_text(kd_tr(headings[group]), "heading"));
	gtk_box_append(GTK_BOX(s->rv->record), box);
	s->group[group] = box;
	return box;
}

/* Words large, the key of report.json small beside them. */
static GtkWidget *title_label(const char *title, const char *key)
{
	const char *rest = *title != '\0' ? g_utf8_next_char(title) : title;
	char *up = g_utf8_strup(title, rest - title), *safe = kd_ltr(key),
	     *all = g_strdup_printf("%s%s  %s", up, rest, safe);
	GtkWidget *l = kd_text(all, "kd-fact-title");
	PangoAttrList *attrs = pango_attr_list_new();
	PangoAttribute *small = pango_attr_scale_new(0.82),
		       *mono = pango_attr_family_new("monospace");
	guint from = (guint)(strlen(all) - strlen(safe));

	small->start_index = mono->start_index = from;
	pango_attr_list_insert(attrs, small);
	pango_attr_list_insert(attrs, mono);
	gtk_label_set_attributes(GTK_LABEL(l), attrs);
	pango_attr_list_unref(attrs);
	g_free(all);
	g_free(safe);
	g_free(up);
	return l;
}

/* title: in valid UTF-8; value: as it is; ltr: what runs left to right whatever the language. */
static void line(struct facts *s, enum group g, const char *title, const char *key,
		 const char *value, bool ltr)
{
	GtkWidget *box, *to;
	char *safe, *shown;

	if (s->at != (int)g)
		g_string_append_printf(s->text, "%s%s\n", s->text->len > 0 ? "\n" : "",
				       kd_tr(headings[g]));
	s->at = (int)g;
	g_string_append_printf(s->text, "%s (%s): %s\n", title, key, value);
	if (s->lines++ >= LINES_MAX) /* no record of ours has as many; the copy holds them all */
		return;
	box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	to = s->group[g] != NULL ? s->group[g] : heading(s, (int)g);
	safe = ltr ? kd_ltr(value) : kd_isolate(value);
	shown = g == FURTHER ? kd_isolate(title) : g_strdup(title); /* all others are ours */
	gtk_box_append(GTK_BOX(box), title_label(shown, key));
	gtk_box_append(GTK_BOX(box), kd_text(safe, NULL));
	gtk_box_append(GTK_BOX(to), box);
	g_free(shown);
	g_free(safe);
}

/* A member that is shown as it stands, when it is there. */
static void plain(struct facts *s, enum group g, const char *title, const char *key, bool ltr)
{
	char *v = take(s, key);

	if (v != NULL)
		line(s, g, title, key, v, ltr);
	g_free(v);
}

/* A member that is a token, in words. */
static void worded(struct facts *s, enum group g, const char *title, const char *key,
		   enum kt_vocab words)
{
	char *v = take(s, key);

	if (v != NULL) {
		char **each = g_strsplit(v, "\n", -1), *said;

		for (char **t = each; *t != NULL; t++) {
			char *w = g_strdup(kd_word(words, *t));

			g_free(*t);
			*t = w;
		}
		said = g_strjoinv("; ", each);
		line(s, g, title, key, said, false);
		g_free(said);
		g_strfreev(each);
	}
	g_free(v);
}

static char *territories(const struct kd_report *r, const char *codes)
{
	char **each = g_strsplit(codes != NULL ? codes : "", "\n", -1), *all;

	for (char **t = each; *t != NULL; t++) {
		char *name = kd_territory(r, *t);

		g_free(*t);
		*t = name;
	}
	all = g_strjoinv(", ", each);
	g_strfreev(each);
	return all;
}

char *kd_where_text(const struct kd_report *r, const char *verdict, const char *codes)
{
	static const struct {
		const char *verdict, *text;
	} verdicts[] = {
		{"in", N_("in %s")},
		{"border", N_("near the border of %s; not determined")},
		{"none", N_("at sea or outside the map")},
		{"contested", N_("in an area whose status is contested: %s")},
		{"too-coarse", N_("too coarse to be placed")},
	};
	const char *w = verdict != NULL ? verdict : "", *gap;
	char *names, *s;

	for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++)
		if (g_strcmp0(verdicts[i].verdict, verdict) == 0)
			w = kd_tr(verdicts[i].text);
	gap = strstr(w, "%s");
	if (gap == NULL)
		return g_strdup(w);
	names = territories(r, codes);
	s = g_strdup_printf("%.*s%s%s", (int)(gap - w), w, names, gap + 2);
	g_free(names);
	return s;
}

/* -- what it says ----------------------------------------------------------------------------- */

static void time_lines(struct facts *s)
{
	char *kind = take(s, "record.t_kind"), *local = take(s, "record.local_offset_min");
	bool boot = g_strcmp0(kind, "boot") == 0;

	plain(s, SAYS, _("Time (UTC)"), "record.t", true);
	plain(s, SAYS, _("Local time, zone not recorded"), "record.t_local", true);
	plain(s, SAYS, _("Until"), "record.t_end", true);
	if (g_strcmp0(kind, "none") == 0)
		line(s, SAYS, _("Time"), "record.t_kind", _("no time recorded"), false);
	else if (boot)
		line(s, SAYS, _("Kind of time"), "record.t_kind",
		     _("computed from the time since the phone was started"), false);
	else if (kind != NULL)
		line(s, SAYS, _("Kind of time"), "record.t_kind",
		     strcmp(kind, "utc") == 0	  ? _("an instant, in UTC")
		     : strcmp(kind, "local") == 0 ? _("local time, zone not recorded")
						  : kind,
		     false);
	if (local != NULL) {
		long m = strtol(local, NULL, 10);
		char *zone = g_strdup_printf("UTC%c%02ld:%02ld", m < 0 ? '-' : '+', labs(m) / 60,
					     labs(m) % 60);

		line(s, SAYS, _("Zone at the time, says the source"), "record.local_offset_min",
		     zone, true);
		g_free(zone);
	}
	g_free(kind);
	g_free(local);
}

static char *metres(const char *value)
{
	GString *m = g_string_new(value);

	if (strchr(m->str, '.') != NULL) {
		while (m->len > 0 && m->str[m->len - 1] == '0')
			g_string_truncate(m, m->len - 1);
		if (m->len > 0 && m->str[m->len - 1] == '.')
			g_string_truncate(m, m->len - 1);
	}
	g_string_append(m, " m");
	return g_string_free(m, FALSE);
}

static void place_lines(struct facts *s)
{
	char *lat = take(s, "record.lat"), *lon = take(s, "record.lon"),
	     *accuracy = take(s, "record.accuracy_m"), *state = take(s, "record.position");

	if (lat != NULL || lon != NULL) {
		char *at =
			g_strdup_printf("%s, %s", lat != NULL ? lat : "?", lon != NULL ? lon : "?");
		char *m = accuracy != NULL ? metres(accuracy) : NULL;

		line(s, SAYS, _("Position (latitude, longitude)"), "record.lat record.lon", at,
		     true);
		line(s, SAYS, _("Accuracy, says the source"), "record.accuracy_m",
		     m != NULL ? m : _("not given"), m != NULL);
		g_free(at);
		g_free(m);
	} else if (accuracy != NULL) {
		line(s, SAYS, _("Accuracy, says the source"), "record.accuracy_m", accuracy, true);
	}
	if (state != NULL)
		line(s, SAYS, _("Position"), "record.position",
		     strcmp(state, "ok") == 0	      ? _("usable")
		     : strcmp(state, "unusable") == 0 ? _("not usable")
		     : strcmp(state, "none") == 0     ? _("none")
						      : state,
		     false);
	plain(s, SAYS, _("Reason"), "record.position_reason", false);
	worded(s, SAYS, _("Note"), "record.flags", KT_VOCAB_FLAGS);
	g_free(lat);
	g_free(lon);
	g_free(accuracy);
	g_free(state);
}

static void says(struct facts *s)
{
	worded(s, SAYS, _("Kind"), "record.type", KT_VOCAB_TYPES);
	time_lines(s);
	place_lines(s);
	worded(s, SAYS, _("How it came about"), "record.basis", KT_VOCAB_BASES);
}

/* Attributes whose integer hides decimals, by the end of their name. */
static char *with_unit(const char *key, const char *value)
{
	static const struct {
		const char *end, *unit;
		bool milli;
	} units[] = {
		{"_mm_s", "m/s", true}, {"_mm", "m", true},	{"_mdeg", "°", true},
		{"_ms", "ms", false},	{"_dbm", "dBm", false}, {"_min", "min", false},
		{"_s", "s", false},
	};
	char *end;
	gint64 v = g_ascii_strtoll(value, &end, 10), a = v < 0 ? -v : v;

	for (size_t i = 0; *end == '\0' && end != value && i < G_N_ELEMENTS(units); i++)
		if (g_str_has_suffix(key, units[i].end) && units[i].milli)
			return g_strdup_printf("%s%" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT " %s",
					       v < 0 ? "-" : "", a / 1000, a % 1000, units[i].unit);
		else if (g_str_has_suffix(key, units[i].end))
			return g_strdup_printf("%s %s", value, units[i].unit);
	return g_strdup(value);
}

static bool is_field(const char *name)
{
	for (unsigned f = 1; kt_field_name(f) != NULL; f++)
		if (strcmp(kt_field_name(f), name) == 0)
			return true;
	return false;
}

/* The other members of the record: named like their fields. */
static void attributes(struct facts *s)
{
	for (guint i = 0; i < s->all->len; i++) {
		struct fact *f = &g_array_index(s->all, struct fact, i);
		const char *name = f->key + strlen("record.");
		char *title, *value;

		if (f->shown || !g_str_has_prefix(f->key, "record.") || !is_field(name))
			continue;
		title = g_strdelimit(g_strdup(name), "_", ' ');
		value = with_unit(f->key, f->value);
		f->shown = true;
		line(s, SAYS, kd_tr(title), f->key, value, false);
		g_free(value);
		g_free(title);
	}
}

/* -- where it comes from ---------------------------------------------------------------------- */

static void locator_lines(struct facts *s)
{
	char *kind = take(s, "record.locator.kind"), *path = take(s, "record.locator.path"),
	     *off = take(s, "record.locator.offset"), *len = take(s, "record.locator.length");
	gint64 from = off != NULL ? g_ascii_strtoll(off, NULL, 10) : 0,
	       n = len != NULL ? g_ascii_strtoll(len, NULL, 10) : 0;

	if (kind != NULL)
		line(s, FROM, _("It is"), "record.locator.kind", kd_word(KT_VOCAB_LOCATORS, kind),
		     false);
	if (path != NULL)
		line(s, FROM,
		     g_strcmp0(kind, "row") == 0      ? _("Table and row")
		     : g_strcmp0(kind, "line") == 0   ? _("Line")
		     : g_strcmp0(kind, "member") == 0 ? _("File in the archive")
						      : _("Path of the entry"),
		     "record.locator.path", path, true);
	if (off != NULL || len != NULL) {
		char *end = g_strdup_printf("%" G_GINT64_FORMAT, n > 0 ? from + n - 1 : from),
		     *range = g_strdup_printf(_("%s to %s (%s bytes)"), off != NULL ? off : "?",
					      end, len != NULL ? len : "?");

		line(s, FROM, _("Bytes of the file"), "record.locator.offset record.locator.length",
		     range, true);
		g_free(end);
		g_free(range);
	}
	g_free(kind);
	g_free(path);
	g_free(off);
	g_free(len);
}

static void from(struct facts *s)
{
	char *plugin = take(s, "plugin");

	plain(s, FROM, _("File on the phone"), "path", true);
	locator_lines(s);
	plain(s, FROM, _("Stored object"), "object", true);
	plain(s, FROM, _("SHA-256 of the stored object"), "sha256", true);
	if (plugin != NULL) {
		const struct kd_pair *p = kd_pair_find(s->rv->report->plugins, plugin);
		char *title = p != NULL ? kd_pair_get(p, "title") : NULL,
		     *version = p != NULL ? kd_pair_get(p, "version") : NULL,
		     *said = g_strdup_printf("%s\n%s, %s %s", title != NULL ? kd_tr(title) : "",
					     plugin, _("version"), version != NULL ? version : "?");

		line(s, FROM, _("Read by"), "plugin", said, false);
		g_free(said);
		g_free(title);
		g_free(version);
	}
	plain(s, FROM, _("Item of the plan"), "item", true);
	plain(s, FROM, _("Record"), "id", true);
	g_free(plugin);
}

/* -- how it was used -------------------------------------------------------------------------- */

static void stay_line(struct facts *s)
{
	char *n = take(s, "use.stay"), *said;
	const struct kd_pair *p = n != NULL ? kd_pair_find(s->rv->report->stays, n) : NULL;

	if (n == NULL)
		return;
	if (p == NULL) {
		line(s, USED, _("Stay"), "use.stay", n, true);
	} else {
		char *v = kd_pair_get(p, "where.verdict"), *t = kd_pair_get(p, "where.territories"),
		     *a = kd_pair_get(p, "from"), *b = kd_pair_get(p, "to"),
		     *where = kd_where_text(s->rv->report, v, t);

		said = g_strdup_printf("%s: %s, %s – %s", n, where, a, b);
		line(s, USED, _("Stay"), "use.stay", said, false);
		g_free(said);
		g_free(where);
		g_free(v);
		g_free(t);
		g_free(a);
		g_free(b);
	}
	g_free(n);
}

/* The pairs of sources that name this record first. */
static void pair_lines(struct facts *s, const GArray *pairs, const char *title, const char *key,
		       const char *id)
{
	for (guint i = 0; id != NULL && i < pairs->len; i++) {
		const struct kd_pair *p = &g_array_index(pairs, struct kd_pair, i);
		char *a = kd_pair_get(p, "a"), *b = kd_pair_get(p, "b"),
		     *text = kd_pair_get(p, "text");

		if (g_strcmp0(a, id) == 0 || g_strcmp0(b, id) == 0) {
			char *said = kd_said(text != NULL ? text : ""),
			     *all = g_strdup_printf("%s: %s", p->title, said);

			line(s, USED, title, key, all, false);
			g_free(all);
			g_free(said);
		}
		g_free(a);
		g_free(b);
		g_free(text);
	}
}

static void area_line(struct facts *s, const char *title, const char *key)
{
	char *codes = take(s, key), *names;

	if (codes == NULL)
		return;
	names = territories(s->rv->report, codes);
	line(s, USED, title, key, names, false);
	g_free(names);
	g_free(codes);
}

static void used(struct facts *s, const char *id)
{
	char *as = take(s, "use.as"), *verdict = take(s, "use.where.verdict"),
	     *codes = take(s, "use.where.territories"), *copy = take(s, "use.copy");

	if (as != NULL)
		line(s, USED, _("Use"), "use.as",
		     strcmp(as, "position") == 0 ? _("Counted as a position of this phone")
		     : strcmp(as, "not-position") == 0
			     ? _("Not counted as a position of this phone")
		     : strcmp(as, "no-position") == 0 ? _("Holds no position of this phone")
						      : as,
		     false);
	worded(s, USED, _("Because"), "use.why", KT_VOCAB_WHYS);
	worded(s, USED, _("Group of sources that depend on one another"), "use.source",
	       KT_VOCAB_SOURCES);
	if (verdict != NULL) {
		char *where = kd_where_text(s->rv->report, verdict, codes);

		line(s, USED, _("On the map"), "use.where", where, false);
		g_free(where);
	}
	plain(s, USED, _("Time used, when the clock's error is taken off"), "use.t", true);
	plain(s, USED, _("Shift of the time, in ms"), "use.shift_ms", true);
	plain(s, USED, _("Place in the list of places"), "use.place", true);
	stay_line(s);
	area_line(s, _("Mobile network of"), "use.network_of");
	area_line(s, _("Card issued in"), "use.issued_in");
	if (copy != NULL)
		line(s, USED, _("Copy"), "use.copy", _("can be a copy of an earlier one"), false);
	pair_lines(s, s->rv->report->agreement, _("Agreement of two sources"), "agreement", id);
	pair_lines(s, s->rv->report->conflicts, _("Conflict of two sources"), "conflicts", id);
	g_free(as);
	g_free(verdict);
	g_free(codes);
	g_free(copy);
}

char *kd_facts_show(struct kd_review *rv)
{
	struct facts s = {.rv = rv, .text = g_string_new(NULL), .at = -1};

	s.all = g_array_new(FALSE, FALSE, sizeof(struct fact));
	g_array_set_clear_func(s.all, fact_clear);
	kd_report_members(rv->report, rv->selected, on_member, &s);
	says(&s);
	attributes(&s);
	from(&s);
	used(&s, kd_obs(rv->report, rv->selected)->id);
	plain(&s, ORIGINAL, _("Words of the source"), "record.raw", false);
	for (guint i = 0; i < s.all->len; i++) {
		const struct fact *f = &g_array_index(s.all, struct fact, i);

		if (!f->shown)
			line(&s, FURTHER, f->key, f->key, f->value, false);
	}
	g_array_unref(s.all);
	return g_string_free(s.text, FALSE);
}
