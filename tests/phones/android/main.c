/* SPDX-License-Identifier: EUPL-1.2 */

/* sim-android: one simulated phone behind a TCP port of the loopback interface. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "phone.h"
#include "tcp.h"

struct arguments {
	struct sim_config cfg;
	uint64_t port;
	const char *port_file;
};

static void usage(void)
{
	puts("usage: sim-android --listen PORT|0 [--port-file FILE] [option of a phone]...\n"
	     "Serves a simulated phone on 127.0.0.1, one connection at a time, until killed.\n");
	sim_config_help();
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
	int i = 1, r;

	while (i < argc) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--help")) {
			usage();
			exit(0);
		}
		if (!strcmp(argv[i], "--listen") && value) {
			if (sim_parse_u64(value, &a->port) < 0 || a->port > 65535)
				return -1;
			i += 2;
		} else if (!strcmp(argv[i], "--port-file") && value) {
			a->port_file = value;
			i += 2;
		} else {
			r = sim_config_option(&a->cfg, argc, argv, &i);
			if (r <= 0) {
				if (!r)
					fprintf(stderr, "sim-android: unknown option %s\n",
						argv[i]);
				return -1;
			}
		}
	}
	return a->port == SIM_UNSET ? -1 : 0;
}

static int listen_on(uint64_t port, uint16_t *bound)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0) {
		close(fd);
		return -1;
	}
	*bound = ntohs(sa.sin_port);
	return fd;
}

/* Written under another name first, so that a reader never sees half of it. */
static int write_port(const char *path, uint16_t port)
{
	char tmp[4096];
	FILE *f;
	int n = snprintf(tmp, sizeof(tmp), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(tmp))
		return -1;
	f = fopen(tmp, "we");
	if (!f)
		return -1;
	fprintf(f, "%u\n", port);
	return fclose(f) || rename(tmp, path) ? -1 : 0;
}

static void serve(struct sim_phone *phone, int fd)
{
	enum sim_link_result r;
	struct sim_tcp tcp;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (sim_tcp_init(&tcp, fd) < 0) {
		close(fd);
		return;
	}
	r = sim_phone_session(phone, &tcp.link);
	sim_tcp_free(&tcp);
	if (r == SIM_LINK_GONE && tcp.cut)
		sim_phone_unplugged(phone);
}

int main(int argc, char **argv)
{
	struct arguments a = {.port = SIM_UNSET};
	struct sim_phone phone;
	uint16_t port = 0;
	int lfd;

	sim_config_init(&a.cfg);
	if (read_arguments(&a, argc, argv) < 0) {
		fputs("usage: sim-android --listen PORT|0 [option]...; see --help\n", stderr);
		return 2;
	}
	if (sim_phone_init(&phone, &a.cfg) < 0)
		return 1;
	lfd = listen_on(a.port, &port);
	if (lfd < 0 || (a.port_file && write_port(a.port_file, port) < 0)) {
		perror("sim-android");
		return 1;
	}
	for (;;) {
		int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			serve(&phone, fd);
	}
}
