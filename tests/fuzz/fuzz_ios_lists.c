/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: every plugin that reads an iPhone's property lists, on the same bytes. */
#include "tests/fuzz/fuzz.h"

extern const struct kt_parser kt_parser_ios_wifi_known;
extern const struct kt_parser kt_parser_ios_device;
extern const struct kt_parser kt_parser_ios_cellular;
extern const struct kt_parser kt_parser_locale_clock;
extern const struct kt_parser kt_parser_ios_weather;
extern const struct kt_parser kt_parser_ios_location_clients;
extern const struct kt_parser kt_parser_apps_inventory;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kt_fuzz_parse(&kt_parser_ios_wifi_known, p, n);
	kt_fuzz_parse(&kt_parser_ios_device, p, n);
	kt_fuzz_parse(&kt_parser_ios_cellular, p, n);
	kt_fuzz_parse(&kt_parser_locale_clock, p, n);
	kt_fuzz_parse(&kt_parser_ios_weather, p, n);
	kt_fuzz_parse(&kt_parser_ios_location_clients, p, n);
	kt_fuzz_parse(&kt_parser_apps_inventory, p, n);
	return 0;
}
