/* SPDX-License-Identifier: EUPL-1.2 */
/* Images: which paths are wanted, and what small lists say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/request.h"
#include "extractor/image/match.h"
#include "extractor/image/plist.h"

#include <plist/plist.h>
#include <stdlib.h>
#include <string.h>

static bool all_may[KT_REQ_COUNT];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 1; i < KT_REQ_COUNT; i++)
		all_may[i] = true;
	return 0;
}

/* -- matching --------------------------------------------------------------------------------- */

#define IMG KT_FORM_IMAGE
#define BAK KT_FORM_BACKUP
#define CAR KT_FORM_CARRIER
#define FIL KT_FORM_FILE

static const struct {
	unsigned form, id; /* id 0: nothing */
	const char *path;
} places[] = {
	/* where an image may begin */
	{IMG, KT_REQ_GLOBAL_PREFERENCES, "mobile/Library/Preferences/.GlobalPreferences.plist"},
	{IMG, KT_REQ_GLOBAL_PREFERENCES,
	 "filesystem1/private/var/mobile/Library/Preferences/.GlobalPreferences.plist"},
	{IMG, KT_REQ_GLOBAL_PREFERENCES,
	 "./private/var//mobile/./Library/Preferences/.GlobalPreferences.plist"},
	{IMG, KT_REQ_GLOBAL_PREFERENCES,
	 "1/2/3/4/5/6/mobile/Library/Preferences/.GlobalPreferences.plist"},
	{IMG, 0, "1/2/3/4/5/6/7/mobile/Library/Preferences/.GlobalPreferences.plist"},
	{IMG, 0, "private/var/xmobile/Library/Preferences/.GlobalPreferences.plist"},
	{IMG, 0, "private/var/mobile/Library/Preferences/.GlobalPreferences.plist/x"},
	{IMG, 0, "private/var/mobile/Library/Preferences/.globalpreferences.plist"},
	{IMG, 0, "private/var/mobile/Library/SMS/sms.db"},
	/* each domain */
	{IMG, KT_REQ_PHOTOS_DB, "private/var/mobile/Media/PhotoData/Photos.sqlite"},
	{IMG, KT_REQ_CELLULAR_USAGE, "private/var/wireless/Library/Databases/CellularUsage.db"},
	{IMG, KT_REQ_KNOWN_NETWORKS, "private/var/preferences/com.apple.wifi.known-networks.plist"},
	{IMG, KT_REQ_LOCATION_CLIENTS, "private/var/root/Library/Caches/locationd/clients.plist"},
	{IMG, KT_REQ_HEALTH_SECURE, "private/var/mobile/Library/Health/healthdb_secure.sqlite"},
	{IMG, KT_REQ_WAZE_IOS,
	 "private/var/mobile/Containers/Data/Application/0A-1/Documents/user.db"},
	{IMG, 0, "private/var/mobile/Containers/Data/Application/Documents/user.db"},
	{IMG, KT_REQ_MAPS_SYNC,
	 "private/var/mobile/Containers/Shared/AppGroup/0B/Maps/MapsSync_0.0.1"},
	{IMG, KT_REQ_BLUETOOTH_DEVICES,
	 "private/var/containers/Shared/SystemGroup/0C/Library/Preferences/"
	 "com.apple.MobileBluetooth.devices.plist"},
	{IMG, KT_REQ_ROUTINED_CACHE, "mobile/Library/Caches/com.apple.routined/Cache.sqlite"},
	/* a wildcard stays inside its component */
	{IMG, KT_REQ_WALLET, "mobile/Library/Passes/Cards/abc=.pkpass/pass.json"},
	{IMG, KT_REQ_WALLET, "mobile/Library/Passes/Cards/.pkpass/pass.json"},
	{IMG, 0, "mobile/Library/Passes/Cards/a/b.pkpass/pass.json"},
	{IMG, 0, "mobile/Library/Passes/Cards/a.pkpas/pass.json"},
	/* SQLite's companions, but not its shared memory */
	{IMG, KT_REQ_PHOTOS_DB, "mobile/Media/PhotoData/Photos.sqlite-wal"},
	{IMG, KT_REQ_PHOTOS_DB, "mobile/Media/PhotoData/Photos.sqlite-journal"},
	{IMG, 0, "mobile/Media/PhotoData/Photos.sqlite-shm"},
	{IMG, 0, "mobile/Media/PhotoData/-wal"},
	{IMG, KT_REQ_IOS_DCIM, "mobile/Media/DCIM/100APPLE/IMG_0001.JPG"},
	{IMG, KT_REQ_IOS_DCIM, "a/b/mobile/Media/DCIM/a/b/c/d/e/f/g/h"},
	{IMG, 0, "mobile/Media/DCIM"},
	{IMG, 0, "mobile/Media/Downloads/x"},
	/* Android */
	{IMG, KT_REQ_DCIM, "data/media/0/DCIM/Camera/a.jpg"},
	{IMG, KT_REQ_DCIM, "sdcard/DCIM/a.jpg"},
	{IMG, KT_REQ_DCIM, "dump/storage/emulated/0/DCIM/Camera/a.jpg"},
	{IMG, 0, "data/media/10/DCIM/Camera/a.jpg"},
	{IMG, 0, "data/media/0/Android/data/x/DCIM/a.jpg"},
	{IMG, KT_REQ_OSMAND, "data/media/0/Android/data/net.osmand/files/tracks/rec/a.gpx"},
	{IMG, KT_REQ_WAZE_DROID, "Dump/data/data/com.waze/user.db"},
	{IMG, KT_REQ_WAZE_DROID, "data/com.waze/user.db-wal"},
	{IMG, 0, "com.waze/user.db"},
	{IMG, KT_REQ_WIFI_STORE, "data/misc/wifi/WifiConfigStore.xml"},
	{IMG, KT_REQ_WIFI_STORE, "data/misc/apexdata/com.android.wifi/WifiConfigStore.xml"},
	{IMG, 0, "data/misc/wifi/WifiConfigStore.xml.bak"},
	{IMG, 0, "Timeline.json"},
	/* a carrier's own top, and nothing elsewhere */
	{CAR, KT_REQ_DCIM, "DCIM/100/a.jpg"},
	{CAR, KT_REQ_PICTURES, "PICTURES/a.jpg"},
	{CAR, KT_REQ_DOWNLOAD, "./Download/x"},
	{CAR, 0, "backup/DCIM/100/a.jpg"},
	{CAR, 0, "a.gpx"},
	{CAR, 0, "data/com.waze/user.db"},
	/* handed over: all of it */
	{FIL, KT_REQ_HANDED, "Takeout/Location History/Records.json"},
	{FIL, KT_REQ_HANDED, "a"},
};

static void matches_paths(void **state)
{
	static struct kt_img_rules r;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const uint8_t *p = (const uint8_t *)places[i].path;
		size_t n = strlen(places[i].path);
		struct kt_img_hit hit;

		assert_int_equal(kt_img_rules_make(&r, places[i].form, all_may, NULL), 0);
		if (kt_img_match(&r, p, n, &hit) != (places[i].id != 0) ||
		    hit.n != (places[i].id != 0 ? 1 : 0) ||
		    (hit.n > 0 && hit.id[0] != places[i].id))
			fail_msg("%s: %u hits, first %u", places[i].path, hit.n, hit.id[0]);
		/* every folder on the way must be entered */
		for (size_t k = 0; places[i].id != 0 && k < n; k++)
			if (p[k] == '/' && !kt_img_may_descend(&r, p, k))
				fail_msg("%.*s would not be entered", (int)k, places[i].path);
	}
}

static void asks_only_for_the_plan(void **state)
{
	static struct kt_img_rules r;
	bool may[KT_REQ_COUNT] = {false};
	struct kt_img_hit hit;

	(void)state;
	may[KT_REQ_WAZE_DROID] = true;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bool want = places[i].form == IMG && places[i].id == KT_REQ_WAZE_DROID;

		assert_int_equal(kt_img_rules_make(&r, places[i].form, may, NULL), 0);
		assert_int_equal(kt_img_match(&r, (const uint8_t *)places[i].path,
					      strlen(places[i].path), &hit),
				 want);
	}
	/* folders in which it can't lie are left alone */
	assert_int_equal(kt_img_rules_make(&r, IMG, may, NULL), 0);
	assert_true(kt_img_may_descend(&r, (const uint8_t *)"a/b/c/d/e/f", 11));
	assert_false(kt_img_may_descend(&r, (const uint8_t *)"a/b/c/d/e/f/g", 13));
	assert_true(kt_img_may_descend(&r, (const uint8_t *)"a/b/c/d/e/f/data", 16));
	assert_true(kt_img_may_descend(&r, (const uint8_t *)"a/b/c/d/e/f/data/com.waze", 25));
	assert_false(kt_img_may_descend(&r, (const uint8_t *)"a/b/c/d/e/f/data/com.waze/x", 27));
}

static void every_request_has_rules(void **state)
{
	static const unsigned forms[] = {IMG, BAK, CAR, FIL};
	static struct kt_img_rules r;

	(void)state;
	for (unsigned id = 1; id < KT_REQ_COUNT; id++)
		for (size_t k = 0; k < 4; k++) {
			const struct kt_request *q = kt_request_get(id);
			bool may[KT_REQ_COUNT] = {false};

			may[id] = true;
			assert_int_equal(kt_img_rules_make(&r, forms[k], may, NULL), 0);
			if ((q->forms & forms[k]) == 0 || q->kind == KT_REQ_KIND_VALUES ||
			    (q->kind == KT_REQ_KIND_HANDED && forms[k] == CAR))
				assert_true(r.n == 0 && !r.all);
			else
				assert_true(r.n > 0 || r.all);
		}
}

static void matches_a_backup(void **state)
{
	static const struct {
		unsigned id;
		const char *domain, *path;
	} rows[] = {
		{KT_REQ_PHOTOS_DB, "CameraRollDomain", "Media/PhotoData/Photos.sqlite"},
		{KT_REQ_PHOTOS_DB, "CameraRollDomain", "Media/PhotoData/Photos.sqlite-wal"},
		{0, "CameraRollDomain", "x/Media/PhotoData/Photos.sqlite"},
		{0, "HomeDomain", "Media/PhotoData/Photos.sqlite"},
		{KT_REQ_IOS_DCIM, "CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.HEIC"},
		{0, "CameraRollDomain", "DCIM/100APPLE/IMG_0001.HEIC"},
		{0, "MediaDomain", "Media/DCIM/100APPLE/IMG_0001.HEIC"},
		{KT_REQ_WAZE_IOS, "AppDomain-com.waze.iphone", "Documents/user.db"},
		{0, "AppDomain-com.waze.iphone2", "Documents/user.db"},
		{0, "AppDomain-com.waze", "Documents/user.db"},
		/* in no backup */
		{0, "HomeDomain", "Library/Caches/com.apple.routined/Cache.sqlite"},
		/* encrypted backups only: whether it is there is the backup's business */
		{KT_REQ_CALL_HISTORY, "HomeDomain", "Library/CallHistoryDB/CallHistory.storedata"},
	};
	static struct kt_img_rules r;

	(void)state;
	assert_int_equal(kt_img_rules_make(&r, BAK, all_may, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kt_img_hit hit;
		bool is = kt_img_match_backup(&r, rows[i].domain, (const uint8_t *)rows[i].path,
					      strlen(rows[i].path), &hit);

		if (is != (rows[i].id != 0) || (is && (hit.n != 1 || hit.id[0] != rows[i].id)))
			fail_msg("%s %s", rows[i].domain, rows[i].path);
	}
}

/* -- property lists --------------------------------------------------------------------------- */

static plist_t dict_of(const char *key, plist_t value)
{
	plist_t d = plist_new_dict();

	plist_dict_set_item(d, key, value);
	return d;
}

/* The archive that a backup has for each file. */
static void make_mbfile(struct kt_buf *b, uint64_t size, const char *target)
{
	plist_t root = plist_new_dict(), objects = plist_new_array(), file = plist_new_dict();
	char *bin = NULL;
	uint32_t n = 0;

	plist_dict_set_item(root, "$version", plist_new_uint(100000));
	plist_dict_set_item(root, "$archiver", plist_new_string("NSKeyedArchiver"));
	plist_dict_set_item(root, "$top", dict_of("root", plist_new_uid(1)));
	plist_array_append_item(objects, plist_new_string("$null"));
	plist_dict_set_item(file, "Size", plist_new_uint(size));
	plist_dict_set_item(file, "Mode", plist_new_uint(0100600));
	plist_dict_set_item(file, "LastModified", plist_new_uint(1700000000));
	if (target != NULL)
		plist_dict_set_item(file, "Target", plist_new_uid(2));
	plist_array_append_item(objects, file);
	plist_array_append_item(objects, plist_new_string(target != NULL ? target : "x"));
	plist_dict_set_item(root, "$objects", objects);
	plist_to_bin(root, &bin, &n);
	kt_buf_init(b, 0);
	kt_buf_put(b, bin, n);
	plist_to_bin_free(bin);
	plist_free(root);
}

static void reads_a_backups_record(void **state)
{
	struct kt_mbfile f;
	struct kt_buf b;

	(void)state;
	make_mbfile(&b, UINT64_C(5000000000), "/var/db/timezone/zoneinfo/Europe/Amsterdam");
	assert_true(kt_mbfile_read(b.p, b.len, &f));
	assert_true(f.has_size && f.has_mode && f.has_mtime);
	assert_int_equal(f.size, UINT64_C(5000000000));
	assert_int_equal(f.mode, 0100600);
	assert_int_equal(f.mtime, 1700000000);
	assert_string_equal(f.target, "/var/db/timezone/zoneinfo/Europe/Amsterdam");
	/* cut anywhere, or with any bit turned over: an answer, and no more than that */
	for (size_t n = 0; n < b.len; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, b.p, n);
		assert_false(kt_mbfile_read(copy, n, &f));
		free(copy);
	}
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		struct kt_buf out;
		uint8_t *copy = malloc(b.len);

		assert_non_null(copy);
		memcpy(copy, b.p, b.len);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		kt_mbfile_read(copy, b.len, &f);
		kt_buf_init(&out, 0);
		kt_plist_values(copy, b.len, "s", "", "$archiver|$top/root", &out, NULL);
		kt_buf_free(&out);
		free(copy);
	}
	kt_buf_free(&b);
	make_mbfile(&b, 3, NULL);
	assert_true(kt_mbfile_read(b.p, b.len, &f));
	assert_string_equal(f.target, "");
	kt_buf_free(&b);
}

/* A binary list of arrays, each holding the next one times times. */
static void make_tower(struct kt_buf *b, unsigned levels, unsigned times, bool loop)
{
	size_t table;

	kt_buf_init(b, 0);
	kt_buf_puts(b, "bplist00");
	for (unsigned i = 0; i < levels; i++) {
		kt_buf_put_u8(b, (uint8_t)(0xa0 | times));
		for (unsigned k = 0; k < times; k++)
			kt_buf_put_u8(b, (uint8_t)(loop && i + 1 == levels ? 0 : i + 1));
	}
	kt_buf_put_u8(b, 0x08);
	table = b->len;
	for (unsigned i = 0; i <= levels; i++)
		kt_buf_put_le16(b, __builtin_bswap16((uint16_t)(8 + i * (1 + times))));
	kt_buf_put(b, "\0\0\0\0\0\0\2\1", 8);
	kt_buf_put_le64(b, __builtin_bswap64(levels + 1));
	kt_buf_put_le64(b, 0);
	kt_buf_put_le64(b, __builtin_bswap64(table));
}

/* An array that names one object of data times times: libplist copies it for each. */
static void make_shared(struct kt_buf *b, unsigned times, uint32_t bytes)
{
	size_t table;

	kt_buf_init(b, 0);
	kt_buf_puts(b, "bplist00\xaf\x12");
	kt_buf_put_le32(b, __builtin_bswap32(times));
	for (unsigned i = 0; i < times; i++)
		kt_buf_put_u8(b, 1);
	table = b->len;
	kt_buf_puts(b, "\x4f\x12");
	kt_buf_put_le32(b, __builtin_bswap32(bytes));
	for (uint32_t i = 0; i < bytes; i++)
		kt_buf_put_u8(b, 'd');
	kt_buf_put_le32(b, __builtin_bswap32(8));
	kt_buf_put_le32(b, __builtin_bswap32((uint32_t)table));
	table += 6 + bytes;
	kt_buf_put(b, "\0\0\0\0\0\0\4\1", 8);
	kt_buf_put_le64(b, __builtin_bswap64(2));
	kt_buf_put_le64(b, 0);
	kt_buf_put_le64(b, __builtin_bswap64(table));
}

static void weighs_what_is_shared(void **state)
{
	static const struct {
		unsigned times;
		uint32_t bytes;
		int code;
	} cases[] = {{1, 1 << 20, 0},
		     {30, 1 << 20, 0},
		     {33, 1 << 20, KT_E_LIMIT},
		     {60000, 700000, KT_E_LIMIT}}; /* 42 GB out of one megabyte */

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kt_buf b;

		make_shared(&b, cases[i].times, cases[i].bytes);
		assert_int_equal(kt_plist_check(b.p, b.len, NULL), cases[i].code);
		kt_buf_free(&b);
	}
}

static void tames_binary_lists(void **state)
{
	static const struct {
		unsigned levels, times;
		bool loop;
		int code;
	} cases[] = {{1, 1, false, 0},
		     {31, 1, false, 0},
		     {200, 1, false, KT_E_LIMIT},
		     {12, 2, false, 0},
		     {30, 2, false, KT_E_LIMIT}, /* 2^30 nodes out of 200 bytes */
		     {1, 1, true, KT_E_LIMIT},
		     {5, 3, true, KT_E_LIMIT}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kt_buf b;

		make_tower(&b, cases[i].levels, cases[i].times, cases[i].loop);
		assert_int_equal(kt_plist_check(b.p, b.len, NULL), cases[i].code);
		kt_buf_free(&b);
	}
}

static void tames_xml_lists(void **state)
{
	static const struct {
		unsigned nests;
		int code;
	} cases[] = {{5, 0}, {7000, 0}, {9000, KT_E_LIMIT}};
	struct kt_buf b, out;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kt_buf_reset(&b);
		kt_buf_puts(&b, "<plist><dict><key>a</key>");
		for (unsigned k = 0; k < cases[i].nests; k++)
			kt_buf_puts(&b, "<array>");
		for (unsigned k = 0; k < cases[i].nests; k++)
			kt_buf_puts(&b, "</array>");
		kt_buf_puts(&b, "<key>b</key><string>text</string></dict></plist>");
		assert_int_equal(kt_plist_values(b.p, b.len, "s", "d", "a|b", &out, NULL),
				 cases[i].code);
	}
	kt_buf_reset(&b);
	kt_buf_puts(&b, "<!DOCTYPE plist [<!ENTITY a \"aaaa\">]><plist><dict></dict></plist>");
	assert_int_equal(kt_plist_check(b.p, b.len, NULL), KT_E_FORMAT);
	assert_int_equal(kt_plist_check("bplist00", 8, NULL), KT_E_FORMAT);
	assert_int_equal(kt_plist_check("text", 4, NULL), KT_E_FORMAT);
	assert_int_equal(kt_plist_check("", 0, NULL), KT_E_FORMAT);
	kt_buf_free(&b);
	kt_buf_free(&out);
}

static void passes_on_allowed_keys_alone(void **state)
{
	plist_t root = plist_new_dict(), sub = plist_new_dict(), list = plist_new_array();
	struct kt_buf out;
	char *bin = NULL, text[64];
	uint32_t n = 0;
	bool yes;

	(void)state;
	plist_dict_set_item(root, "Device Name", plist_new_string("a<&>b"));
	plist_dict_set_item(root, "Canary", plist_new_string("CANARY"));
	plist_dict_set_item(root, "Whole", list);
	plist_array_append_item(list, plist_new_string("CANARY"));
	plist_dict_set_item(root, "IsEncrypted", plist_new_bool(1));
	plist_dict_set_item(sub, "DeviceName", plist_new_string("inner"));
	plist_dict_set_item(sub, "Other", plist_new_string("CANARY"));
	plist_dict_set_item(root, "Lockdown", sub);
	plist_to_bin(root, &bin, &n);
	kt_buf_init(&out, 0);
	/* a container is no single value, even if its key is named */
	assert_int_equal(kt_plist_values(bin, n, "info.plist", "dom",
					 "Device Name|Absent|Whole|Lockdown|IsEncrypted|"
					 "Lockdown/DeviceName|Device Name/x",
					 &out, NULL),
			 0);
	assert_non_null(kt_buf_cstr(&out));
	assert_non_null(strstr((char *)out.p, "<string>a&lt;&amp;&gt;b</string>"));
	assert_non_null(strstr((char *)out.p, "<key>Lockdown/DeviceName</key>"));
	assert_non_null(strstr((char *)out.p, "<string>inner</string>"));
	assert_non_null(strstr((char *)out.p, "<true/>"));
	assert_non_null(strstr((char *)out.p, "<string>info.plist</string>"));
	assert_null(strstr((char *)out.p, "CANARY"));
	assert_null(strstr((char *)out.p, "Absent"));
	assert_true(kt_plist_path_text(bin, n, "Lockdown/DeviceName", text, sizeof(text)));
	assert_string_equal(text, "inner");
	assert_false(kt_plist_path_text(bin, n, "Lockdown", text, sizeof(text)));
	assert_false(kt_plist_path_text(bin, n, "Device Name", text, 5));
	assert_true(kt_plist_path_bool(bin, n, "IsEncrypted", &yes) && yes);
	kt_buf_free(&out);
	plist_to_bin_free(bin);
	plist_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_paths),
		cmocka_unit_test(asks_only_for_the_plan),
		cmocka_unit_test(every_request_has_rules),
		cmocka_unit_test(matches_a_backup),
		cmocka_unit_test(reads_a_backups_record),
		cmocka_unit_test(tames_binary_lists),
		cmocka_unit_test(weighs_what_is_shared),
		cmocka_unit_test(tames_xml_lists),
		cmocka_unit_test(passes_on_allowed_keys_alone),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
