/* SPDX-License-Identifier: EUPL-1.2 */
/* Property lists: loading, and what can be asked of a node. See plist.h. */
#include "parsers/sdk/plist.h"
#include "parsers/sdk/ctx.h"
#include "parsers/sdk/plist_tree.h"
#include "parsers/sdk/units.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN  ((size_t)2 << 10) /* the first one: most lists are blobs of a database row */
#define CHUNK_MAX  ((size_t)64 << 10)
#define CHUNK_HEAD 16u
#define READ_STEP  ((size_t)256 << 10)

static const struct kt_pl nothing = {NULL};

/* -- the tree --------------------------------------------------------------------------------- */

void *kt_plist_alloc(struct kt_plist *pl, size_t n)
{
	void *p;

	n = n == 0 ? 16 : (n + 15) & ~(size_t)15;
	if (pl->chunk_left < n) {
		size_t usual = pl->chunk_size == 0	    ? CHUNK_MIN
			       : pl->chunk_size < CHUNK_MAX ? 2 * pl->chunk_size
							    : CHUNK_MAX;
		size_t cap = n > usual / 4 ? n : usual;
		uint8_t *c = calloc(1, cap + CHUNK_HEAD);

		if (c == NULL)
			return NULL;
		memcpy(c, &pl->chunks, sizeof(pl->chunks));
		pl->chunks = c;
		if (cap == n)
			return c + CHUNK_HEAD; /* a large one stands alone */
		pl->chunk_at = c + CHUNK_HEAD;
		pl->chunk_left = pl->chunk_size = cap;
	}
	p = pl->chunk_at;
	pl->chunk_at += n;
	pl->chunk_left -= n;
	return p;
}

void kt_plist_free(struct kt_plist **pl)
{
	uint8_t *c;

	if (*pl == NULL)
		return;
	c = (*pl)->chunks;
	while (c != NULL) {
		uint8_t *next;

		memcpy(&next, c, sizeof(next));
		free(c);
		c = next;
	}
	free((*pl)->file);
	free(*pl);
	*pl = NULL;
}

static bool looks_like_xml(const uint8_t *p, size_t n)
{
	if (n >= 2 && ((p[0] == 0xfe && p[1] == 0xff) || (p[0] == 0xff && p[1] == 0xfe)))
		return true;
	if (n >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		return true;
	while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) {
		p++;
		n--;
	}
	return n > 0 && *p == '<';
}

/* Room for a list of n bytes; NULL when there is none. */
static struct kt_plist *new_list(size_t n)
{
	struct kt_plist *pl = calloc(1, sizeof(*pl));

	if (pl == NULL)
		return NULL;
	pl->len = n;
	pl->file = malloc(n + 1);
	if (pl->file == NULL)
		kt_plist_free(&pl);
	return pl;
}

/* Reads l->file and hands the list over, or frees it. */
static int read_list(struct kt_plist *l, struct kt_plist **pl, struct kt_err *err)
{
	int r;

	if (l->len >= 8 && memcmp(l->file, "bplist0", 7) == 0)
		r = kt_plist_read_binary(l, err);
	else if (looks_like_xml(l->file, l->len))
		r = kt_plist_read_xml(l, err);
	else
		r = KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no property list");
	if (r < 0)
		kt_plist_free(&l);
	*pl = l;
	return r;
}

int kt_plist_parse(const void *p, size_t n, struct kt_plist **pl, struct kt_err *err)
{
	struct kt_plist *l;

	*pl = NULL;
	if (n > KT_PLIST_MAX_BYTES)
		return KT_FAIL(err, KT_E_LIMIT, "a property list of %zu bytes", n);
	l = new_list(n);
	if (l == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a property list of %zu bytes", n);
	if (n > 0)
		memcpy(l->file, p, n);
	return read_list(l, pl, err);
}

int kt_plist_load(struct kt_ctx *ctx, struct kt_plist **pl, struct kt_err *err)
{
	uint64_t size = kt_in_size(ctx);
	struct kt_plist *l;
	int r = 0;

	*pl = NULL;
	if (size > KT_PLIST_MAX_BYTES)
		return KT_FAIL(err, KT_E_LIMIT, "a property list of %llu bytes",
			       (unsigned long long)size);
	l = new_list((size_t)size);
	if (l == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a property list of %llu bytes",
			       (unsigned long long)size);
	for (size_t at = 0, n; at < l->len && r >= 0; at += n) {
		n = l->len - at < READ_STEP ? l->len - at : READ_STEP;
		r = kt_in_exact(ctx, at, l->file + at, n, err);
	}
	if (r >= 0)
		return read_list(l, pl, err);
	kt_plist_free(&l);
	return r;
}

struct kt_pl kt_plist_root(const struct kt_plist *pl)
{
	struct kt_pl n = {pl != NULL ? pl->root : NULL};

	return n;
}

/* -- nodes ------------------------------------------------------------------------------------ */

/* The node when it is of this type, else NULL. */
static const struct kt_node *as(struct kt_pl n, enum kt_pl_type type)
{
	const struct kt_node *node = n.node;

	return node != NULL && node->type == type ? node : NULL;
}

static struct kt_pl wrap(struct kt_node *node)
{
	struct kt_pl n = {node};

	return n;
}

static struct kt_str bytes_of(const struct kt_node *node)
{
	struct kt_str s = {node->u.bytes, node->n};

	return s;
}

enum kt_pl_type kt_pl_type(struct kt_pl n)
{
	const struct kt_node *node = n.node;

	return node != NULL ? (enum kt_pl_type)node->type : KT_PL_NONE;
}

/* The value behind the first key that is these bytes. */
static struct kt_pl member(struct kt_pl dict, const char *key, size_t len)
{
	const struct kt_node *d = as(dict, KT_PL_DICT);

	for (uint32_t i = 0; d != NULL && i < d->n; i++) {
		const struct kt_node *k = d->u.kid[i];

		if (k->type == KT_PL_TEXT && k->n == len && memcmp(k->u.bytes, key, len) == 0)
			return wrap(d->u.kid[(size_t)d->n + i]);
	}
	return nothing;
}

struct kt_pl kt_pl_get(struct kt_pl dict, const char *key)
{
	return member(dict, key, strlen(key));
}

struct kt_pl kt_pl_path(struct kt_pl dict, const char *path)
{
	while (dict.node != NULL) {
		size_t n = strcspn(path, "/");

		dict = member(dict, path, n);
		if (path[n] == '\0')
			break;
		path += n + 1;
	}
	return dict;
}

uint32_t kt_pl_count(struct kt_pl n)
{
	const struct kt_node *node = n.node;

	return node != NULL && (node->type == KT_PL_ARRAY || node->type == KT_PL_DICT) ? node->n
										       : 0;
}

struct kt_pl kt_pl_at(struct kt_pl array, uint32_t i)
{
	const struct kt_node *a = as(array, KT_PL_ARRAY);

	return a != NULL && i < a->n ? wrap(a->u.kid[i]) : nothing;
}

void kt_pl_iter_init(struct kt_pl_iter *it, struct kt_pl dict)
{
	it->dict = dict;
	it->at = 0;
}

bool kt_pl_iter_next(struct kt_pl_iter *it, struct kt_str *key, struct kt_pl *value)
{
	const struct kt_node *d = as(it->dict, KT_PL_DICT), *k;

	if (d == NULL || it->at >= d->n)
		return false;
	k = d->u.kid[it->at];
	*key = k->type == KT_PL_TEXT ? bytes_of(k) : kt_str_c("");
	*value = wrap(d->u.kid[(size_t)d->n + it->at]);
	it->at++;
	return true;
}

void kt_pl_iter_end(struct kt_pl_iter *it)
{
	it->dict = nothing;
}

/* -- values ----------------------------------------------------------------------------------- */

bool kt_pl_int(struct kt_pl n, int64_t *v)
{
	const struct kt_node *node = as(n, KT_PL_INT);

	if (node == NULL || node->form != KT_NODE_PLAIN)
		return false;
	*v = node->u.i;
	return true;
}

bool kt_pl_bool(struct kt_pl n, bool *v)
{
	const struct kt_node *node = as(n, KT_PL_BOOL);

	if (node == NULL)
		return false;
	*v = node->u.i != 0;
	return true;
}

bool kt_pl_scaled(struct kt_pl n, unsigned scale, int64_t *v)
{
	const struct kt_node *node = n.node;
	int64_t i;
	struct kt_str s;

	if (node == NULL || node->form == KT_NODE_WIDE || scale > 18)
		return false;
	if (kt_pl_int(n, &i)) {
		for (; scale > 0; scale--)
			if (__builtin_mul_overflow(i, 10, &i))
				return false;
		*v = i;
		return true;
	}
	if (node->type == KT_PL_REAL && node->form == KT_NODE_PLAIN)
		return kt_double_scaled(node->u.real, scale, v);
	if (node->type != KT_PL_REAL && node->type != KT_PL_TEXT)
		return false;
	s = kt_str_trim(bytes_of(node));
	return kt_parse_scaled(s.p, s.len, scale, v) == 0;
}

bool kt_pl_text(struct kt_pl n, struct kt_str *s)
{
	const struct kt_node *node = as(n, KT_PL_TEXT);

	if (node == NULL)
		return false;
	*s = bytes_of(node);
	return true;
}

bool kt_pl_data(struct kt_pl n, const uint8_t **p, size_t *len)
{
	const struct kt_node *node = as(n, KT_PL_DATA);

	if (node == NULL)
		return false;
	*p = (const uint8_t *)node->u.bytes;
	*len = node->n;
	return true;
}

static bool cocoa_time(double seconds, int64_t *t_us)
{
	int64_t us;

	return kt_double_scaled(seconds, 6, &us) && kt_epoch_us(KT_EPOCH_COCOA_S, us, 6, t_us);
}

bool kt_pl_date(struct kt_pl n, int64_t *t_us)
{
	const struct kt_node *node = as(n, KT_PL_DATE);
	enum kt_time_kind kind;

	if (node == NULL)
		return false;
	if (node->form == KT_NODE_PLAIN)
		return cocoa_time(node->u.real, t_us);
	return kt_iso_time(bytes_of(node), t_us, &kind, NULL) && kind == KT_TIME_UTC;
}

static struct kt_str hex_of(struct kt_ctx *ctx, const uint8_t *p, size_t n)
{
	struct kt_str s = {"", 0};
	char *out;

	if (n > KT_REC_STR_MAX / 2)
		n = KT_REC_STR_MAX / 2;
	out = kt_alloc(ctx, 2 * n);
	if (out == NULL)
		return s;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[p[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	s.p = out;
	s.len = (uint32_t)(2 * n);
	return s;
}

static struct kt_str int_text(struct kt_ctx *ctx, int64_t v)
{
	char *t = kt_ctx_short(ctx), *at = t + KT_CTX_SHORT - 1;
	uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	*at = '\0';
	do {
		*--at = (char)('0' + m % 10);
		m /= 10;
	} while (m > 0);
	if (v < 0)
		*--at = '-';
	return kt_str_c(at);
}

struct kt_str kt_pl_raw(struct kt_ctx *ctx, struct kt_pl n)
{
	const struct kt_node *node = n.node;
	struct kt_str s = {"", 0};
	int64_t us;

	_Static_assert(KT_CTX_SHORT >= KT_DOUBLE_TEXT && KT_CTX_SHORT >= KT_TIME_TEXT, "room");
	if (node == NULL)
		return s;
	if (node->type == KT_PL_TEXT || node->form == KT_NODE_TEXT) {
		s = bytes_of(node);
		return s.len > KT_REC_STR_MAX ? kt_str_upto(s, KT_REC_STR_MAX) : s;
	}
	switch (node->type) {
	case KT_PL_BOOL:
		return kt_str_c(node->u.i != 0 ? "true" : "false");
	case KT_PL_UID:
		return int_text(ctx, node->u.i);
	case KT_PL_INT:
		if (node->form == KT_NODE_WIDE)
			return hex_of(ctx, (const uint8_t *)node->u.bytes, node->n);
		return int_text(ctx, node->u.i);
	case KT_PL_DATE:
		if (cocoa_time(node->u.real, &us))
			return kt_str_c(kt_time_text(us, kt_ctx_short(ctx)));
		return kt_str_c(kt_double_text(node->u.real, kt_ctx_short(ctx)));
	case KT_PL_REAL:
		return kt_str_c(kt_double_text(node->u.real, kt_ctx_short(ctx)));
	case KT_PL_DATA:
		return hex_of(ctx, (const uint8_t *)node->u.bytes, node->n);
	default:
		return s;
	}
}
