/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json on paper: FriBidi, HarfBuzz and cairo with whatever text a phone holds. Twice the same input gives
 * the same bytes, the second time with everything shaped before (tried on every fourth: it is slow). Without the fonts there is nothing to try.
 */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "reports/pdf/pdf.h"
#include "tests/fuzz/report_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct pdf_fonts fonts;
	static int have;
	struct kt_fuzz_input mem = {data, n, 0};
	struct kt_pdf_in in = {kt_fuzz_again, &mem};
	struct kt_err err = {0};
	struct kt_buf a, b;
	int r;

	if (have == 0)
		have = pdf_fonts_load(&fonts, &err) == 0 ? 1 : -1;
	if (have < 0)
		return 0;
	kt_buf_init(&a, 0);
	kt_buf_init(&b, 0);
	r = kt_render_pdf(&fonts, in, KT_LANG_NL, kt_fuzz_keep, &a, &err);
	if (r == 0 && n % 4 == 0 &&
	    (kt_render_pdf(&fonts, in, KT_LANG_NL, kt_fuzz_keep, &b, &err) < 0 || a.len != b.len ||
	     memcmp(a.p, b.p, a.len) != 0))
		abort();
	kt_buf_free(&a);
	kt_buf_free(&b);
	return 0;
}
