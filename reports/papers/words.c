/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/papers/words.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/io.h"
#include "core/json.h"
#include "reports/papers/builtin.h"

#define FILE_MAX ((size_t)256 << 10)
#define KEYS_MAX 256u
#define TAG_MAX	 35u

struct kt_words {
	char *text; /* the file, cut into keys and values */
	size_t n;
	struct {
		const char *key, *value;
	} row[KEYS_MAX];
};

static const struct {
	const char *tag, *bytes;
	const uint64_t *size;
} builtin[] = {
	{"en", kt_papers_en_bytes, &kt_papers_en_size},
	{"nl", kt_papers_nl_bytes, &kt_papers_nl_size},
};

static const char *find(const struct kt_words *w, const char *key)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->row[i].key, key) == 0)
			return w->row[i].value;
	return NULL;
}

const char *kt_words_get(const struct kt_words *w, const char *key)
{
	const char *v = find(w, key);

	return v != NULL ? v : "";
}

const char *kt_words_of(const struct kt_words *w, const char *prefix, const char *name,
			const char *fallback)
{
	char key[128];
	const char *v;

	snprintf(key, sizeof(key), "%s.%s", prefix, name);
	v = find(w, key);
	return v != NULL ? v : fallback;
}

bool kt_words_reviewed(const struct kt_words *w)
{
	return *kt_words_get(w, "reviewed-by") != '\0';
}

bool kt_words_rtl(const struct kt_words *w)
{
	return strcmp(kt_words_get(w, "direction"), "rtl") == 0;
}

/* -- reading ---------------------------------------------------------------------------------- */

static char *trim(char *s, char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	return s;
}

static int take_line(struct kt_words *w, char *s, char *end, size_t line, const char *name,
		     struct kt_err *err)
{
	char *eq;

	s = trim(s, end);
	if (*s == '\0' || *s == '#')
		return 0;
	eq = strchr(s, '=');
	if (eq == NULL || eq == s)
		return KT_FAIL(err, KT_E_FORMAT, "%.60s, line %zu: not \"key = text\"", name, line);
	if (w->n == KEYS_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "%.60s: more than %u keys", name, KEYS_MAX);
	w->row[w->n].value = trim(eq + 1, s + strlen(s));
	w->row[w->n].key = trim(s, eq);
	if (find(w, w->row[w->n].key) != NULL)
		return KT_FAIL(err, KT_E_FORMAT, "%.60s, line %zu: %.40s stands twice", name, line,
			       w->row[w->n].key);
	w->n++;
	return 0;
}

static int read_lines(struct kt_words *w, size_t n, const char *name, struct kt_err *err)
{
	char *s = w->text, *end = w->text + n;
	size_t line = 0;
	int r = 0;

	while (s < end && r == 0) {
		char *nl = memchr(s, '\n', (size_t)(end - s));

		if (nl == NULL)
			nl = end;
		r = take_line(w, s, nl, ++line, name, err);
		s = nl + 1;
	}
	return r;
}

/* How often {name} stands in a text; *len gets its length with braces. 0 when there is none at s. */
static size_t placeholder(const char *s)
{
	size_t n;

	if (*s != '{')
		return 0;
	n = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
	return n > 0 && s[n + 1] == '}' ? n + 2 : 0;
}

static size_t times(const char *text, const char *what, size_t n)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += placeholder(text) == n && strncmp(text, what, n) == 0;
	return count;
}

/* Does each text keep the placeholders of the English one? */
static bool same_placeholders(const char *a, const char *b)
{
	for (int turn = 0; turn < 2; turn++) {
		const char *s = turn == 0 ? a : b;

		for (; *s != '\0'; s++) {
			size_t n = placeholder(s);

			if (n > 0 && times(a, s, n) != times(b, s, n))
				return false;
		}
	}
	return true;
}

static bool may_be_empty(const char *key)
{
	return strcmp(key, "reviewed-by") == 0 || strcmp(key, "reviewed-on") == 0;
}

static int compare(const struct kt_words *w, const struct kt_words *en, const char *name,
		   struct kt_err *err)
{
	if (strcmp(kt_words_get(w, "format"), "keten-paper-1") != 0)
		return KT_FAIL(err, KT_E_FORMAT, "%.60s: its format is not keten-paper-1", name);
	for (size_t i = 0; i < en->n; i++) {
		const char *key = en->row[i].key, *v = find(w, key);

		if (v == NULL || (*v == '\0' && !may_be_empty(key)))
			return KT_FAIL(err, KT_E_FORMAT, "%.60s: \"%.40s\" is missing", name, key);
		if (!same_placeholders(v, en->row[i].value))
			return KT_FAIL(
				err, KT_E_FORMAT,
				"%.60s: \"%.40s\" has not the placeholders of the English text",
				name, key);
	}
	for (size_t i = 0; i < w->n; i++)
		if (find(en, w->row[i].key) == NULL && strncmp(w->row[i].key, "source.", 7) != 0)
			return KT_FAIL(err, KT_E_FORMAT, "%.60s: \"%.40s\" is not known", name,
				       w->row[i].key);
	return 0;
}

static int parse(const void *p, size_t n, const char *name, struct kt_words **words,
		 struct kt_err *err)
{
	struct kt_words *w = calloc(1, sizeof(*w));
	int r;

	*words = NULL;
	if (w == NULL || (w->text = malloc(n + 1)) == NULL) {
		free(w);
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	}
	memcpy(w->text, p, n);
	w->text[n] = '\0';
	r = memchr(p, '\0', n) != NULL ? KT_FAIL(err, KT_E_FORMAT, "%.60s: holds a zero byte", name)
				       : read_lines(w, n, name, err);
	if (r < 0)
		kt_words_free(&w);
	*words = w;
	return r;
}

/* Line breaks aside, a file holds nothing that hides or turns what stands beside it. */
static bool is_plain(const char *p, size_t n)
{
	while (n > 0) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl != NULL ? (size_t)(nl - p) : n;

		if (!kt_text_is_plain(p, len))
			return false;
		p += len + (nl != NULL);
		n -= len + (nl != NULL);
	}
	return true;
}

int kt_words_parse(const void *p, size_t n, const char *name, struct kt_words **words,
		   struct kt_err *err)
{
	struct kt_words *en = NULL;
	int r;

	*words = NULL;
	if (!is_plain(p, n))
		return KT_FAIL(err, KT_E_FORMAT, "%.60s: holds control characters or no UTF-8",
			       name);
	r = parse(p, n, name, words, err);
	if (r == 0)
		r = parse(builtin[0].bytes, *builtin[0].size, "en.txt", &en, err);
	if (r == 0 && *words != NULL && en != NULL)
		r = compare(*words, en, name, err);
	kt_words_free(&en);
	if (r < 0)
		kt_words_free(words);
	return r;
}

void kt_words_free(struct kt_words **words)
{
	if (words == NULL || *words == NULL)
		return;
	free((*words)->text);
	free(*words);
	*words = NULL;
}

static int from_dir(const char *dir, const char *tag, struct kt_words **words, struct kt_err *err)
{
	char name[TAG_MAX + 8];
	KT_AUTO_FD fd = kt_dir_open(AT_FDCWD, dir, false, err);
	struct kt_buf b;
	int r;

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "%s.txt", tag);
	kt_buf_init(&b, 0);
	r = kt_file_read(fd, name, FILE_MAX, &b, err);
	if (r == 0)
		r = kt_words_parse(b.p, b.len, name, words, err);
	kt_buf_free(&b);
	return r;
}

static int from_builtin(const char *tag, struct kt_words **words, struct kt_err *err)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (strcmp(builtin[i].tag, tag) == 0)
			return kt_words_parse(builtin[i].bytes, *builtin[i].size, tag, words, err);
	return KT_E_ABSENT;
}

int kt_words_load(const char *dir, const char *tag, struct kt_words **words, struct kt_err *err)
{
	char t[TAG_MAX + 1];
	int r = KT_E_ABSENT;

	*words = NULL;
	if (strlen(tag) > TAG_MAX ||
	    tag[strspn(tag, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] != '\0')
		return KT_FAIL(err, KT_E_USAGE, "a language is a tag such as nl, ar or ti-ER");
	snprintf(t, sizeof(t), "%s", tag);
	while (r == KT_E_ABSENT && t[0] != '\0') {
		struct kt_err own = {0};

		if (dir != NULL)
			r = from_dir(dir, t, words, &own);
		if (r == KT_E_ABSENT)
			r = from_builtin(t, words, &own);
		if (r < 0 && r != KT_E_ABSENT && err != NULL)
			*err = own;
		t[strrchr(t, '-') != NULL ? (size_t)(strrchr(t, '-') - t) : 0] = '\0';
	}
	if (r == KT_E_ABSENT)
		return KT_FAIL(err, KT_E_ABSENT,
			       "there is no reviewed text in \"%.35s\": en and nl are built in, "
			       "further ones come from --information DIR",
			       tag);
	return r;
}

static int tell(const char *dir, const char *tag, kt_words_fn fn, void *arg)
{
	struct kt_words *w = NULL;
	int r = kt_words_load(dir, tag, &w, NULL);

	/* a tag of a region that fell back to its language is that language */
	r = r == 0 && strcmp(kt_words_get(w, "language"), tag) == 0 ? fn(arg, w) : 0;
	kt_words_free(&w);
	return r;
}

int kt_words_each(const char *dir, kt_words_fn fn, void *arg)
{
	static const char *const built_in[] = {"en", "nl"};
	struct dirent **list = NULL;
	int n = dir != NULL ? scandir(dir, &list, NULL, alphasort) : 0, r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		r = tell(dir, built_in[i], fn, arg);
	for (int i = 0; i < n; i++) {
		char tag[TAG_MAX + 1];
		size_t len = strlen(list[i]->d_name);

		if (r == 0 && len > 4 && len - 4 <= TAG_MAX &&
		    strcmp(list[i]->d_name + len - 4, ".txt") == 0) {
			snprintf(tag, sizeof(tag), "%.*s", (int)(len - 4), list[i]->d_name);
			if (strcmp(tag, "en") != 0 && strcmp(tag, "nl") != 0)
				r = tell(dir, tag, fn, arg);
		}
		free(list[i]);
	}
	free(list);
	return r;
}

/* -- filling in ------------------------------------------------------------------------------- */

void kt_words_put(const struct kt_words *w, const char *key, const struct kt_words_fill *fill,
		  struct kt_buf *b)
{
	for (const char *s = kt_words_get(w, key); *s != '\0';) {
		size_t n = placeholder(s);
		const struct kt_words_fill *f = fill;

		while (n > 0 && f != NULL && f->name != NULL &&
		       (strlen(f->name) != n - 2 || strncmp(f->name, s + 1, n - 2) != 0))
			f++;
		if (n > 0 && f != NULL && f->name != NULL) {
			kt_buf_puts(b, f->value);
			s += n;
		} else {
			kt_buf_putc(b, *s++);
		}
	}
}
