/* SPDX-License-Identifier: EUPL-1.2 */
/* Shared by the files of the exports alone. */
#ifndef KT_REPORTS_RENDER_EXPORT_I_H
#define KT_REPORTS_RENDER_EXPORT_I_H

#include "core/buf.h"
#include "reports/render/export.h"
#include "reports/render/html_i.h"

/* Members of an observation that a form has a place for. */
enum col {
	C_ID,
	C_OBJECT,
	C_SHA256,
	C_PATH,
	C_ITEM,
	C_PLUGIN,
	C_TYPE,
	C_BASIS,
	C_T,
	C_T_KIND,
	C_T_LOCAL,
	C_T_END,
	C_LAT,
	C_LON,
	C_ACCURACY,
	C_POSITION,
	C_REASON,
	C_RAW,
	C_L_KIND,
	C_L_PATH,
	C_L_OFFSET,
	C_L_LENGTH,
	C_AS,
	C_WHY,
	C_SOURCE,
	C_USE_T,
	C_VERDICT,
	C_PLACE,
	C_STAY,
	C_COPY,
	COLS
};

struct obs {
	uint64_t number;	   /* from 1 */
	const char *v[COLS];	   /* NULL: not there */
	struct kt_buf territories; /* codes, blank between two */
	struct kt_buf attributes;  /* what has no place of its own: "name=value; name=value" */
};

struct export
{
	struct kt_json *j;
	struct flat *f;
	struct kt_err *err;
	int (*put)(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err);
	void *arg;
	struct kt_buf out[KT_EXPORT_PAGES], page;
	struct obs obs;
	uint64_t total, with_position; /* as the result counts them */
	uint64_t shown;		       /* observations so far */
	unsigned pages;
	char case_id[80], case_ref[256], mandate_id[80], sealed[40];
	int8_t slot[128]; /* hash of a member's name to its column */
	bool first_feature, first_node;
};

/* A JSON string. */
void x_json(struct kt_buf *b, const char *s);
/* The time that a form may give as an instant; NULL for a local time or none. */
const char *x_instant(const struct obs *o);
bool x_has_position(const struct obs *o);

void csv_head(struct export *x);
void csv_row(struct export *x);
void gpx_head(struct export *x);
void gpx_row(struct export *x);
void gpx_end(struct export *x);
void kml_head(struct export *x);
void kml_row(struct export *x);
void kml_end(struct export *x);
void geojson_head(struct export *x);
void geojson_row(struct export *x);
void geojson_end(struct export *x);
void case_head(struct export *x);
void case_row(struct export *x);
void case_object(struct export *x); /* an element of objects stands in x->f */
void case_end(struct export *x);
void table_head(struct export *x);
void table_row(struct export *x);
void table_end(struct export *x);

#endif
