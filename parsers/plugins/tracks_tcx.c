/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * TCX (Garmin's TrainingCenterDatabase, version 2): Trackpoints of activities are recorded points,
 * those of courses and CoursePoints are a planned way. Of a Trackpoint its Time, Position and
 * AltitudeMeters are read, and Speed of its extensions; heart rate, cadence, energy and notes never.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/xml.h"

struct tcx {
	struct track_out *o;
	struct track_point pt;
	unsigned pt_depth; /* of Trackpoint or CoursePoint; 0: none is open */
	unsigned course_depth;
	unsigned segment;
	struct track_text sport;
	struct track_name course;
};

static int on_open(struct tcx *t, const struct kt_xml_event *ev)
{
	bool point = kt_str_is(ev->name, "Trackpoint"), mark = kt_str_is(ev->name, "CoursePoint");

	if (ev->depth == 1) {
		if (!kt_str_is(ev->name, "TrainingCenterDatabase"))
			return KT_FAIL(t->o->err, KT_E_FORMAT, "not-this-kind: no TCX file");
		t->o->known = true;
	} else if (t->pt_depth == 0 && (point || mark)) {
		kt_track_clear(&t->pt);
		t->pt_depth = ev->depth;
		t->pt.kind = mark || t->course_depth > 0 ? TRACK_ROUTE : TRACK_RECORDED;
		t->pt.track = t->course;
		if (t->pt.kind == TRACK_RECORDED) {
			t->pt.v[TV_ACTIVITY] = t->sport;
			t->pt.segment = t->segment;
		}
	} else if (kt_str_is(ev->name, "Activity")) {
		kt_track_set(&t->sport, kt_xml_attr(ev, "Sport"));
		t->segment = 0;
	} else if (kt_str_is(ev->name, "Track")) {
		t->segment++;
	} else if (kt_str_is(ev->name, "Course")) {
		t->course_depth = ev->depth;
		t->course.len = 0;
	}
	return 0;
}

static int on_close(struct tcx *t, const struct kt_xml_event *ev)
{
	static const struct {
		const char *name;
		enum track_value value;
	} values[] = {
		{"Time", TV_TIME},	     {"AltitudeMeters", TV_ALTITUDE},
		{"LatitudeDegrees", TV_LAT}, {"LongitudeDegrees", TV_LON},
		{"Speed", TV_SPEED},
	};

	if (t->pt_depth > 0 && ev->depth == t->pt_depth) {
		t->pt_depth = 0;
		t->pt.off = ev->open_off;
		t->pt.len = ev->off - ev->open_off;
		return kt_track_emit(t->o, &t->pt);
	}
	if (t->pt_depth > 0) {
		if (kt_str_is(ev->name, "Name") && ev->depth == t->pt_depth + 1)
			kt_track_name(&t->pt.name, ev->text);
		for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			if (kt_str_is(ev->name, values[i].name))
				kt_track_set(&t->pt.v[values[i].value], ev->text);
	} else if (t->course_depth > 0 && ev->depth == t->course_depth) {
		t->course_depth = 0;
		t->course.len = 0;
	} else if (t->course_depth > 0 && ev->depth == t->course_depth + 1 &&
		   kt_str_is(ev->name, "Name")) {
		kt_track_name(&t->course, ev->text);
	}
	return 0;
}

int kt_track_tcx(struct track_out *o, struct kt_json_src src)
{
	struct tcx *t = kt_alloc(o->ctx, sizeof(*t));
	struct kt_xml_event ev;
	struct kt_xml *x;
	int r, c = 0;

	if (t == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for TCX");
	memset(t, 0, sizeof(*t));
	t->o = o;
	r = kt_xml_open(src, &x, o->err);
	if (r < 0)
		return r;
	while (c == 0 && (r = kt_xml_next(x, &ev, o->err)) > 0)
		c = ev.kind == KT_XML_OPEN ? on_open(t, &ev) : on_close(t, &ev);
	kt_xml_close(&x);
	return c < 0 ? c : r;
}
