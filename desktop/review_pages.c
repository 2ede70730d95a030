/* SPDX-License-Identifier: EUPL-1.2 */
/* What was stated beside what was found, what was not taken, and getting something out. */
#include "desktop/review_i.h"

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
	GtkWidget *w =
		page(_("What was not taken"),
		     _("With the reason, and what its absence does not show."), &rv->not_taken, "");
	GtkWidget *content = gtk_widget_get_parent(rv->not_taken);

	rv->limits = kd_group(_("What this report can't say"), NULL);
	gtk_box_append(GTK_BOX(content), rv->limits);
	return w;
}

/* The same for several lines. */
static char *lines_said(const char *text)
{
	char **lines = g_strsplit(text, "\n", -1), *all;

	for (char **l = lines; *l != NULL; l++) {
		char *s = kd_said(*l);

		g_free(*l);
		*l = s;
	}
	all = g_strjoinv("\n", lines);
	g_strfreev(lines);
	return all;
}

static void fill(GtkWidget *group, const GArray *pairs, const char *empty)
{
	kd_group_clear(group);
	for (guint i = 0; i < pairs->len; i++) {
		const struct kd_pair *p = &g_array_index(pairs, struct kd_pair, i);

		char *own = kd_said(p->title), *title = kd_isolate(own),
		     *text = lines_said(p->text);

		kd_group_add(group, kd_row(title, text));
		g_free(own);
		g_free(title);
		g_free(text);
	}
	if (pairs->len == 0 && empty != NULL)
		kd_group_add(group, kd_row(empty, NULL));
}

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

	gtk_widget_add_css_class(box, "kd-side-count");
	gtk_box_append(GTK_BOX(box), kd_text(title, NULL));
	gtk_box_append(GTK_BOX(box), kd_text(count, "title-3"));
	return box;
}

static GtkWidget *claim_row(const struct kd_claim *c)
{
	GtkWidget *row = adw_preferences_row_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9),
		  *sides = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	char *own = kd_isolate(c->text), *coverage = kd_said(c->coverage),
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
	kd_name(row, c->text);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
	g_free(own);
	g_free(coverage);
	g_free(span);
	g_free(period);
	return row;
}

void kd_pages_fill(struct kd_review *rv)
{
	if (rv->report == NULL) {
		kd_group_clear(rv->statement);
		kd_group_clear(rv->not_taken);
		kd_group_clear(rv->limits);
		return;
	}
	kd_group_clear(rv->statement);
	for (guint i = 0; i < rv->report->claims->len; i++)
		kd_group_add(rv->statement,
			     claim_row(&g_array_index(rv->report->claims, struct kd_claim, i)));
	if (rv->report->claims->len == 0)
		kd_group_add(
			rv->statement,
			kd_row(rv->report->has_statement
				       ? _("The statement holds no claims.")
				       : _("No statement was given when this report was made."),
			       NULL));
	fill(rv->not_taken, rv->report->not_taken, _("Everything was taken."));
	fill(rv->limits, rv->report->limits, NULL);
}

/* -- getting something out -------------------------------------------------------------------- */

static void csv_text(GString *s, const char *text)
{
	/* a spreadsheet must not take text from a phone for a formula */
	bool formula = text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;

	g_string_append(s, formula ? ",\"'" : ",\"");
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"')
			g_string_append_c(s, '"');
		g_string_append_c(s, *text);
	}
	g_string_append_c(s, '"');
}

static void csv_row(GString *s, const struct kd_obs *o)
{
	char lat[32] = "", lon[32] = "";

	if (o->lat != KD_NO_PLACE) {
		g_snprintf(lat, sizeof(lat), "%.7f", o->lat / 1e7);
		g_snprintf(lon, sizeof(lon), "%.7f", o->lon / 1e7);
	}
	g_string_append_printf(s, "\"%s\"", o->id != NULL ? o->id : "");
	csv_text(s, o->when);
	csv_text(s, o->local ? "local" : o->when != NULL ? "utc" : "");
	csv_text(s, o->type);
	g_string_append_printf(s, ",%s,%s", lat, lon);
	csv_text(s, o->what);
	csv_text(s, o->item);
	csv_text(s, o->object);
	csv_text(s, o->mark != KD_UNMARKED ? kd_mark_name(o->mark) : "");
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
	GString *s = g_string_new("id,time,time_kind,kind,lat,lon,what,source,object,mark\r\n");
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

	rv->job = NULL;
	if (kd_review_changed(rv, res))
		kd_set(rv->export_note, _("Nothing was saved."));
	else if (res->status == 0)
		put(rv, name, res->out, res->out_len);
	else if (res->status < 0)
		kd_setf(rv->export_note, "%s %s", _("Nothing was saved."), res->error);
	else
		kd_setf(rv->export_note, _("The package holds no %s."), name);
	g_free(name);
}

static void on_page(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;
	const char *member = g_object_get_data(G_OBJECT(b), "member");
	const char *args[KD_SHOW_ARGS];

	args[kd_review_show_args(rv, member, args)] = NULL;
	kd_engine_drop(rv->job);
	g_object_set_data(G_OBJECT(rv->out_row), "member", (gpointer)member);
	rv->job = kd_engine_start(args, NULL, NULL, on_member, rv);
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
	gtk_editable_set_text(GTK_EDITABLE(rv->out_row), g_get_home_dir());
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
