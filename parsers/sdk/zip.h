/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Members of an artifact that is itself an archive (KMZ, exports as .zip), gzip included. core/unzip
 * does the reading; here it meets kt_in_read(). Limits: 20,000 members, 8 GiB unpacked per member,
 * and no more than 1,100 times its packed size (deflate's own limit is 1,032).
 */
#ifndef KT_PARSERS_SDK_ZIP_H
#define KT_PARSERS_SDK_ZIP_H

#include "parsers/sdk/keten_parser.h"

struct kt_zip;

/* Reads the directory. 0; KT_E_FORMAT: no ZIP file, or one that contradicts itself; KT_E_LIMIT. */
int kt_zip_open(struct kt_ctx *ctx, struct kt_zip **z, struct kt_err *err);
void kt_zip_close(struct kt_zip **z);
uint32_t kt_zip_count(const struct kt_zip *z);
/* Name as written (bytes), borrowed; unpacked size as the directory says. */
struct kt_str kt_zip_name(const struct kt_zip *z, uint32_t i);
uint64_t kt_zip_size(const struct kt_zip *z, uint32_t i);
/*
 * A sequential source of member i, whose offsets count unpacked bytes; one at a time. Its read gives
 * KT_E_FORMAT when packed data, size or CRC-32 are wrong (known at the end).
 */
int kt_zip_src(struct kt_zip *z, uint32_t i, struct kt_json_src *src, struct kt_err *err);

/* The same for an artifact that is one gzip stream (.gpx.gz, .fit.gz). The source is closed with ctx. */
int kt_gzip_src(struct kt_ctx *ctx, struct kt_json_src *src, struct kt_err *err);

#endif
