/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One pass of keten-device over an image, as keten asks it, each wanted member written into a file:
 * what `openssl dgst` of the image and `tar -x` of the members do together. And the image itself.
 *
 * usage: bench-image-pass read IMAGE OUTDIR    prints the number of members and the image's digest
 *        bench-image-pass make IMAGE MIB       a tar; one MiB in twenty is a wanted photo
 */
#include "core/buf.h"
#include "core/devproto.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/request.h"
#include "core/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB    ((size_t)1 << 20)
#define BLOCK  512u
#define WANTED 20u /* every so many MiB one is a photo in the plan */
#define TAG    1u

static int die(const char *what)
{
	fprintf(stderr, "bench-image-pass: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* -- making ----------------------------------------------------------------------------------- */

static void put_head(FILE *f, const char *name)
{
	char h[BLOCK] = {0};
	unsigned sum = 0;

	snprintf(h, 100, "%s", name);
	memcpy(h + 100, "0000644", 7);
	snprintf(h + 124, 12, "%011lo", (unsigned long)MIB);
	memcpy(h + 136, "14371573000", 11);
	memcpy(h + 257, "ustar\00000", 8);
	h[156] = '0';
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	if (fwrite(h, 1, BLOCK, f) != BLOCK)
		die("write");
}

static int make(const char *path, unsigned long mib)
{
	uint8_t *p = malloc(MIB);
	uint32_t x = 1;
	FILE *f = fopen(path, "we");

	if (f == NULL || p == NULL)
		die(path);
	for (size_t i = 0; i < MIB; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
	for (unsigned long i = 0; i < mib; i++) {
		char name[100];

		if (i % WANTED == 0)
			snprintf(name, sizeof(name), "data/media/0/DCIM/Camera/%06lu.jpg", i);
		else
			snprintf(name, sizeof(name), "data/app/lib%06lu.so", i);
		memcpy(p, &i, sizeof(i));
		put_head(f, name);
		if (fwrite(p, 1, MIB, f) != MIB)
			die("write");
	}
	memset(p, 0, 2 * (size_t)BLOCK);
	if (fwrite(p, 1, 2 * (size_t)BLOCK, f) != 2 * (size_t)BLOCK || fclose(f) != 0)
		die("write");
	free(p);
	return 0;
}

/* -- reading ---------------------------------------------------------------------------------- */

struct dev {
	pid_t pid;
	int to, from;
	struct kt_frame_reader in;
	struct kt_buf out;
};

static void start(struct dev *d, const char *image)
{
	static const char *const argv[] = {"keten-device", NULL};
	struct kt_err err = {0};
	struct kt_spawn s;
	int a[2], b[2];

	kt_spawn_init(&s, "keten-device", argv);
	s.fds[KT_DEV_FD_SOURCE] = open(image, O_RDONLY | O_CLOEXEC);
	if (s.fds[KT_DEV_FD_SOURCE] < 0 || pipe2(a, O_CLOEXEC) < 0 || pipe2(b, O_CLOEXEC) < 0)
		die(image);
	s.fds[KT_DEV_FD_IN] = a[0];
	s.fds[KT_DEV_FD_OUT] = b[1];
	d->pid = kt_spawn_start(&s, &err);
	if (d->pid < 0)
		die(kt_err_text(&err));
	close(a[0]);
	close(b[1]);
	close(s.fds[KT_DEV_FD_SOURCE]);
	d->to = a[1];
	d->from = b[0];
	(void)fcntl(d->from, F_SETPIPE_SZ, MIB);
	kt_frame_reader_init(&d->in, d->from, KT_FRAME_MAX);
	kt_buf_init(&d->out, 0);
}

static void ask(struct dev *d, uint8_t type, const void *p, size_t n)
{
	size_t at = kt_frame_begin(&d->out, type);

	if (type != KT_DEV_PLAN)
		kt_buf_put_le32(&d->out, TAG);
	kt_buf_put(&d->out, p, n);
	kt_frame_end(&d->out, at);
	if (kt_write_full(d->to, d->out.p, d->out.len, NULL) < 0)
		die("write");
	kt_buf_reset(&d->out);
}

static int32_t result(const struct kt_frame *f)
{
	return (int32_t)kt_get_le32(f->p + 4);
}

/* Answers up to RESULT; data into fd. The code; *sum gets the digest of a SUMMARY. */
static int32_t answers(struct dev *d, int fd, uint8_t sum[KT_SHA256_LEN])
{
	struct kt_frame f;

	for (;;) {
		if (kt_frame_get(&d->in, &f, NULL) < 0)
			die("keten-device is gone");
		if (f.type == KT_DEV_RESULT)
			return result(&f);
		if (f.type == KT_DEV_OUT && kt_write_full(fd, f.p + 4, f.len - 4, NULL) < 0)
			die("write");
		if (f.type == KT_DEV_SUMMARY && f.len >= 69)
			memcpy(sum, f.p + 37, KT_SHA256_LEN);
	}
}

static int read_image(const char *image, const char *outdir)
{
	const uint8_t plan[] = {1, 0, KT_REQ_DCIM, 0}, form = KT_FORM_IMAGE,
		      most[8] = {0, 0, 0, 0, 1};
	uint8_t sum[KT_SHA256_LEN] = {0};
	char hex[KT_SHA256_HEX], path[4096];
	unsigned members = 0;
	struct dev d;

	start(&d, image);
	ask(&d, KT_DEV_PLAN, plan, sizeof(plan));
	ask(&d, KT_DEV_OPEN, &form, 1);
	if (answers(&d, -1, sum) != 0)
		die("the image does not open");
	for (;;) {
		int fd;

		ask(&d, KT_DEV_NEXT, "", 0);
		if (answers(&d, -1, sum) != 0)
			break;
		snprintf(path, sizeof(path), "%s/%06u", outdir, members++);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ask(&d, KT_DEV_WHOLE, most, sizeof(most));
		if (fd < 0 || answers(&d, fd, sum) != 0)
			die(path);
		close(fd);
	}
	kt_frame_put(&d.out, KT_DEV_BYE, "", 0);
	if (kt_write_full(d.to, d.out.p, d.out.len, NULL) < 0)
		die("write");
	/* its cost counts as ours once it has ended */
	if (kt_wait(d.pid) != 0)
		die("keten-device");
	printf("%u %s\n", members, kt_hex(sum, sizeof(sum), hex));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "read") == 0)
		return read_image(argv[2], argv[3]);
	fputs("usage: bench-image-pass read IMAGE OUTDIR | make IMAGE MIB\n", stderr);
	return 2;
}
