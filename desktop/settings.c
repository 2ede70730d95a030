/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/settings.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TSA_URLS_FILE "/etc/keten/tsa-urls" /* keten asks these when the settings name none */

static char *text(GKeyFile *f, const char *group, const char *key)
{
	char *s = g_key_file_get_string(f, group, key, NULL);

	if (s != NULL && s[0] == '\0')
		g_clear_pointer(&s, g_free);
	return s;
}

static bool in_group(const char *name)
{
	const struct group *g = getgrnam(name); /* one thread, at start */
	gid_t list[128];
	gid_t wanted;
	int n;

	if (g == NULL)
		return false;
	wanted = g->gr_gid;
	n = getgroups(G_N_ELEMENTS(list), list);
	if (getegid() == wanted)
		return true;
	for (int i = 0; i < n; i++)
		if (list[i] == wanted)
			return true;
	return false;
}

/* A role that names no group is everybody's. */
static bool may(GKeyFile *f, const char *role)
{
	char *group = text(f, "roles", role);
	bool r = group == NULL || in_group(group);

	g_free(group);
	return r;
}

static void read_keys(struct kd_settings *s, GKeyFile *f)
{
	s->trust = text(f, "station", "trust");
	s->cases = text(f, "station", "cases");
	s->out = text(f, "station", "out");
	s->operator_key = text(f, "station", "operator");
	s->tsa = g_key_file_get_string_list(f, "station", "tsa", NULL, NULL);
	s->tsa_trust = text(f, "station", "tsa_trust");
	s->information = text(f, "station", "information");
	s->simulated = g_key_file_get_boolean(f, "station", "simulated", NULL);
	s->may_intake = may(f, "intake");
	s->may_review = may(f, "review");
	s->kiosk = g_key_file_get_boolean(f, "kiosk", "enabled", NULL);
	s->folders = g_key_file_get_string_list(f, "kiosk", "folders", NULL, NULL);
	s->exit_word_sha256 = text(f, "kiosk", "exit_word_sha256");
}

void kd_settings_load(struct kd_settings *s, const char *path)
{
	GKeyFile *f = g_key_file_new();
	GError *error = NULL;

	memset(s, 0, sizeof(*s));
	s->may_intake = s->may_review = true;
	if (path == NULL)
		path = KD_SETTINGS_FILE;
	if (g_key_file_load_from_file(f, path, G_KEY_FILE_NONE, &error)) {
		s->file = g_strdup(path);
		read_keys(s, f);
	} else if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		/* settings that can't be read must not open what they may forbid */
		s->problem = g_strdup_printf("%s: %s", path, error->message);
		s->may_intake = s->may_review = false;
	}
	g_clear_error(&error);
	g_key_file_free(f);
	if (s->folders == NULL)
		s->folders = g_new0(char *, 1);
	if (s->cases == NULL)
		s->cases = g_build_filename(g_get_user_data_dir(), "keten", "cases", NULL);
	if (s->out == NULL)
		s->out = g_build_filename(g_get_user_data_dir(), "keten", "packages", NULL);
}

void kd_settings_free(struct kd_settings *s)
{
	g_free(s->file);
	g_free(s->problem);
	g_free(s->trust);
	g_free(s->cases);
	g_free(s->out);
	g_free(s->operator_key);
	g_strfreev(s->tsa);
	g_free(s->tsa_trust);
	g_free(s->information);
	g_strfreev(s->folders);
	g_free(s->exit_word_sha256);
	memset(s, 0, sizeof(*s));
}

/* real: without links. */
static bool lies_below(const char *real, const char *folder)
{
	char top[PATH_MAX];
	size_t n;

	if (realpath(folder, top) == NULL)
		return false;
	n = strlen(top);
	return strncmp(real, top, n) == 0 && (real[n] == '/' || top[n - 1] == '/');
}

bool kd_settings_allows(const struct kd_settings *s, const char *path)
{
	char real[PATH_MAX];

	if (!s->kiosk)
		return true;
	if (realpath(path, real) == NULL)
		return false;
	for (char **f = s->folders; *f != NULL; f++)
		if (lies_below(real, *f))
			return true;
	return lies_below(real, s->out);
}

size_t kd_settings_trust_args(const struct kd_settings *s, const char **args, size_t n)
{
	if (s->trust != NULL) {
		args[n++] = "--trust";
		args[n++] = s->trust;
	}
	if (s->tsa_trust != NULL) {
		args[n++] = "--tsa-trust";
		args[n++] = s->tsa_trust;
	}
	return n;
}

size_t kd_settings_clock_args(const struct kd_settings *s, const char **args, size_t n)
{
	for (size_t i = 0; s->tsa != NULL && s->tsa[i] != NULL && i < KD_CLOCK_ARGS / 2; i++) {
		args[n++] = "--tsa";
		args[n++] = s->tsa[i];
	}
	return n;
}

bool kd_settings_has_clock(const struct kd_settings *s)
{
	if (s->tsa != NULL && s->tsa[0] != NULL)
		return strcmp(s->tsa[0], "none") != 0;
	return g_file_test(TSA_URLS_FILE, G_FILE_TEST_EXISTS);
}

bool kd_settings_is_exit_word(const struct kd_settings *s, const char *word)
{
	char *sha = g_compute_checksum_for_string(G_CHECKSUM_SHA256, word, -1);
	bool same =
		s->exit_word_sha256 != NULL && g_ascii_strcasecmp(sha, s->exit_word_sha256) == 0;

	g_free(sha);
	return same;
}
