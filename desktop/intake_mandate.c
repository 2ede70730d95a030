/* SPDX-License-Identifier: EUPL-1.2 */
/* First page: the mandate, and in plain words what it allows. */
#include <string.h>
#include <unistd.h>

#include "desktop/intake_i.h"

#define CHECK_AFTER_MS 250

static const char *str(const struct kt_jv *v, const char *key)
{
	const char *s = kt_jv_str(v, key);

	return s != NULL ? s : "";
}

static void take(char **to, const char *s)
{
	g_free(*to);
	*to = g_strdup(s);
}

void kd_mandate_leave(struct kd_intake *in)
{
	if (in->check_timer != 0)
		g_source_remove(in->check_timer);
	in->check_timer = 0;
	kd_engine_drop(in->check);
	in->check = NULL;
}

/* -- words ------------------------------------------------------------------------------------ */

/* "2024-01-01T00:00:00Z" to "2024-01-01": a period is one of days for most people. */
static char *day(const char *t)
{
	return g_str_has_suffix(t, "T00:00:00Z") ? g_strndup(t, strlen(t) - 10) : g_strdup(t);
}

static const char *purpose(const char *word)
{
	if (strcmp(word, "identity") == 0)
		return _("to establish who a person is");
	if (strcmp(word, "claim-examination") == 0)
		return _("to examine what was stated");
	return strcmp(word, "security") == 0 ? _("security") : word;
}

static void fact(struct kd_intake *in, const char *title, const char *value)
{
	kd_group_add(in->facts, kd_row(title, value));
}

static char *device_words(const struct kt_jv *m)
{
	bool ios = strcmp(str(m, "device_kind"), "ios") == 0;
	const char *id = kt_jv_str(m, "device_identifier");

	if (id != NULL)
		return g_strdup_printf(
			ios ? _("this iPhone alone: %s") : _("this Android phone alone: %s"), id);
	return g_strdup(ios ? _("any iPhone") : _("any Android phone"));
}

static char *limits_words(const struct kt_jv *s)
{
	char *from = day(str(s, "from")), *to = day(str(s, "to")), *r;
	gint64 blur = kt_jv_int(s, "max_precision_m", 0);
	const char *undated = strcmp(str(s, "undated"), "include") == 0
				      ? _("with records that have no date")
				      : _("without records that have no date");

	if (blur > 0)
		r = g_strdup_printf(_("From %s to before %s, positions to %lld m, %s"), from, to,
				    (long long)blur, undated);
	else
		r = g_strdup_printf(_("From %s to before %s, %s"), from, to, undated);
	g_free(from);
	g_free(to);
	return r;
}

/* -- the plan: what would be asked for -------------------------------------------------------- */

static void show_item(struct kd_intake *in, const struct kt_jv *it)
{
	const struct kt_jv *scope = kt_jv_get(it, "scope");
	const char *item = str(it, "item"), *title = str(it, "title");
	const char *part = strchr(item, '/'), *take_word = str(it, "take");
	char *limits = limits_words(scope), *text, *name;

	/* a source may be several items: their own names tell them apart */
	name = part != NULL ? g_strdup_printf("%s  \u2066%s\u2069", kd_tr(title), part + 1)
			    : g_strdup(kd_tr(title));
	g_hash_table_insert(in->titles, g_strdup(item), name);
	if (strcmp(take_word, "ranges") == 0)
		text = g_strdup_printf(_("%s. Only time, place and camera of each file; never the "
					 "picture."),
				       limits);
	else if (strcmp(take_word, "output") == 0)
		text = g_strdup(limits);
	else
		text = g_strdup_printf(_("%s. The file is taken whole; the report leaves out what "
					 "lies outside."),
				       limits);
	in->health |= g_str_has_prefix(item, "ios-health-routes/");
	kd_group_add(in->sources, kd_row(name, text));
	if (strcmp(str(kt_jv_get(it, "request"), "kind"), "file") == 0 && in->kind != NULL &&
	    strcmp(in->kind, "ios") == 0)
		in->whole_backup = true;
	g_free(text);
	g_free(limits);
}

/* What to do next, by the name of the rule that the message begins with and by what it says of it. */
static const struct {
	const char *rule, *said, *next;
} remedies[] = {
	{"signature-missing", "",
	 N_("A mandate is two files: this one, and its signature of the same "
	    "name with .p7s behind it. "
	    "Copy both into one folder.")},
	{"signature-invalid", "",
	 N_("The file is not the one that was signed. Ask whoever issued it to send it again; "
	    "do not repair it by hand.")},
	{"signer-not-trusted", "revoked",
	 N_("The certificate of whoever signed it was revoked. Ask for a mandate that somebody "
	    "else signed. Nothing was touched.")},
	{"signer-not-trusted", "certificate has expired",
	 N_("The certificate of whoever signed it has run out. Ask them to sign again with a new "
	    "one. Nothing was touched.")},
	{"signer-not-trusted", "",
	 N_("This station does not know who signed it. If they may authorise, the administrator "
	    "puts their authority's certificate into the trust folder; else ask for a mandate "
	    "from somebody who is known here. Nothing was touched.")},
	{"expired:", "", N_("Ask whoever issued it for a new one. Nothing was touched.")},
	{"not-yet-valid", "",
	 N_("Wait until it holds, or ask for another one. Nothing was touched.")},
	{"sessions-used-up", "",
	 N_("A reading that was stopped is gone on with from the first page, "
	    "under Unfinished; that uses up no "
	    "further session. Else ask for a new mandate.")},
};

const char *kd_mandate_remedy(const char *error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (strstr(error, remedies[i].rule) != NULL &&
		    strstr(error, remedies[i].said) != NULL)
			return _(remedies[i].next);
	return NULL;
}

static const char *next_of(const struct kd_engine_result *res)
{
	const char *remedy = kd_mandate_remedy(res->error);

	if (res->status < 0)
		return _("A part of Keten is missing, or broke off. Nothing was touched. Ask the "
			 "administrator to install Keten again.");
	if (remedy != NULL)
		return remedy;
	if (strcmp(res->word, "undetermined") == 0)
		return _("Ask the administrator to put the authority's certificate into this "
			 "station's "
			 "trust folder.");
	return _("Ask whoever issued it for a mandate that holds. Nothing was touched.");
}

static void refused(struct kd_intake *in, const struct kd_engine_result *res)
{
	if (in->resume.folder != NULL && res->status >= 0) { /* other remedies are about new ones */
		kd_setf(in->mandate_note, "%s\n%s\n%s", _("This mandate can't be used."),
			_("What was taken under it stays in the folder of the case. Tell whoever "
			  "issued "
			  "it; they decide whether it is withdrawn on the first page."),
			res->said);
		gtk_widget_add_css_class(in->mandate_note, "error");
		kd_app_state(in->app, "mandate-refused");
		return;
	}
	kd_setf(in->mandate_note, "%s\n%s\n%s",
		res->status < 0 ? _("The mandate could not be looked at.")
				: _("This mandate can't be used."),
		next_of(res), res->said);
	gtk_widget_add_css_class(in->mandate_note, "error");
	kd_app_state(in->app, "mandate-refused");
}

static void on_plan(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	const struct kt_jv *items;

	in->check = NULL;
	if (res->status != 0 || res->json == NULL) {
		refused(in, res);
		return;
	}
	items = kt_jv_get(res->json, "items");
	in->health = false;
	for (const struct kt_jv *it = items != NULL ? items->child : NULL; it != NULL;
	     it = it->next)
		show_item(in, it);
	gtk_widget_set_visible(in->sources, TRUE);
	kd_set(in->never,
	       in->health
		       ? _("Never asked for: messages, contacts, the pictures themselves, cloud "
			   "accounts. What the phone measured of health lies in one file with "
			   "the routes of workouts: that file is taken whole.")
		       : _("Never asked for: messages, contacts, the pictures themselves, health "
			   "data, "
			   "cloud accounts."));
	gtk_widget_set_visible(in->never, TRUE);
	gtk_widget_set_sensitive(in->p_mandate.forward, TRUE);
	kd_set(in->mandate_note, _("This mandate holds."));
	kd_app_state(in->app, "mandate-ok");
}

/* -- the mandate ------------------------------------------------------------------------------ */

static void ask_plan(struct kd_intake *in)
{
	const char *args[6 + KD_TRUST_ARGS] = {"plan", "--mandate", in->mandate, "--json",
					       "--progress=json"};

	kd_settings_trust_args(&in->app->set, args, 5);
	in->check = kd_engine_start(args, NULL, NULL, on_plan, in);
}

static void on_check(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	const struct kt_jv *m = res->json;
	char *s, *a, *b;

	in->check = NULL;
	if (res->status != 0 || m == NULL) {
		refused(in, res);
		return;
	}
	take(&in->mandate_id, str(m, "mandate_id"));
	take(&in->kind, str(m, "device_kind"));
	take(&in->device, kt_jv_str(m, "device_identifier"));
	take(&in->language, str(m, "language"));
	take(&in->mode, str(m, "mode"));
	take(&in->objection, str(m, "objection"));
	in->two_stage = kt_jv_bool(m, "two_stage");
	in->whole_backup = false;
	fact(in, _("Mandate"), in->mandate_id);
	fact(in, _("Issued by"), str(m, "issuer"));
	fact(in, _("Signed by"), str(m, "signed_by"));
	fact(in, _("Purpose"), purpose(str(m, "purpose")));
	fact(in, _("Question"), str(m, "question"));
	s = g_strdup_printf("%s: %s", str(m, "legal_code"), str(m, "legal_text"));
	fact(in, _("Legal basis"), s);
	g_free(s);
	fact(in, _("Rests on"),
	     strcmp(in->mode, "consent") == 0 ? _("the holder's consent") : _("an order"));
	if (kt_jv_bool(m, "minor"))
		fact(in, _("Holder"), _("a minor: who represents them has to be heard too"));
	s = device_words(m);
	fact(in, _("Phone"), s);
	g_free(s);
	a = day(str(m, "not_before"));
	b = day(str(m, "not_after"));
	s = g_strdup_printf(_("from %s to before %s, at most %lld sessions"), a, b,
			    (long long)kt_jv_int(m, "max_sessions", 0));
	fact(in, _("Valid"), s);
	g_free(s);
	g_free(a);
	g_free(b);
	fact(in, _("Evaluation"),
	     in->two_stage ? _("sealed here, opened later by a second person")
			   : _("at once, by this station"));
	gtk_widget_set_visible(in->facts, TRUE);
	ask_plan(in);
}

static gboolean check_now(gpointer data)
{
	struct kd_intake *in = data;
	const char *args[6 + KD_TRUST_ARGS] = {"mandate", "check", in->mandate, "--json",
					       "--progress=json"};

	in->check_timer = 0;
	kd_settings_trust_args(&in->app->set, args, 5);
	in->check = kd_engine_start(args, NULL, NULL, on_check, in);
	return G_SOURCE_REMOVE;
}

/* The mandate of an unfinished case lies in it. */
static bool is_of_case(const struct kd_intake *in, const char *path)
{
	char *dir = g_path_get_dirname(path);
	bool r = g_strcmp0(dir, in->resume.folder) == 0;

	g_free(dir);
	return r;
}

static void on_path(GtkEditable *row, gpointer data)
{
	struct kd_intake *in = data;
	const char *path = gtk_editable_get_text(row);

	kd_mandate_leave(in);
	/* what another person stated stays with their mandate */
	if (g_strcmp0(in->mandate, path) != 0)
		gtk_editable_set_text(GTK_EDITABLE(in->statement_row), "");
	take(&in->mandate, path);
	gtk_widget_set_sensitive(in->p_mandate.forward, FALSE);
	gtk_widget_remove_css_class(in->mandate_note, "error");
	kd_group_clear(in->facts);
	kd_group_clear(in->sources);
	g_hash_table_remove_all(in->titles);
	gtk_widget_set_visible(in->facts, FALSE);
	gtk_widget_set_visible(in->sources, FALSE);
	gtk_widget_set_visible(in->never, FALSE);
	if (path[0] == '\0')
		kd_set(in->mandate_note,
		       _("It is a file named .json; its signature lies beside it."));
	else if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		kd_set(in->mandate_note, _("There is no such file."));
	else if (!is_of_case(in, path) && !kd_settings_allows(&in->app->set, path))
		kd_set(in->mandate_note, _("This station takes files from its own folders alone."));
	else
		in->check_timer = g_timeout_add(CHECK_AFTER_MS, check_now, in);
}

static void on_forward(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	if (in->resume.sealed) /* nothing more is read: there is nothing to ask */
		kd_station_begin(in);
	else
		kd_person_begin(in);
}

static void on_file(const char *path, gpointer data)
{
	struct kd_intake *in = data;

	gtk_editable_set_text(GTK_EDITABLE(in->mandate_row), path);
}

void kd_mandate_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_mandate;
	GtkWidget *choose = kd_group("", NULL);

	kd_page_init(
		p, _("The mandate"),
		_("Nothing is asked of a phone without one. Choose the file; Keten reads it to you "
		  "in plain words."));
	in->mandate_row = kd_path_row(in->app, _("Mandate file"), ".json");
	g_signal_connect(in->mandate_row, "changed", G_CALLBACK(on_path), in);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(choose), in->mandate_row);
	gtk_box_append(GTK_BOX(p->content), choose);
	in->mandate_note =
		kd_text(_("It is a file named .json; its signature lies beside it."), NULL);
	gtk_box_append(GTK_BOX(p->content), in->mandate_note);
	in->facts = kd_group(_("Who allows what"), NULL);
	in->sources = kd_group(_("What would be asked for, and nothing else"), NULL);
	in->never = kd_text(_("Never asked for: messages, contacts, pictures, health data, cloud "
			      "accounts."),
			    "dim-label");
	gtk_widget_set_visible(in->facts, FALSE);
	gtk_widget_set_visible(in->sources, FALSE);
	gtk_widget_set_visible(in->never, FALSE);
	gtk_box_append(GTK_BOX(p->content), in->facts);
	gtk_box_append(GTK_BOX(p->content), in->sources);
	gtk_box_append(GTK_BOX(p->content), in->never);
	kd_page_buttons(p, kd_button(_("_Back"), NULL, G_CALLBACK(kd_on_home), in->app),
			kd_button(_("_Continue"), "suggested-action", G_CALLBACK(on_forward), in));
	gtk_widget_set_sensitive(p->forward, FALSE);
	kd_take_drops(p->root, on_file, in);
}

void kd_mandate_begin(struct kd_intake *in, const char *path)
{
	gtk_editable_set_text(GTK_EDITABLE(in->mandate_row), path != NULL ? path : "");
	if (path == NULL)
		kd_app_focus(in->mandate_row);
}
