/* SPDX-License-Identifier: EUPL-1.2 */
/* The part of the android-device plugin that reads a table; for android_device.c alone. */
#ifndef KT_PARSERS_PLUGINS_ANDROID_DEVICE_H
#define KT_PARSERS_PLUGINS_ANDROID_DEVICE_H

#include "parsers/sdk/keten_parser.h"

/* The artifact as a database: its table siminfo. */
int kt_device_sims(struct kt_ctx *ctx, struct kt_err *err);

#endif
