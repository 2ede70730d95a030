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

static char *marks_path(const struct kd_review *rv)
{
	char *name = g_strconcat(rv->sha256, ".json", NULL),
	     *path = g_build_filename(g_get_user_data_dir(), "keten", "marks", name, NULL);

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

void kd_marks_load(struct kd_review *rv)
{
	char *path = marks_path(rv), *text = NULL;
	struct kt_jdoc *doc = NULL;
	GHashTable *by_id;
	gsize n;

	if (!g_file_get_contents(path, &text, &n, NULL) || kt_jdoc_parse(text, n, &doc, NULL) < 0) {
		g_free(path);
		g_free(text);
		return;
	}
	by_id = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < rv->report->obs->len; i++)
		if (kd_obs(rv->report, i)->id != NULL)
			g_hash_table_insert(by_id, (gpointer)kd_obs(rv->report, i)->id,
					    GUINT_TO_POINTER(i + 1));
	for (const struct kt_jv *m = kt_jdoc_root(doc)->type == KT_JV_OBJ ? kt_jdoc_root(doc)->child
									  : NULL;
	     m != NULL; m = m->next) {
		guint at = GPOINTER_TO_UINT(g_hash_table_lookup(by_id, m->key));

		if (at > 0 && m->type == KT_JV_STR)
			kd_obs(rv->report, at - 1)->mark = (guint8)mark_of(m->str);
	}
	g_hash_table_unref(by_id);
	kt_jdoc_free(&doc);
	g_free(text);
	g_free(path);
}

void kd_marks_save(struct kd_review *rv)
{
	char *path = marks_path(rv), *folder = g_path_get_dirname(path);
	struct kt_buf b;
	struct kt_jw w;
	GError *error = NULL;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	for (guint i = 0; i < rv->report->obs->len; i++) {
		const struct kd_obs *o = kd_obs(rv->report, i);

		if (o->mark != KD_UNMARKED && o->id != NULL)
			kt_jw_kstr(&w, o->id, words[o->mark]);
	}
	kt_jw_obj_end(&w);
	g_mkdir_with_parents(folder, 0700);
	if (b.failed || !g_file_set_contents_full(path, (const char *)b.p, (gssize)b.len,
						  G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		kd_app_say(rv->app, _("The mark could not be kept."));
	g_clear_error(&error);
	kt_buf_free(&b);
	g_free(folder);
	g_free(path);
	kd_app_state(rv->app, "marked");
}
