/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Draws the pages of docs/help, which are built into the program. They are Markdown of a small kind:
 * headings, paragraphs, lists with "- ", and ![words](picture:NAME) for a picture. A heading may end in
 * {words}: the states of the window that its section is about, or how they begin.
 */
#include "desktop/help.h"

#include <string.h>

#include "desktop/desktop.h"
#include "desktop/picture.h"

#define FOLDER "/eu/keten/Keten/help/"

static const struct {
	const char *page, *title;
} pages[] = {
	{"intake", N_("Intake")}, {"phone", N_("The phone")}, {"station", N_("This station")},
	{"review", N_("Review")}, {"keys", N_("Keys")},
};

/* Where to open. */
struct place {
	struct kd_app *app;
	size_t best;	    /* score of the heading that fits best so far */
	const char *page;   /* NULL: nothing fits */
	GtkWidget *heading; /* on that page */
	GtkWidget *scroll;
	int frames;
};

/* How much of the state this word of a heading names: all of it, or up to a "-". 0: another one. */
static size_t fits(const char *word, const char *state)
{
	size_t n = strlen(word);

	if (strncmp(word, state, n) != 0)
		return 0;
	return state[n] == '\0' || state[n] == '-' ? n : 0;
}

/* While a phone is read its states are those of a phone, too. */
static size_t best_fit(const char *words, const char *state)
{
	char **list = g_strsplit(words, " ", -1);
	char *phone =
		g_str_has_prefix(state, "run-") ? g_strconcat("phone-", state + 4, NULL) : NULL;
	size_t best = 0;

	for (char **w = list; *w != NULL; w++) {
		best = MAX(best, fits(*w, state));
		if (phone != NULL)
			best = MAX(best, fits(*w, phone));
	}
	g_strfreev(list);
	g_free(phone);
	return best;
}

/* A newer state counts more than an older one, then the longer word. 0: this is about none of them. */
static size_t score(const struct kd_app *app, const char *words)
{
	for (unsigned i = 0; i < KD_TRAIL && i < app->ntrail; i++) {
		size_t n = best_fit(words, app->trail[(app->ntrail - 1 - i) % KD_TRAIL]);

		if (n > 0)
			return (KD_TRAIL - i) * KD_TRAIL_WORD + n;
	}
	return 0;
}

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
	p = kd_help_picture(name, words);
	if (p == NULL) { /* of a phone: its heading says already what it shows */
		p = kd_picture_new(280, 150);
		kd_picture_set(p, name, words);
		gtk_box_append(GTK_BOX(box), p);
	} else {
		gtk_box_append(GTK_BOX(box), p);
		gtk_box_append(GTK_BOX(box), kd_text(words, "dim-label"));
	}
	g_free(words);
	g_free(name);
}

/* A heading without its states; place is moved here when they fit better than what was found. */
static void heading(GtkWidget *box, char *text, const char *page, struct place *place)
{
	char *states = strstr(text, " {");
	GtkWidget *label;
	size_t n = 0;

	if (states != NULL) {
		states[0] = '\0';
		states += 2;
		states[strcspn(states, "}")] = '\0';
		n = score(place->app, states);
	}
	label = kd_text(text, "title-3");
	gtk_widget_set_margin_top(label, 12);
	gtk_widget_set_focusable(label, TRUE);
	gtk_box_append(GTK_BOX(box), label);
	if (n > place->best) {
		place->best = n;
		place->page = page;
		place->heading = label;
	}
}

/* One block: what stands between empty lines. */
static void block(GtkWidget *box, char *text, const char *page, struct place *place)
{
	if (g_str_has_prefix(text, "!["))
		picture(box, text);
	else if (g_str_has_prefix(text, "## "))
		heading(box, text + 3, page, place);
	else if (g_str_has_prefix(text, "# "))
		gtk_box_append(GTK_BOX(box), kd_text(text + 2, "title-1"));
	else if (g_str_has_prefix(text, "- "))
		gtk_box_append(GTK_BOX(box), kd_text(text, NULL));
	else
		gtk_box_append(GTK_BOX(box), kd_text(g_strdelimit(text, "\n", ' '), NULL));
}

static GtkWidget *draw_page(const char *name, struct place *place)
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
			block(box, g_strstrip(*b), name, place);
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

/* The heading has a place only once its page was laid out. */
static gboolean scroll_there(GtkWidget *w, GdkFrameClock *clock, gpointer data)
{
	struct place *p = data;
	double x, y;

	(void)clock;
	if (p->frames++ < 2) {
		gtk_widget_queue_draw(w);
		return G_SOURCE_CONTINUE;
	}
	if (gtk_widget_translate_coordinates(p->heading, p->scroll, 0, 0, &x, &y))
		gtk_adjustment_set_value(
			gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(p->scroll)),
			y - 12);
	gtk_widget_grab_focus(p->heading);
	kd_app_state(p->app, "help-at-%s", p->page);
	return G_SOURCE_REMOVE;
}

void kd_help_show(struct kd_app *app)
{
	GtkWidget *w = adw_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
		  *bar = adw_header_bar_new(), *stack = gtk_stack_new(),
		  *sw = gtk_stack_switcher_new();
	struct place *place = g_new0(struct place, 1);

	place->app = app;
	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
		const char *before = place->page;
		GtkWidget *page = draw_page(pages[i].page, place);

		if (place->page != before)
			place->scroll = page;
		gtk_stack_add_titled(GTK_STACK(stack), page, pages[i].page, _(pages[i].title));
	}
	gtk_stack_switcher_set_stack(GTK_STACK_SWITCHER(sw), GTK_STACK(stack));
	gtk_widget_set_halign(sw, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(sw, "kd-margin");
	gtk_box_append(GTK_BOX(box), bar);
	gtk_box_append(GTK_BOX(box), sw);
	gtk_box_append(GTK_BOX(box), stack);
	adw_window_set_content(ADW_WINDOW(w), box);
	gtk_window_set_title(GTK_WINDOW(w), _("Help"));
	gtk_window_set_default_size(GTK_WINDOW(w), 820, 680);
	gtk_window_set_transient_for(GTK_WINDOW(w), GTK_WINDOW(app->window));
	kd_escape_closes(w);
	gtk_window_present(GTK_WINDOW(w));
	kd_app_state(app, "help");
	if (place->page == NULL) {
		g_free(place);
		return;
	}
	gtk_stack_set_visible_child_name(GTK_STACK(stack), place->page);
	gtk_widget_add_tick_callback(stack, scroll_there, place, g_free);
}
