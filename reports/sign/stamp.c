/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/sign/stamp.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/err.h"
#include "core/json.h"
#include "core/time.h"
#include "core/tsp.h"

#define CLOCK_US (INT64_C(86400) * KT_US_PER_S)

struct reply {
	struct kt_buf body;
	bool too_long;
};

static size_t on_data(char *p, size_t size, size_t n, void *arg)
{
	struct reply *r = arg;

	(void)size; /* always 1 */
	if (r->body.len + n > KT_TSP_MAX) {
		r->too_long = true;
		return 0;
	}
	return kt_buf_put(&r->body, p, n) == 0 ? n : 0;
}

static int check_url(const char *url, struct kt_err *err)
{
	const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
			   : strncmp(url, "https://", 8) == 0 ? url + 8
							      : NULL;

	if (host == NULL || *host == '\0' || strlen(url) > 1000)
		return KT_FAIL(err, KT_E_USAGE, "%.60s is no http or https address of an authority",
			       url);
	if (strchr(host, '@') != NULL)
		return KT_FAIL(
			err, KT_E_USAGE,
			"an authority's address holds no name and password: everybody can read "
			"them there");
	return 0;
}

static bool set_up(CURL *c, const struct kt_stamp *s, const char *url, const struct kt_buf *query,
		   struct curl_slist *headers, struct reply *r)
{
	return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)s->deadline_s) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)query->p) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)query->len) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, r) == CURLE_OK;
}

static int transfer(CURL *c, const struct reply *r, struct kt_err *err)
{
	const char *type = NULL;
	CURLcode e = curl_easy_perform(c);
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	if (r->too_long)
		return KT_FAIL(err, KT_E_LIMIT, "the reply is longer than any token");
	if (e == CURLE_OPERATION_TIMEDOUT)
		return KT_FAIL(err, KT_E_TIMEOUT, "no reply within the deadline");
	if (e != CURLE_OK)
		return KT_FAIL(err, KT_E_DEVICE, "%.100s", curl_easy_strerror(e));
	if (status >= 300 && status < 400)
		return KT_FAIL(err, KT_E_DEVICE,
			       "it points elsewhere (status %ld), which is not followed", status);
	if (status != 200)
		return KT_FAIL(err, KT_E_DEVICE, "HTTP status %ld", status);
	if (type == NULL || strncmp(type, "application/timestamp-reply", 27) != 0)
		return KT_FAIL(err, KT_E_FORMAT, "the reply is no time-stamp reply");
	return 0;
}

static int fetch(const struct kt_stamp *s, const char *url, const struct kt_buf *query,
		 struct reply *r, struct kt_err *err)
{
	CURL *c = curl_easy_init();
	struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
	int code = KT_E_NOMEM;

	if (c != NULL && h != NULL)
		code = set_up(c, s, url, query, h, r)
			       ? transfer(c, r, err)
			       : KT_FAIL(err, KT_E_INTERNAL, "libcurl can't be used");
	curl_slist_free_all(h);
	curl_easy_cleanup(c);
	return code;
}

/* What RFC 3161 and we ask of a token just received. */
static int judge(const struct kt_buf *token, const uint8_t *digest, const uint8_t *nonce,
		 const struct kt_trust *tsa, struct kt_err *err)
{
	struct kt_token t;
	int64_t now = kt_time_now();
	int r = kt_token_verify_digest(token->p, token->len, digest, tsa, &t, err);

	if (r < 0)
		return r;
	if (t.nonce_n != KT_TSP_NONCE || memcmp(t.nonce, nonce, KT_TSP_NONCE) != 0)
		return KT_FAIL(
			err, KT_E_INVALID,
			"the token answers another question (nonce), so it may be an old one");
	if (!t.tsa.chain_ok)
		return KT_FAIL(err, KT_E_INVALID,
			       "%.50s is not among those whose time is believed: %.60s",
			       t.tsa.subject, t.tsa.chain_text);
	if (t.gen_us > now + CLOCK_US || t.gen_us < now - CLOCK_US)
		return KT_FAIL(err, KT_E_INVALID,
			       "it states a time more than a day from this machine's clock");
	return 0;
}

static int ask(const struct kt_stamp *s, const char *url, const void *content, size_t n,
	       const struct kt_trust *tsa, struct kt_buf *token, struct kt_err *err)
{
	uint8_t digest[KT_SHA256_LEN] = {0}, nonce[KT_TSP_NONCE] = {0};
	struct kt_buf query;
	struct reply reply = {.too_long = false};
	int r = 0;

	if (!s->digest)
		r = kt_sha256(content, n, digest, err);
	else if (n == sizeof(digest))
		memcpy(digest, content, n);
	else
		r = KT_FAIL(err, KT_E_USAGE, "a SHA-256 digest of 32 bytes is wanted");
	kt_buf_init(&query, 0);
	kt_buf_init(&reply.body, 0);
	if (r == 0 && getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
		r = KT_FAIL(err, KT_E_INTERNAL, "no random numbers");
	nonce[0] = (uint8_t)((nonce[0] & 0x7f) | 0x40); /* positive, and of full length */
	if (r == 0)
		r = kt_tsp_request(digest, nonce, &query, err);
	if (r == 0)
		r = fetch(s, url, &query, &reply, err);
	if (r == 0)
		r = kt_tsp_reply(reply.body.p, reply.body.len, token, err);
	if (r == 0)
		r = judge(token, digest, nonce, tsa, err);
	kt_buf_free(&query);
	kt_buf_free(&reply.body);
	return r;
}

static void complain(const char *url, const struct kt_err *err)
{
	char story[1024];
	struct kt_buf b;

	kt_err_story(err, story, sizeof(story));
	kt_buf_init(&b, 0);
	kt_text_escape(&b, story, strlen(story));
	fprintf(stderr, "keten-sign: %s: %s\n", url, kt_buf_cstr(&b) != NULL ? (char *)b.p : "?");
	kt_buf_free(&b);
}

int kt_stamp(const struct kt_stamp *s, const void *content, size_t n, struct kt_buf *token,
	     struct kt_err *err)
{
	struct kt_trust *tsa = NULL;
	int r = s->n == 0 ? KT_FAIL(err, KT_E_USAGE, "name an authority with --tsa URL") : 0;

	if (r == 0 && s->trust == NULL)
		r = KT_FAIL(err, KT_E_USAGE,
			    "name the folder with the authorities' certificates with --tsa-trust");
	for (size_t i = 0; i < s->n && r == 0; i++)
		r = check_url(s->url[i], err);
	if (r == 0)
		r = kt_trust_load(s->trust, &tsa, err);
	if (r < 0)
		return KT_TRACE(err, KT_E_USAGE, "no time-stamp");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	r = KT_E_DEVICE;
	for (size_t i = 0; i < s->n; i++) {
		struct kt_err own = {0};

		kt_buf_reset(token);
		if (ask(s, s->url[i], content, n, tsa, token, &own) == 0) {
			r = 0;
			break;
		}
		kt_buf_reset(token);
		complain(s->url[i], &own);
	}
	if (r < 0)
		KT_FAIL(err, r, "no authority gave a token that holds");
	kt_trust_free(&tsa);
	return r;
}
