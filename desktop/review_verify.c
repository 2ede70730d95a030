/* SPDX-License-Identifier: EUPL-1.2 */
/* The verdict and every reason, in the words of keten-verify. */
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

static void show_check(struct kd_review *rv, const struct kt_jv *c)
{
	const char *id = kt_jv_str(c, "id"), *result = kt_jv_str(c, "result"),
		   *text = kt_jv_str(c, "text");
	const struct kt_jv *findings = kt_jv_get(c, "findings");
	GString *s;
	GtkWidget *row, *image;

	if (id == NULL || result == NULL)
		return;
	s = g_string_new(word_of(result));
	if (strcmp(result, "ok") == 0)
		g_string_append_printf(s, ": %s", text != NULL ? text : "");
	for (const struct kt_jv *f = findings != NULL ? findings->child : NULL; f != NULL;
	     f = f->next)
		if (f->type == KT_JV_STR)
			g_string_append_printf(s, "\n%s", f->str);
	if (kt_jv_int(c, "findings_left_out", 0) > 0)
		g_string_append_printf(s, _("\nand %lld more of this kind"),
				       (long long)kt_jv_int(c, "findings_left_out", 0));
	row = kd_row(id, s->str);
	image = gtk_image_new_from_icon_name(icon_of(result));
	gtk_accessible_update_state(GTK_ACCESSIBLE(image), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
	adw_action_row_add_prefix(ADW_ACTION_ROW(row), image);
	kd_group_add(rv->checks, row);
	g_string_free(s, TRUE);
}

static void show_signer(struct kd_review *rv, const struct kt_jv *s)
{
	const char *role = kt_jv_str(s, "role"), *when = kt_jv_str(s, "claimed_time");
	const struct kt_jv *trusted = kt_jv_get(s, "trusted_now");
	char *text = g_strdup_printf("%s\n%s\n%s", kt_jv_str(s, "subject"),
				     trusted != NULL && trusted->i != 0
					     ? _("leads to a trust anchor of this station")
					     : _("leads to no trust anchor of this station"),
				     when != NULL ? when : "");

	kd_group_add(rv->signers,
		     kd_row(role != NULL && strcmp(role, "operator") == 0     ? _("Operator")
			    : role != NULL && strcmp(role, "authoriser") == 0 ? _("Authoriser")
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

/* "unanchored" and its siblings, each with what it means. */
static void show_levels(struct kd_review *rv, const struct kt_jv *levels)
{
	for (const struct kt_jv *l = levels != NULL ? levels->child : NULL; l != NULL; l = l->next)
		if (l->type == KT_JV_STR && strcmp(l->key, "time") == 0)
			kd_group_add(rv->levels, kd_row(_("Outside clock"), clock_text(l->str)));
		else if (l->type == KT_JV_STR)
			kd_group_add(rv->levels, kd_row(l->key, l->str));
}

static void take(char **to, const char *s)
{
	g_free(*to);
	*to = g_strdup(s != NULL ? s : "");
}

void kd_verify_show(struct kd_review *rv, const struct kd_engine_result *res)
{
	const struct kt_jv *checks = kt_jv_get(res->json, "checks"),
			   *signers = kt_jv_get(res->json, "signers");
	const char *reason = kt_jv_str(res->json, "reason");

	take(&rv->verdict_word, kt_jv_str(res->json, "result"));
	take(&rv->sha256, kt_jv_str(res->json, "package_sha256"));
	kd_set(rv->verdict, verdict_title(rv->verdict_word));
	kd_set(rv->verdict_reason, reason != NULL ? reason : "");
	gtk_widget_remove_css_class(rv->verdict_box, "kd-verdict-invalid");
	gtk_widget_remove_css_class(rv->verdict_box, "kd-verdict-undetermined");
	if (strcmp(rv->verdict_word, "invalid") == 0)
		gtk_widget_add_css_class(rv->verdict_box, "kd-verdict-invalid");
	else if (strcmp(rv->verdict_word, "valid") != 0)
		gtk_widget_add_css_class(rv->verdict_box, "kd-verdict-undetermined");
	kd_group_clear(rv->checks);
	kd_group_clear(rv->signers);
	kd_group_clear(rv->levels);
	/* what does not hold comes first */
	for (int pass = 0; pass < 2; pass++)
		for (const struct kt_jv *c = checks != NULL ? checks->child : NULL; c != NULL;
		     c = c->next)
			if ((g_strcmp0(kt_jv_str(c, "result"), "ok") == 0) == (pass == 1))
				show_check(rv, c);
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

	kd_page_init(&p, _("Does it hold?"), NULL);
	gtk_widget_set_visible(p.bar, FALSE);
	rv->verdict_box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	gtk_widget_add_css_class(rv->verdict_box, "kd-verdict");
	rv->verdict = kd_text("", "title-2");
	rv->verdict_reason = kd_text("", NULL);
	gtk_box_append(GTK_BOX(rv->verdict_box), rv->verdict);
	gtk_box_append(GTK_BOX(rv->verdict_box), rv->verdict_reason);
	rv->checks = kd_group(_("Checks"), NULL);
	rv->signers = kd_group(_("Who signed"), NULL);
	rv->levels = kd_group(_("What was reached"), NULL);
	gtk_box_append(GTK_BOX(p.content), rv->verdict_box);
	gtk_box_append(GTK_BOX(p.content), kd_release_group(rv));
	gtk_box_append(GTK_BOX(p.content), rv->checks);
	gtk_box_append(GTK_BOX(p.content), rv->signers);
	gtk_box_append(GTK_BOX(p.content), rv->levels);
	return p.root;
}
