/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/unfinished.h"

#include <string.h>

#include "desktop/engine.h"
#include "desktop/states.h"

#define LOOK_AGAIN_MS 2000
#define ROWS_MAX      50 /* each row has its buttons: more would hold the window up */
#define KEY	      "kd-button"

struct kd_unfinished {
	struct kd_app *app;
	GtkWidget *group;
	struct kd_engine *look, *log;
	guint again; /* timer, as long as something works on one of them */
	char *shown; /* what the rows say */
	char *focus; /* of the button that had it when the rows were made anew */
};

/* What a row and its buttons are about. */
struct one {
	struct kd_unfinished *u;
	char *folder, *mandate_id, *device;
	bool sealed;
};

static void one_free(gpointer data)
{
	struct one *c = data;

	g_free(c->folder);
	g_free(c->mandate_id);
	g_free(c->device);
	g_free(c);
}

static struct one *one_copy(const struct one *c)
{
	struct one *n = g_new0(struct one, 1);

	n->u = c->u;
	n->folder = g_strdup(c->folder);
	n->mandate_id = g_strdup(c->mandate_id);
	n->device = g_strdup(c->device);
	n->sealed = c->sealed;
	return n;
}

static struct kd_resume resume_of(const struct one *c, bool withdraw)
{
	return (struct kd_resume){.folder = c->folder,
				  .device = c->device,
				  .sealed = c->sealed,
				  .withdraw = withdraw};
}

static void on_go(GtkButton *b, gpointer data)
{
	struct one *c = data;
	struct kd_resume r = resume_of(c, false);

	(void)b;
	kd_intake_resume(c->u->app->intake, &r);
}

static void on_withdraw_answer(const char *response, gpointer data)
{
	struct one *c = data;
	struct kd_resume r = resume_of(c, true);

	if (strcmp(response, "withdraw") == 0)
		kd_intake_resume(c->u->app->intake, &r);
	one_free(c);
}

/* While the question is open the list can be made anew, and its rows with all they hold are gone. */
static void on_withdraw(GtkButton *b, gpointer data)
{
	const struct one *c = data;
	struct one *own = one_copy(c);
	const struct kd_answer answers[] = {
		{"keep", _("_Keep it"), "suggested-action"},
		{"withdraw", _("The holder _withdraws"), "destructive-action"},
		{NULL, NULL, NULL},
	};

	(void)b;
	kd_app_state(own->u->app, "ask-withdraw");
	kd_ask(own->u->app, _("Does the holder withdraw?"),
	       _("What was taken of this case is destroyed. That it was begun and stopped stays, "
		 "signed."),
	       answers, on_withdraw_answer, own);
}

/* -- the record ------------------------------------------------------------------------------- */

static void on_log(const struct kd_engine_result *res, gpointer data)
{
	struct kd_unfinished *u = data;
	GtkWidget *w = adw_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
		  *scroll = gtk_scrolled_window_new(), *view = gtk_text_view_new();
	char *text = g_utf8_make_valid(res->status == 0 ? res->out : res->said, -1);

	u->log = NULL;
	gtk_text_buffer_set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(view)), text, -1);
	gtk_text_view_set_editable(GTK_TEXT_VIEW(view), FALSE);
	gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(view), FALSE);
	gtk_text_view_set_monospace(GTK_TEXT_VIEW(view), TRUE);
	gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
	gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 12);
	gtk_text_view_set_right_margin(GTK_TEXT_VIEW(view), 12);
	kd_name(view, _("Record of the case"));
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), view);
	gtk_widget_set_vexpand(scroll, TRUE);
	gtk_box_append(GTK_BOX(box), adw_header_bar_new());
	gtk_box_append(GTK_BOX(box), scroll);
	adw_window_set_content(ADW_WINDOW(w), box);
	gtk_window_set_title(GTK_WINDOW(w), _("Record of the case"));
	gtk_window_set_default_size(GTK_WINDOW(w), 900, 560);
	gtk_window_set_transient_for(GTK_WINDOW(w), GTK_WINDOW(u->app->window));
	gtk_window_set_modal(GTK_WINDOW(w), TRUE);
	kd_escape_closes(w);
	gtk_window_present(GTK_WINDOW(w));
	kd_app_state(u->app, "record-shown");
	g_free(text);
}

static void on_record(GtkButton *b, gpointer data)
{
	struct one *c = data;
	const char *args[] = {"log", "--case", c->folder, NULL};

	(void)b;
	kd_engine_drop(c->u->log);
	c->u->log = kd_engine_start(args, NULL, NULL, on_log, c->u);
}

/* -- the list --------------------------------------------------------------------------------- */

/* Named by its case too: every row has the same buttons. */
static void add_button(GtkWidget *box, const char *label, struct one *c, GCallback clicked)
{
	GtkWidget *b = gtk_button_new();
	char *full = g_strdup_printf("%s: %s", label, c->mandate_id);

	gtk_button_set_child(GTK_BUTTON(b), gtk_label_new(label));
	gtk_widget_add_css_class(b, "text-button");
	kd_name(b, full);
	g_signal_connect(b, "clicked", clicked, c);
	gtk_box_append(GTK_BOX(box), b);
	g_free(full);
	full = g_strdup_printf("%s: %s", label, c->folder);
	if (g_strcmp0(full, c->u->focus) == 0)
		kd_app_focus(b);
	g_object_set_data_full(G_OBJECT(b), KEY, full, g_free);
}

static char *words_for(const struct kt_jv *v, bool sealed)
{
	const char *last = kt_jv_str(v, "last"), *reason = kt_jv_str(v, "reason");
	GString *s = g_string_new(NULL);
	char *size = kd_bytes((guint64)kt_jv_int(v, "bytes", 0));

	g_string_append_printf(s, _("Last worked on %.10s at %.5s UTC. "), last, last + 11);
	if (sealed)
		g_string_append(s, _("Everything was read; the package is not made yet."));
	else
		g_string_append_printf(s, _("Answers so far: %lld, %s taken."),
				       (long long)kt_jv_int(v, "answered", 0), size);
	if (!sealed)
		g_string_append_printf(s, " %s", kd_stop_reason(reason != NULL ? reason : ""));
	g_free(size);
	return g_string_free(s, FALSE);
}

/* A case that does not hold together is told too: it must not vanish because somebody changed it. */
static void add_unreadable(struct kd_unfinished *u, const char *folder, const char *mandate_id)
{
	GtkWidget *row =
		kd_row(mandate_id != NULL && mandate_id[0] != '\0' ? mandate_id : folder,
		       _("The record of this case can't be read, or was changed. Leave "
			 "its folder as it is, and tell who is responsible for the desk."));

	gtk_widget_remove_css_class(row, "kd-fact");
	kd_group_add(u->group, row);
	gtk_widget_set_visible(u->group, TRUE);
}

static bool is_listed(const struct kt_jv *v)
{
	const char *state = kt_jv_str(v, "state"), *form = kt_jv_str(v, "form"),
		   *last = kt_jv_str(v, "last");

	if (kt_jv_str(v, "folder") == NULL)
		return false;
	if (g_strcmp0(state, "unreadable") == 0)
		return true;
	return kt_jv_str(v, "mandate_id") != NULL && g_strcmp0(form, "phone") == 0 &&
	       last != NULL && strlen(last) >= 16 && g_str_is_ascii(last) &&
	       (g_strcmp0(state, "reading") == 0 || g_strcmp0(state, "sealed") == 0);
}

static void add_row(struct kd_unfinished *u, const struct kt_jv *v)
{
	const char *state = kt_jv_str(v, "state"), *folder = kt_jv_str(v, "folder"),
		   *mandate_id = kt_jv_str(v, "mandate_id");
	struct one *c;
	GtkWidget *row, *box;
	char *text;

	if (g_strcmp0(state, "unreadable") == 0) {
		add_unreadable(u, folder, mandate_id);
		return;
	}
	c = g_new0(struct one, 1);
	c->u = u;
	c->folder = g_build_filename(u->app->set.cases, folder, NULL);
	c->mandate_id = g_strdup(mandate_id);
	c->device = g_strdup(kt_jv_str(v, "device"));
	c->sealed = strcmp(state, "sealed") == 0;
	if (kt_jv_bool(v, "in_use"))
		text = g_strdup(_("Something works on it at this moment."));
	else
		text = words_for(v, c->sealed);
	row = kd_row(c->mandate_id, text);
	gtk_widget_remove_css_class(row, "kd-fact");
	g_object_set_data_full(G_OBJECT(row), "kd-case", c, one_free);
	if (!kt_jv_bool(v, "in_use")) {
		box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
		gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
		add_button(box, _("Go on"), c, G_CALLBACK(on_go));
		add_button(box, _("Withdraw…"), c, G_CALLBACK(on_withdraw));
		add_button(box, _("Log"), c, G_CALLBACK(on_record));
		adw_action_row_add_suffix(ADW_ACTION_ROW(row), box);
	}
	kd_group_add(u->group, row);
	gtk_widget_set_visible(u->group, TRUE);
	g_free(text);
}

/* All that the rows say. While it is the same they stay, and with them focus and half a press. */
static char *said(const struct kt_jv *list, bool left_out)
{
	GString *s = g_string_new(left_out ? "more" : "");

	for (const struct kt_jv *v = list != NULL ? list->child : NULL; v != NULL; v = v->next) {
		const char *state = kt_jv_str(v, "state"), *id = kt_jv_str(v, "mandate_id");
		char *words = NULL;

		if (!is_listed(v))
			continue;
		if (strcmp(state, "unreadable") != 0 && !kt_jv_bool(v, "in_use"))
			words = words_for(v, strcmp(state, "sealed") == 0);
		g_string_append_printf(s, "\n%s\t%s\t%s\t%d\t%s", kt_jv_str(v, "folder"), state,
				       id != NULL ? id : "", kt_jv_bool(v, "in_use"),
				       words != NULL ? words : "");
		g_free(words);
	}
	return g_string_free(s, FALSE);
}

static gboolean look_again(gpointer data)
{
	struct kd_unfinished *u = data;

	u->again = 0;
	if (gtk_widget_get_mapped(u->group))
		kd_unfinished_refresh(u);
	return G_SOURCE_REMOVE;
}

static void show_cases(struct kd_unfinished *u, const struct kt_jv *list, bool left_out)
{
	GtkRoot *root = gtk_widget_get_root(u->group);
	GtkWidget *focus = root != NULL ? gtk_root_get_focus(root) : NULL;
	guint n = 0;

	g_free(u->focus);
	u->focus = focus != NULL ? g_strdup(g_object_get_data(G_OBJECT(focus), KEY)) : NULL;
	kd_group_clear(u->group);
	gtk_widget_set_visible(u->group, FALSE);
	for (const struct kt_jv *v = list != NULL ? list->child : NULL; v != NULL; v = v->next) {
		if (!is_listed(v))
			continue;
		if (n++ < ROWS_MAX)
			add_row(u, v);
		else
			left_out = true;
	}
	if (left_out)
		kd_group_add(u->group,
			     kd_row(_("Further cases are not shown here"),
				    _("The command keten cases lists them. Finish, withdraw or "
				      "move away what need not be kept here.")));
}

/* That nothing can be listed does not say that there is nothing. */
static void show_failure(struct kd_unfinished *u, const struct kd_engine_result *res)
{
	GtkWidget *row;
	char *s = g_strdup_printf(
		"%s %s",
		_("There may be some all the same. Ask the administrator to look at the folder of "
		  "the cases; then come back to this page."),
		res->said);

	row = kd_row(_("The unfinished cases can't be listed"), s);
	gtk_widget_remove_css_class(row, "kd-fact");
	kd_group_clear(u->group);
	kd_group_add(u->group, row);
	gtk_widget_set_visible(u->group, TRUE);
	g_free(s);
}

static void on_cases(const struct kd_engine_result *res, gpointer data)
{
	struct kd_unfinished *u = data;
	const struct kt_jv *list = kt_jv_get(res->json, "cases");
	bool busy = false, left_out = kt_jv_bool(res->json, "more");
	char *now = list != NULL ? said(list, left_out) : g_strdup(res->said);

	u->look = NULL;
	if (g_strcmp0(u->shown, now) != 0 && list != NULL)
		show_cases(u, list, left_out);
	else if (list == NULL)
		show_failure(u, res);
	g_free(u->shown);
	u->shown = now;
	for (const struct kt_jv *v = list != NULL ? list->child : NULL; v != NULL; v = v->next)
		busy |= kt_jv_bool(v, "in_use");
	if (busy && u->again == 0)
		u->again = g_timeout_add(LOOK_AGAIN_MS, look_again, u);
	if (gtk_widget_get_visible(u->group))
		kd_app_state(u->app, "unfinished");
}

void kd_unfinished_refresh(struct kd_unfinished *u)
{
	const char *args[] = {"cases", u->app->set.cases, "--json", "--progress=json", NULL};

	kd_engine_drop(u->look);
	u->look = u->app->set.may_intake ? kd_engine_start(args, NULL, NULL, on_cases, u) : NULL;
}

struct kd_unfinished *kd_unfinished_new(struct kd_app *app)
{
	struct kd_unfinished *u = g_new0(struct kd_unfinished, 1);

	u->app = app;
	u->group = kd_group(
		_("Unfinished"),
		_("Begun at this station and not complete. Going on uses up no further session of "
		  "the mandate."));
	gtk_widget_set_visible(u->group, FALSE);
	return u;
}

GtkWidget *kd_unfinished_widget(struct kd_unfinished *u)
{
	return u->group;
}

void kd_unfinished_free(struct kd_unfinished *u)
{
	if (u == NULL)
		return;
	kd_engine_drop(u->look);
	kd_engine_drop(u->log);
	if (u->again != 0)
		g_source_remove(u->again);
	g_free(u->shown);
	g_free(u->focus);
	g_free(u);
}
