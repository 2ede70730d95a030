/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * GPX 1.0 and 1.1 (topografix.com schemas): track points (trkpt), route points (rtept), waypoints
 * (wpt). Of a point its position, ele, time, hdop, name, src, speed and course are read; of
 * extensions speed, course, hAcc and vAcc (metres), and nothing that measures a body. Comments,
 * descriptions, links and authors are never read.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/xml.h"

struct gpx {
	struct track_out *o;
	enum gpx_policy policy;
	struct track_point pt;
	unsigned pt_depth;    /* of the point's element; 0: none is open */
	unsigned extensions;  /* depth of the extensions element in it; 0: none is open */
	unsigned track_depth; /* of trk or rte */
	unsigned segment;
	struct track_name track;
	bool said; /* created and creator have been reported */
	struct track_text created;
	struct track_name creator;
	uint64_t root_off;
};

static int root(struct gpx *g, const struct kt_xml_event *ev)
{
	struct kt_str creator = kt_xml_attr(ev, "creator");
	bool health = kt_str_starts(creator, "Apple Health");

	if (!kt_str_is(ev->name, "gpx"))
		return KT_FAIL(g->o->err, KT_E_FORMAT, "not-this-kind: no GPX file");
	if (g->policy == GPX_NOT_HEALTH && health)
		return KT_FAIL(
			g->o->err, KT_E_FORMAT,
			"not-this-kind: a workout route; health-export reads it when allowed");
	if (g->policy == GPX_HEALTH_ONLY && !health)
		return KT_FAIL(g->o->err, KT_E_FORMAT,
			       "not-this-kind: no workout route of Apple Health");
	kt_track_name(&g->creator, creator);
	g->root_off = ev->off;
	g->o->known = true;
	return 0;
}

/* What the file says of itself, before its first point, which stands at end. */
static int say_created(struct gpx *g, uint64_t end)
{
	if (g->said)
		return 0;
	g->said = true;
	return kt_track_created(g->o, kt_track_str(&g->created),
				(struct kt_str){g->creator.p, g->creator.len}, g->root_off,
				end - g->root_off);
}

static int open_point(struct gpx *g, const struct kt_xml_event *ev, enum track_kind kind)
{
	kt_track_clear(&g->pt);
	g->pt.kind = kind;
	g->pt_depth = ev->depth;
	g->extensions = 0;
	kt_track_set(&g->pt.v[TV_LAT], kt_xml_attr(ev, "lat"));
	kt_track_set(&g->pt.v[TV_LON], kt_xml_attr(ev, "lon"));
	if (kind != TRACK_WAYPOINT) {
		g->pt.track = g->track;
		g->pt.segment = kind == TRACK_RECORDED ? g->segment : 0;
	}
	return say_created(g, ev->off);
}

static int on_open(struct gpx *g, const struct kt_xml_event *ev)
{
	if (ev->depth == 1)
		return root(g, ev);
	if (g->pt_depth > 0) {
		if (g->extensions == 0 && kt_str_is(ev->name, "extensions"))
			g->extensions = ev->depth;
		return 0;
	}
	if (kt_str_is(ev->name, "trkpt"))
		return open_point(g, ev, TRACK_RECORDED);
	if (kt_str_is(ev->name, "rtept"))
		return open_point(g, ev, TRACK_ROUTE);
	if (kt_str_is(ev->name, "wpt"))
		return open_point(g, ev, TRACK_WAYPOINT);
	if (kt_str_is(ev->name, "trk") || kt_str_is(ev->name, "rte")) {
		g->track_depth = ev->depth;
		g->track.len = 0;
		g->segment = 0;
	} else if (kt_str_is(ev->name, "trkseg")) {
		g->segment++;
	}
	return 0;
}

/* An element inside a point has closed. */
static void point_value(struct gpx *g, const struct kt_xml_event *ev)
{
	static const struct {
		const char *name;
		enum track_value value;
		bool in_extensions;
	} values[] = {
		{"ele", TV_ALTITUDE, false}, {"time", TV_TIME, false},
		{"hdop", TV_HDOP, false},    {"src", TV_PROVIDER, false},
		{"speed", TV_SPEED, true},   {"hAcc", TV_ACCURACY, true},
		{"vAcc", TV_VERTICAL, true}, {"course", TV_COURSE, true},
	};
	bool direct = ev->depth == g->pt_depth + 1;

	if (direct && kt_str_is(ev->name, "name")) {
		kt_track_name(&g->pt.name, ev->text);
		return;
	}
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (kt_str_is(ev->name, values[i].name) &&
		    (direct || (values[i].in_extensions && g->extensions > 0)) &&
		    g->pt.v[values[i].value].len == 0)
			kt_track_set(&g->pt.v[values[i].value], ev->text);
}

static int on_close(struct gpx *g, const struct kt_xml_event *ev)
{
	if (g->pt_depth > 0 && ev->depth == g->pt_depth) {
		g->pt_depth = 0;
		g->pt.off = ev->open_off;
		g->pt.len = ev->off - ev->open_off;
		return kt_track_emit(g->o, &g->pt);
	}
	if (g->pt_depth > 0) {
		point_value(g, ev);
		if (ev->depth == g->extensions)
			g->extensions = 0;
	} else if (kt_str_is(ev->name, "name") && ev->depth == g->track_depth + 1) {
		kt_track_name(&g->track, ev->text);
	} else if (kt_str_is(ev->name, "time") && g->track_depth == 0 && ev->depth <= 3) {
		kt_track_set(&g->created, ev->text);
	}
	return 0;
}

int kt_track_gpx(struct track_out *o, struct kt_json_src src, enum gpx_policy policy)
{
	struct gpx *g = o->gpx != NULL ? o->gpx : kt_alloc(o->ctx, sizeof(*g));
	struct kt_xml_event ev;
	struct kt_xml *x;
	uint64_t end = 0;
	int r, c = 0;

	if (g == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for GPX");
	o->gpx = g;
	memset(g, 0, sizeof(*g));
	g->o = o;
	g->policy = policy;
	r = kt_xml_open(src, &x, o->err);
	if (r < 0)
		return r;
	while (c == 0 && (r = kt_xml_next(x, &ev, o->err)) > 0) {
		end = ev.off;
		c = ev.kind == KT_XML_OPEN ? on_open(g, &ev) : on_close(g, &ev);
	}
	kt_xml_close(&x);
	if (c == 0 && r == KT_E_FORMAT && !o->known)
		return KT_TRACE(o->err, r, "not-this-kind: no GPX file");
	if (c == 0 && (r == 0 || r == KT_E_FORMAT) && o->known)
		c = say_created(g, end);
	return c < 0 ? c : r;
}
