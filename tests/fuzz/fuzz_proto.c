/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: protobuf fields, three levels deep, and the search for a path. */
#include "core/err.h"
#include "parsers/sdk/proto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Fields lie one behind the other and fill the message. */
static void read_all(const uint8_t *p, size_t n)
{
	struct kt_pb pb[3];
	struct kt_pb_field f;
	unsigned depth = 0;

	kt_pb_init(&pb[0], p, n);
	for (;;) {
		size_t before = pb[depth].at;
		int r = kt_pb_next(&pb[depth], &f, NULL);

		if (r <= 0) {
			if (r < 0 && r != KT_E_FORMAT)
				abort();
			if (depth == 0)
				return;
			depth--;
			continue;
		}
		if (f.off != before || pb[depth].at <= before || pb[depth].at > pb[depth].n ||
		    f.number == 0 || f.number >= 1u << 29)
			abort();
		if (f.wire == KT_PB_LEN && (f.p < p || f.p + f.n > p + n))
			abort();
		kt_pb_double(&f);
		kt_pb_zigzag(f.v);
		if (f.wire == KT_PB_LEN && depth < 2)
			kt_pb_init(&pb[++depth], f.p, f.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint32_t path[] = {3, 1, 4, 5, 0},
			      longest[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
	struct kt_pb_field f;

	read_all(p, n);
	kt_pb_find(p, n, longest, &f);
	if (kt_pb_find(p, n, path, &f) && (f.number != 5 || f.off >= n))
		abort();
	return 0;
}
