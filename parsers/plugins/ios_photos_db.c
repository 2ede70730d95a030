/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-photos-db: the photo library's own table of pictures and films (Photos.sqlite). Page:
 * docs/formats/ios-photos-db.md.
 *
 * An element is one row of ZASSET (iOS 14 and later) or ZGENERICASSET (before). Each becomes one
 * record; a row whose extended attributes hold another position than the row itself (somebody moved
 * the picture on the map, or took its place away) counts as two elements and becomes two records.
 * Nothing is skipped but rows that can't be read. No picture, caption, person or album is looked at.
 */
#include "parsers/plugins/apple_rows.h"

#include <string.h>

enum asset { A_PK, A_CREATED, A_ADDED, A_MODIFIED, A_LAT, A_LON, A_DIR, A_FILE, A_TRASHED, A_UUID };
static const char *const asset_columns[] = {
	"Z_PK",	      "ZDATECREATED", "ZADDEDDATE", "ZMODIFICATIONDATE", "ZLATITUDE",
	"ZLONGITUDE", "ZDIRECTORY",   "ZFILENAME",  "ZTRASHEDSTATE",	 "ZUUID",
};
#define N_ASSET (sizeof(asset_columns) / sizeof(asset_columns[0]))
#define COL(x)	((int)(x) + 1) /* column 0 is the rowid */

enum more { M_ZONE, M_OFFSET, M_ACCURACY, M_ORIGIN, M_SHIFTED };
static const char *const more_columns[] = {
	"ZTIMEZONENAME",	   "ZTIMEZONEOFFSET",
	"ZGPSHORIZONTALACCURACY",  "ZIMPORTEDBYBUNDLEIDENTIFIER|ZCREATORBUNDLEID",
	"ZSHIFTEDLOCATIONISVALID",
};
#define N_MORE (sizeof(more_columns) / sizeof(more_columns[0]))

enum ext { E_MAKE, E_MODEL, E_LAT, E_LON };
static const char *const ext_columns[] = {"ZCAMERAMAKE", "ZCAMERAMODEL", "ZLATITUDE", "ZLONGITUDE"};
#define N_EXT (sizeof(ext_columns) / sizeof(ext_columns[0]))

/* 0.0001 degree: what rounding between the two tables never makes. */
#define SAME_PLACE_E7 1000

struct photos {
	struct kt_ctx *ctx;
	struct kt_sql *db;
	const char *table;
	struct kt_rows rows, more, ext;
	bool has_more, has_ext;
};

/*
 * The row of a side table that belongs to an asset. Where the table is damaged, the pictures are
 * reported without it: the SDK has noted the damage.
 */
static int side_row(struct kt_rows *rows, bool *has, int64_t pk, bool *found, struct kt_err *err)
{
	int r;

	*found = false;
	if (!*has)
		return 0;
	r = kt_rows_bind_int(rows, 1, pk, err);
	if (r == 0)
		r = kt_rows_next(rows, err);
	*found = r == 1;
	if (r == KT_E_FORMAT) {
		kt_err_clear(err);
		*has = false;
		return 0;
	}
	return r < 0 ? r : 0;
}

static void set_file_name(struct photos *p, struct kt_record *r)
{
	struct kt_str dir, file;
	char *both;

	if (!kt_rows_text(&p->rows, COL(A_FILE), &file))
		return;
	if (!kt_rows_text(&p->rows, COL(A_DIR), &dir)) {
		kt_rec_str(r, KT_F_FILE_NAME, file.p, file.len);
		return;
	}
	if (dir.len + 1 + file.len > KT_REC_STR_MAX)
		return;
	both = kt_alloc(p->ctx, dir.len + 1 + file.len);
	if (both == NULL)
		return;
	memcpy(both, dir.p, dir.len);
	both[dir.len] = '/';
	memcpy(both + dir.len + 1, file.p, file.len);
	kt_rec_str(r, KT_F_FILE_NAME, both, dir.len + 1 + file.len);
}

static int set_times(struct photos *p, struct kt_record *r, struct kt_err *err)
{
	int64_t t;
	int c = 0;

	if (kt_rows_time(&p->rows, COL(A_CREATED), KT_EPOCH_COCOA_S, &t)) {
		kt_set_utc(r, t);
		kt_rec_str(r, KT_F_TIME_MEANING, "taken", 5);
	}
	if (kt_rows_time(&p->rows, COL(A_ADDED), KT_EPOCH_COCOA_S, &t))
		c = kt_rec_time(p->ctx, r, KT_F_ADDED_TIME, t, err);
	if (c == 0 && kt_rows_time(&p->rows, COL(A_MODIFIED), KT_EPOCH_COCOA_S, &t))
		c = kt_rec_time(p->ctx, r, KT_F_MODIFIED_TIME, t, err);
	return c;
}

static void set_more(struct photos *p, struct kt_record *r)
{
	struct kt_str s = {NULL, 0};
	int64_t v;

	if (kt_rows_text(&p->more, COL(M_ZONE), &s))
		kt_rec_str(r, KT_F_TIME_ZONE, s.p, s.len);
	if (kt_rows_int(&p->more, COL(M_OFFSET), &v) && v % 60 == 0 && v >= -86400 && v <= 86400)
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, v / 60);
	/* who put it into the library; the camera app is what makes it a picture of this phone */
	if (kt_rows_text(&p->more, COL(M_ORIGIN), &s)) {
		kt_rec_str(r, KT_F_ORIGIN, s.p, s.len);
		if (kt_str_is(s, "com.apple.camera"))
			r->basis = KT_BASIS_MEASURED;
	} else {
		kt_rec_str(r, KT_F_ORIGIN, "not-recorded", 12);
	}
	kt_apple_accuracy(r, &p->more, COL(M_ACCURACY));
}

static void set_camera(struct photos *p, struct kt_record *r)
{
	struct kt_str s;

	if (kt_rows_text(&p->ext, COL(E_MAKE), &s))
		kt_rec_str(r, KT_F_CAMERA_MAKE, s.p, s.len);
	if (kt_rows_text(&p->ext, COL(E_MODEL), &s))
		kt_rec_str(r, KT_F_CAMERA_MODEL, s.p, s.len);
}

/* Does the file's own position say something that the library's does not? */
static bool elsewhere(const struct kt_record *library, const struct kt_record *own)
{
	int64_t lat = (int64_t)library->lat_e7 - own->lat_e7;
	int64_t lon = (int64_t)library->lon_e7 - own->lon_e7;

	if (own->pos_state != KT_POS_OK)
		return false;
	return library->pos_state != KT_POS_OK || lat > SAME_PLACE_E7 || lat < -SAME_PLACE_E7 ||
	       lon > SAME_PLACE_E7 || lon < -SAME_PLACE_E7;
}

/* The file's own position, which the library's was changed away from, or from which it was taken. */
static int emit_original(struct photos *p, struct kt_record *r, const struct kt_record *moved,
			 struct kt_err *err)
{
	kt_seen(p->ctx, 1);
	r->basis = moved->basis;
	r->type = KT_REC_POSITION;
	r->raw = kt_rows_raw(&p->ext, COL(E_LAT));
	r->loc = kt_rows_locator(&p->ext, "ZEXTENDEDATTRIBUTES", 0);
	r->time_kind = moved->time_kind;
	r->t_us = moved->t_us;
	r->flags |= moved->flags & (KT_FLAG_TRASHED | KT_FLAG_IMPLAUSIBLE_TIME);
	set_file_name(p, r);
	return kt_emit(p->ctx, r, err);
}

static int one_asset(struct photos *p, struct kt_err *err)
{
	struct kt_record r, original;
	bool more = false, ext = false;
	struct kt_str s;
	int64_t pk, v;
	int c = 0;

	kt_seen(p->ctx, 1);
	kt_rec_init(&r, KT_REC_MEDIA, KT_BASIS_STATED);
	kt_rec_init(&original, KT_REC_POSITION, KT_BASIS_STATED);
	if (kt_rows_int(&p->rows, COL(A_PK), &pk)) {
		c = side_row(&p->more, &p->has_more, pk, &more, err);
		if (c == 0)
			c = side_row(&p->ext, &p->has_ext, pk, &ext, err);
	}
	if (c == 0)
		c = set_times(p, &r, err);
	if (c < 0)
		return c;
	kt_apple_position(&r, &p->rows, COL(A_LAT), COL(A_LON));
	if (r.pos_state == KT_POS_OK)
		r.type = KT_REC_POSITION;
	set_file_name(p, &r);
	if (kt_rows_text(&p->rows, COL(A_UUID), &s))
		kt_rec_str(&r, KT_F_ITEM_ID, s.p, s.len);
	if (kt_rows_int(&p->rows, COL(A_TRASHED), &v) && v != 0)
		r.flags |= KT_FLAG_TRASHED;
	if (more)
		set_more(p, &r);
	if (ext) {
		set_camera(p, &r);
		kt_apple_position(&original, &p->ext, COL(E_LAT), COL(E_LON));
	}
	r.raw = kt_rows_raw(&p->rows, COL(A_CREATED));
	r.loc = kt_rows_locator(&p->rows, p->table, 0);
	if (!elsewhere(&r, &original))
		return kt_emit(p->ctx, &r, err);
	c = emit_original(p, &original, &r, err);
	if (c < 0)
		return c;
	/* what the library says of the place is the later one: changed by hand, or by a service */
	r.basis = KT_BASIS_USER_EDITED;
	r.has_accuracy = false;
	return kt_emit(p->ctx, &r, err);
}

static int open_rows(struct photos *p, struct kt_err *err)
{
	int r;

	p->table = kt_sql_table(p->db, "ZASSET|ZGENERICASSET");
	if (p->table == NULL)
		return KT_FAIL(err, KT_E_FORMAT,
			       "not-this-kind: a database without ZASSET or ZGENERICASSET");
	p->has_more = kt_sql_has(p->db, "ZADDITIONALASSETATTRIBUTES", "ZASSET");
	p->has_ext = kt_sql_has(p->db, "ZEXTENDEDATTRIBUTES", "ZASSET");
	if (!p->has_more) {
		r = kt_note(p->ctx, "table-missing",
			    "ZADDITIONALASSETATTRIBUTES: no zones, accuracies and origins", err);
		if (r < 0)
			return r;
	}
	if (!p->has_ext) {
		r = kt_note(p->ctx, "table-missing",
			    "ZEXTENDEDATTRIBUTES: no cameras and no original positions", err);
		if (r < 0)
			return r;
	}
	r = kt_sql_select(p->db, &p->rows, p->table, asset_columns, N_ASSET, NULL, err);
	if (r == 0 && p->has_more)
		r = kt_sql_select(p->db, &p->more, "ZADDITIONALASSETATTRIBUTES", more_columns,
				  N_MORE, "WHERE ZASSET=?1", err);
	if (r == 0 && p->has_ext)
		r = kt_sql_select(p->db, &p->ext, "ZEXTENDEDATTRIBUTES", ext_columns, N_EXT,
				  "WHERE ZASSET=?1", err);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct photos p = {.ctx = ctx};
	int r = kt_sql_open(ctx, &p.db, err);

	if (r < 0)
		return r;
	r = open_rows(&p, err);
	while (r == 0 && (r = kt_rows_next(&p.rows, err)) == 1)
		r = one_asset(&p, err);
	kt_rows_end(&p.rows);
	kt_rows_end(&p.more);
	kt_rows_end(&p.ext);
	kt_sql_close(&p.db);
	return r;
}

const struct kt_parser kt_parser_ios_photos_db = {.id = "ios-photos-db", .parse = parse};
