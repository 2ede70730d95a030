/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/wanted.h"

#include "core/err.h"
#include "core/request.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const endings[] = {"", "-wal", "-journal"};

static bool has_star(const struct kt_img_rule *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (memchr(q->part[i].p, '*', q->part[i].len) != NULL)
			return true;
	return false;
}

static int add_ids(struct kt_wanted *w, const struct kt_img_rule *q, struct kt_err *err)
{
	for (size_t e = 0; e < sizeof(endings) / sizeof(endings[0]); e++) {
		struct kt_wanted_id *x = &w->ids[w->n];
		char full[2 * KT_WANTED_PATH];
		size_t at = 0;

		for (size_t i = 0; i < q->n && at < sizeof(x->path); i++)
			at += (size_t)snprintf(x->path + at, sizeof(x->path) - at, "%s%.*s",
					       i > 0 ? "/" : "", q->part[i].len, q->part[i].p);
		if (at < sizeof(x->path))
			at += (size_t)snprintf(x->path + at, sizeof(x->path) - at, "%s",
					       endings[e]);
		if (at >= sizeof(x->path) ||
		    snprintf(full, sizeof(full), "%s-%s", q->domain, x->path) >= (int)sizeof(full))
			return KT_FAIL(err, KT_E_INTERNAL, "a planned path is too long");
		if (EVP_Digest(full, strlen(full), x->id, NULL, EVP_sha1(), NULL) != 1)
			return KT_FAIL(err, KT_E_INTERNAL, "no SHA-1");
		x->request = q->id;
		w->n++;
	}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct kt_wanted_id *x = a, *y = b;

	return memcmp(x->id, y->id, sizeof(x->id));
}

int kt_wanted_make(struct kt_wanted *w, const bool *may, struct kt_err *err)
{
	int r;

	memset(w, 0, sizeof(*w));
	r = kt_img_rules_make(&w->rules, KT_FORM_BACKUP, may, err);
	if (r < 0)
		return r;
	w->ids = calloc(3 * w->rules.n + 1, sizeof(*w->ids));
	if (w->ids == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the plan");
	for (size_t i = 0; r == 0 && i < w->rules.n; i++) {
		const struct kt_img_rule *q = &w->rules.rule[i];

		/* folders of media come by the media service, not with the backup */
		if (q->tree || q->domain == NULL)
			continue;
		if (has_star(q))
			w->patterns++;
		else
			r = add_ids(w, q, err);
	}
	if (r == 0)
		qsort(w->ids, w->n, sizeof(*w->ids), by_id);
	else
		kt_wanted_free(w);
	return r;
}

void kt_wanted_free(struct kt_wanted *w)
{
	free(w->ids);
	memset(w, 0, sizeof(*w));
}

/* path ends with "/" and tail. */
static bool ends_with(const uint8_t *path, size_t n, const char *tail)
{
	size_t k = strlen(tail);

	return n > k && path[n - k - 1] == '/' && memcmp(path + n - k, tail, k) == 0;
}

/* Whether the last components of path are those of the rule. */
static bool tail_fits(const struct kt_img_rule *q, const uint8_t *path, size_t n)
{
	struct kt_img_rules one = {.n = 1};
	struct kt_img_hit hit;
	size_t at = n;

	for (size_t i = 0; i < q->n; i++) {
		while (at > 0 && path[at - 1] != '/')
			at--;
		if (at == 0)
			return false;
		at--;
	}
	one.rule[0] = *q;
	return kt_img_match_backup(&one, q->domain, path + at + 1, n - at - 1, &hit);
}

static void add_hit(struct kt_img_hit *hit, uint16_t id)
{
	for (size_t i = 0; i < hit->n; i++)
		if (hit->id[i] == id)
			return;
	if (hit->n < sizeof(hit->id) / sizeof(hit->id[0]))
		hit->id[hit->n++] = id;
}

static enum kt_wanted_how match_id(const struct kt_wanted *w, const uint8_t *id,
				   const uint8_t *path, size_t n, struct kt_img_hit *hit,
				   const struct kt_wanted_id **which)
{
	size_t lo = 0, hi = w->n;
	bool known = false;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(w->ids[mid].id, id, sizeof(w->ids[mid].id)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < w->n && memcmp(w->ids[lo].id, id, sizeof(w->ids[lo].id)) == 0; lo++) {
		known = true;
		if (!ends_with(path, n, w->ids[lo].path))
			continue;
		add_hit(hit, w->ids[lo].request);
		*which = &w->ids[lo];
	}
	return hit->n > 0 ? KT_WANTED_ID : known ? KT_WANTED_ODD : KT_WANTED_NO;
}

enum kt_wanted_how kt_wanted_match(const struct kt_wanted *w, const uint8_t id[20],
				   const uint8_t *path, size_t n, struct kt_img_hit *hit,
				   const struct kt_wanted_id **which)
{
	enum kt_wanted_how how;

	memset(hit, 0, sizeof(*hit));
	*which = NULL;
	how = match_id(w, id, path, n, hit, which);
	if (how != KT_WANTED_NO || w->patterns == 0)
		return how;
	for (size_t i = 0; i < w->rules.n; i++) {
		const struct kt_img_rule *q = &w->rules.rule[i];

		if (!q->tree && q->domain != NULL && has_star(q) && tail_fits(q, path, n))
			add_hit(hit, q->id);
	}
	return hit->n > 0 ? KT_WANTED_PATTERN : KT_WANTED_NO;
}
