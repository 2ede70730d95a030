/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * sim-usb: simulated phones on an emulated USB bus (umockdev), and a program that is run with
 * them. The phones live as long as that program does, across any number of connections.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../android/phone.h"
#include "desc.h"
#include "pipe.h"
#include "usbfs.h"

#define PHONES_MAX    8
#define LOOK_EVERY_MS 50 /* for a file that is waited for */

struct unit {
	struct sim_config cfg;
	struct sim_phone phone;
	struct sim_pipe pipe;
	pthread_t thread;
	unsigned int port;
	bool plugged;
	const char *plug_when,
		*unplug_when;	    /* files that are waited for; NULL: none, or no longer */
	int64_t plug_at, unplug_at; /* monotonic ms; 0: not planned */
};

static struct unit units[PHONES_MAX];
static unsigned int n_units = 1, next_devnum = 2;
static UMockdevTestbed *testbed;
static int wake[2]; /* 'c': child ended, 'u': a phone went off the bus, 't': terminate */
static volatile sig_atomic_t child_pid;

static void usage(void)
{
	puts("usage: sim-usb [option of a phone]... [--phone [option]...]... -- COMMAND [ARG]...\n"
	     "Runs COMMAND on an emulated USB bus and exits with its status. Options before the\n"
	     "first --phone are for the first phone; each --phone begins one more.\n");
	sim_config_help();
}

static void poke(char c)
{
	ssize_t n = write(wake[1], &c, 1);

	(void)n;
}

static void on_signal(int sig)
{
	int saved = errno;

	if (sig == SIGCHLD)
		poke('c');
	else if (child_pid > 0)
		kill((pid_t)child_pid, sig);
	errno = saved;
}

/* Called by a phone's thread when its fault pulls the cable. */
static void phone_unplugged(void *user)
{
	(void)user;
	poke('u');
}

static void *phone_thread(void *user)
{
	struct unit *u = user;

	while (sim_pipe_wait_claim(&u->pipe))
		if (sim_phone_session(&u->phone, &u->pipe.link) == SIM_LINK_STOP)
			break;
	return NULL;
}

static int forbid_node(const char *devnode)
{
	char path[4096];
	gchar *root = umockdev_testbed_get_root_dir(testbed);

	snprintf(path, sizeof(path), "%s%s", root, devnode);
	g_free(root);
	return chmod(path, 0);
}

/* What the kernel shows of a phone that offers files alone; other interfaces nobody looks for. */
static int add_files_interface(unsigned int port)
{
	char path[128], text[256];
	GError *error = NULL;

	sim_usb_files_syspath(port, path, sizeof(path));
	snprintf(text, sizeof(text),
		 "P: %s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n"
		 "A: bInterfaceClass=06\nA: bInterfaceSubClass=01\nA: bInterfaceProtocol=01\n",
		 path + strlen("/sys"));
	if (umockdev_testbed_add_from_string(testbed, text, &error))
		return 0;
	fprintf(stderr, "sim-usb: %s\n", error->message);
	g_error_free(error);
	return -1;
}

static int plug(struct unit *u)
{
	unsigned int devnum = next_devnum++;
	char devnode[64], syspath[128];
	char *text = sim_usb_umockdev_text(&u->cfg, u->port, devnum);
	GError *error = NULL;
	gboolean ok;

	if (!text)
		return -1;
	ok = umockdev_testbed_add_from_string(testbed, text, &error);
	free(text);
	if (!ok) {
		fprintf(stderr, "sim-usb: %s\n", error->message);
		g_error_free(error);
		return -1;
	}
	if (u->cfg.no_debugging && add_files_interface(u->port) < 0)
		return -1;
	sim_usb_devnode(devnum, devnode, sizeof(devnode));
	sim_usb_syspath(u->port, syspath, sizeof(syspath));
	sim_pipe_plug(&u->pipe, true);
	if (!sim_usbfs_new(&u->cfg, &u->pipe, testbed, devnode))
		return -1;
	if (u->cfg.no_permission && forbid_node(devnode) < 0)
		return -1;
	u->plugged = true;
	u->plug_at = 0;
	umockdev_testbed_uevent(testbed, syspath, "add");
	return 0;
}

static void unplug(struct unit *u)
{
	char syspath[128];

	sim_usb_syspath(u->port, syspath, sizeof(syspath));
	sim_pipe_plug(&u->pipe, false);
	umockdev_testbed_uevent(testbed, syspath, "remove");
	if (u->cfg.no_debugging) {
		char files[128];

		sim_usb_files_syspath(u->port, files, sizeof(files));
		umockdev_testbed_remove_device(testbed, files);
	}
	umockdev_testbed_remove_device(testbed, syspath);
	sim_phone_unplugged(&u->phone);
	u->plugged = false;
	u->unplug_at = 0;
	if (u->cfg.replug_after != SIM_UNSET)
		u->plug_at = sim_now_ms() + (int64_t)u->cfg.replug_after;
}

static int start_unit(struct unit *u, unsigned int port)
{
	int64_t now = sim_now_ms();

	u->port = port;
	if (sim_phone_init(&u->phone, &u->cfg) < 0 ||
	    sim_pipe_init(&u->pipe, u->cfg.packet_size) < 0)
		return -1;
	u->pipe.on_unplug = phone_unplugged;
	u->pipe.user = u;
	if (u->cfg.unplug_after_ms != SIM_UNSET)
		u->unplug_at = now + (int64_t)u->cfg.unplug_after_ms;
	if (u->cfg.plug_after_ms != SIM_UNSET)
		u->plug_at = now + (int64_t)u->cfg.plug_after_ms;
	else if (u->cfg.plug_when == NULL && plug(u) < 0)
		return -1;
	u->plug_when = u->cfg.plug_when;
	u->unplug_when = u->cfg.unplug_when;
	return pthread_create(&u->thread, NULL, phone_thread, u) ? -1 : 0;
}

/* Has the file come that this waits for? Then it waits no longer. */
static bool has_come(const char **file)
{
	if (*file == NULL || access(*file, F_OK) != 0)
		return false;
	*file = NULL;
	return true;
}

/* Does what is due. Returns the poll timeout until the next thing is. */
static int run_plan(void)
{
	int64_t now = sim_now_ms(), next = INT64_MAX;

	for (unsigned int i = 0; i < n_units; i++) {
		struct unit *u = &units[i];

		if (u->plugged && !sim_pipe_alive(&u->pipe, u->pipe.generation))
			unplug(u);
		if (u->plugged &&
		    ((u->unplug_at && u->unplug_at <= now) || has_come(&u->unplug_when)))
			unplug(u);
		if (!u->plugged && ((u->plug_at && u->plug_at <= now) || has_come(&u->plug_when)))
			plug(u);
		if ((u->plug_when != NULL || u->unplug_when != NULL) && now + LOOK_EVERY_MS < next)
			next = now + LOOK_EVERY_MS;
		if (u->plugged && u->unplug_at && u->unplug_at < next)
			next = u->unplug_at;
		if (!u->plugged && u->plug_at && u->plug_at < next)
			next = u->plug_at;
	}
	return next == INT64_MAX ? -1 : next <= now ? 0 : (int)(next - now);
}

static pid_t start_command(char **command)
{
	bool drop = false;
	pid_t pid;

	for (unsigned int i = 0; i < n_units; i++)
		drop = drop || units[i].cfg.no_permission;
	pid = fork();
	if (pid != 0)
		return pid;
	if (drop) { /* or else root would open the node all the same */
		prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
		prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
	}
	execvp(command[0], command);
	fprintf(stderr, "sim-usb: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

static int wait_for_command(pid_t pid)
{
	int status;

	for (;;) {
		struct pollfd pfd = {.fd = wake[0], .events = POLLIN};
		char drain[64];

		if (poll(&pfd, 1, run_plan()) > 0 && read(wake[0], drain, sizeof(drain)) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return 1;
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The index of COMMAND in argv, 0 for help, or -1. */
static int read_arguments(int argc, char **argv)
{
	int i = 1, r;

	sim_config_init(&units[0].cfg);
	while (i < argc) {
		if (!strcmp(argv[i], "--help")) {
			usage();
			return 0;
		}
		if (!strcmp(argv[i], "--"))
			return i + 1 < argc ? i + 1 : -1;
		if (!strcmp(argv[i], "--phone")) {
			if (n_units == PHONES_MAX)
				return -1;
			sim_config_init(&units[n_units++].cfg);
			i++;
			continue;
		}
		r = sim_config_option(&units[n_units - 1].cfg, argc, argv, &i);
		if (r <= 0) {
			if (!r)
				fprintf(stderr, "sim-usb: unknown option %s\n", argv[i]);
			return -1;
		}
	}
	return -1;
}

static int set_up(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	testbed = umockdev_testbed_new();
	for (unsigned int i = 0; i < n_units; i++)
		if (start_unit(&units[i], i + 1) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	int at = read_arguments(argc, argv), status;
	const char *preload = getenv("LD_PRELOAD");
	pid_t pid;

	if (at <= 0) {
		if (at < 0)
			fputs("usage: sim-usb [option]... -- COMMAND [ARG]...; see --help\n",
			      stderr);
		return at < 0 ? 2 : 0;
	}
	if (!preload || !strstr(preload, "umockdev")) {
		char **wrapped = calloc((size_t)argc + 2, sizeof(*wrapped));

		if (!wrapped)
			return 1;
		wrapped[0] = (char *)(uintptr_t) "umockdev-wrapper";
		memcpy(wrapped + 1, argv, (size_t)argc * sizeof(*argv));
		execvp(wrapped[0], wrapped);
		perror("sim-usb: umockdev-wrapper");
		free(wrapped);
		return 77;
	}
	if (set_up() < 0)
		return 1;
	pid = start_command(argv + at);
	child_pid = (sig_atomic_t)pid;
	status = pid < 0 ? 1 : wait_for_command(pid);
	for (unsigned int i = 0; i < n_units; i++) {
		sim_pipe_stop(&units[i].pipe);
		pthread_join(units[i].thread, NULL);
		sim_phone_free(&units[i].phone);
	}
	g_object_unref(testbed);
	return status;
}
