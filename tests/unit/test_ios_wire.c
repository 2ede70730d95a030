/* SPDX-License-Identifier: EUPL-1.2 */
/* A connection to an iPhone whose other end is none, or one that never comes to a point. */
#include "core/err.h"
#include "core/io.h"
#include "extractor/ios/message.h"
#include "extractor/ios/pair.h"
#include "extractor/ios/wire.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 300
#define HUNG_S	30 /* whoever is not through by then hangs: the test dies of SIGALRM */

static struct kt_pair pair;
static EVP_PKEY *phone_key, *other_key;

static int make_keys(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long n;

	(void)state;
	phone_key = EVP_RSA_gen(2048);
	other_key = EVP_RSA_gen(2048);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, phone_key), 1);
	n = BIO_get_mem_data(bio, &pem);
	assert_int_equal(kt_pair_make(&pair, pem, (size_t)n, "buid", NULL), 0);
	BIO_free(bio);
	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	alarm(HUNG_S);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	kt_pair_free(&pair);
	EVP_PKEY_free(phone_key);
	EVP_PKEY_free(other_key);
	return 0;
}

/* The phone's end, in a child process. */
struct phone {
	struct kt_wire w;
	pid_t pid;
};

static SSL *accept_tls(int fd, int version, EVP_PKEY *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *cert = X509_dup(pair.device_cert);
	SSL *ssl;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set_num_tickets(ctx, 0);
	if (key != phone_key) {
		X509_set_pubkey(cert, key);
		X509_sign(cert, key, EVP_sha256());
	}
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	return SSL_accept(ssl) == 1 ? ssl : NULL;
}

static int cancelled(void *ctx)
{
	return --*(int *)ctx > 0 ? 0 : KT_E_CANCELLED;
}

static void begin(struct phone *p, void (*run)(int fd), int *looks)
{
	struct kt_img_watch watch = {looks != NULL ? cancelled : NULL, looks};
	int v[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, v), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		signal(SIGPIPE, SIG_DFL); /* its end comes with ours */
		close(v[0]);
		run(v[1]);
		_exit(0);
	}
	close(v[1]);
	assert_int_equal(kt_wire_open(&p->w, v[0], watch, NULL), 0);
}

static void end(struct phone *p)
{
	kt_wire_close(&p->w);
	kill(p->pid, SIGKILL);
	assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
}

static int64_t soon(void)
{
	return kt_wire_now() + WAIT_MS;
}

/* -- what phones do --------------------------------------------------------------------------- */

static void hang_up(int fd)
{
	close(fd);
}

static void say_nothing(int fd)
{
	(void)fd;
	pause();
}

static void talk_rubbish(int fd)
{
	char b[4096];

	memset(b, 'x', sizeof(b));
	while (write(fd, b, sizeof(b)) > 0)
		;
}

static void drip(int fd)
{
	SSL *ssl = accept_tls(fd, TLS1_2_VERSION, phone_key);

	for (int i = 0; ssl != NULL && i < 1000; i++)
		SSL_write(ssl, "y", 1);
	pause();
}

static void be_another(int fd)
{
	accept_tls(fd, TLS1_2_VERSION, other_key);
	pause();
}

/* Records without a byte of data, for ever: both versions of the protocol have such. */
static void update_keys(int fd)
{
	SSL *ssl = accept_tls(fd, TLS1_3_VERSION, phone_key);

	while (ssl != NULL && SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
	       SSL_do_handshake(ssl) == 1)
		;
	pause();
}

static void announce(int fd, uint32_t n)
{
	uint8_t head[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	if (write(fd, head, 4) == 4)
		pause();
}

static void announce_4_gb(int fd)
{
	announce(fd, 0xfffffff0U);
}

static void announce_and_wait(int fd)
{
	announce(fd, 1000);
}

/* -- tests ------------------------------------------------------------------------------------ */

static void test_plain(void **state)
{
	struct phone p;
	plist_t node;

	(void)state;
	begin(&p, hang_up, NULL);
	assert_int_equal(kt_wire_fill(&p.w, soon(), NULL), KT_E_DEVICE);
	assert_int_equal(kt_wire_fill(&p.w, soon(), NULL), KT_E_DEVICE);
	end(&p);
	begin(&p, say_nothing, NULL);
	assert_int_equal(kt_wire_fill(&p.w, soon(), NULL), KT_E_TIMEOUT);
	end(&p);
	begin(&p, announce_4_gb, NULL);
	assert_int_equal(kt_msg_read_dict(&p.w, &node, soon(), NULL), KT_E_LIMIT);
	end(&p);
	begin(&p, announce_and_wait, NULL);
	assert_int_equal(kt_msg_read_dict(&p.w, &node, soon(), NULL), KT_E_TIMEOUT);
	end(&p);
}

static void test_handshake(void **state)
{
	static const struct {
		void (*run)(int fd);
		int want;
	} t[] = {{hang_up, KT_E_DEVICE},
		 {say_nothing, KT_E_TIMEOUT},
		 {talk_rubbish, KT_E_DEVICE},
		 {be_another, KT_E_REFUSED}};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct phone p;

		begin(&p, t[i].run, NULL);
		assert_int_equal(kt_wire_tls(&p.w, &pair, soon(), NULL), t[i].want);
		end(&p);
	}
}

static void test_bytes(void **state)
{
	char b[1000];
	struct phone p;

	(void)state;
	begin(&p, drip, NULL);
	assert_int_equal(kt_wire_tls(&p.w, &pair, kt_wire_now() + 10000, NULL), 0);
	assert_int_equal(kt_wire_read(&p.w, b, sizeof(b), kt_wire_now() + 10000, NULL), 0);
	for (size_t i = 0; i < sizeof(b); i++)
		assert_int_equal(b[i], 'y');
	assert_int_equal(kt_wire_look(&p.w, NULL), 0);
	end(&p);
}

/* Neither the deadline nor the parent may be lost sight of. */
static void test_endless(void **state)
{
	struct phone p;
	int looks = 1 << 20;

	(void)state;
	begin(&p, update_keys, &looks);
	assert_int_equal(kt_wire_tls(&p.w, &pair, kt_wire_now() + 10000, NULL), 0);
	assert_int_equal(kt_wire_fill(&p.w, soon(), NULL), KT_E_TIMEOUT);
	looks = 20;
	assert_int_equal(kt_wire_fill(&p.w, kt_wire_now() + 60000, NULL), KT_E_CANCELLED);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
