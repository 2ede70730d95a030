/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json as a hostile phone might shape it: page in both languages, paper's markup, the other forms, and
 * a redacted copy of it. No text becomes markup, and what redact() writes can be drawn again.
 */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "reports/render/export.h"
#include "reports/render/html.h"
#include "reports/render/redact.h"
#include "tests/fuzz/report_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int drop(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	(void)p;
	(void)n;
	(void)err;
	if (kt_export_name(file, (char[KT_EXPORT_NAME]){0}) == NULL)
		abort();
	return 0;
}

static int page(struct kt_fuzz_input *in, enum kt_lang lang, bool paper)
{
	static const char *const never[] = {"<script", "<iframe", "<img"};
	struct kt_html_opts o;
	struct kt_err err = {0};
	struct kt_buf b;
	int r;

	kt_html_opts_init(&o, lang);
	o.paper = paper;
	kt_buf_init(&b, 0);
	r = kt_render_html(kt_fuzz_again(in), &o, kt_fuzz_keep, &b, &err);
	for (size_t i = 0; i < 3; i++)
		if (b.len > 0 && memmem(b.p, b.len, never[i], strlen(never[i])) != NULL)
			abort();
	kt_buf_free(&b);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char order[] =
		"{\"package\":\"P\",\"package_sha256\":\"00\",\"report_sha256\":"
		"\"00\",\"reviewer\":\"R\",\"marks\":[]}";
	struct kt_fuzz_input in = {data, n, 0};
	struct kt_err err = {0};
	struct kt_buf b;

	page(&in, KT_LANG_EN, false);
	page(&in, KT_LANG_NL, true);
	kt_export(kt_fuzz_again(&in), drop, NULL, &err);
	kt_buf_init(&b, 0);
	err = (struct kt_err){0};
	if (kt_redact(kt_fuzz_again, &in, order, sizeof(order) - 1, kt_fuzz_keep, &b, &err) == 0) {
		struct kt_fuzz_input copy = {b.p, b.len, 0};

		page(&copy, KT_LANG_EN, false);
	}
	kt_buf_free(&b);
	return 0;
}
