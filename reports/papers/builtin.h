/* SPDX-License-Identifier: EUPL-1.2 */
/* The language files that are built in. Private to reports/papers. */
#ifndef KT_PAPERS_BUILTIN_H
#define KT_PAPERS_BUILTIN_H

#include <stdint.h>

extern const uint64_t kt_papers_en_size, kt_papers_nl_size;
extern const char kt_papers_en_bytes[], kt_papers_nl_bytes[];

#endif
