/* SPDX-License-Identifier: EUPL-1.2 */
/* Shell v2: packets across payloads, what makes an answer whole, limits. */
#include "tests/unit/adb_peer.h"

#include "extractor/android/shell.h"

struct shell {
	struct peer p;
	struct kt_adb_stream *s;
	struct peer_sink out, errout;
	struct kt_shell sh;
};

static void start(struct shell *t)
{
	struct peer_packet k;

	memset(t, 0, sizeof(*t));
	peer_start_connected(&t->p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&t->p, KT_REQ_CLOCK);
	peer_accept(&t->p, 1);
	assert_int_equal(kt_allow_open_command(&t->p.allow, t->p.a, KT_REQ_CLOCK, &t->s, NULL), 0);
	peer_expect(&t->p, &k, KT_ADB_OPEN);
	peer_sink_init(&t->out);
	peer_sink_init(&t->errout);
	t->sh = (struct kt_shell){.max_out = 1000,
				  .deadline = kt_mono_ms() + 300,
				  .out = &t->out.feed,
				  .errout = &t->errout.feed};
}

static int run(struct shell *t)
{
	int r = kt_shell_run(t->p.a, &t->s, &t->sh, NULL);

	assert_null(t->s);
	return r;
}

static void end(struct shell *t)
{
	kt_buf_free(&t->out.b);
	kt_buf_free(&t->errout.b);
	peer_end(&t->p);
}

/* The same answer, cut into payloads of every length. */
static void test_any_cut(void **state)
{
	static const uint8_t answer[] = "\1\5\0\0\0hello\2\3\0\0\0err\1\0\0\0\0\1\6\0\0\0 world"
					"\3\1\0\0\0\7";
	size_t n = sizeof(answer) - 1;

	(void)state;
	for (size_t cut = 1; cut <= n; cut++) {
		struct peer_packet k;
		struct shell t;
		size_t payloads = 0;

		start(&t);
		peer_accept(&t.p, 1);
		for (size_t off = 0; off < n; off += cut, payloads++)
			peer_data(&t.p, 1, answer + off, n - off < cut ? n - off : cut);
		peer_put(&t.p, KT_ADB_CLSE, PEER_ID(1), 1, NULL, 0);
		assert_int_equal(run(&t), 0);
		assert_true(t.sh.exited);
		assert_int_equal(t.sh.status, 7);
		assert_int_equal(t.out.b.len, 11);
		assert_memory_equal(t.out.b.p, "hello world", 11);
		assert_memory_equal(t.errout.b.p, "err", 3);
		assert_int_equal(t.sh.out_bytes, 11);
		/* close-stdin, then one acknowledgement for each payload */
		peer_expect(&t.p, &k, KT_ADB_WRTE);
		assert_int_equal(k.len, 5);
		assert_memory_equal(k.body, "\4\0\0\0\0", 5);
		for (size_t i = 0; i < payloads; i++)
			peer_expect(&t.p, &k, KT_ADB_OKAY);
		peer_expect(&t.p, &k, KT_ADB_CLSE);
		end(&t);
	}
}

static void test_no_exit_is_partial(void **state)
{
	struct shell t;

	(void)state;
	start(&t);
	peer_data(&t.p, 1, "\1\5\0\0\0hello", 10);
	peer_put(&t.p, KT_ADB_CLSE, PEER_ID(1), 1, NULL, 0);
	assert_int_equal(run(&t), KT_E_PARTIAL);
	assert_false(t.sh.exited);
	assert_int_equal(t.sh.status, -1);
	assert_int_equal(t.sh.out_bytes, 5);
	end(&t);
}

static void test_silence(void **state)
{
	struct shell t;

	(void)state;
	start(&t);
	peer_accept(&t.p, 1);
	t.sh.deadline = kt_mono_ms() + 30;
	assert_int_equal(run(&t), KT_E_TIMEOUT);
	assert_false(kt_adb_is_broken(t.p.a));
	end(&t);
}

static void test_cap(void **state)
{
	struct shell t;

	(void)state;
	start(&t);
	t.sh.max_out = 4;
	peer_data(&t.p, 1, "\1\5\0\0\0hello\3\1\0\0\0\0", 16);
	assert_int_equal(run(&t), KT_E_PARTIAL);
	assert_true(t.sh.truncated);
	assert_int_equal(t.out.b.len, 4);
	end(&t);

	/* just as much as allowed is not too much */
	start(&t);
	t.sh.max_out = 5;
	peer_data(&t.p, 1, "\1\5\0\0\0hello\3\1\0\0\0\0", 16);
	assert_int_equal(run(&t), 0);
	assert_false(t.sh.truncated);
	end(&t);
}

static void test_hostile(void **state)
{
	static const struct {
		const char *p;
		size_t n;
		int want;
	} v[] = {
		{"\1\xff\xff\xff\xff"
		 "x",
		 6, KT_E_TIMEOUT},		/* a length without end: what came counts */
		{"\3\0\0\0\0", 5, KT_E_FORMAT}, /* exit without a status */
		{"\3\2\0\0\0ab", 7, KT_E_FORMAT},
		{"\5\1\0\0\0a", 6, KT_E_FORMAT}, /* window size is ours to send */
		{"\0\1\0\0\0a", 6, KT_E_FORMAT},
		{"\xff\1\0\0\0a", 6, KT_E_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct shell t;

		start(&t);
		t.sh.deadline = kt_mono_ms() + 50;
		peer_data(&t.p, 1, v[i].p, v[i].n);
		assert_int_equal(run(&t), v[i].want);
		assert_false(t.sh.exited);
		end(&t);
	}
}

static void test_stdin(void **state)
{
	struct peer_packet k;
	struct shell t;

	(void)state;
	start(&t);
	t.sh.in = (const uint8_t *)"input";
	t.sh.in_len = 5;
	peer_accept(&t.p, 1);
	peer_data(&t.p, 1, "\3\1\0\0\0\0", 6);
	assert_int_equal(run(&t), 0);
	peer_expect(&t.p, &k, KT_ADB_WRTE);
	assert_int_equal(k.len, 15);
	assert_memory_equal(k.body, "\0\5\0\0\0input\4\0\0\0\0", 15);
	end(&t);
}

/* Long input goes in pieces, each only after the last was taken; answers may come between. */
static void test_stdin_in_pieces(void **state)
{
	struct peer_packet k;
	static uint8_t in[9000];
	size_t total = 0;
	struct shell t;

	(void)state;
	memset(in, 'i', sizeof(in));
	start(&t);
	t.p.a->max_payload = KT_ADB_PAYLOAD_MIN;
	t.sh.in = in;
	t.sh.in_len = sizeof(in);
	peer_accept(&t.p, 1);
	peer_data(&t.p, 1, "\1\2\0\0\0ab", 7);
	peer_accept(&t.p, 1);
	peer_accept(&t.p, 1);
	peer_data(&t.p, 1, "\3\1\0\0\0\0", 6);
	assert_int_equal(run(&t), 0);
	while (peer_take(&t.p, &k))
		if (k.cmd == KT_ADB_WRTE)
			total += k.len;
	assert_int_equal(total, sizeof(in) + 10);
	assert_memory_equal(t.out.b.p, "ab", 2);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut),		cmocka_unit_test(test_no_exit_is_partial),
		cmocka_unit_test(test_silence),		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_hostile),		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_stdin_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
