/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What keten-device gives up before it looks at anything from outside: dumps, new privileges,
 * other programs, the network, other processes, the kernel's rare doors. The environment stays as
 * it is: the USB library and its test bed read it.
 */
#ifndef KT_DEVICE_HARDEN_H
#define KT_DEVICE_HARDEN_H

#include <stdbool.h>

struct kt_err;

/*
 * Call first in main(), with one thread. loopback: TCP sockets are needed to reach usbmuxd. 0 or
 * KT_E_INTERNAL: then the process must not go on.
 */
int kt_harden(bool loopback, struct kt_err *err);

/*
 * The same when a source is read instead of a phone, and much narrower: no USB, no sockets, no
 * writing but to out and standard error, no reading but from in and below source (Landlock;
 * *landlock false: this kernel has none, and names could lead anywhere). Call when everything else
 * is open and warm. 0 or KT_E_INTERNAL.
 */
int kt_harden_source(int in, int out, int source, bool *landlock, struct kt_err *err);

/*
 * On top of kt_harden(), before the first word with an iPhone: sockets to usbmuxd alone, no files but
 * below the case folder, 1 GiB of memory, no threads. Everything that reads the system's files must
 * be warm; other threads must have ended. 0 or KT_E_INTERNAL: the process must not go on.
 */
int kt_harden_iphone(int case_fd, bool loopback, bool *landlock, struct kt_err *err);

#endif
