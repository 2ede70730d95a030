/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Starting our own programs: fork and exec with exactly the descriptors named, everything else
 * closed, the parent-death signal set, and programs found beside this one. Only keten (the engine)
 * starts programs. The child dies with the thread that forked it: never call from a thread pool.
 */
#ifndef KT_CORE_SPAWN_H
#define KT_CORE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct kt_err;

#define KT_SPAWN_FDS 8

struct kt_spawn {
	const char *program;	 /* file name beside the running program, e.g. "keten-worker" */
	const char *const *argv; /* NULL-terminated, argv[0] included */
	bool keep_env;		 /* false: empty environment */
	bool new_session;	 /* setsid(): so that a whole group can be killed */
	bool keep_tty;		 /* stdin/stderr are inherited where fds[] leaves them -1 */
	int fds[KT_SPAWN_FDS]; /* fds[i] becomes descriptor i in the child; -1: /dev/null for 0..2 */
};

/* Sets everything to the quiet default: empty environment, no descriptors. */
void kt_spawn_init(struct kt_spawn *s, const char *program, const char *const *argv);
/* pid or KT_E_INTERNAL/KT_E_STORAGE; exec failure shows as exit status 127. */
pid_t kt_spawn_start(const struct kt_spawn *s, struct kt_err *err);
/* Path of a program of ours beside this one, into out (PATH_MAX). 0 or KT_E_INTERNAL. */
int kt_program_path(const char *name, char *out, size_t n, struct kt_err *err);
/* waitpid with EINTR handled; the wait status or -1. */
int kt_wait(pid_t pid);
/*
 * First call of every program of ours: no core dumps, not dumpable, files for nobody else (umask
 * 077), SIGPIPE ignored, no new privileges, descriptors 0-2 open, LC_NUMERIC "C", OpenSSL without a
 * configuration file.
 */
void kt_process_harden(void);
/* Closes every descriptor from first on; falls back to a loop where close_range() is missing. */
void kt_close_from(int first);

#endif
