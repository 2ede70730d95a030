/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/vault.h"
#include "cli/keten.h"
#include "core/cbc.h"
#include "core/err.h"
#include "core/io.h"
#include "core/json.h"
#include "core/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP	    ((size_t)64 << 10)
#define SEGMENT_MAX ((size_t)1 << 30)

struct kt_vault_object {
	char name[KT_OBJECT];
	uint64_t bytes;
	char sha256[KT_SHA256_HEX]; /* "": only known once it is decrypted */
	bool keyed;
	uint8_t key[KT_CBC_KEY];
};

static int memory(const char *what, struct kt_err *err)
{
	int fd = memfd_create(what, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd >= 0 ? fd : KT_FAIL(err, KT_E_NOMEM, "no memory to open into");
}

/* Nothing changes it any more, whoever holds it. */
static int freeze(int fd, struct kt_err *err)
{
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "memory can't be sealed: %s", strerror(errno));
	return 0;
}

static const struct kt_zip_entry *find(const struct kt_vault *v, const char *name)
{
	char full[KT_PKG_NAME_MAX + 1];

	snprintf(full, sizeof(full), "data/%s", name);
	return kt_zip_find(&v->zip, full);
}

/* -- keten-sign ------------------------------------------------------------------------------- */

/* It answers no more: what it ended with says why. */
static int ended(struct kt_vault *v, struct kt_err *err)
{
	int status = 0;

	kt_close_fd(&v->sock);
	if (v->pid > 0)
		status = kt_wait(v->pid);
	v->pid = -1;
	return kt_sign_ended(status, v->key, err);
}

static int ask(struct kt_vault *v, const void *p, size_t n, const int *fds,
	       struct kt_open_reply *reply, struct kt_err *err)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} ctl = {0};
	struct iovec iov = {(void *)(uintptr_t)p, n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t got;

	if (fds != NULL) {
		struct cmsghdr *c;

		m.msg_control = ctl.room;
		m.msg_controllen = sizeof(ctl.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	}
	if (sendmsg(v->sock, &m, MSG_NOSIGNAL) != (ssize_t)n)
		return ended(v, err);
	do
		got = recv(v->sock, reply, sizeof(*reply), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*reply))
		return ended(v, err);
	reply->text[sizeof(reply->text) - 1] = '\0';
	return reply->code < 0 ? KT_FAIL(err, reply->code, "%s", reply->text) : 0;
}

static int start(struct kt_vault *v, const char *key, struct kt_err *err)
{
	struct kt_sign_start words;
	struct kt_spawn s;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no socket");
	kt_sign_begin(&words, "open", NULL, key);
	kt_spawn_init(&s, words.argv[0], words.argv);
	s.keep_tty = true;
	s.keep_env = words.keep_env;
	s.fds[0] = pair[1];
	v->key = key;
	v->pid = kt_spawn_start(&s, err);
	close(pair[1]);
	v->sock = pair[0];
	return v->pid < 0 ? (int)v->pid : 0;
}

/* Plaintext of one entry into memory. A descriptor. */
static int open_entry(struct kt_vault *v, const struct kt_zip_entry *e, struct kt_open_reply *reply,
		      struct kt_err *err)
{
	struct kt_open_request q = {e->data, e->size};
	int fds[2] = {v->zip.fd, memory("object", err)}, r;

	if (fds[1] < 0)
		return fds[1];
	r = ask(v, &q, sizeof(q), fds, reply, err);
	if (r < 0) {
		close(fds[1]);
		return KT_TRACE(err, r, "%s can't be opened", kt_zip_entry_name(&v->zip, e));
	}
	return fds[1];
}

/* -- objects ---------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kt_vault_object *)a)->name,
		      ((const struct kt_vault_object *)b)->name);
}

static struct kt_vault_object *object_of(const struct kt_vault *v, const char *name)
{
	struct kt_vault_object key = {.name = ""};

	if (strlen(name) >= sizeof(key.name))
		return NULL;
	memcpy(key.name, name, strlen(name) + 1);
	return v->n == 0 ? NULL : bsearch(&key, v->v, v->n, sizeof(*v->v), by_name);
}

/* What an iPhone had encrypted: the same again, with the file's own key. */
static int decrypt(int in, const struct kt_vault_object *o, uint8_t sha[KT_SHA256_LEN],
		   struct kt_err *err)
{
	static uint8_t a[STEP], b[STEP + KT_CBC_BLOCK];
	struct kt_cbc cbc = {NULL, 0};
	struct kt_hash h;
	uint64_t at = 0;
	size_t got = STEP, n;
	int out = memory("object", err), r = out;

	if (r >= 0)
		r = kt_hash_init(&h, KT_SHA256, err);
	if (r < 0)
		return r;
	r = kt_cbc_init(&cbc, o->key, o->bytes, err);
	while (r == 0 && got == STEP) {
		r = kt_pread_full(in, a, STEP, at, &got, err);
		at += got;
		if (r == 0 && got > 0)
			r = kt_cbc_update(&cbc, a, got, b, &n, err);
		if (r == 0 && got > 0)
			r = kt_hash_update(&h, b, n);
		if (r == 0 && got > 0)
			r = kt_write_full(out, b, n, err);
	}
	if (r == 0)
		r = kt_cbc_end(&cbc, err);
	if (r == 0)
		r = kt_hash_final(&h, sha);
	kt_cbc_free(&cbc);
	kt_hash_free(&h);
	explicit_bzero(a, sizeof(a));
	explicit_bzero(b, sizeof(b));
	if (r < 0)
		close(out);
	return r < 0 ? KT_TRACE(err, KT_E_INVALID, "%s does not decrypt", o->name) : out;
}

/* A descriptor of the plaintext; its hash is what the sealed index says. */
static int open_object(struct kt_vault *v, struct kt_vault_object *o, struct kt_err *err)
{
	char name[48], hex[KT_SHA256_HEX];
	struct kt_open_reply reply;
	const struct kt_zip_entry *e;
	int fd, r = 0;

	snprintf(name, sizeof(name), "objects/%s", o->name);
	e = find(v, name);
	if (e == NULL)
		return KT_FAIL(err, KT_E_INVALID, "%s is not in the package", o->name);
	fd = open_entry(v, e, &reply, err);
	if (fd >= 0 && o->keyed) {
		int plain = decrypt(fd, o, reply.sha256, err);

		close(fd);
		fd = plain;
		reply.bytes = o->bytes;
	}
	if (fd < 0)
		return fd;
	kt_hex(reply.sha256, KT_SHA256_LEN, hex);
	if (o->sha256[0] == '\0')
		memcpy(o->sha256, hex, sizeof(hex));
	if (reply.bytes != o->bytes || strcmp(hex, o->sha256) != 0)
		r = KT_FAIL(err, KT_E_INVALID, "%s holds other bytes than its sealed index says",
			    o->name);
	if (r == 0)
		r = freeze(fd, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	v->objects++;
	v->bytes += reply.bytes;
	return fd;
}

/* -- the index -------------------------------------------------------------------------------- */

/* A value as it was read; texts are in their visible form already. */
static void put_value(struct kt_jw *w, const struct kt_jv *v)
{
	switch (v->type) {
	case KT_JV_NULL:
		kt_jw_null(w);
		break;
	case KT_JV_BOOL:
		kt_jw_bool(w, v->i != 0);
		break;
	case KT_JV_INT:
		kt_jw_int(w, v->i);
		break;
	case KT_JV_STR:
		kt_jw_strn(w, v->str, v->len);
		break;
	case KT_JV_ARR: /* of whole numbers, and lists of them */
		kt_jw_arr(w);
		for (const struct kt_jv *c = v->child; c != NULL; c = c->next) {
			kt_jw_arr(w);
			for (const struct kt_jv *d = c->child; d != NULL; d = d->next)
				kt_jw_int(w, d->i);
			kt_jw_arr_end(w);
		}
		kt_jw_arr_end(w);
		break;
	default:
		kt_jw_null(w);
	}
}

/* The line of a file that was decrypted only now, with the hash of what it is. */
static void put_line(struct kt_buf *b, const struct kt_jv *line, const char *sha)
{
	struct kt_jw w;
	bool put = false;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	for (const struct kt_jv *v = line->child; v != NULL; v = v->next) {
		if (strcmp(v->key, "file_key") == 0)
			continue;
		if (!put && strcmp(v->key, "sha256") > 0) {
			kt_jw_kstr(&w, "sha256", sha);
			put = true;
		}
		kt_jw_key(&w, v->key);
		put_value(&w, v);
	}
	if (!put)
		kt_jw_kstr(&w, "sha256", sha);
	kt_jw_obj_end(&w);
	kt_buf_putc(b, '\n');
}

static int add_object(struct kt_vault *v, const struct kt_jv *line, struct kt_vault_object **added,
		      struct kt_err *err)
{
	const char *name = kt_jv_str(line, "object"), *sha = kt_jv_str(line, "sha256");
	const char *key = kt_jv_str(line, "file_key");
	struct kt_vault_object *o;

	if (v->n == v->cap) {
		size_t cap = v->cap > 0 ? v->cap * 2 : 256;
		void *p = reallocarray(v->v, cap, sizeof(*v->v));

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for the index");
		v->v = p;
		v->cap = cap;
	}
	o = &v->v[v->n];
	memset(o, 0, sizeof(*o));
	o->keyed = key != NULL;
	if (strlen(name) >= sizeof(o->name) || name[0] != 'o' || kt_jv_int(line, "bytes", -1) < 0 ||
	    (o->keyed ? !kt_unhex(key, o->key, sizeof(o->key))
		      : sha == NULL || strlen(sha) != KT_SHA256_HEX - 1))
		return KT_FAIL(err, KT_E_INVALID, "the sealed index has a malformed line");
	memcpy(o->name, name, strlen(name) + 1);
	o->bytes = (uint64_t)kt_jv_int(line, "bytes", 0);
	if (!o->keyed)
		memcpy(o->sha256, sha, KT_SHA256_HEX);
	v->n++;
	*added = o;
	return 0;
}

/* One line of the sealed index into out. */
static int take_line(struct kt_vault *v, const char *p, size_t n, struct kt_buf *out,
		     struct kt_err *err)
{
	struct kt_vault_object *o = NULL;
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *line;
	int r = kt_jdoc_parse(p, n, &doc, err), fd;

	if (r < 0)
		return KT_TRACE(err, KT_E_INVALID, "the sealed index is damaged");
	line = kt_jdoc_root(doc);
	if (kt_jv_str(line, "object") != NULL)
		r = add_object(v, line, &o, err);
	if (r == 0 && o != NULL && o->keyed) {
		fd = open_object(v, o, err);
		r = fd < 0 ? fd : 0;
		kt_close_fd(&fd);
		if (r == 0)
			put_line(out, line, o->sha256);
	} else if (r == 0) {
		kt_buf_put(out, p, n);
	}
	kt_jdoc_free(&doc);
	return r;
}

/* All lines of an object of details. */
static int take_details(struct kt_vault *v, const char *object, int out, struct kt_err *err)
{
	char name[48];
	struct kt_open_reply reply;
	const struct kt_zip_entry *e;
	struct kt_buf plain, text;
	KT_AUTO_FD fd = -1;
	int r;

	snprintf(name, sizeof(name), "objects/%.20s", object);
	e = find(v, name);
	if (e == NULL)
		return KT_FAIL(err, KT_E_INVALID, "a part of the sealed index is missing");
	fd = open_entry(v, e, &reply, err);
	if (fd < 0)
		return fd;
	kt_buf_init(&plain, 0);
	kt_buf_init(&text, 0);
	r = kt_fd_read(fd, SEGMENT_MAX, &plain, err);
	for (size_t at = 0; r == 0 && at < plain.len;) {
		const uint8_t *nl = memchr(plain.p + at, '\n', plain.len - at);
		size_t n = nl != NULL ? (size_t)(nl - plain.p) + 1 - at : 0;

		if (nl == NULL)
			r = KT_FAIL(err, KT_E_INVALID, "the sealed index is cut off");
		else
			r = take_line(v, (const char *)plain.p + at, n, &text, err);
		at += n;
	}
	if (r == 0)
		r = text.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory for the index")
				: kt_write_full(out, text.p, text.len, err);
	for (struct kt_buf *b = &plain; b != NULL; b = b == &plain ? &text : NULL) {
		if (b->p != NULL)
			explicit_bzero(b->p, b->cap);
		kt_buf_free(b);
	}
	return r;
}

static int build_index(struct kt_vault *v, unsigned segment, const char *name, struct kt_err *err)
{
	struct kt_buf clear;
	int out = memory("index", err), r = out;

	kt_buf_init(&clear, 0);
	if (r >= 0)
		r = v->announce != NULL ? v->announce(v->arg, segment, err) : 0;
	if (r == 0)
		r = kt_judged_read(v->judged, name, SEGMENT_MAX, &clear, err);
	for (size_t at = 0; r == 0 && at < clear.len;) {
		const uint8_t *nl = memchr(clear.p + at, '\n', clear.len - at);
		size_t n = (nl != NULL ? (size_t)(nl - clear.p) + 1 : clear.len) - at;
		struct kt_jdoc *doc = NULL;
		const char *kind, *object;

		r = kt_jdoc_parse(clear.p + at, n, &doc, err);
		kind = r == 0 ? kt_jv_str(kt_jdoc_root(doc), "kind") : NULL;
		object = r == 0 ? kt_jv_str(kt_jdoc_root(doc), "object") : NULL;
		if (kind != NULL && object != NULL && strcmp(kind, "details") == 0)
			r = take_details(v, object, out, err);
		kt_jdoc_free(&doc);
		at += n;
	}
	kt_buf_free(&clear);
	if (r == 0)
		r = freeze(out, err);
	if (r < 0) {
		kt_close_fd(&out);
		return r;
	}
	qsort(v->v, v->n, sizeof(*v->v), by_name);
	v->index_fd[segment] = out;
	return 0;
}

/* Each reader begins at its start: a descriptor of its own. */
static int again(int fd, struct kt_err *err)
{
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = open(path, O_RDONLY | O_CLOEXEC);
	return r >= 0 ? r : KT_FAIL(err, KT_E_INTERNAL, "memory can't be read again");
}

static int open_index(struct kt_vault *v, const char *name, struct kt_err *err)
{
	unsigned segment = (unsigned)strtoul(name + strlen("index/i"), NULL, 10);
	char full[KT_PKG_NAME_MAX + 1];
	int r = 0;

	snprintf(full, sizeof(full), "data/%s", name);
	if (find(v, name) == NULL || segment < 1 || segment > KT_PLAN_MAX)
		return KT_FAIL(err, KT_E_ABSENT, "%s is not in the package", name);
	if (v->index_fd[segment] < 0)
		r = build_index(v, segment, full, err);
	return r < 0 ? r : again(v->index_fd[segment], err);
}

/* A file that stands in clear, under the name that it has in a case folder. */
static int open_clear(struct kt_vault *v, const char *name, struct kt_err *err)
{
	static const char *const where[][2] = {
		{"case.json", KT_PKG_CASE},
		{"custody.jsonl", KT_PKG_CUSTODY},
		{"seal.json", KT_PKG_SEAL},
		{"seal.json.p7s", KT_PKG_SEAL_SIG},
	};
	struct kt_buf b;
	int fd, r;

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		if (strcmp(where[i][0], name) != 0)
			continue;
		kt_buf_init(&b, 0);
		fd = memory("file", err);
		r = fd < 0 ? fd : kt_judged_read(v->judged, where[i][1], KT_PKG_MAX_SMALL, &b, err);
		if (r == 0)
			r = kt_write_full(fd, b.p, b.len, err);
		kt_buf_free(&b);
		if (r < 0)
			kt_close_fd(&fd);
		else if (lseek(fd, 0, SEEK_SET) < 0)
			r = KT_E_STORAGE;
		return r < 0 ? r : fd;
	}
	return KT_FAIL(err, KT_E_ABSENT, "%s is not in the package", name);
}

static int view_open(void *arg, const char *name, struct kt_err *err)
{
	struct kt_vault *v = arg;
	struct kt_vault_object *o;

	if (strncmp(name, "index/i", 7) == 0)
		return open_index(v, name, err);
	if (strncmp(name, "objects/", 8) != 0)
		return open_clear(v, name, err);
	o = object_of(v, name + 8);
	return o == NULL ? KT_FAIL(err, KT_E_INVALID, "%s is in no index", name)
			 : open_object(v, o, err);
}

/* -- the whole -------------------------------------------------------------------------------- */

int kt_vault_begin(struct kt_vault *v, const struct kt_judged *judged, int fd, struct kt_err *err)
{
	memset(v, 0, sizeof(*v));
	v->judged = judged;
	v->sock = -1;
	v->pid = -1;
	v->view = (struct kt_case_view){view_open, v};
	for (size_t i = 0; i <= KT_PLAN_MAX; i++)
		v->index_fd[i] = -1;
	return kt_zip_read_open(fd, &v->zip, NULL, NULL, err);
}

int kt_vault_unlock(struct kt_vault *v, const void *envelope, size_t n, const char *key,
		    const char *recipient, struct kt_err *err)
{
	struct kt_open_reply reply;
	uint8_t want[KT_AGE_KEY];
	int r = kt_age_recipient_parse(recipient, strlen(recipient), want, err);

	if (r == 0 && n > KT_OPEN_ENVELOPE_MAX)
		r = KT_FAIL(err, KT_E_LIMIT, "the envelope is too long to be one");
	if (r == 0)
		r = start(v, key, err);
	if (r == 0)
		r = ask(v, envelope, n, NULL, &reply, err);
	if (r == 0 && memcmp(reply.recipient, want, sizeof(want)) != 0)
		r = KT_FAIL(err, KT_E_INVALID,
			    "envelope-of-another-package: it holds the key of another case");
	return r;
}

void kt_vault_close(struct kt_vault *v)
{
	kt_close_fd(&v->sock);
	if (v->pid > 0)
		kt_wait(v->pid);
	v->pid = -1;
	for (size_t i = 0; i <= KT_PLAN_MAX; i++)
		kt_close_fd(&v->index_fd[i]);
	if (v->v != NULL)
		explicit_bzero(v->v, v->cap * sizeof(*v->v));
	free(v->v);
	v->v = NULL;
	kt_zip_read_close(&v->zip);
}
