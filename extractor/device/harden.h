/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What keten-device gives up before it looks at anything from outside: dumps, new privileges,
 * other programs, the network, other processes, the kernel's rare doors. The environment stays as
 * it is: the USB library and its test bed read it.
 */
#ifndef KT_DEVICE_HARDEN_H
#define KT_DEVICE_HARDEN_H

struct kt_err;

/* Call first in main(), with one thread. 0 or KT_E_INTERNAL: then the process must not go on. */
int kt_harden(struct kt_err *err);

#endif
