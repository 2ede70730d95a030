/* SPDX-License-Identifier: EUPL-1.2 */
/* ZIP archives of arbitrary bytes: what is read in order and what is read anywhere must agree. */
#include "core/err.h"
#include "core/unzip.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS 64u
#define BYTES	((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct mem {
	const uint8_t *p;
	size_t n;
};

static int mem_at(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	const struct mem *m = arg;

	(void)err;
	if (off > m->n || n > m->n - off)
		abort(); /* the reader knows the size */
	memcpy(p, m->p + off, n);
	*got = n;
	return 0;
}

/* The first BYTES of the member into p; false when something is wrong with it. */
static bool read_in_order(struct kt_unzip *z, uint32_t i, uint8_t *p, size_t *n)
{
	struct kt_unzip_stream *s;
	size_t got = 1;
	int r = kt_unzip_start(z, i, &s, NULL);

	*n = 0;
	while (r == 0 && got > 0 && *n < BYTES) {
		size_t step = 1 + *n % 5000;

		r = kt_unzip_read(s, p + *n, step < BYTES - *n ? step : BYTES - *n, &got, NULL);
		*n += got;
	}
	kt_unzip_stop(&s);
	return r == 0;
}

static void compare(struct kt_unzip *z, uint32_t i, const uint8_t *want, size_t n)
{
	static const uint64_t offs[] = {100, 0, 5000, 1, 70000};
	struct kt_unzip_stream *s;

	if (kt_unzip_start(z, i, &s, NULL) < 0)
		abort();
	for (size_t k = 0; k < sizeof(offs) / sizeof(offs[0]); k++) {
		uint8_t p[600];
		size_t got;

		if (kt_unzip_read_at(s, offs[k], p, sizeof(p), &got, NULL) < 0)
			abort();
		for (size_t j = 0; j < got && offs[k] + j < n; j++)
			if (p[j] != want[offs[k] + j])
				abort();
	}
	kt_unzip_stop(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t out[BYTES];
	struct mem m = {data, n};
	struct kt_rdat src = {.read_at = mem_at, .arg = &m, .size = n};
	struct kt_unzip *z;

	if (kt_unzip_open(&src, 1000, 1 << 16, &z, NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < kt_unzip_count(z) && i < MEMBERS; i++) {
		const struct kt_unzip_member *k = kt_unzip_member(z, i);
		size_t got;

		/* a whole member, read without an error */
		if (read_in_order(z, i, out, &got) && got < BYTES) {
			if (got != k->size)
				abort();
			compare(z, i, out, got);
		}
	}
	kt_unzip_close(&z);
	return 0;
}
