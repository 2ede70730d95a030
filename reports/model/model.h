/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Shared by the files of reports/model/ alone: observations as the model holds them, and what is
 * made of them. Everything here is a function of the records, in their order; no clock, no floating
 * point. docs/formats/report.md says what each rule means.
 */
#ifndef KT_REPORTS_MODEL_MODEL_H
#define KT_REPORTS_MODEL_MODEL_H

#include "core/record.h"
#include "reports/geo/geo.h"
#include "reports/model/report_i.h"

#define HOURS_US     (INT64_C(3600) * 1000000)
#define SOURCES_MAX  40u
#define NO_NUMBER    UINT32_MAX
#define PLACES_MAX   200000u /* kept; later positions of further places join none */
#define PLACES_SHOWN 5000u
#define STAYS_SHOWN  10000u
#define PAIRS_SHOWN  10000u

/* Why an observation is, or is not, a position of this phone. The first rule that applies. */
enum why {
	WHY_STATEMENT = 0,
	WHY_NAMED,
	WHY_UNUSABLE,
	WHY_NULL_ISLAND,
	WHY_SIMULATED,
	WHY_OTHER_DEVICE,
	WHY_EDITED,
	WHY_PLANNED,
	WHY_OTHER_CAMERA,
	WHY_NO_CAMERA,
	WHY_PHONE_UNKNOWN,
	WHY_RECEIVED,
	WHY_REPEATED,
	WHY_UNDATED,
	WHY_TIME,
	WHY_POSITION,
	WHY_COUNT
};
const char *why_name(unsigned why);

/* -- one record, read flat (scan.c) ----------------------------------------------------------- */

/* A value as it stands in the JSON: text without its quotes, or a number; NULL when it is not there. */
struct slice {
	const char *p;
	size_t n;
};

enum slot {
	S_TYPE,
	S_BASIS,
	S_T_KIND,
	S_T_END,
	S_LAT,
	S_LON,
	S_ACCURACY,
	S_POSITION,
	S_FLAGS,
	S_MAKE,
	S_MODEL,
	S_SOFTWARE,
	S_EDITED_BY,
	S_ORIGIN,
	S_GPS_TIME,
	S_DIFFERENCE,
	S_MCC,
	S_NAME,
	S_VALUE,
	S_COUNT
};
struct view {
	struct slice v[S_COUNT];
};

/* Members of one record as kt_rec_json() writes it. */
void view_read(struct view *v, const char *json, size_t n);
bool slice_is(const struct slice *s, const char *text);
bool slice_has(const struct slice *s, const char *text); /* without regard to case */
/* A decimal number with exactly that many decimals, as a whole number. */
bool slice_fixed(const struct slice *s, unsigned decimals, int64_t *out);

/* -- sources and the phone (sources.c) -------------------------------------------------------- */

/* Plugins whose statements depend on one another are one source. */
struct source {
	char name[48];
	bool by_itself;		 /* records without anybody doing something */
	bool phone_clock;	 /* its times come from the phone's own clock */
	bool camera, taken_down; /* pictures; tracks that anybody can make */
	uint64_t used;		 /* positions of the phone */
	int64_t first, last;	 /* of those with a UTC instant */
};

struct phone {
	char make[4][64], model[8][64]; /* as it states them */
	unsigned nmake, nmodel;
	bool ios_unknown; /* an iPhone whose model word is not in our table */
};

struct model;
int phone_read(struct rep *r, struct phone *p);
/* 1 the same, 0 another, -1 can't be compared. */
int phone_is_camera(const struct phone *p, const struct slice *make, const struct slice *model);
/* Number of a source; grows the table. */
unsigned source_of(struct model *m, const char *plugin);

/* -- the model -------------------------------------------------------------------------------- */

struct ob {
	int64_t t,
		t_end; /* as used: shifted when shifted is set; t_end is t when there is no end */
	uint32_t object, n;
	int32_t lat, lon;
	uint32_t accuracy_m; /* rounded up; 0: none given */
	uint32_t place, stay;
	uint16_t where;
	uint8_t why, source, basis, kind; /* kind: enum kt_time_kind */
	bool has_position, copy, shifted;
};

struct stay {
	int64_t from, to, seen; /* seen: the last observation, determined or not */
	int64_t gap;
	uint64_t observations, undetermined, measured, inferred, other, days;
	int64_t last_day;
	uint32_t first, last; /* observations */
	uint16_t where;
	uint8_t source;
	uint32_t number; /* in the document, from 1 */
};

struct place {
	int32_t lat, lon;
	uint16_t where;
	uint32_t radius_m, first, next; /* next: in the same cell, or NO_NUMBER */
	uint64_t observations, days;
	uint64_t sources; /* bits */
	int64_t from, to, last_day;
	uint32_t number; /* in the document, from 1; 0: not listed */
};

/* Pairs of neighbours in time, summed. */
struct pairs {
	uint8_t a, b; /* sources */
	uint64_t n;
	int64_t from, to, distance_mm, apart_us, largest_mm;
	uint32_t first_a, first_b; /* observations */
};

struct camera {
	char make[64], model[64];
	uint64_t pictures, with_position;
	int same; /* as phone_is_camera() */
};
#define CAMERAS_MAX 100u

struct total {
	uint16_t where;
	uint64_t observations, days;
	int64_t first, last, last_day;
};

struct model {
	struct kt_geo *geo;
	struct phone phone;
	struct source source[SOURCES_MAX];
	unsigned nsources;

	struct ob *ob;	/* one per record, in the order of the document */
	int64_t *rowid; /* of each in the store */
	size_t nobs, cobs, crows;
	uint32_t *by_time; /* positions of the phone with an instant in UTC, by time used */
	size_t ntimed;

	struct kt_geo_where *where; /* distinct ones */
	size_t nwhere, cwhere;
	uint16_t *where_hash;
	bool *seen; /* territories that occur */
	struct near_memo *memo;

	int64_t offset_ms, shift_us; /* phone minus station; what is taken off */
	bool has_offset, checked_twice, agree;
	uint64_t shifted, sat_n;
	int64_t sat_least, sat_most;

	struct stay *stay;
	size_t nstays, cstays;
	struct place *place;
	size_t nplaces, cplaces;
	uint32_t *place_hash;
	uint64_t no_place;
	struct pairs *agree_with, *conflict;
	size_t nagree, cagree, nconflict, cconflict;
	struct total *total;
	size_t ntotals, ctotals;
	struct camera camera[CAMERAS_MAX];
	size_t ncameras;
	uint64_t more_cameras;
	uint64_t picture_why[WHY_COUNT], why[WHY_COUNT];
};

int model_make(struct rep *r);
void model_free(struct rep *r);

/* read.c */
int model_read(struct rep *r, struct model *m);
/* Room for one more element of an array that doubles. */
int model_room(struct rep *r, void **p, size_t n, size_t *cap, size_t size);
/* use.c */
struct ob_input {
	const struct view *v;
	const char *path; /* on the phone, or NULL */
	const struct source *source;
	int64_t t_us;
	bool timed;
};
enum why use_decide(const struct model *m, const struct ob_input *in);
/* runs.c */
int model_stays(struct rep *r, struct model *m);
int model_places(struct rep *r, struct model *m);
int model_totals(struct rep *r, struct model *m);
/* pairs.c */
int model_pairs(struct rep *r, struct model *m);
/* clock.c: before reading */
int model_clock(struct rep *r, struct model *m);

int64_t day_of(int64_t us);
/* Days of UTC that an observation touches and that were not counted yet. */
uint64_t days_more(const struct ob *o, int64_t *last_day);

/* findings.c */
void put_where(struct rep *r, const char *key, unsigned where);
void put_ob_id(struct rep *r, const char *key, uint32_t ob);
void put_us(struct rep *r, const char *key, int64_t us, bool there);
/* Writes "use" of record i of the document, whose text is given. */
void put_use(struct rep *r, size_t i, const char *json, size_t n);

#endif
