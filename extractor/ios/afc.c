/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Packets: five little-endian 64-bit words (magic, length of all, length of header and arguments,
 * number, operation), arguments, data. The answer repeats the number; it is a status, data, or
 * the handle of a file.
 */
#include "extractor/ios/afc.h"

#include "core/err.h"

#include <stdlib.h>
#include <string.h>

#define REPLY_MS 30000
#define INFO_MAX ((size_t)64 << 10)

#define STATUS_NOT_FOUND 8u
#define STATUS_END	 14u

int kt_afc_open(struct kt_afc *a, struct kt_ios_link *link, struct kt_err *err)
{
	memset(a, 0, sizeof(*a));
	a->link = link;
	return kt_ios_service(link, KT_IOS_SVC_MEDIA, &a->w, NULL, err);
}

void kt_afc_close(struct kt_afc *a)
{
	kt_wire_close(&a->w);
}

bool kt_afc_is_over(int code)
{
	return code < 0 && code != KT_E_ABSENT && code != KT_E_REFUSED;
}

struct answer {
	uint64_t op;
	size_t args, data;
	int64_t deadline;
};

/* Sends a packet and takes the head of its answer. */
static int ask(struct kt_afc *a, uint64_t op, const void *args, size_t n, size_t max,
	       struct answer *ans, struct kt_err *err)
{
	uint8_t head[KT_AFC_HEAD] = {0};
	uint64_t all, front;
	int r;

	ans->deadline = kt_wire_now() + REPLY_MS;
	r = kt_ios_send_afc(&a->link->allow, &a->w, op, ++a->number, args, n, ans->deadline, err);
	if (r == 0)
		r = kt_wire_read(&a->w, head, sizeof(head), ans->deadline, err);
	if (r < 0)
		return r;
	all = kt_get_le64(head + 8);
	front = kt_get_le64(head + 16);
	if (memcmp(head, KT_AFC_MAGIC, 8) != 0 || front < KT_AFC_HEAD || all < front ||
	    kt_get_le64(head + 24) != a->number)
		return KT_FAIL(err, KT_E_FORMAT, "the media service answers with a broken packet");
	if (front - KT_AFC_HEAD > 64 || all - front > max)
		return KT_FAIL(err, KT_E_LIMIT, "the media service answers with %llu bytes",
			       (unsigned long long)all);
	ans->op = kt_get_le64(head + 32);
	ans->args = (size_t)(front - KT_AFC_HEAD);
	ans->data = (size_t)(all - front);
	return 0;
}

/* The number in an answer's arguments; what else is in it is dropped. */
static int take_number(struct kt_afc *a, const struct answer *ans, uint64_t *v, struct kt_err *err)
{
	uint8_t b[64];
	int r;

	*v = 0;
	if (ans->args < 8 || ans->data > 0)
		return KT_FAIL(err, KT_E_FORMAT, "the media service answers with a broken packet");
	r = kt_wire_read(&a->w, b, ans->args, ans->deadline, err);
	*v = r == 0 ? kt_get_le64(b) : 0;
	return r;
}

/* A status: 0, or what it means. */
static int take_status(struct kt_afc *a, const struct answer *ans, struct kt_err *err)
{
	int r = take_number(a, ans, &a->status, err);

	if (r < 0 || a->status == 0)
		return r;
	if (a->status == STATUS_NOT_FOUND)
		return KT_FAIL(err, KT_E_ABSENT, "the phone has no such file");
	return KT_FAIL(err, KT_E_REFUSED, "the phone does not give it (media service, code %llu)",
		       (unsigned long long)a->status);
}

/* An operation that is answered with a status alone. */
static int command(struct kt_afc *a, uint64_t op, const void *args, size_t n, struct kt_err *err)
{
	struct answer ans = {0};
	int r = ask(a, op, args, n, 0, &ans, err);

	if (r < 0)
		return r;
	if (ans.op != KT_AFC_STATUS)
		return KT_FAIL(err, KT_E_FORMAT, "the media service answers something else");
	return take_status(a, &ans, err);
}

/* Texts that each end with a NUL, the last one perhaps not. */
static int texts(struct kt_afc *a, uint64_t op, const char *path, size_t max, struct kt_buf *out,
		 struct kt_err *err)
{
	struct answer ans = {0};
	int r = ask(a, op, path, strlen(path) + 1, max, &ans, err);

	if (r < 0)
		return r;
	if (ans.op == KT_AFC_STATUS) {
		r = take_status(a, &ans, err);
		return r < 0 ? r : KT_FAIL(err, KT_E_FORMAT, "the media service answers nothing");
	}
	if (ans.op != KT_AFC_DATA || ans.args > 0)
		return KT_FAIL(err, KT_E_FORMAT, "the media service answers something else");
	if (kt_buf_reserve(out, ans.data + 1) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a listing");
	r = kt_wire_read(&a->w, out->p + out->len, ans.data, ans.deadline, err);
	if (r < 0)
		return r;
	out->len += ans.data;
	if (ans.data > 0 && out->p[out->len - 1] != '\0')
		out->p[out->len++] = '\0';
	return 0;
}

int kt_afc_list(struct kt_afc *a, const char *path, size_t max, struct kt_buf *names,
		struct kt_err *err)
{
	return texts(a, KT_AFC_READ_DIR, path, max, names, err);
}

/* Value of a key in a list of pairs, "" when there is none. */
static const char *value_of(const struct kt_buf *b, const char *key)
{
	size_t i = 0;

	while (i < b->len) {
		const char *k = (const char *)b->p + i, *v;

		i += strlen(k) + 1;
		if (i >= b->len)
			break;
		v = (const char *)b->p + i;
		i += strlen(v) + 1;
		if (strcmp(k, key) == 0)
			return v;
	}
	return "";
}

int kt_afc_info(struct kt_afc *a, const char *path, struct kt_afc_info *info, struct kt_err *err)
{
	struct kt_buf b;
	const char *kind;
	int r;

	memset(info, 0, sizeof(*info));
	kt_buf_init(&b, INFO_MAX + 2);
	r = texts(a, KT_AFC_FILE_INFO, path, INFO_MAX, &b, err);
	if (r == 0) {
		kind = value_of(&b, "st_ifmt");
		info->kind = strcmp(kind, "S_IFREG") == 0   ? KT_AFC_FILE
			     : strcmp(kind, "S_IFDIR") == 0 ? KT_AFC_FOLDER
			     : strcmp(kind, "S_IFLNK") == 0 ? KT_AFC_LINK
							    : KT_AFC_OTHER;
		info->size = strtoull(value_of(&b, "st_size"), NULL, 10);
		info->mtime_ns = strtoll(value_of(&b, "st_mtime"), NULL, 10);
	}
	kt_buf_free(&b);
	return r;
}

int kt_afc_file_open(struct kt_afc *a, const char *path, uint64_t *handle, struct kt_err *err)
{
	uint8_t args[8 + KT_DEV_PATH_MAX + 1];
	size_t n = strlen(path) + 1;
	struct answer ans = {0};
	int r;

	*handle = 0;
	if (n > sizeof(args) - 8)
		return KT_FAIL(err, KT_E_LIMIT, "a path of %zu bytes", n);
	kt_put_le64(args, KT_AFC_RDONLY);
	memcpy(args + 8, path, n);
	r = ask(a, KT_AFC_OPEN, args, 8 + n, 0, &ans, err);
	if (r < 0)
		return r;
	if (ans.op == KT_AFC_OPENED)
		return take_number(a, &ans, handle, err);
	r = ans.op == KT_AFC_STATUS ? take_status(a, &ans, err) : 0;
	return r < 0 ? r : KT_FAIL(err, KT_E_FORMAT, "the media service answers something else");
}

int kt_afc_file_close(struct kt_afc *a, uint64_t handle, struct kt_err *err)
{
	uint8_t args[8];

	kt_put_le64(args, handle);
	return command(a, KT_AFC_CLOSE, args, sizeof(args), err);
}

int kt_afc_file_seek(struct kt_afc *a, uint64_t handle, uint64_t off, struct kt_err *err)
{
	uint8_t args[24] = {0}; /* whence 0: from the start */

	kt_put_le64(args, handle);
	kt_put_le64(args + 16, off);
	return command(a, KT_AFC_SEEK, args, sizeof(args), err);
}

int kt_afc_file_read(struct kt_afc *a, uint64_t handle, void *p, uint32_t n, size_t *got,
		     struct kt_err *err)
{
	struct answer ans = {0};
	uint8_t args[16];
	int r;

	*got = 0;
	kt_put_le64(args, handle);
	kt_put_le64(args + 8, n);
	r = ask(a, KT_AFC_READ, args, sizeof(args), n, &ans, err);
	if (r < 0)
		return r;
	if (ans.op == KT_AFC_STATUS) {
		r = take_status(a, &ans, err);
		return r == KT_E_REFUSED && a->status == STATUS_END ? 0 : r;
	}
	if (ans.op != KT_AFC_DATA || ans.args > 0)
		return KT_FAIL(err, KT_E_FORMAT, "the media service answers something else");
	r = kt_wire_read(&a->w, p, ans.data, ans.deadline, err);
	*got = r == 0 ? ans.data : 0;
	return r;
}
