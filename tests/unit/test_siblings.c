/* SPDX-License-Identifier: EUPL-1.2 */
/* Which -wal, -shm and -journal belongs to which object of an item. */
#include "cli/siblings.c" /* NOLINT(bugprone-suspicious-include) */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/case_dir.h"

static struct kt_case c;
static struct kt_index ix;

static void add(const char *path, const char *outcome, bool stored)
{
	static const char data[] = "some bytes";
	char object[KT_OBJECT], sha[KT_SHA256_HEX];
	struct kt_index_entry e = {
		.outcome = outcome, .path = path, .path_len = strlen(path), .bytes = sizeof(data)};

	if (stored) {
		put_object(&c, data, sizeof(data), object, sha);
		e.object = object;
		e.sha256 = sha;
	}
	assert_int_equal(kt_index_add(&ix, &e, NULL), 0);
}

static void begin(void)
{
	static const struct kt_index_head head = {1, "item", "plugin", "REQUEST", "group", 1};

	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
}

static void end(struct kt_siblings *s)
{
	char sha[KT_SHA256_HEX];

	assert_int_equal(kt_index_end(&ix, "acquired", "", sha, NULL), 0);
	assert_int_equal(kt_siblings_load(s, &c, 1, NULL), 0);
}

/* What the engine asks for each line: "o000001:o000002/o000003" for an object with both. */
struct ask {
	struct kt_siblings *s;
	char text[400];
};

static int ask_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	const char *object = kt_jv_str(line, "object");
	struct ask *a = arg;
	size_t n = strlen(a->text);
	const struct kt_sib *sib[3];

	(void)segment;
	if (object == NULL)
		return 0;
	if (kt_siblings_is_one(line)) {
		snprintf(a->text + n, sizeof(a->text) - n, "(%s) ", object);
		return 0;
	}
	for (int i = 0; i < 3; i++)
		sib[i] = kt_siblings_claim(a->s, line, (enum kt_sib_kind)i, err);
	snprintf(a->text + n, sizeof(a->text) - n, "%s:%s/%s/%s ", object,
		 sib[0] != NULL ? sib[0]->object : "", sib[1] != NULL ? sib[1]->object : "",
		 sib[2] != NULL ? sib[2]->object : "");
	return 0;
}

static void ask_all(struct kt_siblings *s, const char *want)
{
	struct ask a = {.s = s};
	bool complete;

	assert_int_equal(kt_index_read(c.index_fd, 1, &complete, ask_line, &a, NULL), 0);
	assert_string_equal(a.text, want);
}

static const char *main_of(const struct kt_siblings *s, const char *object)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].object, object) == 0)
			return s->v[i].main;
	return "none";
}

static void each_goes_with_its_database(void **state)
{
	struct kt_siblings s;

	(void)state;
	begin();
	add("data/b.sqlite-wal", "acquired", true); /* before its database */
	add("data/a.sqlite", "acquired", true);
	add("data/a.sqlite-journal", "acquired", true);
	add("data/a.sqlite-wal", "partial", true);
	add("data/a.sqlite-shm", "acquired", true);
	add("data/b.sqlite", "acquired", true);
	add("other/a.sqlite", "acquired", true);
	end(&s);
	assert_int_equal(s.n, 4);
	ask_all(&s, "(o000001) o000002:o000004/o000003/o000005 (o000003) (o000004) (o000005) "
		    "o000006:o000001// o000007:// ");
	assert_string_equal(main_of(&s, "o000001"), "o000006");
	assert_string_equal(main_of(&s, "o000003"), "o000002");
	assert_string_equal(main_of(&s, "o000004"), "o000002");
	assert_string_equal(main_of(&s, "o000005"), "o000002");
	for (size_t i = 0; i < s.n; i++) {
		assert_int_equal(s.v[i].partial, strcmp(s.v[i].object, "o000004") == 0);
		assert_int_equal(s.v[i].bytes, 11);
	}
	kt_siblings_free(&s);
	kt_case_close(&c);
}

static void some_have_none(void **state)
{
	struct kt_siblings s;

	(void)state;
	begin();
	add("a.sqlite", "refused", false); /* too large: its -wal is alone */
	add("a.sqlite-wal", "acquired", true);
	add("-wal", "acquired", true); /* a name, not an ending */
	add("b.sqlite-wal", "absent", false);
	add("b.sqlite", "acquired", true);
	add("c.sqlite-WAL", "acquired", true); /* SQLite's ending is in small letters */
	add("B.sqlite-wal", "acquired", true); /* another name */
	end(&s);
	ask_all(&s, "(o000001) o000002:// o000003:// o000004:// (o000005) ");
	assert_string_equal(main_of(&s, "o000001"), "");
	assert_string_equal(main_of(&s, "o000005"), "");
	kt_siblings_free(&s);
	kt_case_close(&c);
}

/* A source can hold a name twice: the first of each is taken, the others belong to nobody. */
static void names_that_stand_twice(void **state)
{
	struct kt_siblings s;

	(void)state;
	begin();
	add("a-wal", "acquired", true);
	add("a-wal", "acquired", true);
	add("a", "acquired", true);
	add("a", "acquired", true);
	end(&s);
	ask_all(&s, "(o000001) (o000002) o000003:o000001// o000004:// ");
	assert_string_equal(main_of(&s, "o000002"), "");
	kt_siblings_free(&s);
	kt_case_close(&c);
}

static void many(void **state)
{
	struct kt_siblings s;
	struct ask a;
	bool complete;
	char path[40];

	(void)state;
	begin();
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "%d.db%s", i % 250, i < 250 ? "" : "-wal");
		add(path, "acquired", true);
	}
	end(&s);
	assert_int_equal(s.n, 250);
	a = (struct ask){.s = &s};
	assert_int_equal(kt_index_read(c.index_fd, 1, &complete, ask_line, &a, NULL), 0);
	for (size_t i = 0; i < s.n; i++) /* o000251 goes with o000001, and so on */
		assert_int_equal(atoi(s.v[i].object + 1) - atoi(s.v[i].main + 1), 250);
	kt_siblings_free(&s);
	kt_case_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_goes_with_its_database, make_top, drop_top),
		cmocka_unit_test_setup_teardown(some_have_none, make_top, drop_top),
		cmocka_unit_test_setup_teardown(names_that_stand_twice, make_top, drop_top),
		cmocka_unit_test_setup_teardown(many, make_top, drop_top),
	};

	return cmocka_run_group_tests_name("siblings", tests, NULL, NULL);
}
