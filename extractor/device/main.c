/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-device: the process that touches the phone. It is started by keten with frames on stdin
 * and stdout and the case's key folder on descriptor 3, or a source to be read instead of a phone on
 * descriptor 4 (core/devproto.h). It takes no arguments.
 */
#include "core/devproto.h"
#include "core/err.h"
#include "extractor/device/harden.h"
#include "extractor/device/serve.h"
#include "extractor/device/source.h"
#include "extractor/image/image.h"
#include "extractor/ios/mux.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FD_ABOVE 10 /* our descriptors move here, out of the way of libraries */

/* Moves a descriptor up, so that no library's stray print can get into the frames. */
static int take_fd(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FD_ABOVE);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (copy < 0 || null < 0)
		return -1;
	dup2(null, fd);
	close(null);
	return copy;
}

static int take_case_fd(void)
{
	struct stat st;

	if (fstat(KT_DEV_FD_CASE, &st) < 0 || !S_ISDIR(st.st_mode))
		return -1;
	fcntl(KT_DEV_FD_CASE, F_SETFD, FD_CLOEXEC);
	return KT_DEV_FD_CASE;
}

/* A folder or a regular file to be read instead of a phone. */
static int take_source_fd(void)
{
	struct stat st;

	if (fstat(KT_DEV_FD_SOURCE, &st) < 0 || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
		return -1;
	fcntl(KT_DEV_FD_SOURCE, F_SETFD, FD_CLOEXEC);
	return KT_DEV_FD_SOURCE;
}

/* What needs the system's files, before they are out of reach. */
static int confine_to_source(struct kt_source *src, int in, int out, struct kt_err *err)
{
	bool landlock = false;
	int r;

	kt_img_facts_read(src->fd, &src->facts);
	r = kt_image_warm(err);
	if (r == 0)
		r = kt_harden_source(in, out, src->fd, &landlock, err);
	src->facts.landlock = landlock;
	return r;
}

int main(int argc, char **argv)
{
	static struct kt_source src;
	struct kt_err err = {0};
	int in = -1, out = -1, case_fd = -1, r = 0;
	bool loopback = false;

	(void)argv;
	if (argc != 1 || isatty(KT_DEV_FD_IN)) {
		fputs("keten-device is started by keten and takes no arguments\n", stderr);
		return KT_SERVE_USAGE;
	}
	src.fd = take_source_fd();
	/* an address elsewhere is refused when somebody asks for an iPhone */
	if (src.fd < 0 && kt_mux_address(&loopback, NULL) < 0)
		loopback = false;
	if (src.fd < 0)
		r = kt_harden(loopback, &err);
	if (r == 0) {
		case_fd = take_case_fd();
		in = take_fd(KT_DEV_FD_IN);
		out = take_fd(KT_DEV_FD_OUT);
		if (in < 0 || out < 0) {
			fputs("keten-device: standard input and output must be open\n", stderr);
			return KT_SERVE_USAGE;
		}
		fcntl(out, F_SETPIPE_SZ, KT_DEV_CHUNK);
		if (src.fd >= 0)
			r = confine_to_source(&src, in, out, &err);
	}
	if (r < 0) {
		fprintf(stderr, "keten-device: %s\n", kt_err_text(&err));
		return KT_SERVE_BUG;
	}
	return kt_serve(in, out, case_fd, &src);
}
