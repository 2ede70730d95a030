/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/words.h"

#include "core/buf.h"

enum kt_lang kd_lang = KT_LANG_EN;

#define LRI "\u2066"
#define FSI "\u2068"
#define PDI "\u2069"

const char *kd_word(enum kt_vocab v, const char *token)
{
	const char *w = kt_word(v, token);

	return w == NULL ? "" : w == token ? token : kd_tr(w);
}

char *kd_said(const char *text)
{
	struct kt_buf b;
	char *s = NULL;

	kt_buf_init(&b, 0);
	if (kt_tr_composed(kd_lang, text, &b) && !b.failed)
		s = g_strndup((const char *)b.p, b.len);
	kt_buf_free(&b);
	return s != NULL ? s : g_strdup(text);
}

char *kd_word_shown(enum kt_vocab v, const char *token)
{
	const char *w = kd_word(v, token);

	return w == token && w[0] != '\0' ? kd_isolate(w) : g_strdup(w);
}

/*
 * Characters that steer the direction of text are written out: one that ends an isolate would let a
 * name from a phone reorder the words around it.
 */
static char *isolated(const char *with, const char *text)
{
	GString *s = g_string_new(with);
	char *valid = text != NULL && !g_utf8_validate(text, -1, NULL) ? g_utf8_make_valid(text, -1)
								       : NULL;

	if (valid != NULL)
		text = valid;
	for (const char *p = text != NULL ? text : ""; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
		    c == 0x200f || c == 0x061c)
			g_string_append_printf(s, "\\u{%x}", c);
		else
			g_string_append_len(s, p, g_utf8_next_char(p) - p);
	}
	g_string_append(s, PDI);
	g_free(valid);
	return g_string_free(s, FALSE);
}

char *kd_isolate(const char *text)
{
	return isolated(FSI, text);
}

char *kd_ltr(const char *text)
{
	return isolated(LRI, text);
}

void kd_trim(char *text)
{
	const char *end;

	if (!g_utf8_validate(text, -1, &end))
		text[end - text] = '\0';
}
