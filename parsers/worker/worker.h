/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-worker: a first process that never sees a byte of evidence and waits for jobs on its
 * control socket; for each job it forks a child that enters the sandbox, reads one artifact, sends
 * its frames and ends. So every artifact has its own process, and a start costs a fork, not an
 * exec. docs/formats/worker-frames.md has the bytes of a job.
 */
#ifndef KT_PARSERS_WORKER_WORKER_H
#define KT_PARSERS_WORKER_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "parsers/sdk/ctx.h"

#define KT_WORKER_CTL 3 /* control socket of the first process (SOCK_SEQPACKET) */

/* How a job's artifact is reached. */
enum kt_job_mode {
	KT_JOB_FILE = 0,   /* whole bytes behind KT_WFD_ARTIFACT */
	KT_JOB_RANGES = 1, /* stored ranges behind KT_WFD_ARTIFACT, map in the job */
	KT_JOB_REMOTE = 2, /* requests on KT_WFD_OUT, replies on KT_WFD_REPLY */
};

#define KT_JOB_RANGES_MAX 4096u
#define KT_JOB_MSG_MAX	  (128u << 10)
#define KT_JOB_FDS	  4

/* Control message: u8 'J', u8 mode, u8 id length, id, u32 as_mib, u32 cpu_s, u64 size,
 * u64 byte cap, u64 size of the -wal, u64 size of the -journal (2^64-1: not there), u32 ranges,
 * ranges x (u64 off, u32 len, u64 pos). Descriptors by SCM_RIGHTS: out, then artifact or reply,
 * then those of the siblings that are there. Answer: u8 'X', u32 wait status. */

/* What the program can do: plugins and renderers by id. */
struct kt_worker_entry {
	const struct kt_parser *parser;
};

/* Runs until the control socket closes. Exit status for main(). */
int kt_worker_main(const struct kt_worker_entry *table, size_t n);

#endif
