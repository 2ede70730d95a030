/* SPDX-License-Identifier: EUPL-1.2 */
/* tar archives of arbitrary bytes, plain or inside gzip; each is read twice, in different steps. */
#include "core/err.h"
#include "core/unzip.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((uint64_t)8 << 20) /* unpacked */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct mem {
	const uint8_t *p;
	size_t n, at, step;
};

static int mem_next(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct mem *m = arg;

	(void)err;
	if (m->step > 0 && n > m->step)
		n = m->step;
	*got = n < m->n - m->at ? n : m->n - m->at;
	if (*got > 0)
		memcpy(p, m->p + m->at, *got);
	m->at += *got;
	return 0;
}

struct gz {
	struct kt_gunzip *g;
	uint64_t total;
};

static int gz_next(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct gz *z = arg;
	int r = kt_gunzip_read(z->g, p, n, got, err);

	z->total += *got;
	return z->total > BYTES_MAX ? KT_E_LIMIT : r;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *s = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Everything that the archive says, as one number. */
static uint64_t walk(const struct kt_rdseq *src, size_t step)
{
	struct kt_tar_member m;
	struct kt_untar *t;
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	bool junk = false;
	int r;

	if (kt_untar_open(src, &t, NULL) < 0)
		abort();
	while ((r = kt_untar_next(t, &m, NULL)) == 1) {
		uint64_t total = 0;
		const uint8_t *p;
		size_t n = 1;

		h = mix(h, m.name, m.name_len);
		h = mix(h, &m.size, sizeof(m.size));
		h = mix(h, &m.data_off, sizeof(m.data_off));
		if (m.type != KT_TAR_FILE)
			continue;
		while (n > 0 && kt_untar_chunk(t, step, &p, &n, NULL) == 0) {
			h = mix(h, p, n);
			total += n;
		}
		if (total > m.size)
			abort();
	}
	if (r == 0)
		kt_untar_drain(t, &junk, NULL);
	h = mix(h, &r, sizeof(r));
	h = mix(h, &junk, sizeof(junk));
	kt_untar_close(&t);
	return h;
}

static uint64_t walk_gz(struct mem *m, size_t step)
{
	struct kt_rdseq src = {.read = mem_next, .arg = m};
	struct gz z = {0};
	struct kt_rdseq inner = {.read = gz_next, .arg = &z};
	uint64_t h;

	if (kt_gunzip_open(&src, &z.g, NULL) < 0)
		abort();
	h = walk(&inner, step);
	kt_gunzip_close(&z.g);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mem a = {.p = data, .n = n}, b = {.p = data, .n = n, .step = 300};
	struct kt_rdseq sa = {.read = mem_next, .arg = &a}, sb = {.read = mem_next, .arg = &b};

	if (n > 2 && data[0] == 0x1f && data[1] == 0x8b) {
		walk_gz(&a, 100000);
		walk_gz(&b, 777);
	} else if (walk(&sa, 100000) != walk(&sb, 777)) {
		abort();
	}
	return 0;
}
