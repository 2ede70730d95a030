/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Marks of a reviewer: notes of a person, kept in their own folder under the package's hash. Nothing
 * in a package changes by them.
 */
#include "desktop/review_i.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/err.h"

static const char *const words[KD_MARKS] = {"", "of-interest", "supports", "contradicts"};

const char *kd_mark_name(unsigned mark)
{
	switch (mark) {
	case KD_OF_INTEREST:
		return _("Of interest");
	case KD_SUPPORTS:
		return _("Speaks for the statement");
	case KD_CONTRADICTS:
		return _("Speaks against the statement");
	default:
		return _("No mark");
	}
}

const char *kd_mark_short(unsigned mark)
{
	switch (mark) {
	case KD_OF_INTEREST:
		return _("Of interest");
	case KD_SUPPORTS:
		return _("For");
	case KD_CONTRADICTS:
		return _("Against");
	default:
		return "";
	}
}

/* NULL: this is no hash, so nothing may lie under it. */
static char *marks_path(const struct kd_review *rv)
{
	gsize n = strspn(rv->sha256, "0123456789abcdef");
	char *name, *path;

	if (n != 64 || rv->sha256[n] != '\0')
		return NULL;
	name = g_strconcat(rv->sha256, ".json", NULL);
	path = g_build_filename(g_get_user_data_dir(), "keten", "marks", name, NULL);
	g_free(name);
	return path;
}

static unsigned mark_of(const char *word)
{
	for (unsigned m = 1; m < KD_MARKS; m++)
		if (word != NULL && strcmp(words[m], word) == 0)
			return m;
	return KD_UNMARKED;
}

/* What the file says, empty for one that is not there; NULL: it can't be read, so it stays as it is. */
static GHashTable *marks_read(const char *path)
{
	GHashTable *marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct kt_jdoc *doc = NULL;
	GError *error = NULL;
	char *text = NULL;
	bool good;
	gsize n;

	good = g_file_get_contents(path, &text, &n, &error)
		       ? kt_jdoc_parse(text, n, &doc, NULL) == 0 &&
				 kt_jdoc_root(doc)->type == KT_JV_OBJ
		       : g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
	for (const struct kt_jv *m = good && doc != NULL ? kt_jdoc_root(doc)->child : NULL;
	     m != NULL && good; m = m->next) {
		good = m->type == KT_JV_STR;
		if (good)
			g_hash_table_insert(marks, g_strdup(m->key), g_strdup(m->str));
	}
	if (!good)
		g_clear_pointer(&marks, g_hash_table_unref);
	g_clear_error(&error);
	kt_jdoc_free(&doc);
	g_free(text);
	return marks;
}

void kd_marks_load(struct kd_review *rv)
{
	char *path = marks_path(rv);

	g_clear_pointer(&rv->marks, g_hash_table_unref);
	kd_set(rv->mark_note, "");
	if (path != NULL)
		rv->marks = marks_read(path);
	if (path != NULL && rv->marks == NULL) {
		kd_set(rv->mark_note,
		       _("Your marks on this package can't be read. Their file stays as "
			 "it is, and no new mark is kept."));
		kd_app_state(rv->app, "marks-unread");
	}
	gtk_widget_set_visible(rv->mark_note, path != NULL && rv->marks == NULL);
	for (guint i = 0; rv->marks != NULL && i < rv->report->obs->len; i++) {
		struct kd_obs *o = kd_obs(rv->report, i);

		if (o->id != NULL)
			o->mark = (guint8)mark_of(g_hash_table_lookup(rv->marks, o->id));
	}
	g_free(path);
}

/* In the order of the report, each id once; then those that this report, read so far, does not have. */
static void marks_write(const struct kd_review *rv, struct kt_buf *b)
{
	GHashTable *rest = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter it;
	gpointer id, word;
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	g_hash_table_iter_init(&it, rv->marks);
	while (g_hash_table_iter_next(&it, &id, &word))
		g_hash_table_insert(rest, id, word);
	for (guint i = 0; i < rv->report->obs->len; i++) {
		const char *own = kd_obs(rv->report, i)->id;

		word = own != NULL ? g_hash_table_lookup(rest, own) : NULL;
		if (word == NULL)
			continue;
		kt_jw_kstr(&w, own, word);
		g_hash_table_remove(rest, own);
	}
	g_hash_table_iter_init(&it, rest);
	while (g_hash_table_iter_next(&it, &id, &word))
		kt_jw_kstr(&w, id, word);
	kt_jw_obj_end(&w);
	g_hash_table_unref(rest);
}

static bool marks_save(const struct kd_review *rv)
{
	char *path = marks_path(rv), *folder;
	struct kt_buf b;
	bool good;

	if (path == NULL || rv->marks == NULL) {
		g_free(path);
		return false;
	}
	kt_buf_init(&b, 0);
	marks_write(rv, &b);
	folder = g_path_get_dirname(path);
	g_mkdir_with_parents(folder, 0700);
	good = !b.failed && g_file_set_contents_full(path, (const char *)b.p, (gssize)b.len,
						     G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
	kt_buf_free(&b);
	g_free(folder);
	g_free(path);
	return good;
}

void kd_marks_set(struct kd_review *rv, unsigned mark)
{
	struct kd_obs *chosen = kd_obs(rv->report, rv->selected);
	bool kept = chosen->id != NULL && rv->marks != NULL;

	chosen->mark = (guint8)mark;
	for (guint i = 0; kept && i < rv->report->obs->len; i++) {
		struct kd_obs *o = kd_obs(rv->report, i);

		if (o->id != NULL && strcmp(o->id, chosen->id) == 0)
			o->mark = (guint8)mark;
	}
	if (kept && mark != KD_UNMARKED)
		g_hash_table_replace(rv->marks, g_strdup(chosen->id), g_strdup(words[mark]));
	else if (kept)
		g_hash_table_remove(rv->marks, chosen->id);
	kept = kept && marks_save(rv);
	if (rv->marks != NULL) { /* else it is said already */
		kd_set(rv->mark_note, kept ? "" : _("The mark could not be kept."));
		gtk_widget_set_visible(rv->mark_note, !kept);
	}
	kd_app_state(rv->app, kept ? "marked" : "not-marked");
}
