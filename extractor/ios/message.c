/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/message.h"

#include "core/buf.h"
#include "core/err.h"
#include "extractor/image/plist.h"
#include "extractor/ios/wire.h"

#include <stdlib.h>
#include <string.h>

int kt_msg_read(struct kt_wire *w, size_t max, struct kt_buf *b, int64_t deadline,
		struct kt_err *err)
{
	uint8_t head[4];
	uint32_t n;
	int r = kt_wire_read(w, head, sizeof(head), deadline, err);

	if (r < 0)
		return r;
	n = kt_get_be32(head);
	if (n > max)
		return KT_FAIL(err, KT_E_LIMIT, "the phone announces a message of %u bytes", n);
	if (kt_buf_reserve(b, n) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a message");
	r = kt_wire_read(w, b->p + b->len, n, deadline, err);
	if (r == 0)
		b->len += n;
	return r;
}

int kt_msg_read_dict(struct kt_wire *w, plist_t *node, int64_t deadline, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	*node = NULL;
	kt_buf_init(&b, KT_MSG_SMALL + 1);
	r = kt_msg_read(w, KT_MSG_SMALL, &b, deadline, err);
	if (r == 0)
		r = kt_plist_check(b.p, b.len, err);
	if (r == 0)
		plist_from_memory((const char *)b.p, (uint32_t)b.len, node);
	kt_buf_free(&b);
	if (r == 0 && (*node == NULL || plist_get_node_type(*node) != PLIST_DICT)) {
		plist_free(*node);
		*node = NULL;
		r = KT_FAIL(err, KT_E_FORMAT, "the phone answers with no property list");
	}
	return r;
}

const char *kt_msg_text(plist_t dict, const char *key, char *out, size_t size)
{
	plist_t node = plist_dict_get_item(dict, key);
	uint64_t n = 0;
	const char *p = node != NULL && plist_get_node_type(node) == PLIST_STRING
				? plist_get_string_ptr(node, &n)
				: NULL;

	out[0] = '\0';
	if (p != NULL && n < size && strlen(p) == n)
		memcpy(out, p, (size_t)n + 1);
	return out;
}

uint64_t kt_msg_number(plist_t dict, const char *key, uint64_t otherwise)
{
	plist_t node = plist_dict_get_item(dict, key);
	uint64_t v = otherwise;

	if (node != NULL && plist_get_node_type(node) == PLIST_UINT)
		plist_get_uint_val(node, &v);
	return v;
}

int kt_msg_bool(plist_t dict, const char *key)
{
	plist_t node = plist_dict_get_item(dict, key);
	uint8_t v = 0;

	if (node == NULL || plist_get_node_type(node) != PLIST_BOOLEAN)
		return -1;
	plist_get_bool_val(node, &v);
	return v != 0;
}
