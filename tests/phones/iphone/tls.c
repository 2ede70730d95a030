/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls.h"

#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "journal.h"
#include "sim.h"
#include "wire.h"

static int version_number(const char *text)
{
	static const struct {
		const char *text;
		int number;
	} versions[] = {{"1.0", TLS1_VERSION},
			{"1.1", TLS1_1_VERSION},
			{"1.2", TLS1_2_VERSION},
			{"1.3", TLS1_3_VERSION}};

	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(text, versions[i].text))
			return versions[i].number;
	return TLS1_2_VERSION;
}

static X509 *cert_of_pem(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return cert;
}

/* A certificate that nobody paired, for a key that is not the phone's. */
static int use_impostor(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *cert = X509_new();
	int ok = 0;

	if (key && cert) {
		X509_set_version(cert, X509_VERSION_3);
		ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
		X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
		X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * 365);
		ok = X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()) &&
		     SSL_CTX_use_certificate(ctx, cert) == 1 &&
		     SSL_CTX_use_PrivateKey(ctx, key) == 1;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok ? 0 : -1;
}

static int use_paired(SSL_CTX *ctx, const struct sim *s, const struct sim_pair *pair)
{
	X509 *cert = cert_of_pem(pair->device_cert);
	int ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1 &&
		 SSL_CTX_use_PrivateKey(ctx, s->key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	X509_free(cert);
	return ok ? 0 : -1;
}

static SSL_CTX *context(const struct sim *s, const struct sim_pair *pair)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *root = cert_of_pem(pair->root_cert);
	int version = version_number(s->cfg.tls);
	int r = -1;

	if (ctx && root) {
		/* a phone knows nothing of Debian's security levels: the certificates are SHA-1 */
		SSL_CTX_set_security_level(ctx, 0);
		SSL_CTX_set_min_proto_version(ctx, version);
		SSL_CTX_set_max_proto_version(ctx, version);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
		SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root);
		r = sim_fault(&s->cfg.faults, FAULT_IMPOSTOR) ? use_impostor(ctx)
							      : use_paired(ctx, s, pair);
	}
	X509_free(root);
	if (r < 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int sim_tls_accept(struct sim_conn *c, const struct sim_pair *pair)
{
	SSL_CTX *ctx = context(c->sim, pair);
	char why[256] = "certificates of the pairing are of no use";
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;

	SSL_CTX_free(ctx);
	if (sim_fault(&c->sim->cfg.faults, FAULT_IMPOSTOR))
		sim_journal(c->sim, "PHONE shows a certificate that was never paired");
	if (ssl && SSL_set_fd(ssl, c->fd) == 1 && SSL_accept(ssl) == 1) {
		c->ssl = ssl;
		return 0;
	}
	if (ssl && ERR_peek_error())
		ERR_error_string_n(ERR_peek_error(), why, sizeof(why));
	ERR_clear_error();
	sim_journal(c->sim, "PROTOCOL TLS handshake failed: %s", why);
	SSL_free(ssl);
	c->broken = true;
	return -1;
}

void sim_tls_end(struct sim_conn *c)
{
	uint8_t first;
	char rest[64];

	if (!c->ssl)
		return;
	sim_flush(c);
	SSL_shutdown(c->ssl);
	/*
	 * The host may send its own close_notify, or go on in plain text at once. The first byte
	 * tells which: 0x15 to 0x17 is TLS, a plist's length never begins so.
	 */
	if (recv(c->fd, &first, 1, MSG_PEEK) == 1 && first >= 0x14 && first <= 0x17)
		while (SSL_read(c->ssl, rest, sizeof(rest)) > 0)
			;
	sim_tls_drop(c);
}

void sim_tls_drop(struct sim_conn *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	ERR_clear_error();
}
