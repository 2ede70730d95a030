/* SPDX-License-Identifier: EUPL-1.2 */
/* Packets and streams: framing, checksums, limits, and what a phone must not do. */
#include "tests/unit/adb_peer.h"

#include "extractor/android/usb.h"

static int64_t soon(void)
{
	return kt_mono_ms() + 300;
}

static void test_zero_length_packet(void **state)
{
	(void)state;
	assert_false(kt_usb_needs_zlp(0, 512));
	assert_false(kt_usb_needs_zlp(24, 512));
	assert_false(kt_usb_needs_zlp(511, 512));
	assert_true(kt_usb_needs_zlp(512, 512));
	assert_false(kt_usb_needs_zlp(512, 1024));
	assert_true(kt_usb_needs_zlp(1024, 1024));
	assert_true(kt_usb_needs_zlp(1 << 20, 512));
	assert_false(kt_usb_needs_zlp(512, 0));
}

static void test_encode(void **state)
{
	static const uint8_t want[24] = {'W', 'R', 'T', 'E', 1, 0, 0, 0, 2,    0,    0,	   0,
					 3,   0,   0,	0,   6, 0, 0, 0, 0xa8, 0xad, 0xab, 0xba};
	uint8_t head[24];

	(void)state;
	kt_adb_encode(head, KT_ADB_WRTE, 1, 2, "\1\2\3", 3, true);
	assert_memory_equal(head, want, 24);
	kt_adb_encode(head, KT_ADB_WRTE, 1, 2, "\1\2\3", 3, false);
	assert_int_equal(kt_get_le32(head + 16), 0);
}

static void test_sums_until_agreed(void **state)
{
	struct peer_packet k;
	struct peer p;

	(void)state;
	peer_start(&p);
	assert_int_equal(kt_adb_send(p.a, KT_ADB_AUTH, 1, 0, "\1\2", 2, NULL), 0);
	peer_expect(&p, &k, KT_ADB_AUTH);
	assert_int_equal(k.sum, 3);
	peer_end(&p);

	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	assert_int_equal(kt_adb_send(p.a, KT_ADB_WRTE, 1, 1, "\1\2", 2, NULL), 0);
	peer_expect(&p, &k, KT_ADB_WRTE);
	assert_int_equal(k.sum, 0);
	peer_end(&p);
}

static void test_old_phone_must_sum(void **state)
{
	struct kt_adb_packet pkt;
	uint8_t head[24];
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION_OLD, PEER_ALL);
	assert_int_equal(p.a->version, KT_ADB_VERSION_OLD);
	peer_put(&p, KT_ADB_WRTE, 1, 1, "abc", 3);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), NULL), 0);
	kt_adb_encode(head, KT_ADB_WRTE, 1, 1, "abc", 3, false);
	peer_write(&p, head, 24);
	peer_write(&p, "abc", 3);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), NULL), KT_E_DEVICE);
	assert_true(kt_adb_is_broken(p.a));
	peer_end(&p);
}

static void test_bad_magic(void **state)
{
	struct kt_adb_packet pkt;
	struct kt_err err = {0};
	uint8_t head[24];
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	kt_adb_encode(head, KT_ADB_OKAY, 1, 1, NULL, 0, false);
	head[20] ^= 1;
	peer_write(&p, head, 24);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), &err), KT_E_DEVICE);
	assert_non_null(strstr(kt_err_text(&err), "bad magic"));
	assert_int_equal(kt_adb_send(p.a, KT_ADB_OKAY, 1, 1, NULL, 0, NULL), KT_E_DEVICE);
	peer_end(&p);
}

static void test_oversize(void **state)
{
	struct kt_adb_packet pkt;
	uint8_t head[24];
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	kt_adb_encode(head, KT_ADB_WRTE, 1, 1, NULL, 0, false);
	kt_put_le32(head + 12, KT_ADB_PAYLOAD_MAX + 1);
	peer_write(&p, head, 24);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), NULL), KT_E_DEVICE);
	assert_true(kt_adb_is_broken(p.a));
	peer_end(&p);

	/* before both sides have agreed the limit is the old one */
	peer_start(&p);
	kt_put_le32(head + 12, KT_ADB_PAYLOAD_MIN + 1);
	peer_write(&p, head, 24);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), NULL), KT_E_DEVICE);
	peer_end(&p);
}

static void test_timeout_keeps_border(void **state)
{
	struct kt_adb_packet pkt;
	uint8_t head[24];
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	kt_adb_encode(head, KT_ADB_OKAY, 7, 8, NULL, 0, false);
	peer_write(&p, head, 10);
	assert_int_equal(kt_adb_recv(p.a, &pkt, kt_mono_ms() + 20, NULL), KT_E_TIMEOUT);
	assert_false(kt_adb_is_broken(p.a));
	peer_write(&p, head + 10, 14);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), NULL), 0);
	assert_int_equal(pkt.arg0, 7);
	peer_end(&p);
}

static void test_open_is_not_sent_here(void **state)
{
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	assert_int_equal(kt_adb_send(p.a, KT_ADB_OPEN, 1, 0, "sync:", 6, NULL), KT_E_REFUSED);
	peer_expect_nothing(&p);
	peer_end(&p);
}

static void test_phone_may_not_open(void **state)
{
	struct kt_adb_stream *s;
	struct peer_packet k;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	peer_put(&p, KT_ADB_OPEN, 55, 0, "tcp:5037", 9);
	peer_accept(&p, 1);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	peer_expect(&p, &k, KT_ADB_OPEN);
	assert_string_equal((char *)k.body, "sync:");
	assert_int_equal(k.arg1, 0);
	peer_expect(&p, &k, KT_ADB_CLSE);
	assert_int_equal(k.arg0, 0);
	assert_int_equal(k.arg1, 55);
	assert_int_equal(p.a->refused_opens, 1);
	peer_end(&p);
}

static void expect_broken(uint32_t cmd, uint32_t arg0, uint32_t arg1)
{
	struct kt_adb_stream *s;
	enum kt_adb_event ev;
	struct peer p;

	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	peer_accept(&p, 1);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	peer_put(&p, cmd, arg0, arg1, "x", 1);
	assert_int_equal(kt_adb_wait(p.a, s, soon(), &ev, NULL), KT_E_DEVICE);
	assert_true(kt_adb_is_broken(p.a));
	peer_end(&p);
}

static void test_broken_rules(void **state)
{
	(void)state;
	expect_broken(KT_ADB_WRTE, 99, 1);
	expect_broken(KT_ADB_OKAY, 99, 1);
	expect_broken(KT_ADB_STLS, 0x01000000, 0);
	expect_broken(KT_ADB_CNXN, KT_ADB_VERSION, 4096);
	expect_broken(0x434e5953, 0, 0);
	expect_broken(0x12345678, 0, 0);
}

static void test_ack_is_withheld(void **state)
{
	struct kt_adb_stream *s;
	enum kt_adb_event ev;
	struct peer_packet k;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	peer_accept(&p, 1);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	peer_expect(&p, &k, KT_ADB_OPEN);
	peer_data(&p, 1, "hello", 5);
	assert_int_equal(kt_adb_wait(p.a, s, soon(), &ev, NULL), 0);
	assert_int_equal(ev, KT_ADB_EV_DATA);
	assert_memory_equal(s->data, "hello", 5);
	peer_expect_nothing(&p);
	assert_int_equal(kt_adb_wait(p.a, s, soon(), &ev, NULL), KT_E_INTERNAL);
	assert_int_equal(kt_adb_ack(p.a, s, NULL), 0);
	peer_expect(&p, &k, KT_ADB_OKAY);
	assert_int_equal(k.arg0, 1);
	assert_int_equal(k.arg1, PEER_ID(1));
	/* a second one in flight would break the back pressure */
	peer_data(&p, 1, "a", 1);
	peer_put(&p, KT_ADB_CLSE, PEER_ID(1), 1, NULL, 0);
	assert_int_equal(kt_adb_wait(p.a, s, soon(), &ev, NULL), 0);
	assert_int_equal(kt_adb_ack(p.a, s, NULL), 0);
	assert_int_equal(kt_adb_wait(p.a, s, soon(), &ev, NULL), 0);
	assert_int_equal(ev, KT_ADB_EV_CLOSED);
	kt_adb_stream_close(p.a, &s);
	peer_expect(&p, &k, KT_ADB_OKAY);
	peer_expect(&p, &k, KT_ADB_CLSE);
	peer_expect_nothing(&p);
	peer_end(&p);
}

static void test_late_packets(void **state)
{
	struct kt_adb_stream *s;
	struct peer_packet k;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	peer_accept(&p, 1);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	kt_adb_stream_close(p.a, &s);
	peer_data(&p, 1, "late", 4);
	peer_put(&p, KT_ADB_CLSE, PEER_ID(1), 1, NULL, 0);
	peer_put(&p, KT_ADB_OKAY, 77, 1, NULL, 0);
	peer_accept(&p, 2);
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	assert_int_equal(s->local, 2);
	peer_expect(&p, &k, KT_ADB_OPEN);
	peer_expect(&p, &k, KT_ADB_CLSE);
	peer_expect(&p, &k, KT_ADB_OPEN);
	/* the stream that nobody waits for any more is closed, not left open */
	peer_expect(&p, &k, KT_ADB_CLSE);
	assert_int_equal(k.arg1, 77);
	peer_end(&p);
}

static void test_table_is_limited(void **state)
{
	struct kt_adb_stream *s;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	peer_plan(&p, KT_REQ_DCIM);
	for (uint32_t i = 1; i <= KT_ADB_STREAMS; i++) {
		peer_accept(&p, i);
		assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), 0);
	}
	assert_int_equal(kt_allow_open_sync(&p.allow, p.a, &s, NULL), KT_E_INTERNAL);
	peer_end(&p);
}

static void test_features(void **state)
{
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	assert_int_equal(p.a->features, KT_ADB_F_SHELL_V2 | KT_ADB_F_STAT_V2 | KT_ADB_F_LS_V2);
	assert_true(kt_adb_banner_is(p.a, "device"));
	assert_false(kt_adb_banner_is(p.a, "dev"));
	peer_end(&p);
	peer_start_connected(&p, KT_ADB_VERSION + 9, "device::features=xls_v2,ls_v2x;a=stat_v2");
	assert_int_equal(p.a->features, 0);
	assert_int_equal(p.a->version, KT_ADB_VERSION);
	peer_end(&p);
	peer_start_connected(&p, KT_ADB_VERSION, "devices::features=,,ls_v2;");
	assert_int_equal(p.a->features, KT_ADB_F_LS_V2);
	assert_false(kt_adb_banner_is(p.a, "device"));
	peer_end(&p);
}

static void test_phone_gone(void **state)
{
	struct kt_adb_packet pkt;
	struct peer p;

	(void)state;
	peer_start_connected(&p, KT_ADB_VERSION, PEER_ALL);
	shutdown(p.fd, SHUT_RDWR);
	assert_int_equal(kt_adb_recv(p.a, &pkt, soon(), NULL), KT_E_DEVICE);
	assert_true(kt_adb_is_broken(p.a));
	peer_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_length_packet),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_sums_until_agreed),
		cmocka_unit_test(test_old_phone_must_sum),
		cmocka_unit_test(test_bad_magic),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_timeout_keeps_border),
		cmocka_unit_test(test_open_is_not_sent_here),
		cmocka_unit_test(test_phone_may_not_open),
		cmocka_unit_test(test_broken_rules),
		cmocka_unit_test(test_ack_is_withheld),
		cmocka_unit_test(test_late_packets),
		cmocka_unit_test(test_table_is_limited),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_phone_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
