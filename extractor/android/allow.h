/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * THE place where something is asked of the phone: the only code that writes an OPEN packet, and
 * the judge of every path. It knows the rows of core/requests.def that the plan names, the file
 * service and the one range command; there is no way to hand it text for the phone to run.
 */
#ifndef KT_ANDROID_ALLOW_H
#define KT_ANDROID_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/request.h"

struct kt_adb;
struct kt_adb_stream;
struct kt_err;

#define KT_ALLOW_NAME_MAX 255 /* bytes of one component of a path */

struct kt_allow {
	bool planned; /* a plan was set; it is never changed */
	bool has_root;
	bool may[KT_REQ_COUNT];
};

/* Sets the plan, once. KT_E_USAGE for an unknown id or a second plan. CLOCK is always in it. */
int kt_allow_set_plan(struct kt_allow *w, const uint16_t *id, size_t n, struct kt_err *err);

/* 0 when the row is a shell command in the plan, else KT_E_REFUSED. */
int kt_allow_command(const struct kt_allow *w, unsigned id, struct kt_err *err);
/* 0 when the row is a folder in the plan, else KT_E_REFUSED. */
int kt_allow_root(const struct kt_allow *w, unsigned root, struct kt_err *err);
/*
 * 0 when the path is the planned root or lies below it: root, then "/name" once or more; no
 * empty name, ".", "..", NUL; at most KT_DEV_PATH_MAX bytes. Else KT_E_REFUSED.
 */
int kt_allow_path(const struct kt_allow *w, unsigned root, const void *path, size_t n,
		  struct kt_err *err);

/*
 * Open a stream for a planned command, for the file service (plan with a root), for the range
 * command (plan with a root). *out is the caller's, to be closed with kt_adb_stream_close().
 * KT_E_REFUSED by the plan or by the phone, or what kt_adb_wait() returns.
 */
int kt_allow_open_command(const struct kt_allow *w, struct kt_adb *a, unsigned id,
			  struct kt_adb_stream **out, struct kt_err *err);
int kt_allow_open_sync(const struct kt_allow *w, struct kt_adb *a, struct kt_adb_stream **out,
		       struct kt_err *err);
int kt_allow_open_range(const struct kt_allow *w, struct kt_adb *a, struct kt_adb_stream **out,
			struct kt_err *err);

#endif
