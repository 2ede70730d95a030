/* SPDX-License-Identifier: EUPL-1.2 */
/* The inverse of kt_text_escape(): the programs never need it, the tests prove with it that nothing is lost. */
#ifndef KT_TESTS_UNIT_UNESCAPE_H
#define KT_TESTS_UNIT_UNESCAPE_H

#include <string.h>

#include "core/err.h"
#include "core/json.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One escape behind the backslash; returns how many bytes it took, 0 when malformed. */
static size_t unescape_one(struct kt_buf *b, const char *p, size_t n)
{
	uint8_t utf8[4];
	uint32_t v = 0;
	size_t i;

	if (n >= 1 && p[0] == '\\') {
		kt_buf_putc(b, '\\');
		return 1;
	}
	if (n >= 3 && p[0] == 'x' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
		kt_buf_put_u8(b, (uint8_t)(hex_value(p[1]) << 4 | hex_value(p[2])));
		return 3;
	}
	if (n < 4 || p[0] != 'u' || p[1] != '{')
		return 0;
	for (i = 2; i < n && i < 8 && p[i] != '}'; i++) {
		if (hex_value(p[i]) < 0)
			return 0;
		v = v << 4 | (uint32_t)hex_value(p[i]);
	}
	if (i >= n || i == 2 || p[i] != '}' || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	kt_buf_put(b, utf8, kt_utf8_put(utf8, v));
	return i + 1;
}

/* 0 or KT_E_FORMAT. */
static int text_unescape(struct kt_buf *b, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t used;

		if (p[i] != '\\') {
			kt_buf_putc(b, p[i++]);
			continue;
		}
		used = unescape_one(b, p + i + 1, n - i - 1);
		if (used == 0)
			return KT_E_FORMAT;
		i += 1 + used;
	}
	return b->failed ? KT_E_LIMIT : 0;
}

#endif
