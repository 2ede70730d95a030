/* SPDX-License-Identifier: EUPL-1.2 */
/* data/information/en.txt and nl.txt, as they are. */
#include "reports/papers/builtin.h"

/* clang-format off */
#define FILE_IN(sym, path)                                                                         \
	__asm__(".section .rodata\n"                                                               \
		".balign 8\n"                                                                      \
		".global " #sym "_size\n"                                                          \
		#sym "_size: .quad 2f - 1f\n"                                                      \
		".global " #sym "_bytes\n"                                                         \
		#sym "_bytes:\n"                                                                   \
		"1: .incbin \"" path "\"\n"                                                        \
		"2: .byte 0\n"                                                                     \
		".previous\n")
/* clang-format on */

FILE_IN(kt_papers_en, "data/information/en.txt");
FILE_IN(kt_papers_nl, "data/information/nl.txt");
