/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/custody.h"
#include "core/err.h"
#include "core/io.h"
#include "core/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_NAME       "custody.jsonl"
#define LOG_MAX	       ((size_t)64 << 20)
#define LINE_MAX_BYTES ((size_t)64 << 10)

static const char zeros[KT_SHA256_HEX] =
	"0000000000000000000000000000000000000000000000000000000000000000";

/* The members that every line has, in order. */
static const char *const keys[] = {"actor", "detail", "event", "mono_ns", "prev", "seq", "utc"};

static int bad(uint64_t line, const char *what, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_INVALID, "custody log, line %llu: %s", (unsigned long long)line,
		       what);
}

static int check_shape(const struct kt_jv *root, uint64_t line, struct kt_err *err)
{
	const struct kt_jv *m;
	size_t i = 0;

	if (root->type != KT_JV_OBJ || root->count != sizeof(keys) / sizeof(keys[0]))
		return bad(line, "not the documented members", err);
	for (m = root->child; m != NULL; m = m->next, i++)
		if (strcmp(m->key, keys[i]) != 0)
			return bad(line, "members missing or out of order", err);
	m = kt_jv_get(root, "detail");
	if (m->type != KT_JV_OBJ)
		return bad(line, "detail is no object", err);
	for (m = m->child; m != NULL; m = m->next) {
		if (m->next != NULL && strcmp(m->key, m->next->key) >= 0)
			return bad(line, "detail is not sorted", err);
		if (m->type != KT_JV_STR && m->type != KT_JV_INT)
			return bad(line, "detail holds more than texts and whole numbers", err);
	}
	if (kt_jv_str(root, "actor") == NULL || kt_jv_str(root, "event") == NULL ||
	    kt_jv_str(root, "prev") == NULL || kt_jv_str(root, "utc") == NULL)
		return bad(line, "a member has the wrong type", err);
	return 0;
}

struct check {
	uint64_t line;
	int64_t mono;
	char head[KT_SHA256_HEX];
};

static int check_line(struct check *c, const uint8_t *p, size_t n, kt_custody_fn fn, void *arg,
		      struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *root;
	const char *event;
	int64_t mono, us;
	int r;

	c->line++;
	r = n > LINE_MAX_BYTES ? KT_E_LIMIT : kt_jdoc_parse(p, n, &doc, NULL);
	if (r == KT_E_NOMEM) /* says nothing about the log */
		return KT_FAIL(err, KT_E_NOMEM, "no memory to check the custody log");
	if (r < 0)
		return bad(c->line, "not readable", err);
	root = kt_jdoc_root(doc);
	r = check_shape(root, c->line, err);
	if (r < 0)
		goto out;
	event = kt_jv_str(root, "event");
	mono = kt_jv_int(root, "mono_ns", -1);
	r = KT_E_INVALID;
	if (kt_jv_int(root, "seq", -1) != (int64_t)c->line) {
		bad(c->line, "number out of order", err);
	} else if (strcmp(kt_jv_str(root, "prev"), c->head) != 0) {
		bad(c->line, "does not continue the line before it", err);
	} else if (kt_time_parse(kt_jv_str(root, "utc"), strlen(kt_jv_str(root, "utc")), true, &us,
				 NULL, NULL) < 0) {
		bad(c->line, "time is malformed", err);
	} else if (mono < 0 || (mono < c->mono && strcmp(event, "session.resume") != 0 &&
				strcmp(event, "session.step") != 0)) {
		/* each new process of a session starts with one of these two */
		bad(c->line, "monotonic clock runs backwards", err);
	} else {
		r = fn == NULL ? 0 : fn(arg, c->line, event, root, err);
	}
	c->mono = mono;
out:
	kt_jdoc_free(&doc);
	return r;
}

bool kt_custody_item(const char *event, const struct kt_jv *line, struct kt_custody_item *it)
{
	const struct kt_jv *d = kt_jv_get(line, "detail");
	const char *id = kt_jv_str(d, "item");

	if (strncmp(event, "item.", 5) != 0)
		return false;
	it->id = id != NULL ? id : "";
	it->outcome = strcmp(event, "item.start") != 0 ? event + 5 : NULL;
	it->plugin = kt_jv_str(d, "plugin");
	it->objects = kt_jv_int(d, "objects", 0);
	it->bytes = kt_jv_int(d, "bytes", 0);
	return true;
}

int kt_custody_check(const void *p, size_t n, char head[KT_SHA256_HEX], uint64_t *lines,
		     kt_custody_fn fn, void *arg, struct kt_err *err)
{
	struct check c = {0};
	const uint8_t *at = p, *end = at + n;

	memcpy(c.head, zeros, sizeof(c.head));
	while (at < end) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		int r;

		if (nl == NULL)
			return bad(c.line + 1, "is not complete", err);
		r = check_line(&c, at, (size_t)(nl - at), fn, arg, err);
		if (r != 0)
			return r;
		r = kt_sha256_hex(at, (size_t)(nl + 1 - at), c.head, err);
		if (r < 0)
			return r;
		at = nl + 1;
	}
	memcpy(head, c.head, sizeof(c.head));
	*lines = c.line;
	return 0;
}

/* A crash can leave half a line: the only thing that is ever cut, and it is reported. */
static int cut_tail(int fd, struct kt_buf *b, int *dropped, struct kt_err *err)
{
	size_t keep = b->len;

	while (keep > 0 && b->p[keep - 1] != '\n')
		keep--;
	*dropped = keep < b->len;
	if (!*dropped)
		return 0;
	b->len = keep;
	if (ftruncate(fd, (off_t)keep) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", LOG_NAME, strerror(errno));
	return kt_sync_fd(fd, err);
}

int kt_custody_open(int case_fd, struct kt_custody *c, int *dropped_tail, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	memset(c, 0, sizeof(*c));
	*dropped_tail = 0;
	c->actor = "keten";
	memcpy(c->head, zeros, sizeof(c->head));
	kt_buf_init(&c->detail, LINE_MAX_BYTES);
	kt_buf_init(&b, LOG_MAX);
	c->fd = openat(case_fd, LOG_NAME, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (c->fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", LOG_NAME, strerror(errno));
	r = kt_sync_fd(case_fd, err);
	if (r == 0)
		r = kt_file_read(case_fd, LOG_NAME, LOG_MAX, &b, err);
	if (r == 0)
		r = cut_tail(c->fd, &b, dropped_tail, err);
	if (r == 0)
		r = kt_custody_check(b.p, b.len, c->head, &c->seq, NULL, NULL, err);
	kt_buf_free(&b);
	if (r < 0)
		kt_custody_close(c);
	return r;
}

void kt_custody_close(struct kt_custody *c)
{
	kt_close_fd(&c->fd);
	kt_buf_free(&c->detail);
}

void kt_custody_begin(struct kt_custody *c)
{
	kt_buf_reset(&c->detail);
	kt_jw_init(&c->w, &c->detail);
	kt_jw_obj(&c->w);
}

/* What a failed write or fsync left behind is unknown: nothing may ever be put behind it. */
static int append_line(struct kt_custody *c, const struct kt_buf *line, struct kt_err *err)
{
	int r = kt_write_full(c->fd, line->p, line->len, err);

	if (r == 0)
		r = kt_sync_fd(c->fd, err);
	c->dead = r < 0;
	return r;
}

int kt_custody_end(struct kt_custody *c, const char *event, struct kt_err *err)
{
	char now[KT_TIME_TEXT];
	struct kt_buf line;
	struct kt_jw w;
	int r;

	kt_jw_obj_end(&c->w);
	kt_buf_init(&line, LINE_MAX_BYTES);
	kt_jw_init(&w, &line);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, keys[0], c->actor);
	kt_jw_key(&w, keys[1]);
	w.after_key = false; /* the value comes ready-made */
	kt_buf_put(&line, c->detail.p, c->detail.len);
	kt_jw_kstr(&w, keys[2], event);
	kt_jw_kint(&w, keys[3], kt_time_mono_ns());
	kt_jw_kstr(&w, keys[4], c->head);
	kt_jw_kuint(&w, keys[5], c->seq + 1);
	kt_jw_kstr(&w, keys[6], kt_time_text(kt_time_now(), now));
	kt_jw_obj_end(&w);
	kt_buf_putc(&line, '\n');
	if (c->dead)
		r = KT_FAIL(err, KT_E_STORAGE, "the custody log could not be written before");
	else if (line.no_memory || c->detail.no_memory)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for custody event %s", event);
	else if (line.failed || c->detail.failed)
		r = KT_FAIL(err, KT_E_INTERNAL, "custody event %s does not fit", event);
	else
		r = append_line(c, &line, err);
	if (r == 0)
		r = kt_sha256_hex(line.p, line.len, c->head, err);
	if (r == 0)
		c->seq++;
	kt_buf_free(&line);
	return r;
}

int kt_custody_event(struct kt_custody *c, const char *event, const char *key, const char *text,
		     struct kt_err *err)
{
	kt_custody_begin(c);
	kt_jw_kstr(&c->w, key, text);
	return kt_custody_end(c, event, err);
}
