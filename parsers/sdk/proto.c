/* SPDX-License-Identifier: EUPL-1.2 */
/* The protobuf wire format; see proto.h. */
#include "parsers/sdk/proto.h"

#include <string.h>

void kt_pb_init(struct kt_pb *pb, const void *p, size_t n)
{
	pb->p = p;
	pb->n = n;
	pb->at = 0;
}

/* At most ten bytes; bits beyond 64 are an error, not lost. */
static bool varint(struct kt_pb *pb, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && pb->at < pb->n; shift += 7) {
		uint8_t b = pb->p[pb->at++];

		if (shift == 63 && b > 1)
			return false;
		*v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return true;
	}
	return false;
}

/* The value behind a tag. False: it ends early, or its kind is refused. */
static bool value(struct kt_pb *pb, struct kt_pb_field *f)
{
	size_t left;

	switch (f->wire) {
	case KT_PB_VARINT:
		return varint(pb, &f->v);
	case KT_PB_I64:
		if (pb->n - pb->at < 8)
			return false;
		f->v = kt_get_le64(pb->p + pb->at);
		pb->at += 8;
		return true;
	case KT_PB_I32:
		if (pb->n - pb->at < 4)
			return false;
		f->v = kt_get_le32(pb->p + pb->at);
		pb->at += 4;
		return true;
	case KT_PB_LEN:
		if (!varint(pb, &f->v))
			return false;
		left = pb->n - pb->at;
		if (f->v > left)
			return false;
		f->p = pb->p + pb->at;
		f->n = (size_t)f->v;
		pb->at += f->n;
		return true;
	}
	return false; /* groups, and numbers that mean nothing */
}

int kt_pb_next(struct kt_pb *pb, struct kt_pb_field *f, struct kt_err *err)
{
	uint64_t tag;

	memset(f, 0, sizeof(*f));
	if (pb->at >= pb->n)
		return 0;
	f->off = pb->at;
	/* the largest field number is 2^29 - 1 */
	if (!varint(pb, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
		return KT_FAIL(err, KT_E_FORMAT, "protobuf: no field at byte %zu", f->off);
	f->number = (uint32_t)(tag >> 3);
	f->wire = (enum kt_pb_wire)(tag & 7);
	if (!value(pb, f))
		return KT_FAIL(err, KT_E_FORMAT, "protobuf: field %u at byte %zu is damaged",
			       f->number, f->off);
	return 1;
}

/*
 * All occurrences of each step are searched, in their order: that is what merging means for the value
 * that counts in the end.
 */
bool kt_pb_find(const void *p, size_t n, const uint32_t *path, struct kt_pb_field *f)
{
	struct kt_pb open[KT_PB_PATH_MAX];
	size_t depth = 0, steps = 0;
	bool found = false;

	memset(f, 0, sizeof(*f));
	while (steps <= KT_PB_PATH_MAX && path[steps] != 0)
		steps++;
	if (steps == 0 || steps > KT_PB_PATH_MAX)
		return false;
	kt_pb_init(&open[0], p, n);
	for (;;) {
		struct kt_pb_field at;
		int r = kt_pb_next(&open[depth], &at, NULL);

		if (r < 0)
			return false;
		if (r == 0) {
			if (depth == 0)
				return found;
			depth--;
			continue;
		}
		at.off += (size_t)(open[depth].p - open[0].p);
		if (at.number != path[depth])
			continue;
		if (depth + 1 == steps) {
			*f = at;
			found = true;
		} else if (at.wire == KT_PB_LEN) {
			kt_pb_init(&open[++depth], at.p, at.n);
		}
	}
}

double kt_pb_double(const struct kt_pb_field *f)
{
	double d = 0;
	float s;
	uint32_t low = (uint32_t)f->v;

	if (f->wire == KT_PB_I64) {
		memcpy(&d, &f->v, sizeof(d));
	} else if (f->wire == KT_PB_I32) {
		memcpy(&s, &low, sizeof(s));
		d = (double)s;
	}
	return d;
}

double kt_pb_float(const struct kt_pb_field *f)
{
	return kt_pb_double(f);
}

int64_t kt_pb_zigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}
