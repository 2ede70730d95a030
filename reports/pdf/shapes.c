/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/pdf/shapes.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS	  8192u /* a power of two */
#define BYTES_MAX ((size_t)16 << 20)
#define AROUND	  5u	 /* characters on each side that HarfBuzz looks at */
#define PLAIN	  0x250u /* below this no letter changes with its neighbours in another run */

struct entry {
	struct entry *next;
	uint32_t hash, before, after; /* characters around it that are part of the key */
	size_t n, count;
	uint16_t font;
	bool rtl;
	uint32_t cp[]; /* before + n + after, then the glyphs */
};

struct pdf_shapes {
	struct entry *slot[SLOTS];
	size_t bytes;
};

struct pdf_shapes *pdf_shapes_new(void)
{
	return calloc(1, sizeof(struct pdf_shapes));
}

void pdf_shapes_free(struct pdf_shapes **p)
{
	struct pdf_shapes *s = *p;

	if (s == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		for (struct entry *e = s->slot[i], *next; e != NULL; e = next) {
			next = e->next;
			free(e);
		}
	free(s);
	*p = NULL;
}

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 16777619u;
	return h ^ h >> 15;
}

/* Everything of an entry that is compared, but the characters themselves. */
static void key_of(const struct pdf_run *run, struct entry *k)
{
	size_t left = run->total - run->first - run->n;
	bool plain = !run->rtl;

	*k = (struct entry){.n = run->n, .font = run->font, .rtl = run->rtl};
	for (size_t i = 0; plain && i < run->n; i++)
		plain = run->cp[run->first + i] < PLAIN;
	if (!plain) {
		k->before = (uint32_t)(run->first < AROUND ? run->first : AROUND);
		k->after = (uint32_t)(left < AROUND ? left : AROUND);
	}
	k->hash = mix(mix(2166136261u, run->font),
		      (uint32_t)run->rtl << 8 | k->before << 4 | k->after);
	for (size_t i = run->first - k->before; i < run->first + run->n + k->after; i++)
		k->hash = mix(k->hash, run->cp[i]);
}

static struct pdf_shape *glyphs(const struct entry *e)
{
	return (struct pdf_shape *)(e->cp + e->before + e->n + e->after);
}

const struct pdf_shape *pdf_shapes_get(const struct pdf_shapes *s, const struct pdf_run *run,
				       size_t *count)
{
	struct entry k;

	*count = 0;
	if (s == NULL)
		return NULL;
	key_of(run, &k);
	for (const struct entry *e = s->slot[k.hash % SLOTS]; e != NULL; e = e->next) {
		if (e->hash != k.hash || e->n != k.n || e->font != k.font || e->rtl != k.rtl ||
		    e->before != k.before || e->after != k.after ||
		    memcmp(e->cp, run->cp + run->first - k.before,
			   (k.before + k.n + k.after) * sizeof(*e->cp)) != 0)
			continue;
		*count = e->count;
		return glyphs(e);
	}
	return NULL;
}

struct pdf_shape *pdf_shapes_put(struct pdf_shapes *s, const struct pdf_run *run, size_t count)
{
	struct entry k, *e;
	size_t chars, bytes;

	if (s == NULL)
		return NULL;
	key_of(run, &k);
	chars = k.before + k.n + k.after;
	bytes = sizeof(k) + chars * sizeof(*k.cp) + count * sizeof(struct pdf_shape);
	if (bytes > BYTES_MAX - s->bytes)
		return NULL;
	e = malloc(bytes);
	if (e == NULL)
		return NULL;
	*e = k;
	e->count = count;
	memcpy(e->cp, run->cp + run->first - k.before, chars * sizeof(*e->cp));
	e->next = s->slot[k.hash % SLOTS];
	s->slot[k.hash % SLOTS] = e;
	s->bytes += bytes;
	return glyphs(e);
}
