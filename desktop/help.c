/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Draws the pages of docs/help, which are built into the program. They are Markdown of a small kind:
 * headings, paragraphs, lists with "- ", and ![words](picture:STATE) for a picture of picture.c.
 */
#include "desktop/help.h"

#include <string.h>

#include "desktop/desktop.h"
#include "desktop/picture.h"

#define FOLDER "/eu/keten/Keten/help/"

static const struct {
	const char *page, *title;
} pages[] = {
	{"intake", N_("Intake")},
	{"phone", N_("When the phone is not seen")},
	{"review", N_("Review")},
	{"keys", N_("Keys")},
};

static void picture(GtkWidget *box, const char *line)
{
	const char *alt = line + 2, *end = strchr(alt, ']'), *state = strstr(line, "(picture:");
	char *words, *name;
	GtkWidget *p;

	if (end == NULL || state == NULL)
		return;
	state += strlen("(picture:");
	words = g_strndup(alt, (gsize)(end - alt));
	name = g_strndup(state, strcspn(state, ")"));
	p = kd_picture_new(280, 150);
	kd_picture_set(p, name, words);
	gtk_box_append(GTK_BOX(box), p);
	gtk_box_append(GTK_BOX(box), kd_text(words, "dim-label"));
	g_free(words);
	g_free(name);
}

/* One block: what stands between empty lines. */
static void block(GtkWidget *box, char *text)
{
	if (g_str_has_prefix(text, "!["))
		picture(box, text);
	else if (g_str_has_prefix(text, "## "))
		gtk_box_append(GTK_BOX(box), kd_text(text + 3, "title-3"));
	else if (g_str_has_prefix(text, "# "))
		gtk_box_append(GTK_BOX(box), kd_text(text + 2, "title-1"));
	else if (g_str_has_prefix(text, "- "))
		gtk_box_append(GTK_BOX(box), kd_text(text, NULL));
	else
		gtk_box_append(GTK_BOX(box), kd_text(g_strdelimit(text, "\n", ' '), NULL));
}

static GtkWidget *draw_page(const char *name)
{
	GtkWidget *scroll = gtk_scrolled_window_new(), *clamp = adw_clamp_new(),
		  *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
	const char *lang = kt_lang_code(kd_lang);
	char *path = g_strdup_printf(FOLDER "%s/%s.md", lang, name);
	GBytes *bytes = g_resources_lookup_data(path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

	gtk_widget_add_css_class(box, "kd-content");
	if (bytes != NULL) {
		gsize n;
		const char *p = g_bytes_get_data(bytes, &n);
		char *text = g_strndup(p, n), **blocks = g_strsplit(text, "\n\n", -1);

		for (char **b = blocks; *b != NULL; b++)
			block(box, g_strstrip(*b));
		g_strfreev(blocks);
		g_free(text);
		g_bytes_unref(bytes);
	}
	adw_clamp_set_maximum_size(ADW_CLAMP(clamp), 640);
	adw_clamp_set_child(ADW_CLAMP(clamp), box);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_NEVER,
				       GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), clamp);
	gtk_widget_set_vexpand(scroll, TRUE);
	gtk_widget_set_focusable(scroll, TRUE);
	g_free(path);
	return scroll;
}

void kd_help_show(struct kd_app *app)
{
	GtkWidget *w = adw_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
		  *bar = adw_header_bar_new(), *stack = gtk_stack_new(),
		  *sw = gtk_stack_switcher_new();

	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		gtk_stack_add_titled(GTK_STACK(stack), draw_page(pages[i].page), pages[i].page,
				     _(pages[i].title));
	gtk_stack_switcher_set_stack(GTK_STACK_SWITCHER(sw), GTK_STACK(stack));
	gtk_widget_set_halign(sw, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(sw, "kd-margin");
	gtk_box_append(GTK_BOX(box), bar);
	gtk_box_append(GTK_BOX(box), sw);
	gtk_box_append(GTK_BOX(box), stack);
	adw_window_set_content(ADW_WINDOW(w), box);
	gtk_window_set_title(GTK_WINDOW(w), _("Help"));
	gtk_window_set_default_size(GTK_WINDOW(w), 760, 680);
	gtk_window_set_transient_for(GTK_WINDOW(w), GTK_WINDOW(app->window));
	kd_escape_closes(w);
	gtk_window_present(GTK_WINDOW(w));
	kd_app_state(app, "help");
}
