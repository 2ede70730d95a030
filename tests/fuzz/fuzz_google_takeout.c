/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: the google-takeout plugin on any bytes. */
#include "tests/fuzz/fuzz.h"

extern const struct kt_parser kt_parser_google_takeout;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kt_fuzz_parse(&kt_parser_google_takeout, p, n);
	return 0;
}
