/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: property lists; the whole tree is walked, as a list and as an archive. */
#include "parsers/sdk/ctx.h"
#include "parsers/sdk/plist.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define LEVELS (KT_PLIST_MAX_DEPTH + 1)

/* What ends here is the finding: a getter that takes a node of another kind, a path that runs over. */
static void ask(struct kt_ctx *ctx, struct kt_pl archive, struct kt_pl n, struct kt_keypath *k)
{
	enum kt_pl_type type = kt_pl_type(n);
	struct kt_str s, raw = kt_pl_raw(ctx, n);
	const uint8_t *p;
	int64_t v;
	size_t len;
	bool b;

	if (raw.len > KT_REC_STR_MAX || kt_keypath_locator(k).path.len > KT_REC_STR_MAX)
		abort();
	if ((kt_pl_int(n, &v) && type != KT_PL_INT) || (kt_pl_bool(n, &b) && type != KT_PL_BOOL) ||
	    (kt_pl_text(n, &s) && type != KT_PL_TEXT) ||
	    (kt_pl_data(n, &p, &len) && type != KT_PL_DATA) ||
	    (kt_pl_date(n, &v) && (type != KT_PL_DATE || v < KT_TIME_MIN || v > KT_TIME_MAX)))
		abort();
	kt_pl_scaled(n, 7, &v);
	kt_archive_date(archive, n, &v);
	kt_archive_value(archive, n, "a");
	kt_archive_at(archive, n, kt_archive_count(archive, n));
	kt_archive_at(archive, n, 0);
	kt_pl_raw(ctx, kt_archive_get(archive, n, "a"));
}

static void walk(struct kt_ctx *ctx, struct kt_pl root)
{
	struct {
		struct kt_pl_iter it;
		struct kt_pl n;
		uint32_t i;
		size_t path;
	} at[LEVELS] = {{.n = root}};
	struct kt_keypath k;
	unsigned depth = 1;
	uint64_t nodes = 0;

	kt_keypath_init(&k);
	kt_pl_iter_init(&at[0].it, root);
	while (depth > 0) {
		struct kt_pl child = kt_pl_at(at[depth - 1].n, at[depth - 1].i);
		struct kt_str key;

		if (++nodes > 20000 || ctx->arena_total > 1 << 20)
			return; /* enough, for speed */
		kt_keypath_cut(&k, at[depth - 1].path != 0 ? at[depth - 1].path : 1);
		if (child.node != NULL) {
			kt_keypath_index(&k, at[depth - 1].i++);
		} else if (kt_pl_iter_next(&at[depth - 1].it, &key, &child)) {
			kt_keypath_key(&k, key);
		} else {
			depth--;
			continue;
		}
		ask(ctx, root, child, &k);
		if (kt_pl_count(child) == 0)
			continue;
		if (depth == LEVELS)
			abort();
		at[depth].n = child;
		at[depth].i = 0;
		at[depth].path = k.len;
		kt_pl_iter_init(&at[depth].it, child);
		depth++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct kt_ctx_ops ops = {0};
	struct kt_plist *pl;
	struct kt_ctx ctx;

	kt_ctx_init(&ctx, &ops, 0);
	if (kt_plist_parse(p, n, &pl, NULL) == 0) {
		struct kt_keypath k;

		kt_keypath_init(&k);
		ask(&ctx, kt_plist_root(pl), kt_plist_root(pl), &k);
		ask(&ctx, kt_plist_root(pl), kt_archive_root(kt_plist_root(pl), NULL), &k);
		walk(&ctx, kt_plist_root(pl));
		kt_plist_free(&pl);
	} else if (pl != NULL) {
		abort();
	}
	kt_ctx_free(&ctx);
	return 0;
}
