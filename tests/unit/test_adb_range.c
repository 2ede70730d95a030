/* SPDX-License-Identifier: EUPL-1.2 */
/* Ranges: a batch is all or nothing, the fallback is exact, nothing unplanned goes out. */
#include "tests/unit/adb_peer.h"

#include <stdio.h>

#include "extractor/android/range.h"

#define A_PATH "/sdcard/DCIM/a"
#define B_PATH "/sdcard/DCIM/b"

struct answers {
	int code[KT_DEV_BATCH];
	enum kt_dev_method method[KT_DEV_BATCH];
	char text[KT_DEV_BATCH][64];
	unsigned calls[KT_DEV_BATCH];
};

struct ranges {
	struct peer p;
	struct kt_range g;
	struct answers a;
};

static void start(struct ranges *t)
{
	memset(t, 0, sizeof(*t));
	peer_start_connected(&t->p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&t->p, KT_REQ_DCIM);
	kt_range_init(&t->g, t->p.a, &t->p.allow);
}

static void end(struct ranges *t)
{
	kt_range_free(&t->g);
	peer_end(&t->p);
}

static int note(void *ctx, size_t i, int code, enum kt_dev_method method, const uint8_t *p,
		size_t n, const struct kt_err *why, struct kt_err *err)
{
	struct answers *a = ctx;

	(void)why;
	(void)err;
	a->calls[i]++;
	a->code[i] = code;
	a->method[i] = method;
	memcpy(a->text[i], p != NULL ? (const char *)p : "", n < 63 ? n : 63);
	return 0;
}

static struct kt_range_req ask(const char *path, uint64_t size, uint64_t off, uint32_t len)
{
	return (struct kt_range_req){.root = KT_REQ_DCIM,
				     .size = size,
				     .off = off,
				     .len = len,
				     .path = (const uint8_t *)path,
				     .path_len = strlen(path)};
}

static void run(struct ranges *t, const struct kt_range_req *q, size_t n)
{
	assert_int_equal(kt_range_run(&t->g, q, n, note, &t->a, NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(t->a.calls[i], 1);
}

/* The phone runs the range command on its stream n and says this on stdout. */
static void say_dd(struct ranges *t, uint32_t n, const char *out, char status)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_buf_put_u8(&b, 1);
	kt_buf_put_blob(&b, out, strlen(out));
	kt_buf_put_u8(&b, 3);
	kt_buf_put_blob(&b, &status, 1);
	peer_accept(&t->p, n);
	peer_accept(&t->p, n);
	peer_data(&t->p, n, b.p, b.len);
	kt_buf_free(&b);
}

/* The phone serves a download on its stream n. */
static void say_recv(struct ranges *t, uint32_t n, const char *content)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_buf_puts(&b, "DATA");
	kt_buf_put_blob(&b, content, strlen(content));
	peer_accept(&t->p, n);
	peer_accept(&t->p, n);
	peer_data(&t->p, n, b.p, b.len);
	kt_buf_free(&b);
}

static void test_expected(void **state)
{
	struct kt_range_req q = ask(A_PATH, 10, 4, 100);

	(void)state;
	assert_int_equal(kt_range_expected(&q), 6);
	q.len = 3;
	assert_int_equal(kt_range_expected(&q), 3);
	q.off = 10;
	assert_int_equal(kt_range_expected(&q), 0);
	q.off = UINT64_MAX;
	assert_int_equal(kt_range_expected(&q), 0);
	q = ask(A_PATH, UINT64_MAX, UINT64_MAX - 2, 100);
	assert_int_equal(kt_range_expected(&q), 2);
}

static void test_batch(void **state)
{
	static const char in[] = "if=" A_PATH "\0skip=2\0count=3\0if=" B_PATH "\0skip=0\0count=4";
	struct kt_range_req q[3] = {ask(A_PATH, 10, 2, 3), ask(A_PATH, 10, 12, 3),
				    ask(B_PATH, 4, 0, 99)};
	struct peer_packet k;
	struct ranges t;

	(void)state;
	start(&t);
	say_dd(&t, 1, "abcdefg", 0);
	run(&t, q, 3);
	assert_string_equal(t.a.text[0], "abc");
	assert_string_equal(t.a.text[1], "");
	assert_int_equal(t.a.code[1], 0);
	assert_string_equal(t.a.text[2], "defg");
	assert_int_equal(t.a.method[2], KT_METHOD_DD);
	peer_expect(&t.p, &k, KT_ADB_OPEN);
	assert_string_equal((char *)k.body, "shell,v2,raw:" KT_RANGE_COMMAND);
	peer_expect(&t.p, &k, KT_ADB_WRTE);
	assert_int_equal(k.len, 5 + sizeof(in) + 5);
	assert_memory_equal(k.body + 5, in, sizeof(in));
	end(&t);
}

/* One byte missing somewhere in a batch: nobody can say where, so each is asked alone. */
static void test_batch_falls_apart(void **state)
{
	struct kt_range_req q[2] = {ask(A_PATH, 10, 0, 3), ask(B_PATH, 10, 0, 4)};
	struct ranges t;

	(void)state;
	start(&t);
	say_dd(&t, 1, "abcdef", 0);
	say_dd(&t, 2, "abc", 0);
	say_dd(&t, 3, "defg", 0);
	run(&t, q, 2);
	assert_string_equal(t.a.text[0], "abc");
	assert_string_equal(t.a.text[1], "defg");
	end(&t);

	/* the right count with a wrong status is no proof either; more than asked neither */
	start(&t);
	say_dd(&t, 1, "abcdefg", 123);
	say_dd(&t, 2, "abcd", 0);
	say_recv(&t, 3, "abcdefghij");
	say_dd(&t, 4, "defg", 0);
	run(&t, q, 2);
	assert_string_equal(t.a.text[0], "abc");
	assert_int_equal(t.a.method[0], KT_METHOD_RECV);
	assert_string_equal(t.a.text[1], "defg");
	assert_int_equal(t.a.method[1], KT_METHOD_DD);
	end(&t);
}

static void test_fallback_and_neighbours(void **state)
{
	struct kt_range_req q[2] = {ask(A_PATH, 10, 4, 3), ask(A_PATH, 10, 0, 6)};
	struct ranges t;

	(void)state;
	start(&t);
	say_dd(&t, 1, "", 1);
	say_recv(&t, 2, "0123456789");
	run(&t, q, 1);
	assert_string_equal(t.a.text[0], "456");
	assert_int_equal(t.a.method[0], KT_METHOD_RECV);
	/* what had to be read for the first serves the second, without the phone */
	memset(&t.a, 0, sizeof(t.a));
	run(&t, q + 1, 1);
	assert_string_equal(t.a.text[0], "012345");
	assert_int_equal(t.a.method[0], KT_METHOD_RECV);
	end(&t);
}

static void test_gives_up_dd(void **state)
{
	struct kt_range_req q[4];
	char path[4][32];
	struct ranges t;

	(void)state;
	start(&t);
	for (uint32_t i = 0; i < 4; i++) {
		snprintf(path[i], sizeof(path[i]), "%s%u", A_PATH, i);
		q[i] = ask(path[i], 10, 1, 2);
	}
	for (uint32_t i = 0; i < 3; i++) {
		say_dd(&t, 1 + 2 * i, "", 1);
		say_recv(&t, 2 + 2 * i, "0123456789");
		memset(&t.a, 0, sizeof(t.a));
		run(&t, &q[i], 1);
	}
	assert_true(t.g.no_dd);
	say_recv(&t, 7, "0123456789");
	memset(&t.a, 0, sizeof(t.a));
	run(&t, &q[3], 1);
	assert_string_equal(t.a.text[0], "12");
	end(&t);
}

static void test_short_file(void **state)
{
	struct kt_range_req q = ask(A_PATH, 10, 2, 8);
	struct ranges t;

	(void)state;
	start(&t);
	say_dd(&t, 1, "234", 0);
	say_recv(&t, 2, "01234");
	peer_put(&t.p, KT_ADB_CLSE, PEER_ID(2), 2, NULL, 0);
	run(&t, &q, 1);
	assert_int_equal(t.a.code[0], KT_E_PARTIAL);
	assert_string_equal(t.a.text[0], "234");
	end(&t);
}

static void test_refused_without_phone(void **state)
{
	struct kt_range_req q[4] = {ask("/sdcard/DCIM/../x", 10, 0, 4), ask("/data/x", 10, 0, 4),
				    ask(A_PATH, 1 << 30, 0, KT_DEV_RANGE_MAX + 1),
				    ask(A_PATH, 10, 0, 4)};
	struct ranges t;

	(void)state;
	q[3].root = KT_REQ_PICTURES;
	start(&t);
	run(&t, q, 4);
	assert_int_equal(t.a.code[0], KT_E_REFUSED);
	assert_int_equal(t.a.code[1], KT_E_REFUSED);
	assert_int_equal(t.a.code[2], KT_E_LIMIT);
	assert_int_equal(t.a.code[3], KT_E_REFUSED);
	peer_expect_nothing(&t.p);
	end(&t);
}

static void test_control_names_go_alone(void **state)
{
	struct kt_range_req q[2] = {ask(A_PATH "\n", 10, 0, 3), ask(B_PATH, 10, 0, 4)};
	struct ranges t;

	(void)state;
	start(&t);
	say_dd(&t, 1, "abc", 0);
	say_dd(&t, 2, "defg", 0);
	run(&t, q, 2);
	assert_string_equal(t.a.text[0], "abc");
	assert_string_equal(t.a.text[1], "defg");
	end(&t);
}

static void test_phone_leaves(void **state)
{
	struct kt_range_req q[2] = {ask(A_PATH, 10, 0, 3), ask(B_PATH, 10, 0, 4)};
	struct ranges t;

	(void)state;
	start(&t);
	peer_accept(&t.p, 1);
	shutdown(t.p.fd, SHUT_RDWR);
	run(&t, q, 2);
	assert_int_equal(t.a.code[0], KT_E_DEVICE);
	assert_int_equal(t.a.code[1], KT_E_DEVICE);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_batch_falls_apart),
		cmocka_unit_test(test_fallback_and_neighbours),
		cmocka_unit_test(test_gives_up_dd),
		cmocka_unit_test(test_short_file),
		cmocka_unit_test(test_refused_without_phone),
		cmocka_unit_test(test_control_names_go_alone),
		cmocka_unit_test(test_phone_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
