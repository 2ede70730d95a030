/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "core/frame.h"
#include "core/io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void make_pipe(int p[2])
{
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
}

/* Three frames: empty, short, long. */
static void three(struct kt_buf *b)
{
	uint8_t big[3000];

	memset(big, 0xab, sizeof(big));
	kt_buf_init(b, 0);
	kt_frame_put(b, 'a', "", 0);
	kt_frame_put(b, 'b', "hello", 5);
	kt_frame_put(b, 'c', big, sizeof(big));
}

static void any_split_gives_the_same_frames(void **state)
{
	struct kt_buf b;

	(void)state;
	three(&b);
	for (size_t step = 1; step < 3100; step += step < 20 ? 1 : 97) {
		struct kt_frame_reader r;
		struct kt_frame f;
		char types[4] = "";
		size_t at = 0, lens = 0;
		int p[2], n = 0, code = 0;

		make_pipe(p);
		kt_frame_reader_init(&r, p[0], 4096);
		while (code != KT_E_ABSENT) {
			if (at < b.len) {
				size_t k = step < b.len - at ? step : b.len - at;

				assert_int_equal(write(p[1], b.p + at, k), k);
				at += k;
				if (at == b.len)
					kt_close_fd(&p[1]);
			}
			code = kt_frame_fill(&r, NULL);
			assert_true(code >= 0 || code == KT_E_ABSENT);
			while (kt_frame_next(&r, &f, NULL) == 1) {
				assert_true(n < 3);
				types[n++] = (char)f.type;
				lens += f.len;
				if (f.type == 'b')
					assert_memory_equal(f.p, "hello", 5);
			}
		}
		assert_string_equal(types, "abc");
		assert_int_equal(lens, 3005);
		assert_int_equal(r.bytes, b.len);
		assert_int_equal(r.frames, 3);
		assert_true(r.eof);
		assert_int_equal(r.in.len, r.used);
		kt_frame_reader_free(&r);
		kt_close_fd(&p[0]);
	}
	kt_buf_free(&b);
}

static void nothing_there_is_no_end(void **state)
{
	struct kt_frame_reader r;
	int p[2];

	(void)state;
	make_pipe(p);
	kt_frame_reader_init(&r, p[0], 100);
	assert_int_equal(kt_frame_fill(&r, NULL), 0);
	assert_false(r.eof);
	kt_close_fd(&p[1]);
	assert_int_equal(kt_frame_fill(&r, NULL), KT_E_ABSENT);
	assert_true(r.eof);
	kt_frame_reader_free(&r);
	kt_close_fd(&p[0]);
	/* a descriptor that is none */
	kt_frame_reader_init(&r, -1, 100);
	assert_int_equal(kt_frame_fill(&r, NULL), KT_E_STORAGE);
	kt_frame_reader_free(&r);
}

static int blocking_get(const void *bytes, size_t n, size_t max)
{
	struct kt_frame_reader r;
	struct kt_frame f;
	int p[2], code;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], bytes, n), n);
	kt_close_fd(&p[1]);
	kt_frame_reader_init(&r, p[0], max);
	while ((code = kt_frame_get(&r, &f, NULL)) == 0)
		;
	/* what was announced must not have been allocated */
	assert_true(r.in.cap <= 2 * (max + KT_FRAME_HEAD + (128 << 10)));
	kt_frame_reader_free(&r);
	kt_close_fd(&p[0]);
	return code;
}

static void bad_ends(void **state)
{
	struct kt_buf b;

	(void)state;
	three(&b);
	for (size_t n = 0; n <= b.len; n++) {
		bool edge = n == 0 || n == 5 || n == 15 || n == b.len;

		assert_int_equal(blocking_get(b.p, n, 4096), edge ? KT_E_ABSENT : KT_E_FORMAT);
	}
	kt_buf_free(&b);
}

static void oversize_is_refused_unread(void **state)
{
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 'x', 1, 2, 3};
	static const uint8_t one_more[] = {101, 0, 0, 0, 'x'};
	uint8_t fits[105] = {100, 0, 0, 0, 'x'};

	(void)state;
	assert_int_equal(blocking_get(huge, sizeof(huge), 100), KT_E_LIMIT);
	assert_int_equal(blocking_get(huge, sizeof(huge), KT_FRAME_MAX), KT_E_LIMIT);
	assert_int_equal(blocking_get(one_more, sizeof(one_more), 100), KT_E_LIMIT);
	assert_int_equal(blocking_get(fits, sizeof(fits), 100), KT_E_ABSENT);
}

/* A frame of the largest size, and small ones behind it, through a pipe of 64 KiB. */
static void largest_frame(void **state)
{
	uint8_t *big = calloc(1, KT_FRAME_MAX + 1);
	struct kt_frame_reader r;
	struct kt_frame f;
	struct kt_buf b;
	size_t at = 0;
	int p[2], n = 0;

	(void)state;
	kt_buf_init(&b, 2 * KT_FRAME_MAX);
	assert_int_equal(kt_frame_put(&b, 'L', big, KT_FRAME_MAX), 0);
	kt_frame_put(&b, 's', "x", 1);
	make_pipe(p);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	kt_frame_reader_init(&r, p[0], KT_FRAME_MAX);
	while (n < 2) {
		if (at < b.len) {
			ssize_t w = write(p[1], b.p + at, b.len - at);
			at += w > 0 ? (size_t)w : 0;
		}
		assert_true(kt_frame_fill(&r, NULL) >= 0);
		while (kt_frame_next(&r, &f, NULL) == 1)
			assert_int_equal(f.len, n++ == 0 ? KT_FRAME_MAX : 1);
	}
	kt_frame_reader_free(&r);
	kt_buf_free(&b);
	kt_close_fd(&p[0]);
	assert_int_equal(kt_frame_put(&b, 'L', big, KT_FRAME_MAX + 1), KT_E_LIMIT);
	assert_true(b.failed);
	kt_buf_free(&b);
	assert_int_equal(kt_frame_write(p[1], 'L', big, KT_FRAME_MAX + 1, NULL), KT_E_LIMIT);
	kt_close_fd(&p[1]);
	free(big);
}

static void writes_whole_frames(void **state)
{
	uint8_t got[8];
	int p[2];

	(void)state;
	make_pipe(p);
	assert_int_equal(kt_frame_write(p[1], 'w', "abc", 3, NULL), 0);
	assert_int_equal(read(p[0], got, sizeof(got)), 8);
	assert_memory_equal(got, "\x03\0\0\0wabc", 8);
	kt_close_fd(&p[0]);
	assert_int_equal(kt_frame_write(p[1], 'w', "abc", 3, NULL), KT_E_STORAGE);
	kt_close_fd(&p[1]);
}

static void open_frames_get_their_length(void **state)
{
	struct kt_buf b;
	size_t start;

	(void)state;
	kt_buf_init(&b, 64);
	kt_buf_puts(&b, "zz");
	start = kt_frame_begin(&b, 'q');
	kt_buf_puts(&b, "four");
	kt_frame_end(&b, start);
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.p, "zz\x04\0\0\0qfour", 11);
	/* a frame that did not fit is not touched */
	start = kt_frame_begin(&b, 'q');
	while (!b.failed)
		kt_buf_putc(&b, 'x');
	kt_frame_end(&b, start);
	assert_int_equal(kt_get_le32(b.p + start), 0);
	kt_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same_frames),
		cmocka_unit_test(nothing_there_is_no_end),
		cmocka_unit_test(bad_ends),
		cmocka_unit_test(oversize_is_refused_unread),
		cmocka_unit_test(largest_frame),
		cmocka_unit_test(writes_whole_frames),
		cmocka_unit_test(open_frames_get_their_length),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
