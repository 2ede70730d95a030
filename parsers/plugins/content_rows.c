/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows of `content query`: see content_rows.h. Printed by Content.java, frameworks/base/cmds/content. */
#include "parsers/plugins/content_rows.h"
#include "parsers/plugins/kind.h"

#include <string.h>

#define WHYS(X)                                                                                    \
	X(NOT_UNDERSTOOD, "not-understood")                                                        \
	X(COLUMNS, "row-not-understood")                                                           \
	X(AMBIGUOUS, "row-ambiguous")                                                              \
	X(TOO_LONG, "row-too-long")                                                                \
	X(NUMBER, "row-number-unexpected")

#define X(id, name) W_##id,
enum why { WHYS(X) W_COUNT };
#undef X
#define X(id, name) name,
static const char *const why_names[W_COUNT] = {WHYS(X)};
#undef X

struct reader {
	struct kt_ctx *ctx;
	struct kt_err *err;
	const struct kt_content_form *forms;
	unsigned nforms;
	int (*row)(void *arg, struct kt_content_row *r, struct kt_err *err);
	void *arg;
	struct kt_lines lines;
	struct {
		uint64_t n;
		struct kt_line_place first;
	} skip[W_COUNT];
	bool empty_answer; /* "No result found." */
	/* the row at hand: its lines, joined by line feeds */
	bool open, too_long;
	int64_t number, next; /* next: the number that comes */
	struct kt_line_place at;
	size_t len;
	char text[KT_CONTENT_ROW_MAX];
	struct kt_content_row r;
};

static int skipped(struct reader *c, enum why why, const struct kt_line_place *at)
{
	if (c->skip[why].n++ == 0)
		c->skip[why].first = *at;
	return 0;
}

static int flush_skips(struct reader *c)
{
	int r = 0;

	for (unsigned i = 0; i < W_COUNT && r >= 0; i++) {
		struct kt_locator l = kt_line_locator(&c->skip[i].first);

		kt_seen(c->ctx, c->skip[i].n);
		r = kt_skip(c->ctx, why_names[i], c->skip[i].n, &l, c->err);
	}
	return r;
}

/* Where ", NAME=" begins in s; NULL. */
static const char *separator(struct kt_str s, const char *name)
{
	size_t n = strlen(name);
	const char *p = s.p, *end = s.p + s.len;

	while ((p = memmem(p, (size_t)(end - p), ", ", 2)) != NULL) {
		if ((size_t)(end - p) >= n + 3 && memcmp(p + 2, name, n) == 0 && p[n + 2] == '=')
			return p;
		p += 2;
	}
	return NULL;
}

static void set_value(struct kt_content_row *r, unsigned i, struct kt_str v)
{
	r->value[i] = v;
	if (kt_str_is(v, "NULL"))
		r->value[i].p = NULL;
}

/* 1: the text has these columns; 0: it has not; -1: it could be read in two ways. */
static int fits(struct kt_str s, const char *const *columns, struct kt_content_row *r)
{
	size_t n = strlen(columns[0]);

	if (!kt_str_starts(s, columns[0]) || s.len <= n || s.p[n] != '=')
		return 0;
	s = kt_str_from(s, n + 1);
	for (unsigned i = 0;; i++) {
		const char *next = columns[i + 1], *p;

		if (next == NULL) {
			set_value(r, i, s);
			return 1;
		}
		p = separator(s, next);
		if (p == NULL)
			return 0;
		set_value(r, i, kt_str_upto(s, (size_t)(p - s.p)));
		s = kt_str_from(s, (size_t)(p - s.p) + strlen(next) + 3);
		if (separator(s, next) != NULL)
			return -1;
	}
}

/* The open row is complete. */
static int row_end(struct reader *c)
{
	struct kt_str s = {c->text, (uint32_t)c->len};
	bool expected;

	c->open = false;
	expected = c->number == c->next;
	c->next = c->number + 1;
	if (!expected)
		return skipped(c, W_NUMBER, &c->at);
	if (c->too_long)
		return skipped(c, W_TOO_LONG, &c->at);
	for (c->r.form = 0; c->r.form < c->nforms; c->r.form++) {
		int r = fits(s, c->forms[c->r.form].columns, &c->r);

		if (r < 0)
			return skipped(c, W_AMBIGUOUS, &c->at);
		if (r == 0)
			continue;
		c->r.at = c->at;
		kt_seen(c->ctx, 1);
		return c->row(c->arg, &c->r, c->err);
	}
	return skipped(c, W_COLUMNS, &c->at);
}

static void add(struct reader *c, struct kt_str s)
{
	if (s.len > sizeof(c->text) - c->len) {
		c->too_long = true;
		return;
	}
	memcpy(c->text + c->len, s.p, s.len);
	c->len += s.len;
}

/* "Row: 17 ": the number, and the line without it. */
static bool row_start(struct kt_str *s, int64_t *number)
{
	struct kt_str t = *s;
	size_t n;

	if (!kt_str_starts(t, "Row: "))
		return false;
	t = kt_str_from(t, 5);
	n = kt_str_digits(t);
	if (n == 0 || n > 9 || t.len <= n || t.p[n] != ' ' || !kt_json_int(t.p, n, number))
		return false;
	*s = kt_str_from(t, n + 1);
	return true;
}

static int line(struct reader *c, struct kt_str s, bool cut)
{
	struct kt_line_place at = {.no = c->lines.line_no, .off = c->lines.line_off, .len = s.len};
	int64_t number;
	int r;

	if (row_start(&s, &number)) {
		r = c->open ? row_end(c) : 0;
		if (r < 0)
			return r;
		c->open = true;
		c->too_long = cut;
		c->number = number;
		c->at = at;
		c->len = 0;
		add(c, s);
		return 0;
	}
	if (c->open) {
		c->too_long |= cut;
		add(c, kt_str_c("\n"));
		add(c, s);
		c->at.len = at.off + at.len - c->at.off;
		return 0;
	}
	if (kt_str_is(kt_str_trim(s), "No result found.")) {
		c->empty_answer = true;
		return 0;
	}
	return kt_str_trim(s).len == 0 ? 0 : skipped(c, W_NOT_UNDERSTOOD, &at);
}

static int all_lines(struct reader *c)
{
	struct kt_str s;
	bool cut, rest = false;
	int r;

	while ((r = kt_lines_next(&c->lines, &s, &cut, c->err)) == 1) {
		if (rest) /* of a line that was too long: its row is given up already */
			c->at.len = c->lines.line_off + s.len - c->at.off;
		else
			r = line(c, s, cut);
		rest = cut;
		if (r < 0)
			return r;
	}
	return r == 0 && c->open ? row_end(c) : r;
}

bool kt_content_is(struct kt_ctx *ctx, struct kt_err *err)
{
	char head[16];
	size_t n;

	if (kt_in_read(ctx, 0, head, sizeof(head), &n, err) < 0)
		return false;
	return n == 0 || (n >= 5 && memcmp(head, "Row: ", 5) == 0) ||
	       (n >= 9 && memcmp(head, "No result", 9) == 0) || head[0] == '\n';
}

int kt_content_read(struct kt_ctx *ctx, const struct kt_content_form *forms, unsigned nforms,
		    int (*row)(void *arg, struct kt_content_row *r, struct kt_err *err), void *arg,
		    struct kt_err *err)
{
	struct reader *c = kt_alloc(ctx, sizeof(*c));
	int r;

	if (c == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for rows");
	memset(c, 0, sizeof(*c));
	c->ctx = ctx;
	c->err = err;
	c->forms = forms;
	c->nforms = nforms;
	c->row = row;
	c->arg = arg;
	kt_lines_init(&c->lines, ctx);
	r = all_lines(c);
	kt_lines_free(&c->lines);
	if (r == 0)
		r = flush_skips(c);
	if (r == 0 && c->next == 0)
		r = kt_note(ctx, c->empty_answer ? "no-rows" : "empty-answer",
			    c->empty_answer
				    ? "The phone says that there are no rows."
				    : "The phone's answer holds no row: the provider may be "
				      "refused or not there.",
			    err);
	return r;
}

int kt_content_or_database(struct kt_ctx *ctx, int (*answer)(void *arg), int (*database)(void *arg),
			   void *arg, const char *what, struct kt_err *err)
{
	int kind = kt_kind(ctx, err);

	if (kind < 0)
		return kind;
	if (kind == KT_KIND_SQLITE)
		return database(arg);
	if (kt_content_is(ctx, err))
		return answer(arg);
	return KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no list of %s", what);
}

bool kt_content_int(const struct kt_content_row *r, int column, int64_t *v)
{
	const struct kt_str *s = &r->value[column];

	return s->p != NULL && kt_json_int(s->p, s->len, v);
}
