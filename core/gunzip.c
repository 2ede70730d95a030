/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * gzip (RFC 1952) as a stream: members in a row are one stream, as gzip itself reads them. zlib
 * checks each member's CRC-32 and length. Zeros may pad the end (tapes), nothing else may follow.
 */
#include "core/unzip.h"

#include "core/err.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_BUF ((size_t)256 << 10)

struct kt_gunzip {
	struct kt_rdseq src;
	z_stream zs;
	bool eof;    /* the source is used up */
	bool within; /* inside a member */
	bool any;    /* at least one member was complete */
	bool done;
	uint8_t in[IN_BUF];
};

int kt_gunzip_open(const struct kt_rdseq *src, struct kt_gunzip **out, struct kt_err *err)
{
	struct kt_gunzip *g = malloc(sizeof(*g));

	*out = NULL;
	if (g == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for gzip");
	memset(g, 0, offsetof(struct kt_gunzip, in));
	g->src = *src;
	if (inflateInit2(&g->zs, 16 + MAX_WBITS) != Z_OK) {
		free(g);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for gzip");
	}
	*out = g;
	return 0;
}

void kt_gunzip_close(struct kt_gunzip **g)
{
	if (*g == NULL)
		return;
	inflateEnd(&(*g)->zs);
	free(*g);
	*g = NULL;
}

static int refill(struct kt_gunzip *g, struct kt_err *err)
{
	size_t got = 0;
	int r;

	if (g->zs.avail_in > 0 || g->eof)
		return 0;
	r = g->src.read(g->src.arg, g->in, IN_BUF, &got, err);
	if (r < 0)
		return r;
	g->eof = got == 0;
	g->zs.next_in = g->in;
	g->zs.avail_in = (uInt)got;
	return 0;
}

/* Between members: another one begins, or the end. Zeros are passed over. */
static int begin_member(struct kt_gunzip *g, struct kt_err *err)
{
	bool zeros = false;
	int r;

	for (;;) {
		r = refill(g, err);
		if (r < 0)
			return r;
		if (g->zs.avail_in == 0) {
			g->done = true;
			return g->any ? 0 : KT_FAIL(err, KT_E_FORMAT, "no gzip data");
		}
		if (!g->any || *g->zs.next_in != 0)
			break;
		zeros = true;
		g->zs.next_in++;
		g->zs.avail_in--;
	}
	if (*g->zs.next_in != 0x1f || zeros)
		return KT_FAIL(err, KT_E_FORMAT,
			       g->any ? "gzip: something else follows the data" : "no gzip data");
	if (inflateReset(&g->zs) != Z_OK)
		return KT_FAIL(err, KT_E_INTERNAL, "zlib can't start again");
	g->within = true;
	return 0;
}

int kt_gunzip_read(struct kt_gunzip *g, void *p, size_t n, size_t *got, struct kt_err *err)
{
	*got = 0;
	if (n > INT32_MAX)
		n = INT32_MAX;
	g->zs.next_out = p;
	g->zs.avail_out = (uInt)n;
	while (g->zs.avail_out > 0 && !g->done) {
		int r, k;

		if (!g->within) {
			r = begin_member(g, err);
			if (r < 0)
				return r;
			continue;
		}
		r = refill(g, err);
		if (r < 0)
			return r;
		if (g->zs.avail_in == 0)
			return KT_FAIL(err, KT_E_FORMAT, "gzip: the data end early");
		k = inflate(&g->zs, Z_NO_FLUSH);
		if (k == Z_STREAM_END) {
			g->within = false;
			g->any = true;
		} else if (k == Z_MEM_ERROR) {
			return KT_FAIL(err, KT_E_NOMEM, "no memory for gzip");
		} else if (k != Z_OK) {
			return KT_FAIL(err, KT_E_FORMAT, "gzip: the data are damaged");
		}
	}
	*got = n - g->zs.avail_out;
	return 0;
}
