/* SPDX-License-Identifier: EUPL-1.2 */
/* Reads the catalogues as msgfmt writes them (the MO format of GNU gettext, little-endian). */
#include "core/tr.h"
#include "core/buf.h"

#include <stdbool.h>
#include <string.h>

/* Made from po/ by the build. */
extern const uint8_t kt_mo_nl[];
extern const size_t kt_mo_nl_len;

#define MO_MAGIC 0x950412deu

static const char *const codes[KT_LANG_END] = {"en", "nl"};

const char *kt_lang_code(enum kt_lang lang)
{
	return lang < KT_LANG_END ? codes[lang] : codes[KT_LANG_EN];
}

int kt_lang_find(const char *code)
{
	for (int i = 0; code != NULL && i < KT_LANG_END; i++)
		if (strncmp(code, codes[i], 2) == 0 &&
		    (code[2] == '\0' || code[2] == '_' || code[2] == '.' || code[2] == '-'))
			return i;
	return -1;
}

static uint32_t word(const uint8_t *mo, size_t off)
{
	return kt_get_le32(mo + off);
}

/* Text i of a table of (length, offset) at tab. */
static const char *text_at(const uint8_t *mo, uint32_t tab, uint32_t i)
{
	return (const char *)mo + word(mo, tab + (size_t)i * 8 + 4);
}

/* Translation of a text; NULL when there is none. The texts stand in order of bytes. */
static const char *find(const char *text)
{
	const uint8_t *mo = kt_mo_nl;
	uint32_t lo = 0, hi, from, to;

	if (kt_mo_nl_len < 28 || word(mo, 0) != MO_MAGIC || *text == '\0')
		return NULL;
	hi = word(mo, 8);
	from = word(mo, 12);
	to = word(mo, 16);
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = strcmp(text, text_at(mo, from, mid));

		if (c == 0)
			return text_at(mo, to, mid);
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const char *kt_tr(enum kt_lang lang, const char *text)
{
	const char *t = text != NULL && lang == KT_LANG_NL ? find(text) : NULL;

	return t != NULL && *t != '\0' ? t : text;
}

/* English and Dutch agree: one form for 1, another for everything else. */
const char *kt_trn(enum kt_lang lang, const char *one, const char *many, uint64_t n)
{
	const char *t = lang == KT_LANG_NL ? find(one) : NULL;

	if (t == NULL || *t == '\0')
		return n == 1 ? one : many;
	/* the forms follow one another, each with its NUL */
	return n == 1 ? t : t + strlen(t) + 1;
}
