/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * mediastore: Android's index of pictures and films: names, folders, times and, up to Android 9,
 * places. An element is one picture or film. Everything here is the index's own reading of the files
 * and of the phone's clock (inferred); the files themselves say more (media-exif). Forms: the answer
 * of `content query`, the table files of external.db. Page: docs/formats/mediastore.md.
 */
#include "parsers/plugins/content_rows.h"
#include "parsers/plugins/raw_text.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

#include <string.h>

struct media {
	struct kt_str id, name, folder, owner;
	struct kt_str taken, lat, lon; /* as written */
	bool has_taken, has_added, has_modified, has_lat, has_lon, trashed;
	int64_t taken_us, added_us, modified_us, lat_e7, lon_e7;
};

struct store {
	struct kt_ctx *ctx;
	struct kt_err *err;
};

static bool some(struct kt_str s)
{
	return s.p != NULL && s.len > 0;
}

static void add(struct kt_record *r, enum kt_field f, struct kt_str s)
{
	if (some(s))
		kt_rec_str(r, f, s.p, s.len);
}

static bool folder_is(struct kt_str s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s.p == NULL || s.len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]) != prefix[i])
			return false;
	return true;
}

/*
 * Where a file lies says who put it there, as far as anything does: cameras write to DCIM (older
 * answers name only the last folder, "Camera" or "100ANDRO"). A picture from elsewhere may have been
 * received.
 */
static bool by_camera(const struct media *m)
{
	struct kt_str f = m->folder;

	if (folder_is(f, "dcim/screenshots") || folder_is(f, "screenshots"))
		return false;
	return folder_is(f, "dcim/") || folder_is(f, "camera") || folder_is(f, "100andro") ||
	       folder_is(f, "100media");
}

static int set_times(struct store *s, const struct media *m, struct kt_record *r)
{
	int rc = 0;

	if (m->has_taken) {
		kt_set_utc(r, m->taken_us);
		kt_rec_str(r, KT_F_TIME_MEANING, "taken", 5);
	} else if (m->has_added) {
		kt_set_utc(r, m->added_us);
		kt_rec_str(r, KT_F_TIME_MEANING, "added-to-index", 14);
	}
	if (m->has_taken && m->has_added)
		rc = kt_rec_time(s->ctx, r, KT_F_ADDED_TIME, m->added_us, s->err);
	if (rc == 0 && m->has_modified)
		rc = kt_rec_time(s->ctx, r, KT_F_MODIFIED_TIME, m->modified_us, s->err);
	return rc;
}

static int emit(struct store *s, const struct media *m, struct kt_locator loc)
{
	bool camera = by_camera(m), place = m->has_lat && m->has_lon;
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	int rc;

	kt_rec_init(&r, KT_REC_MEDIA, KT_BASIS_INFERRED);
	if (place)
		kt_set_position(&r, m->lat_e7, m->lon_e7);
	else if (some(m->lat) || some(m->lon))
		kt_set_unusable(&r, m->has_lat || m->has_lon ? "half-a-position" : "not-a-number");
	/* a place in a picture that may have been received is no position of this phone */
	if (r.pos_state == KT_POS_OK)
		r.type = camera ? KT_REC_POSITION : KT_REC_PLACE;
	rc = set_times(s, m, &r);
	if (rc < 0)
		return rc;
	if (m->trashed)
		r.flags |= KT_FLAG_TRASHED;
	kt_rec_str(&r, KT_F_ORIGIN, camera ? "camera-folder" : "other-folder", camera ? 13 : 12);
	add(&r, KT_F_APP, m->owner);
	add(&r, KT_F_FILE_NAME, m->name);
	add(&r, KT_F_ITEM_ID, m->id);
	kt_raw_add(&raw, "", m->folder);
	kt_raw_add(&raw, some(m->folder) && m->folder.p[m->folder.len - 1] == '/' ? "" : "/",
		   m->name);
	kt_raw_add(&raw, " | ", m->taken);
	kt_raw_add(&raw, " | ", m->lat);
	kt_raw_add(&raw, ", ", m->lon);
	r.raw = kt_raw_str(&raw);
	r.loc = loc;
	return kt_emit(s->ctx, &r, s->err);
}

/* -- over the cable --------------------------------------------------------------------------- */

enum column { ID, NAME, FOLDER, TAKEN, ADDED, MODIFIED, LAT, LON, OWNER, TRASHED, MIME, COLUMNS };

/* What each column of a form is; the commands are in core/requests.def. */
struct form {
	const char *const *names;
	uint8_t what[COLUMNS];
};
static const char *const names_11[] = {
	"_id",		 "_display_name",      "relative_path", "datetaken", "date_added",
	"date_modified", "owner_package_name", "is_trashed",	"mime_type", NULL};
static const char *const names_10[] = {
	"_id",		 "_display_name",      "relative_path", "datetaken", "date_added",
	"date_modified", "owner_package_name", "mime_type",	NULL};
static const char *const names_8[] = {
	"_id",		 "_display_name", "bucket_display_name", "datetaken", "date_added",
	"date_modified", "latitude",	  "longitude",		 "mime_type", NULL};
static const struct form forms[] = {
	{names_11, {ID, NAME, FOLDER, TAKEN, ADDED, MODIFIED, OWNER, TRASHED, MIME}},
	{names_10, {ID, NAME, FOLDER, TAKEN, ADDED, MODIFIED, OWNER, MIME}},
	{names_8, {ID, NAME, FOLDER, TAKEN, ADDED, MODIFIED, LAT, LON, MIME}},
};

static bool content_time(const struct kt_content_row *r, int i, enum kt_epoch e, int64_t *us)
{
	int64_t v;

	return kt_content_int(r, i, &v) && kt_epoch_us(e, v, 0, us);
}

static bool degrees(struct kt_str s, int64_t *e7)
{
	return s.p != NULL && kt_parse_scaled(s.p, s.len, 7, e7) == 0;
}

static int row(void *arg, struct kt_content_row *r, struct kt_err *err)
{
	const struct form *f = &forms[r->form];
	struct media m = {.id = {NULL, 0}};
	int64_t v;

	(void)err;
	for (int i = 0; f->names[i] != NULL; i++) {
		switch ((enum column)f->what[i]) {
		case ID:
			m.id = r->value[i];
			break;
		case NAME:
			m.name = r->value[i];
			break;
		case FOLDER:
			m.folder = r->value[i];
			break;
		case TAKEN:
			m.taken = r->value[i];
			m.has_taken = content_time(r, i, KT_EPOCH_UNIX_MS, &m.taken_us);
			break;
		case ADDED:
			m.has_added = content_time(r, i, KT_EPOCH_UNIX_S, &m.added_us);
			break;
		case MODIFIED:
			m.has_modified = content_time(r, i, KT_EPOCH_UNIX_S, &m.modified_us);
			break;
		case LAT:
			m.lat = r->value[i];
			m.has_lat = degrees(r->value[i], &m.lat_e7);
			break;
		case LON:
			m.lon = r->value[i];
			m.has_lon = degrees(r->value[i], &m.lon_e7);
			break;
		case OWNER:
			m.owner = r->value[i];
			break;
		case TRASHED:
			m.trashed = kt_content_int(r, i, &v) && v == 1;
			break;
		case MIME:
		case COLUMNS:
			break;
		}
	}
	return emit(arg, &m, kt_line_locator(&r->at));
}

static int answer(void *arg)
{
	struct store *s = arg;
	struct kt_content_form f[sizeof(forms) / sizeof(forms[0])];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		f[i].columns = forms[i].names;
	return kt_content_read(s->ctx, f, sizeof(forms) / sizeof(forms[0]), row, s, s->err);
}

/* -- external.db ------------------------------------------------------------------------------ */

static int files(struct store *s, struct kt_sql *db)
{
	static const char *const names[] = {
		"_display_name", "relative_path|bucket_display_name",
		"datetaken",	 "date_added",
		"date_modified", "latitude",
		"longitude",	 "owner_package_name",
		"is_trashed",
	};
	struct kt_rows rows;
	int r = kt_sql_select(db, &rows, "files", names, sizeof(names) / sizeof(names[0]),
			      "WHERE media_type IN (1,3)", s->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, s->err)) == 1) {
		struct media m = {.taken = kt_rows_raw(&rows, 3)};
		int64_t v;

		kt_seen(s->ctx, 1);
		m.id = kt_rows_raw(&rows, 0);
		m.lat = kt_rows_raw(&rows, 6);
		m.lon = kt_rows_raw(&rows, 7);
		kt_rows_text(&rows, 1, &m.name);
		kt_rows_text(&rows, 2, &m.folder);
		m.has_taken = kt_rows_time(&rows, 3, KT_EPOCH_UNIX_MS, &m.taken_us);
		m.has_added = kt_rows_time(&rows, 4, KT_EPOCH_UNIX_S, &m.added_us);
		m.has_modified = kt_rows_time(&rows, 5, KT_EPOCH_UNIX_S, &m.modified_us);
		m.has_lat = kt_rows_scaled(&rows, 6, 7, &m.lat_e7);
		m.has_lon = kt_rows_scaled(&rows, 7, 7, &m.lon_e7);
		kt_rows_text(&rows, 8, &m.owner);
		m.trashed = kt_rows_int(&rows, 9, &v) && v == 1;
		r = emit(s, &m, kt_rows_locator(&rows, "files", 0));
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int database(void *arg)
{
	struct store *s = arg;
	struct kt_sql *db;
	int r = kt_sql_open(s->ctx, &db, s->err);

	if (r < 0)
		return r;
	if (kt_sql_has(db, "files", "media_type"))
		r = files(s, db);
	else
		r = KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no table of media files");
	kt_sql_close(&db);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct store s = {ctx, err};

	return kt_content_or_database(ctx, answer, database, &s, "media files", err);
}

const struct kt_parser kt_parser_mediastore = {.id = "mediastore", .parse = parse};
