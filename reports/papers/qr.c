/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/papers/qr.h"

#include <qrencode.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"

#define QUIET 4 /* modules of light around it */

/* Level M: legible when a seventh of it is lost. */
static QRcode *encode(const char *text, struct kt_err *err)
{
	QRcode *q = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);

	if (q == NULL)
		KT_FAIL(err, KT_E_INTERNAL, "the QR code cannot be made");
	return q;
}

static bool is_dark(const QRcode *q, int x, int y)
{
	if (x < 0 || y < 0 || x >= q->width || y >= q->width)
		return false;
	return (q->data[y * q->width + x] & 1) != 0;
}

int kt_qr_text(const char *text, struct kt_buf *b, struct kt_err *err)
{
	/* a light module is drawn, a dark one left as the terminal's dark ground */
	static const char *const blocks[] = {"\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84", " "};
	QRcode *q = encode(text, err);

	if (q == NULL)
		return KT_E_INTERNAL;
	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		for (int x = -QUIET; x < q->width + QUIET; x++)
			kt_buf_puts(b, blocks[is_dark(q, x, y) * 2 + is_dark(q, x, y + 1)]);
		kt_buf_putc(b, '\n');
	}
	QRcode_free(q);
	return b->failed ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}

int kt_qr_svg(const char *text, const char *label, struct kt_buf *b, struct kt_err *err)
{
	QRcode *q = encode(text, err);
	int size;

	if (q == NULL)
		return KT_E_INTERNAL;
	size = q->width + 2 * QUIET;
	kt_buf_printf(b,
		      "<svg class=\"qr\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\" "
		      "shape-rendering=\"crispEdges\"><rect width=\"%d\" height=\"%d\" "
		      "fill=\"#fff\"/><path fill=\"#000\" d=\"",
		      label, size, size, size, size);
	for (int y = 0; y < q->width; y++)
		for (int x = 0; x < q->width; x++) {
			int run = 0;

			while (is_dark(q, x + run, y))
				run++;
			if (run == 0)
				continue;
			kt_buf_printf(b, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
			x += run;
		}
	kt_buf_puts(b, "\"/></svg>");
	QRcode_free(q);
	return b->failed ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}
