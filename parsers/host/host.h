/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Workers from the engine's side: start one, give it a job, pump its frames, learn its end. Never
 * blocks outside kt_worker_start() and kt_worker_run(); several workers fit in one poll loop.
 */
#ifndef KT_PARSERS_HOST_HOST_H
#define KT_PARSERS_HOST_HOST_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/frame.h"
#include "core/want.h"
#include "parsers/host/stream.h"

struct kt_err;

/* Tables of plugins.def as data. */
extern const struct kt_plugin_info kt_plugins[];
extern const size_t kt_plugins_n;
extern const struct kt_want kt_wants[];
extern const size_t kt_wants_n;
const struct kt_plugin_info *kt_plugin_find(const char *id);
/* Which versions of phones, programs or formats a plugin reads, as a text; "" when there is no such plugin. */
const char *kt_plugin_reads(const char *id);

/* Where a stored range lies: off/len on the phone, pos in the object. */
struct kt_range {
	uint64_t off, pos;
	uint32_t len;
};

struct kt_job {
	const char *id; /* plugin or renderer */
	unsigned as_mib, cpu_s, wall_s;
	uint64_t size;
	uint64_t cap; /* bytes that may be read (RANGES, REMOTE); UINT64_MAX: no cap */
	int fd;	      /* artifact; -1 for a remote job */
	/* of an SQLite database: files beside it, whose descriptors stay the caller's */
	bool has_wal, has_journal;
	int wal_fd, journal_fd;
	uint64_t wal_size, journal_size;
	bool remote;
	const struct kt_range *ranges; /* NULL: the whole file */
	uint32_t nranges;
	uint64_t max_records;
	uint64_t max_output; /* > 0: a renderer */
};

/* How a job ended. */
enum kt_job_verdict {
	KT_JE_OK = 0,
	KT_JE_PARSE_ERROR, /* parse() said so: see code and text */
	KT_JE_POLICY,	   /* killed by the seccomp filter */
	KT_JE_CPU,
	KT_JE_WALL,
	KT_JE_CRASH,
	KT_JE_NO_SANDBOX, /* a mandatory layer was missing: nothing was read */
	KT_JE_TRUNCATED,  /* no END */
	KT_JE_BAD_STREAM, /* malformed, wrong counts, quota */
	KT_JE_LOST,	  /* the worker itself went away */
};

struct kt_job_end {
	enum kt_job_verdict verdict;
	int code; /* kt_code */
	int signal;
	uint32_t layers;
	uint64_t seen, emitted, skipped;
	char text[160];
};

const char *kt_job_verdict_name(enum kt_job_verdict v);

struct kt_worker {
	const char *program; /* borrowed */
	pid_t pid;
	int ctl;   /* control socket */
	int out;   /* frames of the job under way, -1 when idle */
	int reply; /* reply pipe of a remote job, -1 */
	struct kt_frame_reader in;
	struct kt_stream stream;
	struct kt_buf pending; /* replies not yet written */
	int64_t deadline_ns;
	bool busy, saw_eof, bad;
	bool asked; /* a RANGE event waits for kt_worker_reply() */
	struct kt_job_end end;
	unsigned runs; /* small jobs since a common processor was chosen */
	bool together; /* engine and worker share one processor */
	void *owner;   /* for the caller */
};

/* Called for every event but HELLO and END. Negative stops the job with that code. */
typedef int (*kt_event_fn)(void *arg, const struct kt_event *ev, struct kt_err *err);

/* Starts keten-worker. 0 or a negative code. */
int kt_worker_start(struct kt_worker *w, struct kt_err *err);
/* The same for a program that works alike: keten-render. The name stays the caller's. */
int kt_worker_start_as(struct kt_worker *w, const char *program, struct kt_err *err);
void kt_worker_stop(struct kt_worker *w);
/* Hands over a job; the worker must be idle. The job's fd stays the caller's. */
int kt_worker_submit(struct kt_worker *w, const struct kt_job *job, struct kt_err *err);
/* Queues the answer to a RANGE event: code 0 with bytes, or a negative code. */
int kt_worker_reply(struct kt_worker *w, int code, const void *p, size_t n);
/* Fills up to 3 pollfd; returns how many. Idle workers need none. */
int kt_worker_pollfds(const struct kt_worker *w, struct pollfd *p);
/*
 * Moves what can be moved without blocking. 1: the job has ended, w->end says how, the worker is
 * idle again (or was replaced after a kill); 0: goes on; negative: the worker can't be restarted.
 */
int kt_worker_pump(struct kt_worker *w, kt_event_fn fn, void *arg, struct kt_err *err);
/* submit + poll + pump until the end; for jobs that are not remote. 0 (see *end) or negative. */
int kt_worker_run(struct kt_worker *w, const struct kt_job *job, kt_event_fn fn, void *arg,
		  struct kt_job_end *end, struct kt_err *err);

#endif
