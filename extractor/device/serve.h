/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-device's main loop: each request of the parent in its phase, exactly one RESULT for each.
 * A request that makes no sense ends the process: a parent in confusion gets nothing from a phone.
 */
#ifndef KT_DEVICE_SERVE_H
#define KT_DEVICE_SERVE_H

struct kt_source;

#define KT_SERVE_OK    0
#define KT_SERVE_USAGE 2
#define KT_SERVE_BUG   8

/*
 * Speaks frames on in and out until the parent says goodbye or is gone. case_fd: folder for the
 * key, -1 for none. src: its fd and facts are set; fd -1: a phone is read. Returns the exit status of
 * the process.
 */
int kt_serve(int in, int out, int case_fd, struct kt_source *src);

#endif
