/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The parent's side of a worker's frames: a state machine that believes nothing. Each frame type
 * is legal only in its phase, every length, count and value is checked, and only END with matching
 * counts makes a stream good. Used by the host, and in process by tests and fuzz targets.
 */
#ifndef KT_PARSERS_HOST_STREAM_H
#define KT_PARSERS_HOST_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/record.h"

struct kt_buf;
struct kt_err;

enum kt_event_kind {
	KT_EV_HELLO = 1,
	KT_EV_RECORD,
	KT_EV_SKIP,
	KT_EV_NOTE,
	KT_EV_RANGE,
	KT_EV_OUTPUT,
	KT_EV_END,
};

/* One decoded frame; texts borrow from the frame. */
struct kt_event {
	enum kt_event_kind kind;
	struct kt_str frame;	   /* RECORD: the payload that it was decoded from */
	uint64_t n;		   /* SKIP: how many; END: seen */
	struct kt_str code_str;	   /* SKIP: reason; NOTE: code */
	struct kt_str text;	   /* NOTE, END */
	struct kt_locator loc;	   /* SKIP; kind 0 when none */
	uint64_t off;		   /* RANGE */
	uint32_t len;		   /* RANGE */
	struct kt_str bytes;	   /* OUTPUT */
	uint32_t layers;	   /* HELLO */
	int code;		   /* END: enum kt_code of parse() */
	uint64_t emitted, skipped; /* END */
	struct kt_record rec;	   /* RECORD; else not even zeroed */
};

struct kt_stream {
	bool need_hello, hello, ended;
	bool may_range, may_output;
	uint64_t max_records, max_output, max_bytes; /* quotas; max_bytes 0: none */
	uint64_t records, skipped, notes, ranges, output, bytes;
	uint32_t layers;
};

/* in_process: no HELLO is expected. Defaults: 20 million records, no ranges, no output. */
void kt_stream_init(struct kt_stream *s, bool in_process);

/*
 * Checks and decodes one frame. 0, or KT_E_FORMAT (bad frame, wrong phase, value out of range,
 * count mismatch) or KT_E_LIMIT (quota): the stream is then to be given up.
 */
int kt_stream_frame(struct kt_stream *s, uint8_t type, const void *p, size_t n, struct kt_event *ev,
		    struct kt_err *err);

/* Appends one JSON object for events that `keten parsers ID --try` prints; nothing for others. */
void kt_event_json(const struct kt_event *ev, struct kt_buf *b);

#endif
