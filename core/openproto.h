/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between keten and `keten-sign open`, which holds the identity of one case while it is released:
 * one SOCK_SEQPACKET socket as the latter's standard input. First the envelope, answered; then for
 * each object a request with two descriptors (sealed file, where its plaintext goes), answered. The
 * end of the stream ends it. Both are programs of one build on one machine: structures as they are.
 */
#ifndef KT_CORE_OPENPROTO_H
#define KT_CORE_OPENPROTO_H

#include <stdint.h>

#include "core/age.h"
#include "core/hash.h"

#define KT_OPEN_ENVELOPE_MAX 65536u

struct kt_open_request {
	uint64_t off, len; /* of the age file in its descriptor */
};

struct kt_open_reply {
	int32_t code;		       /* enum kt_code */
	uint8_t recipient[KT_AGE_KEY]; /* after the envelope: whom the case is sealed for */
	uint64_t bytes;		       /* of plaintext */
	uint8_t sha256[KT_SHA256_LEN];
	char text[128];
};

#endif
