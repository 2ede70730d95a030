/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/done.h"
#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

struct load {
	struct kt_done *d;
	struct kt_tally *t;
};

static int by_sha(const void *a, const void *b)
{
	return memcmp(a, b, KT_SHA256_LEN);
}

static int key(const struct kt_done *d, const void *path, size_t n, uint64_t size, int64_t mtime,
	       uint8_t out[KT_SHA256_LEN], struct kt_err *err)
{
	uint8_t b[KT_DEV_PATH_MAX + 16] = {0};

	if (n > KT_DEV_PATH_MAX)
		return KT_FAIL(err, KT_E_INVALID, "index: malformed path");
	if (d->c->sealed) {
		uint8_t id[KT_RESUME_ID];
		int r = kt_case_resume_id(d->c, d->segment, path, n, size, mtime, "", id, err);

		memset(out, 0, KT_SHA256_LEN);
		memcpy(out, id, KT_RESUME_ID - 1);
		return r;
	}
	memcpy(b, path, n);
	if (d->by_state) {
		memcpy(b + n, &size, sizeof(size));
		memcpy(b + n + sizeof(size), &mtime, sizeof(mtime));
		n += sizeof(size) + sizeof(mtime);
	}
	return kt_sha256(b, n, out, err);
}

static void count(struct kt_tally *t, const char *outcome)
{
	t->wanted++;
	if (strcmp(outcome, "acquired") == 0)
		t->acquired++;
	else if (strcmp(outcome, "partial") == 0)
		t->partial++;
	else if (strcmp(outcome, "refused") == 0)
		t->refused++;
	else if (strcmp(outcome, "absent") == 0)
		t->absent++;
	else
		t->failed++;
}

static int on_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct kt_done *d = ((struct load *)arg)->d;
	const char *hex = kt_jv_str(line, d->c->sealed ? "id" : "path_hex");
	const char *outcome = kt_jv_str(line, "outcome");
	uint8_t path[KT_DEV_PATH_MAX];
	size_t n;

	(void)segment;
	if (hex == NULL || (!d->c->sealed && outcome == NULL))
		return 0;
	n = strlen(hex) / 2;
	if (n > sizeof(path) || !kt_unhex(hex, path, n) || (d->c->sealed && n != KT_RESUME_ID))
		return KT_FAIL(err, KT_E_INVALID, "index: malformed path");
	if (d->n == d->cap) {
		size_t cap = d->cap > 0 ? d->cap * 2 : 256;
		void *p = realloc(d->sha, cap * KT_SHA256_LEN);

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for the index");
		d->sha = p;
		d->cap = cap;
	}
	if (d->c->sealed) {
		count(((struct load *)arg)->t, kt_case_resume_outcome(d->c, path));
		memset(d->sha[d->n], 0, KT_SHA256_LEN);
		memcpy(d->sha[d->n++], path, KT_RESUME_ID - 1);
		return 0;
	}
	count(((struct load *)arg)->t, outcome);
	return key(d, path, n, (uint64_t)kt_jv_int(line, "fs_size", 0),
		   kt_jv_int(line, "fs_mtime", 0), d->sha[d->n++], err);
}

int kt_done_load(struct kt_done *d, const struct kt_case *c, unsigned segment, bool by_state,
		 struct kt_tally *t, struct kt_err *err)
{
	struct load l = {d, t};
	bool complete;
	int r;

	memset(d, 0, sizeof(*d));
	d->by_state = by_state;
	d->c = c;
	d->segment = segment;
	r = kt_index_read(c->index_fd, segment, &complete, on_line, &l, err);
	if (r == 0 && d->n > 0)
		qsort(d->sha, d->n, KT_SHA256_LEN, by_sha);
	return r;
}

bool kt_done_has(const struct kt_done *d, const struct kt_entry *e)
{
	uint8_t sha[KT_SHA256_LEN];

	return d->n > 0 && key(d, e->path, e->len, e->size, e->mtime, sha, NULL) == 0 &&
	       bsearch(sha, d->sha, d->n, KT_SHA256_LEN, by_sha) != NULL;
}

void kt_done_free(struct kt_done *d)
{
	free(d->sha);
	memset(d, 0, sizeof(*d));
}
