/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/adb.h"

#include "core/err.h"
#include "extractor/android/transport.h"

#include <stdlib.h>
#include <string.h>

int kt_adb_new(struct kt_transport *t, struct kt_adb **out, struct kt_err *err)
{
	struct kt_adb *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (a != NULL)
		a->rx = malloc(KT_ADB_PAYLOAD_MAX);
	if (a == NULL || a->rx == NULL) {
		free(a);
		kt_transport_close(&t);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a connection");
	}
	a->t = t;
	a->version = KT_ADB_VERSION_OLD;
	a->max_payload = KT_ADB_PAYLOAD_MIN;
	kt_buf_init(&a->banner, KT_ADB_PAYLOAD_MIN);
	*out = a;
	return 0;
}

void kt_adb_free(struct kt_adb **a)
{
	struct kt_adb *p = *a;

	*a = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < KT_ADB_STREAMS; i++) {
		struct kt_adb_stream *s = &p->stream[i];

		if (s->state != KT_ADB_FREE)
			kt_adb_stream_close(p, &s);
	}
	kt_transport_close(&p->t);
	kt_buf_free(&p->banner);
	explicit_bzero(p->rx, KT_ADB_PAYLOAD_MAX);
	free(p->rx);
	free(p);
}

bool kt_adb_is_broken(const struct kt_adb *a)
{
	return a->t->broken;
}

static uint32_t sum_bytes(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	while (n-- > 0)
		sum += *p++;
	return sum;
}

void kt_adb_encode(uint8_t head[24], uint32_t cmd, uint32_t arg0, uint32_t arg1, const void *p,
		   size_t n, bool with_sum)
{
	kt_put_le32(head, cmd);
	kt_put_le32(head + 4, arg0);
	kt_put_le32(head + 8, arg1);
	kt_put_le32(head + 12, (uint32_t)n);
	kt_put_le32(head + 16, with_sum ? sum_bytes(p, n) : 0);
	kt_put_le32(head + 20, cmd ^ 0xffffffffu);
}

int kt_adb_send(struct kt_adb *a, uint32_t cmd, uint32_t arg0, uint32_t arg1, const void *p,
		size_t n, struct kt_err *err)
{
	uint8_t head[KT_ADB_HEAD];

	if (cmd == KT_ADB_OPEN)
		return KT_FAIL(err, KT_E_REFUSED, "streams are opened in one place alone");
	if (n > a->max_payload)
		return KT_FAIL(err, KT_E_INTERNAL, "packet of %zu bytes is too long", n);
	kt_adb_encode(head, cmd, arg0, arg1, p, n, a->version == KT_ADB_VERSION_OLD);
	return kt_transport_send(a->t, head, p, n, kt_mono_ms() + KT_ADB_SEND_MS, err);
}

/* The phone broke the protocol: nothing after this byte means anything. */
static int broke(struct kt_adb *a, struct kt_err *err, const char *what, unsigned value)
{
	a->t->broken = true;
	return KT_FAIL(err, KT_E_DEVICE, "the phone broke the protocol: %s (%08x)", what, value);
}

int kt_adb_recv(struct kt_adb *a, struct kt_adb_packet *pkt, int64_t deadline, struct kt_err *err)
{
	uint8_t head[KT_ADB_HEAD];
	int r = kt_transport_recv_head(a->t, head, deadline, err);

	if (r < 0)
		return r;
	pkt->cmd = kt_get_le32(head);
	pkt->arg0 = kt_get_le32(head + 4);
	pkt->arg1 = kt_get_le32(head + 8);
	pkt->len = kt_get_le32(head + 12);
	pkt->p = a->rx;
	if ((pkt->cmd ^ 0xffffffffu) != kt_get_le32(head + 20))
		return broke(a, err, "bad magic", kt_get_le32(head + 20));
	if (pkt->len > a->max_payload)
		return broke(a, err, "payload is too long", pkt->len);
	if (pkt->len == 0)
		return 0;
	r = kt_transport_recv_body(a->t, a->rx, pkt->len,
				   kt_mono_ms() + KT_ADB_BODY_MS + pkt->len / KT_ADB_BODY_PACE,
				   err);
	if (r < 0)
		return r;
	/* Only an agreed old version obliges the phone to send sums. */
	if (a->connected && a->version == KT_ADB_VERSION_OLD &&
	    sum_bytes(a->rx, pkt->len) != kt_get_le32(head + 16))
		return broke(a, err, "wrong checksum", kt_get_le32(head + 16));
	return 0;
}

/* Whether a comma-separated list has this word. */
static bool list_has(const char *list, size_t n, const char *word)
{
	size_t len = strlen(word);

	while (n > 0) {
		const char *comma = memchr(list, ',', n);
		size_t k = comma != NULL ? (size_t)(comma - list) : n;

		if (k == len && memcmp(list, word, len) == 0)
			return true;
		if (comma == NULL)
			return false;
		list += k + 1;
		n -= k + 1;
	}
	return false;
}

static unsigned parse_features(const char *banner, size_t n)
{
	static const struct {
		const char *word;
		unsigned bit;
	} known[] = {{"shell_v2", KT_ADB_F_SHELL_V2},
		     {"stat_v2", KT_ADB_F_STAT_V2},
		     {"ls_v2", KT_ADB_F_LS_V2}};
	static const char key[] = "features=";
	const char *p = memmem(banner, n, key, strlen(key));
	const char *end;
	unsigned bits = 0;
	size_t len;

	if (p == NULL)
		return 0;
	p += strlen(key);
	len = n - (size_t)(p - banner);
	end = memchr(p, ';', len);
	if (end != NULL)
		len = (size_t)(end - p);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (list_has(p, len, known[i].word))
			bits |= known[i].bit;
	return bits;
}

int kt_adb_set_peer(struct kt_adb *a, const struct kt_adb_packet *pkt, struct kt_err *err)
{
	size_t n = pkt->len;

	while (n > 0 && pkt->p[n - 1] == '\0')
		n--;
	kt_buf_reset(&a->banner);
	if (kt_buf_put(&a->banner, pkt->p, n) < 0)
		return KT_FAIL(err, KT_E_LIMIT, "the phone's banner is too long");
	if (pkt->arg0 < KT_ADB_VERSION_OLD)
		return broke(a, err, "unknown version", pkt->arg0);
	if (pkt->arg1 < KT_ADB_PAYLOAD_MIN)
		return broke(a, err, "payload limit is too small", pkt->arg1);
	a->version = pkt->arg0 < KT_ADB_VERSION ? KT_ADB_VERSION_OLD : KT_ADB_VERSION;
	a->max_payload = pkt->arg1 < KT_ADB_PAYLOAD_MAX ? pkt->arg1 : KT_ADB_PAYLOAD_MAX;
	a->features = parse_features((const char *)a->banner.p, n);
	a->connected = true;
	return 0;
}

bool kt_adb_banner_is(const struct kt_adb *a, const char *type)
{
	size_t n = strlen(type);

	return a->banner.len > n && memcmp(a->banner.p, type, n) == 0 && a->banner.p[n] == ':';
}

struct kt_adb_stream *kt_adb_stream_take(struct kt_adb *a)
{
	for (size_t i = 0; i < KT_ADB_STREAMS; i++) {
		struct kt_adb_stream *s = &a->stream[i];

		if (s->state != KT_ADB_FREE)
			continue;
		memset(s, 0, sizeof(*s));
		s->state = KT_ADB_OPENING;
		/* ids are never used twice: a late packet can't reach a newer stream */
		s->local = ++a->next_local;
		return s;
	}
	return NULL;
}

static struct kt_adb_stream *find_stream(struct kt_adb *a, uint32_t local)
{
	for (size_t i = 0; i < KT_ADB_STREAMS; i++)
		if (a->stream[i].state != KT_ADB_FREE && a->stream[i].local == local)
			return &a->stream[i];
	return NULL;
}

static int on_okay(struct kt_adb *a, struct kt_adb_stream *s, const struct kt_adb_packet *pkt,
		   struct kt_err *err)
{
	if (s->state == KT_ADB_OPENING) {
		if (pkt->arg0 == 0)
			return broke(a, err, "stream without an id", 0);
		s->state = KT_ADB_OPENED;
		s->remote = pkt->arg0;
	} else if (s->remote != pkt->arg0) {
		return broke(a, err, "acknowledgement of a strange stream", pkt->arg0);
	}
	s->in_flight = false;
	return KT_ADB_EV_READY;
}

static int on_write(struct kt_adb *a, struct kt_adb_stream *s, const struct kt_adb_packet *pkt,
		    struct kt_err *err)
{
	if (s->state != KT_ADB_OPENED || s->remote != pkt->arg0)
		return broke(a, err, "data on a strange stream", pkt->arg0);
	if (s->unacked)
		return broke(a, err, "data before the last was acknowledged", pkt->arg0);
	s->unacked = true;
	s->data = pkt->p;
	s->len = pkt->len;
	return KT_ADB_EV_DATA;
}

/* What the packet is for its stream: an event, 0 for none, negative for an error. */
static int dispatch(struct kt_adb *a, const struct kt_adb_packet *pkt, struct kt_adb_stream **out,
		    struct kt_err *err)
{
	struct kt_adb_stream *s = find_stream(a, pkt->arg1);

	*out = s;
	switch (pkt->cmd) {
	case KT_ADB_OPEN:
		/* A phone has nothing to open here: reverse connections do not exist. */
		a->refused_opens++;
		return kt_adb_send(a, KT_ADB_CLSE, 0, pkt->arg0, NULL, 0, err);
	case KT_ADB_OKAY:
		if (s != NULL)
			return on_okay(a, s, pkt, err);
		/* the answer to an OPEN that was given up */
		return kt_adb_send(a, KT_ADB_CLSE, pkt->arg1, pkt->arg0, NULL, 0, err);
	case KT_ADB_WRTE:
		/* data that crossed our CLSE is of no use to anyone */
		return s != NULL ? on_write(a, s, pkt, err) : 0;
	case KT_ADB_CLSE:
		if (s == NULL)
			return 0;
		s->state = KT_ADB_CLOSED;
		s->in_flight = false;
		return KT_ADB_EV_CLOSED;
	case KT_ADB_STLS:
		return broke(a, err, "asks for TLS", pkt->cmd);
	case KT_ADB_CNXN:
	case KT_ADB_AUTH:
		return broke(a, err, "started the connection anew", pkt->cmd);
	default:
		return broke(a, err, "unknown packet", pkt->cmd);
	}
}

int kt_adb_wait(struct kt_adb *a, struct kt_adb_stream *s, int64_t deadline, enum kt_adb_event *ev,
		struct kt_err *err)
{
	if (s->unacked)
		return KT_FAIL(err, KT_E_INTERNAL, "waiting with data unread");
	for (;;) {
		struct kt_adb_stream *whose = NULL;
		struct kt_adb_packet pkt;
		int r;

		if (s->state == KT_ADB_CLOSED) {
			*ev = KT_ADB_EV_CLOSED;
			return 0;
		}
		r = kt_adb_recv(a, &pkt, deadline, err);
		if (r == 0)
			r = dispatch(a, &pkt, &whose, err);
		if (r < 0)
			return r;
		if (r > 0 && whose == s) {
			*ev = (enum kt_adb_event)r;
			return 0;
		}
		if (r != KT_ADB_EV_DATA || whose == NULL)
			continue;
		/* A resting stream has nothing to say: it is given up. */
		whose->unacked = false;
		if (whose->state == KT_ADB_OPENED) {
			kt_adb_send(a, KT_ADB_CLSE, whose->local, whose->remote, NULL, 0, NULL);
			whose->state = KT_ADB_CLOSED;
			whose->remote = 0;
		}
	}
}

int kt_adb_write(struct kt_adb *a, struct kt_adb_stream *s, const void *p, size_t n,
		 struct kt_err *err)
{
	int r;

	if (s->state != KT_ADB_OPENED || s->in_flight)
		return KT_FAIL(err, KT_E_INTERNAL, "the stream can't be written to now");
	r = kt_adb_send(a, KT_ADB_WRTE, s->local, s->remote, p, n, err);
	if (r == 0)
		s->in_flight = true;
	return r;
}

int kt_adb_ack(struct kt_adb *a, struct kt_adb_stream *s, struct kt_err *err)
{
	if (!s->unacked)
		return 0;
	s->unacked = false;
	s->data = NULL;
	s->len = 0;
	return kt_adb_send(a, KT_ADB_OKAY, s->local, s->remote, NULL, 0, err);
}

void kt_adb_stream_close(struct kt_adb *a, struct kt_adb_stream **s)
{
	struct kt_adb_stream *p = *s;

	*s = NULL;
	if (p == NULL)
		return;
	/* A CLSE is answered with a CLSE, as real hosts do. */
	if (p->remote != 0 && !a->t->broken)
		kt_adb_send(a, KT_ADB_CLSE, p->local, p->remote, NULL, 0, NULL);
	memset(p, 0, sizeof(*p));
}
