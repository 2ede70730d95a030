/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A case that waits for its release: what is on the disk says nothing, what is sealed opens to just
 * what an immediate case would have written, and a session can go on without reading it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/casestore.h"
#include "core/err.h"
#include "core/index.h"
#include "core/io.h"
#include "core/json.h"

static const char marker[] = "Kq3vPlaintextOfThePhone7Zx";
static const struct kt_index_head head = {1, "pics/dcim", "media-exif", "dcim", "whole", 1};

struct place {
	char dir[64], path[96];
	uint8_t secret[KT_AGE_KEY], recipient[KT_AGE_KEY];
	struct kt_case c;
};

static void begin(struct place *p, bool sealed, const char *form)
{
	struct kt_case_new make = {.mandate_id = "M-1",
				   .mandate_sha256 = "00",
				   .device = "D",
				   .device_kind = "android",
				   .mandate = "{}",
				   .mandate_len = 2,
				   .p7s = "x",
				   .p7s_len = 1,
				   .form = form,
				   .sealed = sealed};

	memset(p, 0, sizeof(*p));
	strcpy(p->dir, "/tmp/keten-sealed-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/case", p->dir);
	assert_int_equal(kt_age_keygen(p->secret, p->recipient, NULL), 0);
	assert_int_equal(kt_case_open(p->path, &make, &p->c, NULL), 0);
	assert_int_equal(p->c.sealed, sealed);
	if (sealed)
		kt_case_seal_to(&p->c, p->recipient);
}

static void end(struct place *p)
{
	char cmd[160];

	kt_case_close(&p->c);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", p->dir);
	assert_int_equal(system(cmd), 0);
}

/* One file with the marker in name, content and reason. */
static void add_file(struct place *p, struct kt_index *ix, unsigned n, const char *outcome)
{
	char path[128], sha[KT_SHA256_HEX];
	struct kt_index_entry e = {.outcome = outcome, .reason = marker, .method = "sync"};
	struct kt_sink s;

	snprintf(path, sizeof(path), "/sdcard/%s/%u.jpg", marker, n);
	e.path = path;
	e.path_len = strlen(path);
	e.fs_size = n;
	e.fs_mtime = 1717245296;
	if (strcmp(outcome, "acquired") == 0 || strcmp(outcome, "partial") == 0) {
		assert_int_equal(kt_sink_open(&p->c, &s, NULL), 0);
		for (unsigned i = 0; i <= n; i++)
			assert_int_equal(kt_sink_write(&s, marker, strlen(marker), NULL), 0);
		assert_int_equal(kt_sink_close(&s, sha, NULL), 0);
		e.object = s.object;
		e.bytes = s.bytes;
		e.sha256 = sha;
		e.stored = s.stored;
		e.stored_sha = s.stored_sha;
	}
	assert_int_equal(kt_index_add(ix, &e, NULL), 0);
}

static int collect(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)err;
	return kt_buf_put(arg, p, n);
}

static void open_object(const struct place *p, const char *name, struct kt_buf *plain)
{
	struct kt_age_dec d = {NULL};
	struct kt_buf b;

	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(p->c.objects_fd, name, 1 << 20, &b, NULL), 0);
	assert_int_equal(kt_age_dec_begin(&d, p->secret, collect, plain, NULL), 0);
	assert_int_equal(kt_age_dec_write(&d, b.p, b.len, NULL), 0);
	assert_int_equal(kt_age_dec_end(&d, NULL), 0);
	kt_buf_free(&b);
}

struct gather {
	const struct place *p;
	struct kt_buf details;
	unsigned objects, parts;
};

static int on_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct gather *g = arg;
	const char *kind = kt_jv_str(line, "kind");

	(void)segment;
	(void)err;
	g->objects += kt_jv_str(line, "object") != NULL;
	if (strcmp(kind, "details") == 0) {
		g->parts++;
		open_object(g->p, kt_jv_str(line, "object"), &g->details);
	}
	return 0;
}

/* Does any file or name below the folder hold the marker, as it is or in hexadecimal? */
static bool leaks(int dirfd)
{
	static const char *const names[] = {".", "objects", "index"};
	char hex[2 * sizeof(marker)];
	bool found = false;

	for (size_t i = 0; i < sizeof(marker) - 1; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)marker[i]);
	for (size_t k = 0; k < 3; k++) {
		int fd = openat(dirfd, names[k], O_RDONLY | O_DIRECTORY);
		DIR *d = fdopendir(fd);
		struct dirent *e;

		while ((e = readdir(d)) != NULL) {
			struct kt_buf b;

			kt_buf_init(&b, 0);
			if (strstr(e->d_name, marker) != NULL)
				found = true;
			if (kt_file_read(fd, e->d_name, 1 << 24, &b, NULL) == 0 && b.len > 0)
				found |= memmem(b.p, b.len, marker, strlen(marker)) != NULL ||
					 memmem(b.p, b.len, hex, strlen(hex)) != NULL;
			kt_buf_free(&b);
		}
		closedir(d);
	}
	return found;
}

/* The same files into both kinds of case; what is sealed opens to what the other one says. */
static void test_same_index(void **state)
{
	struct place a, b;
	struct gather g = {.p = &a};
	struct kt_index ia = {.fd = -1}, ib = {.fd = -1};
	struct kt_buf plain;
	char sha[KT_SHA256_HEX];
	bool complete;

	(void)state;
	begin(&a, true, "phone");
	begin(&b, false, "phone");
	assert_int_equal(kt_index_open(&a.c, &head, &ia, NULL), 0);
	assert_int_equal(kt_index_open(&b.c, &head, &ib, NULL), 0);
	for (unsigned i = 0; i < 600; i++) { /* more than two groups */
		const char *outcome = i % 7 == 3 ? "failed" : i % 11 == 5 ? "partial" : "acquired";

		add_file(&a, &ia, i % 40, outcome);
		add_file(&b, &ib, i % 40, outcome);
	}
	assert_int_equal(kt_index_count(&ia, "withheld", "outside-period", 12, NULL), 0);
	assert_int_equal(kt_index_count(&ib, "withheld", "outside-period", 12, NULL), 0);
	assert_int_equal(ia.taken, ib.objects);
	assert_int_equal(kt_index_end(&ia, "partial", marker, sha, NULL), 0);
	assert_int_equal(kt_index_end(&ib, "partial", marker, sha, NULL), 0);
	assert_false(leaks(a.c.fd));
	assert_true(leaks(b.c.fd));
	kt_buf_init(&g.details, 0);
	assert_int_equal(kt_index_read(a.c.index_fd, 1, &complete, on_line, &g, NULL), 0);
	assert_true(complete);
	assert_true(g.parts >= 3);
	kt_buf_init(&plain, 0);
	assert_int_equal(kt_file_read(b.c.index_fd, "i0001.jsonl", 1 << 24, &plain, NULL), 0);
	/* objects are numbered on, so only the numbers differ: cut them out */
	for (struct kt_buf *x = &plain; x != NULL; x = x == &plain ? &g.details : NULL)
		for (uint8_t *p = x->p;
		     (p = memmem(p, x->len - (size_t)(p - x->p), "\"o0", 3)) != NULL; p++)
			memset(p + 2, '-', 6);
	assert_int_equal(plain.len, g.details.len);
	assert_memory_equal(plain.p, g.details.p, plain.len);
	kt_buf_free(&plain);
	kt_buf_free(&g.details);
	end(&a);
	end(&b);
}

/* Ids: the same for the same file, another for anything else, and nothing without the key. */
static void test_ids(void **state)
{
	uint8_t x[KT_RESUME_ID], y[KT_RESUME_ID];
	struct place p;

	(void)state;
	begin(&p, true, "image");
	assert_int_equal(kt_case_resume_id(&p.c, 1, "/a", 2, 5, 9, "acquired", x, NULL), 0);
	assert_string_equal(kt_case_resume_outcome(&p.c, x), "acquired");
	assert_int_equal(kt_case_resume_id(&p.c, 1, "/a", 2, 5, 9, "failed", y, NULL), 0);
	assert_memory_equal(x, y, KT_RESUME_ID - 1);
	assert_string_equal(kt_case_resume_outcome(&p.c, y), "failed");
	assert_int_equal(kt_case_resume_id(&p.c, 2, "/a", 2, 5, 9, "acquired", y, NULL), 0);
	assert_memory_not_equal(x, y, KT_RESUME_ID - 1);
	assert_int_equal(kt_case_resume_id(&p.c, 1, "/b", 2, 5, 9, "acquired", y, NULL), 0);
	assert_memory_not_equal(x, y, KT_RESUME_ID - 1);
	assert_int_equal(kt_case_resume_id(&p.c, 1, "/a", 2, 6, 9, "acquired", y, NULL), 0);
	assert_memory_not_equal(x, y, KT_RESUME_ID - 1);
	assert_int_equal(kt_case_forget_resume(&p.c, NULL), 0);
	assert_int_equal(kt_case_forget_resume(&p.c, NULL), 0);
	assert_int_equal(kt_case_resume_id(&p.c, 1, "/a", 2, 5, 9, "acquired", y, NULL),
			 KT_E_INTERNAL);
	assert_int_equal(faccessat(p.c.fd, "resume.key", F_OK, 0), -1);
	end(&p);
}

/* Half a group was lost with the process: its objects go, the rest is known, the head is there once. */
static void test_resume(void **state)
{
	struct place p;
	struct gather g = {.p = &p};
	struct kt_index ix = {.fd = -1};
	char sha[KT_SHA256_HEX];
	bool complete;

	(void)state;
	begin(&p, true, "phone");
	assert_int_equal(kt_index_open(&p.c, &head, &ix, NULL), 0);
	kt_index_close(&ix); /* the head alone */
	assert_int_equal(kt_index_open(&p.c, &head, &ix, NULL), 0);
	add_file(&p, &ix, 1, "acquired");
	assert_int_equal(kt_index_sync(&ix, NULL), 0);
	add_file(&p, &ix, 2, "acquired"); /* not synced */
	kt_index_close(&ix);
	assert_false(leaks(p.c.fd));
	kt_case_close(&p.c);
	assert_int_equal(kt_case_open(p.path, NULL, &p.c, NULL), 0);
	assert_true(p.c.sealed && p.c.has_resume_key && !p.c.has_recipient);
	kt_case_seal_to(&p.c, p.recipient);
	p.c.next_object = 4;
	assert_int_equal(kt_index_open(&p.c, &head, &ix, NULL), 0);
	assert_int_equal(ix.taken, 1);
	assert_int_equal(ix.objects, 2);
	add_file(&p, &ix, 3, "acquired");
	assert_int_equal(kt_index_end(&ix, "acquired", "", sha, NULL), 0);
	kt_buf_init(&g.details, 0);
	assert_int_equal(kt_index_read(p.c.index_fd, 1, &complete, on_line, &g, NULL), 0);
	kt_buf_putc(&g.details, '\0');
	assert_int_equal(g.parts, 2);
	assert_non_null(strstr((char *)g.details.p, "\"kind\":\"head\""));
	assert_null(
		strstr(strstr((char *)g.details.p, "\"kind\":\"head\"") + 5, "\"kind\":\"head\""));
	assert_non_null(strstr((char *)g.details.p, "\"objects\":2,\"outcome\":\"acquired\""));
	kt_buf_free(&g.details);
	end(&p);
}

/* Held files are sealed while they are held, can't be read again, and have a tail to judge by. */
static void test_held(void **state)
{
	char sha[KT_SHA256_HEX], own[KT_SHA256_HEX];
	struct kt_sink s[3] = {{.fd = -1}};
	struct kt_buf plain;
	struct place p;

	(void)state;
	begin(&p, true, "phone");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(kt_sink_hold(&p.c, &s[i], NULL), 0);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof(marker) - 1; k++)
			assert_int_equal(kt_sink_write(&s[i], marker + k, 1, NULL), 0);
	s[2] = s[0]; /* as an array of them does when it grows */
	memset(&s[0], 0x5a, sizeof(s[0]));
	assert_int_equal(kt_sink_finish(&s[2], sha, NULL), 0);
	kt_sha256_hex(marker, sizeof(marker) - 1, own, NULL);
	assert_string_equal(sha, own);
	assert_memory_equal(s[2].tail + sizeof(s[2].tail) - (sizeof(marker) - 1), marker,
			    sizeof(marker) - 1);
	assert_int_equal(kt_sink_reread(&p.c, &s[2], NULL), KT_E_INTERNAL);
	assert_int_equal(kt_sink_keep(&p.c, &s[2], NULL), 0);
	kt_sink_drop(&p.c, &s[1]);
	assert_false(leaks(p.c.fd));
	kt_buf_init(&plain, 0);
	open_object(&p, s[2].object, &plain);
	assert_int_equal(plain.len, sizeof(marker) - 1);
	assert_memory_equal(plain.p, marker, plain.len);
	kt_sha256_hex("", 0, own, NULL);
	assert_string_not_equal(s[2].stored_sha, sha);
	kt_buf_free(&plain);
	end(&p);
}

/* Without a key nothing can be written. */
static void test_no_key(void **state)
{
	struct kt_sink s;
	struct place p;

	(void)state;
	begin(&p, true, "phone");
	p.c.has_recipient = false;
	assert_int_equal(kt_sink_open(&p.c, &s, NULL), KT_E_INTERNAL);
	assert_int_equal(kt_sink_hold(&p.c, &s, NULL), KT_E_INTERNAL);
	assert_int_equal(p.c.next_object, 1);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_index), cmocka_unit_test(test_ids),
		cmocka_unit_test(test_resume),	   cmocka_unit_test(test_held),
		cmocka_unit_test(test_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
