/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-render: draws the views. The same first process and the same sandbox as keten-worker's
 * (parsers/worker), with renderers in place of plugins: report.json in, bytes out. A program of its own, so
 * that no parser shares a process image with libraries that shape and draw text. Fonts are read
 * here, before the sandbox closes and before any text from a phone is near.
 */
#include "core/err.h"
#include "core/io.h"
#include "core/spawn.h"
#include "parsers/worker/worker.h"
#include "reports/pdf/pdf.h"
#include "reports/render/export.h"
#include "reports/render/html.h"
#include "reports/render/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct pdf_fonts fonts;

/*
 * Stands in for libc's in this program: cairo asks for the local time before it is told which time to
 * write, libc would look for the zone's file, and the sandbox ends whoever looks for a file. A view
 * knows no local time.
 */
time_t mktime(struct tm *tm)
{
	return timegm(tm);
}

static int put(void *arg, const void *p, size_t n, struct kt_err *err)
{
	return kt_output(arg, p, n, err);
}

static int html_in(struct kt_ctx *ctx, enum kt_lang lang, struct kt_err *err)
{
	struct kt_html_opts opts;

	kt_html_opts_init(&opts, lang);
	return kt_render_html(kt_in_json(ctx, 0), &opts, put, ctx, err);
}

static struct kt_json_src open_again(void *arg)
{
	return kt_in_json(arg, 0);
}

static int pdf_in(struct kt_ctx *ctx, enum kt_lang lang, struct kt_err *err)
{
	struct kt_pdf_in in = {open_again, ctx};

	return kt_render_pdf(&fonts, in, lang, put, ctx, err);
}

struct bundle {
	struct kt_ctx *ctx;
	struct kt_buf b;
};

static int put_part(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err)
{
	struct bundle *u = arg;
	uint8_t head[6];

	kt_export_head(head, file, n);
	kt_buf_reset(&u->b);
	kt_buf_put(&u->b, head, sizeof(head));
	kt_buf_put(&u->b, p, n);
	return u->b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			   : kt_output(u->ctx, u->b.p, u->b.len, err);
}

static int exports(struct kt_ctx *ctx, struct kt_err *err)
{
	struct bundle u = {.ctx = ctx};
	int r;

	kt_buf_init(&u.b, 0);
	r = kt_export(kt_in_json(ctx, 0), put_part, &u, err);
	kt_buf_free(&u.b);
	return r;
}

/* le64 length of the order, the order, the report. */
#define ORDER_MAX ((uint64_t)32 << 20)

struct after {
	struct kt_ctx *ctx;
	uint64_t off;
};

static struct kt_json_src open_after(void *arg)
{
	struct after *a = arg;
	struct kt_json_src src = kt_in_json(a->ctx, a->off);

	src.off = 0;
	return src;
}

static int redact(struct kt_ctx *ctx, struct kt_err *err)
{
	struct after a = {ctx, 8};
	uint8_t head[8], *order;
	size_t got = 0;
	uint64_t n;
	int r = kt_in_read(ctx, 0, head, sizeof(head), &got, err);

	if (r < 0)
		return r;
	n = kt_get_le64(head);
	if (got < sizeof(head) || n == 0 || n > ORDER_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "no order");
	order = malloc((size_t)n);
	if (order == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	r = kt_in_read(ctx, 8, order, (size_t)n, &got, err);
	if (r == 0 && got < n)
		r = KT_FAIL(err, KT_E_FORMAT, "the order is cut off");
	a.off += n;
	if (r == 0)
		r = kt_redact(open_after, &a, order, (size_t)n, put, ctx, err);
	free(order);
	return r;
}

#define RENDERER(kind, lang_, LANG)                                                                \
	static int kind##_##lang_(struct kt_ctx *ctx, struct kt_err *err)                          \
	{                                                                                          \
		return kind##_in(ctx, KT_LANG_##LANG, err);                                        \
	}                                                                                          \
	static const struct kt_parser view_##kind##_##lang_ = {#kind "-" #lang_, kind##_##lang_}

RENDERER(html, en, EN);
RENDERER(html, nl, NL);
RENDERER(pdf, en, EN);
RENDERER(pdf, nl, NL);

static const struct kt_parser view_exports = {"exports", exports};
static const struct kt_parser view_redact = {"redact", redact};

int main(void)
{
	static const struct kt_worker_entry table[] = {{&view_html_en}, {&view_html_nl},
						       {&view_pdf_en},	{&view_pdf_nl},
						       {&view_exports}, {&view_redact}};
	struct kt_err err = {0};

	tzset(); /* reads the zone's file, which nothing in the sandbox could */
	if (pdf_fonts_load(&fonts, &err) < 0) {
		fprintf(stderr, "keten-render: %s\n", kt_err_text(&err));
		return 1;
	}
	return kt_worker_main(table, sizeof(table) / sizeof(table[0]));
}
