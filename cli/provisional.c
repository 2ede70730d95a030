/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/provisional.h"
#include "cli/pass.h"
#include "core/cbc.h"
#include "core/io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP ((size_t)64 << 10)

/* One file for one item, held back. */
struct kt_pending {
	uint32_t member; /* number of its MEMBER */
	size_t item;
	bool taking, over;	 /* bytes come now; more came than the item allows */
	bool gone;		 /* nothing is held any more */
	bool encrypted, odd_end; /* odd_end: not padded as its size asks */
	uint8_t verdict;	 /* enum kt_dev_verdict; 0: none yet */
	struct kt_sink sink;
	char sha[KT_SHA256_HEX];
	char cipher_sha[KT_SHA256_HEX]; /* of what came, once it is decrypted; "" else */
	uint64_t cipher_bytes;
	/* of a sealed case: what came stays as it came, and its key is sealed with its line */
	bool keyed;
	uint8_t key[KT_CBC_KEY];
	uint64_t size; /* of the plaintext, then */
	char *path;    /* owned: the phone's name for it, then the one in Manifest.db */
	uint32_t path_len;
	int64_t mtime;
	char note[120];
};

static int set_path(struct kt_pending *w, const char *path, size_t n, struct kt_err *err)
{
	char *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a name");
	memcpy(copy, path, n);
	free(w->path);
	w->path = copy;
	w->path_len = (uint32_t)n;
	return 0;
}

static struct kt_pending *add(struct kt_prov *v, struct kt_err *err)
{
	if (v->n == v->cap) {
		size_t cap = v->cap > 0 ? v->cap * 2 : 32;
		void *p = realloc(v->v, cap * sizeof(*v->v));

		if (p == NULL) {
			KT_FAIL(err, KT_E_NOMEM, "no memory for files that are held back");
			return NULL;
		}
		v->v = p;
		v->cap = cap;
	}
	memset(&v->v[v->n], 0, sizeof(v->v[0]));
	v->v[v->n].sink.fd = -1;
	return &v->v[v->n++];
}

/* Gives up those from the first on. */
static void drop_from(struct kt_pass *p, size_t first)
{
	struct kt_prov *v = &p->prov;

	while (v->n > first) {
		struct kt_pending *w = &v->v[--v->n];

		kt_sink_drop(&p->q->c, &w->sink);
		explicit_bzero(w->key, sizeof(w->key));
		free(w->path);
	}
}

void kt_prov_drop(struct kt_pass *p)
{
	drop_from(p, 0);
	free(p->prov.v);
	memset(&p->prov, 0, sizeof(p->prov));
}

/* -- receiving -------------------------------------------------------------------------------- */

/* A line for an item that gets nothing of this file. */
static int refuse(struct kt_run *t, const struct kt_entry *e, const char *outcome,
		  const char *reason, struct kt_err *err)
{
	t->pending = false;
	if (strcmp(outcome, "refused") == 0)
		t->t.refused++;
	else
		t->t.failed++;
	if (t->missing[0] == '\0')
		snprintf(t->missing, sizeof(t->missing), "%s", reason);
	return kt_index_lost_file(&t->ix, e, outcome, reason, err);
}

static int begin(struct kt_pass *p, size_t i, struct kt_err *err)
{
	struct kt_pending *w;
	int r;

	if (p->prov.n >= KT_PROV_MAX)
		return refuse(&p->run[i], &p->e, "refused",
			      "more files wait for their confirmation than this version holds back",
			      err);
	w = add(&p->prov, err);
	if (w == NULL)
		return KT_E_NOMEM;
	w->member = p->number;
	w->item = i;
	w->encrypted = (p->flags & KT_DEV_M_ENCRYPTED) != 0;
	r = set_path(w, p->e.path, p->e.len, err);
	if (r == 0)
		r = kt_sink_hold(&p->q->c, &w->sink, err);
	w->taking = r == 0;
	return r;
}

static int on_bytes(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_pass *p = arg;
	int r = 0;

	if (ev->type == KT_DEV_STATE)
		kt_iphone_state(p->q, ev);
	if (ev->type != KT_DEV_OUT)
		return 0;
	kt_progress_data(&p->q->prog, ev->n);
	for (size_t i = p->prov.n; r == 0 && i-- > 0 && p->prov.v[i].taking;) {
		struct kt_pending *w = &p->prov.v[i];

		/* its size is known to nobody before its end */
		if (!w->over && ev->n > p->q->plan.item[w->item].max_bytes - w->sink.bytes) {
			kt_sink_drop(&p->q->c, &w->sink);
			w->over = true;
		}
		if (!w->over)
			r = kt_sink_write(&w->sink, ev->p, ev->n, err);
	}
	return r;
}

static void on_idle(void *arg)
{
	kt_progress_data(&((struct kt_pass *)arg)->q->prog, 0);
}

static int receive(struct kt_pass *p, uint64_t max, struct kt_dev_result *res, struct kt_err *err)
{
	uint32_t tag;
	size_t at = kt_dev_begin(&p->q->dev, KT_DEV_WHOLE, &tag);
	int r;

	kt_buf_put_le64(&p->q->dev.out, max);
	kt_frame_end(&p->q->dev.out, at);
	r = kt_dev_call(&p->q->dev, tag, on_bytes, p, on_idle, res, err);
	if (r == 0 && p->q->dev.lost)
		r = KT_FAIL(err, KT_E_DEVICE, "the phone was lost in the middle of a file: %.90s",
			    res->text);
	return r;
}

/* One taker at the end of the member: what is whole is held on, anything else is gone at once. */
static int received(struct kt_pass *p, struct kt_pending *w, const struct kt_dev_result *res,
		    struct kt_err *err)
{
	struct kt_run *t = &p->run[w->item];
	char reason[160];

	w->taking = false;
	if (!w->over && res->code == 0 && (res->flags & KT_DEV_F_COMPLETE) != 0) {
		t->pending = false;
		return kt_sink_finish(&w->sink, w->sha, err);
	}
	w->gone = true;
	kt_sink_drop(&p->q->c, &w->sink);
	if (w->over || res->code == KT_E_LIMIT)
		return refuse(t, &p->e, "refused", "larger than the limit of this item", err);
	snprintf(reason, sizeof(reason), "the phone could not give it: %.120s", res->text);
	return refuse(t, &p->e, "failed", reason, err);
}

static void forget_gone(struct kt_prov *v, size_t first)
{
	size_t n = first;

	for (size_t i = first; i < v->n; i++) {
		if (v->v[i].gone)
			free(v->v[i].path);
		else
			v->v[n++] = v->v[i];
	}
	v->n = n;
}

int kt_prov_take(struct kt_pass *p, struct kt_err *err)
{
	size_t first = p->prov.n;
	struct kt_dev_result res;
	uint64_t max = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++)
		if (p->run[i].taking)
			r = begin(p, i, err);
	for (size_t i = first; i < p->prov.n; i++)
		if (p->q->plan.item[p->prov.v[i].item].max_bytes > max)
			max = p->q->plan.item[p->prov.v[i].item].max_bytes;
	if (r == 0 && p->prov.n > first)
		r = receive(p, max, &res, err);
	if (r < 0) {
		drop_from(p, first);
		return r;
	}
	for (size_t i = first; r == 0 && i < p->prov.n; i++)
		r = received(p, &p->prov.v[i], &res, err);
	forget_gone(&p->prov, first);
	return r;
}

/* -- confirming ------------------------------------------------------------------------------- */

static void judge(struct kt_pending *w, uint8_t verdict, const char *note)
{
	w->verdict = verdict;
	snprintf(w->note, sizeof(w->note), "%s", note);
}

/* Bytes of fd through the cipher into the sink: constant memory, whatever its size. */
static int decrypt_into(struct kt_pass *p, int fd, struct kt_cbc *cbc, struct kt_sink *plain,
			struct kt_err *err)
{
	static uint8_t in[STEP], out[STEP + KT_CBC_BLOCK];
	size_t got;
	int r = 0;

	for (;;) {
		ssize_t n = read(fd, in, sizeof(in));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return KT_FAIL(err, KT_E_STORAGE, "an object can't be read again: %s",
				       strerror(errno));
		if (n == 0)
			return kt_cbc_end(cbc, err);
		if (kt_stop_asked)
			return KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator");
		kt_progress_data(&p->q->prog, 0);
		r = kt_cbc_update(cbc, in, (size_t)n, out, &got, err);
		if (r == 0)
			r = kt_sink_write(plain, out, got, err);
		if (r < 0)
			return r;
	}
}

/*
 * The padding says the size once more, and a wrong key spoils it: the last block ends in as many bytes of
 * that value as there are behind the plaintext (PKCS #7). last2: the last two blocks of bytes, or the one
 * that there is in their second half.
 */
static int check_end(struct kt_pending *w, const uint8_t last2[2 * KT_CBC_BLOCK],
		     const uint8_t *key, uint64_t size, struct kt_err *err)
{
	uint64_t bytes = w->sink.bytes, pad = bytes - size;
	uint8_t last[KT_CBC_BLOCK];
	int r;

	w->odd_end = bytes > 0 && pad == 0;
	if (pad == 0)
		return 0;
	r = kt_cbc_blocks(key, bytes > KT_CBC_BLOCK ? last2 : NULL, last2 + KT_CBC_BLOCK,
			  KT_CBC_BLOCK, last, err);
	for (size_t i = KT_CBC_BLOCK - (size_t)pad; r == 0 && i < KT_CBC_BLOCK; i++)
		w->odd_end |= last[i] != pad;
	return r;
}

static int read_end(const struct kt_pending *w, int fd, uint8_t last2[2 * KT_CBC_BLOCK],
		    struct kt_err *err)
{
	uint64_t bytes = w->sink.bytes;
	size_t n = bytes > KT_CBC_BLOCK ? 2 * KT_CBC_BLOCK : bytes > 0 ? KT_CBC_BLOCK : 0;

	if (pread(fd, last2 + 2 * KT_CBC_BLOCK - n, n, (off_t)(bytes - n)) != (ssize_t)n)
		return KT_FAIL(err, KT_E_STORAGE, "an object can't be read again");
	return 0;
}

/* Nobody here can read again what came: it is decrypted when it is released. */
static int keep_key(struct kt_pending *w, const uint8_t *key, uint64_t size, struct kt_err *err)
{
	w->keyed = true;
	memcpy(w->key, key, sizeof(w->key));
	w->size = size;
	w->cipher_bytes = w->sink.bytes;
	memcpy(w->cipher_sha, w->sha, sizeof(w->cipher_sha));
	return check_end(w, w->sink.tail, key, size, err);
}

/* The ciphertext is replaced by what it says; both are hashed. */
static int decrypt(struct kt_pass *p, struct kt_pending *w, const uint8_t *key, uint64_t size,
		   struct kt_err *err)
{
	struct kt_cbc cbc = {NULL, 0};
	struct kt_sink plain = {.fd = -1};
	uint8_t last2[2 * KT_CBC_BLOCK] = {0};
	char sha[KT_SHA256_HEX];
	KT_AUTO_FD fd = kt_sink_reread(&p->q->c, &w->sink, err);
	int r = fd;

	if (r >= 0)
		r = read_end(w, fd, last2, err);
	if (r == 0)
		r = check_end(w, last2, key, size, err);
	if (r == 0)
		r = kt_sink_hold(&p->q->c, &plain, err);
	if (r == 0)
		r = kt_cbc_init(&cbc, key, size, err);
	if (r == 0)
		r = decrypt_into(p, fd, &cbc, &plain, err);
	if (r == 0)
		r = kt_sink_finish(&plain, sha, err);
	kt_cbc_free(&cbc);
	if (r < 0) {
		kt_sink_drop(&p->q->c, &plain);
		return r;
	}
	w->cipher_bytes = w->sink.bytes;
	memcpy(w->cipher_sha, w->sha, sizeof(sha));
	memcpy(w->sha, sha, sizeof(sha));
	kt_sink_drop(&p->q->c, &w->sink);
	w->sink = plain;
	return 0;
}

/* Confirmed as to what it is; now size and key have to fit what came. */
static int check(struct kt_pass *p, struct kt_pending *w, const struct kt_dev_event *ev,
		 struct kt_err *err)
{
	uint64_t bytes = w->sink.bytes;
	int r;

	if (!w->encrypted) {
		if (bytes != ev->size)
			judge(w, KT_VERDICT_CONTRADICTED, "another size");
		return 0;
	}
	if (ev->key == NULL) {
		judge(w, KT_VERDICT_UNCONFIRMED, "there is no key for it");
		return 0;
	}
	/* whole blocks, the last one holding the padding */
	if (bytes % KT_CBC_BLOCK != 0 || bytes < ev->size || bytes - ev->size > KT_CBC_BLOCK) {
		judge(w, KT_VERDICT_CONTRADICTED, "another size");
		return 0;
	}
	r = p->q->c.sealed ? keep_key(w, ev->key, ev->size, err)
			   : decrypt(p, w, ev->key, ev->size, err);
	if (r == KT_E_FORMAT) {
		judge(w, KT_VERDICT_CONTRADICTED, "it does not decrypt");
		kt_err_clear(err);
		r = 0;
	}
	return r;
}

int kt_prov_confirm(struct kt_pass *p, const struct kt_dev_event *ev, struct kt_err *err)
{
	char note[120];
	int r = 0;

	kt_keep_text(note, sizeof(note), ev->text.p, ev->text.n);
	for (size_t i = 0; r == 0 && i < p->prov.n; i++) {
		struct kt_pending *w = &p->prov.v[i];

		if (w->member != ev->member || w->verdict != 0)
			continue;
		judge(w, ev->verdict, note);
		if (ev->verdict != KT_VERDICT_CONFIRMED)
			continue;
		w->mtime = ev->mtime;
		if (ev->path.n > 0)
			r = set_path(w, ev->path.p, ev->path.n, err);
		if (r == 0)
			r = check(p, w, ev, err);
	}
	return r;
}

/* -- settling --------------------------------------------------------------------------------- */

static bool same_file(const struct kt_pending *a, const struct kt_pending *b)
{
	return a->item == b->item && a->path_len == b->path_len &&
	       memcmp(a->path, b->path, a->path_len) == 0;
}

/* A phone that sends one file twice has sent one file, or none that can be relied on. */
static void find_doubles(struct kt_prov *v)
{
	for (size_t i = 0; i < v->n; i++)
		for (size_t k = i + 1; k < v->n; k++) {
			struct kt_pending *a = &v->v[i], *b = &v->v[k];

			if (!same_file(a, b) || a->verdict != KT_VERDICT_CONFIRMED ||
			    b->verdict != KT_VERDICT_CONFIRMED)
				continue;
			judge(b, KT_VERDICT_CONTRADICTED, "it came twice");
			if (strcmp(a->sha, b->sha) != 0)
				judge(a, KT_VERDICT_CONTRADICTED,
				      "it came twice, with other content");
		}
}

/* Why it is not kept. */
static const char *why(const struct kt_pass *p, const struct kt_pending *w, char *text, size_t n)
{
	if (w->verdict == KT_VERDICT_CONTRADICTED)
		snprintf(text, n, "Manifest.db states otherwise, deleted: %s",
			 w->note[0] != '\0' ? w->note : "it is not what it came as");
	else if (w->verdict == KT_VERDICT_NOT_LISTED)
		snprintf(text, n, "not listed in Manifest.db, deleted%s%s",
			 w->note[0] != '\0' ? ": " : "", w->note);
	else if (p->no_password)
		snprintf(text, n, "encrypted, and the backup's password was not given: deleted");
	else
		snprintf(text, n, "not confirmed by a Manifest.db, deleted%s%s",
			 w->note[0] != '\0' ? ": " : "", w->note);
	return text;
}

static int settle_one(struct kt_pass *p, struct kt_pending *w, struct kt_err *err)
{
	struct kt_run *t = &p->run[w->item];
	struct kt_entry e = {w->path, w->path_len, w->keyed ? w->size : w->sink.bytes, w->mtime};
	struct kt_index_entry line = {.outcome = "acquired"};
	bool refused = p->no_password || w->verdict == KT_VERDICT_CONTRADICTED ||
		       w->verdict == KT_VERDICT_NOT_LISTED;
	char text[200];
	int r;

	if (w->verdict != KT_VERDICT_CONFIRMED)
		return refuse(t, &e, refused ? "refused" : "failed", why(p, w, text, sizeof(text)),
			      err);
	if (kt_done_has(&t->done, &e)) { /* of an earlier run, by the name known only now */
		t->t.wanted--;
		return 0;
	}
	r = kt_sink_keep(&p->q->c, &w->sink, err);
	if (r < 0)
		return r;
	line.reason = w->note;
	if (w->odd_end) {
		line.outcome = "partial";
		line.reason = "decrypted, but its end does not fit the size in Manifest.db";
	}
	line.method = kt_method_name(e.size > 0 ? KT_METHOD_READ : KT_METHOD_NONE);
	line.path = e.path;
	line.path_len = e.len;
	line.fs_size = line.bytes = e.size;
	line.fs_mtime = e.mtime;
	line.object = w->sink.object;
	line.sha256 = w->keyed ? NULL : w->sha;
	line.file_key = w->keyed ? w->key : NULL;
	line.stored = w->sink.stored;
	line.stored_sha = w->sink.stored_sha;
	line.cipher_sha256 = w->cipher_sha[0] != '\0' ? w->cipher_sha : NULL;
	line.cipher_bytes = w->cipher_bytes;
	if (w->odd_end && t->missing[0] == '\0')
		snprintf(t->missing, sizeof(t->missing), "%s", line.reason);
	t->t.partial += w->odd_end;
	t->t.acquired += !w->odd_end;
	return kt_index_add(&t->ix, &line, err);
}

int kt_prov_settle(struct kt_pass *p, struct kt_err *err)
{
	int r = 0;

	find_doubles(&p->prov);
	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		bool any = false;

		for (size_t k = 0; r == 0 && k < p->prov.n; k++) {
			if (p->prov.v[k].item != i)
				continue;
			any = p->run[i].ix.hold = true;
			r = settle_one(p, &p->prov.v[k], err);
		}
		p->run[i].ix.hold = false;
		/* at once, so that no crash leaves a database here and its log in another backup */
		if (r == 0 && any)
			r = kt_index_sync(&p->run[i].ix, err);
	}
	kt_prov_drop(p);
	return r;
}
