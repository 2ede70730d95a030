/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to p11.c and p11_evp.c: an open card. */
#ifndef KT_SIGN_P11_I_H
#define KT_SIGN_P11_I_H

#include <p11-kit-1/p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

#include "reports/sign/p11.h"

struct kt_p11 {
	const struct kt_sign_key *where; /* borrowed */
	void *dl;
	CK_FUNCTION_LIST *f;
	bool initialised, have_session;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_RV rv;    /* how the last private operation for an envelope began */
	bool always; /* the key wants the PIN for every use */
	unsigned char id[256];
	size_t id_len;
};

/* Between init and use of an operation: the PIN once more, when the key wants that. */
int kt_p11_again(struct kt_p11 *c, struct kt_err *err);

#endif
