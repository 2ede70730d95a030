/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/settings.h"

#include "desktop/ui.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TSA_URLS_FILE "/etc/keten/tsa-urls" /* keten asks these when the settings name none */

static char *text(GKeyFile *f, const char *group, const char *key)
{
	char *s = g_key_file_get_string(f, group, key, NULL);

	if (s != NULL) /* as the check above reads it */
		g_strstrip(s);
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

/* -- is it sound? ----------------------------------------------------------------------------- */

enum kind { TEXT, PATH, KEY, FOLDERS, TRUTH, HASH };

static const struct known {
	const char *group, *key;
	enum kind kind;
} known[] = {
	{"station", "trust", PATH},
	{"station", "cases", PATH},
	{"station", "out", PATH},
	{"station", "operator", KEY},
	{"station", "tsa", TEXT},
	{"station", "tsa_trust", PATH},
	{"station", "information", PATH},
	{"station", "simulated", TRUTH},
	{"roles", "intake", TEXT},
	{"roles", "review", TEXT},
	{"kiosk", "enabled", TRUTH},
	{"kiosk", "folders", FOLDERS},
	{"kiosk", "exit_word_sha256", HASH},
};

static bool is_hash(const char *v)
{
	return strlen(v) == 64 && strspn(v, "0123456789abcdefABCDEF") == 64;
}

static bool are_folders(const char *v)
{
	char **list = g_strsplit(v, ";", -1);
	bool good = true;

	for (char **f = list; *f != NULL; f++)
		good = good && ((*f)[0] == '\0' || (*f)[0] == '/');
	g_strfreev(list);
	return good;
}

/* What to do about a value, or NULL when it is fine. */
static const char *wrong(enum kind kind, const char *v)
{
	switch (kind) {
	case PATH:
		return v[0] == '/' ? NULL : _("Write the whole path, from / on.");
	case KEY:
		return v[0] == '/' || g_str_has_prefix(v, "pkcs11:")
			       ? NULL
			       : _("Write the whole path, from / on, or a card's address that "
				   "begins with pkcs11:");
	case FOLDERS:
		return are_folders(v) ? NULL
				      : _("Write whole paths, from / on, with ; between them.");
	case TRUTH:
		return strcmp(v, "true") == 0 || strcmp(v, "false") == 0
			       ? NULL
			       : _("Write true or false.");
	case HASH:
		return is_hash(v) ? NULL
				  : _("Write 64 hexadecimal digits: printf %s WORD | sha256sum");
	default:
		return NULL;
	}
}

static const struct known *find_known(const char *group, const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(known[i].group, group) == 0 &&
		    (key == NULL || strcmp(known[i].key, key) == 0))
			return &known[i];
	return NULL;
}

/* One line; group: the one that it stands in, changed when it begins another. */
static char *judge_line(char *line, char **group)
{
	const struct known *k;
	const char *remedy;
	char *eq, *key;

	g_strstrip(line);
	if (line[0] == '\0' || line[0] == '#')
		return NULL;
	if (line[0] == '[' && g_str_has_suffix(line, "]")) {
		g_free(*group);
		*group = g_strndup(line + 1, strlen(line) - 2);
		if (find_known(*group, NULL) != NULL)
			return NULL;
		return g_strdup_printf("[%s]: %s", *group,
				       _("There is no such group. There are station, roles and "
					 "kiosk."));
	}
	eq = strchr(line, '=');
	if (eq == NULL || *group == NULL)
		return g_strdup_printf("\"%.60s\": %s", line,
				       _("Write key=value, below a group such as [station], or # "
					 "in front of a remark."));
	key = g_strchomp(g_strndup(line, (gsize)(eq - line)));
	k = find_known(*group, key);
	remedy = k != NULL ? wrong(k->kind, g_strchug(eq + 1))
			   : _("There is no such key in this group. The administrator's page has "
			       "all of them.");
	line = remedy != NULL ? g_strdup_printf("[%s] %s: %s", *group, key, remedy) : NULL;
	g_free(key);
	return line;
}

/* The first line that is wrong, with its number and what to do; NULL: none. */
static char *judge(const char *path, const char *content)
{
	char **lines = g_strsplit(content, "\n", -1), *group = NULL, *problem = NULL;

	for (unsigned i = 0; lines[i] != NULL && problem == NULL; i++) {
		char *bad = judge_line(lines[i], &group);

		if (bad != NULL)
			problem = g_strdup_printf(_("%s, line %u: %s"), path, i + 1, bad);
		g_free(bad);
	}
	g_free(group);
	g_strfreev(lines);
	return problem;
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
	char *content = NULL;

	memset(s, 0, sizeof(*s));
	s->may_intake = s->may_review = true;
	if (path == NULL)
		path = KD_SETTINGS_FILE;
	if (g_file_get_contents(path, &content, NULL, &error)) {
		s->file = g_strdup(path);
		s->problem = judge(path, content);
		if (s->problem == NULL &&
		    !g_key_file_load_from_data(f, content, (gsize)-1, G_KEY_FILE_NONE, &error))
			s->problem = g_strdup_printf("%s: %s", path, error->message);
		if (s->problem == NULL)
			read_keys(s, f);
	} else if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		s->problem = g_strdup(error->message);
	}
	/* settings that can't be read must not open what they may forbid */
	if (s->problem != NULL) {
		s->may_intake = s->may_review = false;
		s->kiosk = true;
	}
	g_free(content);
	g_clear_error(&error);
	g_key_file_free(f);
	if (s->folders == NULL)
		s->folders = g_strsplit("", ";", -1);
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

int kd_settings_check(const char *path)
{
	struct kd_settings s;
	bool good;

	kd_settings_load(&s, path);
	good = s.problem == NULL;
	if (!good)
		printf("%s\n%s\n", s.problem,
		       _("Until then the window offers nothing, and it can't be left."));
	else
		printf("%s: %s\n",
		       s.file != NULL ? s.file
		       : path != NULL ? path
				      : KD_SETTINGS_FILE,
		       s.file != NULL ? _("good") : _("not there; everything has its default"));
	if (good)
		printf(_("this account: intake %s, review %s; kiosk %s\n"),
		       s.may_intake ? _("yes") : _("no"), s.may_review ? _("yes") : _("no"),
		       s.kiosk ? _("yes") : _("no"));
	kd_settings_free(&s);
	return good ? 0 : 2;
}
