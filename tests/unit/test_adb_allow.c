/* SPDX-License-Identifier: EUPL-1.2 */
/* The choke point: only the plan's rows become words, only paths below its roots go out. */
#include "tests/unit/adb_peer.h"

#include <stdio.h>

static int path(const struct kt_allow *w, const char *text)
{
	return kt_allow_path(w, KT_REQ_DCIM, text, strlen(text), NULL);
}

static void test_no_plan_no_words(void **state)
{
	struct kt_adb_stream *s;
	struct kt_allow none = {0};
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	for (unsigned id = 0; id < KT_REQ_COUNT + 2; id++) {
		assert_int_equal(kt_allow_open_command(&none, p.a, id, &s, NULL), KT_E_REFUSED);
		assert_int_equal(kt_allow_root(&none, id, NULL), KT_E_REFUSED);
		assert_int_equal(kt_allow_path(&none, id, "/sdcard/DCIM", 12, NULL), KT_E_REFUSED);
	}
	assert_int_equal(kt_allow_open_sync(&none, p.a, &s, NULL), KT_E_REFUSED);
	assert_int_equal(kt_allow_open_range(&none, p.a, &s, NULL), KT_E_REFUSED);
	peer_expect_nothing(&p);
	peer_end(&p);
}

static void test_only_planned_commands(void **state)
{
	struct kt_adb_stream *s;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_USERS);
	for (unsigned id = 0; id < KT_REQ_COUNT + 2; id++)
		if (id != KT_REQ_USERS && id != KT_REQ_CLOCK)
			assert_int_equal(kt_allow_open_command(&p.allow, p.a, id, &s, NULL),
					 KT_E_REFUSED);
	/* no folder in the plan: neither files nor ranges */
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), KT_E_REFUSED);
	assert_int_equal(kt_allow_open_range(&p.allow, p.a, &s, NULL), KT_E_REFUSED);
	peer_expect_nothing(&p);
	peer_end(&p);
}

static void expect_service(struct peer *p, uint32_t local, const char *text)
{
	struct peer_packet k;

	peer_expect(p, &k, KT_ADB_OPEN);
	assert_int_equal(k.arg0, local);
	assert_int_equal(k.arg1, 0);
	assert_int_equal(k.len, strlen(text) + 1);
	assert_string_equal((char *)k.body, text);
}

static void test_words_are_constant(void **state)
{
	struct kt_adb_stream *s;
	char text[4096];
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	for (uint32_t i = 1; i <= 3; i++)
		peer_accept(&p, i);
	assert_int_equal(kt_allow_open_command(&p.allow, p.a, KT_REQ_CLOCK, &s, NULL), 0);
	snprintf(text, sizeof(text), "shell,v2,raw:%s", kt_request_get(KT_REQ_CLOCK)->text);
	expect_service(&p, 1, text);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	expect_service(&p, 2, "sync:");
	assert_int_equal(kt_allow_open_range(&p.allow, p.a, &s, NULL), 0);
	expect_service(&p, 3, "shell,v2,raw:" KT_RANGE_COMMAND);
	peer_end(&p);
}

static void test_every_row_fits_a_packet(void **state)
{
	(void)state;
	for (unsigned id = 1; id < KT_REQ_COUNT; id++)
		assert_true(strlen(kt_request_get(id)->text) + 14 <= KT_ADB_PAYLOAD_MIN);
}

static void test_plan_is_set_once(void **state)
{
	static const uint16_t good[] = {KT_REQ_USERS};
	static const uint16_t bad[] = {KT_REQ_USERS, KT_REQ_COUNT};
	static const uint16_t zero[] = {0};
	struct kt_allow w = {0};

	(void)state;
	assert_int_equal(kt_allow_set_plan(&w, bad, 2, NULL), KT_E_USAGE);
	assert_false(w.planned);
	assert_int_equal(kt_allow_set_plan(&w, zero, 1, NULL), KT_E_USAGE);
	assert_int_equal(kt_allow_set_plan(&w, good, 1, NULL), 0);
	assert_int_equal(kt_allow_set_plan(&w, good, 1, NULL), KT_E_USAGE);
	assert_int_equal(kt_allow_command(&w, KT_REQ_CLOCK, NULL), 0);
}

static void test_paths(void **state)
{
	static const uint16_t id[] = {KT_REQ_DCIM};
	static const char *const bad[] = {
		"",
		"/",
		"sdcard/DCIM",
		"/sdcard",
		"/sdcard/DCI",
		"/sdcard/DCIMX",
		"/sdcard/DCIM2/a",
		"/sdcard/dcim/a",
		"/sdcard/DCIM/",
		"/sdcard/DCIM//a",
		"/sdcard/DCIM/a/",
		"/sdcard/DCIM/.",
		"/sdcard/DCIM/..",
		"/sdcard/DCIM/../Download/x",
		"/sdcard/DCIM/a/../../x",
		"/sdcard/DCIM/a/./b",
		"//sdcard/DCIM/a",
		"/sdcard/Pictures/a",
		"/sdcard/./DCIM/a",
	};
	struct kt_allow w = {0};

	(void)state;
	assert_int_equal(kt_allow_set_plan(&w, id, 1, NULL), 0);
	assert_int_equal(path(&w, "/sdcard/DCIM"), 0);
	assert_int_equal(path(&w, "/sdcard/DCIM/a"), 0);
	assert_int_equal(path(&w, "/sdcard/DCIM/a/b c/.nomedia"), 0);
	assert_int_equal(path(&w, "/sdcard/DCIM/.../..a/a.."), 0);
	assert_int_equal(path(&w, "/sdcard/DCIM/$(reboot)\n;'\"\xff"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(path(&w, bad[i]), KT_E_REFUSED);
	assert_int_equal(kt_allow_path(&w, KT_REQ_DCIM, "/sdcard/DCIM/a\0b", 16, NULL),
			 KT_E_REFUSED);
	/* a row that is no folder is no root, planned or not */
	assert_int_equal(kt_allow_path(&w, KT_REQ_CLOCK, "/sdcard/DCIM/a", 14, NULL), KT_E_REFUSED);
	assert_int_equal(kt_allow_path(&w, KT_REQ_PICTURES, "/sdcard/Pictures/a", 18, NULL),
			 KT_E_REFUSED);
}

static void test_path_lengths(void **state)
{
	static const uint16_t id[] = {KT_REQ_DCIM};
	static const char root[] = "/sdcard/DCIM";
	char p[KT_DEV_PATH_MAX + 8];
	struct kt_allow w = {0};
	size_t n = sizeof(root) - 1;

	(void)state;
	assert_int_equal(kt_allow_set_plan(&w, id, 1, NULL), 0);
	memcpy(p, root, n);
	memset(p + n, 'a', sizeof(p) - n);
	p[n] = '/';
	assert_int_equal(kt_allow_path(&w, KT_REQ_DCIM, p, n + 1 + 255, NULL), 0);
	assert_int_equal(kt_allow_path(&w, KT_REQ_DCIM, p, n + 1 + 256, NULL), KT_E_REFUSED);
	for (size_t i = n; i < sizeof(p); i += 200)
		p[i] = '/';
	assert_int_equal(kt_allow_path(&w, KT_REQ_DCIM, p, KT_DEV_PATH_MAX, NULL), 0);
	assert_int_equal(kt_allow_path(&w, KT_REQ_DCIM, p, KT_DEV_PATH_MAX + 1, NULL),
			 KT_E_REFUSED);
}

static void test_phone_refuses(void **state)
{
	struct kt_adb_stream *s;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	peer_put(&p, KT_ADB_CLSE, 0, 1, NULL, 0);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), KT_E_REFUSED);
	assert_null(s);
	assert_false(kt_adb_is_broken(p.a));
	peer_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_plan_no_words),
		cmocka_unit_test(test_only_planned_commands),
		cmocka_unit_test(test_words_are_constant),
		cmocka_unit_test(test_every_row_fits_a_packet),
		cmocka_unit_test(test_plan_is_set_once),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_lengths),
		cmocka_unit_test(test_phone_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
