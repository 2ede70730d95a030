/* SPDX-License-Identifier: EUPL-1.2 */
/* sim-iphone: an invented iPhone behind a usbmuxd socket of its own, or its backup as a folder. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "journal.h"
#include "pairing.h"
#include "services.h"
#include "sim.h"
#include "tls.h"
#include "wire.h"

int64_t sim_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int sim_sleep_us(struct sim *s, int64_t us)
{
	int64_t end = sim_now_us() + us;
	unsigned plugs = s->plugs;

	while (us > 0) {
		int64_t part = us < 20000 ? us : 20000;
		struct timespec t = {0, (long)part * 1000};

		if (s->unplugged || s->plugs != plugs)
			return -1;
		nanosleep(&t, NULL);
		us = end - sim_now_us();
	}
	return s->unplugged || s->plugs != plugs ? -1 : 0;
}

static void *plug_in_again(void *arg)
{
	struct sim *s = arg;
	uint64_t ms = sim_fault_number(&s->cfg.faults, FAULT_REPLUG, 0, 0);
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
	s->plugs++;
	s->unplugged = false;
	sim_journal(s, "PHONE plugged in again");
	return NULL;
}

void sim_unplug(struct sim *s)
{
	pthread_t thread;
	bool again;

	pthread_mutex_lock(&s->lock);
	again = s->unplugged;
	s->unplugged = s->unplug_spent = true;
	for (struct sim_conn *c = s->conns; c; c = c->next)
		shutdown(c->fd, SHUT_RDWR);
	memset(s->ports, 0, sizeof(s->ports));
	pthread_mutex_unlock(&s->lock);
	if (again)
		return;
	sim_journal(s, "PHONE unplugged");
	if (sim_fault(&s->cfg.faults, FAULT_REPLUG) &&
	    pthread_create(&thread, NULL, plug_in_again, s) == 0)
		pthread_detach(thread);
}

static void *serve(void *arg)
{
	struct sim_conn *c = arg;
	struct sim *s = c->sim;

	sim_mux_serve(c);
	sim_flush(c);
	sim_tls_drop(c);
	pthread_mutex_lock(&s->lock);
	for (struct sim_conn **p = &s->conns; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	pthread_mutex_unlock(&s->lock);
	close(c->fd);
	free(c);
	return NULL;
}

static void take_client(struct sim *s, int fd)
{
	struct sim_conn *c = calloc(1, sizeof(*c));
	pthread_t thread;

	if (!c) {
		close(fd);
		return;
	}
	c->sim = s;
	c->fd = fd;
	if (pthread_create(&thread, NULL, serve, c) != 0) {
		close(fd);
		free(c);
		return;
	}
	pthread_detach(thread);
}

/* Listens under another name first, so that a socket that can be seen can be used. */
static int open_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s.new", path) >= (int)sizeof(a.sun_path)) {
		fprintf(stderr, "sim-iphone: %s: name too long for a socket\n", path);
		return -1;
	}
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ||
	    rename(a.sun_path, path) < 0) {
		perror(path);
		return -1;
	}
	return fd;
}

static volatile sig_atomic_t child_ended;

static void on_child(int number)
{
	(void)number;
	child_ended = 1;
}

static void accept_clients(struct sim *s, int fd, pid_t child)
{
	sigset_t chld, before;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &chld, &before);
	while (!child || !child_ended) {
		fd_set set;
		int client;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		if (pselect(fd + 1, &set, NULL, NULL, NULL, &before) <= 0)
			continue;
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			take_client(s, client);
	}
}

/* Runs the command after "--" with the socket in its environment. Its status. */
static int run_command(struct sim *s, int fd, char **command)
{
	struct sigaction action = {.sa_handler = on_child};
	char address[256];
	int status = 0;
	pid_t child;

	sigaction(SIGCHLD, &action, NULL);
	snprintf(address, sizeof(address), "UNIX:%s", s->cfg.socket);
	setenv("USBMUXD_SOCKET_ADDRESS", address, 1);
	child = fork();
	if (child == 0) {
		signal(SIGPIPE, SIG_DFL);
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	if (child < 0)
		return 1;
	accept_clients(s, fd, child);
	if (waitpid(child, &status, 0) != child)
		return 1;
	unlink(s->cfg.socket);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void usage(void)
{
	puts("usage: sim-iphone --socket PATH [option]... [-- COMMAND...]\n"
	     "       sim-iphone --write-backup OUTDIR [option]...\n"
	     "Serves a simulated iPhone until killed, or while COMMAND runs.\n");
	sim_config_help();
}

static int read_arguments(struct sim_config *cfg, int argc, char **argv, char ***command)
{
	int i = 1;

	while (i < argc) {
		int r;

		if (!strcmp(argv[i], "--help")) {
			usage();
			exit(0);
		}
		if (!strcmp(argv[i], "--")) {
			*command = argv + i + 1;
			break;
		}
		r = sim_config_option(cfg, argc, argv, &i);
		if (r < 0)
			return -1;
		if (r == 0) {
			fprintf(stderr, "sim-iphone: unknown option %s\n", argv[i]);
			return -1;
		}
	}
	if (!cfg->batch)
		cfg->batch = UINT64_MAX;
	if (!cfg->block || cfg->block > (1U << 30)) {
		fputs("sim-iphone: --block 1 to 1G\n", stderr);
		return -1;
	}
	if ((!cfg->socket && !cfg->write_backup) || (*command && !**command)) {
		usage();
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct sim s;
	char **command = NULL;
	char udid[64];
	int fd;

	pthread_mutex_init(&s.lock, NULL);
	sim_config_init(&s.cfg);
	if (read_arguments(&s.cfg, argc, argv, &command) < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	if (sim_journal_open(&s, s.cfg.journal) < 0) {
		perror(s.cfg.journal);
		return 2;
	}
	if (sim_content_open(&s.content, &s.cfg) < 0 ||
	    sim_keybag_make(&s.keybag, &s.cfg, sim_udid(&s, 0, udid)) < 0)
		return 2;
	if (s.cfg.write_backup)
		return sim_folder_write(&s) < 0;
	if (sim_pairing_open(&s) < 0 || (fd = open_socket(s.cfg.socket)) < 0)
		return 2;
	if (command)
		return run_command(&s, fd, command);
	accept_clients(&s, fd, 0);
	return 0;
}
