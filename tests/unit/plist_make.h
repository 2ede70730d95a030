/* SPDX-License-Identifier: EUPL-1.2 */
/* For tests of property lists: a writer of binary lists that writes what it is told, and parsing. */
#ifndef KT_TESTS_UNIT_PLIST_MAKE_H
#define KT_TESTS_UNIT_PLIST_MAKE_H

#include "core/err.h"
#include "parsers/sdk/plist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bin {
	uint8_t p[1 << 16];
	size_t n, off[4096];
	unsigned objects;
};

static inline void start(struct bin *b)
{
	memcpy(b->p, "bplist00", 8);
	b->n = 8;
	b->objects = 0;
}

static inline void object(struct bin *b, const void *p, size_t n)
{
	b->off[b->objects++] = b->n;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

#define OBJECT(b, ...)                                                                             \
	object(b, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void put_be(struct bin *b, uint64_t v, unsigned n)
{
	while (n-- > 0)
		b->p[b->n++] = (uint8_t)(v >> 8 * n);
}

/* Table and trailer, with offsets of two bytes. */
static inline void finish(struct bin *b, unsigned ref_size, unsigned root)
{
	size_t table = b->n;

	for (unsigned i = 0; i < b->objects; i++)
		put_be(b, b->off[i], 2);
	put_be(b, 0, 6);
	put_be(b, 2, 1);
	put_be(b, ref_size, 1);
	put_be(b, b->objects, 8);
	put_be(b, root, 8);
	put_be(b, table, 8);
}

/* Parses from memory of exactly that size, so that a sanitizer sees a byte too many. */
static inline int parse(const void *p, size_t n, struct kt_plist **pl)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	struct kt_err err = {0};
	int r;

	if (n > 0)
		memcpy(exact, p, n);
	r = kt_plist_parse(exact, n, pl, &err);
	free(exact);
	assert_true((r == 0) == (*pl != NULL));
	assert_true(r == 0 || kt_err_text(&err)[0] != '\0');
	return r;
}

#define PL(inside)                                                                                 \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE plist PUBLIC "                        \
	"\"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"    \
	"<plist version=\"1.0\">\n" inside "\n</plist>\n"

#endif
