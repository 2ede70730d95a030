/* SPDX-License-Identifier: EUPL-1.2 */
#include "phone.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#define AUTH_TOKEN	  1
#define AUTH_SIGNATURE	  2
#define AUTH_RSAPUBLICKEY 3
#define STREAMS_MAX	  256
#define DEVICE_STREAM	  77

int64_t sim_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int sim_phone_init(struct sim_phone *p, const struct sim_config *cfg)
{
	memset(p, 0, sizeof(*p));
	p->cfg = *cfg;
	p->journal.fd = p->storage.root = -1;
	p->tx = malloc(SIM_PAYLOAD_MAX);
	if (!p->tx)
		return -1;
	if (sim_journal_open(&p->journal, cfg->journal) < 0) {
		perror(cfg->journal);
		return -1;
	}
	if (sim_storage_open(&p->storage, &p->cfg) < 0) {
		perror(cfg->storage);
		return -1;
	}
	if (cfg->known_keys && sim_keys_load(&p->keys, cfg->known_keys) < 0) {
		fprintf(stderr, "%s: cannot read keys\n", cfg->known_keys);
		return -1;
	}
	return 0;
}

void sim_phone_free(struct sim_phone *p)
{
	sim_keys_clear(&p->keys);
	if (p->key_pending)
		sim_key_free(&p->pending);
	sim_storage_close(&p->storage);
	sim_journal_close(&p->journal);
	free(p->tx);
	p->tx = NULL;
}

void sim_phone_unplugged(struct sim_phone *p)
{
	sim_journal(&p->journal, "UNPLUG", "%s", p->cfg.serial);
	if (p->cfg.forget_keys)
		sim_keys_clear(&p->keys);
}

static uint32_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
	return sum;
}

static void be_slow(const struct sim_phone *p, size_t len)
{
	uint64_t ns;
	struct timespec ts;

	if (!p->cfg.slow)
		return;
	ns = (uint64_t)len * 1000000000u / p->cfg.slow;
	ts.tv_sec = (time_t)(ns / 1000000000u);
	ts.tv_nsec = (long)(ns % 1000000000u);
	nanosleep(&ts, NULL);
}

static void account(struct sim_phone *p, size_t len)
{
	p->sent += len;
	p->sent_session += len;
}

static void send_msg(struct sim_phone *p, uint32_t cmd, uint32_t arg0, uint32_t arg1,
		     const void *data, size_t len)
{
	uint8_t head[SIM_HEADER];
	const struct sim_config *cfg = &p->cfg;
	uint64_t total = SIM_HEADER + len;

	if (p->stalled)
		return;
	sim_put_le32(head, cmd);
	sim_put_le32(head + 4, arg0);
	sim_put_le32(head + 8, arg1);
	sim_put_le32(head + 12, (uint32_t)len);
	sim_put_le32(head + 16, p->version < SIM_VERSION ? checksum(data, len) : 0);
	sim_put_le32(head + 20, ~cmd);
	if (!p->did_oversize && cfg->oversize_frame != SIM_UNSET &&
	    p->sent >= cfg->oversize_frame) {
		p->did_oversize = true;
		sim_put_le32(head + 12, 0x7fffffff);
	}
	if (!p->did_magic && cfg->bad_magic != SIM_UNSET && p->sent >= cfg->bad_magic) {
		p->did_magic = true;
		sim_put_le32(head + 20, cmd);
	}
	be_slow(p, total);
	if (!p->did_stall && cfg->stall_at != SIM_UNSET && p->sent + total > cfg->stall_at) {
		total = p->sent < cfg->stall_at ? cfg->stall_at - p->sent : 0;
		p->did_stall = p->stalled = true;
	}
	if (!p->did_unplug && cfg->unplug_at != SIM_UNSET && p->sent + total >= cfg->unplug_at) {
		total = p->sent < cfg->unplug_at ? cfg->unplug_at - p->sent : 0;
		p->did_unplug = p->stalled = true;
	}
	account(p, total);
	if (total >= SIM_HEADER)
		p->link->send(p->link, head, SIM_HEADER, data, total - SIM_HEADER);
	else if (total)
		p->link->send(p->link, head, total, NULL, 0);
	if (p->did_unplug && p->stalled)
		p->link->unplug(p->link);
}

static void send_okay(struct sim_phone *p, uint32_t local, uint32_t remote)
{
	send_msg(p, SIM_OKAY, local, remote, NULL, 0);
	if (p->cfg.dup_okay)
		send_msg(p, SIM_OKAY, local, remote, NULL, 0);
}

static void drop_stream(struct sim_phone *p, struct sim_stream *s)
{
	struct sim_stream **at = &p->streams;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	if (s->service->free)
		s->service->free(s);
	sim_outq_clear(&s->out);
	sim_journal(&p->journal, "CLOSE", "%u", s->local);
	free(s);
}

static void close_stream(struct sim_phone *p, struct sim_stream *s)
{
	send_msg(p, SIM_CLSE, s->local, s->remote, NULL, 0);
	drop_stream(p, s);
}

static void go_online(struct sim_phone *p)
{
	const struct sim_config *cfg = &p->cfg;
	char banner[4096], name[256], device[256], model[256];
	int n;

	if (!sim_getprop(cfg, "ro.product.name", name, sizeof(name)))
		snprintf(name, sizeof(name), "sim");
	if (!sim_getprop(cfg, "ro.product.device", device, sizeof(device)))
		snprintf(device, sizeof(device), "sim");
	if (!sim_getprop(cfg, "ro.product.model", model, sizeof(model)))
		snprintf(model, sizeof(model), "%s", cfg->model);
	n = snprintf(banner, sizeof(banner),
		     "%s::ro.product.name=%s;ro.product.model=%s;ro.product.device=%s;features=%s",
		     cfg->banner, name, model, device, cfg->features);
	if (n < 0 || (size_t)n >= sizeof(banner))
		n = sizeof(banner) - 1;
	p->online = true;
	p->accepted++;
	send_msg(p, SIM_CNXN, p->cfg.old ? SIM_VERSION_OLD : SIM_VERSION,
		 p->cfg.maxdata != SIM_UNSET ? (uint32_t)p->cfg.maxdata
		 : p->cfg.old		     ? 4096
					     : SIM_PAYLOAD_MAX,
		 banner, (size_t)n);
	if (p->cfg.device_open)
		send_msg(p, SIM_OPEN, DEVICE_STREAM, 0, "tcp:5037", 9);
}

static void send_token(struct sim_phone *p)
{
	if (RAND_bytes(p->token, SIM_TOKEN) != 1)
		return;
	send_msg(p, SIM_AUTH, AUTH_TOKEN, 0, p->token, SIM_TOKEN);
}

static void end_connection(struct sim_phone *p)
{
	while (p->streams)
		drop_stream(p, p->streams);
	if (p->key_pending)
		sim_key_free(&p->pending);
	p->key_pending = p->online = p->stalled = false;
	p->prompt_ms = 0;
}

static void on_cnxn(struct sim_phone *p, const struct sim_msg *m)
{
	uint32_t own = p->cfg.maxdata != SIM_UNSET ? (uint32_t)p->cfg.maxdata
		       : p->cfg.old		   ? 4096
						   : SIM_PAYLOAD_MAX;
	uint32_t version = p->cfg.old ? SIM_VERSION_OLD : SIM_VERSION;

	end_connection(p);
	if (!p->cfg.stray)
		p->link->flush(p->link);
	sim_journal(&p->journal, "CONNECT", "%llu", (unsigned long long)++p->connections);
	p->version = m->arg0 < version ? m->arg0 : version;
	p->maxdata = m->arg1 < own ? m->arg1 : own;
	if (p->maxdata > SIM_PAYLOAD_MAX)
		p->maxdata = SIM_PAYLOAD_MAX;
	if (p->cfg.revoke_after != SIM_UNSET && p->accepted >= p->cfg.revoke_after) {
		p->cfg.revoke_after = SIM_UNSET;
		sim_keys_clear(&p->keys);
		sim_journal(&p->journal, "REVOKED", "all keys");
	}
	if (p->cfg.no_answer)
		return;
	if (p->cfg.stls)
		send_msg(p, SIM_STLS, SIM_VERSION_OLD, 0, NULL, 0);
	else if (p->cfg.prompt == SIM_PROMPT_ALWAYS)
		go_online(p);
	else
		send_token(p);
}

static void log_pubkey(const struct sim_phone *p, const struct sim_msg *m,
		       const struct sim_key *key)
{
	FILE *f;

	if (!p->cfg.pubkey_log)
		return;
	f = fopen(p->cfg.pubkey_log, "ae");
	if (!f)
		return;
	fprintf(f, "%s %.*s\n", key->fingerprint, (int)strnlen((const char *)m->data, m->len),
		(const char *)m->data);
	fclose(f);
}

static void on_pubkey(struct sim_phone *p, const struct sim_msg *m)
{
	const char *wrong;

	if (p->key_pending)
		sim_key_free(&p->pending);
	p->key_pending = false;
	wrong = m->len && !m->data[m->len - 1] ? sim_key_read(m->data, m->len - 1, &p->pending)
					       : "no NUL at the end";
	if (wrong) {
		sim_journal(&p->journal, "AUTH", "pubkey malformed: %s", wrong);
		return;
	}
	sim_journal(&p->journal, "AUTH", "pubkey %s", p->pending.fingerprint);
	log_pubkey(p, m, &p->pending);
	p->key_pending = true;
	if (p->cfg.prompt == SIM_PROMPT_DENY)
		send_token(p);
	else if (p->cfg.prompt != SIM_PROMPT_IGNORE)
		p->prompt_ms = sim_now_ms() + p->cfg.prompt_ms;
}

static void on_tap(struct sim_phone *p)
{
	p->prompt_ms = 0;
	sim_journal(&p->journal, "AUTH", "accepted %s", p->pending.fingerprint);
	if (p->cfg.prompt == SIM_PROMPT_ACCEPT_ONCE)
		sim_key_free(&p->pending);
	else
		sim_keys_add(&p->keys, &p->pending);
	p->key_pending = false;
	go_online(p);
}

static void on_auth(struct sim_phone *p, const struct sim_msg *m)
{
	const char *who;

	if (p->online || p->cfg.stls || p->cfg.no_answer || !p->connections)
		return;
	if (m->arg0 == AUTH_RSAPUBLICKEY) {
		on_pubkey(p, m);
		return;
	}
	if (m->arg0 != AUTH_SIGNATURE)
		return;
	who = sim_keys_verify(&p->keys, p->token, m->data, m->len);
	sim_journal(&p->journal, "AUTH", who ? "sig ok %s" : "sig bad", who);
	if (who)
		go_online(p);
	else
		send_token(p);
}

/* Services that change the phone or its connection; none may be asked for. */
static bool changing_service(const char *name)
{
	static const char *const bad[] = {
		"reboot",	  "remount",	   "root",   "unroot",	    "tcpip",
		"usb:",		  "reverse",	   "backup", "restore",	    "sideload",
		"disable-verity", "enable-verity", "abb",    "rescue",	    "tcp:",
		"local",	  "dev:",	   "jdwp",   "incremental", "install",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!strncmp(name, bad[i], strlen(bad[i])))
			return true;
	return false;
}

static const struct sim_service *find_service(const char *name, const char **arg)
{
	const char *colon = strchr(name, ':');

	if (!colon)
		return NULL;
	*arg = name; /* the shell reads its own options before the colon */
	if (!strncmp(name, "shell:", 6) || !strncmp(name, "shell,", 6) ||
	    !strncmp(name, "exec:", 5))
		return &sim_shell_service;
	return strcmp(name, "sync:") == 0 ? &sim_sync_service : NULL;
}

static void on_open(struct sim_phone *p, const struct sim_msg *m)
{
	const struct sim_service *service;
	const char *name = (const char *)m->data, *arg = NULL;
	struct sim_stream *s = NULL;
	uint32_t n = 0;

	if (!m->arg0 || !m->len || m->data[m->len - 1]) {
		sim_journal(&p->journal, "PROTOCOL", "bad OPEN");
		return;
	}
	sim_journal_bytes(&p->journal, "OPEN", name, strlen(name));
	for (const struct sim_stream *i = p->streams; i; i = i->next)
		n++;
	service = find_service(name, &arg);
	if (changing_service(name))
		sim_journal_bytes(&p->journal, "STATE-CHANGING", name, strlen(name));
	else if (!service)
		sim_journal_bytes(&p->journal, "UNKNOWN", name, strlen(name));
	if (p->cfg.deny_open && !strncmp(name, p->cfg.deny_open, strlen(p->cfg.deny_open)))
		service = NULL;
	/* A byte window in arg1 belongs to delayed_ack, which this phone never offers. */
	if (service && !m->arg1 && n < STREAMS_MAX)
		s = calloc(1, sizeof(*s));
	if (!s) {
		send_msg(p, SIM_CLSE, 0, m->arg0, NULL, 0);
		return;
	}
	s->phone = p;
	s->service = service;
	s->local = ++p->next_local;
	s->remote = m->arg0;
	s->next = p->streams;
	p->streams = s;
	if (service->open(s, arg) < 0) {
		send_msg(p, SIM_CLSE, 0, m->arg0, NULL, 0);
		drop_stream(p, s);
		return;
	}
	send_okay(p, s->local, s->remote);
}

static struct sim_stream *find_stream(struct sim_phone *p, const struct sim_msg *m)
{
	struct sim_stream *s = p->streams;

	while (s && (s->local != m->arg1 || s->remote != m->arg0))
		s = s->next;
	return s;
}

static void on_stream(struct sim_phone *p, const struct sim_msg *m)
{
	struct sim_stream *s = find_stream(p, m);

	if (m->cmd == SIM_OKAY) {
		if (s && !s->waiting)
			sim_journal(&p->journal, "PROTOCOL", "OKAY without a WRTE");
		if (s)
			s->waiting = false;
		return;
	}
	if (m->cmd == SIM_CLSE) {
		if (s)
			close_stream(p, s);
		return;
	}
	if (!s) {
		send_msg(p, SIM_CLSE, 0, m->arg0, NULL, 0);
		return;
	}
	if (s->service->input(s, m->data, m->len) < 0)
		close_stream(p, s);
	else
		send_okay(p, s->local, s->remote);
}

/* False: the connection cannot go on. */
static bool on_message(struct sim_phone *p, const struct sim_msg *m)
{
	bool sums = m->cmd == SIM_CNXN || !p->online || p->version < SIM_VERSION;

	if (sums && checksum(m->data, m->len) != m->check) {
		sim_journal(&p->journal, "PROTOCOL", "bad checksum");
		return false;
	}
	if (m->len > (p->online ? p->maxdata : 4096)) {
		sim_journal(&p->journal, "PROTOCOL", "payload of %u bytes is too long", m->len);
		return false;
	}
	switch (m->cmd) {
	case SIM_CNXN:
		on_cnxn(p, m);
		return true;
	case SIM_AUTH:
		on_auth(p, m);
		return true;
	case SIM_OPEN:
		if (p->online)
			on_open(p, m);
		return true;
	case SIM_OKAY:
	case SIM_CLSE:
	case SIM_WRTE:
		if (p->online)
			on_stream(p, m);
		return true;
	default:
		sim_journal(&p->journal, "PROTOCOL", "unknown command %08x", m->cmd);
		return true;
	}
}

/* Lets every stream that may speak say one message. True if one could say more at once. */
static bool pump(struct sim_phone *p)
{
	int64_t now = sim_now_ms();
	struct sim_stream *next;
	bool more = false;

	for (struct sim_stream *s = p->streams; s; s = next) {
		size_t n;

		next = s->next;
		if (s->waiting || s->ready_ms > now)
			continue;
		if (sim_outq_empty(&s->out) && s->service->more)
			s->service->more(s);
		n = sim_outq_drain(&s->out, p->tx, p->maxdata);
		if (n) {
			s->waiting = true;
			send_msg(p, SIM_WRTE, s->local, s->remote, p->tx, n);
			more = true;
		} else if (s->ending) {
			close_stream(p, s);
		}
	}
	return more;
}

static int next_timeout(const struct sim_phone *p)
{
	int64_t now = sim_now_ms(), at = p->prompt_ms ? p->prompt_ms : INT64_MAX;

	for (const struct sim_stream *s = p->streams; s; s = s->next)
		if (!s->waiting && s->ready_ms > now && s->ready_ms < at)
			at = s->ready_ms;
	if (at == INT64_MAX)
		return -1;
	return at <= now ? 0 : at - now > 3600000 ? 3600000 : (int)(at - now);
}

static void send_stray(struct sim_phone *p)
{
	uint8_t junk[700];

	memset(junk, 0x5a, sizeof(junk));
	p->version = SIM_VERSION;
	send_msg(p, SIM_WRTE, 9999, 8888, junk, sizeof(junk));
	send_msg(p, SIM_OKAY, 9999, 8888, NULL, 0);
}

enum sim_link_result sim_phone_session(struct sim_phone *p, struct sim_link *link)
{
	enum sim_link_result r = SIM_LINK_TIMEOUT;
	uint64_t before = p->connections;
	struct sim_msg m;

	p->link = link;
	p->version = SIM_VERSION_OLD;
	p->maxdata = 4096;
	p->sent_session = 0;
	link->received = 0;
	if (p->cfg.stray)
		send_stray(p);
	while (r >= SIM_LINK_TIMEOUT) {
		bool more = pump(p);

		r = link->recv(link, &m, more ? 0 : next_timeout(p));
		if (r == SIM_LINK_MSG && !on_message(p, &m)) {
			link->error = "message refused";
			r = SIM_LINK_BAD;
		}
		if (r < SIM_LINK_TIMEOUT || !p->prompt_ms || sim_now_ms() < p->prompt_ms)
			continue;
		if (p->cfg.tap_when && access(p->cfg.tap_when, F_OK) != 0)
			p->prompt_ms = sim_now_ms() + 50; /* looked for again */
		else
			on_tap(p);
	}
	if (r == SIM_LINK_BAD)
		sim_journal(&p->journal, "PROTOCOL", "%s", link->error ? link->error : "broken");
	end_connection(p);
	if (p->connections != before || p->sent_session)
		sim_journal(&p->journal, "BYTES", "sent=%llu received=%llu",
			    (unsigned long long)p->sent_session,
			    (unsigned long long)link->received);
	return r;
}
