/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * google-takeout, the files beside Records.json: a month of Semantic Location History
 * (timelineObjects), Settings.json (deviceSettings) and Timeline Edits.json (timelineEdits). Page
 * with sources: docs/formats/google-takeout.md.
 *
 * What an element is, and what becomes of it:
 *   a placeVisit, a child visit         visit, inferred; user-edited when the holder edited it
 *   an activitySegment                  movement, the same
 *   a waypoint, a point of a raw path,  position, inferred: Google fitted or thinned them
 *   a transit stop, a parking event
 *   an other candidate                  skipped: the same stay once more, at another place
 *   an entry of deviceSettings          property: maker and model behind a deviceTag
 *   a member of the settings            setting of the account
 *   an entry of timelineEdits           position, user-edited; without a position skipped
 */
#include "parsers/plugins/google_takeout.h"
#include "parsers/plugins/google_takeout_rules.h"
#include "parsers/sdk/units.h"

#include <string.h>

static const char *const account_names[] = {"historyEnabled",
					    "retentionWindowDays",
					    "hasReportedLocations",
					    "hasSetRetention",
					    "createdTime",
					    "modifiedTime",
					    NULL};
#define ACCOUNT_TEXTS 6u

struct kt_takeout_more {
	struct kt_tl t;
	struct kt_tl_text visit[VISIT_TEXTS], child[VISIT_TEXTS], activity[ACTIVITY_TEXTS];
	struct kt_tl_text point[POINT_TEXTS], way[WAY_TEXTS];
	struct kt_tl_text device[DEVICE_TEXTS], edit[EDIT_TEXTS];
	struct {
		struct kt_tl_text tx;
		uint64_t off, end;
	} account[ACCOUNT_TEXTS];
};

/* -- values ----------------------------------------------------------------------------------- */

static bool is_set(const struct kt_tl_text *x)
{
	return x->state == KT_TL_SET;
}

static bool whole(const struct kt_tl_text *x, int64_t *v)
{
	return is_set(x) && kt_json_int(x->p, x->len, v);
}

/* False: there are no coordinates at all. */
static bool set_place(struct kt_record *r, const struct kt_tl_text *lat,
		      const struct kt_tl_text *lon)
{
	int64_t a, b;

	if (lat->state == KT_TL_NONE && lon->state == KT_TL_NONE)
		return false;
	if (whole(lat, &a) && whole(lon, &b))
		kt_set_position_e7(r, a, b);
	else
		kt_set_unusable(r, "malformed-position");
	return true;
}

static bool millis(const struct kt_tl_text *x, int64_t *us)
{
	int64_t v;

	return whole(x, &v) && kt_epoch_us(KT_EPOCH_UNIX_MS, v, 0, us);
}

/* Newer files say RFC 3339, older ones milliseconds since 1970 as text. */
static void set_when(struct kt_record *r, const struct kt_tl_text *iso, const struct kt_tl_text *ms)
{
	int64_t us;

	if (iso->state != KT_TL_NONE)
		kt_tl_set_time(r, iso, 0, NULL);
	else if (millis(ms, &us))
		kt_set_utc(r, us);
}

static void set_span(struct kt_record *r, const struct kt_tl_text *tx)
{
	int64_t us;

	set_when(r, &tx[START], &tx[START_MS]);
	if (tx[END].state != KT_TL_NONE) {
		kt_tl_set_end(r, &tx[END]);
	} else if (r->time_kind == KT_TIME_UTC && millis(&tx[END_MS], &us)) {
		if (us >= r->t_us)
			kt_set_end(r, us);
		else /* ends before it starts: the raw text shows both */
			r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
	}
}

static void join(struct kt_tl *t, const char *between, const struct kt_tl_text *x)
{
	kt_tl_join(&t->raw, between, x);
}

static void raw_span(struct kt_tl *t, const struct kt_tl_text *tx)
{
	join(t, " | ", &tx[START]);
	join(t, " | ", &tx[START_MS]);
	join(t, " | ", &tx[END]);
	join(t, " | ", &tx[END_MS]);
}

static void add_figure(struct kt_tl_line *l, const char *what, const struct kt_tl_text *x)
{
	if (!is_set(x) || x->len == 0)
		return;
	if (l->n > 0)
		kt_tl_puts(l, ", ");
	kt_tl_puts(l, what);
	kt_tl_join(l, "", x);
}

static bool text_is(const struct kt_tl_text *x, const char *text)
{
	return is_set(x) && x->len == strlen(text) && memcmp(x->p, text, x->len) == 0;
}

/* A further time, in either form. */
static int add_time(struct kt_tl *t, struct kt_record *r, enum kt_field f,
		    const struct kt_tl_text *x)
{
	enum kt_time_kind kind = KT_TIME_NONE;
	int64_t us;

	if (!is_set(x) ||
	    !(millis(x, &us) || (kt_iso_time((struct kt_str){x->p, x->len}, &us, &kind, NULL) &&
				 kind == KT_TIME_UTC)))
		return 0;
	return kt_rec_time(t->ctx, r, f, us, t->err);
}

/* Who says so: Google, or the holder who edited or confirmed it. */
static int set_origin(struct kt_tl *t, struct kt_record *r, const struct kt_tl_text *tx)
{
	static const char confirmed[] = "confirmed-by-holder";

	if (is_set(&tx[EDITED]))
		r->basis = KT_BASIS_USER_EDITED;
	if (text_is(&tx[STATUS], "CONFIRMED"))
		kt_rec_str(r, KT_F_ORIGIN, confirmed, sizeof(confirmed) - 1);
	kt_tl_add_text(r, KT_F_SOURCE_DEVICE, &tx[DEVICE]);
	return add_time(t, r, KT_F_MODIFIED_TIME, &tx[EDITED]);
}

/* -- arrays and points ------------------------------------------------------------------------ */

typedef int (*entry_fn)(struct kt_takeout_more *m, const void *arg);

/* The array whose value begins with tok: every object of it goes to read(). */
static int each(struct kt_takeout_more *m, int tok, const char *name, entry_fn read,
		const void *arg)
{
	struct kt_tl *t = &m->t;
	size_t base = t->path.n, len;
	uint64_t i = 0;
	int r = 0;

	if (tok != KT_JSON_ARR)
		return kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	kt_tl_puts(&t->path, name);
	len = t->path.n;
	while (r >= 0 && (tok = kt_json_next(t->j, t->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		t->path.n = len;
		kt_tl_index(&t->path, i++);
		r = tok == KT_JSON_OBJ ? read(m, arg) : kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	}
	t->path.n = base;
	return r;
}

/* What a point belongs to; its time is the segment's where it has none of its own. */
struct line {
	const char *origin;	       /* a word of ours */
	const struct kt_tl_text *span; /* NULL: the points have times */
	const struct kt_tl_text *way;  /* or NULL */
};

static int point(struct kt_takeout_more *m, const void *arg)
{
	static const char segment[] = "within-segment";
	const struct line *l = arg;
	struct kt_tl *t = &m->t;
	struct kt_tl_text *tx = m->point;
	uint64_t off = t->j->tok_off;
	struct kt_record rec;
	int r;

	kt_tl_clear(tx, POINT_TEXTS);
	r = kt_tl_object(t, kt_takeout_point_rules, tx);
	if (r < 0)
		return r;
	kt_rec_init(&rec, KT_REC_POSITION, KT_BASIS_INFERRED);
	if (!set_place(&rec, &tx[P_LAT], &tx[P_LON]))
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, off);
	t->raw.n = 0;
	join(t, ", ", &tx[P_LAT]);
	join(t, ", ", &tx[P_LON]);
	if (l->span == NULL) {
		set_when(&rec, &tx[P_TIME], &tx[P_TIME_MS]);
		join(t, " | ", &tx[P_TIME]);
		join(t, " | ", &tx[P_TIME_MS]);
	} else {
		set_span(&rec, l->span);
		raw_span(t, l->span);
		kt_rec_str(&rec, KT_F_TIME_MEANING, segment, sizeof(segment) - 1);
	}
	kt_tl_set_accuracy(&rec, &tx[P_ACCURACY]);
	kt_rec_str(&rec, KT_F_ORIGIN, l->origin, strlen(l->origin));
	if (l->way != NULL) {
		kt_tl_add_text(&rec, KT_F_PROVIDER, &l->way[W_SOURCE]);
		kt_tl_add_text(&rec, KT_F_TRACK_NAME, &l->way[W_NAME]);
	}
	kt_tl_add_text(&rec, KT_F_PROVIDER, &tx[P_METHOD]);
	kt_tl_add_text(&rec, KT_F_PLACE_NAME, &tx[P_NAME]);
	kt_tl_add_text(&rec, KT_F_PLACE_ID, &tx[P_ID]);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

static int candidate(struct kt_takeout_more *m, const void *arg)
{
	uint64_t off = m->t.j->tok_off;
	int r = kt_json_skip(m->t.j, KT_JSON_OBJ, m->t.err);

	(void)arg;
	return r < 0 ? r : kt_tl_skip(&m->t, KT_TL_S_CANDIDATE, off);
}

/* {"points": [...], ...}: each has its own time. */
static int raw_path(struct kt_takeout_more *m, int tok)
{
	static const struct line line = {"raw-path", NULL, NULL};
	static const char *const names[] = {"points", NULL};
	size_t base = m->t.path.n;
	int which, r;

	if (tok != KT_JSON_OBJ)
		return kt_tl_skip_value(&m->t, KT_TL_S_MALFORMED, tok);
	kt_tl_puts(&m->t.path, ".simplifiedRawPath");
	while ((tok = kt_tl_member(&m->t, names, &which)) > 0) {
		r = which == 0 ? each(m, tok, ".points", point, &line) : kt_tl_pass(&m->t, tok);
		if (r < 0)
			return r;
	}
	m->t.path.n = base;
	return tok;
}

/* -- visits ----------------------------------------------------------------------------------- */

static int emit_visit(struct kt_takeout_more *m, const struct kt_tl_text *tx, bool child,
		      uint64_t off)
{
	struct kt_tl *t = &m->t;
	struct kt_tl_line figures = {.n = 0};
	struct kt_record rec;
	bool there;
	int r;

	kt_rec_init(&rec, KT_REC_VISIT, KT_BASIS_INFERRED);
	there = set_place(&rec, &tx[V_LAT], &tx[V_LON]) ||
		set_place(&rec, &tx[V_CENTER_LAT], &tx[V_CENTER_LON]);
	if (!there && !is_set(&tx[V_ID]))
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, off);
	set_span(&rec, tx);
	r = set_origin(t, &rec, tx);
	if (r < 0)
		return r;
	kt_tl_add_text(&rec, KT_F_PLACE_ID, &tx[V_ID]);
	kt_tl_add_text(&rec, KT_F_PLACE_LABEL, &tx[V_LABEL]);
	kt_tl_add_text(&rec, KT_F_PLACE_NAME, &tx[V_NAME]);
	kt_tl_add_text(&rec, KT_F_ADDRESS, &tx[V_ADDRESS]);
	add_figure(&figures, "visit ", &tx[CONFIDENCE]);
	add_figure(&figures, "place ", &tx[V_PLACE_CONFIDENCE]);
	add_figure(&figures, "location ", &tx[V_LOCATION_CONFIDENCE]);
	kt_rec_str(&rec, KT_F_PROBABILITY, figures.p, figures.n);
	if (child) { /* a place inside the place of its parent, for part of the same time */
		rec.flags |= KT_FLAG_DUPLICATE;
		kt_rec_int(&rec, KT_F_HIERARCHY_LEVEL, 1);
	}
	t->raw.n = 0;
	join(t, ", ", &tx[V_LAT]);
	join(t, ", ", &tx[V_LON]);
	join(t, " | center ", &tx[V_CENTER_LAT]);
	join(t, ", ", &tx[V_CENTER_LON]);
	raw_span(t, tx);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

static int child_visit(struct kt_takeout_more *m, const void *arg);

/* Behind the brace of a visit: arrays in it are read as they come. */
static int visit(struct kt_takeout_more *m, struct kt_tl_text *tx, bool child)
{
	static const char *const nested[] = {"otherCandidateLocations", "simplifiedRawPath",
					     "childVisits", NULL};
	struct kt_tl *t = &m->t;
	uint64_t off = t->j->tok_off;
	int r, tok;

	kt_tl_clear(tx, VISIT_TEXTS);
	while ((tok = kt_json_next(t->j, t->err)) == KT_JSON_KEY) {
		unsigned i = 0;

		while (nested[i] != NULL && !(strlen(nested[i]) == t->j->str_len &&
					      memcmp(nested[i], t->j->str, t->j->str_len) == 0))
			i++;
		r = nested[i] == NULL ? kt_tl_key_value(t, kt_takeout_visit_rules, tx)
				      : kt_json_next(t->j, t->err);
		if (r < 0)
			return r;
		if (i == 0)
			r = each(m, r, ".otherCandidateLocations", candidate, NULL);
		else if (i == 1)
			r = raw_path(m, r);
		else if (i == 2 && child)
			r = kt_tl_skip_value(t, KT_TL_S_NESTED_VISIT, r);
		else if (i == 2)
			r = each(m, r, ".childVisits", child_visit, NULL);
		if (r < 0)
			return r;
	}
	return tok < 0 ? tok : emit_visit(m, tx, child, off);
}

static int child_visit(struct kt_takeout_more *m, const void *arg)
{
	(void)arg;
	return visit(m, m->child, true);
}

/* -- movements -------------------------------------------------------------------------------- */

static int emit_activity(struct kt_takeout_more *m, uint64_t off)
{
	const struct kt_tl_text *tx = m->activity;
	struct kt_tl *t = &m->t;
	struct kt_tl_line figures = {.n = 0};
	struct kt_record rec, to;
	bool there;
	int r;

	kt_rec_init(&rec, KT_REC_MOVEMENT, KT_BASIS_INFERRED);
	there = set_place(&rec, &tx[A_LAT], &tx[A_LON]);
	kt_rec_init(&to, KT_REC_MOVEMENT, KT_BASIS_INFERRED);
	there |= set_place(&to, &tx[A_END_LAT], &tx[A_END_LON]);
	if (!there)
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, off);
	if (to.pos_state == KT_POS_OK) {
		kt_rec_int(&rec, KT_F_END_LAT_E7, to.lat_e7);
		kt_rec_int(&rec, KT_F_END_LON_E7, to.lon_e7);
		rec.flags |= to.flags;
	}
	set_span(&rec, tx);
	r = set_origin(t, &rec, tx);
	if (r < 0)
		return r;
	kt_tl_add_text(&rec, KT_F_ACTIVITY, &tx[A_TYPE]);
	kt_tl_add_milli(&rec, KT_F_DISTANCE_MM, &tx[A_DISTANCE], 0);
	add_figure(&figures, "activity ", &tx[CONFIDENCE]);
	kt_rec_str(&rec, KT_F_PROBABILITY, figures.p, figures.n);
	t->raw.n = 0;
	join(t, ", ", &tx[A_LAT]);
	join(t, ", ", &tx[A_LON]);
	join(t, " | ", &tx[A_END_LAT]);
	join(t, ", ", &tx[A_END_LON]);
	raw_span(t, tx);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

/* A waypointPath or a transitPath, read again when the segment's time is known. */
struct way {
	struct kt_takeout_more *m;
	const char *list, *path;
	struct line line;
};

/* The source may stand behind the points, so a path is gone through twice: for texts, for points. */
static int way_texts(struct kt_tl *t, int tok, const void *arg)
{
	const struct way *w = arg;

	kt_tl_clear(w->m->way, WAY_TEXTS);
	return tok == KT_JSON_OBJ ? kt_tl_object(t, kt_takeout_way_rules, w->m->way)
				  : kt_json_skip(t->j, tok, t->err);
}

static int way_points(struct kt_tl *t, int tok, const void *arg)
{
	const struct way *w = arg;
	const char *const names[] = {w->list, NULL};
	size_t base = t->path.n;
	int which, r;

	if (tok != KT_JSON_OBJ)
		return kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	kt_tl_puts(&t->path, w->path);
	while ((tok = kt_tl_member(t, names, &which)) > 0) {
		r = which == 0 ? each(w->m, tok, w->list[0] == 'w' ? ".waypoints" : ".transitStops",
				      point, &w->line)
			       : kt_tl_pass(t, tok);
		if (r < 0)
			return r;
	}
	t->path.n = base;
	return tok;
}

static int way_again(struct kt_takeout_more *m, const struct kt_tl_range *range, bool transit)
{
	struct way w = {m, "waypoints", ".waypointPath", {"waypoint", m->activity, m->way}};
	int r;

	if (range->end == 0)
		return 0;
	if (transit) {
		w.list = "transitStops";
		w.path = ".transitPath";
		w.line.origin = "transit-stop";
	}
	r = kt_tl_again(&m->t, range, way_texts, &w);
	return r < 0 ? r : kt_tl_again(&m->t, range, way_points, &w);
}

static int later(struct kt_tl *t, struct kt_tl_range *range, int tok)
{
	int r;

	if (range->end != 0) /* a second one can't be told from a mistake */
		return kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	range->off = t->j->tok_off;
	r = kt_json_skip(t->j, tok, t->err);
	range->end = t->j->tok_end;
	return r;
}

static int parking(struct kt_takeout_more *m, int tok)
{
	static const struct line line = {"parking", NULL, NULL};
	size_t base = m->t.path.n;
	int r;

	if (tok != KT_JSON_OBJ)
		return kt_tl_skip_value(&m->t, KT_TL_S_MALFORMED, tok);
	kt_tl_puts(&m->t.path, ".parkingEvent");
	r = point(m, &line);
	m->t.path.n = base;
	return r;
}

static int activity(struct kt_takeout_more *m)
{
	static const char *const nested[] = {"waypointPath", "transitPath", "simplifiedRawPath",
					     "parkingEvent", NULL};
	struct kt_tl *t = &m->t;
	struct kt_tl_range ways[2] = {{0, 0}, {0, 0}};
	uint64_t off = t->j->tok_off;
	int r = 0, tok;

	kt_tl_clear(m->activity, ACTIVITY_TEXTS);
	while ((tok = kt_json_next(t->j, t->err)) == KT_JSON_KEY) {
		unsigned i = 0;

		while (nested[i] != NULL && !(strlen(nested[i]) == t->j->str_len &&
					      memcmp(nested[i], t->j->str, t->j->str_len) == 0))
			i++;
		r = nested[i] == NULL ? kt_tl_key_value(t, kt_takeout_activity_rules, m->activity)
				      : kt_json_next(t->j, t->err);
		if (r >= 0 && i < 2)
			r = later(t, &ways[i], r);
		else if (r >= 0 && i == 2)
			r = raw_path(m, r);
		else if (r >= 0 && i == 3)
			r = parking(m, r);
		if (r < 0)
			return r;
	}
	if (tok < 0)
		return tok;
	r = way_again(m, &ways[0], false);
	if (r >= 0)
		r = way_again(m, &ways[1], true);
	return r < 0 ? r : emit_activity(m, off);
}

/* An entry of timelineObjects: {"placeVisit": {...}} or {"activitySegment": {...}}. */
static int timeline_object(struct kt_takeout_more *m, const void *arg)
{
	static const char *const names[] = {"placeVisit", "activitySegment", NULL};
	struct kt_tl *t = &m->t;
	uint64_t off = t->j->tok_off;
	size_t base = t->path.n;
	bool any = false;
	int tok, which, r;

	(void)arg;
	while ((tok = kt_tl_member(t, names, &which)) > 0) {
		any |= which >= 0;
		if (which >= 0)
			kt_tl_puts(&t->path, which == 0 ? ".placeVisit" : ".activitySegment");
		if (which >= 0 && tok == KT_JSON_OBJ)
			r = which == 0 ? visit(m, m->visit, false) : activity(m);
		else if (which >= 0)
			r = kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
		else
			r = kt_tl_pass(t, tok);
		if (r < 0)
			return r;
		t->path.n = base;
	}
	return tok < 0 || any ? tok : kt_tl_skip(t, KT_TL_S_SEGMENT_KIND, off);
}

/* -- Settings.json ---------------------------------------------------------------------------- */

static int device(struct kt_takeout_more *m, const void *arg)
{
	struct kt_tl *t = &m->t;
	struct kt_tl_text *tx = m->device;
	struct kt_tl_line value = {.n = 0};
	uint64_t off = t->j->tok_off;
	struct kt_record rec;
	int r;

	(void)arg;
	kt_tl_clear(tx, DEVICE_TEXTS);
	r = kt_tl_object(t, kt_takeout_device_rules, tx);
	if (r < 0)
		return r;
	kt_tl_join(&value, " ", is_set(&tx[D_MAKER]) ? &tx[D_MAKER] : &tx[D_BRAND]);
	kt_tl_join(&value, " ", &tx[D_MODEL]);
	if (value.n == 0)
		kt_tl_join(&value, " ", &tx[D_PLATFORM]);
	if (value.n == 0 || !is_set(&tx[D_TAG]))
		return kt_tl_skip(t, KT_TL_S_MALFORMED, off);
	kt_rec_init(&rec, KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_rec_str(&rec, KT_F_NAME, "account-device", 14);
	kt_rec_str(&rec, KT_F_VALUE, value.p, value.n);
	kt_tl_add_text(&rec, KT_F_SOURCE_DEVICE, &tx[D_TAG]);
	r = add_time(t, &rec, KT_F_ADDED_TIME, &tx[D_CREATED]);
	if (r < 0)
		return r;
	t->raw.n = 0;
	join(t, " | ", &tx[D_TAG]);
	join(t, " | ", is_set(&tx[D_MAKER]) ? &tx[D_MAKER] : &tx[D_BRAND]);
	join(t, is_set(&tx[D_MAKER]) ? " " : " | ", &tx[D_MODEL]);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

/* A member of the document that may be a setting: kept, because it says nothing by itself. */
static int account_member(struct kt_takeout_more *m, unsigned which, int tok)
{
	struct kt_tl_text *x = &m->account[which].tx;

	m->account[which].off = m->t.j->tok_off;
	m->account[which].end = m->t.j->tok_end;
	if (tok == KT_JSON_TRUE || tok == KT_JSON_FALSE) {
		x->state = KT_TL_SET;
		x->len = tok == KT_JSON_TRUE ? 4 : 5;
		memcpy(x->p, tok == KT_JSON_TRUE ? "true" : "false", x->len);
		return 1;
	}
	tok = kt_tl_take(&m->t, tok, x);
	m->account[which].end = m->t.j->tok_end;
	return tok < 0 ? tok : 1;
}

static int emit_account(struct kt_takeout_more *m)
{
	struct kt_tl *t = &m->t;
	int r = 0;

	for (unsigned i = 0; i < ACCOUNT_TEXTS && r >= 0; i++) {
		const struct kt_tl_text *x = &m->account[i].tx;
		struct kt_record rec;

		if (x->state == KT_TL_NONE)
			continue;
		t->path.n = t->raw.n = 0;
		kt_tl_puts(&t->path, "$.");
		kt_tl_puts(&t->path, account_names[i]);
		kt_rec_init(&rec, KT_REC_SETTING, KT_BASIS_STATED);
		kt_rec_str(&rec, KT_F_NAME, account_names[i], strlen(account_names[i]));
		kt_tl_add_text(&rec, KT_F_VALUE, x);
		kt_tl_join(&t->raw, "", x);
		r = kt_tl_emit(t, &rec, m->account[i].off, m->account[i].end);
	}
	return r;
}

/* -- Timeline Edits.json ---------------------------------------------------------------------- */

static int edit(struct kt_takeout_more *m, const void *arg)
{
	static const char origin[] = "timeline-edits";
	struct kt_tl *t = &m->t;
	struct kt_tl_text *tx = m->edit;
	uint64_t off = t->j->tok_off;
	struct kt_record rec;
	int64_t mm;
	int r;

	(void)arg;
	kt_tl_clear(tx, EDIT_TEXTS);
	r = kt_tl_object(t, kt_takeout_edit_rules, tx);
	if (r < 0)
		return r;
	kt_rec_init(&rec, KT_REC_POSITION, KT_BASIS_USER_EDITED);
	if (!set_place(&rec, &tx[E_LAT], &tx[E_LON]))
		return kt_tl_skip(t, KT_TL_S_SIGNAL, off);
	set_when(&rec,
		 tx[E_TIME].state != KT_TL_NONE || tx[E_TIME_MS].state != KT_TL_NONE
			 ? &tx[E_TIME]
			 : &tx[E_EXTRA_TIME],
		 &tx[E_TIME_MS]);
	if (whole(&tx[E_ACCURACY], &mm))
		kt_set_accuracy_mm(&rec, mm, true);
	kt_tl_add_milli(&rec, KT_F_ALTITUDE_MM, &tx[E_ALTITUDE], INT64_MIN);
	kt_tl_add_milli(&rec, KT_F_SPEED_MM_S, &tx[E_SPEED], 0);
	kt_tl_add_text(&rec, KT_F_PROVIDER, &tx[E_SOURCE]);
	kt_tl_add_text(&rec, KT_F_SOURCE_DEVICE, &tx[E_DEVICE]);
	kt_rec_str(&rec, KT_F_ORIGIN, origin, sizeof(origin) - 1);
	t->raw.n = 0;
	join(t, ", ", &tx[E_LAT]);
	join(t, ", ", &tx[E_LON]);
	join(t, " | ", &tx[E_TIME]);
	join(t, " | ", &tx[E_TIME_MS]);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

/* -- the document ----------------------------------------------------------------------------- */

struct kt_takeout_more *kt_takeout_more_new(struct kt_ctx *ctx, struct kt_json *j,
					    struct kt_err *err)
{
	struct kt_takeout_more *m = kt_alloc(ctx, sizeof(*m));

	if (m == NULL)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->t.ctx = ctx;
	m->t.err = err;
	m->t.j = j;
	return m;
}

bool kt_takeout_more_known(const struct kt_takeout_more *m)
{
	return m->t.recognised;
}

uint64_t kt_takeout_more_elements(const struct kt_takeout_more *m)
{
	return m->t.elements;
}

bool kt_takeout_more_stop(const struct kt_takeout_more *m)
{
	return m->t.stop;
}

int kt_takeout_more_member(struct kt_takeout_more *m, struct kt_str key, int tok)
{
	static const struct {
		const char *key, *path;
		entry_fn read;
	} lists[] = {
		{"timelineObjects", "$.timelineObjects", timeline_object},
		{"deviceSettings", "$.deviceSettings", device},
		{"timelineEdits", "$.timelineEdits", edit},
	};
	int r;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!kt_str_is(key, lists[i].key) || tok != KT_JSON_ARR)
			continue;
		m->t.recognised = true;
		m->t.path.n = 0;
		r = each(m, tok, lists[i].path, lists[i].read, NULL);
		return r < 0 ? r : 1;
	}
	for (unsigned i = 0; i < ACCOUNT_TEXTS; i++)
		if (kt_str_is(key, account_names[i]) && tok != KT_JSON_OBJ && tok != KT_JSON_ARR &&
		    m->account[i].tx.state == KT_TL_NONE)
			return account_member(m, i, tok);
	return 0;
}

int kt_takeout_more_end(struct kt_takeout_more *m)
{
	int r = emit_account(m);

	return r < 0 ? r : kt_tl_flush_skips(&m->t);
}
