/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * com.apple.mobilebackup2: binary plists with a length before them, arrays whose first item is the
 * DeviceLink name. The host greets and asks for a backup; from then on the phone leads. Order and
 * codes: see docs and logs named in README.md; nobody promises that a real phone keeps it.
 */
#include "backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "journal.h"
#include "manifest.h"
#include "moves.h"
#include "services.h"
#include "sim.h"
#include "wire.h"

#define NOTHING	    "___EmptyParameterString___"
#define PRESENTED   "com.apple.LocalAuthentication.ui.presented"
#define DISMISSED   "com.apple.LocalAuthentication.ui.dismissed"
#define SPARE_BYTES ((uint64_t)128 << 20) /* what iOS 26 wants beyond the upload */
#define BIG_MOVE    5000
#define PASSCODE_US 100000

plist_t sim_message(const char *name)
{
	plist_t m = plist_new_array();

	plist_array_append_item(m, plist_new_string(name));
	return m;
}

static int protocol(struct sim_backup *b, const char *what, const char *detail)
{
	sim_journal(b->s, "PROTOCOL BACKUP %s %s", what, detail);
	return -1;
}

/* A DeviceLink status: a number that is negative, however the host encoded it. */
static int64_t signed_number(plist_t node)
{
	uint64_t v = 0;

	if (node && plist_get_node_type(node) == PLIST_UINT)
		plist_get_uint_val(node, &v);
	return (int64_t)v;
}

int sim_ask(struct sim_backup *b, plist_t message, int64_t *status, plist_t *value)
{
	char place[SIM_TEXT_BYTES] = "", name[SIM_TEXT_BYTES];
	plist_t answer;

	if (message) {
		sim_text_at(message, 0, place);
		if (sim_send_plist(b->c, message, true, place) < 0)
			return -1;
	}
	if (sim_recv_plist(b->c, &answer) < 0)
		return -1;
	if (strcmp(sim_text_at(answer, 0, name), "DLMessageStatusResponse") != 0 ||
	    plist_array_get_size(answer) < 3) {
		sim_journal(b->s, "BACKUP %s", name);
		plist_free(answer);
		return protocol(b, "no status after", place);
	}
	*status = signed_number(plist_array_get_item(answer, 1));
	sim_journal(b->s, "BACKUP answer %s status=%lld", *place ? place : "to the files",
		    (long long)*status);
	if (value)
		*value = plist_array_get_size(answer) > 3
				 ? plist_copy(plist_array_get_item(answer, 3))
				 : NULL;
	plist_free(answer);
	return 0;
}

int sim_ask_ok(struct sim_backup *b, plist_t message)
{
	int64_t status = 0;
	char text[32];

	if (sim_ask(b, message, &status, NULL) < 0)
		return -1;
	if (status == 0 || status == -7)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)status);
	sim_journal(b->s, "PHONE gives up: the host answered %s", text);
	sim_finish(b, 104, "The host could not do it (MBErrorDomain/104)");
	return -1;
}

int sim_make_dir(struct sim_backup *b, const char *path)
{
	plist_t m = sim_message("DLMessageCreateDirectory");
	char full[192];

	snprintf(full, sizeof(full), "%s%s%s", b->udid, *path ? "/" : "", path);
	plist_array_append_item(m, plist_new_string(full));
	return sim_ask_ok(b, m);
}

int sim_finish(struct sim_backup *b, int code, const char *text)
{
	plist_t m = sim_message("DLMessageProcessMessage"), dict = plist_new_dict(), answer = NULL;
	char name[SIM_TEXT_BYTES];

	plist_dict_set_item(dict, "MessageName", plist_new_string("Response"));
	plist_dict_set_item(dict, "ErrorCode", plist_new_uint((uint64_t)code));
	plist_dict_set_item(dict, "ErrorDescription", plist_new_string(text));
	plist_array_append_item(m, dict);
	sim_journal(b->s, "PHONE backup ends: code=%d files=%llu bytes=%llu", code,
		    (unsigned long long)b->uploaded, (unsigned long long)b->c->sent);
	if (sim_send_plist(b->c, m, true, "DLMessageProcessMessage") < 0)
		return -1;
	/* hosts say goodbye themselves; one that waits is told */
	if (sim_wait(b->c, 1000) && sim_recv_plist(b->c, &answer) == 0) {
		sim_journal(b->s, "BACKUP %s", sim_text_at(answer, 0, name));
		plist_free(answer);
		return 0;
	}
	m = sim_message("DLMessageDisconnect");
	plist_array_append_item(m, plist_new_string(NOTHING));
	return b->c->broken ? -1 : sim_send_plist(b->c, m, true, "DLMessageDisconnect");
}

static int exchange_versions(struct sim_backup *b)
{
	char name[SIM_TEXT_BYTES], ok[SIM_TEXT_BYTES];
	plist_t m = sim_message("DLMessageVersionExchange"), answer;
	int64_t version;

	plist_array_append_item(m, plist_new_uint(b->s->cfg.device_link));
	plist_array_append_item(m, plist_new_uint(0));
	if (sim_send_plist(b->c, m, true, "DLMessageVersionExchange") < 0 ||
	    sim_recv_plist(b->c, &answer) < 0)
		return -1;
	sim_text_at(answer, 0, name);
	sim_text_at(answer, 1, ok);
	version = plist_array_get_size(answer) > 2 ? signed_number(plist_array_get_item(answer, 2))
						   : 0;
	plist_free(answer);
	sim_journal(b->s, "BACKUP %s %s %lld", name, ok, (long long)version);
	if (strcmp(name, "DLMessageVersionExchange") != 0 || strcmp(ok, "DLVersionsOk") != 0 ||
	    version < (int64_t)b->s->cfg.device_link)
		return protocol(b, "version exchange", ok);
	return sim_send_plist(b->c, sim_message("DLMessageDeviceReady"), true,
			      "DLMessageDeviceReady");
}

/* The host's next ProcessMessage; its dict is the caller's. */
static int next_request(struct sim_backup *b, plist_t *request)
{
	char name[SIM_TEXT_BYTES];
	plist_t m, dict = NULL;

	*request = NULL;
	if (sim_recv_plist(b->c, &m) < 0)
		return -1;
	sim_text_at(m, 0, name);
	if (!strcmp(name, "DLMessageProcessMessage") && plist_array_get_size(m) > 1)
		dict = plist_array_get_item(m, 1);
	if (dict && plist_get_node_type(dict) == PLIST_DICT)
		*request = plist_copy(dict);
	else
		sim_journal(b->s, "%sBACKUP %s",
			    strcmp(name, "DLMessageDisconnect") != 0 ? "UNKNOWN " : "", name);
	plist_free(m);
	return *request ? 0 : -1;
}

static int greet(struct sim_backup *b, plist_t request)
{
	plist_t m = sim_message("DLMessageProcessMessage"), dict = plist_new_dict();
	plist_t versions = plist_dict_get_item(request, "SupportedProtocolVersions");
	double v = 0;
	bool found = false;

	for (uint32_t i = 0; versions && plist_get_node_type(versions) == PLIST_ARRAY &&
			     i < plist_array_get_size(versions);
	     i++) {
		plist_t one = plist_array_get_item(versions, i);

		if (plist_get_node_type(one) == PLIST_REAL)
			plist_get_real_val(one, &v);
		found |= v > 2.05 && v < 2.15;
	}
	sim_journal(b->s, "BACKUP Hello version2.1=%s", found ? "yes" : "no");
	plist_dict_set_item(dict, "MessageName", plist_new_string("Response"));
	plist_dict_set_item(dict, "ErrorCode", plist_new_uint(found ? 0 : 1));
	if (found)
		plist_dict_set_item(dict, "ProtocolVersion", plist_new_real(2.1));
	plist_array_append_item(m, dict);
	return sim_send_plist(b->c, m, true, "Hello");
}

/* 0: go on; 1: it ended with an error that was told. */
static int passcode(struct sim_backup *b)
{
	const struct sim_faults *f = &b->s->cfg.faults;
	int64_t wait = PASSCODE_US;
	bool never = sim_fault(f, FAULT_PASSCODE_TIMEOUT);

	if (sim_fault(f, FAULT_LOCKED))
		return sim_finish(b, 208, "Device locked (MBErrorDomain/208)") < 0 ? -1 : 1;
	if (sim_fault(f, FAULT_NO_PASSCODE))
		return 0;
	if (sim_fault(f, FAULT_PASSCODE_WAIT))
		wait = (int64_t)sim_fault_number(f, FAULT_PASSCODE_WAIT, 0, 0) * 1000000;
	if (never)
		wait = (int64_t)sim_fault_number(f, FAULT_PASSCODE_TIMEOUT, 3, 0) * 1000000;
	sim_np_relay(b->s, PRESENTED);
	for (int64_t end = sim_now_us() + wait; sim_now_us() < end;) {
		if (sim_sleep_us(b->s, 20000) < 0)
			return -1;
		if (sim_wait(b->c, 0)) /* the host left, or speaks out of turn */
			break;
	}
	if (sim_fault(f, FAULT_NO_DISMISS))
		return 0;
	sim_np_relay(b->s, DISMISSED);
	if (never)
		return sim_finish(b, 208, "Device locked (MBErrorDomain/208)") < 0 ? -1 : 1;
	return 0;
}

/* Takes what the host sends for DLMessageDownloadFiles; the content is of no interest. */
static int take_files(struct sim_backup *b)
{
	uint8_t head[4], *buf = b->buf;
	uint32_t n;
	char name[1024];

	for (;;) {
		uint64_t bytes = 0;

		if (sim_read(b->c, head, 4) < 0)
			return -1;
		n = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 |
		    head[3];
		if (!n)
			return 0;
		if (n >= sizeof(name) || sim_read(b->c, name, n) < 0)
			return protocol(b, "file name in DownloadFiles", "");
		name[n] = '\0';
		for (;;) {
			if (sim_read(b->c, head, 4) < 0)
				return -1;
			n = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
			    (uint32_t)head[2] << 8 | head[3];
			if (!n || n > 32768 + 1)
				return protocol(b, "block larger than 32 KiB, or empty:", name);
			if (sim_read(b->c, buf, n) < 0)
				return -1;
			if (buf[0] != 0x0c)
				break;
			bytes += n - 1;
		}
		sim_journal(b->s, "BACKUP sends %s code=%u bytes=%llu", name, buf[0],
			    (unsigned long long)bytes);
	}
}

static int download(struct sim_backup *b, const char *const *names, bool *have)
{
	plist_t m = sim_message("DLMessageDownloadFiles"), list = plist_new_array();
	char path[192];
	int64_t status = 0;

	for (; *names; names++) {
		snprintf(path, sizeof(path), "%s/%s", b->udid, *names);
		plist_array_append_item(list, plist_new_string(path));
	}
	plist_array_append_item(m, list);
	plist_array_append_item(m, plist_new_uint(0));
	plist_array_append_item(m, plist_new_real(0));
	if (sim_send_plist(b->c, m, true, "DLMessageDownloadFiles") < 0 || take_files(b) < 0 ||
	    sim_ask(b, NULL, &status, NULL) < 0)
		return -1;
	if (status != 0 && status != -13)
		return protocol(b, "status of DownloadFiles", "");
	*have = status == 0;
	return 0;
}

/* What the phone looks at before it sends anything: an older backup, folders, space. */
static int look_around(struct sim_backup *b)
{
	static const char *const status[] = {"Status.plist", NULL};
	static const char *const manifest[] = {"Manifest.plist", "Manifest.db", NULL};
	static const char *const dirs[] = {"/Snapshot", ""};
	char path[128];
	bool have = false;

	if (download(b, status, &have) < 0 || (have && download(b, manifest, &have) < 0))
		return -1;
	for (int i = 0; i < 2; i++) {
		plist_t m = sim_message("DLContentsOfDirectory");
		int64_t code = 0;

		snprintf(path, sizeof(path), "%s%s", b->udid, dirs[i]);
		plist_array_append_item(m, plist_new_string(path));
		if (sim_ask(b, m, &code, NULL) < 0)
			return -1;
	}
	return 0;
}

/* 0, 1: the phone gave up for lack of space, -1. */
static int ask_space(struct sim_backup *b)
{
	const struct sim_faults *f = &b->s->cfg.faults;
	uint64_t need = b->s->content.bytes + SPARE_BYTES, free_bytes = 0;
	plist_t m = sim_message("DLMessageGetFreeDiskSpace"), value = NULL;
	int64_t status = 0;

	if (sim_ask(b, m, &status, &value) < 0)
		return -1;
	free_bytes = (uint64_t)signed_number(value);
	plist_free(value);
	sim_journal(b->s, "BACKUP free=%llu needed=%llu", (unsigned long long)free_bytes,
		    (unsigned long long)need);
	if (free_bytes < need || sim_fault(f, FAULT_PURGE)) {
		m = sim_message("DLMessagePurgeDiskSpace");
		plist_array_append_item(m, plist_new_uint(need));
		plist_array_append_item(m, plist_new_uint(2));
		if (sim_ask(b, m, &status, NULL) < 0)
			return -1;
	}
	if (free_bytes >= need && !sim_fault(f, FAULT_NO_SPACE))
		return 0;
	return sim_finish(b, 105, "Insufficient free disk space on drive (MBErrorDomain/105)") < 0
		       ? -1
		       : 1;
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, SIM_ID_BYTES);
}

/* Holds one folder's listing against what was sent into it. */
static int check_listing(struct sim_backup *b, plist_t listing, uint64_t from, uint64_t to)
{
	bool sizes = sim_fault_at(&b->s->cfg.faults, FAULT_LIST_CHECK, "sizes", "");

	if (!listing || plist_get_node_type(listing) != PLIST_DICT)
		return protocol(b, "listing", "is no dict");
	for (uint64_t i = from; i < to; i++) {
		char hex[2 * SIM_ID_BYTES + 1];
		plist_t one;

		kt_hex(b->sent[i].id, SIM_ID_BYTES, hex);
		one = plist_dict_get_item(listing, hex);
		if (one && (!sizes ||
			    (uint32_t)sim_number(one, "DLFileSize", UINT64_MAX) == b->sent[i].size))
			continue;
		sim_journal(b->s, "PHONE misses %s in the listing (%s)", hex,
			    one ? "size" : "name");
		return -1;
	}
	return 0;
}

static int list_check(struct sim_backup *b)
{
	uint64_t from = 0, to;
	char path[128];

	if (!sim_fault(&b->s->cfg.faults, FAULT_LIST_CHECK))
		return 0;
	qsort(b->sent, (size_t)b->n_sent, sizeof(b->sent[0]), by_id);
	for (; from < b->n_sent; from = to) {
		plist_t m = sim_message("DLContentsOfDirectory"), listing = NULL;
		int64_t status = 0;
		int r;

		for (to = from; to < b->n_sent && b->sent[to].id[0] == b->sent[from].id[0]; to++)
			;
		snprintf(path, sizeof(path), "%s/Snapshot/%02x", b->udid, b->sent[from].id[0]);
		plist_array_append_item(m, plist_new_string(path));
		if (sim_ask(b, m, &status, &listing) < 0)
			return -1;
		r = check_listing(b, listing, from, to);
		plist_free(listing);
		if (r < 0) {
			sim_finish(b, 205,
				   "Manifest names files that are not there"
				   " (MBErrorDomain/205)");
			return -1;
		}
	}
	return 0;
}

/* Big ones go out as they are; small ones through libplist, where the faults are. */
static int send_moves(struct sim_backup *b, struct sim_moves *moves, unsigned progress)
{
	bool big = moves->n > BIG_MOVE;
	struct kt_buf out;
	plist_t m = NULL;
	int r;

	kt_buf_init(&out, (size_t)1 << 30);
	r = sim_moves_encode(moves, progress, &out);
	if (r == 0 && !big)
		plist_from_memory((const char *)out.p, (uint32_t)out.len, &m);
	else if (r == 0)
		r = sim_write_be32(b->c, (uint32_t)out.len) < 0 ||
				    sim_write(b->c, out.p, out.len) < 0
			    ? -1
			    : sim_sent(b->c, "DLMessageMoveItems");
	kt_buf_free(&out);
	if (r < 0 || (!big && !m))
		return -1;
	return sim_ask_ok(b, m);
}

static void add_move(struct sim_backup *b, struct sim_moves *moves, const char *name)
{
	char from[192], to[192];

	snprintf(from, sizeof(from), "%s/Snapshot/%s", b->udid, name);
	snprintf(to, sizeof(to), "%s/%s", b->udid, name);
	sim_moves_add(moves, from, to);
}

/* The folders that files will be moved to: one question each, so before the moves are counted. */
static int make_target(struct sim_backup *b, const struct sim_item *item)
{
	char name[8];

	if (b->made_dir[1][item->id[0]])
		return 0;
	b->made_dir[1][item->id[0]] = true;
	snprintf(name, sizeof(name), "%.2s", item->id_hex);
	return sim_make_dir(b, name);
}

/* Every file from the snapshot to its place. */
static int move_files(struct sim_backup *b)
{
	uint64_t batch = b->s->cfg.move_batch ? b->s->cfg.move_batch : UINT64_MAX;
	struct sim_moves moves;
	int r = 0;

	sim_moves_init(&moves);
	for (uint64_t i = 0; r == 0 && i < sim_content_items(&b->s->content); i++) {
		struct sim_item item;
		char name[64];

		sim_content_item(&b->s->content, i, &item);
		if (item.kind != SIM_FILE || sim_unreadable(b->s, &item))
			continue;
		r = make_target(b, &item);
		snprintf(name, sizeof(name), "%.2s/%s", item.id_hex, item.id_hex);
		add_move(b, &moves, name);
		if (r == 0 && moves.n >= batch)
			r = send_moves(b, &moves, 90);
	}
	if (r == 0 && moves.n)
		r = send_moves(b, &moves, 95);
	sim_moves_free(&moves);
	return r;
}

static int move_manifest(struct sim_backup *b)
{
	const char *missing = sim_fault_text(&b->s->cfg.faults, FAULT_NO_MANIFEST, "both");
	struct sim_moves moves;
	int r = 0;

	sim_moves_init(&moves);
	if (!missing || !strcmp(missing, "db"))
		add_move(b, &moves, "Manifest.plist");
	if (!missing || !strcmp(missing, "plist"))
		add_move(b, &moves, "Manifest.db");
	if (moves.n)
		r = send_moves(b, &moves, 98);
	sim_moves_free(&moves);
	return r;
}

static int clean_up(struct sim_backup *b)
{
	plist_t m = sim_message("DLMessageRemoveItems"), list = plist_new_array();
	char path[128];

	snprintf(path, sizeof(path), "%s/Snapshot", b->udid);
	plist_array_append_item(list, plist_new_string(path));
	plist_array_append_item(m, list);
	plist_array_append_item(m, plist_new_uint(0));
	plist_array_append_item(m, plist_new_real(99));
	return sim_ask_ok(b, m);
}

/* Sends and moves everything; the fault wrong-order swaps steps. */
static int transfer(struct sim_backup *b)
{
	const struct sim_faults *f = &b->s->cfg.faults;
	bool manifest_first = sim_fault_at(f, FAULT_WRONG_ORDER, "manifest", "");

	if (sim_fault_at(f, FAULT_WRONG_ORDER, "moves", "") && move_files(b) < 0)
		return -1;
	if (sim_make_dir(b, "") < 0 || sim_make_dir(b, "Snapshot") < 0 ||
	    sim_upload_plist(b, sim_status_plist(b->s, "uploading"), "Snapshot/Status.plist") < 0)
		return -1;
	while (sim_fault_at(f, FAULT_ENDLESS, "messages", ""))
		if (sim_make_dir(b, "Snapshot/00") < 0)
			return -1;
	if (manifest_first && sim_upload_manifest(b) < 0)
		return -1;
	if (sim_upload_files(b) < 0 || list_check(b) < 0)
		return -1;
	if (!manifest_first && sim_upload_manifest(b) < 0)
		return -1;
	if (sim_fault_at(f, FAULT_WRONG_ORDER, "end", ""))
		return sim_finish(b, 0, "") < 0 ? -1 : 1;
	if (move_files(b) < 0 || move_manifest(b) < 0 || clean_up(b) < 0)
		return -1;
	return sim_upload_plist(b, sim_status_plist(b->s, "finished"), "Status.plist");
}

static void back_up(struct sim_backup *b, plist_t request)
{
	plist_t options = plist_dict_get_item(request, "Options"), full = NULL;
	char target[SIM_TEXT_BYTES], source[SIM_TEXT_BYTES], serial[64];
	uint64_t code = sim_fault_number(&b->s->cfg.faults, FAULT_END_CODE, 0, 0);
	uint8_t is_full = 0;

	if (options && plist_get_node_type(options) == PLIST_DICT)
		full = plist_dict_get_item(options, "ForceFullBackup");
	if (full && plist_get_node_type(full) == PLIST_BOOLEAN)
		plist_get_bool_val(full, &is_full);
	sim_journal(b->s, "BACKUP Backup target=%s source=%s full=%s",
		    sim_text(request, "TargetIdentifier", target),
		    sim_text(request, "SourceIdentifier", source), is_full ? "yes" : "no");
	/* with the fault other-udid a phone has two names; it goes by the one it was called */
	if (!strcmp(target, sim_mux_serial(b->s, b->c->device, serial)))
		snprintf(b->udid, sizeof(b->udid), "%s", serial);
	if (strcmp(target, b->udid) != 0) {
		sim_journal(b->s, "PROTOCOL BACKUP for another phone");
		sim_finish(b, 1, "Wrong TargetIdentifier (MBErrorDomain/1)");
		return;
	}
	if (sim_fault_at(&b->s->cfg.faults, FAULT_WRONG_ORDER, "status", "")) {
		/* an upload that nobody announced, then all as usual */
		if (sim_upload_plist(b, sim_status_plist(b->s, "finished"), "Status.plist") < 0)
			return;
	}
	if (passcode(b) != 0 || look_around(b) < 0 || ask_space(b) != 0 || transfer(b) != 0)
		return;
	sim_finish(b, (int)code, code ? "An error of the phone's (MBErrorDomain)" : "");
}

static void refuse(struct sim_backup *b, plist_t request, const char *name)
{
	static const char *const reading[] = {"Info", "List"};
	const char *loud = "STATE-CHANGING ";

	(void)request;
	for (int i = 0; i < 2; i++)
		if (!strcmp(name, reading[i]))
			loud = "UNKNOWN ";
	sim_journal(b->s, "%sBACKUP %s", loud, name);
	sim_finish(b, 1, "Refused by the simulated phone (MBErrorDomain/1)");
}

void sim_backup_serve(struct sim_conn *c)
{
	struct sim_backup b = {.c = c, .s = c->sim};
	char name[SIM_TEXT_BYTES];
	plist_t request;

	c->stream = true;
	sim_udid(b.s, c->device, b.udid);
	b.buf = malloc(SIM_BUF_BYTES);
	b.sent = calloc((size_t)b.s->content.files + 1, sizeof(b.sent[0]));
	if (b.buf && b.sent && sim_fault_at(&b.s->cfg.faults, FAULT_WRONG_ORDER, "upload", ""))
		sim_upload_files(&b);
	if (b.buf && b.sent && exchange_versions(&b) == 0) {
		while (next_request(&b, &request) == 0) {
			bool hello = !strcmp(sim_text(request, "MessageName", name), "Hello");

			if (hello)
				greet(&b, request);
			else if (!strcmp(name, "Backup"))
				back_up(&b, request);
			else
				refuse(&b, request, name);
			plist_free(request);
			if (!hello)
				break;
		}
	}
	sim_flush(c);
	sim_journal(b.s, "PHONE backup connection over: sent=%llu received=%llu",
		    (unsigned long long)c->sent, (unsigned long long)c->received);
	free(b.buf);
	free(b.sent);
}
