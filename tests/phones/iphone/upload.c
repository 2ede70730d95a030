/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * DLMessageUploadFiles: after the message, for each file two names (the phone's own and the
 * host's), blocks of data (0x0C), and an end (0x00) or the phone's error (0x0B); a zero length
 * ends the list, and the host answers with a status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "journal.h"
#include "manifest.h"
#include "sim.h"
#include "stored.h"
#include "wire.h"

#define CODE_DATA  0x0c
#define CODE_END   0x00
#define CODE_ERROR 0x0b

static const char no_access[] = "Operation not permitted (MBErrorDomain/1)";

bool sim_unreadable(const struct sim *s, const struct sim_item *item)
{
	return sim_fault_glob(&s->cfg.faults, FAULT_UNREADABLE, item->full, NULL);
}

static int begin(struct sim_backup *b)
{
	plist_t m = sim_message("DLMessageUploadFiles");
	uint64_t total = b->s->content.bytes;

	plist_array_append_item(m, plist_new_dict());
	plist_array_append_item(
		m, plist_new_real(total ? 100.0 * (double)b->done_bytes / (double)total : 0));
	plist_array_append_item(m, plist_new_uint(total));
	return sim_send_plist(b->c, m, true, "DLMessageUploadFiles");
}

/* A length that is a lie, then silence. */
static int huge(struct sim_backup *b)
{
	sim_write_be32(b->c, 0xfffffff0U);
	sim_flush(b->c);
	while (sim_sleep_us(b->s, 50000) == 0 && sim_wait(b->c, 0) == 0)
		;
	return -1;
}

static int names(struct sim_backup *b, const char *device, const char *host)
{
	const struct sim_faults *f = &b->s->cfg.faults;

	if (sim_fault_at(f, FAULT_HUGE_LENGTH, "file-name", ""))
		return huge(b);
	sim_write_be32(b->c, (uint32_t)strlen(device));
	sim_write(b->c, device, strlen(device));
	sim_write_be32(b->c, (uint32_t)strlen(host));
	return sim_write(b->c, host, strlen(host));
}

static int piece(struct sim_backup *b, uint8_t code, const void *p, size_t n)
{
	if (code == CODE_DATA &&
	    sim_fault_at(&b->s->cfg.faults, FAULT_HUGE_LENGTH, "file-block", ""))
		return huge(b);
	sim_write_be32(b->c, (uint32_t)n + 1);
	sim_write(b->c, &code, 1);
	return sim_write(b->c, p, n);
}

static int blocks(struct sim_backup *b, const uint8_t *p, size_t n)
{
	while (n) {
		size_t part = n < b->s->cfg.block ? n : (size_t)b->s->cfg.block;

		if (piece(b, CODE_DATA, p, part) < 0)
			return -1;
		p += part;
		n -= part;
	}
	return 0;
}

/* Between two files: counts, and pulls the cable when it is time. */
static int file_done(struct sim_backup *b)
{
	uint64_t limit =
		sim_fault_number(&b->s->cfg.faults, FAULT_UNPLUG_BETWEEN_FILES, 0, UINT64_MAX);

	b->uploaded++;
	if (b->uploaded != limit || b->s->unplug_spent)
		return 0;
	sim_flush(b->c);
	sim_unplug(b->s);
	return -1;
}

static int send_small(struct sim_backup *b, const char *device, const char *host, const void *p,
		      size_t n)
{
	if (names(b, device, host) < 0 || blocks(b, p, n) < 0 || piece(b, CODE_END, NULL, 0) < 0)
		return -1;
	return file_done(b);
}

/* The bytes of an item, or of the database. *sent counts what went out. */
static int send_stored(struct sim_backup *b, const struct sim_item *item, int fd, uint64_t *sent)
{
	bool midway = item &&
		      sim_fault_glob(&b->s->cfg.faults, FAULT_UNREADABLE_MIDWAY, item->full, NULL);
	struct sim_stored *st = malloc(sizeof(*st));
	long n = -1;
	int r = 0;

	*sent = 0;
	while (item && sim_fault_at(&b->s->cfg.faults, FAULT_ENDLESS, "blocks", ""))
		if (piece(b, CODE_DATA, NULL, 0) < 0)
			return -1;
	if (!st || sim_stored_open(st, b->s, item, fd) < 0) {
		free(st);
		return piece(b, CODE_ERROR, no_access, sizeof(no_access) - 1);
	}
	while (r == 0 && (n = sim_stored_read(st, b->buf, SIM_BUF_BYTES)) > 0) {
		if (midway && n > 1)
			n /= 2;
		r = blocks(b, b->buf, (size_t)n);
		*sent += (uint64_t)n;
		if (midway)
			break;
	}
	sim_stored_close(st);
	free(st);
	if (r < 0)
		return -1;
	return n < 0 || midway ? piece(b, CODE_ERROR, no_access, sizeof(no_access) - 1)
			       : piece(b, CODE_END, NULL, 0);
}

static int send_item(struct sim_backup *b, const struct sim_item *item)
{
	char host[192], device[2048];
	uint64_t sent = 0;
	int r;

	snprintf(host, sizeof(host), "%s/Snapshot/%.2s/%s", b->udid, item->id_hex, item->id_hex);
	if (names(b, sim_device_path(item, device, sizeof(device)), host) < 0)
		return -1;
	if (sim_unreadable(b->s, item)) {
		r = piece(b, CODE_ERROR, no_access, sizeof(no_access) - 1);
	} else {
		r = send_stored(b, item, -1, &sent);
		memcpy(b->sent[b->n_sent].id, item->id, SIM_ID_BYTES);
		b->sent[b->n_sent++].size = (uint32_t)sent;
	}
	b->done_bytes += item->size;
	if (r == 0 && sim_fault_glob(&b->s->cfg.faults, FAULT_TWICE, item->full, NULL))
		r = send_small(b, device, host, SIM_SWAPPED_TEXT, strlen(SIM_SWAPPED_TEXT));
	return r < 0 ? -1 : file_done(b);
}

/* Names that lead out of the host's folder. */
static int send_traversal(struct sim_backup *b)
{
	static const char text[] = "SIM-CANARY written outside of the backup\n";
	const char *extra = sim_fault_text(&b->s->cfg.faults, FAULT_TRAVERSAL, "");
	char name[3][192];

	if (!extra)
		return 0;
	snprintf(name[0], sizeof(name[0]), "../sim-escaped-1");
	snprintf(name[1], sizeof(name[1]), "%s/../../sim-escaped-2", b->udid);
	snprintf(name[2], sizeof(name[2]), "%s/Snapshot/ab/../../../../sim-escaped-3", b->udid);
	for (int i = 0; i < 3; i++)
		if (send_small(b, "/var/mobile/Library/sim", name[i], text, sizeof(text) - 1) < 0)
			return -1;
	return *extra ? send_small(b, "/var/mobile/Library/sim", extra, text, sizeof(text) - 1) : 0;
}

static int end(struct sim_backup *b)
{
	sim_write_be32(b->c, 0);
	return sim_ask_ok(b, NULL);
}

/* Folders that the coming message needs, as far as the host has not made them. */
static int make_dirs(struct sim_backup *b, uint64_t from, uint64_t *to)
{
	const struct sim_content *content = &b->s->content;
	uint64_t files = 0, i;
	char path[128];

	for (i = from; i < sim_content_items(content) && files < b->s->cfg.batch; i++) {
		struct sim_item item;

		sim_content_item(content, i, &item);
		if (item.kind != SIM_FILE)
			continue;
		files++;
		if (b->made_dir[0][item.id[0]])
			continue;
		b->made_dir[0][item.id[0]] = true;
		snprintf(path, sizeof(path), "Snapshot/%.2s", item.id_hex);
		if (sim_make_dir(b, path) < 0)
			return -1;
	}
	*to = i;
	return 0;
}

int sim_upload_files(struct sim_backup *b)
{
	const struct sim_content *content = &b->s->content;
	uint64_t from = 0, to = 0;

	while (from < sim_content_items(content)) {
		if (make_dirs(b, from, &to) < 0 || begin(b) < 0)
			return -1;
		if (from == 0 && send_traversal(b) < 0)
			return -1;
		for (uint64_t i = from; i < to; i++) {
			struct sim_item item;

			sim_content_item(content, i, &item);
			if (item.kind == SIM_FILE && send_item(b, &item) < 0)
				return -1;
		}
		if (end(b) < 0)
			return -1;
		from = to;
	}
	return 0;
}

int sim_upload_plist(struct sim_backup *b, plist_t node, const char *name)
{
	char host[192], device[64], *bytes = NULL;
	uint32_t n = 0;
	int r;

	plist_to_bin(node, &bytes, &n);
	plist_free(node);
	snprintf(host, sizeof(host), "%s/%s", b->udid, name);
	snprintf(device, sizeof(device), "/var/tmp/tmp.SIM%llu",
		 (unsigned long long)b->uploaded % 1000);
	r = begin(b) < 0 || send_small(b, device, host, bytes, n) < 0 ? -1 : end(b);
	free(bytes);
	return r;
}

int sim_upload_manifest(struct sim_backup *b)
{
	const char *missing = sim_fault_text(&b->s->cfg.faults, FAULT_NO_MANIFEST, "both");
	char host[192];
	uint64_t sent;
	int fd, r;

	if (!missing || !strcmp(missing, "db")) {
		r = sim_upload_plist(b, sim_manifest_plist(b->s, b->c->device),
				     "Snapshot/Manifest.plist");
		if (r < 0)
			return -1;
	}
	if (missing && strcmp(missing, "plist") != 0)
		return 0;
	fd = sim_manifest_db(b->s);
	if (fd < 0)
		return -1;
	snprintf(host, sizeof(host), "%s/Snapshot/Manifest.db", b->udid);
	r = begin(b) < 0 || names(b, "/var/tmp/tmp.SIMDB", host) < 0 ||
			    send_stored(b, NULL, fd, &sent) < 0 || file_done(b) < 0
		    ? -1
		    : end(b);
	close(fd);
	return r;
}
