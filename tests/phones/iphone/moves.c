/* SPDX-License-Identifier: EUPL-1.2 */
#include "moves.h"

#include <string.h>

#define MAX_BYTES ((size_t)1 << 30)

/* Objects before the strings: the array, its name, the dict, 0 and the progress. */
enum { ARRAY, NAME, DICT, ZERO, PROGRESS, FIRST };

void sim_moves_init(struct sim_moves *m)
{
	kt_buf_init(&m->strings, MAX_BYTES);
	kt_buf_init(&m->offsets, MAX_BYTES);
	m->n = 0;
}

void sim_moves_free(struct sim_moves *m)
{
	kt_buf_free(&m->strings);
	kt_buf_free(&m->offsets);
	m->n = 0;
}

static void put_be(struct kt_buf *b, uint64_t v, int bytes)
{
	while (bytes--)
		kt_buf_put_u8(b, (uint8_t)(v >> (8 * bytes)));
}

static void put_text(struct kt_buf *b, const char *text)
{
	size_t n = strlen(text);

	if (n < 15) {
		kt_buf_put_u8(b, (uint8_t)(0x50 | n));
	} else {
		kt_buf_put_u8(b, 0x5f);
		kt_buf_put_u8(b, 0x10);
		kt_buf_put_u8(b, (uint8_t)n);
	}
	kt_buf_put(b, text, n);
}

void sim_moves_add(struct sim_moves *m, const char *from, const char *to)
{
	kt_buf_put_le32(&m->offsets, (uint32_t)m->strings.len);
	put_text(&m->strings, from);
	kt_buf_put_le32(&m->offsets, (uint32_t)m->strings.len);
	put_text(&m->strings, to);
	m->n++;
}

static void put_head(const struct sim_moves *m, unsigned percent, struct kt_buf *out,
		     uint64_t at[FIRST])
{
	double progress = percent;
	uint64_t bits;

	memcpy(&bits, &progress, sizeof(bits));
	kt_buf_puts(out, "bplist00");
	at[ARRAY] = out->len;
	kt_buf_put_u8(out, 0xa4);
	for (unsigned i = NAME; i < FIRST; i++)
		put_be(out, i, 4);
	at[NAME] = out->len;
	put_text(out, "DLMessageMoveItems");
	at[ZERO] = out->len;
	put_be(out, 0x1000, 2);
	at[PROGRESS] = out->len;
	kt_buf_put_u8(out, 0x23);
	put_be(out, bits, 8);
	at[DICT] = out->len;
	kt_buf_put_u8(out, 0xdf);
	kt_buf_put_u8(out, 0x12);
	put_be(out, m->n, 4);
	for (uint32_t i = 0; i < m->n; i++)
		put_be(out, FIRST + 2 * i, 4);
	for (uint32_t i = 0; i < m->n; i++)
		put_be(out, FIRST + 2 * i + 1, 4);
}

int sim_moves_encode(struct sim_moves *m, unsigned percent, struct kt_buf *out)
{
	uint64_t at[FIRST], base, table;
	int r;

	put_head(m, percent, out, at);
	base = out->len;
	kt_buf_put(out, m->strings.p, m->strings.len);
	table = out->len;
	for (unsigned i = 0; i < FIRST; i++)
		put_be(out, at[i], 4);
	for (uint32_t i = 0; i < 2 * m->n; i++)
		put_be(out, base + kt_get_le32(m->offsets.p + 4 * (size_t)i), 4);
	put_be(out, 0, 6);
	put_be(out, 0x0404, 2);
	put_be(out, FIRST + 2 * (uint64_t)m->n, 8);
	put_be(out, ARRAY, 8);
	put_be(out, table, 8);
	r = out->failed || m->strings.failed || m->offsets.failed ? -1 : 0;
	kt_buf_reset(&m->strings);
	kt_buf_reset(&m->offsets);
	m->n = 0;
	return r;
}
