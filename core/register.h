/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The desk's register: which mandate opened how many sessions here. One SQLite file behind four
 * calls, so that many desks can share another kind of register later. Path: KETEN_REGISTER, else
 * /var/lib/keten/register.sqlite when that folder is writable, else the user's state folder. For its
 * owner alone, unless the folder is a group's (kt_share()).
 */
#ifndef KT_CORE_REGISTER_H
#define KT_CORE_REGISTER_H

#include <stdint.h>

struct kt_err;

/* Sessions that this mandate has opened on this desk. 0 or KT_E_STORAGE. */
int kt_register_sessions(const char *mandate_id, int64_t *sessions, struct kt_err *err);

/*
 * Uses up one session of the mandate for a new case (a case that has used one already uses no
 * second); atomic among processes. 0; KT_E_REFUSED when max_sessions is reached ("sessions-used-up: ..."); KT_E_STORAGE.
 */
int kt_register_use(const char *mandate_id, const char *mandate_sha256, const char *case_id,
		    int64_t max_sessions, struct kt_err *err);

#endif
