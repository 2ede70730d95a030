/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: exports of Apple Health, as XML, as GPX and as the archive that holds both. */
#include "tests/fuzz/fuzz.h"

extern const struct kt_parser kt_parser_health_export;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kt_fuzz_parse(&kt_parser_health_export, p, n);
	return 0;
}
