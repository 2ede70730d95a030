/* SPDX-License-Identifier: EUPL-1.2 */
/* Text from outside made visible; see core/json.h. */
#include "core/err.h"
#include "core/json.h"

#include <string.h>

unsigned kt_utf8_next(const uint8_t *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned len;
	uint32_t v;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2;
		v = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3;
		v = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4;
		v = p[0] & 0x07;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (unsigned i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return len;
}

unsigned kt_utf8_put(uint8_t out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | (cp >> 18 & 7));
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

/*
 * Characters that change how the text around them reads without being seen: controls, the
 * bidirectional controls of Unicode annex 9, line separators, zero-width and interlinear marks.
 */
static bool is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe007f) || (c & 0xfffe) == 0xfffe;
}

/* How many bytes from here on are visible ASCII that stands for itself. */
static size_t plain_run(const uint8_t *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '\\')
		i++;
	return i;
}

bool kt_text_is_plain(const void *p, size_t n)
{
	const uint8_t *s = p;
	size_t i = plain_run(s, n);

	while (i < n) {
		uint32_t cp;
		unsigned len = kt_utf8_next(s + i, n - i, &cp);

		if (len == 0 || cp == '\\' || is_hidden(cp))
			return false;
		i += len;
		i += plain_run(s + i, n - i);
	}
	return true;
}

void kt_text_escape(struct kt_buf *b, const void *p, size_t n)
{
	const uint8_t *s = p;
	size_t i = 0;

	while (i < n) {
		uint32_t cp = 0;
		size_t plain = plain_run(s + i, n - i);
		unsigned len;

		kt_buf_put(b, s + i, plain);
		i += plain;
		if (i == n)
			break;
		len = kt_utf8_next(s + i, n - i, &cp);
		if (len == 0) {
			kt_buf_printf(b, "\\x%02x", s[i]);
			i++;
			continue;
		}
		if (cp == '\\')
			kt_buf_puts(b, "\\\\");
		else if (is_hidden(cp))
			kt_buf_printf(b, "\\u{%04x}", (unsigned)cp);
		else
			kt_buf_put(b, s + i, len);
		i += len;
	}
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void kt_text_markup(struct kt_buf *b, const char *s)
{
	size_t n = strlen(s), from = 0, i = 0;

	while (i < n) {
		const uint8_t *p = (const uint8_t *)s + i;
		const char *ent = entity(s[i]);
		uint32_t cp = 0;
		unsigned len = 1;

		if (ent == NULL && ((*p >= 0x20 && *p < 0x7f) || *p == '\n')) {
			i++;
			continue;
		}
		kt_buf_put(b, s + from, i - from);
		if (ent != NULL) {
			kt_buf_puts(b, ent);
		} else {
			len = kt_utf8_next(p, n - i, &cp);
			if (len == 0)
				len = 1;
			kt_text_escape(b, p, len);
		}
		i += len;
		from = i;
	}
	kt_buf_put(b, s + from, i - from);
}
