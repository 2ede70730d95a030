/* SPDX-License-Identifier: EUPL-1.2 */
/* data/geo/outlines.geo, as it is. */
#include "reports/geo/data.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global kt_geo_outlines_size\n"
	"kt_geo_outlines_size: .quad 2f - 1f\n"
	".global kt_geo_outlines_bytes\n"
	"kt_geo_outlines_bytes:\n"
	"1: .incbin \"data/geo/outlines.geo\"\n"
	"2: .byte 0\n"
	".previous\n");
