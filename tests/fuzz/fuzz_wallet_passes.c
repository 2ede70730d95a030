/* SPDX-License-Identifier: EUPL-1.2 */
/* wallet-passes on arbitrary bytes: every element ends once, every record passes its checks. */
#include "tests/fuzz/fuzz.h"

extern const struct kt_parser kt_parser_wallet_passes;
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kt_fuzz_parse(&kt_parser_wallet_passes, p, n);
	return 0;
}
