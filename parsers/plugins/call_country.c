/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * call-country: when calls were made or received, and the country that the phone noted with them. An
 * element is one call. Of a call nothing is read but its date, its direction and the country code:
 * no number, no name, no place of the other side, no duration. Forms: the answer of `content query`
 * (Android), the tables `calls` (Android) and ZCALLRECORD (iOS). Page: docs/formats/call-country.md.
 */
#include "parsers/plugins/content_rows.h"
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

#include <string.h>

enum why { NO_COUNTRY, BAD_COUNTRY, WHYS };
static const char *const why_names[WHYS] = {"no-country", "country-not-understood"};

struct calls {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
};

struct call {
	bool has_time;
	int64_t t_us;
	const char *direction;	    /* a word of ours, or NULL */
	struct kt_str country, raw; /* raw: the date */
};

/* android.provider.CallLog.Calls: TYPE. */
static const char *android_direction(int64_t type)
{
	static const char *const names[] = {"incoming", "outgoing", "missed",	"voicemail",
					    "rejected", "blocked",  "elsewhere"};

	return type >= 1 && type <= 7 ? names[type - 1] : NULL;
}

/* A code of ISO 3166-1: letters alone. */
static bool is_code(struct kt_str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z'))
			return false;
	return s.len == 2 || s.len == 3;
}

static int emit(struct calls *c, const struct call *call, struct kt_locator loc)
{
	struct kt_raw raw = {.len = 0};
	struct kt_record r;

	if (call->country.p == NULL || call->country.len == 0)
		return kt_tally_add(&c->skip[NO_COUNTRY], &loc);
	if (!is_code(call->country))
		return kt_tally_add(&c->skip[BAD_COUNTRY], &loc);
	/* the phone's own conclusion about where it is: see the page */
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_INFERRED);
	if (call->has_time)
		kt_set_utc(&r, call->t_us);
	kt_rec_str(&r, KT_F_COUNTRY_CODE, call->country.p, call->country.len);
	kt_rec_str(&r, KT_F_TIME_MEANING, "call", 4);
	if (call->direction != NULL)
		kt_rec_str(&r, KT_F_ORIGIN, call->direction, strlen(call->direction));
	kt_raw_add(&raw, "", call->raw);
	r.raw = kt_raw_str(&raw);
	r.loc = loc;
	return kt_emit(c->ctx, &r, c->err);
}

/* -- Android, over the cable ------------------------------------------------------------------ */

enum { C_ID, C_DATE, C_TYPE, C_COUNTRY };
static const char *const columns[] = {"_id", "date", "type", "countryiso", NULL};

static int row(void *arg, struct kt_content_row *r, struct kt_err *err)
{
	struct calls *c = arg;
	struct call call = {.country = r->value[C_COUNTRY], .raw = r->value[C_DATE]};
	int64_t v;

	(void)err;
	call.has_time =
		kt_content_int(r, C_DATE, &v) && kt_epoch_us(KT_EPOCH_UNIX_MS, v, 0, &call.t_us);
	if (kt_content_int(r, C_TYPE, &v))
		call.direction = android_direction(v);
	return emit(c, &call, kt_line_locator(&r->at));
}

/* -- databases -------------------------------------------------------------------------------- */

static int table(struct calls *c, struct kt_sql *db, const char *name, bool ios)
{
	static const char *const android_columns[] = {"date", "type", "countryiso"};
	static const char *const ios_columns[] = {"ZDATE", "ZORIGINATED", "ZISO_COUNTRY_CODE"};
	struct kt_rows rows;
	int r = kt_sql_select(db, &rows, name, ios ? ios_columns : android_columns, 3, NULL,
			      c->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, c->err)) == 1) {
		struct call call = {.raw = kt_rows_raw(&rows, 1)};
		int64_t v;

		kt_seen(c->ctx, 1);
		call.has_time = kt_rows_time(&rows, 1, ios ? KT_EPOCH_COCOA_S : KT_EPOCH_UNIX_MS,
					     &call.t_us);
		if (kt_rows_int(&rows, 2, &v))
			call.direction = !ios	  ? android_direction(v)
					 : v == 1 ? "outgoing"
					 : v == 0 ? "incoming"
						  : NULL;
		kt_rows_text(&rows, 3, &call.country);
		r = emit(c, &call, kt_rows_locator(&rows, name, 0));
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int database(void *arg)
{
	struct calls *c = arg;
	struct kt_sql *db;
	int r = kt_sql_open(c->ctx, &db, c->err);

	if (r < 0)
		return r;
	if (kt_sql_has(db, "ZCALLRECORD", NULL))
		r = table(c, db, "ZCALLRECORD", true);
	else if (kt_sql_has(db, "calls", NULL))
		r = table(c, db, "calls", false);
	else
		r = KT_FAIL(c->err, KT_E_FORMAT, "not-this-kind: no table of calls");
	kt_sql_close(&db);
	return r;
}

static int answer(void *arg)
{
	static const struct kt_content_form form = {columns};
	struct calls *c = arg;

	return kt_content_read(c->ctx, &form, 1, row, c, c->err);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct calls *c = kt_alloc(ctx, sizeof(*c));
	int r, r2;

	if (c == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(c, 0, sizeof(*c));
	c->ctx = ctx;
	c->err = err;
	r = kt_content_or_database(ctx, answer, database, c, "calls", err);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, c->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_call_country = {.id = "call-country", .parse = parse};
