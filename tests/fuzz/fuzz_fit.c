/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: the fit plugin on any bytes. Seeds: tests/parsers/fit/make-cases --flat DIR. */
#include "tests/fuzz/fuzz.h"

extern const struct kt_parser kt_parser_fit;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kt_fuzz_parse(&kt_parser_fit, p, n);
	return 0;
}
