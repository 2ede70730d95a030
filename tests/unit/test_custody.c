/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/custody.h"
#include "core/err.h"
#include "core/io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static int dir_fd = -1;

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kt-test-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int drop_dir(void **state)
{
	(void)state;
	unlinkat(dir_fd, "custody.jsonl", 0);
	kt_close_fd(&dir_fd);
	return rmdir(dir);
}

static void load(struct kt_buf *b)
{
	kt_buf_init(b, 0);
	assert_int_equal(kt_file_read(dir_fd, "custody.jsonl", 1 << 20, b, NULL), 0);
}

static void save(const void *p, size_t n)
{
	assert_int_equal(kt_file_write(dir_fd, "custody.jsonl", p, n, 0600, NULL), 0);
}

static void write_log(unsigned lines)
{
	struct kt_custody c;
	int cut;

	assert_int_equal(kt_custody_open(dir_fd, &c, &cut, NULL), 0);
	assert_int_equal(cut, 0);
	for (unsigned i = 0; i < lines; i++) {
		kt_custody_begin(&c);
		kt_jw_kuint(&c.w, "count", i);
		kt_jw_kstr(&c.w, "text", "a \"quoted\" text");
		assert_int_equal(kt_custody_end(&c, "test.event", NULL), 0);
	}
	kt_custody_close(&c);
}

static int check(const struct kt_buf *b, char head[KT_SHA256_HEX], uint64_t *lines)
{
	return kt_custody_check(b->p, b->len, head, lines, NULL, NULL, NULL);
}

static void a_log_goes_on_after_reopening(void **state)
{
	char head[KT_SHA256_HEX], want[KT_SHA256_HEX];
	const uint8_t *last;
	uint64_t lines;
	struct kt_buf b;

	(void)state;
	write_log(3);
	write_log(2);
	load(&b);
	assert_int_equal(check(&b, head, &lines), 0);
	assert_int_equal(lines, 5);
	last = memrchr(b.p, '\n', b.len - 1);
	assert_non_null(last);
	assert_int_equal(kt_sha256_hex(last + 1, (size_t)(b.p + b.len - last - 1), want, NULL), 0);
	assert_string_equal(head, want);
	kt_buf_free(&b);
}

struct walk {
	uint64_t n;
	uint64_t stop_at;
};

static int walk(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		struct kt_err *err)
{
	struct walk *w = arg;

	(void)err;
	w->n++;
	assert_int_equal(seq, w->n);
	assert_string_equal(event, "test.event");
	assert_int_equal(kt_jv_int(kt_jv_get(line, "detail"), "count", -1), (int64_t)seq - 1);
	return w->n == w->stop_at ? 7 : 0;
}

static void callers_see_every_line(void **state)
{
	char head[KT_SHA256_HEX];
	struct walk w = {0, 0};
	uint64_t lines;
	struct kt_buf b;

	(void)state;
	write_log(4);
	load(&b);
	assert_int_equal(kt_custody_check(b.p, b.len, head, &lines, walk, &w, NULL), 0);
	assert_int_equal(w.n, 4);
	w = (struct walk){0, 2};
	assert_int_equal(kt_custody_check(b.p, b.len, head, &lines, walk, &w, NULL), 7);
	kt_buf_free(&b);
}

/* Each bit of each byte: the check fails, or the head is another one (which is signed). */
static void any_changed_bit_shows(void **state)
{
	char head[KT_SHA256_HEX], now[KT_SHA256_HEX];
	uint64_t lines, n;
	struct kt_buf b;
	size_t last;

	(void)state;
	write_log(3);
	load(&b);
	assert_int_equal(check(&b, head, &lines), 0);
	last = (size_t)((uint8_t *)memrchr(b.p, '\n', b.len - 1) - b.p) + 1;
	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			int r;

			b.p[i] ^= (uint8_t)(1u << bit);
			r = check(&b, now, &n);
			b.p[i] ^= (uint8_t)(1u << bit);
			if (r == KT_E_INVALID)
				continue;
			assert_int_equal(r, 0);
			if (i < last)
				fail_msg("bit %u of byte %zu changed unseen", bit, i);
			assert_string_not_equal(now, head);
		}
	kt_buf_free(&b);
}

static void any_lost_byte_shows(void **state)
{
	char head[KT_SHA256_HEX], now[KT_SHA256_HEX];
	uint64_t lines, n;
	struct kt_buf b;

	(void)state;
	write_log(3);
	load(&b);
	assert_int_equal(check(&b, head, &lines), 0);
	for (size_t i = 0; i < b.len; i++) {
		struct kt_buf cut;

		kt_buf_init(&cut, 0);
		kt_buf_put(&cut, b.p, i);
		kt_buf_put(&cut, b.p + i + 1, b.len - i - 1);
		if (check(&cut, now, &n) == 0)
			assert_string_not_equal(now, head);
		kt_buf_free(&cut);
		/* cut off here: only whole lines hold, and then the head differs */
		if (kt_custody_check(b.p, i, now, &n, NULL, NULL, NULL) == 0) {
			assert_true(i == 0 || b.p[i - 1] == '\n');
			assert_string_not_equal(now, head);
		}
	}
	kt_buf_free(&b);
}

/* Finds line k (from 0) of b. */
static uint8_t *line_at(const struct kt_buf *b, unsigned k, size_t *n)
{
	uint8_t *p = b->p;

	while (k-- > 0)
		p = (uint8_t *)memchr(p, '\n', (size_t)(b->p + b->len - p)) + 1;
	*n = (size_t)((uint8_t *)memchr(p, '\n', (size_t)(b->p + b->len - p)) - p) + 1;
	return p;
}

static void order_is_part_of_it(void **state)
{
	static const unsigned orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 9}, {0, 2, 9}, {0, 0, 1}};
	char head[KT_SHA256_HEX];
	uint64_t lines;
	struct kt_buf b;

	(void)state;
	write_log(3);
	load(&b);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct kt_buf c;

		kt_buf_init(&c, 0);
		for (int k = 0; k < 3 && orders[i][k] < 3; k++) {
			size_t n;
			uint8_t *p = line_at(&b, orders[i][k], &n);

			kt_buf_put(&c, p, n);
		}
		assert_int_equal(check(&c, head, &lines), KT_E_INVALID);
		kt_buf_free(&c);
	}
	kt_buf_free(&b);
}

/* Lines of our own making, chained rightly: what their shape alone decides. */
static int forged(const char *first, const char *second)
{
	char prev[KT_SHA256_HEX], head[KT_SHA256_HEX];
	const char *lines[] = {first, second};
	struct kt_buf b;
	uint64_t n;
	int r;

	kt_buf_init(&b, 0);
	memset(prev, '0', 64);
	prev[64] = '\0';
	for (int i = 0; i < 2 && lines[i] != NULL; i++) {
		size_t start = b.len;
		const char *at = strstr(lines[i], "PREV");

		kt_buf_put(&b, lines[i], (size_t)(at - lines[i]));
		kt_buf_puts(&b, prev);
		kt_buf_puts(&b, at + 4);
		kt_buf_putc(&b, '\n');
		kt_sha256_hex(b.p + start, b.len - start, prev, NULL);
	}
	r = kt_custody_check(b.p, b.len, head, &n, NULL, NULL, NULL);
	kt_buf_free(&b);
	return r;
}

#define HEAD "{\"actor\":\"a\",\"detail\":"
#define LINE(detail, event, mono, seq)                                                             \
	HEAD detail ",\"event\":\"" event "\",\"mono_ns\":" mono ",\"prev\":\"PREV\",\"seq\":" seq \
		    ",\"utc\":\"2026-01-01T00:00:00Z\"}"

static void shape_decides(void **state)
{
	(void)state;
	assert_int_equal(forged(LINE("{}", "e", "5", "1"), NULL), 0);
	assert_int_equal(forged(LINE("{\"a\":1,\"b\":\"x\"}", "e", "5", "1"), NULL), 0);
	assert_int_equal(forged(LINE("{\"b\":1,\"a\":2}", "e", "5", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{\"a\":{}}", "e", "5", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{\"a\":[]}", "e", "5", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{\"a\":true}", "e", "5", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("[]", "e", "5", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{}", "e", "-1", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{}", "e", "\"5\"", "1"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{}", "e", "5", "2"), NULL), KT_E_INVALID);
	assert_int_equal(forged(LINE("{}", "e", "5", "0"), NULL), KT_E_INVALID);
	assert_int_equal(forged(HEAD "{},\"event\":\"e\",\"mono_ns\":5,\"prev\":\"PREV\",\"seq\":1,"
				     "\"utc\":\"yesterday\"}",
				NULL),
			 KT_E_INVALID);
	/* a member too many, one too few, another order */
	assert_int_equal(forged(HEAD "{},\"event\":\"e\",\"mono_ns\":5,\"prev\":\"PREV\",\"seq\":1,"
				     "\"utc\":\"2026-01-01T00:00:00Z\",\"x\":1}",
				NULL),
			 KT_E_INVALID);
	assert_int_equal(
		forged(HEAD "{},\"event\":\"e\",\"mono_ns\":5,\"prev\":\"PREV\",\"seq\":1}", NULL),
		KT_E_INVALID);
	assert_int_equal(forged("{\"detail\":{},\"actor\":\"a\",\"event\":\"e\",\"mono_ns\":5,"
				"\"prev\":\"PREV\",\"seq\":1,\"utc\":\"2026-01-01T00:00:00Z\"}",
				NULL),
			 KT_E_INVALID);
}

static void the_clock_runs_on_inside_a_session(void **state)
{
	const char *first = LINE("{}", "e", "100", "1");

	(void)state;
	assert_int_equal(forged(first, LINE("{}", "e", "100", "2")), 0);
	assert_int_equal(forged(first, LINE("{}", "e", "99", "2")), KT_E_INVALID);
	assert_int_equal(forged(first, LINE("{}", "session.resume", "1", "2")), 0);
	assert_int_equal(forged(first, LINE("{}", "session.step", "1", "2")), 0);
	assert_int_equal(forged(first, LINE("{}", "session.open", "1", "2")), KT_E_INVALID);
}

static void half_a_line_is_cut_and_told(void **state)
{
	struct kt_custody c;
	struct kt_buf b;
	size_t full;
	int cut;

	(void)state;
	write_log(3);
	load(&b);
	(void)line_at(&b, 2, &full);
	for (size_t lost = 1; lost < full; lost += 13) {
		save(b.p, b.len - lost);
		assert_int_equal(kt_custody_open(dir_fd, &c, &cut, NULL), 0);
		assert_int_equal(cut, 1);
		assert_int_equal(c.seq, 2);
		assert_int_equal(kt_custody_event(&c, "session.resume", "k", "v", NULL), 0);
		kt_custody_close(&c);
		assert_int_equal(kt_custody_open(dir_fd, &c, &cut, NULL), 0);
		assert_int_equal(cut, 0);
		assert_int_equal(c.seq, 3);
		kt_custody_close(&c);
	}
	/* damage that no crash makes is not repaired */
	b.p[10] ^= 1;
	save(b.p, b.len - 5);
	assert_int_equal(kt_custody_open(dir_fd, &c, &cut, NULL), KT_E_INVALID);
	kt_buf_free(&b);
}

static void too_long_is_refused_before_writing(void **state)
{
	char *big = malloc(70000);
	char head[KT_SHA256_HEX];
	struct kt_custody c;
	uint64_t lines;
	struct kt_buf b;
	int cut;

	(void)state;
	memset(big, 'x', 69999);
	big[69999] = '\0';
	assert_int_equal(kt_custody_open(dir_fd, &c, &cut, NULL), 0);
	assert_int_equal(kt_custody_event(&c, "e", "k", big, NULL), KT_E_INTERNAL);
	assert_int_equal(kt_custody_event(&c, "e", "k", "small", NULL), 0);
	kt_custody_close(&c);
	load(&b);
	assert_int_equal(check(&b, head, &lines), 0);
	assert_int_equal(lines, 1);
	kt_buf_free(&b);
	free(big);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
	const struct CMUnitTest tests[] = {
		T(a_log_goes_on_after_reopening),
		T(callers_see_every_line),
		T(any_changed_bit_shows),
		T(any_lost_byte_shows),
		T(order_is_part_of_it),
		cmocka_unit_test(shape_decides),
		cmocka_unit_test(the_clock_runs_on_inside_a_session),
		T(half_a_line_is_cut_and_told),
		T(too_long_is_refused_before_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
