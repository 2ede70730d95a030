/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The act "stamp" of keten-sign: asks time-stamp authorities, and believes a reply only after judging
 * it. The only code of Keten that opens a network connection.
 */
#ifndef KT_SIGN_STAMP_H
#define KT_SIGN_STAMP_H

#include <stdbool.h>
#include <stddef.h>

struct kt_buf;
struct kt_err;

#define KT_STAMP_URLS 8

struct kt_stamp {
	const char *url[KT_STAMP_URLS]; /* tried in this order */
	size_t n;
	const char *trust;   /* folder with the anchors of authorities */
	bool digest;	     /* content is the SHA-256 of what is to be stamped */
	unsigned deadline_s; /* for each authority */
};

/*
 * Appends the first token over content that holds; a line on stderr for each authority that gave
 * none. 0; KT_E_USAGE; KT_E_DEVICE: no authority gave a token that holds, the last reason in err.
 */
int kt_stamp(const struct kt_stamp *s, const void *content, size_t n, struct kt_buf *token,
	     struct kt_err *err);

#endif
