/* SPDX-License-Identifier: EUPL-1.2 */
/* Bytes and property lists over one connection, and the faults that live there. */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "journal.h"
#include "sim.h"

#define DEEP 10000

static int fail(struct sim_conn *c)
{
	c->broken = true;
	return -1;
}

static ssize_t write_some(struct sim_conn *c, const uint8_t *p, size_t n)
{
	ssize_t done;

	if (c->ssl) {
		int r = SSL_write(c->ssl, p, (int)n);

		return r > 0 ? r : -1;
	}
	do
		done = send(c->fd, p, n, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done;
}

/* How much of n may go now; acts when a limit of a fault is reached. -1: nothing more, ever. */
static ssize_t allowed(struct sim_conn *c, size_t n)
{
	struct sim *s = c->sim;
	uint64_t limit = sim_fault_number(&s->cfg.faults, FAULT_UNPLUG_AT_BYTE, 0, UINT64_MAX);
	uint64_t stall = sim_fault_number(&s->cfg.faults, FAULT_STALL_AT_BYTE, 0, UINT64_MAX);
	uint64_t slow = sim_fault_number(&s->cfg.faults, FAULT_SLOW, 0, 0);

	if (!c->stream)
		return (ssize_t)n;
	if (s->unplug_spent)
		limit = UINT64_MAX;
	if (c->sent >= limit) {
		sim_unplug(s);
		return -1;
	}
	if (c->sent >= stall) {
		sim_journal(s, "PHONE stalls after %llu bytes", (unsigned long long)c->sent);
		while (sim_sleep_us(s, 100000) == 0 && sim_wait(c, 0) == 0)
			;
		return -1;
	}
	if (n > limit - c->sent)
		n = (size_t)(limit - c->sent);
	if (n > stall - c->sent)
		n = (size_t)(stall - c->sent);
	if (slow) {
		if (n > slow / 20 + 1)
			n = (size_t)(slow / 20 + 1);
		if (sim_sleep_us(s, (int64_t)(n * 1000000 / slow)) < 0)
			return -1;
	}
	return (ssize_t)n;
}

int sim_flush(struct sim_conn *c)
{
	size_t off = 0;

	while (!c->broken && off < c->out_len) {
		ssize_t n = allowed(c, c->out_len - off);

		if (n < 0 || (n = write_some(c, c->out + off, (size_t)n)) <= 0)
			return fail(c);
		off += (size_t)n;
		c->sent += (uint64_t)n;
	}
	c->out_len = 0;
	/* the cable is pulled when byte N has left, not when byte N+1 would */
	if (c->stream && !c->sim->unplug_spent &&
	    c->sent >= sim_fault_number(&c->sim->cfg.faults, FAULT_UNPLUG_AT_BYTE, 0, UINT64_MAX)) {
		sim_unplug(c->sim);
		return fail(c);
	}
	return c->broken ? -1 : 0;
}

int sim_write(struct sim_conn *c, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n && !c->broken) {
		size_t room = sizeof(c->out) - c->out_len;
		size_t part = n < room ? n : room;

		memcpy(c->out + c->out_len, from, part);
		c->out_len += part;
		from += part;
		n -= part;
		if (c->out_len == sizeof(c->out) && sim_flush(c) < 0)
			return -1;
	}
	return c->broken ? -1 : 0;
}

int sim_write_be32(struct sim_conn *c, uint32_t n)
{
	uint8_t b[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return sim_write(c, b, 4);
}

int sim_read(struct sim_conn *c, void *p, size_t n)
{
	uint8_t *to = p;

	if (sim_flush(c) < 0)
		return -1;
	while (n) {
		ssize_t got;

		if (c->ssl)
			got = SSL_read(c->ssl, to, (int)(n > 1 << 20 ? 1 << 20 : n));
		else
			got = recv(c->fd, to, n, 0);
		if (got < 0 && !c->ssl && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(c);
		to += got;
		n -= (size_t)got;
		c->received += (uint64_t)got;
	}
	return 0;
}

int sim_wait(struct sim_conn *c, int ms)
{
	struct pollfd p = {c->fd, POLLIN, 0};

	if (c->broken || sim_flush(c) < 0 || (c->ssl && SSL_pending(c->ssl) > 0))
		return 1;
	return poll(&p, 1, ms) != 0;
}

int sim_recv_plist(struct sim_conn *c, plist_t *out)
{
	uint8_t head[4];
	uint32_t n;
	char *bytes;

	*out = NULL;
	if (sim_read(c, head, 4) < 0)
		return -1;
	n = kt_get_be32(head);
	if (!n || n > SIM_PLIST_MAX) {
		sim_journal(c->sim, "PROTOCOL plist of %u bytes", n);
		return fail(c);
	}
	bytes = malloc(n);
	if (!bytes || sim_read(c, bytes, n) < 0) {
		free(bytes);
		return fail(c);
	}
	plist_from_memory(bytes, n, out);
	free(bytes);
	if (!*out) {
		sim_journal(c->sim, "PROTOCOL no plist in %u bytes", n);
		return fail(c);
	}
	return 0;
}

/* Arrays within arrays, in the format that this connection uses. */
static void deep_plist(bool binary, char **p, uint32_t *n)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	if (!binary) {
		kt_buf_puts(&b,
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">");
		for (int i = 0; i < DEEP; i++)
			kt_buf_puts(&b, "<array>");
		for (int i = 0; i < DEEP; i++)
			kt_buf_puts(&b, "</array>");
		kt_buf_puts(&b, "</plist>\n");
	} else {
		uint8_t trailer[32] = {[6] = 2, [7] = 2, [14] = DEEP >> 8, [15] = DEEP & 255};
		size_t table;

		kt_buf_puts(&b, "bplist00");
		for (unsigned i = 0; i < DEEP; i++) {
			uint8_t one[3] = {0xa1, (uint8_t)((i + 1) >> 8), (uint8_t)(i + 1)};

			kt_buf_put(&b, i + 1 < DEEP ? one : (const uint8_t *)"\xa0",
				   i + 1 < DEEP ? 3 : 1);
		}
		table = b.len;
		for (unsigned i = 0; i < DEEP; i++) {
			unsigned at = 8 + 3 * i;

			kt_buf_put_u8(&b, (uint8_t)(at >> 8));
			kt_buf_put_u8(&b, (uint8_t)at);
		}
		trailer[30] = (uint8_t)(table >> 8);
		trailer[31] = (uint8_t)table;
		kt_buf_put(&b, trailer, sizeof(trailer));
	}
	*p = (char *)b.p;
	*n = (uint32_t)b.len;
}

/* What is left of an answer that lacks all but its name. */
static void strip(plist_t node)
{
	static const char *const names[] = {"Request", "MessageType", "MessageName"};
	plist_t kept = plist_new_dict();
	plist_dict_iter it = NULL;

	if (plist_get_node_type(node) == PLIST_ARRAY) {
		while (plist_array_get_size(node) > 1)
			plist_array_remove_item(node, 1);
		plist_free(kept);
		return;
	}
	for (int i = 0; i < 3; i++) {
		plist_t name = plist_dict_get_item(node, names[i]);

		if (name)
			plist_dict_set_item(kept, names[i], plist_copy(name));
	}
	for (;;) {
		char *key = NULL;

		plist_dict_new_iter(node, &it);
		plist_dict_next_item(node, it, &key, NULL);
		free(it);
		it = NULL;
		if (!key)
			break;
		plist_dict_remove_item(node, key);
		free(key);
	}
	plist_dict_merge(&node, kept);
	plist_free(kept);
}

/* Text becomes a number, all else text; the name of the message stays. */
static void mistype(plist_t node)
{
	plist_dict_iter it = NULL;
	plist_t done = plist_new_dict();
	char *key = NULL;

	if (plist_get_node_type(node) != PLIST_DICT) {
		plist_free(done);
		return;
	}
	plist_dict_new_iter(node, &it);
	for (;;) {
		plist_t value = NULL;

		plist_dict_next_item(node, it, &key, &value);
		if (!key)
			break;
		if (strcmp(key, "Request") != 0 && strcmp(key, "MessageType") != 0)
			plist_dict_set_item(done, key,
					    plist_get_node_type(value) == PLIST_STRING
						    ? plist_new_uint(0xfffffffffffffff0U)
						    : plist_new_string("not what you think"));
		free(key);
		key = NULL;
	}
	free(it);
	plist_dict_merge(&node, done);
	plist_free(done);
}

/* What the fault answer=PLACE:FILE has for this place. 1: it is in *p. */
static int given_bytes(const struct sim_faults *f, const char *place, char **p, uint32_t *n)
{
	for (unsigned i = 0; i < f->n; i++) {
		size_t k = strlen(place);
		FILE *in;

		if (f->list[i].fault != FAULT_ANSWER || strncmp(f->list[i].arg, place, k) != 0 ||
		    f->list[i].arg[k] != ':')
			continue;
		in = fopen(f->list[i].arg + k + 1, "rbe");
		*p = in != NULL ? malloc(SIM_PLIST_MAX) : NULL;
		*n = *p != NULL ? (uint32_t)fread(*p, 1, SIM_PLIST_MAX, in) : 0;
		if (in != NULL)
			fclose(in);
		return 1;
	}
	return 0;
}

int sim_plist_bytes(struct sim_conn *c, plist_t node, bool binary, const char *place, char **p,
		    uint32_t *n)
{
	const struct sim_faults *f = &c->sim->cfg.faults;

	*p = NULL;
	*n = 0;
	if (given_bytes(f, place, p, n))
		return *p ? 0 : -1;
	if (sim_fault_at(f, FAULT_GARBAGE_PLIST, place, "GetValue")) {
		*n = 256;
		*p = malloc(*n);
		for (uint32_t i = 0; *p && i < *n; i++)
			(*p)[i] = (char)(i * 37 + 11);
		return *p ? 0 : -1;
	}
	if (sim_fault_at(f, FAULT_DEEP_PLIST, place, "GetValue")) {
		deep_plist(binary, p, n);
		return *p ? 0 : -1;
	}
	if (sim_fault_at(f, FAULT_MISSING_KEYS, place, "GetValue"))
		strip(node);
	if (sim_fault_at(f, FAULT_WRONG_TYPES, place, "GetValue"))
		mistype(node);
	if (binary)
		plist_to_bin(node, p, n);
	else
		plist_to_xml(node, p, n);
	return *p ? 0 : -1;
}

int sim_sent(struct sim_conn *c, const char *place)
{
	if (sim_flush(c) < 0)
		return -1;
	if (!sim_fault_at(&c->sim->cfg.faults, FAULT_HANG_UP, place, ""))
		return 0;
	sim_journal(c->sim, "PHONE hangs up after %s", place);
	shutdown(c->fd, SHUT_RDWR);
	return fail(c);
}

int sim_send_plist(struct sim_conn *c, plist_t node, bool binary, const char *place)
{
	char *bytes = NULL;
	uint32_t n = 0;
	int r;

	if (sim_fault_at(&c->sim->cfg.faults, FAULT_HUGE_LENGTH, place, "GetValue")) {
		sim_write_be32(c, 0xfffffff0U);
		sim_flush(c);
		while (sim_sleep_us(c->sim, 50000) == 0 && sim_wait(c, 0) == 0)
			;
		plist_free(node);
		return fail(c);
	}
	r = sim_plist_bytes(c, node, binary, place, &bytes, &n);
	plist_free(node);
	if (r == 0)
		r = sim_write_be32(c, n) < 0 || sim_write(c, bytes, n) < 0 ? -1
									   : sim_sent(c, place);
	free(bytes);
	return r;
}

static const char *copy_text(plist_t node, char buf[SIM_TEXT_BYTES])
{
	char *text = NULL;

	buf[0] = '\0';
	if (!node || plist_get_node_type(node) != PLIST_STRING)
		return buf;
	plist_get_string_val(node, &text);
	if (text)
		snprintf(buf, SIM_TEXT_BYTES, "%s", text);
	free(text);
	return buf;
}

const char *sim_text(plist_t dict, const char *key, char buf[SIM_TEXT_BYTES])
{
	bool is = dict && plist_get_node_type(dict) == PLIST_DICT;

	return copy_text(is ? plist_dict_get_item(dict, key) : NULL, buf);
}

const char *sim_text_at(plist_t array, uint32_t index, char buf[SIM_TEXT_BYTES])
{
	bool is = array && plist_get_node_type(array) == PLIST_ARRAY &&
		  index < plist_array_get_size(array);

	return copy_text(is ? plist_array_get_item(array, index) : NULL, buf);
}

uint64_t sim_number(plist_t dict, const char *key, uint64_t def)
{
	plist_t node = NULL;

	if (dict && plist_get_node_type(dict) == PLIST_DICT)
		node = plist_dict_get_item(dict, key);
	if (node && plist_get_node_type(node) == PLIST_UINT)
		plist_get_uint_val(node, &def);
	return def;
}
