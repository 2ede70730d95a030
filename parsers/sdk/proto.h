/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Protocol buffers on the wire, without a schema: field by field over bytes in memory. Groups are
 * refused. https://protobuf.dev/programming-guides/encoding/
 */
#ifndef KT_PARSERS_SDK_PROTO_H
#define KT_PARSERS_SDK_PROTO_H

#include "parsers/sdk/keten_parser.h"

enum kt_pb_wire { KT_PB_VARINT = 0, KT_PB_I64 = 1, KT_PB_LEN = 2, KT_PB_I32 = 5 };

struct kt_pb {
	const uint8_t *p;
	size_t n, at;
};

struct kt_pb_field {
	uint32_t number;
	enum kt_pb_wire wire;
	uint64_t v;	  /* VARINT, I64, I32 */
	const uint8_t *p; /* LEN, borrowed */
	size_t n;
	size_t off; /* of the field's first byte */
};

void kt_pb_init(struct kt_pb *pb, const void *p, size_t n);
/* 1: a field, 0: end, KT_E_FORMAT. */
int kt_pb_next(struct kt_pb *pb, struct kt_pb_field *f, struct kt_err *err);
/*
 * The last field that a path of numbers (3.1.4.5, ended by 0; at most KT_PB_PATH_MAX) leads to, each
 * step but the last into a LEN field, as protobuf merges repeated single fields. off counts from p.
 * False when there is none, or when a message on the way is damaged.
 */
#define KT_PB_PATH_MAX 16u
bool kt_pb_find(const void *p, size_t n, const uint32_t *path, struct kt_pb_field *f);
/* I32/I64 fields as IEEE numbers, by the field's own width; 0 of other fields. */
double kt_pb_double(const struct kt_pb_field *f);
double kt_pb_float(const struct kt_pb_field *f);
/* zig-zag */
int64_t kt_pb_zigzag(uint64_t v);

#endif
