/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between the readers of track files (GPX, KML, TCX, NMEA, GeoJSON, OwnTracks): a point as they find
 * it, and where it goes. Used by the plugins tracks, osmand-orux and health-export.
 *
 * A recorded point has a time of its own, or comes from a receiver, and becomes a POSITION, measured. Everything else that a file
 * names is a PLACE, stated: a way that somebody planned or drew, a mark on the map. Files of this
 * kind can be made and changed with any editor.
 */
#ifndef KT_PARSERS_PLUGINS_TRACKS_H
#define KT_PARSERS_PLUGINS_TRACKS_H

#include "parsers/plugins/tally.h"
#include "parsers/sdk/keten_parser.h"

#define TRACK_TEXT 64u
#define TRACK_NAME 256u

/* Values as written, copied; what is longer is left out. */
struct track_text {
	uint32_t len;
	char p[TRACK_TEXT];
};

struct track_name {
	uint32_t len;
	char p[TRACK_NAME];
};

enum track_kind {
	TRACK_MEASURED = 0, /* by a receiver, even where its time is missing */
	TRACK_RECORDED,	    /* with a time of its own; without one it counts as UNTIMED */
	TRACK_UNTIMED,
	TRACK_ROUTE,	/* planned */
	TRACK_WAYPOINT, /* a mark; its time is when it was set */
	TRACK_LINE,	/* a vertex of a line without times */
	TRACK_MARK	/* a placemark without a time */
};

enum track_value {
	TV_LAT = 0,
	TV_LON,
	TV_TIME,     /* RFC 3339 */
	TV_ALTITUDE, /* metres */
	TV_SPEED,    /* metres per second */
	TV_COURSE,   /* degrees */
	TV_HDOP,
	TV_ACCURACY, /* metres */
	TV_VERTICAL,
	TV_PROVIDER,
	TV_ACTIVITY,
	TV_DEVICE,
	TV_RAW, /* the source's own text, where the values were converted */
	TV_COUNT
};

struct track_point {
	enum track_kind kind;
	uint64_t off, len; /* in the file, or in the member of an archive */
	struct track_text v[TV_COUNT];
	struct track_name name;	 /* of the point */
	struct track_name track; /* of what it belongs to */
	unsigned segment;	 /* from 1; 0: none */
	bool has_t; /* the time is understood already: t_us is UTC, TV_TIME not looked at */
	int64_t t_us;
	uint32_t flags; /* KT_FLAG_* to add */
};

enum track_skip {
	TRACK_NO_POSITION = 0,
	TRACK_NO_FIX,
	TRACK_BAD_CHECKSUM,
	TRACK_NOT_READ,
	TRACK_AREA,
	TRACK_TIME_ALONE,
	TRACK_TOO_LONG,
	TRACK_MALFORMED,
	TRACK_SKIPS
};

struct track_peek;

struct track_out {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_str member; /* of an archive; len 0: offsets are the artifact's own */
	bool stop;	      /* kt_emit() or kt_note() said to end */
	bool time_noted;
	bool known; /* the document is of the kind that its reader reads */
	/* kept from one member of an archive to the next: the parse's memory is not given back */
	struct track_peek *peek;
	void *gpx;
	struct kt_tally skip[TRACK_SKIPS];
};

/* Zeroes a point, keeping its memory. */
void kt_track_clear(struct track_point *p);
/* Copies; longer texts are left out (values) or cut (names). */
void kt_track_set(struct track_text *t, struct kt_str s);
void kt_track_name(struct track_name *t, struct kt_str s);
struct kt_str kt_track_str(const struct track_text *t);

/* Gives the point its end: a record, or a count. 0 or a code to return at once (o->stop is set). */
int kt_track_emit(struct track_out *o, const struct track_point *p);
/* Counts one element as seen and skipped. */
int kt_track_skip(struct track_out *o, enum track_skip why, uint64_t off, uint64_t len);
/* Any other record: counted as seen, located, emitted. */
int kt_track_record(struct track_out *o, struct kt_record *r, uint64_t off, uint64_t len);
/* A file's own statement on when and by what it was written; empty texts are left out. */
int kt_track_created(struct track_out *o, struct kt_str time, struct kt_str creator, uint64_t off,
		     uint64_t len);
int kt_track_note(struct track_out *o, const char *code, const char *text);
/* Notes, once for a file, that a time can't be read. */
int kt_track_bad_time(struct track_out *o);
/* Sends the skips; call once, also after KT_E_FORMAT. r: what the reader returned; returns it. */
int kt_track_end(struct track_out *o, int r);

/* Readers of one document. 0, KT_E_FORMAT (o->known: what came before stays), or what stopped them. */
enum gpx_policy {
	GPX_ANY = 0,
	GPX_NOT_HEALTH, /* workout routes of Apple Health are another plugin's, under its own item */
	GPX_HEALTH_ONLY
};
int kt_track_gpx(struct track_out *o, struct kt_json_src src, enum gpx_policy policy);
int kt_track_kml(struct track_out *o, struct kt_json_src src);
int kt_track_tcx(struct track_out *o, struct kt_json_src src);
int kt_track_geojson(struct track_out *o, struct kt_json_src src);
int kt_track_nmea(struct track_out *o);
int kt_track_owntracks(struct track_out *o);

/* A source that hands out the first bytes of another one and can still read it from the start. */
struct track_peek {
	struct kt_json_src src;
	size_t n, pos;
	uint8_t p[65536];
	int pending; /* a code to give once the bytes are used up */
};
/* Reads ahead into o->peek; *all gets a source with all bytes. */
int kt_track_peek(struct track_out *o, struct kt_json_src src, struct kt_json_src *all);

#endif
