/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/sheet.h"

#include <stdbool.h>
#include <string.h>

#include "desktop/ui.h"

struct sheet {
	GtkWidget *box;
	GString *block; /* what is gathered: a paragraph, a note or an item of a list */
	const char *css;
	bool bullet;
};

static void flush(struct sheet *s)
{
	GtkWidget *label;

	if (s->block->len == 0)
		return;
	label = kd_text(s->block->str, s->css);
	if (s->bullet) {
		GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9),
			  *dot = gtk_label_new("•");

		gtk_widget_set_valign(dot, GTK_ALIGN_START);
		gtk_widget_set_hexpand(label, TRUE);
		gtk_box_append(GTK_BOX(row), dot);
		gtk_box_append(GTK_BOX(row), label);
		label = row;
	}
	gtk_box_append(GTK_BOX(s->box), label);
	g_string_truncate(s->block, 0);
	s->css = NULL;
	s->bullet = false;
}

static void add(struct sheet *s, const char *words)
{
	if (s->block->len > 0)
		g_string_append_c(s->block, ' ');
	g_string_append(s->block, words);
}

/* next: the line behind it, or NULL. */
static void take_line(struct sheet *s, char *line, const char *next)
{
	bool indented = line[0] == ' ';
	char *words = g_strstrip(line);

	if (words[0] == '\0') {
		flush(s);
	} else if (g_str_has_prefix(words, "** ")) {
		flush(s);
		s->css = "dim-label";
		add(s, words + 3);
	} else if (indented && g_str_has_prefix(words, "- ")) {
		flush(s);
		s->bullet = true;
		add(s, words + 2);
	} else if (indented) {
		add(s, words);
	} else if (words[strspn(words, "=")] != '\0') { /* the line below a title only marks it */
		flush(s);
		s->css = next != NULL && g_str_has_prefix(next, "==") ? "title-2" : "heading";
		add(s, words);
		flush(s);
	}
}

void kd_sheet_draw(GtkWidget *box, const char *text)
{
	struct sheet s = {.box = box, .block = g_string_new(NULL)};
	char **lines = g_strsplit(text, "\n", -1);

	kd_box_clear(box);
	for (char **l = lines; *l != NULL; l++)
		take_line(&s, *l, l[1]);
	flush(&s);
	g_strfreev(lines);
	g_string_free(s.block, TRUE);
}
