/* SPDX-License-Identifier: EUPL-1.2 */
/* keten station: what an administrator should know before a phone is touched. Changes nothing. */
#include "cli/station.h"
#include "cli/keten.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/json.h"
#include "core/tr.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

/* Where the kernel tells; the unit test, which compiles this file in, looks elsewhere. */
#ifndef USB_FOLDER
#define ROOM_MIN      (UINT64_C(2) << 30)
#define USB_FOLDER    "/sys/bus/usb/devices"
#define SWAPS_FILE    "/proc/swaps"
#define BLOCKS_FOLDER "/sys/class/block"
#endif

static const struct {
	const char *id, *remedy;
} checks[KT_STATION_COUNT] = {
	[KT_STATION_SELF_TEST] = {"self-test", N_("Install Keten again; do not use this copy.")},
	[KT_STATION_SWAP] = {"swap",
			     N_("Encrypt the swap space or switch it off (swapoff -a): what "
				"passes through memory could be written there.")},
	[KT_STATION_CLOCK] = {"clock",
			      N_("Let the clock follow a time server, or compare it by hand "
				 "and note the difference.")},
	[KT_STATION_ROOM] = {"room", N_("Make room, or name another folder.")},
	[KT_STATION_KEYBOARD] = {"keyboard",
				 N_("What is plugged in calls itself a phone and a "
				    "keyboard. Unplug it; it could type on this station.")},
};

static const char *const words[] = {"good", "warning", "failed", "unknown"};

static void set(struct kt_station *s, unsigned check, unsigned state, const char *text)
{
	s->state[check] = state;
	snprintf(s->text[check], sizeof(s->text[check]), "%s", text);
}

/* -- known answers ---------------------------------------------------------------------------- */

/* FIPS 180-4, the message "abc"; a JSON line that must be read; one that must not. */
static void self_test(struct kt_station *s)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const char good[] = "{\"a\":[1,\"x\"]}", twice[] = "{\"a\":1,\"a\":2}";
	char sha[KT_SHA256_HEX] = "";
	struct kt_jdoc *doc = NULL;
	struct kt_err err = {0};
	int reads, refuses;

	if (kt_sha256_hex("abc", 3, sha, &err) < 0 || strcmp(sha, abc) != 0) {
		set(s, KT_STATION_SELF_TEST, KT_STATION_FAILED, N_("SHA-256 gives a wrong answer"));
		return;
	}
	reads = kt_jdoc_parse(good, sizeof(good) - 1, &doc, &err);
	kt_jdoc_free(&doc);
	refuses = kt_jdoc_parse(twice, sizeof(twice) - 1, &doc, &err);
	kt_jdoc_free(&doc);
	if (reads < 0 || refuses == 0)
		set(s, KT_STATION_SELF_TEST, KT_STATION_FAILED, N_("JSON gives a wrong answer"));
	else
		set(s, KT_STATION_SELF_TEST, KT_STATION_GOOD, N_("known answers hold"));
}

/* -- the station ------------------------------------------------------------------------------ */

/* Swap on zram, or on a device-mapper volume that says it is encrypted, counts as safe. */
static bool swap_is_safe(const char *device)
{
	char real[PATH_MAX], path[PATH_MAX + 128];
	struct kt_buf b;
	struct kt_err err = {0};
	const char *base;
	bool safe;

	if (realpath(device, real) == NULL)
		return false;
	base = strrchr(real, '/');
	base = base != NULL ? base + 1 : real;
	if (strncmp(base, "zram", 4) == 0)
		return true;
	snprintf(path, sizeof(path), "%s/%s/dm/uuid", BLOCKS_FOLDER, base);
	kt_buf_init(&b, 0);
	safe = kt_path_read(path, 512, &b, &err) == 0 && b.len > 6 && memcmp(b.p, "CRYPT-", 6) == 0;
	kt_buf_free(&b);
	return safe;
}

static void look_at_swap(struct kt_station *s)
{
	KT_AUTO_FILE f = fopen(SWAPS_FILE, "re");
	char line[512], device[256];
	unsigned all = 0, open = 0;

	if (f == NULL) {
		set(s, KT_STATION_SWAP, KT_STATION_UNKNOWN, N_("/proc/swaps can't be read"));
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] != '/' || sscanf(line, "%255s", device) != 1)
			continue;
		all++;
		open += !swap_is_safe(device);
	}
	if (open > 0)
		set(s, KT_STATION_SWAP, KT_STATION_WARNING, N_("swap space is not encrypted"));
	else
		set(s, KT_STATION_SWAP, KT_STATION_GOOD,
		    all > 0 ? N_("swap space is encrypted") : N_("no swap space"));
}

static void look_at_clock(struct kt_station *s)
{
	struct timex t = {0};
	int r = adjtimex(&t);

	if (r < 0)
		set(s, KT_STATION_CLOCK, KT_STATION_UNKNOWN, N_("the kernel does not say"));
	else if (r == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
		set(s, KT_STATION_CLOCK, KT_STATION_WARNING,
		    N_("the clock follows no time server"));
	else
		set(s, KT_STATION_CLOCK, KT_STATION_GOOD, N_("the clock follows a time server"));
}

/* The folder itself, or the nearest one above it that exists. */
static bool room_of(const char *dir, uint64_t *free_bytes)
{
	char path[PATH_MAX];
	struct statvfs v;

	if ((size_t)snprintf(path, sizeof(path), "%s", dir) >= sizeof(path))
		return false;
	while (statvfs(path, &v) < 0) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || slash == NULL)
			return false;
		slash[slash == path ? 1 : 0] = '\0';
	}
	*free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	return true;
}

static void look_at_room(struct kt_station *s, const char *case_dir, const char *out_dir)
{
	const char *dirs[] = {case_dir != NULL ? case_dir : ".", out_dir};
	uint64_t least = UINT64_MAX, v;
	char text[80];

	for (size_t i = 0; i < 2; i++) {
		if (dirs[i] == NULL)
			continue;
		if (!room_of(dirs[i], &v)) {
			set(s, KT_STATION_ROOM, KT_STATION_UNKNOWN,
			    N_("the folder can't be looked at"));
			return;
		}
		least = v < least ? v : least;
	}
	s->free_bytes = least;
	snprintf(text, sizeof(text), "%.1f GB free", (double)least / 1e9);
	set(s, KT_STATION_ROOM, least >= ROOM_MIN ? KT_STATION_GOOD : KT_STATION_WARNING, text);
}

/* -- what is on the bus ----------------------------------------------------------------------- */

static bool read_hex(int dirfd, const char *dir, const char *name, unsigned *v)
{
	char path[PATH_MAX], text[16] = "";
	KT_AUTO_FD fd = -1;
	char *end;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return false;
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	*v = (unsigned)strtoul(text, &end, 16);
	return end != text;
}

/* An interface folder is "BUS-PORT:CONFIG.INTERFACE"; its device the part before the colon. */
struct usb_seen {
	char device[64];
	bool adb, media, keyboard, apple;
};

static struct usb_seen *seen_of(struct usb_seen *seen, size_t max, size_t *n, const char *name)
{
	size_t len = strcspn(name, ":");

	if (len >= sizeof(seen->device))
		return NULL;
	for (size_t i = 0; i < *n; i++)
		if (strncmp(seen[i].device, name, len) == 0 && seen[i].device[len] == '\0')
			return &seen[i];
	if (*n == max)
		return NULL;
	memset(&seen[*n], 0, sizeof(*seen));
	memcpy(seen[*n].device, name, len);
	return &seen[(*n)++];
}

static void judge_interface(int dirfd, const char *name, struct usb_seen *d)
{
	unsigned class = 0, sub = 0, proto = 0, vendor = 0;

	if (!read_hex(dirfd, name, "bInterfaceClass", &class) ||
	    !read_hex(dirfd, name, "bInterfaceSubClass", &sub) ||
	    !read_hex(dirfd, name, "bInterfaceProtocol", &proto))
		return;
	d->adb |= class == 0xff && sub == 0x42 && proto == 1;
	d->media |= class == 6 && sub == 1;
	d->keyboard |= class == 3 && proto == 1;
	d->apple |= read_hex(dirfd, d->device, "idVendor", &vendor) && vendor == 0x05ac;
}

bool kt_usb_look(bool *keyboard_phone, bool *without_debugging)
{
	struct usb_seen seen[64];
	size_t n = 0;
	DIR *dir = opendir(USB_FOLDER);
	struct dirent *e;

	*keyboard_phone = *without_debugging = false;
	if (dir == NULL)
		return false;
	while ((e = readdir(dir)) != NULL) {
		struct usb_seen *d;

		if (strchr(e->d_name, ':') == NULL)
			continue;
		d = seen_of(seen, sizeof(seen) / sizeof(seen[0]), &n, e->d_name);
		if (d != NULL)
			judge_interface(dirfd(dir), e->d_name, d);
	}
	closedir(dir);
	for (size_t i = 0; i < n; i++) {
		*keyboard_phone |= seen[i].keyboard && (seen[i].adb || seen[i].media);
		*without_debugging |= seen[i].media && !seen[i].adb && !seen[i].apple;
	}
	return true;
}

static void look_at_bus(struct kt_station *s)
{
	bool keyboard, plain;

	if (!kt_usb_look(&keyboard, &plain))
		set(s, KT_STATION_KEYBOARD, KT_STATION_UNKNOWN,
		    N_("the USB bus can't be looked at"));
	else if (keyboard)
		set(s, KT_STATION_KEYBOARD, KT_STATION_FAILED,
		    N_("a phone that calls itself a keyboard too"));
	else
		set(s, KT_STATION_KEYBOARD, KT_STATION_GOOD,
		    N_("no phone that acts as a keyboard"));
}

void kt_station_look(struct kt_station *s, const char *case_dir, const char *out_dir)
{
	memset(s, 0, sizeof(*s));
	self_test(s);
	look_at_swap(s);
	look_at_clock(s);
	look_at_room(s, case_dir, out_dir);
	look_at_bus(s);
}

/* What is not known needs no remedy: it may well be good. */
static const char *remedy(const struct kt_station *s, unsigned check)
{
	unsigned state = s->state[check];

	return state == KT_STATION_WARNING || state == KT_STATION_FAILED ? checks[check].remedy
									 : "";
}

static void put_check(struct kt_jw *w, const char *id, const char *rem, unsigned state,
		      const char *text)
{
	kt_jw_obj(w);
	kt_jw_kstr(w, "id", id);
	kt_jw_kstr(w, "remedy", rem);
	kt_jw_kstr(w, "result", words[state]);
	kt_jw_kbytes(w, "text", text, strlen(text));
	kt_jw_obj_end(w);
}

void kt_station_json(const struct kt_station *s, const struct kt_station_asked *a, struct kt_jw *w)
{
	kt_jw_arr(w);
	for (unsigned i = 0; i < KT_STATION_COUNT; i++)
		put_check(w, checks[i].id, remedy(s, i), s->state[i], s->text[i]);
	for (unsigned i = 0; i < a->n; i++)
		put_check(w, a->id[i], a->remedy[i], a->state[i], a->text[i]);
	kt_jw_arr_end(w);
}

const char *kt_station_word(const struct kt_station *s, unsigned check)
{
	return words[s->state[check]];
}

static int print_json(const struct kt_station *s, const struct kt_station_asked *a,
		      struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "schema", "keten-station-1");
	kt_jw_key(&w, "checks");
	kt_station_json(s, a, &w);
	kt_jw_kuint(&w, "free_bytes", s->free_bytes);
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

int kt_cmd_station(const struct kt_opts *o)
{
	struct kt_station_asked asked;
	struct kt_station s;
	struct kt_err err = {0};
	bool failed = false, warned = false;
	int r;

	kt_station_look(&s, o->case_dir, o->out_dir);
	kt_station_look_asked(o, &asked);
	for (unsigned i = 0; i < KT_STATION_COUNT; i++) {
		failed |= s.state[i] == KT_STATION_FAILED;
		warned |= s.state[i] != KT_STATION_GOOD;
		if (o->json)
			continue;
		printf("%-10s %-8s %s\n", checks[i].id, words[s.state[i]], s.text[i]);
		if (remedy(&s, i)[0] != '\0')
			printf("           %s\n", remedy(&s, i));
	}
	for (unsigned i = 0; i < asked.n; i++) {
		failed |= asked.state[i] == KT_STATION_FAILED;
		if (o->json)
			continue;
		printf("%-10s %-8s %s\n", asked.id[i], words[asked.state[i]], asked.text[i]);
		if (asked.remedy[i][0] != '\0')
			printf("           %s\n", asked.remedy[i]);
	}
	r = o->json ? print_json(&s, &asked, &err) : 0;
	if (r < 0)
		return kt_fail_exit(r, &err);
	return failed ? KT_EXIT_REFUSED : warned ? KT_EXIT_PARTIAL : KT_EXIT_OK;
}
