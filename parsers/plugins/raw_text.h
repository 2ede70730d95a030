/* SPDX-License-Identifier: EUPL-1.2 */
/* The raw text of a record that is put together from several values as written; cut where it is full. */
#ifndef KT_PARSERS_PLUGINS_RAW_TEXT_H
#define KT_PARSERS_PLUGINS_RAW_TEXT_H

#include "parsers/sdk/keten_parser.h"

#include <string.h>

struct kt_raw {
	uint32_t len;
	char p[KT_REC_STR_MAX];
};

/* Adds s behind `between`, which is left out at the start; an empty s adds nothing. */
static inline void kt_raw_add(struct kt_raw *raw, const char *between, struct kt_str s)
{
	size_t b = raw->len > 0 ? strlen(between) : 0, room = sizeof(raw->p) - raw->len;

	if (s.p == NULL || s.len == 0 || b >= room)
		return;
	memcpy(raw->p + raw->len, between, b);
	raw->len += (uint32_t)b;
	room -= b;
	if (s.len > room)
		s.len = (uint32_t)room;
	memcpy(raw->p + raw->len, s.p, s.len);
	raw->len += s.len;
}

/* Borrowed from *raw. */
static inline struct kt_str kt_raw_str(const struct kt_raw *raw)
{
	return (struct kt_str){raw->p, raw->len};
}

#endif
