/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * com.apple.afc: the Media folder. Packets of five little-endian 64-bit words (magic, whole length,
 * length of header and arguments, number, operation), then arguments and payload. Reading is
 * served from --media; every operation that would change something is journalled and refused,
 * except opening the lock file that Apple's host takes before a sync.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/buf.h"
#include "journal.h"
#include "services.h"
#include "sim.h"
#include "wire.h"

#define HEADER	    40
#define PACKET_MAX  ((uint64_t)4 << 20)
#define READ_MAX    ((uint64_t)4 << 20)
#define HANDLES_MAX 64
#define LOCK_FILE   "/com.apple.itunes.lock_sync"

enum {
	OP_STATUS = 1,
	OP_DATA = 2,
	OP_READ_DIR = 3,
	OP_FILE_INFO = 10,
	OP_DEVICE_INFO = 11,
	OP_OPEN = 13,
	OP_OPEN_RESULT = 14,
	OP_READ = 15,
	OP_SEEK = 17,
	OP_TELL = 18,
	OP_TELL_RESULT = 19,
	OP_CLOSE = 20,
	OP_LOCK = 27,
};

enum {
	AFC_OK = 0,
	AFC_BAD_HEADER = 2,
	AFC_INVALID = 7,
	AFC_NOT_FOUND = 8,
	AFC_IS_DIR = 9,
	AFC_DENIED = 10,
	AFC_NOT_SUPPORTED = 15,
	AFC_NO_RESOURCES = 3,
	AFC_IO_ERROR = 20,
};

struct afc {
	struct sim_conn *c;
	int media;		 /* directory, -1: there is none */
	int handle[HANDLES_MAX]; /* descriptors; -1 free, -2 the lock file */
	uint64_t number;
	uint8_t *p; /* arguments and payload of the packet, NUL after them */
	size_t n;
};

struct op {
	unsigned op;
	const char *name;
	int (*run)(struct afc *a); /* NULL: it would change the phone */
};

static const char magic[8] = {'C', 'F', 'A', '6', 'L', 'P', 'A', 'A'};

static int reply(struct afc *a, uint64_t op, const void *args, size_t args_n, const void *data,
		 size_t data_n)
{
	const char *wrong = sim_fault_text(&a->c->sim->cfg.faults, FAULT_BROKEN_AFC, "");
	uint8_t head[HEADER];

	memcpy(head, magic, sizeof(magic));
	kt_put_le64(head + 8, HEADER + args_n + data_n);
	kt_put_le64(head + 16, HEADER + args_n);
	kt_put_le64(head + 24, a->number);
	kt_put_le64(head + 32, op);
	if (wrong && !strcmp(wrong, "magic"))
		head[0] = 'X';
	if (wrong && !strcmp(wrong, "length"))
		kt_put_le64(head + 8, UINT64_MAX);
	if (wrong && !strcmp(wrong, "front"))
		kt_put_le64(head + 16, 1);
	if (wrong && !strcmp(wrong, "number"))
		kt_put_le64(head + 24, a->number + 7);
	if (wrong && !strcmp(wrong, "op"))
		kt_put_le64(head + 32, 99);
	while (wrong && !strcmp(wrong, "flood"))
		if (sim_write(a->c, head, HEADER) < 0)
			return -1;
	sim_write(a->c, head, HEADER);
	sim_write(a->c, args, args_n);
	return sim_write(a->c, data, data_n);
}

static int status(struct afc *a, uint64_t code)
{
	uint8_t b[8];

	kt_put_le64(b, code);
	return reply(a, OP_STATUS, b, 8, NULL, 0);
}

static int send_strings(struct afc *a, struct kt_buf *b)
{
	int r = b->failed ? status(a, AFC_NO_RESOURCES) : reply(a, OP_DATA, NULL, 0, b->p, b->len);

	kt_buf_free(b);
	return r;
}

static void add_pair(struct kt_buf *b, const char *key, const char *value)
{
	kt_buf_put(b, key, strlen(key) + 1);
	kt_buf_put(b, value, strlen(value) + 1);
}

static void add_number(struct kt_buf *b, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add_pair(b, key, text);
}

/* Below the media folder, wherever links in it may point. */
static int open_below(const struct afc *a, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	while (*path == '/')
		path++;
	if (a->media < 0)
		return -1;
	return (int)syscall(SYS_openat2, a->media, *path ? path : ".", &how, sizeof(how));
}

static bool unreadable(const struct afc *a, const char *path)
{
	char full[2048];

	while (*path == '/')
		path++;
	snprintf(full, sizeof(full), "CameraRollDomain-Media/%s", path);
	return sim_fault_glob(&a->c->sim->cfg.faults, FAULT_UNREADABLE, full, NULL);
}

static int read_dir(struct afc *a)
{
	int fd = open_below(a, (const char *)a->p, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *d;
	struct kt_buf b;

	sim_journal(a->c->sim, "AFC ReadDir %s", (const char *)a->p);
	kt_buf_init(&b, 0);
	if (!dir && a->media < 0 && !strcmp((const char *)a->p, "/")) {
		kt_buf_put(&b, ".\0..", 5);
		return send_strings(a, &b);
	}
	if (!dir)
		return status(a, AFC_NOT_FOUND);
	while ((d = readdir(dir)))
		kt_buf_put(&b, d->d_name, strlen(d->d_name) + 1);
	closedir(dir);
	return send_strings(a, &b);
}

static void add_stat(struct kt_buf *b, const struct statx *st)
{
	const char *kind = S_ISDIR(st->stx_mode)   ? "S_IFDIR"
			   : S_ISLNK(st->stx_mode) ? "S_IFLNK"
			   : S_ISREG(st->stx_mode) ? "S_IFREG"
						   : "S_IFCHR";
	int64_t born = st->stx_mask & STATX_BTIME ? st->stx_btime.tv_sec : st->stx_mtime.tv_sec;

	/* a copied file is younger than its content: no phone shows that */
	if (born > st->stx_mtime.tv_sec)
		born = st->stx_mtime.tv_sec;
	add_number(b, "st_size", st->stx_size);
	add_number(b, "st_blocks", st->stx_blocks);
	add_number(b, "st_nlink", st->stx_nlink);
	add_pair(b, "st_ifmt", kind);
	add_number(b, "st_mtime",
		   (uint64_t)st->stx_mtime.tv_sec * 1000000000 + st->stx_mtime.tv_nsec);
	add_number(b, "st_birthtime", (uint64_t)born * 1000000000);
}

static int file_info(struct afc *a)
{
	const char *path = (const char *)a->p;
	int fd = open_below(a, path, O_PATH | O_NOFOLLOW);
	struct statx st;
	struct kt_buf b;
	char target[1024];

	sim_journal(a->c->sim, "AFC GetFileInfo %s", path);
	if (fd < 0)
		return status(a, AFC_NOT_FOUND);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) < 0) {
		close(fd);
		return status(a, AFC_IO_ERROR);
	}
	kt_buf_init(&b, 0);
	add_stat(&b, &st);
	if (S_ISLNK(st.stx_mode)) {
		ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		add_pair(&b, "LinkTarget", target);
	}
	close(fd);
	return send_strings(a, &b);
}

static int device_info(struct afc *a)
{
	const struct sim_values *v = &a->c->sim->cfg.values;
	struct kt_buf b;

	sim_journal(a->c->sim, "AFC GetDeviceInfo");
	kt_buf_init(&b, 0);
	add_pair(&b, "Model", sim_values_text(v, "", "ProductType"));
	add_pair(&b, "FSTotalBytes",
		 sim_values_text(v, "com.apple.disk_usage", "TotalDataCapacity"));
	add_pair(&b, "FSFreeBytes",
		 sim_values_text(v, "com.apple.disk_usage", "TotalDataAvailable"));
	add_pair(&b, "FSBlockSize", "4096");
	return send_strings(a, &b);
}

static int open_file(struct afc *a)
{
	const char *path = a->n > 8 ? (const char *)a->p + 8 : "";
	uint64_t mode = a->n >= 8 ? kt_get_le64(a->p) : 0;
	bool lock = mode != 1 && !strcmp(path, LOCK_FILE);
	struct stat st;
	uint8_t b[8];
	int i, fd;

	sim_journal(a->c->sim, "%sAFC FileOpen mode=%llu %s", mode == 1 ? "" : "STATE-CHANGING ",
		    (unsigned long long)mode, path);
	for (i = 0; i < HANDLES_MAX && a->handle[i] != -1; i++)
		;
	if (i == HANDLES_MAX)
		return status(a, AFC_NO_RESOURCES);
	if (mode != 1 && !lock)
		return status(a, AFC_DENIED);
	if (!lock) {
		fd = open_below(a, path, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			return status(a, AFC_NOT_FOUND);
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || unreadable(a, path)) {
			close(fd);
			return status(a, S_ISDIR(st.st_mode) ? AFC_IS_DIR : AFC_DENIED);
		}
		a->handle[i] = fd;
	} else {
		a->handle[i] = -2;
	}
	kt_put_le64(b, (uint64_t)i + 1);
	return reply(a, OP_OPEN_RESULT, b, 8, NULL, 0);
}

/* The descriptor slot that a packet names, or NULL. */
static int *handle_of(struct afc *a)
{
	uint64_t h = a->n >= 8 ? kt_get_le64(a->p) : 0;

	return h >= 1 && h <= HANDLES_MAX && a->handle[h - 1] != -1 ? &a->handle[h - 1] : NULL;
}

static int read_file(struct afc *a)
{
	uint64_t n = a->n >= 16 ? kt_get_le64(a->p + 8) : 0, done = 0;
	int *h = handle_of(a);
	uint8_t *buf;
	int r;

	sim_journal(a->c->sim, "AFC FileRead handle=%llu bytes=%llu",
		    (unsigned long long)(a->n >= 8 ? kt_get_le64(a->p) : 0), (unsigned long long)n);
	if (!h)
		return status(a, AFC_INVALID);
	if (n > READ_MAX)
		n = READ_MAX;
	buf = malloc((size_t)n + 1);
	if (!buf)
		return status(a, AFC_NO_RESOURCES);
	while (*h >= 0 && done < n) {
		ssize_t got = read(*h, buf + done, (size_t)(n - done));

		if (got <= 0)
			break;
		done += (uint64_t)got;
	}
	r = reply(a, OP_DATA, NULL, 0, buf, (size_t)done);
	free(buf);
	return r;
}

static int seek_file(struct afc *a)
{
	int *h = handle_of(a);
	int64_t off = a->n >= 24 ? (int64_t)kt_get_le64(a->p + 16) : 0;
	uint64_t whence = a->n >= 24 ? kt_get_le64(a->p + 8) : 9;

	sim_journal(a->c->sim, "AFC FileSeek offset=%lld whence=%llu", (long long)off,
		    (unsigned long long)whence);
	if (!h || whence > 2 || (*h >= 0 && lseek(*h, off, (int)whence) < 0))
		return status(a, AFC_INVALID);
	return status(a, AFC_OK);
}

static int tell_file(struct afc *a)
{
	const int *h = handle_of(a);
	uint8_t b[8];

	sim_journal(a->c->sim, "AFC FileTell");
	if (!h)
		return status(a, AFC_INVALID);
	kt_put_le64(b, *h >= 0 ? (uint64_t)lseek(*h, 0, SEEK_CUR) : 0);
	return reply(a, OP_TELL_RESULT, b, 8, NULL, 0);
}

static int close_file(struct afc *a)
{
	int *h = handle_of(a);

	sim_journal(a->c->sim, "AFC FileClose");
	if (!h)
		return status(a, AFC_INVALID);
	if (*h >= 0)
		close(*h);
	*h = -1;
	return status(a, AFC_OK);
}

static int lock_file(struct afc *a)
{
	sim_journal(a->c->sim, "AFC FileLock op=%llu",
		    (unsigned long long)(a->n >= 16 ? kt_get_le64(a->p + 8) : 0));
	return status(a, handle_of(a) ? AFC_OK : AFC_INVALID);
}

static int connection_option(struct afc *a)
{
	sim_journal(a->c->sim, "AFC ConnectionOption");
	return status(a, AFC_OK);
}

static const struct op ops[] = {
	{OP_READ_DIR, "ReadDir", read_dir},
	{OP_FILE_INFO, "GetFileInfo", file_info},
	{OP_DEVICE_INFO, "GetDeviceInfo", device_info},
	{OP_OPEN, "FileOpen", open_file},
	{OP_READ, "FileRead", read_file},
	{OP_SEEK, "FileSeek", seek_file},
	{OP_TELL, "FileTell", tell_file},
	{OP_CLOSE, "FileClose", close_file},
	{OP_LOCK, "FileLock", lock_file},
	{22, "GetConnectionInfo", connection_option},
	{23, "SetConnectionOptions", connection_option},
	{5, "WriteFile", NULL},
	{6, "WritePart", NULL},
	{7, "TruncateFile", NULL},
	{8, "RemovePath", NULL},
	{9, "MakeDir", NULL},
	{12, "WriteFileAtomic", NULL},
	{16, "FileWrite", NULL},
	{21, "FileSetSize", NULL},
	{24, "RenamePath", NULL},
	{25, "SetFsBlockSize", NULL},
	{26, "SetSocketBlockSize", NULL},
	{28, "MakeLink", NULL},
	{30, "SetFileTime", NULL},
	{34, "RemovePathAndContents", NULL},
};

static int run(struct afc *a, uint64_t op)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (ops[i].op != op)
			continue;
		if (ops[i].run)
			return ops[i].run(a);
		sim_journal(a->c->sim, "STATE-CHANGING AFC %s %s", ops[i].name,
			    (op >= 8 && op <= 9) || op == 24 || op == 34 ? (const char *)a->p : "");
		return status(a, AFC_DENIED);
	}
	sim_journal(a->c->sim, "UNKNOWN AFC operation %llu", (unsigned long long)op);
	return status(a, AFC_NOT_SUPPORTED);
}

/* One packet. Anything after the arguments, that is data to be written, is read and dropped. */
static int packet(struct afc *a)
{
	uint8_t head[HEADER];
	uint64_t whole;
	int r = -1;

	if (sim_read(a->c, head, HEADER) < 0)
		return -1;
	whole = kt_get_le64(head + 8);
	a->number = kt_get_le64(head + 24);
	if (memcmp(head, magic, sizeof(magic)) != 0 || whole < HEADER || whole > PACKET_MAX ||
	    kt_get_le64(head + 16) > whole) {
		sim_journal(a->c->sim, "PROTOCOL AFC header");
		status(a, AFC_BAD_HEADER);
		return -1;
	}
	a->n = (size_t)(whole - HEADER);
	a->p = calloc(1, a->n + 1);
	if (a->p && sim_read(a->c, a->p, a->n) == 0)
		r = run(a, kt_get_le64(head + 32));
	free(a->p);
	a->p = NULL;
	return r < 0 ? -1 : sim_flush(a->c);
}

void sim_afc_serve(struct sim_conn *c)
{
	const struct sim_config *cfg = &c->sim->cfg;
	struct afc a = {.c = c, .media = -1};
	char path[4096] = "";

	if (cfg->media)
		snprintf(path, sizeof(path), "%s", cfg->media);
	else if (cfg->backup)
		snprintf(path, sizeof(path), "%s/CameraRollDomain/Media", cfg->backup);
	a.media = *path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	for (int i = 0; i < HANDLES_MAX; i++)
		a.handle[i] = -1;
	while (packet(&a) == 0)
		;
	for (int i = 0; i < HANDLES_MAX; i++)
		if (a.handle[i] >= 0)
			close(a.handle[i]);
	if (a.media >= 0)
		close(a.media);
}
