/* SPDX-License-Identifier: EUPL-1.2 */
/* The hello: who is asked what, how often, and where it ends. */
#include "tests/unit/adb_peer.h"

#include "extractor/android/connect.h"
#include "extractor/android/keys.h"

#include <fcntl.h>

static const uint8_t token[KT_ADB_TOKEN] = {1, 2, 3, 4};

struct hello {
	struct peer p;
	struct kt_connect c;
	struct kt_key *key;
	char folder[64];
	int dirfd;
	int states[64];
	size_t n;
};

static void on_state(void *ctx, int state, unsigned left, const char *detail)
{
	struct hello *h = ctx;

	(void)left;
	(void)detail;
	if (h->n < 64)
		h->states[h->n++] = state;
}

/* known: the key was there before this run; accepted: and a phone had taken it. */
static void start(struct hello *h, bool known, bool accepted)
{
	memset(h, 0, sizeof(*h));
	strcpy(h->folder, "/tmp/keten-test-XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	h->dirfd = open(h->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(kt_key_open(h->dirfd, true, &h->key, NULL), 0);
	if (accepted)
		assert_int_equal(kt_key_set_accepted(h->key, NULL), 0);
	if (known) {
		kt_key_free(&h->key);
		assert_int_equal(kt_key_open(h->dirfd, true, &h->key, NULL), 0);
	}
	peer_start(&h->p);
	h->c = (struct kt_connect){.key = h->key,
				   .comment = "KT-1@keten",
				   .deadline = kt_mono_ms() + 100,
				   .on_state = on_state,
				   .ctx = h};
}

static void end(struct hello *h)
{
	peer_end(&h->p);
	kt_key_free(&h->key);
	unlinkat(h->dirfd, "adb.key", 0);
	unlinkat(h->dirfd, "adb.key.ok", 0);
	rmdir(h->folder);
	close(h->dirfd);
}

static void say_token(struct hello *h)
{
	peer_put(&h->p, KT_ADB_AUTH, KT_ADB_AUTH_TOKEN, 0, token, sizeof(token));
}

static void say_banner(struct hello *h, const char *banner)
{
	peer_put(&h->p, KT_ADB_CNXN, KT_ADB_VERSION, KT_ADB_PAYLOAD_MAX, banner,
		 strlen(banner) + 1);
}

static void expect_auth(struct hello *h, uint32_t kind)
{
	struct peer_packet k;

	peer_expect(&h->p, &k, KT_ADB_AUTH);
	assert_int_equal(k.arg0, kind);
	assert_int_not_equal(k.sum, 0); /* nothing is agreed yet */
	if (kind == KT_ADB_AUTH_RSAPUBLICKEY)
		assert_int_equal(k.body[k.len - 1], 0);
	else
		assert_int_equal(k.len, KT_KEY_SIGNATURE);
}

static void expect_hello(struct hello *h)
{
	struct peer_packet k;

	peer_expect(&h->p, &k, KT_ADB_CNXN);
	assert_int_equal(k.arg0, KT_ADB_VERSION);
	assert_int_equal(k.arg1, KT_ADB_PAYLOAD_MAX);
	assert_null(strstr((char *)k.body, "delayed_ack"));
}

static void test_open_phone(void **state)
{
	struct hello h;

	(void)state;
	start(&h, false, false);
	say_banner(&h, PEER_ALL);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), 0);
	assert_int_equal(h.c.state, KT_STATE_AUTHORISED);
	assert_false(h.c.used_key);
	expect_hello(&h);
	peer_expect_nothing(&h.p);
	end(&h);
}

static void test_new_key_is_asked_for(void **state)
{
	struct hello h;

	(void)state;
	start(&h, false, false);
	say_token(&h);
	say_banner(&h, PEER_ALL);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), 0);
	assert_true(h.c.used_key);
	assert_false(h.c.used_signature);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.states[0], KT_STATE_WAITING_TAP);
	expect_hello(&h);
	expect_auth(&h, KT_ADB_AUTH_RSAPUBLICKEY);
	peer_expect_nothing(&h.p);
	end(&h);
}

static void test_known_key_signs(void **state)
{
	struct hello h;

	(void)state;
	start(&h, true, true);
	say_token(&h);
	say_banner(&h, PEER_ALL);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), 0);
	assert_true(h.c.used_signature);
	assert_int_equal(h.n, 0);
	expect_hello(&h);
	expect_auth(&h, KT_ADB_AUTH_SIGNATURE);
	end(&h);
}

static void test_revoked(void **state)
{
	struct hello h;

	(void)state;
	start(&h, true, true);
	say_token(&h);
	say_token(&h);
	say_banner(&h, PEER_ALL);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.states[0], KT_STATE_REVOKED);
	assert_int_equal(h.states[1], KT_STATE_WAITING_TAP);
	expect_hello(&h);
	expect_auth(&h, KT_ADB_AUTH_SIGNATURE);
	expect_auth(&h, KT_ADB_AUTH_RSAPUBLICKEY);
	end(&h);
}

/* A phone that answers a refusal with ever new tokens is not asked again. */
static void test_deny(void **state)
{
	struct hello h;

	(void)state;
	start(&h, false, false);
	for (int i = 0; i < 20; i++)
		say_token(&h);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), KT_E_TIMEOUT);
	assert_int_equal(h.c.state, KT_STATE_WAITING_TAP);
	expect_hello(&h);
	expect_auth(&h, KT_ADB_AUTH_RSAPUBLICKEY);
	peer_expect_nothing(&h.p);
	end(&h);
}

static void test_tokens_without_end(void **state)
{
	struct hello h;

	(void)state;
	start(&h, false, false);
	for (int i = 0; i < 400; i++)
		say_token(&h);
	h.c.deadline = kt_mono_ms() + 60000;
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), KT_E_DEVICE);
	end(&h);
}

static void test_probe_never_asks(void **state)
{
	struct hello h;

	(void)state;
	start(&h, false, false);
	h.c.probe = true;
	say_token(&h);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), KT_E_DEVICE);
	assert_int_equal(h.c.state, KT_STATE_UNAUTHORISED);
	expect_hello(&h);
	peer_expect_nothing(&h.p);
	end(&h);

	start(&h, true, true);
	h.c.probe = true;
	say_token(&h);
	say_token(&h);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), KT_E_DEVICE);
	assert_int_equal(h.c.state, KT_STATE_REVOKED);
	expect_hello(&h);
	expect_auth(&h, KT_ADB_AUTH_SIGNATURE);
	peer_expect_nothing(&h.p);
	end(&h);
}

static void expect_end(uint32_t cmd, uint32_t arg0, const char *body, int want)
{
	struct hello h;

	start(&h, false, false);
	peer_put(&h.p, cmd, arg0, KT_ADB_PAYLOAD_MAX, body, strlen(body) + 1);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), KT_E_DEVICE);
	assert_int_equal(h.c.state, want);
	end(&h);
}

static void test_wrong_phones(void **state)
{
	(void)state;
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "recovery::features=shell_v2", KT_STATE_WRONG_MODE);
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "sideload::", KT_STATE_WRONG_MODE);
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "rescue::", KT_STATE_WRONG_MODE);
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "bootloader::", KT_STATE_WRONG_MODE);
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "host::features=shell_v2", KT_STATE_UNSUPPORTED);
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "", KT_STATE_UNSUPPORTED);
	expect_end(KT_ADB_CNXN, KT_ADB_VERSION, "device::features=cmd", KT_STATE_UNSUPPORTED);
	expect_end(KT_ADB_STLS, KT_ADB_VERSION_OLD, "", KT_STATE_UNSUPPORTED);
	expect_end(KT_ADB_AUTH, KT_ADB_AUTH_TOKEN, "short", KT_STATE_UNSUPPORTED);
	expect_end(KT_ADB_AUTH, 9, "twenty bytes of some", KT_STATE_UNSUPPORTED);
}

static void test_strays_are_passed_over(void **state)
{
	struct hello h;

	(void)state;
	start(&h, false, false);
	peer_put(&h.p, KT_ADB_WRTE, 5, 6, "old", 3);
	peer_put(&h.p, KT_ADB_CLSE, 5, 6, NULL, 0);
	say_banner(&h, PEER_ALL);
	assert_int_equal(kt_connect(h.p.a, &h.c, NULL), 0);
	end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_phone),
		cmocka_unit_test(test_new_key_is_asked_for),
		cmocka_unit_test(test_known_key_signs),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_deny),
		cmocka_unit_test(test_tokens_without_end),
		cmocka_unit_test(test_probe_never_asks),
		cmocka_unit_test(test_wrong_phones),
		cmocka_unit_test(test_strays_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
