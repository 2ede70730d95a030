/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The password of an encrypted backup, typed by its holder: read for one attempt, handed on to
 * keten-device, wiped. It stands in no argument, environment, log or file.
 */
#ifndef KT_CLI_SECRET_H
#define KT_CLI_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct kt_acq;
struct kt_err;

#define KT_SECRET_TRIES 5u
#define KT_SECRET_BYTES 1023

struct kt_secret {
	char text[KT_SECRET_BYTES + 1];
	size_t n;
};

/*
 * Asks for it: on the terminal without echo, or as the next line of --password-fd. again: the one
 * before was wrong. 0; KT_E_REFUSED when there is none to be had; KT_E_USAGE. Always forget *s.
 */
int kt_secret_ask(struct kt_acq *q, bool again, struct kt_secret *s, struct kt_err *err);
/* Hands it to keten-device. 0 or a code. */
int kt_secret_send(struct kt_acq *q, const struct kt_secret *s, struct kt_err *err);
void kt_secret_forget(struct kt_secret *s);

#endif
