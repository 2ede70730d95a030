/* SPDX-License-Identifier: EUPL-1.2 */
/* Stays along time: a row for each place name, a bar for each stay, years or months below. */
#include "reports/render/html_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT	 250 /* units for the names of the rows */
#define RIGHT	 990
#define ROW	 34
#define TOP	 14
#define DAY	 1440
#define NAME_MAX 34

static int64_t days_before(int64_t y, int64_t m)
{
	static const int16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t p = y - 1;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return p * 365 + p / 4 - p / 100 + p / 400 + before[m - 1] + (leap && m > 2);
}

bool line_minutes(const char *t, int64_t *out)
{
	static const char form[] = "dddd-dd-ddTdd:dd";
	int64_t v[5] = {0};
	size_t part = 0;

	if (t == NULL)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd') {
			if (t[i] < '0' || t[i] > '9')
				return false;
			v[part] = v[part] * 10 + (t[i] - '0');
		} else {
			if (t[i] != form[i])
				return false;
			part++;
		}
	}
	if (v[0] < 1 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31)
		return false;
	*out = (days_before(v[0], v[1]) + v[2] - 1) * DAY + v[3] * 60 + v[4];
	return true;
}

struct scale {
	int64_t from, to; /* minutes */
};

static int64_t at(const struct scale *s, int64_t minute)
{
	return LEFT * 10 + (minute - s->from) * (RIGHT - LEFT) * 10 / (s->to - s->from);
}

static void coord(struct kt_buf *b, const char *name, int64_t tenths)
{
	kt_buf_printf(b, " %s=\"%lld.%lld\"", name, (long long)(tenths / 10),
		      (long long)(tenths % 10));
}

/* Years, quarters, months or days: as many lines as can be told apart. */
static void put_axis(struct kt_buf *b, const struct scale *s, int64_t bottom)
{
	int64_t days = (s->to - s->from) / DAY, last = -10000;
	int64_t step = days > 2500 ? 12 : days > 900 ? 6 : days > 400 ? 3 : days > 60 ? 1 : 0;
	int64_t each = days > 20 ? 7 : 1; /* days */
	int64_t y = 1;

	while (days_before(y + 1, 1) * DAY <= s->from)
		y++;
	for (; days_before(y, 1) * DAY < s->to; y++)
		for (int64_t m = 1; m <= 12; m += step > 0 ? step : 1)
			for (int64_t d = 1; d <= (step > 0 ? 1 : each == 7 ? 28 : 31); d += each) {
				int64_t t = (days_before(y, m) + d - 1) * DAY, x;

				if (t < s->from || t >= s->to ||
				    t >= days_before(m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1) *
						    DAY)
					continue;
				x = at(s, t);
				kt_buf_puts(b, "<line class=\"grid\"");
				coord(b, "x1", x);
				coord(b, "y1", TOP * 10);
				coord(b, "x2", x);
				coord(b, "y2", bottom * 10);
				kt_buf_puts(b, "/>\n");
				if (x - last < 800 || x > 9150)
					continue;
				last = x;
				kt_buf_puts(b, "<text class=\"soft\"");
				coord(b, "x", x + 20);
				coord(b, "y", bottom * 10 + 160);
				if (step == 12)
					kt_buf_printf(b, ">%lld</text>\n", (long long)y);
				else if (step > 0)
					kt_buf_printf(b, ">%lld-%02lld</text>\n", (long long)y,
						      (long long)m);
				else
					kt_buf_printf(b, ">%lld-%02lld-%02lld</text>\n",
						      (long long)y, (long long)m, (long long)d);
			}
}

/* A name that fits: cut at a character of UTF-8, never inside an entity. */
static void put_name(struct kt_buf *b, const char *s)
{
	size_t n = 0, chars = 0;

	while (s[n] != '\0' && chars < NAME_MAX) {
		if (s[n] == '&')
			n += strcspn(s + n, ";");
		do
			n++;
		while (((uint8_t)s[n] & 0xc0) == 0x80);
		chars++;
	}
	kt_buf_put(b, s, n);
	if (s[n] != '\0')
		kt_buf_puts(b, "\xe2\x80\xa6");
}

void line_draw(struct kt_buf *b, const char *const *row, size_t rows, const struct line_stay *st,
	       size_t n, const struct map_words *w)
{
	struct scale s = {INT64_MAX, INT64_MIN};
	int64_t bottom = TOP + (int64_t)rows * ROW;

	for (size_t i = 0; i < n; i++) {
		s.from = st[i].from < s.from ? st[i].from : s.from;
		s.to = st[i].to > s.to ? st[i].to : s.to;
	}
	if (n == 0 || rows == 0)
		return;
	s.from -= (s.to - s.from) / 50 + DAY;
	s.to += (s.to - s.from) / 50 + DAY;
	kt_buf_printf(b,
		      "<svg role=\"img\" class=\"line\" aria-labelledby=\"line-title line-desc\" "
		      "viewBox=\"0 0 1000 %lld\">\n<title id=\"line-title\">%s</title><desc "
		      "id=\"line-desc\">%s</desc>\n",
		      (long long)bottom + 26, w->title, w->desc);
	put_axis(b, &s, bottom);
	for (size_t i = 0; i < rows; i++) {
		kt_buf_printf(b, "<text class=\"name\" x=\"0\" y=\"%lld\">",
			      (long long)(TOP + (int64_t)i * ROW + ROW / 2 + 4));
		put_name(b, row[i]);
		kt_buf_printf(b,
			      "</text>\n<line class=\"grid\" x1=\"%d\" y1=\"%lld\" x2=\"%d\" "
			      "y2=\"%lld\"/>\n",
			      LEFT, (long long)(TOP + (int64_t)(i + 1) * ROW), RIGHT,
			      (long long)(TOP + (int64_t)(i + 1) * ROW));
	}
	for (size_t i = 0; i < n; i++) {
		int64_t x1 = at(&s, st[i].from), x2 = at(&s, st[i].to);

		if (st[i].row >= rows)
			continue;
		if (x2 - x1 < 25)
			x2 = x1 + 25;
		kt_buf_puts(b, "<rect class=\"bar\"");
		coord(b, "x", x1);
		coord(b, "y", (TOP + st[i].row * ROW + 8) * 10);
		coord(b, "width", x2 - x1);
		coord(b, "height", (ROW - 16) * 10);
		kt_buf_puts(b, "/>\n");
	}
	kt_buf_printf(
		b, "<line class=\"axis\" x1=\"%d\" y1=\"%lld\" x2=\"%d\" y2=\"%lld\"/>\n</svg>\n",
		LEFT, (long long)bottom, RIGHT, (long long)bottom);
}
