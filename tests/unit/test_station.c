/* SPDX-License-Identifier: EUPL-1.2 */
/* Each check of a station is made to warn or fail: the kernel's own answers are replaced here. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/json.h"

static char folder[] = "/tmp/keten-station-XXXXXX";
static char usb[64], swaps[64], blocks[64];
static uint64_t room_min;
static int clock_answer, clock_status;
static bool sha_lies, json_lies;

static int fake_adjtimex(struct timex *t)
{
	t->status = clock_status;
	return clock_answer;
}

static int fake_sha256_hex(const void *p, size_t n, char out[KT_SHA256_HEX], struct kt_err *err)
{
	int r = kt_sha256_hex(p, n, out, err);

	if (sha_lies)
		out[0] = out[0] == 'f' ? '0' : 'f';
	return r;
}

static int fake_jdoc_parse(const char *p, size_t n, struct kt_jdoc **doc, struct kt_err *err)
{
	static const char fine[] = "{}";

	return json_lies ? kt_jdoc_parse(fine, 2, doc, err) : kt_jdoc_parse(p, n, doc, err);
}

#define USB_FOLDER    usb
#define SWAPS_FILE    swaps
#define BLOCKS_FOLDER blocks
#define ROOM_MIN      room_min
#define adjtimex      fake_adjtimex
#define kt_sha256_hex fake_sha256_hex
#define kt_jdoc_parse fake_jdoc_parse
#include "cli/cmd_station.c" /* NOLINT(bugprone-suspicious-include) */

/* What is to be done is judged elsewhere; here nothing is. */
void kt_station_look_asked(const struct kt_opts *o, struct kt_station_asked *a)
{
	(void)o;
	memset(a, 0, sizeof(*a));
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *check(unsigned id)
{
	static struct kt_station s;

	kt_station_look(&s, folder, NULL);
	return kt_station_word(&s, id);
}

static const char *text_of(unsigned id)
{
	static struct kt_station s;

	kt_station_look(&s, folder, NULL);
	return s.text[id];
}

static void test_self_test(void **state)
{
	(void)state;
	assert_string_equal(check(KT_STATION_SELF_TEST), "good");
	sha_lies = true;
	assert_string_equal(check(KT_STATION_SELF_TEST), "failed");
	sha_lies = false;
	json_lies = true;
	assert_string_equal(check(KT_STATION_SELF_TEST), "failed");
	json_lies = false;
}

#define SWAP_HEAD "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static void test_swap(void **state)
{
	char path[PATH_MAX], line[512], device[96];

	(void)state;
	unlink(swaps);
	assert_string_equal(check(KT_STATION_SWAP), "unknown");
	put(swaps, SWAP_HEAD);
	assert_string_equal(check(KT_STATION_SWAP), "good");
	assert_string_equal(text_of(KT_STATION_SWAP), "no swap space");
	put(swaps, SWAP_HEAD "/dev/sda2   partition\t8388604\t0\t-2\n");
	assert_string_equal(check(KT_STATION_SWAP), "warning");
	put(swaps, SWAP_HEAD "/swapfile   file\t8388604\t0\t-2\n");
	assert_string_equal(check(KT_STATION_SWAP), "warning");
	/* a mapped volume: its own word decides */
	snprintf(device, sizeof(device), "%s/dm-7", folder);
	put(device, "");
	snprintf(path, sizeof(path), "%s/dm-7", blocks);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/dm-7/dm", blocks);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/dm-7/dm/uuid", blocks);
	snprintf(line, sizeof(line), SWAP_HEAD "%s partition\t8388604\t0\t-2\n", device);
	put(swaps, line);
	put(path, "LVM-abcdef\n");
	assert_string_equal(check(KT_STATION_SWAP), "warning");
	put(path, "CRYPT-PLAIN-swap\n");
	assert_string_equal(check(KT_STATION_SWAP), "good");
	assert_string_equal(text_of(KT_STATION_SWAP), "swap space is encrypted");
	/* one that is not is enough */
	snprintf(line, sizeof(line),
		 SWAP_HEAD "%s partition\t8388604\t0\t-2\n/dev/sda2 partition\t1\t0\t-3\n", device);
	put(swaps, line);
	assert_string_equal(check(KT_STATION_SWAP), "warning");
}

static void test_clock(void **state)
{
	(void)state;
	clock_answer = TIME_OK;
	assert_string_equal(check(KT_STATION_CLOCK), "good");
	clock_status = STA_UNSYNC;
	assert_string_equal(check(KT_STATION_CLOCK), "warning");
	clock_status = 0;
	clock_answer = TIME_ERROR;
	assert_string_equal(check(KT_STATION_CLOCK), "warning");
	clock_answer = -1;
	assert_string_equal(check(KT_STATION_CLOCK), "unknown");
	clock_answer = TIME_OK;
}

static void test_room(void **state)
{
	struct kt_station s;
	char deep[96];

	(void)state;
	room_min = 1;
	assert_string_equal(check(KT_STATION_ROOM), "good");
	room_min = UINT64_MAX;
	assert_string_equal(check(KT_STATION_ROOM), "warning");
	room_min = 1;
	/* a folder that is not there yet: the one above it counts */
	snprintf(deep, sizeof(deep), "%s/not/yet/there", folder);
	kt_station_look(&s, deep, deep);
	assert_int_equal(s.state[KT_STATION_ROOM], KT_STATION_GOOD);
	assert_true(s.free_bytes > 0);
}

static void interface(const char *name, const char *class, const char *sub, const char *proto)
{
	static const char *const files[] = {"bInterfaceClass", "bInterfaceSubClass",
					    "bInterfaceProtocol"};
	const char *values[] = {class, sub, proto};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", usb, name);
	mkdir(path, 0755);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", usb, name, files[i]);
		put(path, values[i]);
	}
}

static void test_keyboard(void **state)
{
	bool keyboard, plain;

	(void)state;
	assert_string_equal(check(KT_STATION_KEYBOARD), "unknown");
	mkdir(usb, 0755);
	interface("1-1:1.0", "03\n", "01\n", "01\n"); /* the station's own keyboard */
	assert_string_equal(check(KT_STATION_KEYBOARD), "good");
	interface("1-2:1.0", "ff\n", "42\n", "01\n"); /* a phone with debugging */
	assert_string_equal(check(KT_STATION_KEYBOARD), "good");
	interface("1-3:1.0", "06\n", "01\n", "01\n"); /* a phone that offers files */
	assert_string_equal(check(KT_STATION_KEYBOARD), "good");
	assert_true(kt_usb_look(&keyboard, &plain));
	assert_true(plain && !keyboard);
	interface("1-2:1.1", "03\n", "00\n", "02\n"); /* a mouse can't type */
	assert_string_equal(check(KT_STATION_KEYBOARD), "good");
	interface("1-2:1.2", "03\n", "01\n", "01\n");
	assert_string_equal(check(KT_STATION_KEYBOARD), "failed");
}

static void test_remedies(void **state)
{
	static const struct kt_station_asked nothing;
	struct kt_station s;
	struct kt_buf b;
	struct kt_jw w;

	(void)state;
	room_min = UINT64_MAX;
	clock_status = STA_UNSYNC;
	sha_lies = true;
	kt_station_look(&s, folder, NULL);
	for (unsigned i = 0; i < KT_STATION_COUNT; i++) {
		assert_true(s.state[i] == KT_STATION_WARNING || s.state[i] == KT_STATION_FAILED);
		assert_true(remedy(&s, i)[0] != '\0');
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_station_json(&s, &nothing, &w);
	kt_buf_put(&b, "", 1);
	assert_null(strstr((const char *)b.p, "\"remedy\":\"\""));
	kt_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_test), cmocka_unit_test(test_swap),
		cmocka_unit_test(test_clock),	  cmocka_unit_test(test_room),
		cmocka_unit_test(test_keyboard),  cmocka_unit_test(test_remedies),
	};
	char gone[64];
	int r;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(usb, sizeof(usb), "%s/usb", folder);
	snprintf(swaps, sizeof(swaps), "%s/swaps", folder);
	snprintf(blocks, sizeof(blocks), "%s/block", folder);
	mkdir(blocks, 0755);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(gone, sizeof(gone), "rm -rf %s", folder);
	return system(gone) == 0 ? r : 1; /* NOLINT(cert-env33-c) */
}
