/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libFuzzer target: the media-exif plugin on any bytes. Seeds: tests/parsers/media-exif/make-cases
 * --flat DIR. A first byte of 'T' takes the rest as a bare TIFF block and puts a JPEG around it,
 * so that the fuzzer need not keep the segment length right while it changes directories.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

extern const struct kt_parser kt_parser_media_exif;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void wrapped(const uint8_t *p, size_t n)
{
	static const uint8_t head[] = {0xff, 0xd8, 0xff, 0xe1, 0, 0, 'E', 'x', 'i', 'f', 0, 0};
	size_t len = n < 65000 ? n : 65000;
	uint8_t *b = malloc(sizeof(head) + len);

	if (b == NULL)
		return;
	memcpy(b, head, sizeof(head));
	b[4] = (uint8_t)((len + 8) >> 8);
	b[5] = (uint8_t)(len + 8);
	memcpy(b + sizeof(head), p, len);
	kt_fuzz_parse(&kt_parser_media_exif, b, sizeof(head) + len);
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 0 && p[0] == 'T')
		wrapped(p + 1, n - 1);
	else
		kt_fuzz_parse(&kt_parser_media_exif, p, n);
	return 0;
}
