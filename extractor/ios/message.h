/* SPDX-License-Identifier: EUPL-1.2 */
/* Property lists that a phone sends: a big-endian length, then XML or binary. Nothing is trusted. */
#ifndef KT_IOS_MESSAGE_H
#define KT_IOS_MESSAGE_H

#include <plist/plist.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;
struct kt_err;
struct kt_wire;

#define KT_MSG_SMALL ((size_t)1 << 20) /* lockdown, notifications */

/* The bytes of one list, appended to b. KT_E_LIMIT: more than max were announced. */
int kt_msg_read(struct kt_wire *w, size_t max, struct kt_buf *b, int64_t deadline,
		struct kt_err *err);
/* The same for small ones, checked and parsed. *node is the caller's; it is a dictionary. */
int kt_msg_read_dict(struct kt_wire *w, plist_t *node, int64_t deadline, struct kt_err *err);

/* Members of a dictionary by type; each guards itself. A text that is not there is "". */
const char *kt_msg_text(plist_t dict, const char *key, char *out, size_t size);
uint64_t kt_msg_number(plist_t dict, const char *key, uint64_t otherwise);
int kt_msg_bool(plist_t dict, const char *key); /* 1, 0; -1: there is none */

#endif
