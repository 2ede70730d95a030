/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a package is, before what is in it: of which case and mandate, who signed, from what, when, and
 * what else of the same mandate lies beside it. Read from its own files, which the checks above judge.
 */
#include "desktop/review_i.h"

#include <string.h>

#define BESIDE_MAX 20

static const char *const types[][2] = {
	{"acquisition", N_("What was taken")},
	{"release", N_("A release: sealed bytes were opened and evaluated")},
	{"opening", N_("An opening: a package was opened by somebody, or shown")},
	{"transfer", N_("A transfer to another custodian")},
	{"copy", N_("A copy was made or handed out")},
	{"timestamp", N_("A time-stamp made later")},
	{"deletion", N_("A deletion: an envelope or a package was destroyed")},
	{"hold", N_("A hold: it must be kept until a date")},
	{"refusal", N_("A refusal: nothing was read")},
	{"withdrawal", N_("A withdrawal: it was stopped, and what was there destroyed")},
	{"interruption", N_("An interruption: reading ended before its seal")},
	{"comment", N_("A comment: the applicant's own words")},
	{"erratum", N_("An erratum: something is wrong in a package")},
	{"redaction", N_("A redaction: a view with less in it")},
};

static const char *type_text(const char *type)
{
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_strcmp0(types[i][0], type) == 0)
			return kd_tr(types[i][1]);
	return type != NULL ? type : "";
}

static GtkWidget *row(struct kd_review *rv, const char *title, const char *value)
{
	GtkWidget *r = kd_row(title, value);

	kd_group_add(rv->about, r);
	return r;
}

/* An act, such as a refusal, is signed by a "signer": whoever did it. */
static const char *signer(const struct kt_jv *json, const char *role, const char *key)
{
	const struct kt_jv *signers = kt_jv_get(json, "signers");

	for (const struct kt_jv *s = signers != NULL ? signers->child : NULL; s != NULL;
	     s = s->next)
		if (g_strcmp0(kt_jv_str(s, "role"), role) == 0)
			return kt_jv_str(s, key);
	return NULL;
}

static const char *signed_by(const struct kt_jv *json, const char *key)
{
	const char *s = signer(json, "operator", key);

	return s != NULL ? s : signer(json, "signer", key);
}

/* An outside clock's time where one is believed, else the operator's. */
static char *sealed_at(const struct kt_jv *json)
{
	const struct kt_jv *tokens = kt_jv_get(json, "tokens");
	const char *claimed = signed_by(json, "claimed_time");

	for (const struct kt_jv *t = tokens != NULL ? tokens->child : NULL; t != NULL; t = t->next)
		if (g_strcmp0(kt_jv_str(t, "state"), "believed") == 0 &&
		    g_strcmp0(kt_jv_str(t, "over"), "signature") == 0)
			return g_strdup_printf(_("%s, by an outside clock"), kt_jv_str(t, "time"));
	if (claimed == NULL)
		return g_strdup(_("not stated"));
	return g_strdup_printf(_("%s, by the operator's clock"), claimed);
}

static void concerned(struct kd_review *rv, const struct kt_jv *json)
{
	const struct kt_jv *list = kt_jv_get(json, "concerns");
	GString *s = g_string_new(NULL);

	for (const struct kt_jv *c = list != NULL ? list->child : NULL; c != NULL; c = c->next)
		g_string_append_printf(s, "%s%s", s->len > 0 ? "\n" : "",
				       c->type == KT_JV_STR		? c->str
				       : kt_jv_str(c, "sha256") != NULL ? kt_jv_str(c, "sha256")
									: "");
	if (s->len > 0)
		row(rv, _("It concerns"), s->str);
	g_string_free(s, TRUE);
}

static void on_beside(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;
	char *path = g_strdup(g_object_get_data(G_OBJECT(b), "path"));

	kd_review_open(rv, path);
	g_free(path);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the other packages of this mandate in the same folder. */
static GPtrArray *names_beside(const char *folder, const char *own, const char *mandate_id)
{
	char *prefix = g_strdup_printf("KETEN-%s-", mandate_id);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GDir *d = g_dir_open(folder, 0, NULL);
	const char *name;

	while (d != NULL && (name = g_dir_read_name(d)) != NULL)
		if (g_str_has_prefix(name, prefix) && g_str_has_suffix(name, ".asice") &&
		    strcmp(name, own) != 0 && g_utf8_validate(name, -1, NULL))
			g_ptr_array_add(names, g_strdup(name));
	if (d != NULL)
		g_dir_close(d);
	g_ptr_array_sort(names, by_name);
	g_free(prefix);
	return names;
}

static void look_beside(struct kd_review *rv, const char *mandate_id)
{
	char *folder = g_path_get_dirname(rv->path), *own = g_path_get_basename(rv->path);
	GPtrArray *names = names_beside(folder, own, mandate_id);

	kd_group_clear(rv->beside);
	for (guint i = 0; i < names->len && i < BESIDE_MAX; i++) {
		const char *name = names->pdata[i];
		char *safe = kd_isolate(name), *said = g_strdup_printf(_("Open %s"), safe);
		GtkWidget *r = kd_row(safe, NULL),
			  *b = kd_icon_button("document-open-symbolic", said, G_CALLBACK(on_beside),
					      rv);

		g_object_set_data_full(G_OBJECT(b), "path", g_build_filename(folder, name, NULL),
				       g_free);
		adw_action_row_add_suffix(ADW_ACTION_ROW(r), b);
		kd_group_add(rv->beside, r);
		g_free(said);
		g_free(safe);
	}
	if (names->len > BESIDE_MAX) {
		char *s = g_strdup_printf(_("%u more lie there; they can be chosen on the page "
					    "before."),
					  names->len - BESIDE_MAX);

		kd_group_add(rv->beside, kd_row("", s));
		g_free(s);
	}
	gtk_widget_set_visible(rv->beside, names->len > 0);
	g_ptr_array_unref(names);
	g_free(own);
	g_free(folder);
}

/* -- its own files ---------------------------------------------------------------------------- */

static void unread(GtkWidget *row, const struct kd_engine_result *res)
{
	char *s = g_strdup_printf(_("It can't be read: %s"), res->said);

	kd_row_value(row, s);
	g_free(s);
}

/* Of case.json, or of an act that says which case it is about. */
static void on_case(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;
	const struct kt_jv *detail = kt_jv_get(res->json, "detail"),
			   *of = detail != NULL ? detail : res->json,
			   *simulated = kt_jv_get(of, "simulated");
	const char *form = kt_jv_str(of, "form"), *source = kt_jv_str(of, "source"),
		   *kind = kt_jv_str(of, "device_kind"), *device = kt_jv_str(of, "device");

	rv->about_job = NULL;
	if (kd_review_changed(rv, res))
		return;
	if (res->json == NULL && !kd_review_absent(res))
		unread(rv->about_phone, res);
	if (simulated != NULL)
		kd_row_value(rv->about_simulated,
			     simulated->i != 0 ? _("Yes: made with a simulated phone, for practice")
					       : _("No"));
	if (kind != NULL) {
		const char *from =
			g_strcmp0(form, "file") == 0	  ? _("from a file that was handed over")
			: g_strcmp0(form, "backup") == 0  ? _("from a backup")
			: g_strcmp0(form, "image") == 0	  ? _("from an image of a file system")
			: g_strcmp0(form, "carrier") == 0 ? _("from a card or stick")
							  : NULL;
		char *s = g_strdup_printf("%s, %s%s%s%s%s",
					  strcmp(kind, "android") == 0 ? "Android"
					  : strcmp(kind, "ios") == 0   ? "iPhone"
								       : kind,
					  device == NULL || strcmp(device, "unknown") == 0
						  ? _("identifier not known")
						  : device,
					  from != NULL ? "\n" : "", from != NULL ? from : "",
					  source != NULL ? ": " : "", source != NULL ? source : "");

		kd_row_value(rv->about_phone, s);
		g_free(s);
	}
	kd_app_state(rv->app, "about-shown");
}

static void on_mandate(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;
	const char *id = kt_jv_str(res->json, "mandate_id"), *mode = kt_jv_str(res->json, "mode"),
		   *issuer = kt_jv_str(res->json, "issuer"),
		   *ref = kt_jv_str(res->json, "case_ref");
	const char *args[KD_SHOW_ARGS];

	rv->about_job = NULL;
	if (kd_review_changed(rv, res))
		return;
	args[kd_review_show_args(rv, kd_about_is_act(rv) ? "data/act.json" : "data/case.json",
				 args)] = NULL;
	if (id != NULL) {
		char *s = g_strdup_printf("%s\n%s, %s", id, issuer != NULL ? issuer : "",
					  g_strcmp0(mode, "consent") == 0 ? _("by consent")
					  : g_strcmp0(mode, "order") == 0 ? _("by order")
					  : mode != NULL		  ? mode
									  : "");

		kd_row_value(rv->about_mandate, s);
		kd_row_value(rv->about_case, ref != NULL ? ref : _("not stated"));
		look_beside(rv, id);
		g_free(s);
	} else if (kd_review_absent(res)) {
		kd_row_value(rv->about_mandate, _("The package brings no mandate along"));
	} else {
		unread(rv->about_case, res);
		kd_row_value(rv->about_mandate, _("It can't be read here; why stands above"));
	}
	rv->about_job = kd_engine_start(args, NULL, NULL, on_case, rv);
}

/* Only these hold data of a phone, open or sealed; all others are records of something that was done. */
bool kd_about_is_act(const struct kd_review *rv)
{
	static const char *const data[] = {"", "acquisition", "release", "redaction"};

	for (size_t i = 0; i < G_N_ELEMENTS(data); i++)
		if (g_strcmp0(rv->type, data[i]) == 0)
			return false;
	return true;
}

void kd_about_content(struct kd_review *rv, const char *text)
{
	kd_row_value(rv->about_content, text);
}

void kd_about_show(struct kd_review *rv, const struct kt_jv *json)
{
	const char *args[KD_SHOW_ARGS], *operator= signed_by(json, "subject"),
					*authoriser = signer(json, "authoriser", "subject");
	char *at = sealed_at(json);

	args[kd_review_show_args(rv, "mandate/mandate.json", args)] = NULL;
	kd_engine_drop(rv->about_job);
	kd_group_clear(rv->about);
	kd_group_clear(rv->beside);
	gtk_widget_set_visible(rv->beside, FALSE);
	row(rv, _("What it is"), type_text(kt_jv_str(json, "type")));
	concerned(rv, json);
	rv->about_content = row(rv, _("Content"), _("It is being read…"));
	rv->about_case = row(rv, _("Case"), _("not stated"));
	rv->about_mandate = row(rv, _("Mandate"), _("not stated"));
	rv->about_phone = row(rv, _("Phone or source"), _("not stated"));
	row(rv, _("Sealed"), at);
	row(rv, _("Signed by"), operator!= NULL ? operator: _("not stated"));
	row(rv, _("Authorised by"), authoriser != NULL ? authoriser : _("not stated"));
	rv->about_simulated = row(rv, _("Simulated"), _("Not stated"));
	g_free(at);
	rv->about_job = kd_engine_start(args, NULL, NULL, on_mandate, rv);
}

GtkWidget *kd_about_view(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 18);

	rv->about = kd_group(_("This package"), NULL);
	rv->beside = kd_group(
		_("Beside it in the folder"),
		_("Other packages of the same mandate, by their names: acts such as a release, a "
		  "comment or a deletion are packages of their own. Each is judged when it is "
		  "opened."));
	gtk_widget_set_visible(rv->beside, FALSE);
	gtk_box_append(GTK_BOX(box), rv->about);
	gtk_box_append(GTK_BOX(box), rv->beside);
	return box;
}
