/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The media service (com.apple.afc), reading alone: listings, sizes and times, bytes at any place.
 * One packet is asked and answered at a time.
 */
#ifndef KT_IOS_AFC_H
#define KT_IOS_AFC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "extractor/ios/lockdown.h"

struct kt_err;

#define KT_AFC_PIECE ((uint32_t)256 << 10) /* bytes of one read */

enum kt_afc_kind { KT_AFC_OTHER = 0, KT_AFC_FILE, KT_AFC_FOLDER, KT_AFC_LINK };

struct kt_afc_info {
	enum kt_afc_kind kind;
	uint64_t size;
	int64_t mtime_ns;
};

struct kt_afc {
	struct kt_ios_link *link; /* borrowed */
	struct kt_wire w;
	uint64_t number;
	uint64_t status; /* the service's own code, when it said no */
};

/* Starts the service. */
int kt_afc_open(struct kt_afc *a, struct kt_ios_link *link, struct kt_err *err);
void kt_afc_close(struct kt_afc *a);
/*
 * Codes of all below: KT_E_ABSENT and KT_E_REFUSED by the phone's word (the connection goes on);
 * KT_E_DEVICE, KT_E_TIMEOUT, KT_E_FORMAT, KT_E_LIMIT, KT_E_CANCELLED: it is of no use any more.
 */
/* Names of a folder, each with a NUL. max: bytes. */
int kt_afc_list(struct kt_afc *a, const char *path, size_t max, struct kt_buf *names,
		struct kt_err *err);
int kt_afc_info(struct kt_afc *a, const char *path, struct kt_afc_info *info, struct kt_err *err);
int kt_afc_file_open(struct kt_afc *a, const char *path, uint64_t *handle, struct kt_err *err);
int kt_afc_file_close(struct kt_afc *a, uint64_t handle, struct kt_err *err);
int kt_afc_file_seek(struct kt_afc *a, uint64_t handle, uint64_t off, struct kt_err *err);
/* At most n (<= KT_AFC_PIECE) bytes; *got 0 at the end. */
int kt_afc_file_read(struct kt_afc *a, uint64_t handle, void *p, uint32_t n, size_t *got,
		     struct kt_err *err);
/* Whether a code means that the connection is of no use any more. */
bool kt_afc_is_over(int code);

#endif
