/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/index.h"
#include "core/err.h"
#include "core/io.h"
#include "core/json.h"

#include <errno.h>
#include <fcntl.h>
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
	} else if (strcmp(kind, "object") == 0) {
		rs->ix->entries++;
		if (kt_jv_str(line, "object") != NULL) {
			rs->ix->objects++;
			rs->ix->bytes += (uint64_t)kt_jv_int(line, "bytes", 0);
		}
	}
	return 0;
}

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

int kt_index_open(struct kt_case *c, const struct kt_index_head *h, struct kt_index *ix,
		  struct kt_err *err)
{
	struct restore rs = {h, ix};
	int r;

	memset(ix, 0, sizeof(*ix));
	ix->c = c;
	ix->segment = h->segment;
	segment_name(ix->name, h->segment);
	kt_buf_init(&ix->pending, 0);
	ix->fd = openat(c->index_fd, ix->name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (ix->fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "index/%s: %s", ix->name, strerror(errno));
	r = cut_tail(ix->fd, err);
	if (r == 0 && lseek(ix->fd, 0, SEEK_END) == 0) {
		put_head(&ix->pending, h);
		r = kt_index_sync(ix, err);
	} else if (r == 0) {
		r = kt_index_read(c->index_fd, h->segment, &ix->complete, restore_line, &rs, err);
	}
	if (r == 0)
		r = kt_sync_fd(c->index_fd, err);
	if (r < 0)
		kt_index_close(ix);
	return r;
}

void kt_index_close(struct kt_index *ix)
{
	kt_close_fd(&ix->fd);
	kt_buf_free(&ix->pending);
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

int kt_index_add(struct kt_index *ix, const struct kt_index_entry *e, struct kt_err *err)
{
	struct kt_jw w;

	if (ix->complete)
		return KT_FAIL(err, KT_E_INTERNAL, "index: segment has ended");
	kt_jw_init(&w, &ix->pending);
	kt_jw_obj(&w);
	if (e->object != NULL)
		kt_jw_kuint(&w, "bytes", e->bytes);
	if (e->object != NULL && e->cipher_sha256 != NULL) {
		kt_jw_kuint(&w, "cipher_bytes", e->cipher_bytes);
		kt_jw_kstr(&w, "cipher_sha256", e->cipher_sha256);
	}
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
	if (e->object != NULL)
		kt_jw_kstr(&w, "sha256", e->sha256);
	if (e->stderr_len > 0)
		kt_jw_kbytes(&w, "stderr", e->stderr_text, e->stderr_len);
	kt_jw_obj_end(&w);
	kt_buf_putc(&ix->pending, '\n');
	if (ix->pending.failed)
		return KT_FAIL(err, KT_E_NOMEM, "index: no memory");
	ix->entries++;
	if (e->object != NULL) {
		ix->objects++;
		ix->bytes += e->bytes;
		ix->pending_bytes += e->bytes;
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
	kt_jw_init(&w, &ix->pending);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "count", n);
	kt_jw_kstr(&w, "kind", kind);
	kt_jw_kstr(&w, "reason", reason);
	kt_jw_obj_end(&w);
	kt_buf_putc(&ix->pending, '\n');
	return ix->pending.failed ? KT_FAIL(err, KT_E_NOMEM, "index: no memory") : 0;
}

int kt_index_sync(struct kt_index *ix, struct kt_err *err)
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

int kt_index_end(struct kt_index *ix, const char *outcome, const char *reason,
		 char sha[KT_SHA256_HEX], struct kt_err *err)
{
	struct kt_jw w;
	int r;

	if (ix->complete) {
		r = kt_sha256_fd(ix->fd, sha, err);
		kt_index_close(ix);
		return r;
	}
	kt_jw_init(&w, &ix->pending);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "entries", ix->entries);
	kt_jw_kstr(&w, "kind", "end");
	kt_jw_kuint(&w, "objects", ix->objects);
	kt_jw_kstr(&w, "outcome", outcome);
	kt_jw_kstr(&w, "reason", reason != NULL ? reason : "");
	kt_jw_obj_end(&w);
	kt_buf_putc(&ix->pending, '\n');
	r = kt_index_sync(ix, err);
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

int kt_index_read(int index_fd, unsigned segment, bool *complete, kt_index_fn fn, void *arg,
		  struct kt_err *err)
{
	char name[16], *line = NULL;
	size_t cap = 0;
	FILE *f;
	ssize_t n;
	int fd, r = 0;

	*complete = false;
	segment_name(name, segment);
	fd = openat(index_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
			       ? KT_E_ABSENT
			       : KT_FAIL(err, KT_E_STORAGE, "index/%s: %s", name, strerror(errno));
	f = fdopen(fd, "r");
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
