/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Shuts keten-verify in before it looks at a package: reads of what is open, writes to stdout and
 * stderr, memory, clocks; nothing else. There is no way back and no way without.
 */
#ifndef KT_VERIFY_SANDBOX_H
#define KT_VERIFY_SANDBOX_H

struct kt_err;

/*
 * All files must be open and everything fetched (kt_verify_warm()). 0, or KT_E_INTERNAL: the
 * process must then not read a package.
 */
int kt_verify_sandbox(struct kt_err *err);

#endif
