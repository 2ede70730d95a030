/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The tree behind plist.h: what its two readers (binary, XML) make and its getters read. Inside the
 * SDK alone. A node that several containers of a binary list share is one node here, too; so memory
 * grows with the file, however often its objects point to one another.
 */
#ifndef KT_PARSERS_SDK_PLIST_TREE_H
#define KT_PARSERS_SDK_PLIST_TREE_H

#include "parsers/sdk/plist.h"

/* Nodes that a walk from the root meets, a shared one as often as it is met. */
#define KT_PLIST_MAX_NODES ((uint32_t)4000000)

enum kt_node_form {
	KT_NODE_PLAIN = 0,
	KT_NODE_TEXT, /* INT that does not fit, REAL, DATE: as written in XML, in bytes */
	KT_NODE_WIDE, /* INT of 128 bits that does not fit, big-endian, in bytes */
};

struct kt_node {
	uint8_t type; /* enum kt_pl_type */
	uint8_t form; /* enum kt_node_form */
	uint32_t n;   /* ARRAY: members; DICT: pairs; TEXT, DATA, KT_NODE_TEXT: bytes */
	union {
		int64_t i;   /* BOOL, INT, UID */
		double real; /* REAL; DATE: seconds since 2001 */
		const char *bytes;
		struct kt_node **kid; /* ARRAY: n; DICT: n keys, then their n values */
	} u;
};

struct kt_plist {
	uint8_t *file; /* owned copy; texts and data lie in it where they can */
	size_t len;
	struct kt_node *root;
	void *chunks; /* memory of nodes, linked through their first bytes */
	size_t chunk_size, chunk_left;
	uint8_t *chunk_at;
};

/* Memory that lives as long as the tree; NULL when there is none. */
void *kt_plist_alloc(struct kt_plist *pl, size_t n);

/* The readers: pl->file to pl->root. */
int kt_plist_read_binary(struct kt_plist *pl, struct kt_err *err);
int kt_plist_read_xml(struct kt_plist *pl, struct kt_err *err);

#endif
