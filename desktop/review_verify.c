/* SPDX-License-Identifier: EUPL-1.2 */
/* The verdict, what to do about it, and every check with its reason. */
#include "desktop/review_i.h"

#include <string.h>

static const char *verdict_title(const char *word)
{
	if (strcmp(word, "valid") == 0)
		return _("Valid");
	return strcmp(word, "invalid") == 0 ? _("Invalid") : _("Undetermined");
}

/* Shape and word, never the colour alone. */
static const char *icon_of(const char *result)
{
	if (strcmp(result, "ok") == 0)
		return "object-select-symbolic";
	return strcmp(result, "failed") == 0 ? "process-stop-symbolic" : "dialog-question-symbolic";
}

static const char *word_of(const char *result)
{
	if (strcmp(result, "ok") == 0)
		return _("holds");
	return strcmp(result, "failed") == 0 ? _("fails") : _("can't be judged");
}

static const struct check {
	const char *id, *title, *text;
} checks[] = {
	{"container", N_("A plain container"),
	 N_("one plain ZIP container, with nothing hidden in or around it")},
	{"mimetype", N_("It says what it is"), N_("the package says first what it is")},
	{"bag", N_("The declaration"),
	 N_("the bag declaration and bag-info.txt agree with the content")},
	{"complete", N_("Nothing added, nothing missing"),
	 N_("every file is listed, and every listed file is there")},
	{"hashes", N_("Nothing changed"), N_("every file has exactly the content that was listed")},
	{"contents", N_("The list of contents"), N_("META-INF/manifest.xml names these files")},
	{"signature", N_("The operator's signature"),
	 N_("the operator's signature covers the lists of all files")},
	{"operator", N_("Who signed is known here"),
	 N_("the operator's certificate leads to a trust anchor")},
	{"xades", N_("The container's signature"),
	 N_("the container's own signature covers every file, and is the operator's")},
	{"mandate-signature", N_("The mandate's signature"),
	 N_("the mandate is signed, and unchanged since")},
	{"authoriser", N_("Who authorised is known here"),
	 N_("the authoriser's certificate leads to a trust anchor")},
	{"authority", N_("Two different people"),
	 N_("the mandate comes from an authoriser who is not the operator")},
	{"mandate", N_("The mandate allowed it"),
	 N_("the mandate is complete, in force at the session, for this phone")},
	{"custody", N_("The custody log is whole"), N_("the custody log is an unbroken chain")},
	{"events", N_("One session, in order"),
	 N_("the custody log tells one session, from opening to sealing")},
	{"seal", N_("Sealed before it was read"),
	 N_("the acquisition was sealed by the operator before evaluation")},
	{"index", N_("The list of what was taken"),
	 N_("the index is the one that was sealed and logged")},
	{"objects", N_("The bytes that were taken"),
	 N_("the bytes taken are those of the index, all of them and no others")},
	{"scope", N_("Nothing beyond the mandate"), N_("nothing was taken outside the mandate")},
	{"report", N_("The report belongs to it"),
	 N_("the report belongs to this mandate, case and log")},
	{"act", N_("The act is complete"),
	 N_("the act says what was done, when, and with which packages")},
	{"sealed", N_("Sealed for its recipients"),
	 N_("what was taken stands sealed, for the mandate's recipients alone")},
	{"open-time", N_("Outside clock at the opening"),
	 N_("the time-stamp over the opening, if there is one, holds")},
	{"seal-time", N_("Outside clock at the seal"),
	 N_("the time-stamps over the signatures, if there are any, hold")},
	{"revocation", N_("No certificate was withdrawn"),
	 N_("no certificate was revoked by the lists, if any were given")},
	{"times", N_("Times follow one another"), N_("the stated times are in order")},
};

static const struct check *check_of(const char *id)
{
	for (size_t i = 0; i < G_N_ELEMENTS(checks); i++)
		if (strcmp(checks[i].id, id) == 0)
			return &checks[i];
	return NULL;
}

static const char *title_of(const char *id)
{
	const struct check *c = check_of(id);

	return c != NULL ? kd_tr(c->title) : id;
}

/* A check that is to be shown: 24 rows at once would hold the window up. */
struct shown_check {
	char *id, *result, *text;
};

static void shown_check_free(gpointer data)
{
	struct shown_check *c = data;

	g_free(c->id);
	g_free(c->result);
	g_free(c->text);
	g_free(c);
}

static void add_check(struct kd_review *rv, const struct shown_check *c)
{
	GtkWidget *row = kd_named_row(title_of(c->id), c->id, c->text),
		  *image = gtk_image_new_from_icon_name(icon_of(c->result));

	gtk_accessible_update_state(GTK_ACCESSIBLE(image), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
	adw_action_row_add_prefix(ADW_ACTION_ROW(row), image);
	kd_group_add(rv->checks, row);
}

static gboolean add_some(gpointer data)
{
	struct kd_review *rv = data;

	for (int i = 0; i < 6 && !g_queue_is_empty(&rv->checks_to_show); i++) {
		struct shown_check *c = g_queue_pop_head(&rv->checks_to_show);

		add_check(rv, c);
		shown_check_free(c);
	}
	if (!g_queue_is_empty(&rv->checks_to_show))
		return G_SOURCE_CONTINUE;
	rv->checks_idle = 0;
	kd_app_state(rv->app, "checks-shown");
	return G_SOURCE_REMOVE;
}

void kd_verify_forget(struct kd_review *rv)
{
	if (rv->checks_idle != 0)
		g_source_remove(rv->checks_idle);
	rv->checks_idle = 0;
	g_queue_clear_full(&rv->checks_to_show, shown_check_free);
}

static void show_check(struct kd_review *rv, const struct kt_jv *c)
{
	const char *id = kt_jv_str(c, "id"), *result = kt_jv_str(c, "result"),
		   *text = kt_jv_str(c, "text");
	const struct kt_jv *findings = kt_jv_get(c, "findings");
	const struct check *known;
	struct shown_check *shown;
	GString *s;

	if (id == NULL || result == NULL)
		return;
	known = check_of(id);
	s = g_string_new(word_of(result));
	if (strcmp(result, "ok") == 0)
		g_string_append_printf(s, ": %s",
				       known != NULL  ? kd_tr(known->text)
				       : text != NULL ? text
						      : "");
	for (const struct kt_jv *f = findings != NULL ? findings->child : NULL; f != NULL;
	     f = f->next)
		if (f->type == KT_JV_STR) {
			char *said = kd_said(f->str);

			g_string_append_printf(s, "\n%s", said);
			g_free(said);
		}
	if (kt_jv_int(c, "findings_left_out", 0) > 0)
		g_string_append_printf(s, _("\nand %lld more of this kind"),
				       (long long)kt_jv_int(c, "findings_left_out", 0));
	shown = g_new0(struct shown_check, 1);
	shown->id = g_strdup(id);
	shown->result = g_strdup(result);
	shown->text = g_string_free(s, FALSE);
	g_queue_push_tail(&rv->checks_to_show, shown);
}

static void show_signer(struct kd_review *rv, const struct kt_jv *s)
{
	const char *role = kt_jv_str(s, "role"), *when = kt_jv_str(s, "claimed_time");
	char *text = g_strdup_printf("%s\n%s\n%s", kt_jv_str(s, "subject"),
				     kt_jv_bool(s, "trusted_now")
					     ? _("leads to a trust anchor of this station")
					     : _("leads to no trust anchor of this station"),
				     when != NULL ? when : "");

	kd_group_add(rv->signers,
		     kd_row(role != NULL && strcmp(role, "operator") == 0     ? _("Operator")
			    : role != NULL && strcmp(role, "authoriser") == 0 ? _("Authoriser")
			    : role != NULL && strcmp(role, "signer") == 0     ? _("Signed by")
			    : role != NULL				      ? role
									      : "",
			    text));
	g_free(text);
}

static const char *clock_text(const char *level)
{
	if (strcmp(level, "anchored") == 0)
		return _("It says when the package was sealed.");
	return _("No outside clock that is believed says when this was sealed; that rests on the "
		 "operator's clock.");
}

static const char *level_title(const char *key)
{
	return strcmp(key, "signature") == 0	? _("Form of the signature")
	       : strcmp(key, "xades") == 0	? _("The container's own signature")
	       : strcmp(key, "open_time") == 0	? _("Outside clock, at the opening")
	       : strcmp(key, "revocation") == 0 ? _("Lists of revoked certificates")
	       : strcmp(key, "trust") == 0	? _("Trust anchors of this station")
						: key;
}

static const char *level_value(const char *value)
{
	return strcmp(value, "judged") == 0	  ? _("judged")
	       : strcmp(value, "not-judged") == 0 ? _("not judged: none was given")
	       : strcmp(value, "unanchored") == 0 ? _("none that is believed")
	       : strcmp(value, "none") == 0	  ? _("none")
						  : value;
}

/* What the signatures reach, each with what it means. */
static void show_levels(struct kd_review *rv, const struct kt_jv *levels)
{
	for (const struct kt_jv *l = levels != NULL ? levels->child : NULL; l != NULL; l = l->next)
		if (l->type == KT_JV_STR && strcmp(l->key, "time") == 0)
			kd_group_add(rv->levels,
				     kd_named_row(_("Outside clock"), l->key, clock_text(l->str)));
		else if (l->type == KT_JV_STR)
			kd_group_add(rv->levels, kd_named_row(level_title(l->key), l->key,
							      level_value(l->str)));
}

/* How many checks there are, how many are so, and the first that is. */
static guint count(const struct kt_jv *list, const char *result, const char **first)
{
	guint n = 0;

	for (const struct kt_jv *c = list != NULL ? list->child : NULL; c != NULL; c = c->next) {
		const char *id = kt_jv_str(c, "id");

		if (result != NULL && g_strcmp0(kt_jv_str(c, "result"), result) != 0)
			continue;
		if (n++ == 0 && first != NULL)
			*first = id != NULL ? title_of(id) : "";
	}
	return n;
}

/* The content holds, but this station knows nobody who answers for it. */
static bool is_stranger(const struct kt_jv *list)
{
	guint n = 0;

	for (const struct kt_jv *c = list != NULL ? list->child : NULL; c != NULL; c = c->next) {
		const char *id = kt_jv_str(c, "id");

		if (g_strcmp0(kt_jv_str(c, "result"), "failed") != 0)
			continue;
		n++;
		if (g_strcmp0(id, "operator") != 0 && g_strcmp0(id, "authoriser") != 0)
			return false;
	}
	return n > 0;
}

static const char *next_step(const struct kd_review *rv, const struct kt_jv *list)
{
	if (strcmp(rv->verdict_word, "valid") == 0)
		return kd_about_is_act(rv)
			       ? _("It is what was recorded, unchanged, and who signed is known "
				   "here. What was done stands below, under This package. What was "
				   "taken, if anything was, lies in another package.")
			       : _("It is what was sealed, unchanged, and who signed is known "
				   "here. That doesn't say that what a phone recorded is right: "
				   "look at where each record comes from.");
	if (strcmp(rv->verdict_word, "invalid") != 0)
		return _("Nothing failed, but something can't be decided here: the checks with "
			 "a question mark say what. Most often this station lacks the "
			 "certificates of those who signed, or one has expired. Ask the "
			 "administrator for them and open the package again; until then it is "
			 "neither valid nor invalid.");
	if (is_stranger(list))
		return _("What is in it was not changed since it was signed, but whoever signed or "
			 "authorised it is not known here, or their certificate did not hold at "
			 "that time: anybody could have made it. Another copy does not help. Ask "
			 "the service for its certificates, by another way than the package; once "
			 "the administrator has put them here, open it again. Until then do not "
			 "rely on it.");
	return _("Do not rely on it. Keep the file as it is, and ask whoever gave it to "
		 "you for another copy; the SHA-256 below tells whether it is the same. "
		 "If that one is invalid too, tell who is responsible for the desk.");
}

static void show_reason(struct kd_review *rv, const struct kt_jv *json)
{
	const struct kt_jv *list = kt_jv_get(json, "checks");
	const char *first = "";
	guint all = count(list, NULL, NULL), failed = count(list, "failed", &first), unsure;

	if (failed > 0) {
		kd_setf(rv->verdict_reason, _("%u of %u checks fail; the first: %s."), failed, all,
			first);
	} else if ((unsure = count(list, "undetermined", &first)) > 0) {
		kd_setf(rv->verdict_reason,
			_("%u of %u checks can't be decided; the first: %s. None fails."), unsure,
			all, first);
	} else if (strcmp(rv->verdict_word, "valid") == 0) {
		const struct kt_jv *levels = kt_jv_get(json, "levels");
		char *s = g_strdup_printf(_("All %u checks hold."), all);

		kd_setf(rv->verdict_reason, "%s %s", s,
			g_strcmp0(kt_jv_str(levels, "time"), "anchored") == 0 ? ""
									      : clock_text(""));
		g_free(s);
	} else {
		const char *reason = kt_jv_str(json, "reason");
		char *said = kd_said(reason != NULL ? reason : "");

		kd_set(rv->verdict_reason, said);
		g_free(said);
	}
	kd_set(rv->verdict_next, next_step(rv, list));
}

static void take(char **to, const char *s)
{
	g_free(*to);
	*to = g_strdup(s != NULL ? s : "");
}

static void show_verdict(struct kd_review *rv, const char *word, const char *title)
{
	bool valid = strcmp(word, "valid") == 0, invalid = strcmp(word, "invalid") == 0;

	kd_set(rv->verdict, title);
	gtk_image_set_from_icon_name(GTK_IMAGE(rv->verdict_icon), icon_of(valid	    ? "ok"
									  : invalid ? "failed"
										    : ""));
	gtk_widget_remove_css_class(rv->verdict_box, "kd-verdict-invalid");
	gtk_widget_remove_css_class(rv->verdict_box, "kd-verdict-undetermined");
	if (invalid)
		gtk_widget_add_css_class(rv->verdict_box, "kd-verdict-invalid");
	else if (!valid)
		gtk_widget_add_css_class(rv->verdict_box, "kd-verdict-undetermined");
}

void kd_verify_changed(struct kd_review *rv)
{
	show_verdict(rv, "undetermined", _("Changed since it was judged"));
	kd_set(rv->verdict_reason, _("What stands below was true of the file as it was."));
	kd_set(rv->verdict_next, "");
}

void kd_verify_show(struct kd_review *rv, const struct kd_engine_result *res)
{
	const struct kt_jv *list = kt_jv_get(res->json, "checks"),
			   *signers = kt_jv_get(res->json, "signers");

	take(&rv->verdict_word, kt_jv_str(res->json, "result"));
	take(&rv->type, kt_jv_str(res->json, "type"));
	take(&rv->tags, kt_jv_str(res->json, "tags_sha256"));
	take(&rv->sha256, kt_jv_str(res->json, "package_sha256"));
	show_verdict(rv, rv->verdict_word, verdict_title(rv->verdict_word));
	show_reason(rv, res->json);
	kd_about_show(rv, res->json);
	kd_verify_forget(rv);
	kd_group_clear(rv->checks);
	kd_group_clear(rv->signers);
	kd_group_clear(rv->levels);
	/* what does not hold comes first */
	for (int pass = 0; pass < 2; pass++)
		for (const struct kt_jv *c = list != NULL ? list->child : NULL; c != NULL;
		     c = c->next)
			if ((g_strcmp0(kt_jv_str(c, "result"), "ok") == 0) == (pass == 1))
				show_check(rv, c);
	rv->checks_idle = g_timeout_add_full(G_PRIORITY_LOW, 10, add_some, rv, NULL);
	for (const struct kt_jv *s = signers != NULL ? signers->child : NULL; s != NULL;
	     s = s->next)
		show_signer(rv, s);
	show_levels(rv, kt_jv_get(res->json, "levels"));
	kd_group_add(rv->levels, kd_row(_("Package"), kt_jv_str(res->json, "name")));
	kd_group_add(rv->levels, kd_row(_("SHA-256 of the package"), rv->sha256));
}

GtkWidget *kd_verify_view(struct kd_review *rv)
{
	struct kd_page p;
	GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

	kd_page_init(&p, _("Does it hold?"), NULL);
	gtk_widget_set_visible(p.bar, FALSE);
	rv->verdict_box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 18);
	gtk_widget_add_css_class(rv->verdict_box, "kd-verdict");
	rv->verdict_icon = gtk_image_new();
	gtk_image_set_pixel_size(GTK_IMAGE(rv->verdict_icon), 32);
	gtk_widget_set_valign(rv->verdict_icon, GTK_ALIGN_START);
	gtk_accessible_update_state(GTK_ACCESSIBLE(rv->verdict_icon), GTK_ACCESSIBLE_STATE_HIDDEN,
				    TRUE, -1);
	rv->verdict = kd_text("", "title-2");
	rv->verdict_reason = kd_text("", NULL);
	rv->verdict_next = kd_text("", NULL);
	gtk_widget_set_hexpand(texts, TRUE);
	gtk_box_append(GTK_BOX(texts), rv->verdict);
	gtk_box_append(GTK_BOX(texts), rv->verdict_reason);
	gtk_box_append(GTK_BOX(texts), kd_text(_("What to do next"), "heading"));
	gtk_box_append(GTK_BOX(texts), rv->verdict_next);
	gtk_box_append(GTK_BOX(rv->verdict_box), rv->verdict_icon);
	gtk_box_append(GTK_BOX(rv->verdict_box), texts);
	rv->checks = kd_group(_("Checks"), NULL);
	rv->signers = kd_group(_("Who signed"), NULL);
	rv->levels = kd_group(_("What was reached"), NULL);
	gtk_box_append(GTK_BOX(p.content), rv->verdict_box);
	gtk_box_append(GTK_BOX(p.content), kd_release_group(rv));
	gtk_box_append(GTK_BOX(p.content), kd_about_view(rv));
	gtk_box_append(GTK_BOX(p.content), rv->checks);
	gtk_box_append(GTK_BOX(p.content), rv->signers);
	gtk_box_append(GTK_BOX(p.content), rv->levels);
	return p.root;
}
