/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * tracks: files in which ways and places are kept and passed on: GPX, KML and KMZ, TCX, NMEA,
 * GeoJSON, OwnTracks; GPX, KML, TCX and GeoJSON also packed with gzip. Page: docs/formats/tracks.md.
 * Told apart by content, as a plugin sees no name. An element is a point (NMEA, OwnTracks: a line).
 * Skipped are:
 *   no-position            a point without coordinates
 *   no-fix                 NMEA: the receiver says that it had no position
 *   checksum-wrong         NMEA
 *   not-read               lines of kinds that give no position
 *   area-not-read          a polygon
 *   time-without-position  a time of a KML track with no position beside it
 *   line-too-long          KML: a list of coordinates above 4 MiB
 *   malformed-element      coordinates that are no coordinates, lines that are no message
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/zip.h"

/* Does the text hold this word? */
static bool holds(const uint8_t *p, size_t n, const char *word)
{
	return memmem(p, n, word, strlen(word)) != NULL;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The first element of an XML document, without its prefix; len 0 when none can be seen. */
static struct kt_str root_name(const uint8_t *p, size_t n)
{
	struct kt_str s = {(const char *)p, 0};

	for (size_t i = 0; i + 1 < n; i++) {
		const uint8_t *end;
		size_t k;

		if (p[i] != '<')
			continue;
		if (n - i >= 4 && memcmp(p + i, "<!--", 4) == 0) {
			end = memmem(p + i, n - i, "-->", 3);
			if (end == NULL)
				return s;
			i = (size_t)(end - p) + 2;
			continue;
		}
		if (p[i + 1] == '?' || p[i + 1] == '!')
			continue;
		for (k = i + 1; k < n && !blank(p[k]) && p[k] != '/' && p[k] != '>'; k++)
			if (p[k] == ':')
				i = k;
		s.p = (const char *)p + i + 1;
		s.len = (uint32_t)(k - i - 1);
		return s;
	}
	return s;
}

/* Skips a byte order mark and white space. */
static size_t text_start(const uint8_t *p, size_t n)
{
	size_t i = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < n && blank(p[i]))
		i++;
	return i;
}

static int not_ours(struct track_out *o)
{
	return KT_FAIL(o->err, KT_E_FORMAT, "not-this-kind: no track file that is understood");
}

/* XML and JSON: by the first bytes, through a source that keeps them. */
static int document(struct track_out *o, struct kt_json_src src)
{
	const struct track_peek *peek;
	struct kt_json_src all;
	struct kt_str root;
	size_t at;
	int r = kt_track_peek(o, src, &all);

	if (r < 0)
		return r;
	peek = o->peek;
	at = text_start(peek->p, peek->n);
	if (at == peek->n && peek->pending < 0)
		return KT_TRACE(o->err, peek->pending, "the data break off at their start");
	if (at == peek->n)
		return not_ours(o);
	if (peek->p[at] == '{' &&
	    (holds(peek->p, peek->n, "\"Feature") || holds(peek->p, peek->n, "\"coordinates\"")))
		return kt_track_geojson(o, all);
	root = root_name(peek->p, peek->n);
	if (kt_str_is(root, "gpx"))
		return kt_track_gpx(o, all, GPX_NOT_HEALTH);
	if (kt_str_is(root, "kml") || kt_str_is(root, "Document"))
		return kt_track_kml(o, all);
	if (kt_str_is(root, "TrainingCenterDatabase"))
		return kt_track_tcx(o, all);
	return not_ours(o);
}

/* KMZ: its .kml members, one after the other. */
static int archive(struct track_out *o)
{
	struct kt_zip *z = NULL;
	unsigned found = 0;
	int r = kt_zip_open(o->ctx, &z, o->err);

	for (uint32_t i = 0; r == 0 && i < kt_zip_count(z); i++) {
		struct kt_str name = kt_zip_name(z, i);
		struct kt_json_src src;

		if (!kt_str_ends(name, ".kml") && !kt_str_ends(name, ".KML"))
			continue;
		found++;
		o->member = name; /* borrowed from z; skips copy it */
		r = kt_zip_src(z, i, &src, o->err);
		if (r == 0)
			r = document(o, src);
	}
	if (r == 0 && found == 0)
		r = KT_FAIL(o->err, KT_E_FORMAT, "not-this-kind: an archive without a .kml file");
	kt_zip_close(&z);
	return r;
}

static int recognise(struct track_out *o, const uint8_t *p, size_t n)
{
	struct kt_json_src src;
	size_t at;
	int r;

	if (n >= 4 && memcmp(p, "PK\3\4", 4) == 0)
		return archive(o);
	if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b) {
		o->member = kt_str_c("(gzip)");
		r = kt_gzip_src(o->ctx, &src, o->err);
		return r < 0 ? r : document(o, src);
	}
	at = text_start(p, n);
	if (at < n && (p[at] == '<' || p[at] == '{'))
		return document(o, kt_in_json(o->ctx, 0));
	if (holds(p, n, "\"_type\"") && n > 4 && p[0] >= '0' && p[0] <= '9')
		return kt_track_owntracks(o);
	if (holds(p, n, "RMC,") || holds(p, n, "GGA,") || holds(p, n, "GLL,"))
		return kt_track_nmea(o);
	return not_ours(o);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct track_out *o = kt_alloc(ctx, sizeof(*o));
	uint8_t head[4096];
	size_t n;
	int r;

	if (o == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(o, 0, sizeof(*o));
	o->ctx = ctx;
	o->err = err;
	r = kt_in_read(ctx, 0, head, sizeof(head), &n, err);
	if (r < 0)
		return r;
	return kt_track_end(o, recognise(o, head, n));
}

const struct kt_parser kt_parser_tracks = {.id = "tracks", .parse = parse};
