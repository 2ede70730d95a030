/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The requests of an iPhone on the cable (IOS, then NEXT, WHOLE, PART, SECRET): from frames to
 * extractor/ios and back. One phone for a process: it is confined to it.
 */
#ifndef KT_DEVICE_IPHONE_H
#define KT_DEVICE_IPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "extractor/ios/iphone.h"

struct kt_err;
struct kt_rd;
struct kt_session;
struct kt_session_result;

struct kt_iphone_dev {
	struct kt_session *s; /* borrowed */
	int case_fd;	      /* -1: none */
	const bool *may;      /* the plan, borrowed */
	bool confined, open, ended, landlock;
	char udid[KT_MUX_UDID]; /* of the one that was asked for; the process is for it alone */
	struct kt_pair kept;	/* a trust that is used again after the phone was lost */
	uint32_t tag;		/* of what is under way, for states */
	struct kt_iphone ip;
};

void kt_iphone_dev_init(struct kt_iphone_dev *d, struct kt_session *s, int case_fd,
			const bool *may);
/* Takes back a trust that was ours. */
void kt_iphone_dev_free(struct kt_iphone_dev *d);

/* DEVICE frames for the iPhones that usbmuxd knows; none when it can't be reached. */
int kt_iphone_dev_enum(struct kt_iphone_dev *d, uint32_t tag, struct kt_err *err);
/* Each serves one request, as in extractor/device/source.h. */
int kt_iphone_dev_open(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
		       struct kt_err *err);
int kt_iphone_dev_next(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
		       struct kt_err *err);
int kt_iphone_dev_whole(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
			struct kt_err *err);
int kt_iphone_dev_part(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
		       struct kt_err *err);
int kt_iphone_dev_secret(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_err *err);

#endif
