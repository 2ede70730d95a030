/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fit, record part: what messages mean. Numbers of messages and fields, units and scales after
 * Garmin's public profile. Of each message only the fields named here are looked at: heart rate, energy,
 * temperature, weight and whatever else measures a body are passed over, and so are all developer
 * fields. A value equal to its type's "invalid" marker is absent.
 */
#include "parsers/plugins/fit.h"
#include "parsers/sdk/units.h"

#include <stdio.h>
#include <string.h>

#define POWER_UP_MAX 0x10000000u /* below: seconds since the device was switched on, no date */
#define COURSE	     6u		 /* file_id type: a way to follow, planned, not recorded */
#define RAW_MAX	     80

enum {
	MSG_FILE_ID = 0,
	MSG_SESSION = 18,
	MSG_LAP = 19,
	MSG_RECORD = 20,
	MSG_EVENT = 21,
	MSG_DEVICE_INFO = 23,
	MSG_COURSE_POINT = 32,
	MSG_ACTIVITY = 34,
	MSG_GPS_METADATA = 160
};

/* -- values ----------------------------------------------------------------------------------- */

/* Integer types: number, bytes, and whether "invalid" is zero, the greatest or the lowest+1. */
enum invalid { INV_MAX, INV_ZERO, INV_SIGNED };
static const struct {
	uint8_t type, size, invalid;
} types[] = {
	{0x00, 1, INV_MAX},  {0x01, 1, INV_SIGNED}, {0x02, 1, INV_MAX}, {0x83, 2, INV_SIGNED},
	{0x84, 2, INV_MAX},  {0x85, 4, INV_SIGNED}, {0x86, 4, INV_MAX}, {0x0a, 1, INV_ZERO},
	{0x8b, 2, INV_ZERO}, {0x8c, 4, INV_ZERO},
};

/* The first field of that number: its bytes, or NULL. */
static const uint8_t *field(const struct fit_message *m, uint8_t num, struct fit_field *is)
{
	size_t off = 0;

	for (unsigned i = 0; i < m->def->nfields; off += m->def->field[i++].size) {
		if (m->def->field[i].num != num)
			continue;
		*is = m->def->field[i];
		return m->p + off;
	}
	return NULL;
}

/* An integer; false when it is absent, marked invalid, or of another size than its type's. */
static bool number(struct fit *f, const struct fit_message *m, uint8_t num, int64_t *v)
{
	struct fit_field is;
	const uint8_t *p = field(m, num, &is);
	uint64_t u = 0, max;

	if (p == NULL)
		return false;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type != is.type || types[i].size != is.size)
			continue;
		for (unsigned k = 0; k < is.size; k++)
			u |= (uint64_t)p[k] << 8 * (m->def->big_endian ? is.size - 1 - k : k);
		max = (UINT64_C(1) << 8 * is.size) - 1;
		if (u == (types[i].invalid == INV_MAX	 ? max
			  : types[i].invalid == INV_ZERO ? 0
							 : max >> 1))
			return false;
		*v = (int64_t)u;
		if (types[i].invalid == INV_SIGNED && u > max >> 1)
			*v -= (int64_t)max + 1;
		return true;
	}
	f->odd_noted = true; /* the caller's caller says so once */
	return false;
}

static struct kt_str text(const struct fit_message *m, uint8_t num)
{
	struct fit_field is;
	const uint8_t *p = field(m, num, &is), *nul;
	struct kt_str s = {"", 0};

	if (p == NULL || is.type != 0x07)
		return s;
	nul = memchr(p, '\0', is.size);
	s.p = (const char *)p;
	s.len = nul != NULL ? (uint32_t)(nul - p) : is.size;
	return s;
}

/* -- time ------------------------------------------------------------------------------------- */

/* Sets the record's time, or how long the device had been on. */
static void set_time(struct kt_record *r, uint32_t t)
{
	int64_t us;

	if (t < POWER_UP_MAX)
		kt_rec_int(r, KT_F_ELAPSED_MS, (int64_t)t * 1000);
	else if (kt_epoch_us(KT_EPOCH_FIT_S, t, 0, &us))
		kt_set_utc(r, us);
}

static void meaning(struct kt_record *r, const char *s)
{
	kt_rec_str(r, KT_F_TIME_MEANING, s, strlen(s));
}

/* -- place ------------------------------------------------------------------------------------ */

/* False: neither coordinate is there. raw: room for the source's own numbers. */
static bool set_place(struct fit *f, const struct fit_message *m, uint8_t lat_field,
		      uint8_t lon_field, struct kt_record *r, char raw[RAW_MAX])
{
	int64_t lat = 0, lon = 0;
	bool a = number(f, m, lat_field, &lat), b = number(f, m, lon_field, &lon);

	if (!a && !b)
		return false;
	if (a && b && lat >= INT32_MIN && lat <= INT32_MAX && lon >= INT32_MIN && lon <= INT32_MAX)
		kt_set_position_semicircles(r, (int32_t)lat, (int32_t)lon);
	else
		kt_set_unusable(r, a && b ? "malformed-position" : "incomplete-position");
	if (raw != NULL) {
		char la[24] = "invalid", lo[24] = "invalid", t[24] = "";

		if (a)
			snprintf(la, sizeof(la), "%lld", (long long)lat);
		if (b)
			snprintf(lo, sizeof(lo), "%lld", (long long)lon);
		if (m->has_time)
			snprintf(t, sizeof(t), " | %lu", (unsigned long)m->time);
		snprintf(raw, RAW_MAX, "%s, %s%s", la, lo, t);
		r->raw = kt_str_c(raw);
	}
	return true;
}

static void set_altitude(struct fit *f, const struct fit_message *m, uint8_t enhanced, int plain,
			 struct kt_record *r)
{
	int64_t v;

	if (number(f, m, enhanced, &v) || (plain >= 0 && number(f, m, (uint8_t)plain, &v)))
		kt_rec_int(r, KT_F_ALTITUDE_MM, v * 200 - 500000);
}

static void set_speed(struct fit *f, const struct fit_message *m, uint8_t enhanced, int plain,
		      struct kt_record *r)
{
	int64_t v;

	if (number(f, m, enhanced, &v) || (plain >= 0 && number(f, m, (uint8_t)plain, &v)))
		kt_rec_int(r, KT_F_SPEED_MM_S, v);
}

static void start(struct fit *f, const struct fit_message *m, struct kt_record *r,
		  enum kt_rec_type type, enum kt_rec_basis basis)
{
	kt_rec_init(r, type, basis);
	r->loc = kt_fit_locator(f, m->off, m->len);
}

/* A point of a recording; of a course, a point of a way that somebody drew. */
static int point(struct fit *f, const struct fit_message *m)
{
	bool course = f->file_type == COURSE, meta = m->def->global == MSG_GPS_METADATA;
	const char *origin = course ? "course" : "recorded";
	struct kt_record r;
	char raw[RAW_MAX];
	int64_t v;

	start(f, m, &r, course ? KT_REC_PLACE : KT_REC_POSITION,
	      course ? KT_BASIS_STATED : KT_BASIS_MEASURED);
	if (!set_place(f, m, meta ? 1 : 0, meta ? 2 : 1, &r, raw)) {
		kt_fit_skip(f, FIT_NO_POSITION, m);
		return 0;
	}
	if (m->has_time && !course) /* a course's times are those of an invented runner */
		set_time(&r, m->time);
	if (meta) {
		set_altitude(f, m, 3, -1, &r);
		set_speed(f, m, 4, -1, &r);
		if (number(f, m, 5, &v))
			kt_rec_int(&r, KT_F_HEADING_MDEG, v * 10);
	} else {
		set_altitude(f, m, 78, 2, &r);
		set_speed(f, m, 73, 6, &r);
		if (number(f, m, 31, &v))
			kt_set_accuracy_mm(&r, v * 1000, true);
	}
	kt_rec_str(&r, KT_F_ORIGIN, origin, strlen(origin));
	return kt_emit(f->ctx, &r, f->err);
}

/* -- parts of a recording --------------------------------------------------------------------- */

static void set_sport(struct kt_record *r, int64_t sport, char out[24])
{
	static const char *const names[] = {
		"generic",
		"running",
		"cycling",
		"transition",
		"fitness equipment",
		"swimming",
		"basketball",
		"soccer",
		"tennis",
		"american football",
		"training",
		"walking",
		"cross-country skiing",
		"alpine skiing",
		"snowboarding",
		"rowing",
		"mountaineering",
		"hiking",
		"multisport",
		"paddling",
		"flying",
		"e-biking",
		"motorcycling",
		"boating",
		"driving",
	};
	const char *s = out;

	if (sport >= 0 && (size_t)sport < sizeof(names) / sizeof(names[0]))
		s = names[sport];
	else
		snprintf(out, 24, "sport %d", (int)sport);
	kt_rec_str(r, KT_F_ACTIVITY, s, strlen(s));
}

/* A session or one of its laps: where and when it began and ended, as the device sums it up. */
static int part(struct fit *f, const struct fit_message *m)
{
	bool lap = m->def->global == MSG_LAP;
	struct kt_record r, end;
	char raw[RAW_MAX], sport[24];
	int64_t v, began;

	start(f, m, &r, KT_REC_MOVEMENT, KT_BASIS_MEASURED);
	kt_rec_clear(&end);
	set_place(f, m, 3, 4, &r, raw);
	if (number(f, m, 2, &began)) {
		set_time(&r, (uint32_t)began);
		if (r.time_kind == KT_TIME_UTC && number(f, m, 7, &v)) {
			kt_set_end(&r, r.t_us + v * 1000);
			kt_rec_int(&r, KT_F_DURATION_MS, v);
		} else if (r.time_kind == KT_TIME_UTC && m->has_time && m->time >= POWER_UP_MAX &&
			   kt_epoch_us(KT_EPOCH_FIT_S, m->time, 0, &v)) {
			kt_set_end(&r, v);
		}
	}
	if (set_place(f, m, lap ? 5 : 38, lap ? 6 : 39, &end, NULL) && end.pos_state == KT_POS_OK) {
		kt_rec_int(&r, KT_F_END_LAT_E7, end.lat_e7);
		kt_rec_int(&r, KT_F_END_LON_E7, end.lon_e7);
	}
	if (number(f, m, 9, &v))
		kt_rec_int(&r, KT_F_DISTANCE_MM, v * 10);
	if (number(f, m, lap ? 25 : 5, &v))
		set_sport(&r, v, sport);
	kt_rec_int(&r, KT_F_HIERARCHY_LEVEL, lap ? 1 : 0);
	meaning(&r, lap ? "lap" : "session");
	return kt_emit(f->ctx, &r, f->err);
}

/* Only what starts and stops the recording: other events are alarms, many about the body. */
static int event(struct fit *f, const struct fit_message *m)
{
	static const char *const what[] = {"timer-start", "timer-stop", NULL, NULL,
					   "timer-stop",  NULL,		NULL, NULL,
					   "timer-stop",  "timer-stop"};
	struct kt_record r;
	int64_t ev, kind;

	if (!number(f, m, 0, &ev) || !number(f, m, 1, &kind) || ev != 0 || kind < 0 ||
	    (size_t)kind >= sizeof(what) / sizeof(what[0]) || what[kind] == NULL || !m->has_time) {
		kt_fit_skip(f, FIT_OTHER_EVENT, m);
		return 0;
	}
	start(f, m, &r, KT_REC_EVENT, KT_BASIS_MEASURED);
	set_time(&r, m->time);
	meaning(&r, what[kind]);
	return kt_emit(f->ctx, &r, f->err);
}

/* The whole recording, with the device's local time beside UTC. */
static int activity(struct fit *f, const struct fit_message *m)
{
	struct kt_record r;
	int64_t local;

	start(f, m, &r, KT_REC_EVENT, KT_BASIS_MEASURED);
	if (m->has_time)
		set_time(&r, m->time);
	if (m->has_time && m->time >= POWER_UP_MAX && number(f, m, 5, &local)) {
		int64_t s = local - (int64_t)m->time, min = (s + (s < 0 ? -30 : 30)) / 60;

		if (min >= -14 * 60 && min <= 14 * 60)
			kt_rec_int(&r, KT_F_LOCAL_OFFSET_MIN, min);
	}
	meaning(&r, "activity-saved");
	return kt_emit(f->ctx, &r, f->err);
}

/* A turn or a mark on a planned way. */
static int course_point(struct fit *f, const struct fit_message *m)
{
	struct kt_str name = text(m, 6);
	struct kt_record r;
	char raw[RAW_MAX];

	start(f, m, &r, KT_REC_PLACE, KT_BASIS_STATED);
	if (!set_place(f, m, 2, 3, &r, raw)) {
		kt_fit_skip(f, FIT_NO_POSITION, m);
		return 0;
	}
	kt_rec_str(&r, KT_F_PLACE_NAME, name.p, name.len);
	kt_rec_str(&r, KT_F_ORIGIN, "course", 6);
	return kt_emit(f->ctx, &r, f->err);
}

/* -- devices ---------------------------------------------------------------------------------- */

static const char *maker(int64_t v)
{
	static const struct {
		int16_t n;
		const char *name;
	} names[] = {{1, "garmin"},	    {15, "dynastream"}, {23, "suunto"},
		     {32, "wahoo fitness"}, {123, "polar"},	{255, "development"},
		     {260, "zwift"},	    {265, "strava"},	{294, "coros"}};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].n == v)
			return names[i].name;
	return NULL;
}

/* "garmin (1), product 1036, serial 1234567890, name". */
static void set_device(struct fit *f, const struct fit_message *m, struct kt_record *r,
		       const uint8_t fields[3], struct kt_str name, char out[256])
{
	int64_t v;
	size_t n = 0;

	out[0] = '\0';
	if (number(f, m, fields[0], &v)) {
		const char *s = maker(v);

		n += (size_t)snprintf(out, 64, s != NULL ? "%s (%d)" : "%smanufacturer %d",
				      s != NULL ? s : "", (int)v);
	}
	if (number(f, m, fields[1], &v))
		n += (size_t)snprintf(out + n, 64, "%sproduct %d", n > 0 ? ", " : "", (int)v);
	if (number(f, m, fields[2], &v))
		n += (size_t)snprintf(out + n, 64, "%sserial %llu", n > 0 ? ", " : "",
				      (unsigned long long)v);
	if (name.len > 0 && name.len <= 64) {
		memcpy(out + n, ", ", 2);
		memcpy(out + n + (n > 0 ? 2 : 0), name.p, name.len);
		n += (n > 0 ? 2 : 0) + name.len;
	}
	kt_rec_str(r, KT_F_SOURCE_DEVICE, out, n);
}

static int file_id(struct fit *f, const struct fit_message *m)
{
	static const uint8_t fields[] = {1, 2, 3};
	struct kt_record r;
	char device[256];
	int64_t v;

	f->file_type = number(f, m, 0, &v) ? (uint8_t)v : 0xff;
	start(f, m, &r, KT_REC_EVENT, KT_BASIS_STATED);
	if (number(f, m, 4, &v))
		set_time(&r, (uint32_t)v);
	set_device(f, m, &r, fields, text(m, 8), device);
	meaning(&r, f->file_type == COURSE ? "course-created" : "file-created");
	return kt_emit(f->ctx, &r, f->err);
}

static int device_info(struct fit *f, const struct fit_message *m)
{
	static const uint8_t fields[] = {2, 4, 3};
	char device[256], version[24];
	struct kt_record r;
	int64_t v;

	if (!number(f, m, 0, &v) || v != 0) { /* 0 is the device that records */
		kt_fit_skip(f, FIT_OTHER_SENSOR, m);
		return 0;
	}
	start(f, m, &r, KT_REC_EVENT, KT_BASIS_STATED);
	if (m->has_time)
		set_time(&r, m->time);
	set_device(f, m, &r, fields, text(m, 27), device);
	if (number(f, m, 5, &v)) {
		snprintf(version, sizeof(version), "%d.%02d", (int)(v / 100), (int)(v % 100));
		kt_rec_str(&r, KT_F_SOFTWARE, version, strlen(version));
	}
	meaning(&r, "device-info");
	return kt_emit(f->ctx, &r, f->err);
}

/* -- the message ------------------------------------------------------------------------------ */

static int by_kind(struct fit *f, const struct fit_message *m)
{
	switch (m->def->global) {
	case MSG_RECORD:
	case MSG_GPS_METADATA:
		return point(f, m);
	case MSG_SESSION:
	case MSG_LAP:
		return part(f, m);
	case MSG_EVENT:
		return event(f, m);
	case MSG_ACTIVITY:
		return activity(f, m);
	case MSG_FILE_ID:
		return file_id(f, m);
	case MSG_DEVICE_INFO:
		return device_info(f, m);
	case MSG_COURSE_POINT:
		return course_point(f, m);
	default:
		kt_fit_skip(f, FIT_NOT_READ, m);
		return 0;
	}
}

int kt_fit_message(struct fit *f, const struct fit_message *m)
{
	bool before = f->odd_noted;
	int r = by_kind(f, m);

	if (r == 0 && !before && f->odd_noted)
		r = kt_note(f->ctx, "value-unusable",
			    "a field's size is not that of its type; such values are left out",
			    f->err);
	return r;
}
