/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where bytes from the phone go while they arrive. data() may keep the pointer until flush();
 * flush() is called before the memory is used again and before the phone hears that its packet
 * was taken: a slow reader slows the phone down, no queue grows.
 */
#ifndef KT_ANDROID_FEED_H
#define KT_ANDROID_FEED_H

#include <stddef.h>
#include <stdint.h>

struct kt_err;

struct kt_feed {
	int (*data)(void *ctx, const uint8_t *p, size_t n, struct kt_err *err);
	int (*flush)(void *ctx, struct kt_err *err);
	void *ctx; /* borrowed */
};

#endif
