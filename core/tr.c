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
#define VALUE_MAX  512u /* of a value that may be a text of ours */
#define DEPTH_MAX  3u

struct value {
	const char *s;
	size_t n;
	char kind; /* last letter of its conversion */
};

/* A number's place holds a number: "%llu hold a position" does not begin with a sentence. */
static bool may_be(const struct value *v)
{
	const char *digits = v->kind == 's'   ? NULL
			     : v->kind == 'x' ? "0123456789abcdef"
					      : "-0123456789";

	for (size_t i = 0; digits != NULL && i < v->n; i++)
		if (strchr(digits, v->s[i]) == NULL)
			return false;
	return digits == NULL || v->n > 0;
}

/* Length of a conversion of printf at s ("%s", "%.40s", "%llu"); 0: there is none. */
static size_t conversion(const char *s)
{
	size_t n = 1;

	if (*s != '%')
		return 0;
	n += strspn(s + n, "0123456789.*");
	n += strspn(s + n, "lz");
	return s[n] != '\0' && strchr("sudx", s[n]) != NULL ? n + 1 : 0;
}

/* Fits text to a pattern; values get what stands for its conversions. Its own bytes; 0: it does not fit. */
static size_t fits(const char *pattern, const char *text, struct value *v, size_t *nv)
{
	size_t own = 0;

	*nv = 0;
	for (;;) {
		size_t lit = 0, conv = 0;
		const char *at;

		while (pattern[lit] != '\0' && (conv = conversion(pattern + lit)) == 0)
			lit++;
		own += lit;
		if (pattern[lit] == '\0') { /* the last piece has to be the end of the text */
			size_t len = strlen(text);

			if (*nv == 0 || len < lit || memcmp(text + len - lit, pattern, lit) != 0)
				return 0;
			v[*nv - 1].n = len - lit;
			return may_be(&v[*nv - 1]) ? own : 0;
		}
		at = *nv == 0	? (strncmp(text, pattern, lit) == 0 ? text : NULL)
		     : lit == 0 ? text
				: memmem(text, strlen(text), pattern, lit);
		if (at == NULL || *nv == VALUES_MAX)
			return 0;
		if (*nv > 0) {
			v[*nv - 1].n = (size_t)(at - text);
			if (!may_be(&v[*nv - 1]))
				return 0;
		}
		text = at + lit;
		v[*nv].kind = pattern[lit + conv - 1];
		v[(*nv)++].s = text;
		pattern += lit + conv;
	}
}

/* The pattern that says most of a text in its own bytes. Its number and bytes; 0 bytes: none fits. */
static size_t best(const char *text, uint32_t *which)
{
	const uint8_t *mo = kt_mo_nl;
	struct value v[VALUES_MAX];
	size_t nv, most = 0;

	for (uint32_t i = 0; i < word(mo, 8); i++) {
		const char *p = text_at(mo, word(mo, 12), i);
		/* patterns of views, with their own conversions, are none of these */
		size_t own = strchr(p, '%') != NULL && *text_at(mo, word(mo, 16), i) != '\0'
				     ? fits(p, text, v, &nv)
				     : 0;

		if (own > most) {
			most = own;
			*which = i;
		}
	}
	return most;
}

static bool said(const char *text, unsigned depth, struct kt_buf *out);

/* A value that is a text of ours itself; ": " before it is the pattern's, for when there is one. */
static void put_said(const struct value *v, unsigned depth, struct kt_buf *out)
{
	size_t skip = v->n >= 2 && memcmp(v->s, ": ", 2) == 0 ? 2 : 0;
	char text[VALUE_MAX];

	if (depth == 0 || v->n - skip >= sizeof(text)) {
		kt_buf_put(out, v->s, v->n);
		return;
	}
	kt_buf_put(out, v->s, skip);
	memcpy(text, v->s + skip, v->n - skip);
	text[v->n - skip] = '\0';
	if (!said(text, depth - 1, out))
		kt_buf_puts(out, text);
}

static void put_composed(uint32_t which, const char *text, unsigned depth, struct kt_buf *out)
{
	const char *t = text_at(kt_mo_nl, word(kt_mo_nl, 16), which);
	struct value v[VALUES_MAX];
	size_t nv, k = 0;

	fits(text_at(kt_mo_nl, word(kt_mo_nl, 12), which), text, v, &nv);
	while (*t != '\0') {
		/* "%2$s": the second value, whichever comes before it here; "%2$t": it is said too */
		bool numbered = t[0] == '%' && t[1] >= '1' && t[1] <= '8' && t[2] == '$';
		size_t conv = numbered ? 3 + strspn(t + 3, "0123456789.*lz") + 1 : conversion(t);
		size_t value = numbered ? (size_t)(t[1] - '1') : k;

		if (conv == 0) {
			kt_buf_putc(out, *t++);
			continue;
		}
		if (value < nv && t[conv - 1] == 't')
			put_said(&v[value], depth, out);
		else if (value < nv)
			kt_buf_put(out, v[value].s, v[value].n);
		k++;
		t += conv;
	}
}

/* Of "name: text", the text; the text itself when a blank comes first. */
static const char *behind_name(const char *text)
{
	size_t n = strcspn(text, " ");

	return n > 1 && text[n] == ' ' && text[n - 1] == ':' && text[n + 1] != '\0' ? text + n + 1
										    : text;
}

/* Whole, composed, or behind a name: whichever says more. depth: how often a value may be one again. */
static bool said(const char *text, unsigned depth, struct kt_buf *out)
{
	const char *t = find(text), *rest = behind_name(text),
		   *r = rest != text ? find(rest) : NULL;
	uint32_t all = 0, part = 0;
	size_t whole, behind;

	if (t != NULL && *t != '\0') {
		kt_buf_puts(out, t);
		return true;
	}
	whole = best(text, &all);
	behind = r != NULL ? strlen(rest) : rest != text ? best(rest, &part) : 0;
	if (whole == 0 && behind == 0)
		return false;
	if (whole >= behind) {
		put_composed(all, text, depth, out);
		return true;
	}
	kt_buf_put(out, text, (size_t)(rest - text));
	if (r != NULL)
		kt_buf_puts(out, r);
	else
		put_composed(part, rest, depth, out);
	return true;
}

bool kt_tr_composed(enum kt_lang lang, const char *text, struct kt_buf *out)
{
	return lang == KT_LANG_NL && kt_mo_nl_len >= 28 && word(kt_mo_nl, 0) == MO_MAGIC &&
	       said(text, DEPTH_MAX, out);
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
