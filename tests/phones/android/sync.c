/* SPDX-License-Identifier: EUPL-1.2 */

/* The sync service: stat, list and receive; whoever wants to send is written down and refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phone.h"

#define PATH_MAX_BYTES	1024
#define ENTRIES_AT_ONCE 256
#define BACKLOG_MAX	((size_t)16 * 1024 * 1024)

struct sync {
	/* requests that were sent ahead; each waits until the one before is answered */
	uint8_t *in;
	size_t in_pos, in_len, in_cap;
	char path[PATH_MAX_BYTES + 1];
	bool wants_flags, draining;
	bool skipping; /* what a refused SEND still brings: DATA.. DONE */
	bool listing, v2, one_at_a_time;
	struct sim_listing list;
	size_t at;
	uint64_t endless;
};

static int reply(struct sim_stream *s, const void *data, size_t len)
{
	return sim_outq_mem(&s->out, SIM_FRAME_NONE, 0, data, len);
}

static int fail(struct sim_stream *s, const char *text)
{
	uint8_t head[8] = "FAIL";

	sim_put_le32(head + 4, (uint32_t)strlen(text));
	return reply(s, head, 8) || reply(s, text, strlen(text)) ? -1 : 0;
}

static void put_stat_v2(uint8_t *b, const char *id, const struct stat *st, int error)
{
	memset(b, 0, 72);
	memcpy(b, id, 4);
	sim_put_le32(b + 4, (uint32_t)error);
	if (error)
		return;
	sim_put_le64(b + 8, st->st_dev);
	sim_put_le64(b + 16, st->st_ino);
	sim_put_le32(b + 24, st->st_mode);
	sim_put_le32(b + 28, (uint32_t)st->st_nlink);
	sim_put_le32(b + 32, st->st_uid);
	sim_put_le32(b + 36, st->st_gid);
	sim_put_le64(b + 40, (uint64_t)st->st_size);
	sim_put_le64(b + 48, (uint64_t)st->st_atim.tv_sec);
	sim_put_le64(b + 56, (uint64_t)st->st_mtim.tv_sec);
	sim_put_le64(b + 64, (uint64_t)st->st_ctim.tv_sec);
}

static int do_stat(struct sim_stream *s, const char *id, bool v2)
{
	struct sync *y = s->state;
	bool follow = !strcmp(id, "STA2");
	struct stat st;
	uint8_t b[72];
	int error = sim_storage_stat(&s->phone->storage, y->path, follow, &st);

	sim_journal(&s->phone->journal, "SYNC", "%s %s", id, y->path);
	if (v2) {
		put_stat_v2(b, id, &st, error);
		return reply(s, b, 72);
	}
	memset(b, 0, 16);
	memcpy(b, id, 4);
	if (!error) {
		sim_put_le32(b + 4, st.st_mode);
		sim_put_le32(b + 8, (uint32_t)st.st_size);
		sim_put_le32(b + 12, (uint32_t)st.st_mtim.tv_sec);
	}
	return reply(s, b, 16);
}

static int do_list(struct sim_stream *s, const char *id, bool v2)
{
	struct sync *y = s->state;

	sim_journal(&s->phone->journal, "SYNC", "%s %s", id, y->path);
	sim_listing_clear(&y->list);
	/* An error looks like an empty directory: this protocol has no word for it. */
	(void)sim_storage_list(&s->phone->storage, y->path, &y->list);
	y->listing = true;
	y->v2 = v2;
	y->at = 0;
	return 0;
}

static int send_entry(struct sim_stream *s, const char *name, size_t len)
{
	struct sync *y = s->state;
	char path[PATH_MAX_BYTES + 600];
	struct stat st;
	uint8_t b[76] = {0};
	size_t head = y->v2 ? 76 : 20;
	int error;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		snprintf(path, sizeof(path), "%s/", y->path);
	else
		snprintf(path, sizeof(path), "%s/%s", y->path, name);
	error = sim_storage_stat(&s->phone->storage, path, false, &st);
	if (error) { /* a name that no file can have; show it as a small file */
		memset(&st, 0, sizeof(st));
		st.st_mode = S_IFREG | 0660;
		st.st_size = 8;
	}
	if (y->v2) {
		put_stat_v2(b, "DNT2", &st, 0);
		sim_put_le32(b + 72, (uint32_t)len);
	} else {
		memcpy(b, "DENT", 4);
		sim_put_le32(b + 4, st.st_mode);
		sim_put_le32(b + 8, (uint32_t)st.st_size);
		sim_put_le32(b + 12, (uint32_t)st.st_mtim.tv_sec);
		sim_put_le32(b + 16, (uint32_t)len);
	}
	return reply(s, b, head) || reply(s, name, len) ? -1 : 0;
}

/* Continues a listing; entries are made as they are fetched, so an endless one costs nothing. */
static void list_more(struct sim_stream *s)
{
	struct sync *y = s->state;
	uint8_t done[76] = "DONE";
	char name[32];

	for (size_t i = 0; i < ENTRIES_AT_ONCE; i++) {
		if (y->at < y->list.n) {
			send_entry(s, y->list.names[y->at], y->list.lengths[y->at]);
			y->at++;
		} else if (s->phone->cfg.endless_list) {
			snprintf(name, sizeof(name), "f%010llu", (unsigned long long)y->endless++);
			send_entry(s, name, strlen(name));
		} else {
			y->listing = false;
			sim_listing_clear(&y->list);
			reply(s, done, y->v2 ? 76 : 20);
			return;
		}
	}
}

static int do_recv(struct sim_stream *s, const char *id)
{
	static const uint8_t done[8] = "DONE";
	struct sync *y = s->state;
	struct sim_phone *p = s->phone;
	uint64_t size, limit = UINT64_MAX;
	char text[256];
	struct stat st;
	int fd, error;

	sim_journal(&p->journal, "SYNC", "%s %s", id, y->path);
	error = sim_storage_open_file(&p->storage, y->path, false, &fd);
	if (error) {
		snprintf(text, sizeof(text), "open failed: %s", strerror(error));
		return fail(s, text);
	}
	y->one_at_a_time = true;
	sim_storage_mark_read(&p->storage, y->path);
	size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	if (p->cfg.fail_recv)
		limit = size / 2;
	if (p->cfg.truncate_at < size && p->cfg.truncate_at < limit)
		limit = p->cfg.truncate_at;
	if (!limit)
		close(fd);
	else if (sim_outq_file(&s->out, SIM_FRAME_DATA, 0, fd, 0, limit) < 0)
		return -1;
	if (p->cfg.truncate_at < size && limit == p->cfg.truncate_at) {
		s->ending = true;
		return 0;
	}
	return p->cfg.fail_recv ? fail(s, "read failed: Input/output error") : reply(s, done, 8);
}

static int do_send(struct sim_stream *s, const char *id)
{
	struct sync *y = s->state;

	sim_journal(&s->phone->journal, "SYNC", "%s %s", id, y->path);
	sim_journal(&s->phone->journal, "STATE-CHANGING", "sync %s %s", id, y->path);
	y->skipping = true;
	return fail(s, "refused by the simulator");
}

/* One complete request: id and path. */
static int request(struct sim_stream *s, const char *id)
{
	struct sync *y = s->state;

	if (!strcmp(id, "STAT") || !strcmp(id, "LSTA"))
		return do_stat(s, id, false);
	if (!strcmp(id, "STA2") || !strcmp(id, "LST2"))
		return do_stat(s, id, true);
	if (!strcmp(id, "LIST") || !strcmp(id, "LIS2"))
		return do_list(s, id, !strcmp(id, "LIS2"));
	if (!strcmp(id, "RECV"))
		return do_recv(s, id);
	if (!strcmp(id, "RCV2")) {
		y->wants_flags = true;
		return 0;
	}
	if (!strcmp(id, "SEND") || !strcmp(id, "SND2"))
		return do_send(s, id);
	if (!strcmp(id, "QUIT"))
		return -1;
	sim_journal(&s->phone->journal, "UNKNOWN", "sync %s %s", id, y->path);
	fail(s, "unknown command");
	return -1;
}

/* The second packet of RCV2. */
static int recv_flags(struct sim_stream *s, const uint8_t *packet)
{
	struct sync *y = s->state;

	y->wants_flags = false;
	if (memcmp(packet, "RCV2", 4) != 0 || sim_get_le32(packet + 4) != 0)
		return fail(s, "unsupported compression flags");
	return do_recv(s, "RCV2");
}

/* Takes one request off the backlog. 1: done, 0: not complete yet, -1: the stream ends. */
static int consume(struct sim_stream *s)
{
	struct sync *y = s->state;
	const uint8_t *p = y->in + y->in_pos;
	size_t have = y->in_len - y->in_pos;
	char id[5] = {0};
	uint32_t len;

	if (have < 8)
		return 0;
	if (y->wants_flags) {
		y->in_pos += 8;
		return recv_flags(s, p) < 0 ? -1 : 1;
	}
	len = sim_get_le32(p + 4);
	if (y->skipping) {
		bool data = !memcmp(p, "DATA", 4) && len <= SIM_CHUNK;

		if (data && have < 8 + len)
			return 0;
		y->in_pos += data ? 8 + len : 8;
		y->skipping = data;
		return 1;
	}
	if (len > PATH_MAX_BYTES) {
		fail(s, "path too long");
		return -1;
	}
	if (have < 8 + len)
		return 0;
	memcpy(id, p, 4);
	memcpy(y->path, p + 8, len);
	y->path[len] = '\0';
	y->in_pos += 8 + len;
	return request(s, id) < 0 ? -1 : 1;
}

/* Called when everything was sent: the next requests are served, as adbd does, in turn. */
static void sync_more(struct sim_stream *s)
{
	struct sync *y = s->state;
	int r = 1;

	if (y->listing)
		list_more(s);
	for (size_t i = 0; r > 0 && i < ENTRIES_AT_ONCE && !y->listing && !y->draining; i++) {
		r = consume(s);
		if (r < 0) {
			y->draining = true;
			s->ending = true;
		}
		if (y->one_at_a_time)
			break;
	}
	y->one_at_a_time = false;
	if (y->listing && sim_outq_empty(&s->out))
		list_more(s);
	if (y->in_pos == y->in_len)
		y->in_pos = y->in_len = 0;
}

static int sync_input(struct sim_stream *s, const uint8_t *data, size_t len)
{
	struct sync *y = s->state;

	if (y->draining)
		return 0;
	if (y->in_len + len > y->in_cap) {
		size_t cap = 2 * (y->in_len + len);
		uint8_t *grown = cap > BACKLOG_MAX ? NULL : realloc(y->in, cap);

		if (!grown)
			return -1;
		y->in = grown;
		y->in_cap = cap;
	}
	memcpy(y->in + y->in_len, data, len);
	y->in_len += len;
	return 0;
}

static int sync_open(struct sim_stream *s, const char *arg)
{
	(void)arg;
	s->state = calloc(1, sizeof(struct sync));
	return s->state ? 0 : -1;
}

static void sync_free(struct sim_stream *s)
{
	struct sync *y = s->state;

	if (y)
		sim_listing_clear(&y->list);
	if (y)
		free(y->in);
	free(y);
}

const struct sim_service sim_sync_service = {
	.open = sync_open,
	.input = sync_input,
	.more = sync_more,
	.free = sync_free,
};
