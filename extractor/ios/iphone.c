/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/iphone.h"

#include "core/err.h"
#include "core/request.h"
#include "extractor/image/plist.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MTIME_NS  1000000000
#define LOCKED_MS 1000

int kt_iphone_warm(struct kt_err *err)
{
	/* no configuration from the environment decides what this process does */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "OpenSSL does not start");
	return kt_image_warm(err);
}

int kt_iphone_open(struct kt_iphone *ip, const struct kt_iphone_opt *o, struct kt_err *err)
{
	int r;

	memset(ip, 0, sizeof(*ip));
	ip->o = *o;
	snprintf(ip->udid, sizeof(ip->udid), "%s", o->udid);
	ip->link.watch = o->watch;
	ip->link.allow.may = o->may;
	ip->link.allow.udid = ip->link.phone.udid;
	if (o->pair != NULL) {
		ip->link.pair = *o->pair;
		memset(o->pair, 0, sizeof(*o->pair));
	}
	kt_buf_init(&ip->path, 2 * KT_DEV_PATH_MAX);
	kt_buf_init(&ip->mem, 0);
	kt_buf_init(&ip->provisional, KT_IPHONE_PROVISIONAL * sizeof(struct kt_provisional));
	kt_buf_init(&ip->summary, 0);
	r = kt_iphone_warm(err);
	if (r == 0)
		r = kt_wanted_make(&ip->wanted, o->may, err);
	if (r == 0 && (ip->chunk = malloc(KT_DEV_CHUNK)) == NULL)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory to read a phone");
	return r == 0 ? kt_iphone_connect(ip, err) : r;
}

static void end_media(struct kt_iphone *ip)
{
	if (ip->media_open)
		kt_media_close(&ip->media);
	ip->media_open = false;
}

void kt_iphone_forget(const char *udid, const bool *may, struct kt_pair *kept)
{
	struct kt_ios_link link = {.allow = {.may = may}, .pair = *kept};

	memset(kept, 0, sizeof(*kept));
	kt_iphone_unpair(&link, udid);
	kt_pair_free(&link.pair);
}

void kt_iphone_close(struct kt_iphone *ip, struct kt_pair *keep)
{
	if (ip->udid[0] == '\0')
		return;
	end_media(ip);
	if (ip->manifest_open)
		kt_manifest_close(&ip->manifest);
	if (ip->opener_open)
		kt_backup_opener_close(&ip->opener);
	if (ip->stream_open)
		kt_stream_close(&ip->stream);
	if (keep != NULL && ip->link.pair.ours && ip->link.pair.trusted) {
		*keep = ip->link.pair;
		memset(&ip->link.pair, 0, sizeof(ip->link.pair));
	}
	kt_iphone_unpair(&ip->link, ip->udid);
	kt_pair_free(&ip->link.pair);
	kt_wanted_free(&ip->wanted);
	kt_buf_free(&ip->path);
	kt_buf_free(&ip->mem);
	kt_buf_free(&ip->provisional);
	kt_buf_free(&ip->summary);
	free(ip->chunk);
	OPENSSL_cleanse(ip, sizeof(*ip));
}

/* -- members ---------------------------------------------------------------------------------- */

static void begin_member(struct kt_iphone *ip, const void *path, size_t n)
{
	memset(&ip->m, 0, sizeof(ip->m));
	kt_buf_reset(&ip->path);
	kt_buf_put(&ip->path, path, n);
	ip->m.path = ip->path.p;
	ip->m.path_len = ip->path.len;
	ip->m.mode = S_IFREG;
	ip->number++;
	ip->pos = 0;
	ip->taken = false;
}

static void note(struct kt_iphone *ip, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct kt_iphone *ip, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ip->m.note, sizeof(ip->m.note), fmt, ap);
	va_end(ap);
}

static void unreadable(struct kt_iphone *ip, const char *why)
{
	ip->m.flags |= KT_DEV_M_UNREADABLE;
	ip->at = KT_IPHONE_NONE;
	ip->sum.unreadable++;
	note(ip, "%.140s", why);
}

/* The first trouble is the one to tell at the end. */
static void fail_end(struct kt_iphone *ip, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail_end(struct kt_iphone *ip, int code, const char *fmt, ...)
{
	va_list ap;

	if (ip->end_code != 0)
		return;
	ip->end_code = code;
	ip->lost = code == KT_E_DEVICE || code == KT_E_TIMEOUT;
	va_start(ap, fmt);
	vsnprintf(ip->end_text, sizeof(ip->end_text), fmt, ap);
	va_end(ap);
}

/* -- single values ---------------------------------------------------------------------------- */

/* The next planned row of single values, before or after the backup. 1, 0, or a code. */
static int next_values(struct kt_iphone *ip, bool after, struct kt_err *err)
{
	while (ip->next_id + 1 < KT_REQ_COUNT) {
		const struct kt_request *q = kt_request_get(++ip->next_id);
		struct kt_err why = {0};
		char path[128];
		int r;

		if (q == NULL || q->kind != KT_REQ_KIND_VALUES || !ip->o.may[q->id] ||
		    (strcmp(q->source, "lockdown") == 0) == after)
			continue;
		kt_buf_reset(&ip->mem);
		r = after ? kt_iphone_after(ip, q, &why) : kt_iphone_values(ip, q, &why);
		if (r == KT_E_ABSENT)
			continue;
		if (!after && kt_afc_is_over(r) && r != KT_E_FORMAT && r != KT_E_LIMIT)
			return KT_FAIL(err, r, "%s: %s", q->name, kt_err_text(&why));
		kt_iphone_value_path(q, path, sizeof(path));
		begin_member(ip, path, strlen(path));
		ip->m.id[0] = (uint16_t)q->id;
		ip->m.n = 1;
		ip->at = KT_IPHONE_IN_MEM;
		ip->m.size = ip->mem.len;
		ip->sum.seen++;
		if (r < 0)
			unreadable(ip, kt_err_text(&why));
		else
			note(ip, "a list of the allowed keys, made while reading");
		return 1;
	}
	return 0;
}

/* Does the plan want anything that only a backup has? */
static bool needs_backup(const struct kt_iphone *ip)
{
	if (ip->wanted.n > 0 || ip->wanted.patterns > 0)
		return true;
	for (unsigned id = 1; id < KT_REQ_COUNT; id++) {
		const struct kt_request *q = kt_request_get(id);

		if (q != NULL && ip->o.may[id] && q->kind == KT_REQ_KIND_VALUES &&
		    strncmp(q->source, "manifest", 8) == 0)
			return true;
	}
	return false;
}

/* -- media ------------------------------------------------------------------------------------ */

static int open_media(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_err why = {0};
	int r = kt_media_open(&ip->media, &ip->link, ip->o.may, &why);

	ip->media_open = true;
	if (r >= 0)
		return 1;
	if (r != KT_E_REFUSED || strncmp(kt_err_text(&why), "impostor", 8) == 0)
		return KT_FAIL(err, r, "%s", kt_err_text(&why));
	/* the rest can go on; what was planned here did not get its turn */
	kt_buf_printf(&ip->summary, "media-not-read: %s; ", kt_err_text(&why));
	ip->sum.incomplete = true;
	return 0;
}

static int next_media(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_media *md = &ip->media;
	int r = ip->media_open ? 1 : kt_media_is_wanted(ip->o.may) ? open_media(ip, err) : 0;

	if (r == 1)
		r = kt_media_next(md, err);
	if (r != 1)
		return r;
	begin_member(ip, md->path + 1, strlen(md->path) - 1);
	ip->m.id[0] = md->id;
	ip->m.n = 1;
	ip->m.size = md->info.size;
	ip->m.mtime = md->info.mtime_ns / MTIME_NS;
	ip->at = KT_IPHONE_IN_MEDIA;
	ip->sum.seen++;
	if (md->no_info)
		unreadable(ip, md->why);
	return 1;
}

/* -- the backup ------------------------------------------------------------------------------- */

static struct kt_provisional *provisional(struct kt_iphone *ip, size_t i)
{
	return (struct kt_provisional *)(void *)ip->provisional.p + i;
}

static size_t provisionals(const struct kt_iphone *ip)
{
	return ip->provisional.len / sizeof(struct kt_provisional);
}

/* All that came with this ID is in doubt. */
static void mark_twice(struct kt_iphone *ip, const uint8_t *id)
{
	for (size_t i = 0; i < provisionals(ip); i++)
		if (memcmp(provisional(ip, i)->id, id, KT_NAMES_ID) == 0)
			provisional(ip, i)->twice = true;
}

static int remember(struct kt_iphone *ip, const struct kt_stream_file *f, struct kt_err *err)
{
	struct kt_provisional p = {.number = ip->number, .n = f->hit.n, .twice = f->twice};

	memcpy(p.request, f->hit.id, sizeof(p.request));
	memcpy(p.id, f->id, sizeof(p.id));
	if (f->twice)
		mark_twice(ip, f->id);
	if (kt_buf_put(&ip->provisional, &p, sizeof(p)) < 0)
		return KT_FAIL(err, KT_E_LIMIT, "more than %u files of the backup are wanted",
			       KT_IPHONE_PROVISIONAL);
	return 0;
}

/* The name that a backup folder would give it; with a wildcard only the phone's own is known. */
static void name_member(struct kt_iphone *ip, const struct kt_stream_file *f)
{
	const struct kt_request *q = kt_request_get(f->hit.id[0]);
	char path[KT_WANTED_PATH + 256];
	int n;

	if (f->which == NULL || q == NULL) {
		begin_member(ip, f->path,
			     f->path_len < KT_DEV_PATH_MAX ? f->path_len : KT_DEV_PATH_MAX);
		note(ip, "named by its path on the phone");
		return;
	}
	n = snprintf(path, sizeof(path), "%s/%s", q->domain, f->which->path);
	begin_member(ip, path, n > 0 ? (size_t)n : 0);
	note(ip, "on the phone: %.*s", f->path_len < 140 ? (int)f->path_len : 140,
	     (const char *)f->path);
	for (char *c = ip->m.note; *c != '\0'; c++)
		if ((uint8_t)*c < 0x20 || (uint8_t)*c > 0x7e)
			*c = '?';
}

static int announce(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_stream_file *f = &ip->stream.f;

	name_member(ip, f);
	memcpy(ip->m.id, f->hit.id, sizeof(ip->m.id));
	ip->m.n = f->hit.n;
	ip->m.size = UINT64_MAX;
	if (f->twice)
		ip->m.flags |= KT_DEV_M_REPEATED;
	if (f->failed) {
		char why[200];

		snprintf(why, sizeof(why), "unreadable on the phone: %s", f->why);
		ip->m.size = 0;
		unreadable(ip, why);
		return 1;
	}
	ip->at = KT_IPHONE_IN_STREAM;
	ip->m.flags |= KT_DEV_M_PROVISIONAL;
	if (ip->will_encrypt)
		ip->m.flags |= KT_DEV_M_ENCRYPTED;
	return remember(ip, f, err) < 0 ? KT_E_LIMIT : 1;
}

/* Drains what is left of the stream's current member and keeps what it turned out to be. */
static int end_member(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_stream_file *f = &ip->stream.f;
	struct kt_provisional *p;
	const uint8_t *bytes;
	size_t n = 1;
	int r = 0;

	if (ip->at != KT_IPHONE_IN_STREAM || provisionals(ip) == 0)
		return 0;
	p = provisional(ip, provisionals(ip) - 1);
	while (r == 0 && n > 0) {
		struct kt_err why = {0};

		r = kt_stream_data(&ip->stream, &bytes, &n, &why);
		if (r < 0 && r != KT_E_PARTIAL)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
	}
	p->size = f->size;
	p->whole = f->ended && !f->failed;
	memcpy(p->sha1, f->sha1, sizeof(p->sha1));
	return 0;
}

/* A phone that locked itself meanwhile: its holder can unlock it. */
static int wait_unlocked(struct kt_iphone *ip, int64_t deadline, struct kt_err *err)
{
	int64_t now = kt_wire_now(), until = now + LOCKED_MS;

	if (now >= deadline)
		return KT_FAIL(err, KT_E_PARTIAL,
			       "locked: the phone was not unlocked in time; it has to stay "
			       "unlocked");
	ip->o.report(ip->o.arg, KT_STATE_LOCKED, (unsigned)((deadline - now + 999) / 1000), "");
	while (kt_wire_now() < until) {
		int r = ip->o.watch.check != NULL ? ip->o.watch.check(ip->o.watch.ctx) : 0;

		if (r < 0)
			return KT_FAIL(err, r, "cancelled");
		poll(NULL, 0, 50);
	}
	return 0;
}

static int open_stream(struct kt_iphone *ip, struct kt_err *err)
{
	int64_t deadline = kt_wire_now() + (int64_t)ip->o.passcode_wait_s * 1000;
	struct kt_stream_opt o = {.link = &ip->link,
				  .wanted = &ip->wanted,
				  .case_fd = ip->o.case_fd,
				  .passcode_wait_s = ip->o.passcode_wait_s,
				  .free_bytes = ip->free_bytes,
				  .report = ip->o.report,
				  .arg = ip->o.arg};

	ip->stream_open = true;
	ip->o.report(ip->o.arg, KT_STATE_PREPARING, 0, "");
	for (;;) {
		struct kt_err why = {0};
		int r = kt_stream_open(&ip->stream, &o, &why);

		if (r == 0)
			return 0;
		if (r != KT_E_REFUSED || strcmp(ip->stream.error, "PasswordProtected") != 0)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		kt_stream_close(&ip->stream);
		r = wait_unlocked(ip, deadline, err);
		if (r < 0)
			return r;
	}
}

static int next_of_stream(struct kt_iphone *ip, struct kt_err *err)
{
	int r = 0;

	if (!needs_backup(ip))
		return 0;
	/* nothing of it could be opened: the phone need not send it */
	if (!ip->stream_open && ip->will_encrypt && ip->no_secret)
		return KT_FAIL(err, KT_E_REFUSED,
			       "backup-password-not-given: backups of this phone are encrypted, "
			       "and its holder gives no password");
	if (!ip->stream_open)
		r = open_stream(ip, err);
	if (r == 0)
		r = end_member(ip, err);
	ip->at = KT_IPHONE_NONE;
	if (r == 0)
		r = kt_stream_next(&ip->stream, err);
	return r == 1 ? announce(ip, err) : r;
}

/* What the phone's last word means to a person. */
static void judge_end(struct kt_iphone *ip)
{
	const struct kt_stream *st = &ip->stream;
	uint64_t left = st->left_in_snapshot + st->names.in_snapshot;

	if (!ip->stream_open || ip->end_code != 0)
		return;
	if (st->end_code == 0 && left > 0)
		fail_end(ip, KT_E_PARTIAL,
			 "not-finished: the phone ended the backup before %" PRIu64
			 " of its files were in place",
			 left);
	else if (st->end_code == 208 && st->was_asked)
		fail_end(ip, KT_E_PARTIAL,
			 "passcode-not-entered: nobody typed the phone's code on the phone in time "
			 "(208)");
	else if (st->end_code == 208)
		fail_end(ip, KT_E_PARTIAL,
			 "locked: the phone was locked (208); it has to stay unlocked");
	else if (st->end_code == 105)
		fail_end(ip, KT_E_PARTIAL,
			 "no-space: the phone finds the space of %" PRIu64
			 " bytes that it was told too small (105)",
			 ip->free_bytes);
	else if (st->end_code != 0)
		fail_end(ip, KT_E_PARTIAL, "backup-error-%lld: the phone ended the backup: %.100s",
			 (long long)st->end_code, st->end_text);
}

/* -- the manifest ----------------------------------------------------------------------------- */

static void no_manifest(struct kt_iphone *ip, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void no_manifest(struct kt_iphone *ip, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ip->unconfirmed, sizeof(ip->unconfirmed), fmt, ap);
	va_end(ap);
	fail_end(ip, code, "%s", ip->unconfirmed);
}

static void forget_secret(struct kt_iphone *ip)
{
	OPENSSL_cleanse(ip->secret, sizeof(ip->secret));
	ip->secret_len = 0;
	ip->has_secret = false;
}

static int unlock(struct kt_iphone *ip, struct kt_err *err)
{
	const struct kt_buf *p = &ip->stream.plist;
	int r = kt_backup_opener_open(&ip->opener, p->p, p->len, ip->secret, ip->secret_len, err);

	forget_secret(ip);
	ip->opener_open = r == 0;
	return r;
}

/* Manifest.plist: is it this phone's, is the backup encrypted? False: no further. */
static bool check_plist(struct kt_iphone *ip)
{
	const struct kt_buf *p = &ip->stream.plist;
	char udid[KT_MUX_UDID] = "";

	kt_plist_path_text(p->p, p->len, "Lockdown/UniqueDeviceID", udid, sizeof(udid));
	if (strcmp(udid, ip->udid) != 0) {
		for (char *c = udid; *c != '\0'; c++)
			if ((uint8_t)*c < 0x20 || (uint8_t)*c > 0x7e)
				*c = '?';
		no_manifest(ip, KT_E_REFUSED,
			    "wrong-device: on the cable it is %.44s, Manifest.plist says %.44s",
			    ip->udid, udid[0] != '\0' ? udid : "nobody");
		return false;
	}
	if (!kt_plist_path_bool(p->p, p->len, "IsEncrypted", &ip->is_encrypted))
		ip->is_encrypted = ip->will_encrypt;
	return true;
}

/* 0: done, the manifest is open or ip->unconfirmed says why not; KT_E_REFUSED: a password is needed. */
static int open_manifest(struct kt_iphone *ip, struct kt_err *err)
{
	struct kt_stream *st = &ip->stream;
	struct kt_err why = {0};
	int r;

	if (!ip->stream_open || ip->unconfirmed[0] != '\0')
		return 0;
	if (!st->has_plist || !st->has_db) {
		no_manifest(ip, KT_E_PARTIAL, "no-manifest: the phone sent no usable %s%s%.80s",
			    st->has_db ? "Manifest.plist" : "Manifest.db",
			    st->db_why[0] != '\0' ? ": " : "", st->db_why);
		return 0;
	}
	if (!check_plist(ip))
		return 0;
	if (ip->is_encrypted && !ip->opener_open) {
		if (ip->no_secret) {
			no_manifest(ip, KT_E_PARTIAL,
				    "no-password: the holder's backup password was not given");
			return 0;
		}
		if (!ip->has_secret)
			return KT_FAIL(err, KT_E_REFUSED,
				       "backup-password-needed: backups of this phone are "
				       "encrypted; they open with the holder's backup password "
				       "alone");
		r = unlock(ip, &why);
		if (r == KT_E_REFUSED)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		if (r < 0) {
			no_manifest(ip, KT_E_PARTIAL, "%s", kt_err_text(&why));
			return 0;
		}
	}
	ip->manifest_open = true;
	r = kt_manifest_open(&ip->manifest, &st->db, ip->is_encrypted ? &ip->opener : NULL, &why);
	if (r < 0) {
		kt_manifest_close(&ip->manifest);
		ip->manifest_open = false;
		no_manifest(ip, KT_E_PARTIAL, "manifest-db: %.120s", kt_err_text(&why));
	}
	return 0;
}

int kt_iphone_secret(struct kt_iphone *ip, const void *p, size_t n, struct kt_err *err)
{
	if (n > sizeof(ip->secret))
		return KT_FAIL(err, KT_E_USAGE, "a password of %zu bytes", n);
	forget_secret(ip);
	ip->no_secret = n == 0;
	if (n == 0 || ip->opener_open)
		return 0;
	memcpy(ip->secret, p, n);
	ip->secret_len = n;
	ip->has_secret = true;
	return ip->phase == KT_IPHONE_MANIFEST && ip->stream.has_plist ? unlock(ip, err) : 0;
}

bool kt_iphone_confirm(struct kt_iphone *ip, size_t i, uint32_t *number, struct kt_confirm *c)
{
	const struct kt_provisional *p;

	if (i >= provisionals(ip))
		return false;
	p = provisional(ip, i);
	*number = p->number;
	if (ip->manifest_open) {
		kt_manifest_confirm(&ip->manifest, &ip->wanted, p, c);
		return true;
	}
	memset(c, 0, sizeof(*c));
	c->verdict = KT_VERDICT_UNCONFIRMED;
	snprintf(c->note, sizeof(c->note), "%s",
		 ip->unconfirmed[0] != '\0' ? ip->unconfirmed
					    : "the backup ended before its manifest");
	return true;
}

/* -- one after another ------------------------------------------------------------------------ */

static void say_counts(struct kt_iphone *ip)
{
	const struct kt_stream *st = &ip->stream;
	struct kt_buf *b = &ip->summary;
	struct kt_err why = {0};
	char sha[KT_SHA256_HEX];

	if (ip->media.seen > 0 || ip->media.links > 0)
		kt_buf_printf(b,
			      "media: %" PRIu64 " files, %" PRIu64 " links not followed, %" PRIu64
			      " folders not given or too deep; ",
			      ip->media.seen, ip->media.links,
			      ip->media.closed_folders + ip->media.deep);
	if (!ip->stream_open) {
		kt_buf_puts(b, "no backup was asked for");
		return;
	}
	kt_buf_printf(b,
		      "backup: the phone sent %" PRIu64 " files and %" PRIu64
		      " bytes, %zu were wanted, the rest was dropped unseen; %" PRIu64
		      " it could not read; %" PRIu64 " names refused; %" PRIu64
		      " wanted IDs with another path; %" PRIu64
		      " unknown messages; free space told: %" PRIu64,
		      st->files, st->bytes, provisionals(ip), st->unreadable, st->refused, st->odd,
		      st->unknown, ip->free_bytes);
	if (st->has_db)
		kt_buf_printf(b, "; Manifest.db as it came: SHA-256 %s",
			      kt_hex(st->db_sha, sizeof(st->db_sha), sha));
	if (ip->manifest_open) {
		kt_buf_puts(b, "; files by domain: ");
		if (kt_manifest_count(&ip->manifest, b, &why) < 0)
			kt_buf_printf(b, "not counted: %s", kt_err_text(&why));
	}
	if (ip->unconfirmed[0] != '\0')
		kt_buf_printf(b, "; %s", ip->unconfirmed);
}

static void finish(struct kt_iphone *ip)
{
	const struct kt_stream *st = &ip->stream;

	ip->sum.seen += ip->stream_open ? st->files : 0;
	ip->sum.bytes += ip->stream_open ? st->bytes : 0;
	ip->sum.refused = ip->media.bad_names + (ip->stream_open ? st->refused + st->odd : 0);
	ip->sum.incomplete |= ip->media.closed_folders > 0 || ip->media.deep > 0;
	say_counts(ip);
	if (ip->lost && ip->link.pair.ours && ip->link.pair.trusted)
		kt_buf_puts(&ip->summary,
			    "; if the phone can't be reached any more it goes on trusting a key "
			    "that existed in memory alone and is gone");
}

/* An error of a phase ends everything; the manifest may still have come before it. */
static void on_error(struct kt_iphone *ip, int r, const struct kt_err *why)
{
	fail_end(ip, r, "%s", kt_err_text(why));
	end_media(ip);
	ip->at = KT_IPHONE_NONE;
	ip->phase = KT_IPHONE_MANIFEST;
	if (ip->stream_open && !(ip->stream.has_plist && ip->stream.has_db))
		no_manifest(ip, r, "the backup ended before its manifest");
	if (r != KT_E_STORAGE)
		return;
	/* nothing more can be kept: whoever asks is told so at once */
	ip->phase = KT_IPHONE_END;
	finish(ip);
}

static int next_of_phase(struct kt_iphone *ip, struct kt_err *err)
{
	switch (ip->phase) {
	case KT_IPHONE_VALUES:
		return next_values(ip, false, err);
	case KT_IPHONE_MEDIA:
		return next_media(ip, err);
	case KT_IPHONE_STREAM:
		return next_of_stream(ip, err);
	case KT_IPHONE_MANIFEST:
		judge_end(ip);
		return open_manifest(ip, err);
	case KT_IPHONE_AFTER:
		return next_values(ip, true, err);
	case KT_IPHONE_END:
		break;
	}
	return 0;
}

int kt_iphone_next(struct kt_iphone *ip, const struct kt_img_member **m, bool *password,
		   struct kt_err *err)
{
	*m = NULL;
	*password = false;
	if (ip->at != KT_IPHONE_IN_STREAM)
		ip->at = KT_IPHONE_NONE;
	while (ip->phase != KT_IPHONE_END) {
		struct kt_err why = {0};
		int r = next_of_phase(ip, &why);

		if (r == 1) {
			*m = &ip->m;
			return 1;
		}
		if (r < 0 && ip->phase == KT_IPHONE_MANIFEST) {
			*password = true;
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		}
		/* the media service alone makes no sense: the backup may */
		if (ip->phase == KT_IPHONE_MEDIA && (r == KT_E_FORMAT || r == KT_E_LIMIT)) {
			kt_buf_printf(&ip->summary, "media-not-read: %s; ", kt_err_text(&why));
			ip->sum.incomplete = true;
			r = 0;
		}
		if (r < 0) {
			on_error(ip, r, &why);
			continue;
		}
		if (ip->phase == KT_IPHONE_MEDIA)
			end_media(ip);
		ip->next_id = 0;
		ip->phase++;
		if (ip->phase == KT_IPHONE_END)
			finish(ip);
	}
	if (ip->end_code == 0)
		return 0;
	KT_FAIL(err, ip->end_code, "%s", ip->end_text);
	return ip->end_code;
}

const struct kt_img_summary *kt_iphone_summary(struct kt_iphone *ip)
{
	return &ip->sum;
}

const char *kt_iphone_summary_text(struct kt_iphone *ip)
{
	const char *text = kt_buf_cstr(&ip->summary);

	return text != NULL ? text : "";
}

/* -- bytes ------------------------------------------------------------------------------------ */

static int may_read(const struct kt_iphone *ip, struct kt_err *err)
{
	if (ip->at != KT_IPHONE_NONE)
		return 0;
	return KT_FAIL(err, KT_E_ABSENT, "%s",
		       ip->m.note[0] != '\0' ? ip->m.note : "no object is at hand");
}

int kt_iphone_begin(struct kt_iphone *ip, struct kt_err *err)
{
	int r = may_read(ip, err);

	if (r == 0 && ip->at == KT_IPHONE_IN_STREAM && ip->taken)
		r = KT_FAIL(err, KT_E_LIMIT, "a file of the backup comes once");
	ip->taken = true;
	ip->pos = 0;
	return r;
}

int kt_iphone_read(struct kt_iphone *ip, uint64_t off, void *p, size_t n, size_t *got,
		   struct kt_err *err)
{
	int r = may_read(ip, err);

	*got = 0;
	if (r == 0 && ip->at == KT_IPHONE_IN_STREAM)
		return KT_FAIL(err, KT_E_LIMIT, "a file of the backup comes once, from its start");
	if (r < 0 || off >= ip->m.size)
		return r;
	if (n > ip->m.size - off)
		n = (size_t)(ip->m.size - off);
	if (ip->at == KT_IPHONE_IN_MEM) {
		memcpy(p, ip->mem.p + off, n);
		*got = n;
		return 0;
	}
	r = kt_media_read(&ip->media, off, p, n, got, err);
	ip->sum.bytes += *got;
	return r;
}

int kt_iphone_chunk(struct kt_iphone *ip, const uint8_t **p, size_t *n, struct kt_err *err)
{
	int r = may_read(ip, err);

	*n = 0;
	*p = ip->chunk;
	if (r < 0)
		return r;
	if (ip->at == KT_IPHONE_IN_STREAM)
		return kt_stream_data(&ip->stream, p, n, err);
	r = kt_iphone_read(ip, ip->pos, ip->chunk, KT_DEV_CHUNK, n, err);
	if (r == 0 && *n == 0 && ip->pos < ip->m.size)
		return KT_FAIL(err, KT_E_PARTIAL, "it ends after %" PRIu64 " of %" PRIu64 " bytes",
			       ip->pos, ip->m.size);
	ip->pos += *n;
	return r;
}

bool kt_iphone_changed(struct kt_iphone *ip)
{
	bool changed = false;

	if (ip->at == KT_IPHONE_IN_MEDIA)
		kt_media_changed(&ip->media, &changed, NULL);
	return changed;
}
