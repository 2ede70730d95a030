/* SPDX-License-Identifier: EUPL-1.2 */
/* The backup stream's parts: names, the table of files, what is wanted, the temporary file, moves. */
#include "core/err.h"
#include "core/io.h"
#include "core/request.h"
#include "extractor/ios/stream_i.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UDID "00008110-00AB12CD34EF5678"
#define ID   "405f0123456789abcdef0123456789abcdef0123"

static struct kt_dl_path parse(const char *p)
{
	struct kt_dl_path out;

	kt_dl_parse(UDID, (const uint8_t *)p, strlen(p), &out);
	return out;
}

static void test_names(void **state)
{
	static const char *const bad[] = {
		"",
		"../x",
		"/etc/passwd",
		UDID "X",
		UDID "/../" ID,
		UDID "/Snapshot/../40/" ID,
		UDID "/Snapshot/Snapshot/40/" ID,
		UDID "/41/" ID, /* the folder of another */
		UDID "/40/" ID "0",
		UDID "/40/405F0123456789ABCDEF0123456789ABCDEF0123",
		UDID "/40/405f0123456789abcdef0123456789abcdef012",
		UDID "/40//" ID,
		UDID "/Manifest.db/x",
		UDID "/Snapshot/Manifest.db.bak",
		"00008110-00AB12CD34EF5679/40/" ID,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i]).what != KT_DL_OTHER)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(parse(UDID).what, KT_DL_TOP);
	assert_int_equal(parse(UDID "/Snapshot").what, KT_DL_SNAPSHOT);
	assert_int_equal(parse(UDID "/Snapshot/40").what, KT_DL_FOLDER);
	assert_int_equal(parse(UDID "/40/" ID).what, KT_DL_FILE);
	assert_false(parse(UDID "/40/" ID).in_snapshot);
	assert_true(parse(UDID "/Snapshot/40/" ID).in_snapshot);
	assert_int_equal(parse(UDID "/40/" ID).id[19], 0x23);
	assert_int_equal(parse(UDID "/Snapshot/Manifest.db").special, KT_DL_MANIFEST_DB);
	assert_int_equal(parse(UDID "/Manifest.plist").special, KT_DL_MANIFEST_PLIST);
}

/* IDs of a pattern: the table must not need them to be random. */
static void make_id(uint32_t i, uint8_t id[KT_NAMES_ID])
{
	memset(id, 0, KT_NAMES_ID);
	id[0] = (uint8_t)i;
	kt_put_le32(id + 16, i / 256);
}

static int count(void *arg, const uint8_t id[KT_NAMES_ID], uint64_t size)
{
	uint32_t i = id[0] + 256 * kt_get_le32(id + 16);

	assert_int_equal(size, (uint64_t)i * 3);
	++*(uint32_t *)arg;
	return 0;
}

static void test_table(void **state)
{
	struct kt_names t;
	uint8_t id[KT_NAMES_ID], flags;
	uint32_t n = 0;
	uint64_t size;

	(void)state;
	assert_int_equal(kt_names_init(&t, NULL), 0);
	make_id(7, id);
	assert_false(kt_names_get(&t, id, &size, &flags));
	for (uint32_t i = 0; i < 100000; i++) {
		make_id(i, id);
		assert_int_equal(kt_names_put(&t, id, (uint64_t)i * 3, KT_NAME_SNAPSHOT, NULL), 0);
	}
	assert_int_equal(t.n, 100000);
	assert_int_equal(t.in_snapshot, 100000);
	for (uint32_t i = 0; i < 100000; i += 2) {
		make_id(i, id);
		assert_true(kt_names_move(&t, id, KT_NAME_SNAPSHOT, KT_NAME_FINAL));
		assert_false(kt_names_move(&t, id, KT_NAME_SNAPSHOT, KT_NAME_FINAL));
	}
	assert_int_equal(t.in_snapshot, 50000);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(kt_names_each(&t, (uint8_t)i, KT_NAME_FINAL, count, &n), 0);
	assert_int_equal(n, 50000);
	make_id(3, id);
	assert_true(kt_names_get(&t, id, &size, &flags));
	assert_int_equal(size, 9);
	assert_int_equal(flags, KT_NAME_SNAPSHOT);
	assert_int_equal(kt_names_put(&t, id, 10, KT_NAME_SNAPSHOT | KT_NAME_UNREAD, NULL), 0);
	assert_int_equal(t.in_snapshot, 49999);
	assert_true(kt_names_get(&t, id, &size, &flags));
	assert_true(flags & KT_NAME_TWICE);
	assert_int_equal(t.n, 100000);
	kt_names_free(&t);
}

static enum kt_wanted_how match(const struct kt_wanted *w, const char *hex, const char *path,
				uint16_t *request)
{
	const struct kt_wanted_id *which;
	struct kt_img_hit hit;
	enum kt_wanted_how how;
	uint8_t id[20];

	for (size_t i = 0; i < sizeof(id); i++) {
		unsigned v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		id[i] = (uint8_t)v;
	}
	how = kt_wanted_match(w, id, (const uint8_t *)path, strlen(path), &hit, &which);
	*request = hit.n > 0 ? hit.id[0] : 0;
	return how;
}

static void test_wanted(void **state)
{
	static const char photos[] = "12b144c0bd44f2b3dffd9186d3f9c05b917cee25";
	static const char other[] = "49128ab470583769cf58eb2e9fe2eb47983afac3";
	bool may[KT_REQ_COUNT] = {false};
	struct kt_wanted w;
	uint16_t id;

	(void)state;
	may[KT_REQ_PHOTOS_DB] = may[KT_REQ_WALLET] = may[KT_REQ_IOS_DCIM] = true;
	may[KT_REQ_ROUTINED_CACHE] = true; /* in no backup */
	assert_int_equal(kt_wanted_make(&w, may, NULL), 0);
	assert_int_equal(w.n, 3); /* with its companions; media come by another way */
	assert_int_equal(w.patterns, 1);
	/* the ID is a public constant: SHA-1 of "CameraRollDomain-Media/PhotoData/Photos.sqlite" */
	assert_int_equal(match(&w, photos, "/.ba/mobile/Media/PhotoData/Photos.sqlite", &id),
			 KT_WANTED_ID);
	assert_int_equal(id, KT_REQ_PHOTOS_DB);
	/* the same ID with another path */
	assert_int_equal(match(&w, photos, "/var/mobile/Library/SMS/sms.db", &id), KT_WANTED_ODD);
	assert_int_equal(match(&w, photos, "/x/XMedia/PhotoData/Photos.sqlite", &id),
			 KT_WANTED_ODD);
	assert_int_equal(match(&w, photos, "Media/PhotoData/Photos.sqlite", &id), KT_WANTED_ODD);
	/* the same path with another ID */
	assert_int_equal(match(&w, other, "/.ba/mobile/Media/PhotoData/Photos.sqlite", &id),
			 KT_WANTED_NO);
	assert_int_equal(
		match(&w, other, "/var/mobile/Library/Passes/Cards/x.pkpass/pass.json", &id),
		KT_WANTED_PATTERN);
	assert_int_equal(id, KT_REQ_WALLET);
	assert_int_equal(match(&w, other, "/var/Passes/Cards/x.pkpass/pass.json", &id),
			 KT_WANTED_NO);
	assert_int_equal(match(&w, other, "/var/mobile/Library/Passes/Cards/x/pass.json", &id),
			 KT_WANTED_NO);
	assert_int_equal(match(&w, other, "/.ba/mobile/Media/DCIM/100APPLE/IMG_1.JPG", &id),
			 KT_WANTED_NO);
	assert_int_equal(match(&w, other, "", &id), KT_WANTED_NO);
	kt_wanted_free(&w);
}

/* -- the temporary file ----------------------------------------------------------------------- */

static void test_spill(void **state)
{
	enum { N = 300001 };
	static const char canary[] = "SIM-CANARY in a manifest";
	char dir[] = "/tmp/keten-spill-XXXXXX";
	uint8_t *plain = malloc(N), *raw = malloc(N), sha[KT_SHA256_LEN], want[KT_SHA256_LEN];
	struct kt_spill s;
	struct kt_rdat src;
	size_t got;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = kt_dir_open(AT_FDCWD, dir, false, NULL);
	assert_true(fd >= 0);
	for (size_t i = 0; i < N; i++)
		plain[i] = (uint8_t)(i * 7 + i / 251);
	memcpy(plain + 1000, canary, sizeof(canary));
	assert_int_equal(kt_spill_open(&s, fd, NULL), 0);
	for (size_t at = 0, k = 1; at < N; at += k, k = k * 3 % 8191 + 1) {
		if (k > N - at)
			k = N - at;
		assert_int_equal(kt_spill_put(&s, plain + at, k, NULL), 0);
	}
	assert_int_equal(kt_spill_end(&s, sha, &src, NULL), 0);
	assert_int_equal(src.size, N);
	assert_int_equal(kt_sha256(plain, N, want, NULL), 0);
	assert_memory_equal(sha, want, sizeof(sha));
	/* on the disk: all of it, none of it in clear, under no name */
	assert_int_equal(kt_pread_full(s.fd, raw, N, 0, &got, NULL), 0);
	assert_int_equal(got, N);
	assert_null(memmem(raw, N, canary, sizeof(canary) - 1));
	assert_int_equal(rmdir(dir), 0);
	for (uint64_t off = 0; off < N + 20; off += 4093) {
		size_t n = off % 3 == 0 ? 70000 : 517, rest = off < N ? N - (size_t)off : 0;

		assert_int_equal(src.read_at(src.arg, off, raw, n, &got, NULL), 0);
		assert_int_equal(got, n < rest ? n : rest);
		assert_memory_equal(raw, plain + (off < N ? off : 0), got);
	}
	kt_spill_close(&s);
	close(fd);
	free(plain);
	free(raw);
}

/* -- messages --------------------------------------------------------------------------------- */

static bool no_plan[KT_REQ_COUNT];

struct talk {
	struct kt_ios_link link;
	struct kt_stream st;
	int phone;
};

static void no_screen(void *arg, int state, unsigned left, const char *detail)
{
	(void)arg;
	(void)state;
	(void)left;
	(void)detail;
}

static void begin(struct talk *t)
{
	struct kt_img_watch none = {NULL, NULL};
	int v[2];

	memset(t, 0, sizeof(*t));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, v), 0);
	snprintf(t->link.phone.udid, sizeof(t->link.phone.udid), "%s", UDID);
	t->link.allow.may = no_plan;
	t->link.allow.udid = t->link.phone.udid;
	t->st.o.link = &t->link;
	t->st.o.free_bytes = 12345;
	t->st.o.report = no_screen;
	t->st.notify.fd = t->st.spill.fd = -1;
	t->phone = v[1];
	assert_int_equal(kt_wire_open(&t->st.w, v[0], none, NULL), 0);
	assert_int_equal(kt_names_init(&t->st.names, NULL), 0);
	kt_buf_init(&t->st.msg, KT_STREAM_MESSAGE + 1);
}

static void end(struct talk *t)
{
	close(t->phone);
	kt_stream_close(&t->st);
}

/* The status of what the host answered; its value as XML in text. */
static int64_t answer(struct talk *t)
{
	uint8_t head[4], *bytes;
	plist_t m = NULL;
	uint64_t code = 1;
	uint32_t n;

	assert_int_equal(read(t->phone, head, 4), 4);
	n = kt_get_be32(head);
	bytes = malloc(n);
	assert_int_equal(read(t->phone, bytes, n), n);
	plist_from_bin((const char *)bytes, n, &m);
	free(bytes);
	assert_non_null(m);
	plist_get_uint_val(plist_array_get_item(m, 1), &code);
	plist_free(m);
	return (int64_t)code;
}

static int tell(struct talk *t, plist_t m)
{
	char *bin = NULL;
	uint32_t n = 0;

	plist_to_bin(m, &bin, &n);
	plist_free(m);
	kt_buf_reset(&t->st.msg);
	kt_buf_put(&t->st.msg, bin, n);
	free(bin);
	return kt_dl_answer(&t->st, NULL);
}

static plist_t message(const char *name, plist_t second)
{
	plist_t m = plist_new_array();

	plist_array_append_item(m, plist_new_string(name));
	if (second != NULL)
		plist_array_append_item(m, second);
	return m;
}

static plist_t move(const char *from, const char *to)
{
	plist_t d = plist_new_dict();

	plist_dict_set_item(d, from, plist_new_string(to));
	return message("DLMessageMoveItems", d);
}

static void test_moves(void **state)
{
	struct talk t;
	struct kt_dl_path p = parse(UDID "/40/" ID);

	(void)state;
	begin(&t);
	/* before it came */
	assert_int_equal(tell(&t, move(UDID "/Snapshot/40/" ID, UDID "/40/" ID)), 0);
	assert_int_equal(answer(&t), -6);
	assert_int_equal(kt_names_put(&t.st.names, p.id, 9, KT_NAME_SNAPSHOT, NULL), 0);
	/* to another ID */
	assert_int_equal(tell(&t, move(UDID "/Snapshot/40/" ID,
				       UDID "/40/405f0123456789abcdef0123456789abcdef0124")),
			 0);
	assert_int_equal(answer(&t), -6);
	assert_int_equal(t.st.names.in_snapshot, 1);
	assert_int_equal(tell(&t, move(UDID "/Snapshot/40/" ID, UDID "/40/" ID)), 0);
	assert_int_equal(answer(&t), 0);
	assert_int_equal(t.st.names.in_snapshot, 0);
	assert_int_equal(tell(&t, message("DLMessagePurgeDiskSpace", plist_new_uint(1))), 0);
	assert_int_equal(answer(&t), -1);
	assert_int_equal(tell(&t, message("DLMessageGetFreeDiskSpace", NULL)), 0);
	assert_int_equal(answer(&t), 0);
	assert_int_equal(tell(&t, message("DLMessageFromTheFuture", NULL)), 0);
	assert_int_equal(answer(&t), -1);
	assert_int_equal(t.st.unknown, 1);
	end(&t);
}

/* Messages that are none, or of another shape: a code or an answer, never more. */
static void test_odd_messages(void **state)
{
	static const char *const names[] = {"DLMessageMoveItems",    "DLMessageRemoveItems",
					    "DLContentsOfDirectory", "DLMessageDownloadFiles",
					    "DLMessageCopyItem",     "DLMessageCreateDirectory"};
	struct talk t;

	(void)state;
	begin(&t);
	assert_int_equal(tell(&t, plist_new_dict()), KT_E_FORMAT);
	assert_int_equal(tell(&t, plist_new_array()), KT_E_FORMAT);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t four[4];

		assert_int_equal(tell(&t, message(names[i], plist_new_uint(7))), 0);
		if (strcmp(names[i], "DLMessageDownloadFiles") == 0)
			assert_int_equal(read(t.phone, four, 4), 4);
		answer(&t);
	}
	assert_int_equal(tell(&t, message("DLMessageProcessMessage", NULL)), 0);
	assert_int_equal(t.st.phase, KT_STREAM_OVER);
	assert_int_equal(t.st.end_code, -1);
	end(&t);
}

/* A message that is not kept: its names are found wherever they are cut. */
static void test_large(void **state)
{
	enum { FILES = 3000, N = 600000 };
	uint8_t *bytes = calloc(1, N), id[KT_NAMES_ID];
	size_t at = 40;
	struct talk t;

	(void)state;
	begin(&t);
	memcpy(bytes + 12, "DLMessageMoveItems", 18);
	for (uint32_t i = 0; i < FILES; i++) {
		char hex[2 * KT_NAMES_ID + 1], text[200];
		int k;

		make_id(i, id);
		kt_hex(id, KT_NAMES_ID, hex);
		assert_int_equal(kt_names_put(&t.st.names, id, 1, KT_NAME_SNAPSHOT, NULL), 0);
		k = snprintf(text, sizeof(text), "_\x10%c%s/Snapshot/%.2s/%s_\x10%c%s/%.2s/%s", 'x',
			     UDID, hex, hex, 'y', UDID, hex, hex);
		memcpy(bytes + at, text, (size_t)k);
		at += (size_t)k + i % 5;
		assert_true(at + 300 < N);
	}
	/* one more than came */
	at += (size_t)snprintf((char *)bytes + at, 100, "%s/40/%s", UDID, ID);
	if (fork() == 0)
		_exit(kt_write_full(t.phone, bytes, at, NULL) == 0 ? 0 : 1);
	assert_int_equal(kt_dl_answer_large(&t.st, (uint32_t)at, NULL), 0);
	assert_int_equal(t.st.names.in_snapshot, 0);
	assert_int_equal(t.st.unknown_moves, 1);
	assert_int_equal(answer(&t), -6);
	assert_true(wait(NULL) > 0);
	assert_int_equal(kt_dl_answer_large(&t.st, UINT32_MAX, NULL), KT_E_FORMAT);
	end(&t);
	free(bytes);
}

/* -- without end ------------------------------------------------------------------------------ */

/* What a phone sends, from a process of its own; it dies when nobody reads on. */
static void send_all(struct talk *t, const struct kt_buf *b, bool again)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return;
	close(t->st.w.fd);
	while (kt_write_full(t->phone, b->p, b->len, NULL) == 0 && again)
		;
	_exit(0);
}

static void put_block(struct kt_buf *b, const void *p, size_t n)
{
	kt_buf_put_le32(b, __builtin_bswap32((uint32_t)n + 1));
	kt_buf_put_u8(b, 0x0c);
	kt_buf_put(b, p, n);
}

static void put_names(struct kt_buf *b)
{
	static const char *const names[] = {"/var/mobile/x", UDID "/Snapshot/40/" ID};

	for (size_t i = 0; i < 2; i++) {
		kt_buf_put_le32(b, __builtin_bswap32((uint32_t)strlen(names[i])));
		kt_buf_puts(b, names[i]);
	}
}

static void test_endless_files(void **state)
{
	static const uint8_t data[4000];
	struct kt_wanted none = {.n = 0};
	struct kt_buf b;
	struct talk t;

	(void)state;
	kt_buf_init(&b, 0);
	for (int full = 0; full < 2; full++) {
		begin(&t);
		t.st.o.wanted = &none;
		t.st.phase = KT_STREAM_FILES;
		/* a phone that sends files waits for no code, whatever is said of its dialog */
		t.st.asking = true;
		kt_buf_reset(&b);
		put_names(&b);
		put_block(&b, data, 9);
		send_all(&t, &b, false);
		assert_true(wait(NULL) > 0);
		kt_buf_reset(&b);
		put_block(&b, data, full ? sizeof(data) : 0);
		send_all(&t, &b, true);
		/* 12345 bytes are what it was told */
		assert_int_equal(kt_stream_next(&t.st, NULL), full ? KT_E_LIMIT : KT_E_FORMAT);
		assert_false(t.st.asking);
		assert_true(t.st.bytes <= 12345 + KT_WIRE_BUFFER);
		end(&t);
		assert_true(wait(NULL) > 0);
	}
	kt_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),  cmocka_unit_test(test_table),
		cmocka_unit_test(test_wanted), cmocka_unit_test(test_spill),
		cmocka_unit_test(test_moves),  cmocka_unit_test(test_odd_messages),
		cmocka_unit_test(test_large),  cmocka_unit_test(test_endless_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
