/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs an opened "shell,v2,raw" stream to its end. Only an exit packet makes a result whole: a
 * stream that just closes is a result cut short, whatever came before.
 */
#ifndef KT_ANDROID_SHELL_H
#define KT_ANDROID_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_adb;
struct kt_adb_stream;
struct kt_err;
struct kt_feed;

#define KT_SHELL_STDERR_MAX (64u << 10) /* more is dropped and flagged */

struct kt_shell {
	const uint8_t *in; /* borrowed: stdin, closed after it */
	size_t in_len;
	uint64_t max_out; /* bytes of stdout; the stream is closed when there are more */
	int64_t deadline;
	const struct kt_feed *out, *errout; /* borrowed; errout may be NULL */
	/* results */
	bool exited; /* an exit packet came */
	int status;  /* valid when exited, else -1 */
	bool truncated;
	uint64_t out_bytes, err_bytes; /* handed on */
};

/*
 * Runs and closes *s on every path. 0 when exited within all limits; KT_E_PARTIAL when cut by a
 * limit or without an exit packet; KT_E_TIMEOUT; KT_E_CANCELLED; KT_E_DEVICE; a feed's error.
 */
int kt_shell_run(struct kt_adb *a, struct kt_adb_stream **s, struct kt_shell *sh,
		 struct kt_err *err);

#endif
