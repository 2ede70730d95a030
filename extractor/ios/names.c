/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/names.h"

#include "core/buf.h"
#include "core/err.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* A slot: flags (0: free), the ID without its first byte, the size. */
#define SLOT	28u
#define ID_AT	1u
#define SIZE_AT 20u
#define REST	(KT_NAMES_ID - 1)
#define USED	128u /* in flags, so that a file that is nowhere keeps its slot */
#define FIRST	64u

int kt_names_init(struct kt_names *t, struct kt_err *err)
{
	memset(t, 0, sizeof(*t));
	/* IDs are the phone's word, not digests that we made: nobody may choose our slots */
	if (RAND_bytes((unsigned char *)&t->seed, sizeof(t->seed)) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "no random bytes");
	return 0;
}

void kt_names_free(struct kt_names *t)
{
	for (unsigned i = 0; i < 256; i++)
		free(t->part[i].e);
	memset(t, 0, sizeof(*t));
}

static uint32_t hash(const struct kt_names *t, const uint8_t *rest)
{
	uint64_t h = (kt_get_le64(rest) ^ t->seed) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ (h >> 29) ^ kt_get_le64(rest + 8)) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= (h >> 32) ^ kt_get_le32(rest + REST - 4) ^ t->seed >> 7;
	return (uint32_t)((h * UINT64_C(0x94d049bb133111eb)) >> 32);
}

/* The slot of an ID, or the free one where it belongs; NULL: there are no slots yet. */
static uint8_t *slot_of(const struct kt_names *t, const struct kt_names_part *p,
			const uint8_t *rest)
{
	uint32_t i;

	if (p->cap == 0)
		return NULL;
	for (i = hash(t, rest) & (p->cap - 1);; i = (i + 1) & (p->cap - 1)) {
		uint8_t *s = p->e + (size_t)i * SLOT;

		if (s[0] == 0 || memcmp(s + ID_AT, rest, REST) == 0)
			return s;
	}
}

static int grow(const struct kt_names *t, struct kt_names_part *p, struct kt_err *err)
{
	struct kt_names_part bigger = {.cap = p->cap > 0 ? 2 * p->cap : FIRST, .n = p->n};

	bigger.e = calloc(bigger.cap, SLOT);
	if (bigger.e == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the names of a backup");
	for (uint32_t i = 0; i < p->cap; i++) {
		const uint8_t *s = p->e + (size_t)i * SLOT;

		if (s[0] != 0)
			memcpy(slot_of(t, &bigger, s + ID_AT), s, SLOT);
	}
	free(p->e);
	*p = bigger;
	return 0;
}

static bool waits(uint8_t flags)
{
	return (flags & KT_NAME_SNAPSHOT) != 0 && (flags & KT_NAME_UNREAD) == 0;
}

static void set_flags(struct kt_names *t, uint8_t *slot, uint8_t flags)
{
	t->in_snapshot -= slot[0] != 0 && waits(slot[0]) ? 1 : 0;
	slot[0] = flags | USED;
	t->in_snapshot += waits(flags) ? 1 : 0;
}

int kt_names_put(struct kt_names *t, const uint8_t id[KT_NAMES_ID], uint64_t size, uint8_t flags,
		 struct kt_err *err)
{
	struct kt_names_part *p = &t->part[id[0]];
	uint8_t *s;
	int r = 0;

	if (p->n >= p->cap - p->cap / 4)
		r = grow(t, p, err);
	if (r < 0)
		return r;
	s = slot_of(t, p, id + 1);
	if (s[0] == 0) {
		if (t->n == KT_NAMES_MAX)
			return KT_FAIL(err, KT_E_LIMIT, "a backup of more than %u files",
				       KT_NAMES_MAX);
		memcpy(s + ID_AT, id + 1, REST);
		p->n++;
		t->n++;
	} else {
		flags |= KT_NAME_TWICE;
	}
	set_flags(t, s, flags);
	kt_put_le64(s + SIZE_AT, size);
	return 0;
}

bool kt_names_get(const struct kt_names *t, const uint8_t id[KT_NAMES_ID], uint64_t *size,
		  uint8_t *flags)
{
	const uint8_t *s = slot_of(t, &t->part[id[0]], id + 1);

	if (s == NULL || s[0] == 0)
		return false;
	*size = kt_get_le64(s + SIZE_AT);
	*flags = s[0] & (uint8_t)~USED;
	return true;
}

bool kt_names_move(struct kt_names *t, const uint8_t id[KT_NAMES_ID], uint8_t from, uint8_t to)
{
	uint8_t *s = slot_of(t, &t->part[id[0]], id + 1);

	if (s == NULL || s[0] == 0 || (s[0] & from) == 0)
		return false;
	set_flags(t, s, (uint8_t)((s[0] & ~from) | to));
	return true;
}

int kt_names_each(const struct kt_names *t, uint8_t first, uint8_t flags,
		  int (*fn)(void *arg, const uint8_t id[KT_NAMES_ID], uint64_t size), void *arg)
{
	const struct kt_names_part *p = &t->part[first];
	uint8_t id[KT_NAMES_ID] = {first};
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->cap; i++) {
		const uint8_t *s = p->e + (size_t)i * SLOT;

		if ((s[0] & flags) == 0)
			continue;
		memcpy(id + 1, s + ID_AT, REST);
		r = fn(arg, id, kt_get_le64(s + SIZE_AT));
	}
	return r;
}
