/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * recv_hash WORKDIR SERIAL FILE [OUT]: the least that receiving with hashing can cost. One process,
 * the product's own ADB client, one file of the phone's Download folder into SHA-256, nothing
 * written but the key (in WORKDIR, used again the next time) and OUT when it is named. Prints the
 * hash.
 */
#include "core/devproto.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/io.h"
#include "extractor/android/adb.h"
#include "extractor/android/allow.h"
#include "extractor/android/connect.h"
#include "extractor/android/feed.h"
#include "extractor/android/keys.h"
#include "extractor/android/sync.h"
#include "extractor/android/transport.h"
#include "extractor/android/usb.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 20000

static int out_fd = -1;

static int hash_data(void *ctx, const uint8_t *p, size_t n, struct kt_err *err)
{
	int r = kt_hash_update(ctx, p, n);

	if (r < 0)
		return KT_FAIL(err, r, "hashing failed");
	return out_fd < 0 ? 0 : kt_write_full(out_fd, p, n, err);
}

static int nothing(void *ctx, struct kt_err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

static int hello(struct kt_usb *usb, const char *serial, const struct kt_key *key,
		 struct kt_adb **adb, struct kt_err *err)
{
	struct kt_connect c = {
		.key = key, .comment = "keten-bench", .deadline = kt_mono_ms() + CONNECT_MS};
	struct kt_usb_phone info;
	struct kt_transport *t;
	int r = kt_usb_open(usb, serial, &t, &info, err);

	if (r == 0)
		r = kt_adb_new(t, adb, err);
	return r < 0 ? r : kt_connect(*adb, &c, err);
}

static int receive(struct kt_adb *adb, const char *path, struct kt_err *err)
{
	static const uint16_t plan[] = {KT_REQ_DOWNLOAD};
	struct kt_sync_stat after;
	struct kt_allow allow = {0};
	struct kt_hash h;
	struct kt_feed feed = {.data = hash_data, .flush = nothing, .ctx = &h};
	uint8_t digest[KT_SHA256_LEN];
	char hex[KT_SHA256_HEX];
	struct kt_sync sync;
	uint64_t bytes = 0;
	int r = kt_allow_set_plan(&allow, plan, 1, err);

	if (r == 0)
		r = kt_hash_init(&h, KT_SHA256, err);
	if (r < 0)
		return r;
	kt_sync_init(&sync, adb, &allow);
	r = kt_sync_recv(&sync, KT_REQ_DOWNLOAD, path, strlen(path), UINT64_MAX, &feed, &bytes,
			 &after, err);
	kt_sync_close(&sync);
	if (r == 0)
		r = kt_hash_final(&h, digest);
	kt_hash_free(&h);
	if (r < 0)
		return r;
	kt_hex(digest, sizeof(digest), hex);
	printf("%s %llu bytes\n", hex, (unsigned long long)bytes);
	return 0;
}

int main(int argc, char **argv)
{
	struct kt_usb *usb = NULL;
	struct kt_adb *adb = NULL;
	struct kt_key *key = NULL;
	struct kt_err err = {0};
	char path[KT_DEV_PATH_MAX];
	int dir, r;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: recv_hash WORKDIR SERIAL FILE [OUT]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/sdcard/Download/%s", argv[3]);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? KT_FAIL(&err, KT_E_STORAGE, "%s can't be opened", argv[1]) : 0;
	if (argc == 5)
		out_fd = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r == 0 && argc == 5 && out_fd < 0)
		r = KT_FAIL(&err, KT_E_STORAGE, "%s can't be written", argv[4]);
	if (r == 0)
		r = kt_key_open(dir, true, &key, &err);
	if (r == 0)
		r = kt_usb_new(&usb, &err);
	if (r == 0)
		r = hello(usb, argv[2], key, &adb, &err);
	if (r == 0)
		r = receive(adb, path, &err);
	if (r < 0)
		fprintf(stderr, "recv_hash: %s\n", kt_err_text(&err));
	kt_adb_free(&adb);
	kt_usb_free(&usb);
	kt_key_free(&key);
	if (out_fd >= 0)
		close(out_fd);
	if (dir >= 0)
		close(dir);
	return r < 0;
}
