/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The requests of requests.def as ids and rows. Wants (parsers/plugins.def) name them, the plan
 * carries them, keten-device alone turns one into words for the phone.
 */
#ifndef KT_CORE_REQUEST_H
#define KT_CORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kt_request_id {
	KT_REQ_NONE = 0,
#define KT_SHELL(id, name, command, max_bytes, wall_s) KT_REQ_##id,
#define KT_ROOT(id, name, path)			       KT_REQ_##id,
#include "core/requests.def"
	KT_REQ_COUNT
};

enum kt_request_kind { KT_REQ_KIND_SHELL = 1, KT_REQ_KIND_ROOT };

struct kt_request {
	enum kt_request_id id;
	enum kt_request_kind kind;
	const char *name;
	const char *text;   /* command, or folder on the phone */
	uint32_t max_bytes; /* of stdout; shell only */
	uint32_t wall_s;    /* shell only */
};

/* NULL when the id is unknown. Constant storage. */
const struct kt_request *kt_request_get(unsigned id);
const struct kt_request *kt_request_find(const char *name);

/* Reads a byte range of a file without its name in a command: operands travel on stdin. */
#define KT_RANGE_COMMAND "xargs -0 -n 3 dd iflag=skip_bytes,count_bytes bs=65536 status=none"

#endif
