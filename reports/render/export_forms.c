/* SPDX-License-Identifier: EUPL-1.2 */
/* CSV, GPX, KML and GeoJSON, and tables of all observations as further pages. */
#include "reports/render/export_i.h"

#include <stdio.h>
#include <string.h>

static const char *or_none(const char *s)
{
	return s != NULL ? s : "";
}

/* -- CSV (RFC 4180) --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int col; /* -1: below */
	bool number;
} csv[] = {
	{"number", -1, true},
	{"id", C_ID, false},
	{"item", C_ITEM, false},
	{"plugin", C_PLUGIN, false},
	{"type", C_TYPE, false},
	{"basis", C_BASIS, false},
	{"time_utc", C_T, false},
	{"time_kind", C_T_KIND, false},
	{"time_local", C_T_LOCAL, false},
	{"time_end", C_T_END, false},
	{"time_used_utc", C_USE_T, false},
	{"latitude", C_LAT, true},
	{"longitude", C_LON, true},
	{"accuracy_m", C_ACCURACY, true},
	{"position", C_POSITION, false},
	{"position_reason", C_REASON, false},
	{"used_as", C_AS, false},
	{"used_why", C_WHY, false},
	{"source", C_SOURCE, false},
	{"where", C_VERDICT, false},
	{"territories", -2, false},
	{"place", C_PLACE, true},
	{"stay", C_STAY, true},
	{"can_be_copy", C_COPY, false},
	{"attributes", -3, false},
	{"as_written", C_RAW, false},
	{"path", C_PATH, false},
	{"locator", C_L_KIND, false},
	{"locator_path", C_L_PATH, false},
	{"offset", C_L_OFFSET, true},
	{"length", C_L_LENGTH, true},
	{"object", C_OBJECT, false},
	{"object_sha256", C_SHA256, false},
};

/*
 * A field in quotes. A spreadsheet takes what begins with one of these signs for a formula: an
 * apostrophe before it makes it a text.
 */
static void csv_field(struct kt_buf *b, const char *s)
{
	kt_buf_putc(b, '"');
	if (*s != '\0' && strchr("=+-@\t\r\n", *s) != NULL)
		kt_buf_putc(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			kt_buf_putc(b, '"');
		kt_buf_putc(b, *s);
	}
	kt_buf_putc(b, '"');
}

static bool is_number(const char *s)
{
	size_t n = strspn(s + (*s == '-'), "0123456789.");

	return n > 0 && n < 24 && s[n + (*s == '-')] == '\0';
}

void csv_head(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CSV];

	kt_buf_puts(b, "\xef\xbb\xbf"); /* spreadsheets know UTF-8 by it */
	for (size_t i = 0; i < sizeof(csv) / sizeof(csv[0]); i++) {
		kt_buf_puts(b, i > 0 ? "," : "");
		kt_buf_puts(b, csv[i].name);
	}
	kt_buf_puts(b, "\r\n");
}

void csv_row(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_CSV];

	for (size_t i = 0; i < sizeof(csv) / sizeof(csv[0]); i++) {
		const char *s = NULL;

		kt_buf_puts(b, i > 0 ? "," : "");
		if (csv[i].col >= 0)
			s = x->obs.v[csv[i].col];
		else if (csv[i].col == -2)
			s = kt_buf_cstr(&x->obs.territories);
		else if (csv[i].col == -3)
			s = kt_buf_cstr(&x->obs.attributes);
		else
			kt_buf_printf(b, "%llu", (unsigned long long)x->obs.number);
		if (s == NULL || *s == '\0')
			continue;
		if (csv[i].number && is_number(s))
			kt_buf_puts(b, s);
		else
			csv_field(b, s);
	}
	kt_buf_puts(b, "\r\n");
}

/* -- what GPX and KML say about an observation ------------------------------------------------ */

static void describe(struct kt_buf *b, const struct obs *o)
{
	static const struct {
		const char *label;
		enum col col;
	} parts[] = {
		{"source", C_PLUGIN},	    {"basis", C_BASIS},
		{"used as", C_AS},	    {"why", C_WHY},
		{"local time", C_T_LOCAL},  {"until", C_T_END},
		{"accuracy m", C_ACCURACY}, {"where", C_VERDICT},
		{"object", C_OBJECT},	    {"path", C_PATH},
		{"offset", C_L_OFFSET},	    {"length", C_L_LENGTH},
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (o->v[parts[i].col] == NULL)
			continue;
		kt_buf_printf(b, "%s%s: ", any ? "; " : "", parts[i].label);
		kt_text_markup(b, o->v[parts[i].col]);
		any = true;
		if (parts[i].col == C_VERDICT && o->territories.len > 0) {
			kt_buf_putc(b, ' ');
			kt_text_markup(b, kt_buf_cstr((struct kt_buf *)&o->territories));
		}
	}
}

static void xml_head(struct kt_buf *b, struct export *x, const char *open, const char *name,
		     const char *name_end, const char *desc, const char *desc_end)
{
	kt_buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	kt_buf_puts(b, open);
	kt_buf_puts(b, name);
	kt_buf_puts(b, "Keten ");
	kt_text_markup(b, x->case_ref);
	kt_buf_puts(b, name_end);
	kt_buf_puts(b, desc);
	kt_buf_puts(b, "A view of report.json, which is the record. Case ");
	kt_text_markup(b, x->case_id);
	kt_buf_printf(b,
		      ". %llu observations, %llu of them with a usable position. Not every "
		      "position is one of "
		      "this phone: see type and description of each. Points say nothing about the "
		      "way between "
		      "them.",
		      (unsigned long long)x->total, (unsigned long long)x->with_position);
	kt_buf_puts(b, desc_end);
}

/* -- GPX 1.1: what has coordinates ------------------------------------------------------------ */

void gpx_head(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_GPX];

	xml_head(b, x,
		 "<gpx version=\"1.1\" creator=\"Keten\" "
		 "xmlns=\"http://www.topografix.com/GPX/1/1\">\n"
		 "<metadata>\n",
		 "<name>", "</name>\n", "<desc>", "</desc>\n");
	if (x->sealed[0] != '\0') {
		kt_buf_puts(b, "<time>");
		kt_text_markup(b, x->sealed);
		kt_buf_puts(b, "</time>\n");
	}
	kt_buf_puts(b, "</metadata>\n");
}

void gpx_row(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_GPX];
	const struct obs *o = &x->obs;

	if (!x_has_position(o))
		return;
	kt_buf_puts(b, "<wpt lat=\"");
	kt_text_markup(b, o->v[C_LAT]);
	kt_buf_puts(b, "\" lon=\"");
	kt_text_markup(b, o->v[C_LON]);
	kt_buf_puts(b, "\">");
	if (x_instant(o) != NULL) {
		kt_buf_puts(b, "<time>");
		kt_text_markup(b, x_instant(o));
		kt_buf_puts(b, "</time>");
	}
	kt_buf_puts(b, "<name>");
	kt_text_markup(b, or_none(o->v[C_ID]));
	kt_buf_puts(b, "</name><desc>");
	describe(b, o);
	kt_buf_puts(b, "</desc><src>");
	kt_text_markup(b, or_none(o->v[C_ITEM]));
	kt_buf_puts(b, "</src><type>");
	kt_text_markup(b, or_none(o->v[C_AS]));
	kt_buf_puts(b, "</type></wpt>\n");
}

void gpx_end(struct export *x)
{
	kt_buf_puts(&x->out[KT_EXPORT_GPX], "</gpx>\n");
}

/* -- KML 2.2: all, those without coordinates as placemarks without a point -------------------- */

void kml_head(struct export *x)
{
	xml_head(&x->out[KT_EXPORT_KML], x,
		 "<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n<Document>\n", "<name>",
		 "</name>\n", "<description>", "</description>\n");
}

void kml_row(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_KML];
	const struct obs *o = &x->obs;
	const char *t = x_instant(o);

	kt_buf_puts(b, "<Placemark><name>");
	kt_text_markup(b, or_none(o->v[C_ID]));
	kt_buf_puts(b, "</name><description>");
	describe(b, o);
	kt_buf_puts(b, "</description>");
	if (t != NULL && o->v[C_T_END] != NULL) {
		kt_buf_puts(b, "<TimeSpan><begin>");
		kt_text_markup(b, t);
		kt_buf_puts(b, "</begin><end>");
		kt_text_markup(b, o->v[C_T_END]);
		kt_buf_puts(b, "</end></TimeSpan>");
	} else if (t != NULL) {
		kt_buf_puts(b, "<TimeStamp><when>");
		kt_text_markup(b, t);
		kt_buf_puts(b, "</when></TimeStamp>");
	}
	kt_buf_puts(b, "<ExtendedData><Data name=\"used_as\"><value>");
	kt_text_markup(b, or_none(o->v[C_AS]));
	kt_buf_puts(b, "</value></Data></ExtendedData>");
	if (x_has_position(o)) {
		kt_buf_puts(b, "<Point><coordinates>");
		kt_text_markup(b, o->v[C_LON]);
		kt_buf_putc(b, ',');
		kt_text_markup(b, o->v[C_LAT]);
		kt_buf_puts(b, "</coordinates></Point>");
	}
	kt_buf_puts(b, "</Placemark>\n");
}

void kml_end(struct export *x)
{
	kt_buf_puts(&x->out[KT_EXPORT_KML], "</Document>\n</kml>\n");
}

/* -- GeoJSON (RFC 7946): all, those without coordinates with a null geometry ------------------ */

void geojson_head(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_GEOJSON];

	kt_buf_puts(b, "{\"type\":\"FeatureCollection\",\"keten\":{\"format\":\"keten-geojson-1\","
		       "\"case_id\":");
	x_json(b, x->case_id);
	kt_buf_puts(b, ",\"case_ref\":");
	x_json(b, x->case_ref);
	kt_buf_printf(b, ",\"observations\":%llu,\"with_position\":%llu},\n\"features\":[",
		      (unsigned long long)x->total, (unsigned long long)x->with_position);
	x->first_feature = true;
}

static void property(struct kt_buf *b, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	kt_buf_printf(b, ",\"%s\":", name);
	x_json(b, value);
}

void geojson_row(struct export *x)
{
	struct kt_buf *b = &x->out[KT_EXPORT_GEOJSON];
	const struct obs *o = &x->obs;

	kt_buf_puts(b, x->first_feature ? "\n" : ",\n");
	x->first_feature = false;
	kt_buf_puts(b, "{\"type\":\"Feature\",\"id\":");
	x_json(b, or_none(o->v[C_ID]));
	if (x_has_position(o) && is_number(o->v[C_LAT]) && is_number(o->v[C_LON])) {
		kt_buf_puts(b, ",\"geometry\":{\"type\":\"Point\",\"coordinates\":[");
		kt_buf_puts(b, o->v[C_LON]);
		kt_buf_putc(b, ',');
		kt_buf_puts(b, o->v[C_LAT]);
		kt_buf_puts(b, "]}");
	} else {
		kt_buf_puts(b, ",\"geometry\":null");
	}
	kt_buf_printf(b, ",\"properties\":{\"number\":%llu", (unsigned long long)o->number);
	for (size_t i = 0; i < sizeof(csv) / sizeof(csv[0]); i++)
		if (csv[i].col > C_ID && csv[i].col != C_LAT && csv[i].col != C_LON)
			property(b, csv[i].name, o->v[csv[i].col]);
	property(b, "territories", kt_buf_cstr(&x->obs.territories));
	property(b, "attributes", kt_buf_cstr(&x->obs.attributes));
	kt_buf_puts(b, "}}");
}

void geojson_end(struct export *x)
{
	kt_buf_puts(&x->out[KT_EXPORT_GEOJSON], "\n]}\n");
}

/* -- further pages ---------------------------------------------------------------------------- */

/*
 * In both languages at once: the rows are nearly all tokens, and two sets of pages would double the
 * package. The style is an attribute-free sheet of its own, allowed by its hash.
 */
static const char page_css[] =
	":root{color-scheme:light dark}body{font:14px/1.4 system-ui,sans-serif;margin:1rem}"
	"table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
	"padding:.25rem .5rem;"
	"border-bottom:1px solid #8886;overflow-wrap:anywhere}thead "
	"th{position:sticky;top:0;background:Canvas}"
	"@page{size:A4 landscape;margin:10mm}@media print{body{font-size:7pt}}";

static void table_links(struct export *x, struct kt_buf *b, unsigned page)
{
	kt_buf_puts(b, "<p><a href=\"report.html\">report.html</a> <a "
		       "href=\"report.nl.html\">report.nl.html</a>");
	if (page > 0)
		kt_buf_printf(b, " <a href=\"observations-%04u.html\">&lt; %u</a>", page, page);
	if (page + 1 < x->pages)
		kt_buf_printf(b, " <a href=\"observations-%04u.html\">%u &gt;</a>", page + 2,
			      page + 2);
	kt_buf_puts(b, "</p>\n");
}

void table_head(struct export *x)
{
	struct kt_buf *b = &x->page;
	unsigned page = (unsigned)((x->shown - 1) / KT_EXPORT_PAGE_ROWS);
	char sha[64];

	kt_buf_puts(b,
		    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
		    "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'sha256-");
	kt_buf_puts(b, html_style_hash(page_css, sha));
	kt_buf_puts(b, "'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" "
		       "content=\"width=device-width, initial-scale=1\">\n<style>");
	kt_buf_puts(b, page_css);
	kt_buf_puts(b, "</style>\n<title>");
	kt_text_markup(b, x->case_ref);
	kt_buf_printf(b, ": observations %u / %u</title>\n</head>\n<body>\n<main>\n<h1>", page + 1,
		      x->pages);
	kt_text_markup(b, x->case_ref);
	kt_buf_printf(b, ": observations, <span lang=\"nl\">waarnemingen</span> %u / %u</h1>\n",
		      page + 1, x->pages);
	table_links(x, b, page);
	kt_buf_puts(b, "<table>\n<thead><tr><th scope=\"col\">No. / <span "
		       "lang=\"nl\">Nr.</span></th><th scope=\"col\">Time / <span "
		       "lang=\"nl\">Tijd</span></th><th scope=\"col\">Latitude, longitude / <span "
		       "lang=\"nl\">Breedte, lengte</span></th><th "
		       "scope=\"col\">m</th><th scope=\"col\">Type, basis</th><th "
		       "scope=\"col\">Used as / <span lang=\"nl\">Gebruikt "
		       "als</span></th><th scope=\"col\">Where / <span "
		       "lang=\"nl\">Waar</span></th><th scope=\"col\">As written / <span "
		       "lang=\"nl\">Zoals geschreven</span></th><th scope=\"col\">Where it stands "
		       "/ <span lang=\"nl\">Waar het "
		       "staat</span></th></tr></thead>\n<tbody>\n");
}

static void cell(struct kt_buf *b, const char *s)
{
	kt_buf_puts(b, "<td>");
	kt_text_markup(b, or_none(s));
}

void table_row(struct export *x)
{
	struct kt_buf *b = &x->page;
	const struct obs *o = &x->obs;

	kt_buf_printf(b, "<tr id=\"r%llu\"><th scope=\"row\">%llu</th>",
		      (unsigned long long)o->number, (unsigned long long)o->number);
	cell(b, o->v[C_T_LOCAL] != NULL ? o->v[C_T_LOCAL] : o->v[C_T]);
	if (o->v[C_T_END] != NULL) {
		kt_buf_puts(b, "<br>");
		kt_text_markup(b, o->v[C_T_END]);
	}
	kt_buf_puts(b, "</td>");
	cell(b, o->v[C_LAT]);
	if (x_has_position(o)) {
		kt_buf_puts(b, ", ");
		kt_text_markup(b, o->v[C_LON]);
	}
	kt_buf_puts(b, "</td>");
	cell(b, o->v[C_ACCURACY]);
	kt_buf_puts(b, "</td>");
	cell(b, o->v[C_TYPE]);
	kt_buf_puts(b, ", ");
	kt_text_markup(b, or_none(o->v[C_BASIS]));
	kt_buf_puts(b, "</td>");
	cell(b, o->v[C_WHY] != NULL ? o->v[C_WHY] : o->v[C_AS]);
	kt_buf_puts(b, "</td>");
	cell(b, o->v[C_VERDICT]);
	kt_buf_putc(b, ' ');
	kt_text_markup(b, kt_buf_cstr((struct kt_buf *)&o->territories));
	kt_buf_puts(b, "</td><td><bdi>");
	kt_text_markup(b, or_none(o->v[C_RAW]));
	kt_buf_puts(b, "</bdi></td><td><bdi>");
	kt_text_markup(b, or_none(o->v[C_PATH]));
	kt_buf_puts(b, "</bdi> ");
	if (o->v[C_L_PATH] != NULL) {
		kt_buf_puts(b, "<bdi>");
		kt_text_markup(b, o->v[C_L_PATH]);
		kt_buf_puts(b, "</bdi> ");
	}
	if (o->v[C_L_LENGTH] != NULL && strcmp(o->v[C_L_LENGTH], "0") != 0) {
		kt_text_markup(b, or_none(o->v[C_L_OFFSET]));
		kt_buf_putc(b, '+');
		kt_text_markup(b, o->v[C_L_LENGTH]);
		kt_buf_putc(b, ' ');
	}
	kt_text_markup(b, or_none(o->v[C_ID]));
	kt_buf_puts(b, "</td></tr>\n");
}

void table_end(struct export *x)
{
	kt_buf_puts(&x->page, "</tbody>\n</table>\n");
	table_links(x, &x->page, (unsigned)((x->shown - 1) / KT_EXPORT_PAGE_ROWS));
	kt_buf_puts(&x->page, "</main>\n</body>\n</html>\n");
}
