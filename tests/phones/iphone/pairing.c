/* SPDX-License-Identifier: EUPL-1.2 */
/* Trust: kept in memory, and in a plist file when one is given. */
#include "pairing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/buf.h"
#include "core/io.h"
#include "sim.h"
#include "wire.h"

static char *bio_text(BIO *bio)
{
	char *p = NULL, *copy = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n > 0 && (copy = malloc((size_t)n + 1))) {
		memcpy(copy, p, (size_t)n);
		copy[n] = '\0';
	}
	return copy;
}

/* lockdownd shows its key as PKCS#1, not as SubjectPublicKeyInfo. */
static char *public_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	OSSL_ENCODER_CTX *e = OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_PUBLIC_KEY, "PEM",
							    "type-specific", NULL);
	char *text = NULL;

	if (bio && e && OSSL_ENCODER_to_bio(e, bio))
		text = bio_text(bio);
	OSSL_ENCODER_CTX_free(e);
	BIO_free(bio);
	return text;
}

static plist_t pem_of_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	plist_t node;

	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		text = bio_text(bio);
	BIO_free(bio);
	node = plist_new_string(text ? text : "");
	free(text);
	return node;
}

static EVP_PKEY *key_of_pem(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

/* Called with the lock held. */
static void save(struct sim *s)
{
	plist_t state, pairs, records;
	char *xml = NULL, path[4096];
	uint32_t n = 0;
	FILE *f;

	if (!s->cfg.state)
		return;
	state = plist_new_dict();
	pairs = plist_new_array();
	records = plist_new_dict();
	plist_dict_set_item(state, "Key", pem_of_key(s->key));
	for (const struct sim_pair *p = s->pairs; p; p = p->next) {
		plist_t one = plist_new_dict();

		if (p->removed) {
			plist_free(one);
			continue;
		}
		plist_dict_set_item(one, "HostID", plist_new_string(p->host_id));
		plist_dict_set_item(one, "DeviceCertificate", plist_new_string(p->device_cert));
		plist_dict_set_item(one, "HostCertificate", plist_new_string(p->host_cert));
		plist_dict_set_item(one, "RootCertificate", plist_new_string(p->root_cert));
		plist_array_append_item(pairs, one);
	}
	for (const struct sim_record *r = s->records; r; r = r->next)
		plist_dict_set_item(records, r->id, plist_new_data(r->data, r->len));
	plist_dict_set_item(state, "Pairs", pairs);
	plist_dict_set_item(state, "Records", records);
	plist_to_xml(state, &xml, &n);
	plist_free(state);
	snprintf(path, sizeof(path), "%s.new", s->cfg.state);
	f = fopen(path, "we");
	if (!f || fwrite(xml, 1, n, f) != n || fclose(f) != 0 || rename(path, s->cfg.state) != 0)
		perror(s->cfg.state);
	free(xml);
}

static char *pem_text(plist_t record, const char *key)
{
	plist_t node = plist_dict_get_item(record, key);
	char *text = NULL, *data = NULL;
	uint64_t n = 0;

	if (node && plist_get_node_type(node) == PLIST_STRING)
		plist_get_string_val(node, &text);
	if (node && plist_get_node_type(node) == PLIST_DATA) {
		plist_get_data_val(node, &data, &n);
		text = data ? strndup(data, n) : NULL;
		free(data);
	}
	return text;
}

static int add(struct sim *s, plist_t record)
{
	char id[SIM_TEXT_BYTES];
	struct sim_pair *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	snprintf(p->host_id, sizeof(p->host_id), "%s", sim_text(record, "HostID", id));
	p->device_cert = pem_text(record, "DeviceCertificate");
	p->host_cert = pem_text(record, "HostCertificate");
	p->root_cert = pem_text(record, "RootCertificate");
	if (!*p->host_id || !p->device_cert || !p->host_cert || !p->root_cert) {
		free(p->device_cert);
		free(p->host_cert);
		free(p->root_cert);
		free(p);
		return -1;
	}
	for (struct sim_pair *old = s->pairs; old; old = old->next)
		if (!strcmp(old->host_id, p->host_id))
			old->removed = true;
	p->next = s->pairs;
	s->pairs = p;
	return 0;
}

static int put(struct sim *s, const char *id, plist_t data)
{
	struct sim_record *r;

	if (!data || plist_get_node_type(data) != PLIST_DATA)
		return -1;
	for (r = s->records; r && strcmp(r->id, id) != 0; r = r->next)
		;
	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r || !(r->id = strdup(id))) {
			free(r);
			return -1;
		}
		r->next = s->records;
		s->records = r;
	}
	free(r->data);
	r->data = NULL;
	plist_get_data_val(data, &r->data, &r->len);
	return 0;
}

static void load(struct sim *s)
{
	struct kt_buf b;
	plist_t state = NULL, pairs, records;
	plist_dict_iter it = NULL;
	char *key = NULL;

	kt_buf_init(&b, 0);
	if (s->cfg.state && kt_path_read(s->cfg.state, 1 << 24, &b, NULL) == 0)
		plist_from_memory((const char *)b.p, (uint32_t)b.len, &state);
	kt_buf_free(&b);
	if (!state)
		return;
	key = pem_text(state, "Key");
	s->key = key ? key_of_pem(key) : NULL;
	free(key);
	pairs = plist_dict_get_item(state, "Pairs");
	for (uint32_t i = 0; pairs && i < plist_array_get_size(pairs); i++)
		add(s, plist_array_get_item(pairs, i));
	records = plist_dict_get_item(state, "Records");
	if (records)
		plist_dict_new_iter(records, &it);
	while (it) {
		plist_t value = NULL;

		key = NULL;
		plist_dict_next_item(records, it, &key, &value);
		if (!key)
			break;
		put(s, key, value);
		free(key);
	}
	free(it);
	plist_free(state);
}

/*
 * A phone keeps its key for life: with SIM_IPHONE_KEYS, a folder, the phone of one UDID has the same at every
 * start. Making one takes longer than most of what is tried on it.
 */
static EVP_PKEY *phones_own_key(const struct sim *s)
{
	const char *dir = getenv("SIM_IPHONE_KEYS");
	char udid[64], path[4096], temp[4110];
	EVP_PKEY *key = NULL;
	FILE *f;

	if (!dir)
		return EVP_RSA_gen(2048);
	snprintf(path, sizeof(path), "%s/%s.pem", dir, sim_udid(s, 0, udid));
	f = fopen(path, "re");
	if (f) {
		key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		fclose(f);
	}
	if (key)
		return key;
	key = EVP_RSA_gen(2048);
	snprintf(temp, sizeof(temp), "%s.%d", path, (int)getpid());
	f = key ? fopen(temp, "wxe") : NULL;
	if (f && (PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1 || fclose(f) != 0 ||
		  rename(temp, path) != 0))
		fputs("sim-iphone: the phone's key is not kept\n", stderr);
	return key;
}

int sim_pairing_open(struct sim *s)
{
	load(s);
	if (!s->key)
		s->key = phones_own_key(s);
	s->public_pem = s->key ? public_pem(s->key) : NULL;
	if (!s->public_pem) {
		fputs("sim-iphone: no RSA key\n", stderr);
		return -1;
	}
	sim_derive(s->escrow, sizeof(s->escrow), s->cfg.seed, "escrow");
	pthread_mutex_lock(&s->lock);
	save(s);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

const struct sim_pair *sim_pair_find(struct sim *s, const char *host_id)
{
	const struct sim_pair *p;

	pthread_mutex_lock(&s->lock);
	for (p = s->pairs; p && (p->removed || strcmp(p->host_id, host_id) != 0); p = p->next)
		;
	pthread_mutex_unlock(&s->lock);
	return p;
}

int sim_pair_add(struct sim *s, plist_t record)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = add(s, record);
	if (r == 0)
		save(s);
	pthread_mutex_unlock(&s->lock);
	return r;
}

bool sim_pair_remove(struct sim *s, const char *host_id)
{
	bool was = false;

	pthread_mutex_lock(&s->lock);
	for (struct sim_pair *p = s->pairs; p; p = p->next)
		if (!p->removed && !strcmp(p->host_id, host_id))
			was = p->removed = true;
	save(s);
	pthread_mutex_unlock(&s->lock);
	return was;
}

plist_t sim_record_get(struct sim *s, const char *id)
{
	plist_t data = NULL;

	pthread_mutex_lock(&s->lock);
	for (const struct sim_record *r = s->records; r; r = r->next)
		if (!strcmp(r->id, id))
			data = plist_new_data(r->data, r->len);
	pthread_mutex_unlock(&s->lock);
	return data;
}

int sim_record_put(struct sim *s, const char *id, plist_t data)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = put(s, id, data);
	save(s);
	pthread_mutex_unlock(&s->lock);
	return r;
}

bool sim_record_delete(struct sim *s, const char *id)
{
	bool was = false;

	pthread_mutex_lock(&s->lock);
	for (struct sim_record **r = &s->records; *r; r = &(*r)->next) {
		struct sim_record *gone = *r;

		if (strcmp(gone->id, id) != 0)
			continue;
		*r = gone->next;
		free(gone->id);
		free(gone->data);
		free(gone);
		was = true;
		break;
	}
	save(s);
	pthread_mutex_unlock(&s->lock);
	return was;
}
