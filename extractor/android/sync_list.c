/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/sync_list.h"

#include "core/buf.h"
#include "core/devproto.h"
#include "core/err.h"
#include "core/request.h"
#include "extractor/android/adb.h"
#include "extractor/android/allow.h"
#include "extractor/android/sync.h"
#include "extractor/android/transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DENT1_BYTES 20
#define DENT2_BYTES 76
#define NAME_LIMIT  4096 /* a longer name is no name but a broken phone */

/* One entry; the path lies in the arena. */
struct node {
	struct kt_sync_stat st;
	uint32_t path, len; /* in the arena */
	uint32_t depth;
};

struct tree {
	struct kt_sync *y;
	struct kt_listing *l;
	struct kt_buf paths; /* the arena */
	struct node *node;   /* [0] is the root, which is not handed on */
	size_t n, cap;
	bool full;
};

static int add_node(struct tree *t, const struct kt_sync_stat *st, size_t path, size_t len,
		    uint32_t depth, struct kt_err *err)
{
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? t->cap * 2 : 256;
		struct node *p = reallocarray(t->node, cap, sizeof(*p));

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for a listing");
		t->node = p;
		t->cap = cap;
	}
	t->node[t->n++] = (struct node){
		.st = *st, .path = (uint32_t)path, .len = (uint32_t)len, .depth = depth};
	return 0;
}

static bool is_dot(const uint8_t *name, size_t n)
{
	return (n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.');
}

static bool name_is_possible(const uint8_t *name, size_t n)
{
	return n > 0 && n <= KT_ALLOW_NAME_MAX && memchr(name, '/', n) == NULL &&
	       memchr(name, '\0', n) == NULL;
}

/* Notes one entry of the folder node[dir]. */
static int add_entry(struct tree *t, size_t dir, const struct kt_sync_stat *st, const uint8_t *name,
		     size_t n, struct kt_err *err)
{
	const struct node *d = &t->node[dir];
	size_t dlen = d->len, start = t->paths.len;
	uint32_t dpath = d->path, depth = d->depth + 1;

	if (is_dot(name, n))
		return 0;
	if (!name_is_possible(name, n) || dlen + 1 + n > KT_DEV_PATH_MAX) {
		t->l->skipped++;
		t->l->flags |= KT_DEV_F_SKIPPED_NAME;
		return 0;
	}
	if (t->n > t->l->max_entries || kt_buf_reserve(&t->paths, dlen + 1 + n) < 0) {
		t->full = true;
		return 0;
	}
	/* the folder's own path lies in the same arena, which may have moved: copy after reserve */
	memcpy(t->paths.p + start, t->paths.p + dpath, dlen);
	t->paths.p[start + dlen] = '/';
	memcpy(t->paths.p + start + dlen + 1, name, n);
	t->paths.len = start + dlen + 1 + n;
	return add_node(t, st, start, dlen + 1 + n, depth, err);
}

/* Reads one entry: 1 an entry, 0 the end of the folder. */
static int read_entry(struct tree *t, struct kt_sync_stat *st, uint8_t *name, size_t *n,
		      struct kt_err *err)
{
	bool v2 = (t->y->a->features & KT_ADB_F_LS_V2) != 0;
	size_t size = v2 ? DENT2_BYTES : DENT1_BYTES;
	uint8_t p[DENT2_BYTES];
	uint32_t len;
	int r = kt_sync_read(t->y, p, size, err);

	if (r < 0)
		return r;
	if (memcmp(p, "DONE", 4) == 0)
		return 0;
	if (memcmp(p, v2 ? "DNT2" : "DENT", 4) != 0)
		return KT_FAIL(err, KT_E_FORMAT, "the listing holds something else");
	memset(st, 0, sizeof(*st));
	if (v2) {
		st->error = kt_get_le32(p + 4);
		st->mode = kt_get_le32(p + 24);
		st->size = kt_get_le64(p + 40);
		st->mtime = (int64_t)kt_get_le64(p + 56);
	} else {
		st->mode = kt_get_le32(p + 4);
		st->size = kt_get_le32(p + 8);
		st->mtime = kt_get_le32(p + 12);
	}
	len = kt_get_le32(p + size - 4);
	if (len > NAME_LIMIT)
		return KT_FAIL(err, KT_E_FORMAT, "name of %u bytes", len);
	*n = len;
	r = kt_sync_read(t->y, name, len, err);
	return r < 0 ? r : 1;
}

static int list_one(struct tree *t, size_t dir, struct kt_err *err)
{
	const char *id = t->y->a->features & KT_ADB_F_LS_V2 ? "LIS2" : "LIST";
	const struct node *d = &t->node[dir];
	bool any = false;
	int r = kt_sync_request(t->y, id, t->l->root, t->paths.p + d->path, d->len, err);

	while (r == 0) {
		uint8_t name[NAME_LIMIT];
		struct kt_sync_stat st;
		size_t n = 0;

		r = read_entry(t, &st, name, &n, err);
		if (r <= 0)
			break;
		any = true;
		r = add_entry(t, dir, &st, name, n, err);
		if (t->full)
			return 0;
	}
	if (r < 0)
		return r;
	if (!any) {
		t->l->silent++;
		t->l->flags |= KT_DEV_F_LISTED_NONE;
	}
	return kt_sync_settle(t->y, err);
}

static int add_root(struct tree *t, struct kt_err *err)
{
	const struct kt_request *q = kt_request_get(t->l->root);
	struct kt_sync_stat st;
	size_t n = strlen(q->text);
	int r = kt_sync_stat(t->y, t->l->root, q->text, n, &st, err);

	if (r < 0)
		return r;
	if (st.error != 0)
		return KT_FAIL(err, kt_sync_errno_code(st.error), "%s: %s", q->text,
			       strerrordesc_np((int)st.error) != NULL
				       ? strerrordesc_np((int)st.error)
				       : "unknown error");
	if (!S_ISDIR(st.mode))
		return KT_FAIL(err, KT_E_REFUSED, "%s is not a folder", q->text);
	if (kt_buf_put(&t->paths, q->text, n) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a listing");
	return add_node(t, &st, 0, n, 0, err);
}

static int walk(struct tree *t, int64_t until, struct kt_err *err)
{
	int r = add_root(t, err);

	t->y->feed = NULL;
	t->y->deadline = until;

	/* node[] is its own queue: what a folder holds is added behind it */
	for (size_t i = 0; r == 0 && i < t->n && !t->full; i++) {
		if (!S_ISDIR(t->node[i].st.mode) || t->node[i].st.error != 0)
			continue;
		if (t->node[i].depth >= t->l->max_depth) {
			t->l->flags |= KT_DEV_F_TRUNCATED;
			continue;
		}
		r = list_one(t, i, err);
	}
	if (r < 0)
		return r;
	if (t->full)
		t->l->flags |= KT_DEV_F_TRUNCATED;
	if (t->l->flags & KT_DEV_F_TRUNCATED)
		return KT_FAIL(err, KT_E_PARTIAL, "the folder holds more than the limits allow");
	t->l->flags |= KT_DEV_F_COMPLETE;
	return 0;
}

static int compare(const void *a, const void *b, void *arena)
{
	const struct node *x = a, *y = b;
	const uint8_t *p = arena;
	size_t n = x->len < y->len ? x->len : y->len;
	int c = memcmp(p + x->path, p + y->path, n);

	if (c != 0)
		return c;
	return x->len < y->len ? -1 : x->len > y->len;
}

static int hand_on(struct tree *t, struct kt_err *err)
{
	if (t->n < 2)
		return 0;
	qsort_r(t->node + 1, t->n - 1, sizeof(*t->node), compare, t->paths.p);
	for (size_t i = 1; i < t->n; i++) {
		const struct node *d = &t->node[i];
		int r = t->l->entry(t->l->ctx, &d->st, t->paths.p + d->path, d->len, err);

		if (r < 0)
			return r;
		t->l->count++;
	}
	return 0;
}

int kt_sync_list(struct kt_sync *y, struct kt_listing *l, struct kt_err *err)
{
	struct tree t = {.y = y, .l = l};
	int r = kt_allow_root(y->allow, l->root, err);
	int64_t until;
	int h;

	l->flags = l->count = l->silent = l->skipped = 0;
	if (r < 0)
		return r;
	if (l->max_entries > KT_LIST_ENTRIES_MAX)
		l->max_entries = KT_LIST_ENTRIES_MAX;
	if (l->max_depth > KT_LIST_DEPTH_MAX)
		l->max_depth = KT_LIST_DEPTH_MAX;
	kt_buf_init(&t.paths, KT_LIST_PATHS_MAX);
	until = kt_mono_ms() + KT_LIST_MS;
	r = walk(&t, until, err);
	/* a listing that was left in the middle leaves no border to go on from */
	if (r < 0 || t.full)
		kt_sync_close(y);
	h = hand_on(&t, r < 0 ? NULL : err);
	kt_buf_free(&t.paths);
	free(t.node);
	return h < 0 ? h : r;
}
