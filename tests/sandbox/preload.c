/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A USB library that has been subverted: when keten-device first calls it, it does what $ATTACK
 * says and tells on stderr how that went. Built as a shared object and preloaded by the test alone.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text)
{
	(void)!write(2, text, strlen(text));
}

static void try_socket(int domain, int type, int bad)
{
	int fd = socket(domain, type, 0);

	if (fd >= 0)
		say(bad ? " escaped\n" : " as it should\n");
	else
		say(errno == EACCES ? " refused\n" : " failed\n");
}

static void *body(void *arg)
{
	return arg;
}

static void attack(const char *what)
{
	char *const argv[] = {"sh", "-c", "exit 0", NULL}, *const env[] = {NULL};
	pthread_t t;

	say("trying");
	if (strcmp(what, "fork") == 0 && fork() >= 0)
		say(" escaped\n");
	if (strcmp(what, "execve") == 0) {
		execve("/bin/sh", argv, env);
		say(" escaped\n");
	}
	if (strcmp(what, "ptrace") == 0) {
		ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
		say(" escaped\n");
	}
	if (strcmp(what, "setuid") == 0) {
		(void)!setuid(getuid());
		say(" escaped\n");
	}
	if (strcmp(what, "inet") == 0)
		try_socket(AF_INET, SOCK_STREAM, 1);
	if (strcmp(what, "inet6") == 0)
		try_socket(AF_INET6, SOCK_DGRAM, 1);
	if (strcmp(what, "unix") == 0)
		try_socket(AF_UNIX, SOCK_STREAM, 0);
	if (strcmp(what, "netlink") == 0)
		try_socket(AF_NETLINK, SOCK_RAW, 0);
	if (strcmp(what, "thread") == 0)
		say(pthread_create(&t, NULL, body, NULL) == 0 && pthread_join(t, NULL) == 0
			    ? " as it should\n"
			    : " failed\n");
}

/* The name is libusb's; its contexts are of no interest here. */
int libusb_init(void **ctx);
int libusb_init(void **ctx)
{
	const char *what = getenv("ATTACK");

	if (ctx != NULL)
		*ctx = NULL;
	if (what != NULL)
		attack(what);
	return -99; /* LIBUSB_ERROR_OTHER */
}
