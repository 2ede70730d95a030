/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json in other forms, in one pass: CSV, GPX, KML, GeoJSON, CASE/UCO JSON-LD, and, when there are
 * more observations than the page shows, tables of all of them as further pages. A pure function of
 * its input, run inside the sandboxed keten-render; memory is bounded by a constant.
 */
#ifndef KT_REPORTS_RENDER_EXPORT_H
#define KT_REPORTS_RENDER_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/json.h"

struct kt_err;

enum kt_export {
	KT_EXPORT_CSV,
	KT_EXPORT_GPX,
	KT_EXPORT_KML,
	KT_EXPORT_GEOJSON,
	KT_EXPORT_CASE,
	KT_EXPORT_PAGES, /* this and all behind: observations-0001.html, ... */
};

#define KT_EXPORT_PAGE_ROWS 5000u
#define KT_EXPORT_PAGES_MAX                                                                        \
	400u /* 2 million observations; what lies beyond is in the other forms */
#define KT_EXPORT_NAME 32u

/* Name of a file by its number; NULL beyond the last. */
const char *kt_export_name(unsigned file, char out[KT_EXPORT_NAME]);
/* How many further pages a report of so many observations has. */
unsigned kt_export_pages(uint64_t observations);

/*
 * put gets the bytes of each file in order; the files take turns. 0, KT_E_FORMAT (no
 * keten-report-2), KT_E_LIMIT, KT_E_NOMEM, or what put gave.
 */
int kt_export(struct kt_json_src src,
	      int (*put)(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err),
	      void *arg, struct kt_err *err);

/*
 * All files in one stream: u8 low and u8 high byte of the file's number, le32 length, bytes; at most
 * KT_EXPORT_CHUNK bytes each. The reader side takes any cut of the stream.
 */
#define KT_EXPORT_CHUNK ((size_t)128 << 10)

struct kt_export_reader {
	uint8_t head[6];
	size_t nhead;
	uint32_t left;
	int (*put)(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err);
	void *arg;
};
void kt_export_head(uint8_t head[6], unsigned file, size_t n);
/* Hands on what came; KT_E_FORMAT for a stream that is none. */
int kt_export_feed(struct kt_export_reader *r, const void *p, size_t n, struct kt_err *err);

#endif
