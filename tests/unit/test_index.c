/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/index.h"
#include "core/io.h"
#include "core/json.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/case_dir.h"

static struct kt_case c;

static const struct kt_index_head head = {
	.segment = 3,
	.item = "photos/dcim",
	.plugin = "media-exif",
	.request = "dcim",
	.take = "ranges",
	.plugin_version = 2,
};

static int begin(void **state)
{
	return make_top(state) == 0 && kt_case_open(case_path, &case_new, &c, NULL) == 0 ? 0 : -1;
}

static int end(void **state)
{
	kt_case_close(&c);
	return drop_top(state);
}

static void add(struct kt_index *ix, const char *path, size_t n, const char *reason)
{
	struct kt_index_range ranges[] = {{0, 20, 0}, {512, 24, 20}};
	char object[KT_OBJECT], sha[KT_SHA256_HEX];
	struct kt_index_entry e = {.object = object,
				   .outcome = "acquired",
				   .reason = reason,
				   .method = "dd",
				   .sha256 = sha,
				   .bytes = 44,
				   .path = path,
				   .path_len = n,
				   .fs_size = 1000,
				   .fs_mtime = -5,
				   .ranges = ranges,
				   .nranges = 2};
	uint8_t data[44] = {0};

	put_object(&c, data, sizeof(data), object, sha);
	assert_int_equal(kt_index_add(ix, &e, NULL), 0);
}

struct seen {
	unsigned heads, objects, ends, counts;
	uint64_t count;
	char path[64], hex[64], reason[200];
};

static int see(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	const char *kind = kt_jv_str(line, "kind");
	struct seen *s = arg;

	(void)err;
	assert_int_equal(segment, 3);
	if (strcmp(kind, "head") == 0) {
		s->heads++;
		assert_string_equal(kt_jv_str(line, "format"), "keten-index-1");
		assert_int_equal(kt_jv_int(line, "plugin_version", 0), 2);
	} else if (strcmp(kind, "object") == 0) {
		s->objects++;
		snprintf(s->path, sizeof(s->path), "%s", kt_jv_str(line, "path"));
		snprintf(s->hex, sizeof(s->hex), "%s", kt_jv_str(line, "path_hex"));
		snprintf(s->reason, sizeof(s->reason), "%s", kt_jv_str(line, "reason"));
		assert_int_equal(kt_jv_int(line, "fs_mtime", 0), -5);
		assert_int_equal(kt_jv_get(line, "ranges")->count, 2);
	} else if (strcmp(kind, "end") == 0) {
		s->ends++;
		assert_int_equal(kt_jv_int(line, "objects", -1), s->objects);
	} else {
		s->counts++;
		s->count += (uint64_t)kt_jv_int(line, "count", 0);
	}
	/* keys are sorted */
	for (const struct kt_jv *m = line->child; m->next != NULL; m = m->next)
		assert_true(strcmp(m->key, m->next->key) < 0);
	return 0;
}

static struct seen read_segment(bool want_complete)
{
	struct seen s = {0};
	bool complete;

	assert_int_equal(kt_index_read(c.index_fd, 3, &complete, see, &s, NULL), 0);
	assert_int_equal(complete, want_complete);
	return s;
}

static void a_segment_from_head_to_end(void **state)
{
	char sha[KT_SHA256_HEX], want[KT_SHA256_HEX];
	struct kt_index ix;
	struct kt_buf b;
	struct seen s;
	bool complete;

	(void)state;
	assert_int_equal(kt_index_read(c.index_fd, 3, &complete, NULL, NULL, NULL), KT_E_ABSENT);
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	add(&ix, "/sdcard/a\xff\xe2\x80\xae.jpg", 17, "");
	assert_int_equal(kt_index_count(&ix, "withheld", "outside-period", 12, NULL), 0);
	assert_int_equal(kt_index_count(&ix, "unmatched", "not-asked-for", 0, NULL), 0);
	assert_int_equal(kt_index_end(&ix, "acquired", NULL, sha, NULL), 0);
	s = read_segment(true);
	assert_int_equal(s.heads, 1);
	assert_int_equal(s.objects, 1);
	assert_int_equal(s.counts, 1);
	assert_int_equal(s.count, 12);
	assert_string_equal(s.path, "/sdcard/a\\xff\\u{202e}.jpg");
	assert_string_equal(s.hex, "2f7364636172642f61ffe280ae2e6a7067");
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(c.index_fd, "i0003.jsonl", 1 << 20, &b, NULL), 0);
	kt_sha256_hex(b.p, b.len, want, NULL);
	assert_string_equal(sha, want);
	kt_buf_free(&b);
}

/* A reason can quote what came from outside. */
static void odd_reasons_stay_readable(void **state)
{
	struct kt_index ix;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	add(&ix, "/p", 2, "no \xff\xfe\x01 text");
	assert_int_equal(kt_index_sync(&ix, NULL), 0);
	assert_string_equal(read_segment(false).reason, "no \\xff\\xfe\\u{0001} text");
	kt_index_close(&ix);
}

static void lines_come_in_groups(void **state)
{
	struct kt_index ix;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	for (int i = 0; i < 300; i++)
		add(&ix, "/p", 2, "");
	assert_int_equal(ix.objects, 300);
	/* a crash now: the first group is there, the rest is as if it had not been */
	kt_index_close(&ix);
	assert_int_equal(read_segment(false).objects, 256);
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	assert_int_equal(ix.objects, 256);
	assert_int_equal(ix.entries, 256);
	assert_int_equal(ix.bytes, 256 * 44);
	assert_false(ix.complete);
	kt_index_close(&ix);
}

/* Lines that belong together reach the disk at once, or none does. */
static void held_lines_wait(void **state)
{
	struct kt_index ix;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	ix.hold = true;
	for (int i = 0; i < 300; i++)
		add(&ix, "/p", 2, "");
	assert_int_equal(read_segment(false).objects, 0);
	assert_int_equal(kt_index_sync(&ix, NULL), 0);
	assert_int_equal(read_segment(false).objects, 300);
	kt_index_close(&ix);
}

static int find_cipher(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	(void)segment;
	(void)err;
	if (strcmp(kt_jv_str(line, "kind"), "object") == 0 &&
	    kt_jv_get(line, "cipher_bytes") != NULL) {
		assert_int_equal(kt_jv_int(line, "cipher_bytes", 0), 48);
		assert_string_equal(kt_jv_str(line, "cipher_sha256"), "c0");
		(*(int *)arg)++;
	}
	return 0;
}

static void what_was_decrypted_has_both_hashes(void **state)
{
	struct kt_index_entry e = {.outcome = "acquired",
				   .method = "read",
				   .path = "/p",
				   .path_len = 2,
				   .bytes = 44,
				   .cipher_bytes = 48,
				   .cipher_sha256 = "c0"};
	char object[KT_OBJECT], sha[KT_SHA256_HEX];
	struct kt_index ix;
	bool complete;
	int seen = 0;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	/* a line without an object has neither */
	assert_int_equal(kt_index_add(&ix, &e, NULL), 0);
	put_object(&c, "x", 1, object, sha);
	e.object = object;
	e.sha256 = sha;
	assert_int_equal(kt_index_add(&ix, &e, NULL), 0);
	add(&ix, "/p", 2, "");
	assert_int_equal(kt_index_sync(&ix, NULL), 0);
	assert_int_equal(kt_index_read(c.index_fd, 3, &complete, find_cipher, &seen, NULL), 0);
	assert_int_equal(seen, 1);
	kt_index_close(&ix);
}

/* Cut at every byte of the last line, then on with it. */
static void resumes_after_half_a_line(void **state)
{
	char sha[KT_SHA256_HEX];
	struct kt_index ix;
	struct kt_buf b;
	size_t last;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	add(&ix, "/one", 4, "");
	add(&ix, "/two", 4, "");
	assert_int_equal(kt_index_sync(&ix, NULL), 0);
	kt_index_close(&ix);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(c.index_fd, "i0003.jsonl", 1 << 20, &b, NULL), 0);
	last = (size_t)((uint8_t *)memrchr(b.p, '\n', b.len - 1) - b.p) + 1;
	for (size_t n = last; n < b.len; n += 7) {
		assert_int_equal(kt_file_write(c.index_fd, "i0003.jsonl", b.p, n, 0600, NULL), 0);
		assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
		assert_int_equal(ix.objects, 1);
		add(&ix, "/new", 4, "");
		assert_int_equal(kt_index_end(&ix, "partial", "why", sha, NULL), 0);
		assert_int_equal(read_segment(true).objects, 2);
		assert_string_equal(read_segment(true).path, "/new");
	}
	/* even the head can be half */
	assert_int_equal(kt_file_write(c.index_fd, "i0003.jsonl", b.p, 20, 0600, NULL), 0);
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	assert_int_equal(ix.objects, 0);
	kt_index_close(&ix);
	assert_int_equal(read_segment(false).heads, 1);
	kt_buf_free(&b);
}

static size_t lines_with(const struct kt_buf *b, const char *text)
{
	size_t n = 0, len = strlen(text);

	for (const uint8_t *p = b->p;
	     (p = memmem(p, b->len - (size_t)(p - b->p), text, len)) != NULL; p += len)
		n++;
	return n;
}

/* A disk that is full at the end line: what was counted before it is not counted twice. */
static void counts_once_when_the_end_is_missing(void **state)
{
	char sha[KT_SHA256_HEX];
	struct kt_index ix;
	struct kt_buf b, again;
	size_t last, first;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&again, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
		assert_int_equal(ix.withheld, 0);
		if (i == 0)
			add(&ix, "/one", 4, "");
		assert_int_equal(kt_index_count(&ix, "unmatched", "not-asked-for", 3, NULL), 0);
		assert_int_equal(kt_index_count(&ix, "withheld", "undated", 4, NULL), 0);
		assert_int_equal(kt_index_end(&ix, "acquired", "", sha, NULL), 0);
		kt_buf_reset(&b);
		assert_int_equal(kt_file_read(c.index_fd, "i0003.jsonl", 1 << 20, &b, NULL), 0);
		assert_int_equal(lines_with(&b, "\"kind\":\"unmatched\""), 1);
		assert_int_equal(lines_with(&b, "\"kind\":\"withheld\""), 1);
		last = (size_t)((uint8_t *)memrchr(b.p, '\n', b.len - 1) - b.p) + 1;
		assert_int_equal(kt_file_write(c.index_fd, "i0003.jsonl", b.p, last, 0600, NULL),
				 0);
	}
	/* wherever it was cut: opened again there is the object and nothing behind it */
	first = (size_t)((uint8_t *)memmem(b.p, b.len, "{\"count\"", 8) - b.p);
	for (size_t n = first; n < b.len; n += 5) {
		assert_int_equal(kt_file_write(c.index_fd, "i0003.jsonl", b.p, n, 0600, NULL), 0);
		assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
		kt_index_close(&ix);
		kt_buf_reset(&again);
		assert_int_equal(kt_file_read(c.index_fd, "i0003.jsonl", 1 << 20, &again, NULL), 0);
		assert_int_equal(again.len, first);
	}
	kt_buf_free(&again);
	kt_buf_free(&b);
}

/* Killed between the end line and the log: opened again, nothing is added to an ended segment. */
static void an_ended_segment_stays_as_it_is(void **state)
{
	char sha[KT_SHA256_HEX], again[KT_SHA256_HEX];
	struct kt_index_entry e = {.outcome = "failed"};
	struct kt_index ix;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	add(&ix, "/one", 4, "");
	assert_int_equal(kt_index_count(&ix, "withheld", "undated", 3, NULL), 0);
	assert_int_equal(kt_index_count(&ix, "withheld", "outside-period", 4, NULL), 0);
	assert_int_equal(kt_index_end(&ix, "partial", "one of two", sha, NULL), 0);
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	assert_true(ix.complete);
	assert_string_equal(ix.outcome, "partial");
	assert_string_equal(ix.reason, "one of two");
	assert_int_equal(ix.withheld, 7);
	assert_int_equal(ix.objects, 1);
	assert_int_equal(kt_index_add(&ix, &e, NULL), KT_E_INTERNAL);
	assert_int_equal(kt_index_end(&ix, "acquired", "", again, NULL), 0);
	assert_string_equal(again, sha);
	assert_int_equal(read_segment(true).ends, 1);
}

static void segments_of_others_are_refused(void **state)
{
	struct kt_index_head other = head;
	struct kt_index ix;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	kt_index_close(&ix);
	other.item = "photos/pictures";
	assert_int_equal(kt_index_open(&c, &other, &ix, NULL), KT_E_INVALID);
	assert_int_equal(ix.fd, -1);
}

static void damage_is_named(void **state)
{
	static const char *const bad[] = {
		"{}\n",
		"nothing\n",
		"{\"kind\":1}\n",
		"{\"kind\":\"end\",\"outcome\":\"a\",\"reason\":\"\"}\n{\"kind\":\"object\"}\n",
		"{\"kind\":\"end\",\"outcome\":\"a\",\"reason\":\"\"}\n"
		"{\"kind\":\"end\",\"outcome\":\"a\",\"reason\":\"\"}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool complete;

		kt_file_write(c.index_fd, "i0003.jsonl", bad[i], strlen(bad[i]), 0600, NULL);
		if (kt_index_read(c.index_fd, 3, &complete, NULL, NULL, NULL) != KT_E_INVALID)
			fail_msg("taken: %s", bad[i]);
	}
}

static int stop(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	(void)segment;
	(void)line;
	(void)err;
	return ++*(int *)arg == 2 ? KT_E_CANCELLED : 0;
}

static void callers_can_stop(void **state)
{
	struct kt_index ix;
	bool complete;
	int n = 0;

	(void)state;
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
	add(&ix, "/one", 4, "");
	add(&ix, "/two", 4, "");
	kt_index_sync(&ix, NULL);
	kt_index_close(&ix);
	assert_int_equal(kt_index_read(c.index_fd, 3, &complete, stop, &n, NULL), KT_E_CANCELLED);
	assert_int_equal(n, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_segment_from_head_to_end),
		T(odd_reasons_stay_readable),
		T(lines_come_in_groups),
		T(held_lines_wait),
		T(what_was_decrypted_has_both_hashes),
		T(resumes_after_half_a_line),
		T(counts_once_when_the_end_is_missing),
		T(an_ended_segment_stays_as_it_is),
		T(segments_of_others_are_refused),
		T(damage_is_named),
		T(callers_can_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
