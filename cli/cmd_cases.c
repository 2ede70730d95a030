/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten cases: which cases lie in a folder, and how far each has come, by its own log. Changes nothing,
 * and waits for nobody: a case in which something runs is named as such.
 */
#include "cli/keten.h"
#include "core/custody.h"
#include "core/io.h"
#include "core/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CASES_MAX 1000u /* of those that are finished, and of the others */

struct one {
	char folder[256], case_id[65], mandate_id[73], device[129], kind[17], form[17];
	char begun[40], last[40], reason[24];
	const char *state;
	bool two_stage, sealed, closed, in_use, interrupted;
	uint64_t answered;
	unsigned packages; /* begun and not dropped */
	int64_t bytes;
};

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct one *c = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail");
	struct kt_custody_item item;

	(void)seq;
	(void)err;
	kt_jv_copy(line, "utc", c->last, sizeof(c->last));
	if (kt_custody_item(event, line, &item) && item.outcome != NULL) {
		c->answered++;
		if (__builtin_add_overflow(c->bytes, item.bytes, &c->bytes))
			c->bytes = INT64_MAX;
	}
	if (strcmp(event, "session.interrupted") == 0)
		kt_jv_copy(d, "reason", c->reason, sizeof(c->reason));
	else if (strcmp(event, "session.resume") == 0)
		c->reason[0] = '\0';
	c->sealed |= strcmp(event, "acquisition.sealed") == 0;
	if (strcmp(event, "package.sealing") == 0)
		c->packages++;
	else if (strcmp(event, "package.dropped") == 0 && c->packages > 0)
		c->packages--;
	c->closed |= strcmp(event, "session.closed") == 0;
	return 0;
}

static int read_case(int fd, struct one *c, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const char *release;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_file_read(fd, "case.json", (size_t)64 << 10, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r == 0) {
		const struct kt_jv *o = kt_jdoc_root(doc);

		kt_jv_copy(o, "case_id", c->case_id, sizeof(c->case_id));
		kt_jv_copy(o, "mandate_id", c->mandate_id, sizeof(c->mandate_id));
		kt_jv_copy(o, "device", c->device, sizeof(c->device));
		kt_jv_copy(o, "device_kind", c->kind, sizeof(c->kind));
		kt_jv_copy(o, "form", c->form, sizeof(c->form));
		kt_jv_copy(o, "created", c->begun, sizeof(c->begun));
		release = kt_jv_str(o, "release");
		c->two_stage = release != NULL && strcmp(release, "two-stage") == 0;
	}
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* Up to the last whole line: a crash can have left half of one, which the next run cuts off. */
static int read_log(int fd, struct one *c, struct kt_err *err)
{
	char head[KT_SHA256_HEX];
	struct kt_buf b;
	uint64_t lines;
	int r;

	kt_buf_init(&b, 0);
	r = kt_file_read(fd, "custody.jsonl", (size_t)64 << 20, &b, err);
	while (r == 0 && b.len > 0 && b.p[b.len - 1] != '\n')
		b.len--;
	if (r == 0 && b.len > 0)
		r = kt_custody_check(b.p, b.len, head, &lines, on_line, c, err);
	kt_buf_free(&b);
	return r == KT_E_ABSENT ? 0 : r;
}

static bool is_in_use(int fd)
{
	KT_AUTO_FD lock = openat(fd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0;
}

/* false: there is no case in it. */
static bool look(int dir, const char *name, struct one *c)
{
	KT_AUTO_FD fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	memset(c, 0, sizeof(*c));
	snprintf(c->folder, sizeof(c->folder), "%s", name);
	if (fd < 0 || faccessat(fd, "case.json", F_OK, 0) < 0)
		return false;
	c->in_use = is_in_use(fd);
	if (read_case(fd, c, NULL) < 0 || read_log(fd, c, NULL) < 0)
		c->state = "unreadable";
	else if (c->closed)
		c->state = "closed";
	else if (c->packages > 0)
		c->state = "packaged";
	else
		c->state = c->sealed ? "sealed" : "reading";
	return true;
}

/* Whoever can write into the folder chose these texts, and keep() can have cut one in a character. */
static void put_text(struct kt_jw *w, const char *key, const char *text)
{
	kt_jw_kbytes(w, key, text, strlen(text));
}

static void put(const struct one *c, struct kt_jw *w)
{
	kt_jw_obj(w);
	kt_jw_kuint(w, "answered", c->answered);
	put_text(w, "begun", c->begun);
	kt_jw_kint(w, "bytes", c->bytes);
	put_text(w, "case_id", c->case_id);
	put_text(w, "device", c->device);
	put_text(w, "device_kind", c->kind);
	put_text(w, "folder", c->folder);
	put_text(w, "form", c->form[0] != '\0' ? c->form : "phone");
	kt_jw_kbool(w, "in_use", c->in_use);
	put_text(w, "last", c->last);
	put_text(w, "mandate_id", c->mandate_id);
	put_text(w, "reason", c->reason);
	kt_jw_kstr(w, "state", c->state);
	kt_jw_kbool(w, "two_stage", c->two_stage);
	kt_jw_obj_end(w);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The same for people, whose terminal these texts must not steer. */
static void print_one(const struct one *c)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_text_escape(&b, c->folder, strlen(c->folder));
	kt_buf_puts(&b, "  begun ");
	kt_text_escape(&b, c->begun, strnlen(c->begun, strlen("2024-05-01T12:00")));
	kt_buf_printf(&b, ", %llu answers, %lld bytes", (unsigned long long)c->answered,
		      (long long)c->bytes);
	if (c->reason[0] != '\0')
		kt_buf_puts(&b, ", interrupted: ");
	kt_text_escape(&b, c->reason, strlen(c->reason));
	if (c->in_use)
		kt_buf_puts(&b, ", in use now");
	printf("%-10s %s\n", c->state, kt_buf_cstr(&b) != NULL ? kt_buf_cstr(&b) : "");
	kt_buf_free(&b);
}

/* How many of each kind were told of, and whether there are more. */
struct told {
	unsigned finished, others;
	bool more;
};

static void tell(const struct one *c, bool json, struct told *t, struct kt_jw *w)
{
	unsigned *count = c->closed || c->packages > 0 ? &t->finished : &t->others;

	if (*count == CASES_MAX) {
		t->more = true;
		return;
	}
	(*count)++;
	put(c, w);
	if (!json)
		print_one(c);
}

/* A folder that is not there yet holds no cases. */
static int each_case(const char *path, bool json, struct told *t, struct kt_jw *w,
		     struct kt_err *err)
{
	KT_AUTO_FD dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list = NULL;
	struct one c;
	int n;

	if (dir < 0 && errno == ENOENT)
		return 0;
	n = dir < 0 ? -1 : scandirat(dir, ".", &list, NULL, by_name);
	if (n < 0)
		return KT_FAIL(err, errno == ENOMEM ? KT_E_NOMEM : KT_E_STORAGE, "%.150s: %s", path,
			       strerror(errno));
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' && look(dir, list[i]->d_name, &c))
			tell(&c, json, t, w);
		free(list[i]);
	}
	free(list);
	return 0;
}

int kt_cmd_cases(const struct kt_opts *o)
{
	struct told t = {0};
	struct kt_err err = {0};
	struct kt_buf b;
	struct kt_jw w;
	int r;

	if (o->nargs != 1)
		return kt_usage_exit();
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_key(&w, "cases");
	kt_jw_arr(&w);
	r = each_case(o->args[0], o->json, &t, &w, &err);
	kt_jw_arr_end(&w);
	kt_jw_kbool(&w, "more", t.more);
	kt_jw_kstr(&w, "schema", "keten-cases-1");
	kt_jw_obj_end(&w);
	if (r == 0 && o->json)
		return (r = kt_print_json(&b, &err)) == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
	kt_buf_free(&b);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
