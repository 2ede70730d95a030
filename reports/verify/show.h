/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One file of a package, or a part of it, to stdout: how a window shows the bytes that a finding
 * came from without opening the container itself. Judges nothing, but can hold the bytes against a
 * judgement that was made before; the caller is in the sandbox.
 */
#ifndef KT_VERIFY_SHOW_H
#define KT_VERIFY_SHOW_H

#include <stdint.h>
#include <stdio.h>

struct kt_err;

struct kt_show {
	const char *member;	 /* name inside the package */
	uint64_t offset, length; /* length 0: to its end */
	/*
	 * SHA-256 of the list that was signed, as the verifier gave it, or NULL. Then the member has to
	 * be what that list names, whatever became of the file meanwhile.
	 */
	const char *tags;
};

/*
 * Writes the bytes to out. 0; KT_E_ABSENT: no such file inside; KT_E_FORMAT: no container, or the
 * file in it can't be read; KT_E_INVALID: it is not what was judged, and what came out so far counts
 * for nothing; KT_E_STORAGE.
 */
int kt_verify_show(int fd, const struct kt_show *s, FILE *out, struct kt_err *err);

#endif
