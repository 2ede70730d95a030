/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libFuzzer target: the plugins that read lists and small documents of an Android phone. The first
 * byte says which of them gets the rest.
 */
#include "tests/fuzz/fuzz.h"

#define PLUGINS(X)                                                                                 \
	X(android_wifi)                                                                            \
	X(apps_inventory)                                                                          \
	X(bluetooth_vehicles)                                                                      \
	X(call_country)                                                                            \
	X(calendar_places)                                                                         \
	X(mediastore)                                                                              \
	X(android_wifi_store)                                                                      \
	X(snap_memories)                                                                           \
	X(android_cells)

#define X(ident) extern const struct kt_parser kt_parser_##ident;
PLUGINS(X)
#undef X
#define X(ident) &kt_parser_##ident,
static const struct kt_parser *const plugins[] = {PLUGINS(X)};
#undef X

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 0)
		kt_fuzz_parse(plugins[p[0] % (sizeof(plugins) / sizeof(plugins[0]))], p + 1, n - 1);
	return 0;
}
