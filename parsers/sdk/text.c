/* SPDX-License-Identifier: EUPL-1.2 */
/* Pieces of borrowed lines, and where a line stands. See keten_parser.h. */
#include "parsers/sdk/keten_parser.h"

#include <string.h>

struct kt_str kt_str_c(const char *s)
{
	struct kt_str v = {s, (uint32_t)strlen(s)};

	return v;
}

bool kt_str_starts(struct kt_str s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.p, with, n) == 0;
}

bool kt_str_ends(struct kt_str s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.p + s.len - n, with, n) == 0;
}

bool kt_str_is(struct kt_str s, const char *text)
{
	return s.len == strlen(text) && kt_str_starts(s, text);
}

struct kt_str kt_str_from(struct kt_str s, size_t n)
{
	struct kt_str v = {s.p + n, (uint32_t)(s.len - n)};

	return v;
}

struct kt_str kt_str_upto(struct kt_str s, size_t n)
{
	struct kt_str v = {s.p, (uint32_t)n};

	return v;
}

struct kt_str kt_str_trim(struct kt_str s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = kt_str_from(s, 1);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

size_t kt_str_digits(struct kt_str s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

struct kt_locator kt_line_locator(struct kt_line_place *p)
{
	struct kt_locator l = {.kind = KT_LOC_LINE, .off = p->off, .len = p->len};
	size_t at = sizeof(p->text);
	uint64_t no = p->no;

	do {
		p->text[--at] = (char)('0' + no % 10);
		no /= 10;
	} while (no > 0);
	l.path.p = p->text + at;
	l.path.len = (uint32_t)(sizeof(p->text) - at);
	return l;
}

int kt_lines_each(struct kt_ctx *ctx,
		  int (*fn)(void *arg, struct kt_str line, bool cut, struct kt_line_place *at),
		  void *arg, struct kt_err *err)
{
	bool cut, rest = false; /* rest: of a line that was too long */
	struct kt_lines lines;
	struct kt_str s;
	int r;

	kt_lines_init(&lines, ctx);
	while ((r = kt_lines_next(&lines, &s, &cut, err)) == 1) {
		struct kt_line_place at = {
			.no = lines.line_no, .off = lines.line_off, .len = s.len};

		r = rest ? 0 : fn(arg, s, cut, &at);
		rest = cut;
		if (r < 0)
			break;
	}
	kt_lines_free(&lines);
	return r;
}
