/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/index.h"
#include "core/err.h"
#include "core/io.h"
#include "core/json.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP_LINES    256
#define GROUP_BYTES    ((uint64_t)64 << 20)
#define LINE_MAX_BYTES ((size_t)1 << 20)

static void segment_name(char out[16], unsigned segment)
{
	snprintf(out, 16, "i%04u.jsonl", segment % 10000);
}

static void put_head(struct kt_buf *b, const struct kt_index_head *h)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "format", "keten-index-1");
	kt_jw_kstr(&w, "item", h->item);
	kt_jw_kstr(&w, "kind", "head");
	kt_jw_kstr(&w, "plugin", h->plugin);
	kt_jw_kuint(&w, "plugin_version", h->plugin_version);
	kt_jw_kstr(&w, "request", h->request);
	kt_jw_kuint(&w, "segment", h->segment);
	kt_jw_kstr(&w, "take", h->take);
	kt_jw_obj_end(&w);
	kt_buf_putc(b, '\n');
}

/* State while reading back an unfinished segment. */
struct restore {
	const struct kt_index_head *head;
	struct kt_index *ix;
	bool details; /* the head stands in one of them */
};

static int restore_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct restore *rs = arg;
	const char *kind = kt_jv_str(line, "kind"), *item = kt_jv_str(line, "item");

	(void)segment;
	if (kind == NULL)
		return KT_FAIL(err, KT_E_INVALID, "index: line without a kind");
	if (strcmp(kind, "head") == 0 && (item == NULL || strcmp(item, rs->head->item) != 0))
		return KT_FAIL(err, KT_E_INVALID, "index: segment %u belongs to another plan",
			       segment);
	if (strcmp(kind, "end") == 0) {
		const char *o = kt_jv_str(line, "outcome"), *why = kt_jv_str(line, "reason");

		if (o == NULL || strlen(o) >= sizeof(rs->ix->outcome) || why == NULL ||
		    strlen(why) >= sizeof(rs->ix->reason))
			return KT_FAIL(err, KT_E_INVALID, "index: malformed end line");
		memcpy(rs->ix->outcome, o, strlen(o) + 1);
		memcpy(rs->ix->reason, why, strlen(why) + 1);
	} else if (strcmp(kind, "withheld") == 0) {
		rs->ix->withheld += (uint64_t)kt_jv_int(line, "count", 0);
	} else if (strcmp(kind, "object") == 0 || strcmp(kind, "details") == 0) {
		bool taken = strcmp(kind, "object") == 0;

		rs->ix->entries += taken;
		rs->details |= !taken;
		if (kt_jv_str(line, "object") != NULL) {
			rs->ix->taken += taken;
			rs->ix->objects++;
			rs->ix->bytes += (uint64_t)kt_jv_int(line, "bytes", 0);
		}
	}
	return 0;
}

static int flush(struct kt_index *ix, struct kt_err *err);

/* Cuts a line that a crash left half written. */
static int cut_tail(int fd, struct kt_err *err)
{
	off_t end = lseek(fd, 0, SEEK_END), at = end;
	char c = '\n';

	while (at > 0 && pread(fd, &c, 1, at - 1) == 1 && c != '\n')
		at--;
	if (at < end && ftruncate(fd, at) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "index: %s", strerror(errno));
	return 0;
}

/* Counts stand before the end line. When that one is not there, they are made anew with it. */
static int cut_counts(int fd, struct kt_err *err)
{
	static const char count[] = "{\"count\":";
	char line[sizeof(count) - 1], c;
	off_t at;

	while ((at = lseek(fd, 0, SEEK_END)) > 0) {
		for (at--; at > 0 && pread(fd, &c, 1, at - 1) == 1 && c != '\n';)
			at--;
		if (pread(fd, line, sizeof(line), at) != (ssize_t)sizeof(line) ||
		    memcmp(line, count, sizeof(line)) != 0)
			break;
		if (ftruncate(fd, at) < 0)
			return KT_FAIL(err, KT_E_STORAGE, "index: %s", strerror(errno));
	}
	return 0;
}

int kt_index_open(struct kt_case *c, const struct kt_index_head *h, struct kt_index *ix,
		  struct kt_err *err)
{
	struct restore rs = {.head = h};
	int r;

	memset(ix, 0, sizeof(*ix));
	rs.ix = ix;
	ix->c = c;
	ix->segment = h->segment;
	segment_name(ix->name, h->segment);
	kt_buf_init(&ix->pending, 0);
	kt_buf_init(&ix->details, 0);
	ix->fd = openat(c->index_fd, ix->name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (ix->fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "index/%s: %s", ix->name, strerror(errno));
	r = cut_tail(ix->fd, err);
	if (r == 0)
		r = cut_counts(ix->fd, err);
	if (r == 0 && lseek(ix->fd, 0, SEEK_END) == 0) {
		put_head(&ix->pending, h);
		if (c->sealed)
			put_head(&ix->details, h);
		r = flush(ix, err);
	} else if (r == 0) {
		r = kt_index_read(c->index_fd, h->segment, &ix->complete, restore_line, &rs, err);
		if (r == 0 && c->sealed && !rs.details)
			put_head(&ix->details, h);
	}
	if (r == 0)
		r = kt_sync_fd(c->index_fd, err);
	if (r < 0)
		kt_index_close(ix);
	return r;
}

/* Plaintext: it does not stay in memory that is given back. */
static void forget_details(struct kt_index *ix)
{
	if (ix->details.p != NULL)
		OPENSSL_cleanse(ix->details.p, ix->details.cap);
	kt_buf_reset(&ix->details);
	ix->details_lines = 0;
}

void kt_index_close(struct kt_index *ix)
{
	kt_close_fd(&ix->fd);
	kt_buf_free(&ix->pending);
	forget_details(ix);
	kt_buf_free(&ix->details);
}

static void put_ranges(struct kt_jw *w, const struct kt_index_entry *e)
{
	kt_jw_key(w, "ranges");
	kt_jw_arr(w);
	for (size_t i = 0; i < e->nranges; i++) {
		kt_jw_arr(w);
		kt_jw_uint(w, e->ranges[i].off);
		kt_jw_uint(w, e->ranges[i].len);
		kt_jw_uint(w, e->ranges[i].pos);
		kt_jw_arr_end(w);
	}
	kt_jw_arr_end(w);
}

static void put_hex(struct kt_jw *w, const char *key, const uint8_t *p, size_t n)
{
	char hex[2 * 1024 + 1];

	kt_jw_kstr(w, key, kt_hex(p, n < 1024 ? n : 1024, hex));
}

/* Where whole lines go. */
static struct kt_buf *lines_of(struct kt_index *ix)
{
	return ix->c->sealed ? &ix->details : &ix->pending;
}

/* The whole line, as case.md has it. */
static void put_line(struct kt_buf *b, const struct kt_index_entry *e)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	if (e->object != NULL)
		kt_jw_kuint(&w, "bytes", e->bytes);
	if (e->object != NULL && e->cipher_sha256 != NULL) {
		kt_jw_kuint(&w, "cipher_bytes", e->cipher_bytes);
		kt_jw_kstr(&w, "cipher_sha256", e->cipher_sha256);
	}
	if (e->object != NULL && e->file_key != NULL)
		put_hex(&w, "file_key", e->file_key, KT_SHA256_LEN);
	if (e->path != NULL) {
		kt_jw_kint(&w, "fs_mtime", e->fs_mtime);
		kt_jw_kuint(&w, "fs_size", e->fs_size);
	}
	kt_jw_kstr(&w, "kind", "object");
	if (e->method != NULL)
		kt_jw_kstr(&w, "method", e->method);
	if (e->object != NULL)
		kt_jw_kstr(&w, "object", e->object);
	kt_jw_kstr(&w, "outcome", e->outcome);
	if (e->path != NULL) {
		kt_jw_kbytes(&w, "path", e->path, e->path_len);
		put_hex(&w, "path_hex", e->path, e->path_len);
	}
	if (e->ranges != NULL)
		put_ranges(&w, e);
	/* it may quote another process: bytes that are no text would make the line unreadable */
	kt_jw_kbytes(&w, "reason", e->reason != NULL ? e->reason : "",
		     e->reason != NULL ? strlen(e->reason) : 0);
	if (e->object != NULL && e->sha256 != NULL)
		kt_jw_kstr(&w, "sha256", e->sha256);
	if (e->stderr_len > 0)
		kt_jw_kbytes(&w, "stderr", e->stderr_text, e->stderr_len);
	kt_jw_obj_end(&w);
	kt_buf_putc(b, '\n');
}

/* What may be said of it in clear. */
static int put_sealed_line(struct kt_index *ix, const struct kt_index_entry *e, struct kt_err *err)
{
	uint8_t id[KT_RESUME_ID];
	struct kt_jw w;
	int r = 0;

	if (e->path != NULL)
		r = kt_case_resume_id(ix->c, ix->segment, e->path, e->path_len, e->fs_size,
				      e->fs_mtime, e->outcome, id, err);
	if (r < 0)
		return r;
	kt_jw_init(&w, &ix->pending);
	kt_jw_obj(&w);
	if (e->object != NULL)
		kt_jw_kuint(&w, "bytes", e->stored);
	if (e->path != NULL)
		put_hex(&w, "id", id, sizeof(id));
	kt_jw_kstr(&w, "kind", "object");
	if (e->object != NULL) {
		kt_jw_kstr(&w, "object", e->object);
		kt_jw_kstr(&w, "sha256", e->stored_sha);
	}
	kt_jw_obj_end(&w);
	kt_buf_putc(&ix->pending, '\n');
	return 0;
}

int kt_index_add(struct kt_index *ix, const struct kt_index_entry *e, struct kt_err *err)
{
	uint64_t bytes = ix->c->sealed ? e->stored : e->bytes;

	if (ix->complete)
		return KT_FAIL(err, KT_E_INTERNAL, "index: segment has ended");
	put_line(lines_of(ix), e);
	if (ix->c->sealed) {
		int r = put_sealed_line(ix, e, err);

		if (r < 0)
			return r;
		ix->details_lines++;
	}
	if (ix->pending.failed || ix->details.failed)
		return KT_FAIL(err, KT_E_NOMEM, "index: no memory");
	ix->entries++;
	if (e->object != NULL) {
		ix->taken++;
		ix->objects++;
		ix->bytes += bytes;
		ix->pending_bytes += bytes;
	}
	ix->pending_lines++;
	if (!ix->hold && (ix->pending_lines >= GROUP_LINES || ix->pending_bytes >= GROUP_BYTES))
		return kt_index_sync(ix, err);
	return 0;
}

int kt_index_count(struct kt_index *ix, const char *kind, const char *reason, uint64_t n,
		   struct kt_err *err)
{
	struct kt_jw w;

	if (n == 0)
		return 0;
	kt_jw_init(&w, lines_of(ix));
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "count", n);
	kt_jw_kstr(&w, "kind", kind);
	kt_jw_kstr(&w, "reason", reason);
	kt_jw_obj_end(&w);
	kt_buf_putc(lines_of(ix), '\n');
	ix->details_lines += ix->c->sealed;
	return lines_of(ix)->failed ? KT_FAIL(err, KT_E_NOMEM, "index: no memory") : 0;
}

/* The whole lines of a group become an object, which the clear lines name last. */
static int seal_details(struct kt_index *ix, struct kt_err *err)
{
	char sha[KT_SHA256_HEX];
	struct kt_sink s;
	struct kt_jw w;
	int r;

	if (ix->details.failed)
		return KT_FAIL(err, KT_E_NOMEM, "index: no memory");
	r = kt_sink_open(ix->c, &s, err);
	if (r < 0)
		return r;
	r = kt_sink_write(&s, ix->details.p, ix->details.len, err);
	if (r < 0) {
		kt_sink_drop(ix->c, &s);
		return r;
	}
	r = kt_sink_close(&s, sha, err);
	if (r < 0)
		return r;
	kt_jw_init(&w, &ix->pending);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "bytes", s.stored);
	kt_jw_kstr(&w, "kind", "details");
	kt_jw_kuint(&w, "lines", ix->details_lines);
	kt_jw_kstr(&w, "object", s.object);
	kt_jw_kstr(&w, "sha256", s.stored_sha);
	kt_jw_obj_end(&w);
	kt_buf_putc(&ix->pending, '\n');
	ix->objects++;
	ix->bytes += s.stored;
	ix->pending_bytes += s.stored;
	forget_details(ix);
	return 0;
}

static int flush(struct kt_index *ix, struct kt_err *err)
{
	int r = 0;

	if (ix->pending.failed)
		return KT_FAIL(err, KT_E_NOMEM, "index: no memory");
	if (ix->pending_bytes > 0)
		r = kt_case_sync(ix->c, err);
	if (r == 0 && ix->pending.len > 0)
		r = kt_write_full(ix->fd, ix->pending.p, ix->pending.len, err);
	if (r == 0)
		r = kt_sync_fd(ix->fd, err);
	if (r < 0)
		return KT_TRACE(err, r, "index/%s can't be written", ix->name);
	kt_buf_reset(&ix->pending);
	ix->pending_lines = ix->pending_bytes = 0;
	return 0;
}

int kt_index_sync(struct kt_index *ix, struct kt_err *err)
{
	/* a head alone waits for what follows it */
	int r = ix->details_lines > 0 ? seal_details(ix, err) : 0;

	return r < 0 ? r : flush(ix, err);
}

static void put_end(struct kt_buf *b, const struct kt_index *ix, const char *outcome,
		    const char *reason)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "entries", ix->entries);
	kt_jw_kstr(&w, "kind", "end");
	kt_jw_kuint(&w, "objects", ix->taken);
	kt_jw_kstr(&w, "outcome", outcome);
	kt_jw_kstr(&w, "reason", reason);
	kt_jw_obj_end(&w);
	kt_buf_putc(b, '\n');
}

/* In clear: how it ended, not why, which may quote the phone. */
static void put_sealed_end(struct kt_buf *b, const struct kt_index *ix, const char *outcome)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "kind", "end");
	kt_jw_kuint(&w, "objects", ix->objects);
	kt_jw_kstr(&w, "outcome", outcome);
	kt_jw_kstr(&w, "reason", "");
	kt_jw_obj_end(&w);
	kt_buf_putc(b, '\n');
}

int kt_index_end(struct kt_index *ix, const char *outcome, const char *reason,
		 char sha[KT_SHA256_HEX], struct kt_err *err)
{
	int r = 0;

	if (!ix->complete) {
		put_end(lines_of(ix), ix, outcome, reason != NULL ? reason : "");
		if (ix->c->sealed) {
			ix->details_lines++;
			r = seal_details(ix, err);
			put_sealed_end(&ix->pending, ix, outcome);
		}
		if (r == 0)
			r = flush(ix, err);
	}
	if (r == 0)
		r = kt_sha256_fd(ix->fd, sha, err);
	kt_index_close(ix);
	return r;
}

static int one_line(char *p, size_t n, unsigned segment, bool *complete, kt_index_fn fn, void *arg,
		    struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const char *kind;
	int r = kt_jdoc_parse(p, n, &doc, err);

	if (r < 0)
		return KT_TRACE(err, r == KT_E_NOMEM ? r : KT_E_INVALID,
				"index segment %u is damaged", segment);
	kind = kt_jv_str(kt_jdoc_root(doc), "kind");
	if (kind == NULL || *complete)
		r = KT_FAIL(err, KT_E_INVALID, "index segment %u: odd line", segment);
	else
		*complete = strcmp(kind, "end") == 0;
	if (r == 0 && fn != NULL)
		r = fn(arg, segment, kt_jdoc_root(doc), err);
	kt_jdoc_free(&doc);
	return r;
}

/* Takes fd over. */
static int read_fd(int fd, unsigned segment, bool *complete, kt_index_fn fn, void *arg,
		   struct kt_err *err)
{
	FILE *f = fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int r = 0;

	*complete = false;
	if (f == NULL) {
		close(fd);
		return KT_FAIL(err, KT_E_NOMEM, "index: no memory");
	}
	while (r == 0 && (n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] != '\n')
			break; /* the tail of a crash */
		if ((size_t)n > LINE_MAX_BYTES)
			r = KT_FAIL(err, KT_E_INVALID, "index segment %u: line too long", segment);
		else
			r = one_line(line, (size_t)n, segment, complete, fn, arg, err);
	}
	free(line);
	fclose(f);
	return r;
}

int kt_index_read(int index_fd, unsigned segment, bool *complete, kt_index_fn fn, void *arg,
		  struct kt_err *err)
{
	char name[16];
	int fd;

	*complete = false;
	segment_name(name, segment);
	fd = openat(index_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
			       ? KT_E_ABSENT
			       : KT_FAIL(err, KT_E_STORAGE, "index/%s: %s", name, strerror(errno));
	return read_fd(fd, segment, complete, fn, arg, err);
}

int kt_index_read_case(const struct kt_case *c, unsigned segment, bool *complete, kt_index_fn fn,
		       void *arg, struct kt_err *err)
{
	char name[32] = "index/";
	int fd;

	if (c->view == NULL)
		return kt_index_read(c->index_fd, segment, complete, fn, arg, err);
	*complete = false;
	segment_name(name + 6, segment);
	fd = c->view->open(c->view->arg, name, err);
	return fd < 0 ? fd : read_fd(fd, segment, complete, fn, arg, err);
}
