/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ADB packets over a socket, for unit tests. keten-device has no way to reach it: no frame names
 * an endpoint, and network ADB is out of scope.
 */
#ifndef KT_ANDROID_STREAM_H
#define KT_ANDROID_STREAM_H

struct kt_err;
struct kt_transport;

/* Takes over fd (closed with the transport, also on failure). 0 or KT_E_NOMEM. */
int kt_stream_open(int fd, struct kt_transport **out, struct kt_err *err);

#endif
