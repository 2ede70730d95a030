/* SPDX-License-Identifier: EUPL-1.2 */
/* What was stated beside what was found, what was not taken, and getting something out. */
#include "desktop/review_i.h"

#include "desktop/states.h"

#include <string.h>

static GtkWidget *page(const char *heading, const char *lead, GtkWidget **group, const char *title)
{
	struct kd_page p;

	kd_page_init(&p, heading, lead);
	gtk_widget_set_visible(p.bar, FALSE);
	*group = kd_group(title, NULL);
	gtk_box_append(GTK_BOX(p.content), *group);
	return p.root;
}

GtkWidget *kd_statement_view(struct kd_review *rv)
{
	return page(_("What was stated, and what was found"),
		    _("What fits, what does not fit and what is not known have the same weight. "
		      "Nothing "
		      "here is a score."),
		    &rv->statement, "");
}

GtkWidget *kd_not_taken_view(struct kd_review *rv)
{
	GtkWidget *w = page(_("What was not taken"),
			    _("With the reason, and what its absence does not show."), &rv->limits,
			    _("What this report can't say"));

	rv->not_taken = gtk_box_new(GTK_ORIENTATION_VERTICAL, 24);
	gtk_widget_insert_before(rv->not_taken, gtk_widget_get_parent(rv->limits), rv->limits);
	return w;
}

/* -- what was not taken ----------------------------------------------------------------------- */

/* Rows that a page shows at most: each is a widget, and a report made by others can hold any number. */
#define ROWS_MAX 300

/* In place of the rows that are not shown. */
static GtkWidget *further(guint n)
{
	char *s = g_strdup_printf(
		_("%u more are not shown here; report.json, under Export, has them."), n);
	GtkWidget *row = kd_row("", s);

	g_free(s);
	return row;
}

static const struct kd_missing *missing(const GArray *all, guint i)
{
	return &g_array_index(all, struct kd_missing, i);
}

static char *kind_title(const char *kind)
{
	const char *words = kt_word(KT_VOCAB_NOT_TAKEN, kind);

	return words != kind ? g_strdup(kd_tr(words)) : kd_isolate(kind);
}

static char *missing_title(const struct kd_missing *m)
{
	char *said, *what, *title;

	if (strcmp(m->kind, "user") == 0) {
		said = strspn(m->id, "0123456789") == strlen(m->id) ? g_strdup(m->id)
								    : kd_isolate(m->id);
		what = kd_isolate(m->what);
		title = g_strdup_printf(_("user %s of the phone"), said);
		if (m->what[0] != '\0') {
			g_free(said);
			said = title;
			title = g_strdup_printf("%s: %s", said, what);
		}
		g_free(what);
	} else if (strcmp(m->kind, "exclusion") == 0) {
		said = kd_said(kt_word(KT_VOCAB_EXCLUSIONS, m->what));
		title = kd_isolate(said);
	} else {
		said = kd_said(m->what[0] != '\0' ? m->what : m->id);
		title = kd_isolate(said);
	}
	g_free(said);
	return title;
}

/* reason: does it stand above all of them? twice: another has the same title, so the name tells them apart. */
static GtkWidget *missing_row(const struct kd_missing *m, const char *title, bool reason,
			      bool twice)
{
	GString *text = g_string_new(NULL);
	char *said;
	GtkWidget *row;

	if (strcmp(m->kind, "item") == 0 && m->outcome[0] != '\0')
		g_string_append(text, kd_outcome(m->outcome));
	if (!reason && m->reason[0] != '\0') {
		said = kd_said(m->reason);
		g_string_append_printf(text, "%s%s", text->len > 0 ? ": " : "", said);
		g_free(said);
	}
	if (m->absence[0] != '\0') {
		said = kd_said(m->absence);
		g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", said);
		g_free(said);
	}
	row = kd_named_row(title, twice ? m->id : "", text->str);
	gtk_widget_add_css_class(row, "kd-dense");
	g_string_free(text, TRUE);
	return row;
}

/* Those from i until before end, under one heading. The reason stands there when they share it. */
static void missing_group(struct kd_review *rv, const GArray *all, guint i, guint end,
			  const char *heading)
{
	GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char *why = kd_said(missing(all, i)->reason), *safe = kd_isolate(why);
	bool shared =
		missing(all, i)->reason[0] != '\0' && strcmp(missing(all, i)->kind, "item") != 0;
	GtkWidget *group;

	for (guint k = i; k < end; k++) {
		char *title = missing_title(missing(all, k));
		gpointer n = g_hash_table_lookup(seen, title);

		shared = shared && strcmp(missing(all, k)->reason, missing(all, i)->reason) == 0;
		g_hash_table_insert(seen, title, GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
	}
	group = kd_group(heading, shared ? safe : NULL);
	for (guint k = i; k < end; k++) {
		char *title = missing_title(missing(all, k));
		bool twice = GPOINTER_TO_UINT(g_hash_table_lookup(seen, title)) > 1;

		kd_group_add(group, missing_row(missing(all, k), title, shared, twice));
		g_free(title);
	}
	gtk_box_append(GTK_BOX(rv->not_taken), group);
	g_hash_table_unref(seen);
	g_free(safe);
	g_free(why);
}

/* By kind, and what the phone could not hold by its reason too, as the report's own page has it. */
static void fill_not_taken(struct kd_review *rv)
{
	const GArray *all = rv->report->not_taken;
	guint n = MIN(all->len, ROWS_MAX), end;

	kd_box_clear(rv->not_taken);
	for (guint i = 0; i < n; i = end) {
		const struct kd_missing *m = missing(all, i);
		bool first = i == 0 || strcmp(missing(all, i - 1)->kind, m->kind) != 0,
		     by_reason = strcmp(m->kind, "form") == 0;
		char *heading = first ? kind_title(m->kind) : g_strdup("");

		for (end = i + 1; end < n; end++)
			if (strcmp(missing(all, end)->kind, m->kind) != 0 ||
			    (by_reason && strcmp(missing(all, end)->reason, m->reason) != 0))
				break;
		missing_group(rv, all, i, end, heading);
		g_free(heading);
	}
	if (n < all->len) {
		GtkWidget *group = kd_group("", NULL);

		kd_group_add(group, further(all->len - n));
		gtk_box_append(GTK_BOX(rv->not_taken), group);
	}
	if (all->len == 0)
		gtk_box_append(GTK_BOX(rv->not_taken),
			       kd_text(rv->report->problem != NULL
					       ? _("Not known: the report could not "
						   "be read to its end.")
					       : _("Everything was taken."),
				       NULL));
}

static void fill_limits(struct kd_review *rv)
{
	const GArray *all = rv->report->limits;
	guint n = MIN(all->len, ROWS_MAX);

	kd_group_clear(rv->limits);
	for (guint i = 0; i < n; i++) {
		char *said = kd_said(g_array_index(all, struct kd_pair, i).text),
		     *safe = kd_isolate(said);

		kd_group_add(rv->limits, kd_named_row(safe, "", ""));
		g_free(safe);
		g_free(said);
	}
	if (n < all->len)
		kd_group_add(rv->limits, further(all->len - n));
}

/* -- what was stated -------------------------------------------------------------------------- */

static const char *finding(const struct kd_claim *c)
{
	if (c->found_fits && c->found_not)
		return _("Sources differ: some observations fit this claim, others do not fit it.");
	if (c->found_fits)
		return _("Fits: observations fit this claim, and none was found that does not fit "
			 "it.");
	if (c->found_not)
		return _("Does not fit: observations do not fit this claim, and none was found "
			 "that fits it.");
	return _("No data: no observation counts for or against this claim.");
}

/* Three columns of one width and one look: none weighs more than another. */
static GtkWidget *side(const char *title, const char *count)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	char *safe = kd_isolate(count);

	gtk_widget_add_css_class(box, "kd-side-count");
	gtk_box_append(GTK_BOX(box), kd_text(title, NULL));
	gtk_box_append(GTK_BOX(box), kd_text(safe, "title-3"));
	g_free(safe);
	return box;
}

static GtkWidget *claim_row(const struct kd_claim *c)
{
	GtkWidget *row = adw_preferences_row_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9),
		  *sides = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	char *own = kd_isolate(c->text), *said = kd_said(c->coverage), *coverage = kd_isolate(said),
	     *span = g_strdup_printf("%s – %s", c->from, c->to), *period = kd_ltr(span);

	gtk_box_set_homogeneous(GTK_BOX(sides), TRUE);
	gtk_box_append(GTK_BOX(sides), side(_("Fits"), c->fits));
	gtk_box_append(GTK_BOX(sides), side(_("Does not fit"), c->does_not_fit));
	gtk_box_append(GTK_BOX(sides), side(_("Not determined"), c->undecided));
	gtk_widget_add_css_class(box, "kd-claim");
	gtk_box_append(GTK_BOX(box), kd_text(own, "heading"));
	gtk_box_append(GTK_BOX(box), kd_text(period, "dim-label"));
	gtk_box_append(GTK_BOX(box), kd_text(finding(c), NULL));
	gtk_box_append(GTK_BOX(box), sides);
	gtk_box_append(GTK_BOX(box), kd_text(coverage, NULL));
	kd_name(row, own);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
	g_free(own);
	g_free(coverage);
	g_free(said);
	g_free(span);
	g_free(period);
	return row;
}

static void fill_statement(struct kd_review *rv)
{
	const GArray *all = rv->report->claims;
	guint n = MIN(all->len, ROWS_MAX);

	kd_group_clear(rv->statement);
	for (guint i = 0; i < n; i++)
		kd_group_add(rv->statement, claim_row(&g_array_index(all, struct kd_claim, i)));
	if (n < all->len)
		kd_group_add(rv->statement, further(all->len - n));
	if (all->len == 0)
		kd_group_add(
			rv->statement,
			kd_row(rv->report->has_statement ? _("The statement holds no claims.")
			       : rv->report->problem != NULL
				       ? _("Not known: the report could not be read to its end.")
				       : _("No statement was given when this report was made."),
			       NULL));
}

void kd_pages_fill(struct kd_review *rv)
{
	if (rv->report == NULL) {
		kd_group_clear(rv->statement);
		kd_box_clear(rv->not_taken);
		kd_group_clear(rv->limits);
		return;
	}
	fill_statement(rv);
	fill_not_taken(rv);
	fill_limits(rv);
}

/* -- getting something out -------------------------------------------------------------------- */

static void csv_text(GString *s, const char *text)
{
	/* a spreadsheet must not take text from a phone for a formula */
	bool formula = text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;

	g_string_append(s, formula ? "\"'" : "\"");
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"')
			g_string_append_c(s, '"');
		g_string_append_c(s, *text);
	}
	g_string_append_c(s, '"');
}

static void csv_more(GString *s, const char *text)
{
	g_string_append_c(s, ',');
	csv_text(s, text);
}

static void csv_row(GString *s, const struct kd_obs *o)
{
	char lat[32] = "", lon[32] = "";

	if (o->lat != KD_NO_PLACE) {
		g_snprintf(lat, sizeof(lat), "%.7f", o->lat / 1e7);
		g_snprintf(lon, sizeof(lon), "%.7f", o->lon / 1e7);
	}
	csv_text(s, o->id);
	csv_more(s, o->when);
	csv_more(s, o->local ? "local" : o->when != NULL ? "utc" : "");
	csv_more(s, o->type);
	g_string_append_printf(s, ",%s,%s", lat, lon);
	csv_more(s, o->what);
	csv_more(s, o->item);
	csv_more(s, o->object);
	csv_more(s, o->mark != KD_UNMARKED ? kd_mark_name(o->mark) : "");
	csv_more(s, o->lat == KD_NO_PLACE ? "" : o->counted ? "yes" : "no");
	g_string_append(s, "\r\n");
}

static bool put(struct kd_review *rv, const char *name, const char *bytes, gsize n)
{
	char *path = g_build_filename(gtk_editable_get_text(GTK_EDITABLE(rv->out_row)), name, NULL);
	GError *error = NULL;
	bool good;

	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		kd_setf(rv->export_note, _("%s is there already; it is not written over."), path);
		good = false;
	} else {
		good = g_file_set_contents_full(path, bytes, (gssize)n,
						G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
		kd_setf(rv->export_note, good ? _("Written: %s") : _("It could not be written: %s"),
			good ? path : error->message);
	}
	kd_app_state(rv->app, good ? "exported" : "not-exported");
	g_clear_error(&error);
	g_free(path);
	return good;
}

static void on_table(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;
	GString *s =
		g_string_new("id,time,time_kind,kind,lat,lon,what,source,object,mark,counted\r\n");
	guint n = g_list_model_get_n_items(G_LIST_MODEL(rv->rows));

	(void)b;
	if (rv->report == NULL)
		n = 0;
	for (guint i = 0; i < n; i++)
		csv_row(s, kd_obs(rv->report, kd_rows_at(rv->rows, i)));
	put(rv, "observations.csv", s->str, s->len);
	g_string_free(s, TRUE);
}

static void on_member(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;
	char *name = g_path_get_basename(g_object_get_data(G_OBJECT(rv->out_row), "member"));

	rv->export_job = NULL;
	if (kd_review_changed(rv, res))
		kd_set(rv->export_note, _("Nothing was saved."));
	else if (res->status == 0)
		put(rv, name, res->out, res->out_len);
	else
		kd_setf(rv->export_note,
			kd_review_absent(res) ? _("The package holds no %s.")
					      : _("Nothing was saved: %s"),
			kd_review_absent(res) ? name : res->said);
	if (res->status != 0)
		kd_app_state(rv->app, "not-exported");
	g_free(name);
}

static void on_page(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;
	const char *member = g_object_get_data(G_OBJECT(b), "member");
	const char *args[KD_SHOW_ARGS];

	if (rv->export_job != NULL) {
		kd_set(rv->export_note,
		       _("The copy before is still being made. Try again when it is "
			 "there."));
		return;
	}
	args[kd_review_show_args(rv, member, args)] = NULL;
	kd_set(rv->export_note, "");
	g_object_set_data(G_OBJECT(rv->out_row), "member", (gpointer)member);
	rv->export_job = kd_engine_start(args, NULL, NULL, on_member, rv);
}

static void add_export(struct kd_review *rv, GtkWidget *group, const char *title, const char *what,
		       const char *mnemonic, const char *member)
{
	GtkWidget *row = kd_row(title, what), *b;

	gtk_widget_remove_css_class(row, "kd-fact");
	b = kd_button(mnemonic, NULL, member != NULL ? G_CALLBACK(on_page) : G_CALLBACK(on_table),
		      rv);
	g_object_set_data(G_OBJECT(b), "member", (gpointer)member);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), b);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row);
}

GtkWidget *kd_export_view(struct kd_review *rv)
{
	struct kd_page p;
	GtkWidget *where = kd_group(_("Where to"), NULL), *what = kd_group(_("What"), NULL);

	kd_page_init(
		&p, _("Export"),
		_("Copies for reading. The package itself is the evidence; pass it on as it is."));
	gtk_widget_set_visible(p.bar, FALSE);
	rv->out_row = kd_path_row(rv->app, _("Folder"), NULL);
	gtk_editable_set_text(GTK_EDITABLE(rv->out_row), kd_out_folder(rv->app));
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), rv->out_row);
	add_export(rv, what, _("Report to read"),
		   _("One page for any browser; it fetches nothing."), _("Save the _page"),
		   "report/report.html");
	add_export(rv, what, _("Report for programs"), _("report.json, exactly as sealed."),
		   _("Save the _JSON"), "report/report.json");
	add_export(rv, what, _("What the table shows now"),
		   _("With your marks, as CSV. Filter and search count."), _("Save the _table"),
		   NULL);
	gtk_box_append(GTK_BOX(p.content), where);
	gtk_box_append(GTK_BOX(p.content), what);
	rv->export_note = kd_text("", NULL);
	gtk_box_append(GTK_BOX(p.content), rv->export_note);
	return p.root;
}
