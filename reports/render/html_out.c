/* SPDX-License-Identifier: EUPL-1.2 */
/* Escaped output and the flat form of an element. */
#include "reports/render/html_i.h"
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH	 16u
#define PATH	 512u
#define TEXT_MAX 2048u /* longest text of ours */

/* -- flat elements ---------------------------------------------------------------------------- */

static int flat_add(struct flat *f, const char *path, int tok, const struct kt_json *j,
		    struct kt_err *err)
{
	if (f->n >= FLAT_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "page: an element has too many members");
	f->e[f->n].tok = (uint8_t)tok;
	f->e[f->n].key = (uint32_t)f->text.len;
	kt_buf_put(&f->text, path, strlen(path) + 1);
	f->e[f->n].val = (uint32_t)f->text.len;
	if (tok == KT_JSON_STRING || tok == KT_JSON_NUMBER)
		for (size_t i = 0; i < j->str_len; i++) /* a NUL would cut it: shown instead */
			kt_buf_putc(&f->text, j->str[i] == '\0' ? '?' : j->str[i]);
	kt_buf_putc(&f->text, '\0');
	f->n++;
	return f->text.failed ? KT_FAIL(err, KT_E_LIMIT, "page: an element is too large") : 0;
}

struct level {
	size_t len;	/* of the path up to here */
	unsigned index; /* next element; arrays */
	bool array;
};

/* Puts the index of the next element behind the path when the innermost level is an array. */
static int flat_index(struct level *l, char *path)
{
	if (!l->array)
		return 0;
	if (l->len + 12 > PATH)
		return KT_E_LIMIT;
	snprintf(path + l->len, PATH - l->len, "%s%u", l->len > 0 ? "." : "", l->index++);
	return 0;
}

static int flat_key(const struct level *l, char *path, const struct kt_json *j)
{
	if (l->len + j->str_len + 2 > PATH || memchr(j->str, '\0', j->str_len) != NULL)
		return KT_E_LIMIT;
	snprintf(path + l->len, PATH - l->len, "%s%s", l->len > 0 ? "." : "", j->str);
	return 0;
}

int flat_read(struct flat *f, struct kt_json *j, int tok, struct kt_err *err)
{
	struct level lev[DEPTH];
	char path[PATH] = "";
	unsigned depth = 0;
	int c = 0;

	f->n = 0;
	kt_buf_reset(&f->text);
	if (tok == KT_JSON_END || tok == KT_JSON_OBJ_END || tok == KT_JSON_ARR_END ||
	    tok == KT_JSON_KEY)
		return KT_FAIL(err, KT_E_INTERNAL, "page: no value");
	for (;;) {
		if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR) {
			if (depth > 0)
				c = flat_index(&lev[depth - 1], path);
			if (depth == DEPTH || c < 0)
				return KT_FAIL(err, KT_E_LIMIT, "page: nested too deeply");
			lev[depth].len = strlen(path);
			lev[depth].index = 0;
			lev[depth++].array = tok == KT_JSON_ARR;
		} else if (tok == KT_JSON_OBJ_END || tok == KT_JSON_ARR_END) {
			depth--;
			path[lev[depth].len] = '\0';
		} else if (tok == KT_JSON_KEY) {
			c = flat_key(&lev[depth - 1], path, j);
			if (c < 0)
				return KT_FAIL(err, c, "page: a member's name is too long");
		} else {
			if (depth > 0)
				c = flat_index(&lev[depth - 1], path);
			if (c == 0)
				c = flat_add(f, path, tok, j, err);
			if (c < 0)
				return c;
		}
		if (depth == 0)
			return 0;
		tok = kt_json_next(j, err);
		if (tok < 0)
			return tok;
	}
}

const char *flat_get(const struct flat *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp((const char *)f->text.p + f->e[i].key, path) == 0) {
			if (f->e[i].tok == KT_JSON_NULL)
				return NULL;
			if (f->e[i].tok == KT_JSON_TRUE)
				return N_("yes");
			if (f->e[i].tok == KT_JSON_FALSE)
				return N_("no");
			return (const char *)f->text.p + f->e[i].val;
		}
	return NULL;
}

bool flat_true(const struct flat *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp((const char *)f->text.p + f->e[i].key, path) == 0)
			return f->e[i].tok == KT_JSON_TRUE;
	return false;
}

const char *flat_at(const struct flat *f, const char *path, unsigned i)
{
	char full[PATH];

	snprintf(full, sizeof(full), "%s.%u", path, i);
	return flat_get(f, full);
}

const char *flat_in(const struct flat *f, const char *path, unsigned i, const char *member)
{
	char full[PATH];

	snprintf(full, sizeof(full), "%s.%u.%s", path, i, member);
	return flat_get(f, full);
}

bool flat_has(const struct flat *f, const char *path, unsigned i)
{
	char full[PATH];
	size_t n;

	snprintf(full, sizeof(full), "%s.%u.", path, i);
	n = strlen(full);
	for (size_t k = 0; k < f->n; k++)
		if (strncmp((const char *)f->text.p + f->e[k].key, full, n) == 0)
			return true;
	return false;
}

/* -- output ----------------------------------------------------------------------------------- */

void put_raw(struct html *h, const char *s)
{
	kt_buf_puts(h->o, s);
}

static bool all_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

/* Digits in groups of three, parted by a narrow no-break space. */
static void put_grouped(struct kt_buf *b, const char *s)
{
	size_t n = strlen(s), i = 0;

	if (!all_digits(s, n)) {
		kt_text_markup(b, s);
		return;
	}
	for (; i < n; i++) {
		if (i > 0 && n > 4 && (n - i) % 3 == 0)
			kt_buf_puts(b, "\xe2\x80\xaf");
		kt_buf_putc(b, s[i]);
	}
}

static void put_bytes(struct kt_buf *b, enum kt_lang lang, const char *s)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	uint64_t v = 0;
	unsigned u = 0;

	put_grouped(b, s);
	kt_buf_puts(b, " ");
	kt_buf_puts(b, kt_trn(lang, "byte", "bytes", strcmp(s, "1") != 0 ? 2 : 1));
	if (!all_digits(s, strlen(s)) || strlen(s) > 15)
		return;
	for (; *s != '\0'; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	if (v < 10240)
		return;
	while (v >= UINT64_C(1048576) && u < 3) {
		v /= 1024;
		u++;
	}
	kt_buf_printf(b, " (%llu%c%llu %s)", (unsigned long long)(v / 1024),
		      lang == KT_LANG_NL ? ',' : '.', (unsigned long long)(v % 1024 * 10 / 1024),
		      units[u]);
}

/* A decimal number with the sign of the language between its parts. */
static void put_decimal(struct kt_buf *b, enum kt_lang lang, const char *s)
{
	kt_buf_puts(b, "<bdi dir=\"ltr\">");
	for (; *s != '\0' && strchr("-0123456789.", *s) != NULL; s++)
		kt_buf_putc(b, *s == '.' && lang == KT_LANG_NL ? ',' : *s);
	kt_text_markup(b, s);
	kt_buf_puts(b, "</bdi>");
}

/* "2024-05-12T14:03:22Z" as "2024-05-12 14:03:22 UTC"; anything else as it is. */
static void put_utc(struct kt_buf *b, const char *s)
{
	size_t n = strlen(s);
	bool ok = n >= 20 && s[10] == 'T' && s[n - 1] == 'Z' && all_digits(s, 4) && n < 32;
	char date[16], time[40];

	kt_buf_puts(b, "<bdi dir=\"ltr\">");
	if (ok) {
		snprintf(date, sizeof(date), "%.10s", s);
		snprintf(time, sizeof(time), "%.*s", (int)(n - 12), s + 11);
		kt_buf_puts(b, "<span>");
		kt_text_markup(b, date);
		kt_buf_puts(b, "</span> <span>");
		kt_text_markup(b, time);
		kt_buf_puts(b, " UTC</span>");
	} else {
		kt_text_markup(b, s);
	}
	kt_buf_puts(b, "</bdi>");
}

/* One text of ours; with composed, one that was made of a pattern. */
static bool translated(struct kt_buf *b, enum kt_lang lang, const char *s, bool composed)
{
	const char *t = kt_tr(lang, s);
	struct kt_buf made;
	bool ok;

	if (t != s) {
		kt_text_markup(b, t);
		return true;
	}
	if (!composed || strchr(s, ' ') == NULL)
		return false;
	kt_buf_init(&made, 0);
	ok = kt_tr_composed(lang, s, &made) && !made.failed;
	if (ok)
		kt_text_markup(b, kt_buf_cstr(&made));
	kt_buf_free(&made);
	return ok;
}

/* The longest run of sentences at the start that is a text of ours; its length, 0: none. */
static size_t first_known(struct kt_buf *b, enum kt_lang lang, const char *s, bool composed)
{
	char part[TEXT_MAX];

	for (size_t n = strlen(s); n > 1; n--) {
		if (n >= sizeof(part) ||
		    (s[n] != '\0' && (s[n] != ' ' || (s[n - 1] != '.' && s[n - 1] != ':'))))
			continue;
		memcpy(part, s, n);
		part[n] = '\0';
		if (translated(b, lang, part, composed))
			return n;
	}
	return 0;
}

/* A text of ours, whole or sentence by sentence; what is none of ours stays as it is. */
static void put_ours(struct kt_buf *b, enum kt_lang lang, const char *s)
{
	while (lang != KT_LANG_EN && *s != '\0') {
		size_t n = first_known(b, lang, s, false);

		/* a value may hold what looks like our sentences, so what is whole comes first */
		if (n == 0)
			n = first_known(b, lang, s, true);

		s += n;
		if (n == 0)
			break;
		while (*s == ' ') {
			kt_buf_putc(b, ' ');
			s++;
		}
	}
	kt_text_markup(b, s);
}

/* A code word of ours: its own words when there are some, else with blanks for hyphens. */
static void put_words(struct kt_buf *b, enum kt_lang lang, const char *s)
{
	char t[128] = "";
	size_t n = strlen(s);

	if (n >= sizeof(t) || strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != n) {
		put_ours(b, lang, s);
		return;
	}
	for (size_t i = 0; i <= n; i++)
		t[i] = s[i] == '-' ? ' ' : s[i];
	kt_text_markup(b, kt_tr(lang, t));
}

static void put_one(struct html *h, char what, const char *s)
{
	struct kt_buf *b = h->o;

	if (s == NULL || *s == '\0') {
		kt_buf_puts(b, "\xe2\x80\x93");
		return;
	}
	switch (what) {
	case 't':
		kt_text_markup(b, s);
		break;
	case 'T':
		put_ours(b, h->lang, s);
		break;
	case 'd':
		put_decimal(b, h->lang, s);
		break;
	case 'p':
		kt_buf_puts(b, "<bdi class=\"phone\">");
		kt_text_markup(b, s);
		kt_buf_puts(b, "</bdi>");
		break;
	case 'c':
		kt_buf_puts(b, "<code dir=\"ltr\">");
		kt_text_markup(b, s);
		kt_buf_puts(b, "</code>");
		break;
	case 'n':
		kt_buf_puts(b, "<bdi dir=\"ltr\">");
		put_grouped(b, s);
		kt_buf_puts(b, "</bdi>");
		break;
	case 'b':
		kt_buf_puts(b, "<bdi dir=\"ltr\">");
		put_bytes(b, h->lang, s);
		kt_buf_puts(b, "</bdi>");
		break;
	case 'u':
		put_utc(b, s);
		break;
	default:
		put_words(b, h->lang, s);
		break;
	}
}

static void put_parts(struct html *h, const char *fmt, va_list *ap);

/* A text of ours, between braces in the format: in the language of the page. */
static const char *put_braced(struct html *h, const char *from, va_list *ap)
{
	const char *end = strchr(from, '}');
	char id[TEXT_MAX];

	if (end == NULL || (size_t)(end - from) >= sizeof(id)) {
		h->o->failed = true; /* a mistake of ours; tests would see it */
		return from + strlen(from);
	}
	memcpy(id, from, (size_t)(end - from));
	id[end - from] = '\0';
	put_parts(h, kt_tr(h->lang, id), ap);
	return end + 1;
}

/* NOLINTNEXTLINE(misc-no-recursion): one level, a text holds no braces */
static void put_parts(struct html *h, const char *fmt, va_list *ap)
{
	while (*fmt != '\0') {
		size_t plain = strcspn(fmt, "%{");

		kt_buf_put(h->o, fmt, plain);
		fmt += plain;
		if (*fmt == '{') {
			fmt = put_braced(h, fmt + 1, ap);
		} else if (*fmt == '%' && fmt[1] != '\0') {
			if (fmt[1] == '%')
				kt_buf_putc(h->o, '%');
			else
				put_one(h, fmt[1], va_arg(*ap, const char *));
			fmt += 2;
		} else if (*fmt == '%') {
			break;
		}
	}
}

void put(struct html *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_parts(h, fmt, &ap);
	va_end(ap);
}

void put_dl(struct html *h, const char *term, const char *fmt, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	put(h, "<div><dt>%T</dt><dd>", term);
	put(h, fmt, value);
	put_raw(h, "</dd></div>\n");
}

const char *title_of(const struct html *h, const char *id)
{
	for (unsigned i = 0; id != NULL && i < h->nplugins; i++)
		if (strcmp(h->plugin[i].id, id) == 0)
			return h->plugin[i].title;
	return id;
}

const char *milli(const char *s, char *out, size_t n)
{
	const char *digits = *s == '-' ? s + 1 : s;
	size_t len = strlen(digits);
	char t[32], *end;

	if (!all_digits(digits, len) || len > 20)
		return s;
	snprintf(t, sizeof(t), "%s%s", len < 4 ? &"0000"[len] : "", digits);
	len = strlen(t);
	snprintf(out, n, "%s%.*s.%s", *s == '-' ? "-" : "", (int)(len - 3), t, t + len - 3);
	end = out + strlen(out);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return out;
}
