/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * DeviceLink and mobilebackup2, from the host's side; the order of things after public
 * descriptions and logs. Greeting: version exchange (400, 300), Hello, Backup. Then the phone
 * leads: answers.c. Files: two names, blocks, an end.
 */
#include "core/devproto.h"
#include "core/err.h"
#include "extractor/ios/message.h"
#include "extractor/ios/stream_i.h"

#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS	  100
#define TELL_MS	  1000
#define BLOCK_MAX ((uint32_t)256 << 20)
#define PLIST_MAX ((size_t)8 << 20)

#define REPEATS_MAX   64u
#define NOTES_AT_ONCE 16u
#define NOTES_MAX     1000u
#define DIALOGS_MAX   8u	      /* each gives its holder time anew */
#define EMPTY_MAX     1000u	      /* blocks without a byte, in one file */
#define ASKED_MAX     UINT64_C(20000) /* messages beyond two for each file */

#define CODE_END  0x00
#define CODE_DATA 0x0c

static int64_t idle(void)
{
	return kt_wire_now() + KT_STREAM_IDLE_MS;
}

/* -- opening ---------------------------------------------------------------------------------- */

/* Whoever asks for the code of the phone says so here; it is only for the screen. */
static void open_notify(struct kt_stream *st)
{
	static const char *const names[] = {KT_IOS_PRESENTED, KT_IOS_DISMISSED};
	int r = kt_ios_service(st->o.link, KT_IOS_SVC_NOTIFY, &st->notify, NULL, NULL);

	for (size_t i = 0; r == 0 && i < 2; i++) {
		plist_t m = plist_new_dict();

		plist_dict_set_item(m, "Command", plist_new_string("ObserveNotification"));
		plist_dict_set_item(m, "Name", plist_new_string(names[i]));
		r = kt_ios_send(&st->o.link->allow, &st->notify, KT_IOS_NOTIFY, m, idle(), NULL);
		plist_free(m);
	}
	st->has_notify = r == 0;
	if (r < 0)
		kt_wire_close(&st->notify);
}

static int send_message(struct kt_stream *st, plist_t m, struct kt_err *err)
{
	int r = kt_ios_send(&st->o.link->allow, &st->w, KT_IOS_BACKUP, m, idle(), err);

	plist_free(m);
	return r;
}

static plist_t message(const char *name)
{
	plist_t m = plist_new_array();

	plist_array_append_item(m, plist_new_string(name));
	return m;
}

static int exchange_versions(struct kt_stream *st, struct kt_err *err)
{
	plist_t m;
	int r = kt_dl_expect(st, "DLMessageVersionExchange", err);

	if (r < 0)
		return r;
	/* a phone that offers 300 takes 400 for an answer too, one that offers more says no */
	m = message("DLMessageVersionExchange");
	plist_array_append_item(m, plist_new_string("DLVersionsOk"));
	plist_array_append_item(m, plist_new_uint(400));
	r = send_message(st, m, err);
	return r < 0 ? r : kt_dl_expect(st, "DLMessageDeviceReady", err);
}

static int hello(struct kt_stream *st, struct kt_err *err)
{
	plist_t m = message("DLMessageProcessMessage"), dict = plist_new_dict();
	plist_t versions = plist_new_array();
	int64_t code;
	int r;

	plist_array_append_item(versions, plist_new_real(2.0));
	plist_array_append_item(versions, plist_new_real(2.1));
	plist_dict_set_item(dict, "MessageName", plist_new_string("Hello"));
	plist_dict_set_item(dict, "SupportedProtocolVersions", versions);
	plist_array_append_item(m, dict);
	r = send_message(st, m, err);
	if (r == 0)
		r = kt_dl_expect(st, "DLMessageProcessMessage", err);
	if (r < 0)
		return r;
	code = kt_dl_number(st, "ErrorCode", -1);
	return code == 0
		       ? 0
		       : KT_FAIL(err, KT_E_REFUSED,
				 "backup-version: the phone's backup service answers the greeting "
				 "with error %lld",
				 (long long)code);
}

static int ask_for_backup(struct kt_stream *st, struct kt_err *err)
{
	const char *udid = st->o.link->phone.udid;
	plist_t m = message("DLMessageProcessMessage"), dict = plist_new_dict();
	plist_t options = plist_new_dict();

	plist_dict_set_item(options, "ForceFullBackup", plist_new_bool(1));
	plist_dict_set_item(dict, "MessageName", plist_new_string("Backup"));
	plist_dict_set_item(dict, "TargetIdentifier", plist_new_string(udid));
	plist_dict_set_item(dict, "SourceIdentifier", plist_new_string(udid));
	plist_dict_set_item(dict, "Options", options);
	plist_array_append_item(m, dict);
	st->begun_at = kt_wire_now();
	return send_message(st, m, err);
}

int kt_stream_open(struct kt_stream *st, const struct kt_stream_opt *o, struct kt_err *err)
{
	int r;

	memset(st, 0, sizeof(*st));
	st->o = *o;
	st->w.fd = st->notify.fd = st->spill.fd = -1;
	kt_buf_init(&st->msg, KT_STREAM_MESSAGE + 1);
	kt_buf_init(&st->plist, PLIST_MAX);
	st->md = EVP_MD_CTX_new();
	if (st->md == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a digest");
	r = kt_names_init(&st->names, err);
	if (r < 0)
		return r;
	open_notify(st);
	r = kt_ios_service(st->o.link, KT_IOS_SVC_BACKUP, &st->w, st->error, err);
	if (r == 0)
		r = exchange_versions(st, err);
	if (r == 0)
		r = hello(st, err);
	return r == 0 ? ask_for_backup(st, err) : r;
}

/* A word of farewell, without waiting for an answer. */
static void say_goodbye(struct kt_stream *st)
{
	plist_t m;

	if (st->w.fd < 0)
		return;
	st->w.watch.check = NULL;
	m = message("DLMessageDisconnect");
	plist_array_append_item(m, plist_new_string("___EmptyParameterString___"));
	kt_ios_send(&st->o.link->allow, &st->w, KT_IOS_BACKUP, m, kt_wire_now() + TELL_MS, NULL);
	plist_free(m);
}

static void hang_up(struct kt_stream *st)
{
	/* in the middle of something a phone waits for an answer, not for this */
	if (st->phase == KT_STREAM_OVER)
		say_goodbye(st);
	kt_wire_close(&st->w);
	kt_wire_close(&st->notify);
	st->has_notify = false;
}

void kt_stream_close(struct kt_stream *st)
{
	hang_up(st);
	kt_names_free(&st->names);
	kt_spill_close(&st->spill);
	kt_buf_free(&st->msg);
	kt_buf_free(&st->plist);
	free(st->scan);
	EVP_MD_CTX_free(st->md);
	memset(st, 0, sizeof(*st));
	st->w.fd = st->notify.fd = st->spill.fd = -1;
}

/* -- waiting ---------------------------------------------------------------------------------- */

/* Progress, once a second. */
static void tell(struct kt_stream *st)
{
	int64_t now = kt_wire_now();
	char text[80] = "";
	unsigned left = 0;
	int state = KT_STATE_RECEIVING;

	if (now - st->told_at < TELL_MS)
		return;
	st->told_at = now;
	if (st->asking) {
		int64_t end = st->asked_at + (int64_t)st->o.passcode_wait_s * 1000;

		state = KT_STATE_PASSCODE;
		left = end > now ? (unsigned)((end - now + TELL_MS - 1) / TELL_MS) : 0;
	} else if (st->files == 0) {
		state = KT_STATE_PREPARING;
	} else {
		snprintf(text, sizeof(text), "%llu files, %.1f MB", (unsigned long long)st->files,
			 (double)st->bytes / 1e6);
	}
	st->o.report(st->o.arg, state, left, text);
}

static void end_notify(struct kt_stream *st)
{
	kt_wire_close(&st->notify);
	st->has_notify = st->asking = false;
}

static void on_notification(struct kt_stream *st)
{
	char name[128];
	plist_t dict;

	if (kt_msg_read_dict(&st->notify, &dict, kt_wire_now() + TELL_MS, NULL) < 0) {
		end_notify(st);
		return;
	}
	kt_msg_text(dict, "Name", name, sizeof(name));
	plist_free(dict);
	if (strcmp(name, KT_IOS_PRESENTED) == 0 && !st->asking && st->dialogs < DIALOGS_MAX) {
		st->dialogs++;
		st->asking = st->was_asked = true;
		st->asked_at = kt_wire_now();
		st->told_at = 0;
	} else if (strcmp(name, KT_IOS_DISMISSED) == 0) {
		st->asking = false;
		st->told_at = 0;
	}
}

static void listen_to_phone(struct kt_stream *st)
{
	int r;

	/* a few at a time, and not for ever: it is only for the screen */
	for (unsigned i = 0; i < NOTES_AT_ONCE && st->has_notify; i++) {
		r = kt_wire_look(&st->notify, NULL);
		if (r == 0)
			break;
		if (r > 0 && ++st->notes <= NOTES_MAX)
			on_notification(st);
		else
			end_notify(st);
	}
}

/* When the phone must have said something. */
static int64_t message_deadline(const struct kt_stream *st, int64_t since)
{
	int64_t passcode = (int64_t)st->o.passcode_wait_s * 1000;

	if (st->asking)
		return st->asked_at + passcode;
	/* phones that tell nobody of their dialog wait in silence */
	if (st->files == 0 && passcode > KT_STREAM_MESSAGE_MS)
		return since + passcode;
	return since + KT_STREAM_MESSAGE_MS;
}

static int wait_for_message(struct kt_stream *st, struct kt_err *err)
{
	int64_t since = kt_wire_now();
	int r;

	while ((r = kt_wire_look(&st->w, err)) == 0) {
		struct pollfd p[2] = {
			{.fd = st->w.fd, .events = POLLIN},
			{.fd = st->has_notify ? st->notify.fd : -1, .events = POLLIN}};
		bool asked = st->asking;

		poll(p, 2, TICK_MS);
		if (st->w.watch.check != NULL && (r = st->w.watch.check(st->w.watch.ctx)) < 0)
			return KT_FAIL(err, r, "cancelled");
		listen_to_phone(st);
		if (asked && !st->asking) /* it was typed: from now on the phone is at work */
			since = kt_wire_now();
		tell(st);
		if (kt_wire_now() >= message_deadline(st, since))
			return st->asking || (st->files == 0 && st->was_asked)
				       ? KT_FAIL(err, KT_E_PARTIAL,
						 "passcode-not-entered: nobody typed the phone's "
						 "code on the phone in time")
				       : KT_FAIL(err, KT_E_TIMEOUT,
						 "phone-silent: the phone sends nothing any more");
	}
	return r < 0 ? r : 0;
}

/* -- files ------------------------------------------------------------------------------------ */

static int lost(int r, struct kt_err *err)
{
	if (r == KT_E_TIMEOUT)
		KT_TRACE(err, r, "phone-silent: the phone stopped in the middle of a file");
	return r;
}

static int read_be32(struct kt_stream *st, uint32_t *v, struct kt_err *err)
{
	uint8_t b[4] = {0};
	int r = kt_wire_read(&st->w, b, sizeof(b), idle(), err);

	*v = 0;
	if (r < 0)
		return lost(r, err);
	*v = kt_get_be32(b);
	return 0;
}

static int drain_block(struct kt_stream *st, struct kt_err *err)
{
	struct kt_stream_file *f = &st->f;

	while (f->block > 0) {
		size_t k = st->w.end - st->w.at;
		int r = k == 0 ? kt_wire_fill(&st->w, idle(), err) : 0;

		if (r < 0)
			return lost(r, err);
		k = st->w.end - st->w.at;
		k = k < f->block ? k : f->block;
		st->w.at += k;
		f->block -= (uint32_t)k;
	}
	return 0;
}

/* One of the two names before a file. *n 0: the list ends. */
static int read_name(struct kt_stream *st, uint8_t *name, size_t *n, struct kt_err *err)
{
	uint32_t len;
	int r = read_be32(st, &len, err);

	*n = 0;
	if (r < 0)
		return r;
	if (len > KT_STREAM_NAME)
		return KT_FAIL(err, KT_E_FORMAT, "the phone announces a file name of %u bytes",
			       len);
	r = kt_wire_read(&st->w, name, len, idle(), err);
	*n = len;
	return r < 0 ? lost(r, err) : 0;
}

/* The phone's words instead of a file. */
static int take_reason(struct kt_stream *st, struct kt_err *err)
{
	struct kt_stream_file *f = &st->f;
	size_t n = f->block < sizeof(f->why) - 1 ? f->block : sizeof(f->why) - 1;
	int r = kt_wire_read(&st->w, f->why, n, idle(), err);

	if (r < 0)
		return lost(r, err);
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)f->why[i] < 0x20 || (uint8_t)f->why[i] > 0x7e)
			f->why[i] = '?';
	f->why[n] = '\0';
	f->block -= (uint32_t)n;
	f->failed = true;
	if (n == 0)
		snprintf(f->why, sizeof(f->why), "the phone gives no reason");
	return drain_block(st, err);
}

/* Why the database is of no use. A full disk of ours is not the phone's fault, and ends all. */
static int note_database(struct kt_stream *st, const struct kt_err *why, struct kt_err *err)
{
	if (why->n > 0)
		snprintf(st->db_why, sizeof(st->db_why), "%s", kt_err_text(why));
	if (st->db_code != KT_E_STORAGE)
		return 0;
	return KT_FAIL(err, KT_E_STORAGE,
		       "no room to hold Manifest.db while the backup is compared with it: %.90s",
		       st->db_why);
}

static int end_database(struct kt_stream *st, struct kt_err *err)
{
	struct kt_err why = {0};

	if (st->db_code == 0)
		st->db_code = kt_spill_end(&st->spill, st->db_sha, &st->db, &why);
	st->has_db = st->db_code == 0;
	return note_database(st, &why, err);
}

/* Everything of the file is there, or the phone gave it up. */
static int end_file(struct kt_stream *st, struct kt_err *err)
{
	struct kt_stream_file *f = &st->f;
	uint8_t flags = f->in_snapshot ? KT_NAME_SNAPSHOT : KT_NAME_FINAL;
	int r = 0;

	f->ended = true;
	if (f->kind == KT_STREAM_MEMBER && EVP_DigestFinal_ex(st->md, f->sha1, NULL) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "no SHA-1");
	if (f->kind == KT_STREAM_PLIST)
		st->has_plist = !f->failed && !st->plist.failed && st->plist.len > 0;
	if (f->kind == KT_STREAM_DB && f->failed) {
		st->db_code = KT_E_PARTIAL;
		snprintf(st->db_why, sizeof(st->db_why), "%s", f->why);
	} else if (f->kind == KT_STREAM_DB) {
		r = end_database(st, err);
	}
	if (f->special >= 0) {
		st->special_here[f->in_snapshot][f->special] = true;
		st->special_size[f->in_snapshot][f->special] = f->size;
		return r;
	}
	if (f->failed)
		st->unreadable++;
	if (!f->is_id)
		return 0;
	st->names.made[f->in_snapshot ? 0 : 1][f->id[0]] = true;
	return kt_names_put(&st->names, f->id, f->size,
			    (uint8_t)(flags | (f->failed ? KT_NAME_UNREAD : 0)), err);
}

/* The head of the next block; at the end of the file f->ended is set. */
static int next_block(struct kt_stream *st, struct kt_err *err)
{
	struct kt_stream_file *f = &st->f;
	uint32_t n;
	int r = read_be32(st, &n, err);

	if (r == 0 && (n == 0 || n > BLOCK_MAX))
		r = KT_FAIL(err, KT_E_FORMAT, "the phone announces a block of %u bytes", n);
	if (r == 0)
		r = kt_wire_read(&st->w, &f->code, 1, idle(), err);
	if (r < 0)
		return lost(r, err);
	f->block = n - 1;
	if (f->code == CODE_DATA && f->block == 0 && ++f->empty > EMPTY_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "the phone sends blocks with nothing in them");
	if (f->code == CODE_DATA)
		return 0;
	r = f->code == CODE_END ? drain_block(st, err) : take_reason(st, err);
	return r < 0 ? r : end_file(st, err);
}

/* What the bytes are for, beside being counted. */
static int keep(struct kt_stream *st, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct kt_err why = {0};

	switch (st->f.kind) {
	case KT_STREAM_MEMBER:
		if (EVP_DigestUpdate(st->md, p, n) != 1)
			return KT_FAIL(err, KT_E_INTERNAL, "no SHA-1");
		return 0;
	case KT_STREAM_PLIST:
		kt_buf_put(&st->plist, p, n); /* failure is remembered in it */
		return 0;
	case KT_STREAM_DB:
		if (st->db_code == 0)
			st->db_code = kt_spill_put(&st->spill, p, n, &why);
		return note_database(st, &why, err);
	case KT_STREAM_DRAIN:
		break;
	}
	return 0;
}

int kt_stream_data(struct kt_stream *st, const uint8_t **p, size_t *n, struct kt_err *err)
{
	struct kt_stream_file *f = &st->f;
	int r = 0;

	*n = 0;
	*p = NULL;
	if (!f->open)
		return KT_FAIL(err, KT_E_USAGE, "no file is at hand");
	while (!f->ended && f->block == 0) {
		r = next_block(st, err);
		if (r < 0)
			return r;
	}
	if (f->ended)
		return f->failed ? KT_FAIL(err, KT_E_PARTIAL,
					   "unreadable: the phone could not read the file: %.100s",
					   f->why)
				 : 0;
	if (st->w.at == st->w.end)
		r = kt_wire_fill(&st->w, idle(), err);
	if (r < 0)
		return lost(r, err);
	*n = st->w.end - st->w.at;
	*n = *n < f->block ? *n : f->block;
	*p = st->w.buf + st->w.at;
	st->w.at += *n;
	f->block -= (uint32_t)*n;
	f->size += *n;
	st->bytes += *n;
	/* that is the phone's capacity and more */
	if (st->bytes > st->o.free_bytes)
		return KT_FAIL(err, KT_E_LIMIT, "the phone sends more than it can hold");
	return keep(st, *p, *n, err);
}

/* Drops what is left of the current file. */
static int finish_file(struct kt_stream *st, struct kt_err *err)
{
	while (st->f.open && !st->f.ended) {
		struct kt_err why = {0};
		const uint8_t *p;
		size_t n;
		int r = kt_stream_data(st, &p, &n, &why);

		if (r < 0 && r != KT_E_PARTIAL)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		if (n > 0 && st->f.size % (1u << 20) < n)
			tell(st);
	}
	st->f.open = false;
	return 0;
}

static int start_database(struct kt_stream *st, struct kt_err *err)
{
	struct kt_err why = {0};

	kt_spill_close(&st->spill);
	st->has_db = false;
	st->db_code = kt_spill_open(&st->spill, st->o.case_fd, &why);
	return note_database(st, &why, err);
}

static int classify(struct kt_stream *st, const uint8_t *host, size_t n, struct kt_err *err)
{
	struct kt_stream_file *f = &st->f;
	struct kt_dl_path path;
	uint64_t size;
	uint8_t flags;

	kt_dl_parse(st->o.link->phone.udid, host, n, &path);
	f->in_snapshot = path.in_snapshot;
	f->is_id = path.what == KT_DL_FILE;
	if (path.what == KT_DL_SPECIAL) {
		f->special = path.special;
		if (path.special == KT_DL_MANIFEST_PLIST) {
			f->kind = KT_STREAM_PLIST;
			st->has_plist = false;
			kt_buf_free(&st->plist);
			kt_buf_init(&st->plist, PLIST_MAX);
		} else if (path.special == KT_DL_MANIFEST_DB) {
			f->kind = KT_STREAM_DB;
			return start_database(st, err);
		}
		return 0;
	}
	if (st->files++ == 0)
		st->told_at =
			0; /* the screen says so with the first file, even if no other comes */
	/* whatever is said of its dialog: a phone that sends files waits for no code */
	st->asking = false;
	if (!f->is_id) {
		st->refused++;
		return 0;
	}
	memcpy(f->id, path.id, sizeof(f->id));
	f->how = kt_wanted_match(st->o.wanted, f->id, f->path, f->path_len, &f->hit, &f->which);
	if (f->how == KT_WANTED_ODD)
		st->odd++;
	if (f->how != KT_WANTED_ID && f->how != KT_WANTED_PATTERN)
		return 0;
	f->twice = kt_names_get(&st->names, f->id, &size, &flags);
	/* one file twice is odd, a hundred are an attempt to keep us busy */
	if (f->twice && ++st->repeats > REPEATS_MAX) {
		st->odd++;
		return 0;
	}
	f->kind = KT_STREAM_MEMBER;
	return 0;
}

/* 1: a file begins, 0: the list is over and answered. */
static int begin_file(struct kt_stream *st, struct kt_err *err)
{
	static uint8_t host[KT_STREAM_NAME];
	struct kt_stream_file *f = &st->f;
	size_t n = 0;
	int r;

	f->open = f->ended = f->failed = f->is_id = f->in_snapshot = f->twice = false;
	f->kind = KT_STREAM_DRAIN;
	f->how = KT_WANTED_NO;
	f->special = -1;
	f->size = 0;
	f->block = f->empty = 0;
	r = read_name(st, f->path, &f->path_len, err);
	if (r == 0 && f->path_len == 0) {
		st->phase = KT_STREAM_MESSAGES;
		return kt_dl_status(st, 0, NULL, plist_new_dict(), err);
	}
	if (r == 0)
		r = read_name(st, host, &n, err);
	if (r == 0)
		r = classify(st, host, n, err);
	if (r < 0)
		return r;
	if (f->kind == KT_STREAM_MEMBER && EVP_DigestInit_ex(st->md, EVP_sha1(), NULL) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "no SHA-1");
	f->open = true;
	/* whether the phone can read it is known with the first block */
	r = next_block(st, err);
	return r < 0 ? r : 1;
}

/* -- the conversation ------------------------------------------------------------------------- */

static int next_message(struct kt_stream *st, struct kt_err *err)
{
	uint32_t n = 0;
	int r = wait_for_message(st, err);

	if (r == 0)
		r = read_be32(st, &n, err);
	if (r < 0)
		return r;
	if (++st->messages > ASKED_MAX + 2 * st->files)
		return KT_FAIL(err, KT_E_LIMIT, "the phone asks without end and sends nothing");
	if (n > KT_STREAM_MESSAGE)
		return kt_dl_answer_large(st, n, err);
	if (st->msg.cap > ((size_t)1 << 20)) {
		kt_buf_free(&st->msg);
		kt_buf_init(&st->msg, KT_STREAM_MESSAGE + 1);
	}
	kt_buf_reset(&st->msg);
	if (kt_buf_reserve(&st->msg, n) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a message");
	r = kt_wire_read(&st->w, st->msg.p, n, idle(), err);
	if (r < 0)
		return lost(r, err);
	st->msg.len = n;
	return kt_dl_answer(st, err);
}

int kt_stream_next(struct kt_stream *st, struct kt_err *err)
{
	int r = finish_file(st, err);

	while (r == 0 && st->phase != KT_STREAM_OVER) {
		if (st->phase == KT_STREAM_MESSAGES) {
			r = next_message(st, err);
			continue;
		}
		r = begin_file(st, err);
		if (st->files == 1 || (st->files & 63) == 0)
			tell(st);
		if (r == 1 && st->f.kind == KT_STREAM_MEMBER)
			return 1;
		if (r == 1)
			r = finish_file(st, err);
	}
	hang_up(st);
	return r;
}
