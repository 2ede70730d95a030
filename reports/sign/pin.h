/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to keten-sign: asks a person for a passphrase or PIN, never through argv or environment. */
#ifndef KT_SIGN_PIN_H
#define KT_SIGN_PIN_H

#include "reports/sign/sign.h"

/*
 * From the key's descriptor, its pinentry, or the terminal. Its length, or -1 with *why (constant
 * text). buf is the caller's to cleanse; it is terminated.
 */
int kt_pin_ask(const struct kt_sign_key *key, const char *prompt, char *buf, int size,
	       const char **why);

#endif
