/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Paragraphs on paper: a machine token inside text from right to left keeps its order, scripts find
 * their fonts, lines break and never run over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/err.h"
#include "reports/pdf/shapes.h"
#include "reports/pdf/text.h"

static struct pdf_fonts fonts;
static const struct pdf_style sans = {PDF_SANS, 10, PDF_INK};

static int setup(void **state)
{
	struct kt_err err = {0};

	(void)state;
	return pdf_fonts_load(&fonts, &err);
}

/* The characters of a line as they are seen, by the order of its glyphs. */
static void seen(const struct pdf_layout *l, size_t line, uint32_t *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < l->line[line].npieces; i++) {
		const struct pdf_piece *p = &l->piece[l->line[line].piece + i];

		for (size_t g = 0; g < p->nglyphs && n + 1 < cap; g++)
			out[n++] = l->cp[l->glyph[p->glyph + g].cluster];
	}
	out[n] = 0;
}

static size_t find(const uint32_t *s, const char *ascii)
{
	size_t n = strlen(ascii);

	for (size_t i = 0; s[i] != 0; i++) {
		size_t k = 0;

		while (k < n && s[i + k] == (uint8_t)ascii[k])
			k++;
		if (k == n)
			return i;
	}
	return SIZE_MAX;
}

static void add(struct pdf_para *p, const char *s)
{
	pdf_para_add(p, &sans, s, strlen(s));
}

/* Without isolates a date inside Arabic is drawn as 22-11-2026: the hazard is shown, then its cure. */
static void test_date_in_arabic(void **state)
{
	struct pdf_para p = {0};
	struct pdf_layout *l;
	uint32_t s[200];

	(void)state;
	pdf_para_cp(&p, &sans, PDF_FSI);
	add(&p,
	    "\xd9\x85\xd9\x82\xd9\x87\xd9\x89 2026-11-22 \xd8\xa7\xd9\x84\xd8\xa8\xd8\xad\xd8\xb1");
	pdf_para_cp(&p, &sans, PDF_PDI);
	l = pdf_layout(&fonts, &p, 500);
	assert_non_null(l);
	seen(l, 0, s, 200);
	assert_true(find(s, "2026-11-22") == SIZE_MAX);
	assert_true(find(s, "22-11-2026") != SIZE_MAX);
	pdf_layout_free(l);
	pdf_para_reset(&p);
	pdf_para_cp(&p, &sans, PDF_FSI);
	add(&p, "\xd9\x85\xd9\x82\xd9\x87\xd9\x89 ");
	pdf_para_cp(&p, &sans, PDF_LRI);
	add(&p, "2026-11-22");
	pdf_para_cp(&p, &sans, PDF_PDI);
	add(&p, " \xd8\xa7\xd9\x84\xd8\xa8\xd8\xad\xd8\xb1");
	pdf_para_cp(&p, &sans, PDF_PDI);
	l = pdf_layout(&fonts, &p, 500);
	assert_non_null(l);
	seen(l, 0, s, 200);
	assert_true(find(s, "2026-11-22") != SIZE_MAX);
	pdf_layout_free(l);
	pdf_para_free(&p);
}

/* Arabic stands to the right of what comes before it and runs to the left; an isolate ends that. */
static void test_isolate_ends(void **state)
{
	struct pdf_para p = {0};
	struct pdf_layout *l;
	uint32_t s[100];

	(void)state;
	add(&p, "name ");
	pdf_para_cp(&p, &sans, PDF_FSI);
	add(&p, "\xd7\xaa\xd7\x97\xd7\xa0\xd7\xaa");
	pdf_para_cp(&p, &sans, PDF_PDI);
	add(&p, " 12, 13");
	l = pdf_layout(&fonts, &p, 500);
	assert_non_null(l);
	seen(l, 0, s, 100);
	assert_true(find(s, "name ") == 0);
	assert_true(find(s, "12, 13") != SIZE_MAX);
	/* the first letter of the word comes last */
	for (size_t i = 0; s[i] != 0; i++)
		if (s[i] == 0x5d7) {
			assert_true(s[i - 1] == 0x5e0);
			assert_true(s[i + 1] == 0x5ea);
		}
	pdf_layout_free(l);
	pdf_para_free(&p);
}

static void test_fonts(void **state)
{
	static const uint32_t cps[] = {'A',   0x434,  0x3b1,  0x645, 0x6a9,
				       0x6f2, 0x12a3, 0x1208, 0x5d0};

	(void)state;
	for (size_t i = 0; i < sizeof(cps) / sizeof(cps[0]); i++) {
		assert_true(pdf_font_for(&fonts, PDF_SANS, cps[i]) >= 0);
		assert_true(pdf_font_for(&fonts, PDF_BOLD, cps[i]) >= 0);
	}
	assert_true(fonts.font[pdf_font_for(&fonts, PDF_BOLD, 0x12a3)].bold);
	assert_true(fonts.font[pdf_font_for(&fonts, PDF_MONO, 'a')].mono);
	assert_int_equal(pdf_font_for(&fonts, PDF_SANS, 0xe123), -1);
}

static void test_lines(void **state)
{
	struct pdf_para p = {0};
	struct pdf_layout *l;

	(void)state;
	add(&p, "Words that are broken at blanks, and a hash that has none: "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	for (double w = 20; w < 400; w += 17) {
		size_t chars = 0;

		l = pdf_layout(&fonts, &p, w);
		assert_non_null(l);
		for (size_t i = 0; i < l->nlines; i++) {
			assert_true(l->line[i].width <= w + 0.1);
			for (size_t k = 0; k < l->line[i].npieces; k++)
				chars += l->piece[l->line[i].piece + k].nchars;
		}
		/* all but blanks at ends of lines */
		assert_true(chars + l->nlines >= p.n);
		pdf_layout_free(l);
	}
	pdf_para_reset(&p);
	add(&p, "one");
	pdf_para_cp(&p, &sans, PDF_BREAK);
	add(&p, "two");
	l = pdf_layout(&fonts, &p, 400);
	assert_non_null(l);
	assert_int_equal(l->nlines, 2);
	pdf_layout_free(l);
	pdf_para_free(&p);
}

/* What was shaped before looks as if it were shaped anew, also where its neighbours matter. */
static void test_remembered(void **state)
{
	/* one Arabic word alone, in a sentence, and cut in two by a change of size */
	static const char *const texts[] = {
		"2026-11-22",
		"a date: 2026-11-22, and 2026-11-22",
		"\xd9\x85\xd9\x82\xd9\x87\xd9\x89",
		"\xd9\x85\xd9\x82\xd9\x87\xd9\x89 12 \xd9\x85\xd9\x82\xd9\x87\xd9\x89",
		"office Ko\xcc\x88ln \xe1\x8b\xa8\xe1\x8a\xa0",
	};
	const struct pdf_style large = {PDF_SANS, 30, 0};
	struct pdf_fonts forgetful = fonts;

	(void)state;
	forgetful.shapes = NULL;
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < 2 * sizeof(texts) / sizeof(texts[0]); i++) {
			struct pdf_para p = {0};
			struct pdf_layout *a, *b;

			add(&p, texts[i / 2]);
			if (i % 2 == 1)
				pdf_para_add(&p, &large, texts[i / 2], strlen(texts[i / 2]));
			a = pdf_layout(&fonts, &p, 90);
			b = pdf_layout(&forgetful, &p, 90);
			assert_non_null(a);
			assert_non_null(b);
			assert_int_equal(a->nglyphs, b->nglyphs);
			assert_memory_equal(a->glyph, b->glyph, a->nglyphs * sizeof(*a->glyph));
			assert_int_equal(a->nlines, b->nlines);
			pdf_layout_free(a);
			pdf_layout_free(b);
			pdf_para_free(&p);
		}
}

/* A run that finds no room is still shaped; memory stays bounded. */
static void test_no_room(void **state)
{
	struct pdf_shapes *s = pdf_shapes_new();
	uint32_t cp[2] = {'a', 0};
	struct pdf_run run = {cp, 2, 0, 2, 0, false};
	size_t n = 0, got;

	(void)state;
	assert_non_null(s);
	while (pdf_shapes_put(s, &run, 1000) != NULL) {
		assert_non_null(pdf_shapes_get(s, &run, &got));
		assert_int_equal(got, 1000);
		cp[1]++;
		assert_true(++n < 2000);
	}
	assert_null(pdf_shapes_get(s, &run, &got));
	pdf_shapes_free(&s);
	assert_null(s);
	assert_null(pdf_shapes_put(NULL, &run, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date_in_arabic), cmocka_unit_test(test_isolate_ends),
		cmocka_unit_test(test_fonts),	       cmocka_unit_test(test_lines),
		cmocka_unit_test(test_remembered),     cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
