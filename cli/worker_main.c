/* SPDX-License-Identifier: EUPL-1.2 */
/* keten-worker: which plugins and renderers there are. All the rest is in parsers/worker. */
#include "parsers/worker/worker.h"
#include "reports/render/html.h"

#define KT_PLUGIN(ident, ...) extern const struct kt_parser kt_parser_##ident;
#include "parsers/plugins.def"

struct put_arg {
	struct kt_ctx *ctx;
};

static int put(void *arg, const void *p, size_t n, struct kt_err *err)
{
	return kt_output(((struct put_arg *)arg)->ctx, p, n, err);
}

static int html_in(struct kt_ctx *ctx, enum kt_lang lang, struct kt_err *err)
{
	struct put_arg a = {ctx};

	return kt_render_html(kt_in_json(ctx, 0), lang, put, &a, err);
}

static int html_en(struct kt_ctx *ctx, struct kt_err *err)
{
	return html_in(ctx, KT_LANG_EN, err);
}

static int html_nl(struct kt_ctx *ctx, struct kt_err *err)
{
	return html_in(ctx, KT_LANG_NL, err);
}

static const struct kt_parser html[] = {{"render-html-en", html_en}, {"render-html-nl", html_nl}};

int main(void)
{
	static const struct kt_worker_entry table[] = {
#define KT_PLUGIN(ident, ...) {&kt_parser_##ident},
#include "parsers/plugins.def"
		{&html[0]},
		{&html[1]},
	};

	return kt_worker_main(table, sizeof(table) / sizeof(table[0]));
}
