/* SPDX-License-Identifier: EUPL-1.2 */
/* The file service: requests that go out, answers that can be trusted, answers that can't. */
#include "tests/unit/adb_peer.h"

#include "extractor/android/sync.h"
#include "extractor/android/sync_list.h"

#include <errno.h>

#define FILE_PATH "/sdcard/DCIM/a.jpg"
#define MODE_FILE 0100644u
#define MODE_DIR  040755u
#define MODE_LINK 0120777u

struct files {
	struct peer p;
	struct kt_sync y;
	struct kt_buf answer; /* becomes one payload */
	struct peer_sink sink;
};

static void start(struct files *t, const char *banner)
{
	memset(t, 0, sizeof(*t));
	peer_start_connected(&t->p, KT_ADB_VERSION, banner);
	peer_plan(&t->p, KT_REQ_DCIM);
	kt_sync_init(&t->y, t->p.a, &t->p.allow);
	kt_buf_init(&t->answer, 0);
	peer_sink_init(&t->sink);
	peer_accept(&t->p, 1);
	peer_accept(&t->p, 1); /* of the first request */
}

static void say(struct files *t)
{
	peer_data(&t->p, 1, t->answer.p, t->answer.len);
	kt_buf_reset(&t->answer);
}

static void end(struct files *t)
{
	kt_sync_close(&t->y);
	kt_buf_free(&t->answer);
	kt_buf_free(&t->sink.b);
	peer_end(&t->p);
}

static void put_stat2(struct kt_buf *b, const char *id, uint32_t error, uint32_t mode,
		      uint64_t size, uint64_t mtime)
{
	kt_buf_put(b, id, 4);
	kt_buf_put_le32(b, error);
	kt_buf_put_le64(b, 1);
	kt_buf_put_le64(b, 2);
	kt_buf_put_le32(b, mode);
	kt_buf_put_le32(b, 1);
	kt_buf_put_le32(b, 0);
	kt_buf_put_le32(b, 0);
	kt_buf_put_le64(b, size);
	kt_buf_put_le64(b, 11);
	kt_buf_put_le64(b, mtime);
	kt_buf_put_le64(b, 13);
}

static void put_entry2(struct kt_buf *b, const char *name, size_t n, uint32_t mode)
{
	put_stat2(b, "DNT2", 0, mode, 5, 1000);
	kt_buf_put_le32(b, (uint32_t)n);
	kt_buf_put(b, name, n);
}

static void put_done2(struct kt_buf *b)
{
	static const uint8_t zero[72];

	kt_buf_puts(b, "DONE");
	kt_buf_put(b, zero, sizeof(zero));
}

static void put_chunk(struct kt_buf *b, const char *id, const char *data)
{
	kt_buf_puts(b, id);
	kt_buf_put_blob(b, data, strlen(data));
}

static void expect_request(struct files *t, const char *id, const char *path)
{
	struct peer_packet k;
	size_t n = strlen(path);

	do {
		assert_true(peer_take(&t->p, &k));
	} while (k.cmd != KT_ADB_WRTE);
	assert_true(k.len >= 8 + n);
	assert_memory_equal(k.body, id, 4);
	assert_int_equal(kt_get_le32(k.body + 4), n);
	assert_memory_equal(k.body + 8, path, n);
}

static int stat_file(struct files *t, struct kt_sync_stat *st)
{
	return kt_sync_stat(&t->y, KT_REQ_DCIM, FILE_PATH, strlen(FILE_PATH), st, NULL);
}

static void test_stat(void **state)
{
	struct kt_sync_stat st;
	struct files t;

	(void)state;
	start(&t, PEER_ALL);
	put_stat2(&t.answer, "LST2", 0, MODE_FILE, 0x123456789abull, 1700000000);
	say(&t);
	assert_int_equal(stat_file(&t, &st), 0);
	assert_int_equal(st.mode, MODE_FILE);
	assert_true(st.size == 0x123456789abull);
	assert_int_equal(st.mtime, 1700000000);
	expect_request(&t, "LST2", FILE_PATH);
	end(&t);
}

static void test_stat_old(void **state)
{
	struct kt_sync_stat st;
	struct files t;

	(void)state;
	start(&t, PEER_OLD);
	kt_buf_puts(&t.answer, "STAT");
	kt_buf_put_le32(&t.answer, MODE_FILE);
	kt_buf_put_le32(&t.answer, 77);
	kt_buf_put_le32(&t.answer, 88);
	say(&t);
	assert_int_equal(stat_file(&t, &st), 0);
	assert_int_equal(st.size, 77);
	assert_int_equal(st.mtime, 88);
	expect_request(&t, "STAT", FILE_PATH);
	peer_accept(&t.p, 1);
	peer_data(&t.p, 1, "STAT\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(stat_file(&t, &st), 0);
	assert_int_equal(st.error, ENOENT);
	end(&t);
}

static void test_unplanned_path_is_not_sent(void **state)
{
	struct peer_packet k;
	struct kt_sync_stat st;
	struct peer_sink sink;
	uint64_t bytes;
	struct files t;

	(void)state;
	start(&t, PEER_ALL);
	peer_sink_init(&sink);
	assert_int_equal(kt_sync_stat(&t.y, KT_REQ_DCIM, "/data/x", 7, &st, NULL), KT_E_REFUSED);
	assert_int_equal(kt_sync_recv(&t.y, KT_REQ_PICTURES, "/sdcard/Pictures/x", 18, 1,
				      &sink.feed, &bytes, &st, NULL),
			 KT_E_REFUSED);
	assert_int_equal(kt_sync_request(&t.y, "RECV", KT_REQ_DCIM, "/sdcard/DCIM/..", 15, NULL),
			 KT_E_REFUSED);
	assert_false(peer_take(&t.p, &k));
	end(&t);
}

static int recv_file(struct files *t, uint64_t max, uint64_t *bytes, struct kt_sync_stat *after)
{
	return kt_sync_recv(&t->y, KT_REQ_DCIM, FILE_PATH, strlen(FILE_PATH), max, &t->sink.feed,
			    bytes, after, NULL);
}

static void test_recv(void **state)
{
	struct kt_sync_stat after;
	uint64_t bytes;
	struct files t;

	(void)state;
	start(&t, PEER_ALL);
	put_chunk(&t.answer, "DATA", "first ");
	kt_buf_puts(&t.answer, "DATA");
	say(&t);
	kt_buf_put_le32(&t.answer, 6);
	kt_buf_puts(&t.answer, "sec");
	say(&t);
	kt_buf_puts(&t.answer, "ond");
	put_chunk(&t.answer, "DONE", "");
	put_stat2(&t.answer, "LST2", 0, MODE_FILE, 12, 1000);
	say(&t);
	assert_int_equal(recv_file(&t, 12, &bytes, &after), 0);
	assert_int_equal(bytes, 12);
	assert_memory_equal(t.sink.b.p, "first second", 12);
	assert_int_equal(after.size, 12);
	assert_true(t.sink.flushes >= 3);
	expect_request(&t, "RECV", FILE_PATH);
	end(&t);
}

static void test_recv_refused(void **state)
{
	struct kt_sync_stat st;
	uint64_t bytes;
	struct files t;

	(void)state;
	start(&t, PEER_ALL);
	put_chunk(&t.answer, "FAIL", "open failed: Permission denied\x1b[2J");
	put_stat2(&t.answer, "LST2", 0, MODE_FILE, 12, 1000);
	say(&t);
	assert_int_equal(recv_file(&t, 99, &bytes, &st), KT_E_REFUSED);
	/* the stream stands at a border: the next request works on it */
	assert_non_null(t.y.s);
	peer_accept(&t.p, 1);
	put_stat2(&t.answer, "LST2", 0, MODE_FILE, 12, 1000);
	say(&t);
	assert_int_equal(stat_file(&t, &st), 0);
	end(&t);

	start(&t, PEER_ALL);
	put_chunk(&t.answer, "FAIL", "No such file or directory");
	put_stat2(&t.answer, "LST2", ENOENT, 0, 0, 0);
	say(&t);
	assert_int_equal(recv_file(&t, 99, &bytes, &st), KT_E_ABSENT);
	end(&t);
}

static void expect_recv(const void *p, size_t n, uint64_t max, int want, uint64_t want_bytes)
{
	struct kt_sync_stat st;
	uint64_t bytes;
	struct files t;

	start(&t, PEER_ALL);
	peer_data(&t.p, 1, p, n);
	peer_put(&t.p, KT_ADB_CLSE, PEER_ID(1), 1, NULL, 0);
	assert_int_equal(recv_file(&t, max, &bytes, &st), want);
	assert_int_equal(bytes, want_bytes);
	assert_int_equal(t.sink.b.len, want_bytes);
	assert_null(t.y.s);
	end(&t);
}

static void test_recv_hostile(void **state)
{
	(void)state;
	expect_recv("DATA\1\0\1\0x", 9, 1 << 20, KT_E_FORMAT, 0); /* chunk over 64 KiB */
	expect_recv("DATA\xff\xff\xff\xffx", 9, 1 << 20, KT_E_FORMAT, 0);
	expect_recv("DENT\1\0\0\0x", 9, 1 << 20, KT_E_FORMAT, 0);
	expect_recv("DATA\3\0\0\0xyz", 11, 2, KT_E_LIMIT, 0);
	expect_recv("DATA\3\0\0\0xy", 10, 99, KT_E_PARTIAL, 2);	 /* closed in the middle */
	expect_recv("DATA\3\0\0\0xyz", 11, 99, KT_E_PARTIAL, 3); /* closed without DONE */
	expect_recv("DATA\1\0\0\0xFAIL\2\0\0\0no", 19, 99, KT_E_PARTIAL, 1);
	expect_recv("FAIL\xff\xff\xff\x7fno", 10, 99, KT_E_FORMAT, 0);
}

static void test_judge(void **state)
{
	struct kt_sync_stat a = {.mode = MODE_FILE, .size = 10, .mtime = 5}, b = a;
	uint32_t flags;

	(void)state;
	assert_int_equal(kt_sync_judge(&a, &b, 10, true, &flags, NULL), 0);
	assert_int_equal(flags, KT_DEV_F_COMPLETE);
	assert_int_equal(kt_sync_judge(&a, &b, 9, true, &flags, NULL), KT_E_PARTIAL);
	assert_int_equal(flags, 0);
	assert_int_equal(kt_sync_judge(&a, &b, (1ull << 32) + 10, true, &flags, NULL),
			 KT_E_PARTIAL);
	assert_int_equal(kt_sync_judge(&a, &b, (1ull << 32) + 10, false, &flags, NULL), 0);
	b.mtime = 6;
	assert_int_equal(kt_sync_judge(&a, &b, 10, true, &flags, NULL), KT_E_PARTIAL);
	assert_int_equal(flags, KT_DEV_F_CHANGED);
	b = a;
	b.size = 11;
	assert_int_equal(kt_sync_judge(&a, &b, 11, true, &flags, NULL), KT_E_PARTIAL);
	assert_int_equal(flags, KT_DEV_F_CHANGED);
	b = a;
	b.error = ENOENT;
	assert_int_equal(kt_sync_judge(&a, &b, 10, true, &flags, NULL), KT_E_PARTIAL);
	assert_int_equal(flags, KT_DEV_F_CHANGED);
}

static int note_entry(void *ctx, const struct kt_sync_stat *st, const uint8_t *path, size_t n,
		      struct kt_err *err)
{
	struct kt_buf *b = ctx;

	(void)st;
	(void)err;
	kt_buf_put(b, path + strlen("/sdcard/DCIM"), n - strlen("/sdcard/DCIM"));
	return kt_buf_putc(b, '|');
}

static void put_root(struct files *t)
{
	put_stat2(&t->answer, "LST2", 0, MODE_DIR, 4096, 1);
	say(t);
	peer_accept(&t->p, 1);
}

static void test_list(void **state)
{
	struct kt_buf names;
	struct kt_listing l = {.root = KT_REQ_DCIM,
			       .max_entries = 100,
			       .max_depth = 9,
			       .entry = note_entry,
			       .ctx = &names};
	struct files t;

	(void)state;
	kt_buf_init(&names, 0);
	start(&t, PEER_ALL);
	put_root(&t);
	put_entry2(&t.answer, ".", 1, MODE_DIR);
	put_entry2(&t.answer, "..", 2, MODE_DIR);
	put_entry2(&t.answer, "z.jpg", 5, MODE_FILE);
	put_entry2(&t.answer, "sub", 3, MODE_DIR);
	put_entry2(&t.answer, "link", 4, MODE_LINK);
	put_entry2(&t.answer, "sub.jpg", 7, MODE_FILE);
	put_done2(&t.answer);
	say(&t);
	peer_accept(&t.p, 1);
	put_entry2(&t.answer, ".", 1, MODE_DIR);
	put_entry2(&t.answer, "b\n", 2, MODE_FILE);
	put_entry2(&t.answer, "a", 1, MODE_FILE);
	put_done2(&t.answer);
	say(&t);
	/* one folder is descended into; the link is not */
	assert_int_equal(kt_sync_list(&t.y, &l, NULL), 0);
	assert_int_equal(l.flags, KT_DEV_F_COMPLETE);
	assert_int_equal(l.count, 6);
	assert_string_equal(kt_buf_cstr(&names), "/link|/sub|/sub.jpg|/sub/a|/sub/b\n|/z.jpg|");
	expect_request(&t, "LST2", "/sdcard/DCIM");
	expect_request(&t, "LIS2", "/sdcard/DCIM");
	expect_request(&t, "LIS2", "/sdcard/DCIM/sub");
	kt_buf_free(&names);
	end(&t);
}

static void test_list_names(void **state)
{
	static const char long_name[300] = {[0 ... 298] = 'x'};
	struct kt_buf names;
	struct kt_listing l = {.root = KT_REQ_DCIM,
			       .max_entries = 100,
			       .max_depth = 9,
			       .entry = note_entry,
			       .ctx = &names};
	struct files t;

	(void)state;
	kt_buf_init(&names, 0);
	start(&t, PEER_ALL);
	put_root(&t);
	put_entry2(&t.answer, "", 0, MODE_FILE);
	put_entry2(&t.answer, "a/b", 3, MODE_FILE);
	put_entry2(&t.answer, "../../data", 10, MODE_DIR);
	put_entry2(&t.answer, "a\0b", 3, MODE_FILE);
	put_entry2(&t.answer, long_name, 256, MODE_FILE);
	put_entry2(&t.answer, "fine", 4, MODE_FILE);
	put_done2(&t.answer);
	say(&t);
	assert_int_equal(kt_sync_list(&t.y, &l, NULL), 0);
	assert_int_equal(l.flags, KT_DEV_F_COMPLETE | KT_DEV_F_SKIPPED_NAME);
	assert_int_equal(l.skipped, 5);
	assert_string_equal(kt_buf_cstr(&names), "/fine|");
	kt_buf_free(&names);
	end(&t);
}

static void test_list_limits(void **state)
{
	struct kt_buf names;
	struct kt_listing l = {.root = KT_REQ_DCIM,
			       .max_entries = 2,
			       .max_depth = 1,
			       .entry = note_entry,
			       .ctx = &names};
	struct files t;

	(void)state;
	kt_buf_init(&names, 0);
	start(&t, PEER_ALL);
	put_root(&t);
	put_entry2(&t.answer, "c", 1, MODE_FILE);
	put_entry2(&t.answer, "b", 1, MODE_FILE);
	put_entry2(&t.answer, "a", 1, MODE_FILE);
	say(&t);
	assert_int_equal(kt_sync_list(&t.y, &l, NULL), KT_E_PARTIAL);
	assert_int_equal(l.flags, KT_DEV_F_TRUNCATED);
	assert_string_equal(kt_buf_cstr(&names), "/b|/c|");
	assert_null(t.y.s);
	end(&t);

	/* a folder too deep to look into */
	kt_buf_reset(&names);
	start(&t, PEER_ALL);
	put_root(&t);
	put_entry2(&t.answer, "sub", 3, MODE_DIR);
	put_done2(&t.answer);
	say(&t);
	assert_int_equal(kt_sync_list(&t.y, &l, NULL), KT_E_PARTIAL);
	assert_int_equal(l.flags, KT_DEV_F_TRUNCATED);
	end(&t);
	kt_buf_free(&names);
}

static int list_root(struct files *t, struct kt_listing *l)
{
	struct kt_buf names;
	int r;

	kt_buf_init(&names, 0);
	*l = (struct kt_listing){.root = KT_REQ_DCIM,
				 .max_entries = 9,
				 .max_depth = 9,
				 .entry = note_entry,
				 .ctx = &names};
	r = kt_sync_list(&t->y, l, NULL);
	kt_buf_free(&names);
	return r;
}

static void test_list_nothing(void **state)
{
	struct kt_listing l;
	struct files t;

	(void)state;
	start(&t, PEER_ALL);
	put_root(&t);
	put_done2(&t.answer);
	say(&t);
	assert_int_equal(list_root(&t, &l), 0);
	assert_int_equal(l.flags, KT_DEV_F_COMPLETE | KT_DEV_F_LISTED_NONE);
	end(&t);

	start(&t, PEER_ALL);
	put_stat2(&t.answer, "LST2", ENOENT, 0, 0, 0);
	say(&t);
	assert_int_equal(list_root(&t, &l), KT_E_ABSENT);
	end(&t);

	start(&t, PEER_ALL);
	put_stat2(&t.answer, "LST2", EACCES, 0, 0, 0);
	say(&t);
	assert_int_equal(list_root(&t, &l), KT_E_REFUSED);
	end(&t);

	start(&t, PEER_ALL);
	put_stat2(&t.answer, "LST2", 0, MODE_LINK, 0, 0);
	say(&t);
	assert_int_equal(list_root(&t, &l), KT_E_REFUSED);
	end(&t);
}

static void test_list_hostile(void **state)
{
	struct kt_listing l;
	struct files t;

	(void)state;
	start(&t, PEER_ALL);
	put_root(&t);
	put_stat2(&t.answer, "DNT2", 0, MODE_FILE, 1, 1);
	kt_buf_put_le32(&t.answer, 0xffffffffu);
	say(&t);
	assert_int_equal(list_root(&t, &l), KT_E_FORMAT);
	assert_null(t.y.s);
	end(&t);

	start(&t, PEER_ALL);
	put_root(&t);
	put_stat2(&t.answer, "DATA", 0, MODE_FILE, 1, 1);
	kt_buf_put_le32(&t.answer, 1);
	say(&t);
	assert_int_equal(list_root(&t, &l), KT_E_FORMAT);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_old),
		cmocka_unit_test(test_unplanned_path_is_not_sent),
		cmocka_unit_test(test_recv),
		cmocka_unit_test(test_recv_refused),
		cmocka_unit_test(test_recv_hostile),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_names),
		cmocka_unit_test(test_list_limits),
		cmocka_unit_test(test_list_nothing),
		cmocka_unit_test(test_list_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
