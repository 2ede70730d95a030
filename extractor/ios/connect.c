/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From "on the cable?" to a session with the right phone: trust is asked for when the computer has
 * none, the phone's names are compared, and the key of its TLS with the paired one (wire.c).
 */
#include "core/devproto.h"
#include "core/err.h"
#include "extractor/ios/iphone.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define AGAIN_MS  1000
#define CLOCK_MAX 1e11 /* seconds: the year 5138 */
#define UNPAIR_MS 5000
#define SPARE	  ((uint64_t)1 << 30)
#define UNKNOWN	  ((uint64_t)1 << 40) /* told as free space when the phone hides its size */

struct attempt {
	struct kt_iphone *ip;
	int64_t deadline, told_at;
	int state;
};

static unsigned seconds_left(const struct attempt *t)
{
	int64_t ms = t->deadline - kt_wire_now();

	return ms > 0 ? (unsigned)((ms + 999) / 1000) : 0;
}

static void tell(struct attempt *t, int state, const char *detail)
{
	int64_t now = kt_wire_now();

	if (state == t->state && now - t->told_at < AGAIN_MS)
		return;
	t->state = state;
	t->told_at = now;
	t->ip->o.report(t->ip->o.arg, state, seconds_left(t), detail);
}

/* Waits a moment before the next try. KT_E_TIMEOUT: the time is over. */
static int pause_for(struct attempt *t, const char *what, struct kt_err *err)
{
	int64_t until = kt_wire_now() + AGAIN_MS;

	while (kt_wire_now() < until) {
		int r = t->ip->o.watch.check != NULL ? t->ip->o.watch.check(t->ip->o.watch.ctx) : 0;

		if (r < 0)
			return KT_FAIL(err, r, "cancelled");
		if (kt_wire_now() >= t->deadline)
			return KT_FAIL(err, KT_E_TIMEOUT, "%s", what);
		poll(NULL, 0, 50);
	}
	return 0;
}

/* The name that lockdown gives itself; some phones say it before a session, all within one. */
static int compare_names(struct kt_lockdown *l, bool must, struct kt_err *err)
{
	const char *udid = l->link->phone.udid;
	char name[KT_MUX_UDID];
	int r = kt_lockdown_text(l, "", "UniqueDeviceID", name, sizeof(name), err);

	if (r < 0)
		return r;
	if (name[0] == '\0' && !must)
		return 0;
	if (strcmp(name, udid) == 0)
		return 0;
	return KT_FAIL(err, KT_E_REFUSED,
		       "wrong-device: on the cable it is %.44s, in its own words %.44s", udid,
		       name[0] != '\0' ? name : "nobody");
}

/* -- trust ------------------------------------------------------------------------------------ */

static int make_pairing(struct kt_lockdown *l, struct kt_err *err)
{
	struct kt_ios_link *link = l->link;
	char buid[64];
	plist_t key;
	uint64_t n = 0;
	const char *p;
	int r = kt_lockdown_value(l, "", "DevicePublicKey", &key, err);

	if (r < 0)
		return r == KT_E_ABSENT ? KT_FAIL(err, KT_E_FORMAT, "no public key") : r;
	kt_mux_buid(buid);
	p = plist_get_node_type(key) == PLIST_DATA ? plist_get_data_ptr(key, &n) : NULL;
	r = p != NULL ? kt_pair_make(&link->pair, p, (size_t)n, buid, err)
		      : KT_FAIL(err, KT_E_FORMAT, "the phone gives no public key");
	plist_free(key);
	link->allow.host_id = link->pair.host_id;
	return r;
}

/* What the phone said against it, as a state and a code. 0: ask again. */
static int judge_answer(struct attempt *t, const char *error, struct kt_err *err)
{
	if (strcmp(error, "PairingDialogResponsePending") == 0) {
		tell(t, KT_STATE_TRUST, "");
		return pause_for(t,
				 "trust-timeout: nobody answered \"Trust This Computer?\" on the "
				 "phone in time",
				 err);
	}
	if (strcmp(error, "PasswordProtected") == 0) {
		tell(t, KT_STATE_LOCKED, "");
		return pause_for(t, "locked: the phone was not unlocked in time", err);
	}
	if (strcmp(error, "UserDeniedPairing") == 0) {
		tell(t, KT_STATE_DENIED, "");
		return KT_FAIL(err, KT_E_REFUSED,
			       "trust-denied: the holder chose not to trust this station");
	}
	return KT_FAIL(err, KT_E_REFUSED, "pairing-refused: the phone says %.60s", error);
}

/* Asks until the holder has answered. A phone asks its holder once, however often we ask. */
static int get_trust(struct attempt *t, struct kt_err *err)
{
	struct kt_ios_link *link = &t->ip->link;
	struct kt_lockdown l;
	int r = kt_lockdown_open(&l, link, err);

	if (r == 0)
		r = compare_names(&l, false, err);
	if (r == 0)
		r = make_pairing(&l, err);
	if (r == 0)
		tell(t, KT_STATE_TRUST, "");
	while (r == 0) {
		struct kt_err why = {0};
		char error[64];

		r = kt_lockdown_pair(&l, &why);
		if (r == 0) {
			link->pair.trusted = true;
			break;
		}
		memcpy(error, l.error, sizeof(error));
		if (r != KT_E_REFUSED || error[0] == '\0') {
			r = KT_FAIL(err, r, "pairing: %s", kt_err_text(&why));
			break;
		}
		r = judge_answer(t, error, err);
	}
	kt_lockdown_close(&l);
	return r;
}

/* -- a session -------------------------------------------------------------------------------- */

/* The phone's clock, read now: "clock=<seconds>.<6 digits>; ", or "". */
static int read_clock(struct kt_lockdown *l, char *out, size_t size, struct kt_err *err)
{
	struct kt_err why = {0};
	plist_t v = NULL;
	double t = 0;
	int r = kt_lockdown_value(l, "", "TimeIntervalSince1970", &v, &why);

	out[0] = '\0';
	if (r < 0)
		return r == KT_E_ABSENT ? 0 : KT_FAIL(err, r, "%s", kt_err_text(&why));
	if (plist_get_node_type(v) == PLIST_REAL)
		plist_get_real_val(v, &t);
	plist_free(v);
	if (t > 0 && t < CLOCK_MAX) {
		int64_t us = (int64_t)(t * 1000000.0);

		snprintf(out, size, "clock=%lld.%06lld; ", (long long)(us / 1000000),
			 (long long)(us % 1000000));
	}
	return 0;
}

static int read_facts(struct kt_iphone *ip, struct kt_lockdown *l, struct kt_err *err)
{
	char type[64] = "", version[32] = "", clock[48] = "";
	struct statvfs fs;
	plist_t v = NULL;
	uint8_t yes = 0;
	uint64_t capacity = 0;
	int r = kt_lockdown_text(l, "", "ProductType", type, sizeof(type), err);

	if (r == 0)
		r = kt_lockdown_text(l, "", "ProductVersion", version, sizeof(version), err);
	if (r == 0 &&
	    kt_lockdown_value(l, "com.apple.mobile.backup", "WillEncrypt", &v, NULL) == 0 &&
	    plist_get_node_type(v) == PLIST_BOOLEAN)
		plist_get_bool_val(v, &yes);
	plist_free(v);
	v = NULL;
	if (r == 0 &&
	    kt_lockdown_value(l, "com.apple.disk_usage", "TotalDataCapacity", &v, NULL) == 0 &&
	    plist_get_node_type(v) == PLIST_UINT)
		plist_get_uint_val(v, &capacity);
	plist_free(v);
	if (r == 0)
		r = read_clock(l, clock, sizeof(clock), err);
	if (r < 0)
		return r;
	ip->will_encrypt = yes != 0;
	if (capacity > UNKNOWN * 16)
		capacity = 0;
	ip->free_bytes = capacity > 0 ? capacity + SPARE : UNKNOWN;
	if (fstatvfs(ip->o.case_fd, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize > ip->free_bytes)
		ip->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	snprintf(ip->detail, sizeof(ip->detail), "%s%.40s, iOS %.20s; %s; %s; backups are %s",
		 clock, type[0] != '\0' ? type : "model not told",
		 version[0] != '\0' ? version : "not told",
		 ip->link.pair.ours
			 ? "trust was given for this session and is taken back at its end"
			 : "this computer was trusted before; that pairing is left as it was",
		 "the phone's TLS key is the paired one",
		 ip->will_encrypt ? "encrypted" : "not encrypted");
	return 0;
}

/* A session with link->pair, and everything that it must show. KT_E_ABSENT: not trusted (any more). */
static int try_session(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_lockdown l;
	int r = kt_lockdown_open(&l, &ip->link, err);

	if (r == 0)
		r = kt_lockdown_session(&l, err);
	if (r == 0)
		r = compare_names(&l, true, err);
	if (r == 0)
		r = read_facts(ip, &l, err);
	kt_lockdown_close(&l);
	return r;
}

/* A locked phone keeps its session and starts no service: better known now than in the middle. */
static int wait_unlocked(struct attempt *t, struct kt_err *err)
{
	for (;;) {
		struct kt_err why = {0};
		char error[64] = "";
		struct kt_wire w;
		int r = kt_ios_service(&t->ip->link, KT_IOS_SVC_NOTIFY, &w, error, &why);

		kt_wire_close(&w);
		if (r == 0)
			return 0;
		if (r != KT_E_REFUSED || strcmp(error, "PasswordProtected") != 0)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		r = judge_answer(t, error, err);
		if (r < 0)
			return r;
	}
}

/* A session with the pairing at hand. KT_E_ABSENT: the phone does not know it; it is dropped. */
static int use_pairing(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_err why = {0};
	int r;

	ip->link.allow.host_id = ip->link.pair.host_id;
	r = try_session(ip, &why);
	if (r == 0)
		return 0;
	if (r == KT_E_ABSENT) {
		kt_pair_free(&ip->link.pair);
		ip->link.allow.host_id = NULL;
		return r;
	}
	return KT_FAIL(err, r, "%s", kt_err_text(&why));
}

/* The pairing that the computer has from before, when there is one that works. */
static int use_known_pairing(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	kt_buf_init(&b, KT_PAIR_MAX + 1);
	r = kt_mux_pair_record(ip->udid, &b, NULL);
	if (r == 0)
		r = kt_pair_load(&ip->link.pair, b.p, b.len, NULL);
	if (b.p != NULL)
		OPENSSL_cleanse(b.p, b.len);
	kt_buf_free(&b);
	if (r < 0)
		return KT_E_ABSENT;
	return use_pairing(ip, err);
}

int kt_iphone_connect(struct kt_iphone *ip, struct kt_err *err)
{
	struct attempt t = {.ip = ip,
			    .deadline = kt_wire_now() + (int64_t)ip->o.trust_wait_s * 1000,
			    .state = -1};
	int r = kt_mux_find(ip->udid, &ip->link.phone, err);

	if (r < 0)
		return r;
	tell(&t, KT_STATE_CONNECTING, "");
	r = KT_E_ABSENT;
	if (ip->link.pair.set)
		r = use_pairing(ip, err);
	if (r == KT_E_ABSENT)
		r = use_known_pairing(ip, err);
	if (r == KT_E_ABSENT) {
		r = get_trust(&t, err);
		if (r == 0)
			r = try_session(ip, err);
	}
	if (r == 0)
		r = wait_unlocked(&t, err);
	if (r == 0)
		tell(&t, KT_STATE_AUTHORISED, "");
	return r;
}

void kt_iphone_unpair(struct kt_ios_link *link, const char *udid)
{
	struct kt_lockdown l;

	if (!link->pair.ours || !link->pair.trusted)
		return;
	/* also when the parent is gone or has cancelled */
	link->watch.check = NULL;
	link->reply_ms = UNPAIR_MS;
	link->allow.host_id = link->pair.host_id;
	if (kt_mux_find(udid, &link->phone, NULL) == 0) {
		if (kt_lockdown_open(&l, link, NULL) == 0)
			kt_lockdown_unpair(&l, NULL);
		kt_lockdown_close(&l);
	}
	link->pair.trusted = false;
}
