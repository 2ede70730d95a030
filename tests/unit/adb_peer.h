/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The other end of the wire for tests/unit/test_adb_*.c: what the phone will say is written into a
 * socket beforehand, what the station said is read back afterwards. No thread, no process.
 */
#ifndef KT_TESTS_ADB_PEER_H
#define KT_TESTS_ADB_PEER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/devproto.h"
#include "core/err.h"
#include "core/request.h"
#include "extractor/android/adb.h"
#include "extractor/android/allow.h"
#include "extractor/android/feed.h"
#include "extractor/android/stream.h"
#include "extractor/android/transport.h"

#define PEER_ALL   "device::features=shell_v2,cmd,stat_v2,ls_v2"
#define PEER_OLD   "device::features=shell_v2"
#define PEER_BODY  65536
#define PEER_ID(n) (100u + (n)) /* the phone's id of the station's stream n */

struct peer {
	int fd; /* the phone's end */
	struct kt_adb *a;
	struct kt_allow allow;
};

struct peer_packet {
	uint32_t cmd, arg0, arg1, len, sum;
	uint8_t body[PEER_BODY];
};

static inline void peer_write(struct peer *p, const void *data, size_t n)
{
	assert_int_equal(send(p->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT), (ssize_t)n);
}

/* The phone will say this. */
static inline void peer_put(struct peer *p, uint32_t cmd, uint32_t arg0, uint32_t arg1,
			    const void *data, size_t n)
{
	uint8_t head[KT_ADB_HEAD];

	kt_adb_encode(head, cmd, arg0, arg1, data, n, true);
	peer_write(p, head, sizeof(head));
	if (n > 0)
		peer_write(p, data, n);
}

/* The station said this; false when it said nothing more. */
static inline bool peer_take(struct peer *p, struct peer_packet *k)
{
	uint8_t head[KT_ADB_HEAD];
	ssize_t n = recv(p->fd, head, sizeof(head), MSG_DONTWAIT);

	if (n <= 0)
		return false;
	assert_int_equal(n, KT_ADB_HEAD);
	k->cmd = kt_get_le32(head);
	k->arg0 = kt_get_le32(head + 4);
	k->arg1 = kt_get_le32(head + 8);
	k->len = kt_get_le32(head + 12);
	k->sum = kt_get_le32(head + 16);
	assert_int_equal(kt_get_le32(head + 20), k->cmd ^ 0xffffffffu);
	assert_true(k->len <= PEER_BODY);
	if (k->len > 0)
		assert_int_equal(recv(p->fd, k->body, k->len, MSG_DONTWAIT), (ssize_t)k->len);
	return true;
}

/* The next thing said must be this command. */
static inline void peer_expect(struct peer *p, struct peer_packet *k, uint32_t cmd)
{
	assert_true(peer_take(p, k));
	assert_int_equal(k->cmd, cmd);
}

static inline void peer_expect_nothing(struct peer *p)
{
	struct peer_packet k;

	assert_false(peer_take(p, &k));
}

static inline void peer_start(struct peer *p)
{
	struct kt_transport *t;
	int fd[2], size = 1 << 20;

	memset(p, 0, sizeof(*p));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	p->fd = fd[0];
	assert_int_equal(kt_stream_open(fd[1], &t, NULL), 0);
	assert_int_equal(kt_adb_new(t, &p->a, NULL), 0);
}

/* A connection past its hello. */
static inline void peer_start_connected(struct peer *p, uint32_t version, const char *banner)
{
	struct kt_adb_packet pkt;

	peer_start(p);
	peer_put(p, KT_ADB_CNXN, version, KT_ADB_PAYLOAD_MAX, banner, strlen(banner) + 1);
	assert_int_equal(kt_adb_recv(p->a, &pkt, kt_mono_ms() + 1000, NULL), 0);
	assert_int_equal(kt_adb_set_peer(p->a, &pkt, NULL), 0);
}

static inline void peer_plan(struct peer *p, uint16_t id)
{
	assert_int_equal(kt_allow_set_plan(&p->allow, &id, 1, NULL), 0);
}

/* The phone will accept the station's stream n (they count from 1). */
static inline void peer_accept(struct peer *p, uint32_t n)
{
	peer_put(p, KT_ADB_OKAY, PEER_ID(n), n, NULL, 0);
}

static inline void peer_data(struct peer *p, uint32_t n, const void *data, size_t len)
{
	peer_put(p, KT_ADB_WRTE, PEER_ID(n), n, data, len);
}

static inline void peer_end(struct peer *p)
{
	kt_adb_free(&p->a);
	close(p->fd);
}

/* A feed that collects. */
struct peer_sink {
	struct kt_feed feed;
	struct kt_buf b;
	unsigned flushes;
};

static inline int peer_sink_data(void *ctx, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct peer_sink *k = ctx;

	(void)err;
	return kt_buf_put(&k->b, p, n);
}

static inline int peer_sink_flush(void *ctx, struct kt_err *err)
{
	struct peer_sink *k = ctx;

	(void)err;
	k->flushes++;
	return 0;
}

static inline void peer_sink_init(struct peer_sink *k)
{
	memset(k, 0, sizeof(*k));
	kt_buf_init(&k->b, 0);
	k->feed = (struct kt_feed){.data = peer_sink_data, .flush = peer_sink_flush, .ctx = k};
}

#endif
