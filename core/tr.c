/* SPDX-License-Identifier: EUPL-1.2 */
/* Reads the catalogues as msgfmt writes them (the MO format of GNU gettext, little-endian). */
#include "core/tr.h"
#include "core/buf.h"

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

/* -- composed texts --------------------------------------------------------------------------- */

#define VALUES_MAX 8u

struct value {
	const char *s;
	size_t n;
};

/* Length of a conversion of printf at s ("%s", "%llu"); 0: there is none. */
static size_t conversion(const char *s)
{
	size_t n = 1;

	if (*s != '%')
		return 0;
	while (s[n] == 'l' || s[n] == 'z')
		n++;
	return s[n] == 's' || s[n] == 'u' || s[n] == 'd' ? n + 1 : 0;
}

/* Fits text to a pattern; values get what stands for its conversions. */
static bool fits(const char *pattern, const char *text, struct value *v, size_t *nv)
{
	*nv = 0;
	for (;;) {
		size_t lit = 0, conv = 0;
		const char *at;

		while (pattern[lit] != '\0' && (conv = conversion(pattern + lit)) == 0)
			lit++;
		if (*nv == 0 && lit == 0 && pattern[0] != '%')
			return false;
		if (pattern[lit] == '\0') { /* the last piece has to be the end of the text */
			size_t len = strlen(text);

			if (*nv == 0 || len < lit || memcmp(text + len - lit, pattern, lit) != 0)
				return false;
			v[*nv - 1].n = len - lit;
			return true;
		}
		at = *nv == 0	? (strncmp(text, pattern, lit) == 0 ? text : NULL)
		     : lit == 0 ? text
				: memmem(text, strlen(text), pattern, lit);
		if (at == NULL || *nv == VALUES_MAX)
			return false;
		if (*nv > 0)
			v[*nv - 1].n = (size_t)(at - text);
		text = at + lit;
		v[(*nv)++].s = text;
		pattern += lit + conv;
	}
}

bool kt_tr_composed(enum kt_lang lang, const char *text, struct kt_buf *out)
{
	const uint8_t *mo = kt_mo_nl;
	struct value v[VALUES_MAX];
	size_t nv, k = 0;

	if (lang != KT_LANG_NL || kt_mo_nl_len < 28 || word(mo, 0) != MO_MAGIC)
		return false;
	for (uint32_t i = 0; i < word(mo, 8); i++) {
		const char *p = text_at(mo, word(mo, 12), i), *t = text_at(mo, word(mo, 16), i);

		/* patterns of views, with their own conversions, are none of these */
		if (strchr(p, '%') == NULL || *t == '\0' || !fits(p, text, v, &nv))
			continue;
		while (*t != '\0') {
			/* "%2$s": the second value, whichever comes before it here */
			bool numbered = t[0] == '%' && t[1] >= '1' && t[1] <= '8' && t[2] == '$';
			size_t conv = conversion(t), which = numbered ? (size_t)(t[1] - '1') : k;

			if (!numbered && conv == 0) {
				kt_buf_putc(out, *t++);
				continue;
			}
			if (which < nv)
				kt_buf_put(out, v[which].s, v[which].n);
			k++;
			t += numbered ? 3 + strspn(t + 3, "lz") + 1 : conv;
		}
		return true;
	}
	return false;
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
