/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The engine's end of keten-device: starts it, sends requests, takes replies. One request at a
 * time through kt_dev_call(), or many range requests through send and pump in a caller's loop.
 */
#ifndef KT_CLI_DEVICE_H
#define KT_CLI_DEVICE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/devproto.h"
#include "core/frame.h"

struct kt_err;
struct kt_plan;

struct kt_dev {
	pid_t pid;
	int from, to; /* pipes of replies and requests, non-blocking */
	struct kt_frame_reader in;
	struct kt_buf out;	/* requests not yet written */
	uint32_t tag;		/* last one used */
	bool hello, lost, gone; /* gone: the process itself ended */
};

#define KT_DEV_MEMBER_IDS 32u /* requests that one member of a source may answer */

/* A decoded reply. Borrowed until the handler returns. */
struct kt_dev_event {
	enum kt_dev_reply type;
	uint32_t tag;
	const uint8_t *p; /* OUT, ERROUT, RDATA: data */
	size_t n;
	uint8_t state, which, method, key_new;
	uint32_t seconds, errno_, mode, flags, adb_version, max_payload;
	uint64_t size, bytes;
	int64_t mtime;
	int32_t code, exit_status;
	uint16_t bus, address;
	struct {
		const char *p;
		size_t n;
	} serial, maker, product, text, fingerprint, banner, path;
	/* of a source: serial is its identifier, text its detail or a member's note */
	uint8_t layout, member_flags;
	uint16_t request[KT_DEV_MEMBER_IDS], nrequests;
	uint64_t seen, refused, unreadable;
	const uint8_t *sha256; /* NULL: none */
	/* CONFIRM: of which MEMBER, what, and the key (NULL: none), wiped when the handler returns */
	uint32_t member;
	uint8_t verdict;
	const uint8_t *key;
};

/* Non-zero stops the call with that code (the request is cancelled). */
typedef int (*kt_dev_fn)(void *arg, const struct kt_dev_event *ev, struct kt_err *err);

struct kt_dev_result {
	int code; /* of RESULT */
	int32_t exit_status;
	uint64_t bytes;
	uint32_t flags;
	char text[160];
};

/* case_fd -1: only listing. plan NULL: an empty one. 0 or a code. */
int kt_dev_start(struct kt_dev *d, int case_fd, const struct kt_plan *plan, struct kt_err *err);
/*
 * The same for a source in place of a phone: a folder or file, opened for reading. keten-device gets
 * no other way to it.
 */
int kt_dev_start_source(struct kt_dev *d, int source_fd, const struct kt_plan *plan,
			struct kt_err *err);
/* Says goodbye and waits; kills after 3 s. */
void kt_dev_stop(struct kt_dev *d);

/* A new request frame in d->out with its tag written; end with kt_frame_end(&d->out, start). */
size_t kt_dev_begin(struct kt_dev *d, enum kt_dev_req req, uint32_t *tag);

/*
 * Waits for the RESULT of tag; fn (may be NULL) sees every event. idle is called about five times
 * a second. 0: *res filled (its code may be negative); KT_E_DEVICE: the process is gone;
 * KT_E_CANCELLED: stop was asked; or fn's code.
 */
int kt_dev_call(struct kt_dev *d, uint32_t tag, kt_dev_fn fn, void *arg, void (*idle)(void *),
		struct kt_dev_result *res, struct kt_err *err);

#define KT_DEV_POLLFDS 2
/* Fills up to KT_DEV_POLLFDS entries; returns how many. */
nfds_t kt_dev_pollfds(const struct kt_dev *d, struct pollfd *p);
/* Moves bytes without blocking and hands out complete replies. 0, KT_E_DEVICE (gone), fn's code. */
int kt_dev_pump(struct kt_dev *d, kt_dev_fn fn, void *arg, struct kt_err *err);

#endif
