/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The SIM cards that an Android phone knows: table siminfo of telephony.db, out of a file-system image.
 * An element is one row. The number, the subscriber's identity (IMSI) and the label that the holder
 * gave are never read.
 */
#include "parsers/plugins/android_device.h"
#include "parsers/sdk/sql.h"

static void add(struct kt_record *r, enum kt_field f, struct kt_str s)
{
	if (s.p != NULL && s.len > 0 && !kt_str_is(s, "0"))
		kt_rec_str(r, f, s.p, s.len);
}

static int sims(struct kt_ctx *ctx, struct kt_sql *db, struct kt_err *err)
{
	static const char *const names[] = {"icc_id",		"mcc_string|mcc", "mnc_string|mnc",
					    "iso_country_code", "carrier_name",	  "sim_id"};
	struct kt_rows rows;
	int r = kt_sql_select(db, &rows, "siminfo", names, 6, NULL, err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, err)) == 1) {
		struct kt_record rec;
		int64_t slot;

		kt_seen(ctx, 1);
		kt_rec_init(&rec, KT_REC_PROPERTY, KT_BASIS_STATED);
		kt_rec_str(&rec, KT_F_NAME, "sim-card", 8);
		add(&rec, KT_F_VALUE, kt_rows_raw(&rows, 1));
		add(&rec, KT_F_MCC, kt_rows_raw(&rows, 2));
		add(&rec, KT_F_MNC, kt_rows_raw(&rows, 3));
		add(&rec, KT_F_COUNTRY_CODE, kt_rows_raw(&rows, 4));
		add(&rec, KT_F_OPERATOR, kt_rows_raw(&rows, 5));
		if (kt_rows_int(&rows, 6, &slot))
			kt_rec_str(&rec, KT_F_ORIGIN, slot >= 0 ? "inserted" : "not-inserted",
				   slot >= 0 ? 8 : 12);
		rec.raw = kt_rows_raw(&rows, 1);
		rec.loc = kt_rows_locator(&rows, "siminfo", 0);
		if (kt_rec_attr(&rec, KT_F_VALUE) == NULL && kt_rec_attr(&rec, KT_F_MCC) == NULL)
			r = kt_skip(ctx, "empty-value", 1, &rec.loc, err);
		else
			r = kt_emit(ctx, &rec, err);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

int kt_device_sims(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_sql *db;
	int r = kt_sql_open(ctx, &db, err);

	if (r < 0)
		return r;
	if (kt_sql_has(db, "siminfo", "icc_id"))
		r = sims(ctx, db, err);
	else
		r = KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no table of SIM cards");
	kt_sql_close(&db);
	return r;
}
