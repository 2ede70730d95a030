/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A synthetic case, and the package of it, for tests: everything as keten makes it, with invented
 * bytes in place of a phone. PKI and mandate come from tests/tools/new-mandate (with --immediate).
 * Header only, so that any test program can include it.
 */
#ifndef KT_TESTS_TOOLS_SYNTH_H
#define KT_TESTS_TOOLS_SYNTH_H

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/casestore.h"
#include "core/cms.h"
#include "core/custody.h"
#include "core/err.h"
#include "core/index.h"
#include "core/io.h"
#include "core/json.h"
#include "core/mandate.h"
#include "core/time.h"
#include "reports/package/package.h"
#include "reports/verify/verify.h"

struct synth {
	const char *pki;      /* folder that new-mandate made */
	const char *case_dir; /* new or empty folder */
	const char *out_dir;  /* exists */
	unsigned photos;      /* objects of the media item */
	uint64_t hole;	      /* bytes of one sparse object; 0: none */
	/* an import: what the case and the log say of the source; form NULL: a phone was read */
	const char *form, *log_form, *identifier, *identity, *layout, *result, *device;
	bool unread;		   /* no source.read */
	const char *closing;	   /* an event after which nothing is read; NULL: none */
	const char *closed_before; /* where it stands: the event that follows it */
	kt_package_stamp_fn stamp; /* NULL: no time-stamps; gets this struct */
};

#define SYNTH_SERIAL "SYNTH0001"

struct synth_item {
	const char *plugin, *request, *take;
};

static const struct synth_item synth_items[] = {
	{"android-device", "getprop", "output"},
	{"media-exif", "dcim", "ranges"},
	{"google-timeline", "download", "whole"},
};
#define SYNTH_ITEMS (sizeof(synth_items) / sizeof(synth_items[0]))

struct synth_made {
	const struct synth *s;
	struct kt_case c;
	struct kt_custody log;
	struct kt_mandate *mandate;
	struct kt_buf mandate_raw, p7s;
	struct {
		char id[100], sha[KT_SHA256_HEX];
		uint64_t objects, bytes;
	} seg[SYNTH_ITEMS];
};

static inline int synth_read_pki(const struct synth *s, const char *name, struct kt_buf *b,
				 struct kt_err *err)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->pki, name);
	return kt_path_read(path, 65536, b, err);
}

static inline int synth_sign(void *arg, const void *content, size_t n, struct kt_buf *der,
			     struct kt_err *err)
{
	const struct synth *s = arg;
	BIO *pem, *in = BIO_new_mem_buf(content, (int)n);
	CMS_ContentInfo *cms = NULL;
	unsigned char *out = NULL;
	struct kt_buf b;
	X509 *x;
	EVP_PKEY *key;
	int len, r;

	kt_buf_init(&b, 0);
	r = synth_read_pki(s, "operator.pem", &b, err);
	if (r < 0)
		return r;
	pem = BIO_new_mem_buf(b.p, (int)b.len);
	key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
	BIO_free(pem);
	pem = BIO_new_mem_buf(b.p, (int)b.len);
	x = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	if (x != NULL && key != NULL)
		cms = CMS_sign(x, key, NULL, in,
			       CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES);
	len = cms != NULL ? i2d_CMS_ContentInfo(cms, &out) : -1;
	r = len > 0 ? kt_buf_put(der, out, (size_t)len) : KT_FAIL(err, KT_E_INTERNAL, "no CMS");
	OPENSSL_free(out);
	CMS_ContentInfo_free(cms);
	X509_free(x);
	EVP_PKEY_free(key);
	BIO_free(pem);
	BIO_free(in);
	kt_buf_free(&b);
	return r;
}

/* The bare signature of a digest, as XML holds it; the PKI of tests is ECDSA P-256 or RSA. */
static inline int synth_digest(void *arg, const uint8_t *md, struct kt_buf *sig, struct kt_err *err)
{
	const struct synth *s = arg;
	unsigned char der[1024], out[64];
	const unsigned char *p = der;
	size_t n = sizeof(der);
	EVP_PKEY_CTX *ctx;
	ECDSA_SIG *e;
	EVP_PKEY *key;
	struct kt_buf b;
	BIO *pem;
	int r;

	kt_buf_init(&b, 0);
	r = synth_read_pki(s, "operator.pem", &b, err);
	if (r < 0)
		return r;
	pem = BIO_new_mem_buf(b.p, (int)b.len);
	key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
	BIO_free(pem);
	kt_buf_free(&b);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx == NULL || EVP_PKEY_sign_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) <= 0 ||
	    EVP_PKEY_sign(ctx, der, &n, md, KT_SHA256_LEN) <= 0)
		r = KT_FAIL(err, KT_E_INTERNAL, "no signature");
	if (r == 0 && EVP_PKEY_is_a(key, "EC")) {
		e = d2i_ECDSA_SIG(NULL, &p, (long)n);
		BN_bn2binpad(ECDSA_SIG_get0_r(e), out, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(e), out + 32, 32);
		ECDSA_SIG_free(e);
		kt_buf_put(sig, out, sizeof(out));
	} else if (r == 0) {
		kt_buf_put(sig, der, n);
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return r;
}

static inline int synth_cert_hash(const struct synth *s, const char *name, char hex[KT_SHA256_HEX],
				  struct kt_err *err)
{
	struct kt_signer cert;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = synth_read_pki(s, name, &b, err);
	if (r == 0)
		r = kt_cert_facts(b.p, b.len, NULL, kt_time_now(), &cert, err);
	if (r == 0)
		kt_hex(cert.cert_sha256, KT_SHA256_LEN, hex);
	kt_buf_free(&b);
	return r;
}

static inline int synth_log_source(struct synth_made *m, struct kt_err *err)
{
	struct kt_jw *w = &m->log.w;
	int r;

	kt_custody_begin(&m->log);
	kt_jw_kstr(w, "detail", "synthetic");
	kt_jw_kstr(w, "form", m->s->log_form);
	kt_jw_kstr(w, "identifier", m->s->identifier);
	kt_jw_kstr(w, "identity", m->s->identity);
	kt_jw_kstr(w, "layout", m->s->layout);
	kt_jw_kstr(w, "name", "image.tar");
	kt_jw_kuint(w, "size", 1000);
	r = kt_custody_end(&m->log, "source.opened", err);
	if (r < 0 || m->s->unread)
		return r;
	kt_custody_begin(&m->log);
	kt_jw_kuint(w, "bytes", 1000);
	kt_jw_kuint(w, "members", 5);
	kt_jw_kuint(w, "names_refused", 0);
	kt_jw_kstr(w, "result", m->s->result);
	kt_jw_kstr(w, "sha256", "");
	kt_jw_kstr(w, "text", "");
	kt_jw_kuint(w, "unreadable", 0);
	return kt_custody_end(&m->log, "source.read", err);
}

static inline int synth_log_open(struct synth_made *m, struct kt_err *err)
{
	char operator_hex[KT_SHA256_HEX], authoriser_hex[KT_SHA256_HEX];
	int r = synth_cert_hash(m->s, "operator.pem", operator_hex, err);

	if (r == 0)
		r = synth_cert_hash(m->s, "authoriser.pem", authoriser_hex, err);
	if (r < 0)
		return r;
	kt_custody_begin(&m->log);
	kt_jw_kstr(&m->log.w, "anchored", "no");
	kt_jw_kstr(&m->log.w, "authoriser_cert_sha256", authoriser_hex);
	kt_jw_kstr(&m->log.w, "case_id", m->c.id);
	kt_jw_kstr(&m->log.w, "mandate_id", m->c.mandate_id);
	kt_jw_kstr(&m->log.w, "mandate_sha256", m->c.mandate_sha256);
	kt_jw_kstr(&m->log.w, "nonce", "00");
	kt_jw_kstr(&m->log.w, "operator_cert_sha256", operator_hex);
	r = kt_custody_end(&m->log, "session.open", err);
	if (r < 0)
		return r;
	if (m->s->log_form != NULL)
		return synth_log_source(m, err);
	kt_custody_begin(&m->log);
	kt_jw_kstr(&m->log.w, "serial", SYNTH_SERIAL);
	return kt_custody_end(&m->log, "device.identified", err);
}

/* The event that closes a case, when it is to stand here. */
static inline int synth_log_closing(struct synth_made *m, const char *before, struct kt_err *err)
{
	if (m->s->closing == NULL || strcmp(m->s->closed_before, before) != 0)
		return 0;
	return kt_custody_event(&m->log, m->s->closing, "reason", "withdrawn", err);
}

/* One object of invented bytes, with its line. */
static inline int synth_add_object(struct synth_made *m, struct kt_index *ix,
				   const struct synth_item *it, unsigned n, struct kt_err *err)
{
	struct kt_index_range ranges[2] = {{0, 20, 0}, {512, 300, 20}};
	struct kt_index_entry e = {
		.outcome = "acquired", .fs_size = 100000, .fs_mtime = 1717245296};
	char path[80], sha[KT_SHA256_HEX], bytes[400];
	struct kt_sink sink;
	int r, len;

	len = snprintf(path, sizeof(path), "/sdcard/synthetic/file %u.bin", n);
	memset(bytes, 'a' + (int)(n % 26), sizeof(bytes));
	snprintf(bytes, sizeof(bytes), "invented %s %u", it->plugin, n);
	r = kt_sink_open(&m->c, &sink, err);
	if (r == 0)
		r = kt_sink_write(&sink, bytes, 320, err);
	if (r == 0)
		r = kt_sink_close(&sink, sha, err);
	if (r < 0)
		return r;
	e.object = sink.object;
	e.sha256 = sha;
	e.bytes = 320;
	e.method = strcmp(it->take, "output") == 0 ? "shell" : "sync";
	if (strcmp(it->take, "output") != 0) {
		e.path = path;
		e.path_len = (size_t)len;
	}
	if (strcmp(it->take, "ranges") == 0) {
		e.ranges = ranges;
		e.nranges = 2;
		e.method = "dd";
	}
	if (m->s->log_form != NULL)
		e.method = "read";
	return kt_index_add(ix, &e, err);
}

/* An object that is all hole: large without taking room. */
static inline int synth_add_hole(struct synth_made *m, struct kt_index *ix, struct kt_err *err)
{
	static uint8_t zeros[1 << 20];
	struct kt_index_entry e = {.outcome = "acquired",
				   .fs_size = m->s->hole,
				   .method = "sync",
				   .path = "/sdcard/Download/hole",
				   .path_len = 21};
	char sha[KT_SHA256_HEX];
	struct kt_sink sink;
	int r = kt_sink_open(&m->c, &sink, err);

	for (uint64_t left = m->s->hole; r == 0 && left > 0;) {
		size_t k = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

		r = kt_hash_update(&sink.hash, zeros, k);
		left -= k;
	}
	if (r == 0 && ftruncate(sink.fd, (off_t)m->s->hole) < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "ftruncate");
	if (r == 0)
		r = kt_sink_close(&sink, sha, err);
	e.object = sink.object;
	e.sha256 = sha;
	e.bytes = m->s->hole;
	return r < 0 ? r : kt_index_add(ix, &e, err);
}

static inline int synth_make_item(struct synth_made *m, size_t i, struct kt_err *err)
{
	const struct synth_item *it = &synth_items[i];
	struct kt_index_head head = {(unsigned)i + 1, m->seg[i].id, it->plugin,
				     it->request,     it->take,	    1};
	unsigned n = strcmp(it->take, "ranges") == 0 ? m->s->photos : 1;
	struct kt_index ix;
	int r;

	snprintf(m->seg[i].id, sizeof(m->seg[i].id), "%s/%s",
		 kt_mandate_scope(m->mandate, it->plugin)->id, it->request);
	kt_custody_begin(&m->log);
	kt_jw_kstr(&m->log.w, "item", m->seg[i].id);
	r = kt_custody_end(&m->log, "item.start", err);
	if (r == 0)
		r = kt_index_open(&m->c, &head, &ix, err);
	for (unsigned k = 0; k < n && r == 0; k++)
		r = synth_add_object(m, &ix, it, k, err);
	if (r == 0 && m->s->hole > 0 && strcmp(it->take, "whole") == 0)
		r = synth_add_hole(m, &ix, err);
	if (r == 0)
		r = kt_index_count(&ix, "unmatched", "", 3, err);
	m->seg[i].objects = ix.objects;
	m->seg[i].bytes = ix.bytes;
	if (r == 0)
		r = kt_index_end(&ix, "acquired", "", m->seg[i].sha, err);
	if (r < 0)
		return r;
	kt_custody_begin(&m->log);
	kt_jw_kuint(&m->log.w, "bytes", m->seg[i].bytes);
	kt_jw_kstr(&m->log.w, "item", m->seg[i].id);
	kt_jw_kuint(&m->log.w, "objects", m->seg[i].objects);
	kt_jw_kstr(&m->log.w, "reason", "");
	kt_jw_kuint(&m->log.w, "segment", i + 1);
	kt_jw_kstr(&m->log.w, "segment_sha256", m->seg[i].sha);
	return kt_custody_end(&m->log, "item.acquired", err);
}

static inline int synth_make_seal(struct synth_made *m, struct kt_err *err)
{
	uint64_t objects = 0, bytes = 0;
	char sha[KT_SHA256_HEX];
	struct kt_buf b, der;
	struct kt_jw w;
	int r;

	kt_buf_init(&b, 0);
	kt_buf_init(&der, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "case_id", m->c.id);
	kt_jw_kstr(&w, "custody_head", m->log.head);
	kt_jw_kuint(&w, "custody_lines", m->log.seq);
	kt_jw_kstr(&w, "format", "keten-seal-1");
	kt_jw_key(&w, "segments");
	kt_jw_arr(&w);
	for (size_t i = 0; i < SYNTH_ITEMS; i++) {
		kt_jw_obj(&w);
		kt_jw_kuint(&w, "bytes", m->seg[i].bytes);
		kt_jw_kstr(&w, "item", m->seg[i].id);
		kt_jw_kuint(&w, "objects", m->seg[i].objects);
		kt_jw_kstr(&w, "outcome", "acquired");
		kt_jw_kuint(&w, "segment", i + 1);
		kt_jw_kstr(&w, "sha256", m->seg[i].sha);
		kt_jw_obj_end(&w);
		objects += m->seg[i].objects;
		bytes += m->seg[i].bytes;
	}
	kt_jw_arr_end(&w);
	kt_jw_obj_end(&w);
	kt_buf_putc(&b, '\n');
	r = synth_sign((void *)(uintptr_t)m->s, b.p, b.len, &der, err);
	if (r == 0)
		r = kt_file_write(m->c.fd, "seal.json", b.p, b.len, 0600, err);
	if (r == 0)
		r = kt_file_write(m->c.fd, "seal.json.p7s", der.p, der.len, 0600, err);
	if (r == 0)
		r = kt_sha256_hex(b.p, b.len, sha, err);
	kt_buf_free(&b);
	kt_buf_free(&der);
	if (r < 0)
		return r;
	kt_custody_begin(&m->log);
	kt_jw_kuint(&m->log.w, "bytes", bytes);
	kt_jw_kuint(&m->log.w, "objects", objects);
	kt_jw_kstr(&m->log.w, "seal_sha256", sha);
	kt_jw_kuint(&m->log.w, "segments", SYNTH_ITEMS);
	return kt_custody_end(&m->log, "acquisition.sealed", err);
}

static inline int synth_make_report(struct synth_made *m, struct kt_err *err)
{
	static const char html[] = "<!doctype html><title>Synthetic</title><p>No findings.\n";
	char sha[KT_SHA256_HEX];
	struct kt_buf b;
	int r, fd = kt_dir_open(m->c.fd, "report", true, err);

	if (fd < 0)
		return fd;
	kt_buf_init(&b, 0);
	kt_buf_printf(&b,
		      "{\"format\":\"keten-report-2\",\"case_id\":\"%s\",\"findings\":[{\"lat\":"
		      "52.5200000}],\"mandate_sha256\":\"%s\"}\n",
		      m->c.id, m->c.mandate_sha256);
	r = kt_file_write(fd, "report.json", b.p, b.len, 0600, err);
	if (r == 0)
		r = kt_file_write(fd, "report.html", html, sizeof(html) - 1, 0600, err);
	if (r == 0)
		r = kt_file_write(fd, "run.json", "{}\n", 3, 0600, err);
	if (r == 0)
		r = kt_sha256_hex(b.p, b.len, sha, err);
	if (r == 0)
		r = kt_custody_event(&m->log, "report.made", "report_sha256", sha, err);
	kt_buf_free(&b);
	close(fd);
	return r;
}

static inline int synth_log_sealing(struct kt_custody *log, const char *mandate_id, uint64_t number,
				    struct kt_err *err)
{
	char name[KT_PKG_NAME_MAX + 1];
	int r = kt_pkg_file_name(mandate_id, number, KT_PT_ACQUISITION, name);

	if (r < 0)
		return r;
	kt_custody_begin(log);
	kt_jw_kuint(&log->w, "number", number);
	kt_jw_kstr(&log->w, "package", name);
	return kt_custody_end(log, "package.sealing", err);
}

static inline int synth_fill_case(struct synth_made *m, uint64_t number, struct kt_err *err)
{
	int dropped, r = kt_custody_open(m->c.fd, &m->log, &dropped, err);

	if (r == 0)
		r = synth_log_open(m, err);
	if (r == 0)
		r = synth_log_closing(m, "item.start", err);
	for (size_t i = 0; i < SYNTH_ITEMS && r == 0; i++)
		r = synth_make_item(m, i, err);
	if (r == 0)
		r = synth_log_closing(m, "acquisition.sealed", err);
	if (r == 0)
		r = synth_make_seal(m, err);
	if (r == 0)
		r = synth_make_report(m, err);
	if (r == 0)
		r = synth_log_closing(m, "package.sealing", err);
	if (r == 0)
		r = synth_log_sealing(&m->log, m->c.mandate_id, number, err);
	kt_custody_close(&m->log);
	return r;
}

/* Makes the case folder, up to package.sealing with this number. 0 or a code. */
static inline int synth_case(const struct synth *s, uint64_t number, struct kt_err *err)
{
	struct synth_made *m = calloc(1, sizeof(*m));
	char sha[KT_SHA256_HEX];
	int r;

	if (m == NULL)
		return KT_E_NOMEM;
	m->s = s;
	kt_buf_init(&m->mandate_raw, 0);
	kt_buf_init(&m->p7s, 0);
	r = synth_read_pki(s, "mandate.json", &m->mandate_raw, err);
	if (r == 0)
		r = synth_read_pki(s, "mandate.json.p7s", &m->p7s, err);
	if (r == 0)
		r = kt_mandate_parse(m->mandate_raw.p, m->mandate_raw.len, &m->mandate, err);
	if (r == 0)
		r = kt_sha256_hex(m->mandate_raw.p, m->mandate_raw.len, sha, err);
	if (r == 0) {
		struct kt_case_new make = {m->mandate->mandate_id,
					   sha,
					   s->device != NULL ? s->device : SYNTH_SERIAL,
					   "android",
					   m->mandate_raw.p,
					   m->p7s.p,
					   m->mandate_raw.len,
					   m->p7s.len,
					   true,
					   s->form,
					   s->form != NULL ? "image.tar" : NULL,
					   false};

		r = kt_case_open(s->case_dir, &make, &m->c, err);
		if (r == 0) {
			r = synth_fill_case(m, number, err);
			kt_case_close(&m->c);
		}
	}
	kt_mandate_free(&m->mandate);
	kt_buf_free(&m->mandate_raw);
	kt_buf_free(&m->p7s);
	free(m);
	return r;
}

/* Packs it. name gets the file's name; res and trust may be NULL. 0 or a code. */
static inline int synth_package(const struct synth *s, uint64_t number,
				const struct kt_trust *trust, char name[KT_PKG_NAME_MAX + 1],
				struct kt_verify_result *res, struct kt_err *err)
{
	static const char build[] = "{\"format\":\"keten-build-1\",\"version\":\"synthetic\"}\n";
	struct kt_place place = KT_PLACE_NONE;
	struct kt_package_out out = {.place = &place,
				     .sealed_us = kt_time_now(),
				     .sign = synth_sign,
				     .digest = synth_digest,
				     .stamp = s->stamp,
				     .arg = (void *)(uintptr_t)s,
				     .trust = trust};
	struct kt_package *pkg = NULL;
	struct kt_case c;
	int r = kt_case_open(s->case_dir, NULL, &c, err), dir;

	if (r < 0)
		return r;
	dir = kt_dir_open(AT_FDCWD, s->out_dir, false, err);
	r = dir < 0 ? dir
		    : kt_place_take(dir, c.mandate_id, KT_PT_ACQUISITION, number, NULL, 0, &place,
				    err);
	/* its log has named that number */
	if (r == 0 && place.number != number)
		r = KT_FAIL(err, KT_E_USAGE, "number %llu is taken", (unsigned long long)number);
	if (r == 0)
		r = kt_package_new(c.fd, &pkg, err);
	if (r == 0)
		r = kt_package_add_case(pkg, err);
	if (r == 0)
		r = kt_package_add_bytes(pkg, KT_PKG_BUILD, build, sizeof(build) - 1, err);
	if (r == 0)
		r = kt_package_write(pkg, &out, res, err);
	memcpy(name, place.name, sizeof(place.name));
	kt_place_leave(&place);
	kt_package_free(&pkg);
	kt_close_fd(&dir);
	kt_case_close(&c);
	return r;
}

#endif
