/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * health-export: workouts and their routes out of an export of Apple Health: export.xml, a route as
 * GPX, or the whole export.zip. Page: docs/formats/health-export.md.
 *
 * Elements: each child of the document (HealthData), and each point of a route. The date of the
 * export and the workouts that name a route or a time zone become EVENTs; points of a route are
 * positions as in the plugin tracks. Skipped:
 *   health-data-not-read    measurements, summaries, clinical records, facts on the holder's body
 *   workout-without-route   a workout that names neither a route nor a time zone
 * Of a workout its dates, source, zone and route are read, and its kind when it has a route; never
 * its energy, heart rate or distance. Its dates are written with the offset that held where the export
 * was made, so the offset says nothing about the workout.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/units.h"
#include "parsers/sdk/xml.h"
#include "parsers/sdk/zip.h"

#define MEMBERS_MAX 20000u

struct health {
	struct track_out *o;
	struct kt_tally skip[2]; /* as skip_names */
	bool in_workout;
	struct track_text start, end, activity, zone;
	struct track_name source, route;
};

static const char *const skip_names[] = {"health-data-not-read", "workout-without-route"};

/* An element that ends unread; why: index into skip_names. */
static int count(struct health *h, const struct kt_xml_event *ev, unsigned why)
{
	struct kt_locator l = {.kind = KT_LOC_BYTES, .off = ev->open_off};

	l.len = ev->off - ev->open_off;
	if (h->o->member.len > 0) {
		l.kind = KT_LOC_MEMBER;
		l.path = h->o->member;
	}
	kt_seen(h->o->ctx, 1);
	return kt_tally_add(&h->skip[why], &l);
}

/* "2024-05-06 07:08:09 +0200". False: no time. */
static bool set_time(struct kt_record *r, struct kt_str s, int *offset)
{
	enum kt_time_kind kind;
	int64_t us;

	*offset = 0;
	if (!kt_iso_time(s, &us, &kind, offset))
		return false;
	if (kind == KT_TIME_LOCAL)
		kt_set_local(r, us);
	else
		kt_set_utc(r, us);
	return true;
}

static int event(struct health *h, struct kt_record *r, bool timed, uint64_t off, uint64_t len)
{
	int c = timed ? 0 : kt_track_bad_time(h->o);

	return c < 0 ? c : kt_track_record(h->o, r, off, len);
}

static int export_date(struct health *h, const struct kt_xml_event *ev)
{
	struct kt_record r;
	int offset;
	bool timed;

	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_STATED);
	r.raw = kt_track_str(&h->start);
	timed = set_time(&r, r.raw, &offset);
	if (r.time_kind == KT_TIME_UTC)
		kt_rec_int(&r, KT_F_LOCAL_OFFSET_MIN, offset);
	kt_rec_str(&r, KT_F_TIME_MEANING, "export-made", 11);
	return event(h, &r, timed, ev->open_off, ev->off - ev->open_off);
}

static int workout(struct health *h, const struct kt_xml_event *ev)
{
	static const char prefix[] = "HKWorkoutActivityType";
	struct kt_str kind = kt_track_str(&h->activity);
	struct kt_record r;
	enum kt_time_kind end_kind;
	int64_t end;
	int offset;
	bool timed;

	if (h->route.len == 0 && h->zone.len == 0)
		return count(h, ev, 1);
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_MEASURED);
	r.raw = kt_track_str(&h->start);
	timed = set_time(&r, r.raw, &offset);
	if (r.time_kind == KT_TIME_UTC &&
	    kt_iso_time(kt_track_str(&h->end), &end, &end_kind, NULL) && end_kind == KT_TIME_UTC &&
	    end >= r.t_us)
		kt_rec_int(&r, KT_F_DURATION_MS, (end - r.t_us) / 1000);
	if (kt_str_starts(kind, prefix))
		kind = kt_str_from(kind, sizeof(prefix) - 1);
	if (h->route.len > 0)
		kt_rec_str(&r, KT_F_ACTIVITY, kind.p, kind.len);
	kt_rec_str(&r, KT_F_SOURCE_DEVICE, h->source.p, h->source.len);
	kt_rec_str(&r, KT_F_ITEM_ID, h->route.p, h->route.len);
	kt_rec_str(&r, KT_F_TIME_ZONE, h->zone.p, h->zone.len);
	kt_rec_str(&r, KT_F_TIME_MEANING, "workout-started", 15);
	return event(h, &r, timed, ev->open_off, ev->off - ev->open_off);
}

static int on_open(struct health *h, const struct kt_xml_event *ev)
{
	if (ev->depth == 1) {
		if (!kt_str_is(ev->name, "HealthData"))
			return KT_FAIL(h->o->err, KT_E_FORMAT,
				       "not-this-kind: no export of Apple Health");
		h->o->known = true;
	} else if (ev->depth == 2 && kt_str_is(ev->name, "ExportDate")) {
		kt_track_set(&h->start, kt_xml_attr(ev, "value"));
	} else if (ev->depth == 2 && kt_str_is(ev->name, "Workout")) {
		h->in_workout = true;
		h->zone.len = h->route.len = 0;
		kt_track_set(&h->start, kt_xml_attr(ev, "startDate"));
		kt_track_set(&h->end, kt_xml_attr(ev, "endDate"));
		kt_track_set(&h->activity, kt_xml_attr(ev, "workoutActivityType"));
		kt_track_name(&h->source, kt_xml_attr(ev, "sourceName"));
	} else if (h->in_workout && kt_str_is(ev->name, "FileReference") && h->route.len == 0) {
		kt_track_name(&h->route, kt_xml_attr(ev, "path"));
	} else if (h->in_workout && kt_str_is(ev->name, "MetadataEntry") &&
		   kt_str_is(kt_xml_attr(ev, "key"), "HKTimeZone")) {
		kt_track_set(&h->zone, kt_xml_attr(ev, "value"));
	}
	return 0;
}

static int on_close(struct health *h, const struct kt_xml_event *ev)
{
	if (ev->depth != 2)
		return 0;
	if (kt_str_is(ev->name, "ExportDate"))
		return export_date(h, ev);
	if (h->in_workout) {
		h->in_workout = false;
		return workout(h, ev);
	}
	return count(h, ev, 0);
}

static int export_xml(struct health *h, struct kt_json_src src)
{
	struct kt_err *err = h->o->err;
	struct kt_xml_event ev;
	struct kt_xml *x;
	int c = 0, r = kt_xml_open(src, &x, err);

	if (r < 0)
		return r;
	h->in_workout = false;
	while (c == 0 && (r = kt_xml_next(x, &ev, err)) > 0)
		c = ev.kind == KT_XML_OPEN ? on_open(h, &ev) : on_close(h, &ev);
	kt_xml_close(&x);
	if (c == 0 && r == KT_E_FORMAT && !h->o->known)
		return KT_TRACE(err, r, "not-this-kind: no export of Apple Health");
	return c < 0 ? c : r;
}

/* A route, or the document itself. */
static int document(struct health *h, struct kt_json_src src)
{
	struct kt_json_src all;
	int r = kt_track_peek(h->o, src, &all);

	if (r < 0)
		return r;
	if (memmem(h->o->peek->p, h->o->peek->n, "<gpx", 4) != NULL)
		return kt_track_gpx(h->o, all, GPX_HEALTH_ONLY);
	return export_xml(h, all);
}

/* Members that are read: routes and the export itself. Its clinical twin and the rest are not. */
static bool wanted(struct kt_str name)
{
	return kt_str_ends(name, ".gpx") ||
	       (kt_str_ends(name, ".xml") && !kt_str_ends(name, "_cda.xml"));
}

static int archive(struct health *h)
{
	struct track_out *o = h->o;
	struct kt_zip *z = NULL;
	bool left = false, found = false;
	int r = kt_zip_open(o->ctx, &z, o->err);

	for (uint32_t i = 0; r == 0 && i < kt_zip_count(z) && i < MEMBERS_MAX; i++) {
		struct kt_str name = kt_zip_name(z, i);
		struct kt_json_src src;

		if (kt_str_ends(name, "/"))
			continue;
		if (!wanted(name)) {
			left = true;
			continue;
		}
		found = true;
		o->member = name;
		r = kt_zip_src(z, i, &src, o->err);
		if (r == 0)
			r = document(h, src);
	}
	if (r == 0 && !found)
		r = KT_FAIL(o->err, KT_E_FORMAT, "not-this-kind: no export of Apple Health");
	else if (r == 0 && left)
		r = kt_track_note(
			o, "members-not-read",
			"the archive holds members that are neither routes nor the export");
	kt_zip_close(&z);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct track_out *o = kt_alloc(ctx, sizeof(*o));
	struct health *h = kt_alloc(ctx, sizeof(*h));
	uint8_t head[4];
	size_t n;
	int r;

	if (o == NULL || h == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(o, 0, sizeof(*o));
	memset(h, 0, sizeof(*h));
	o->ctx = ctx;
	o->err = err;
	h->o = o;
	r = kt_in_read(ctx, 0, head, sizeof(head), &n, err);
	if (r < 0)
		return r;
	r = n == 4 && memcmp(head, "PK\3\4", 4) == 0 ? archive(h) : document(h, kt_in_json(ctx, 0));
	if (!o->stop && (r == 0 || r == KT_E_FORMAT)) {
		int c = kt_tally_flush(ctx, h->skip, skip_names, 2, err);

		if (c < 0)
			return c;
	}
	return kt_track_end(o, r);
}

const struct kt_parser kt_parser_health_export = {.id = "health-export", .parse = parse};
