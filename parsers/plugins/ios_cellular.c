/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-cellular: SIM cards that an iPhone knew, and the network that served it last. Page:
 * docs/formats/ios-cellular.md. Files, told apart by what is in them:
 *
 *   com.apple.commcenter.plist, com.apple.commcenter.data.plist      property lists
 *   com.apple.commcenter.device_specific_nobackup.plist              property list, image alone
 *   CellularUsage.db                                                 table subscriber_info
 *
 * An element is one member of the lists below, one card of a wallet, the number that stands with a
 * card, or one row (and its number). Of other people's numbers there is none in these files.
 */
#include "parsers/plugins/ios_state.h"
#include "parsers/plugins/kind.h"
#include "parsers/sdk/sql.h"

#include <string.h>
#include <strings.h>

#define WALLET "PersonalWallet"
#define LABELS "unique-sim-label-store"

/* -- commcenter*.plist ------------------------------------------------------------------------ */

static const char *const state_keys[] = {
	"LastKnownICCID", "LastKnownServingMcc", "LastKnownServingMnc", "PhoneNumber",
	"OperatorName",	  "lastKnownOSVersion",	 "ReportedPhoneNumber", NULL,
};

#define ROAMING "kOperatorRoamingInfo"

static bool ends_with_any_case(struct kt_str s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && strncasecmp(s.p + s.len - n, with, n) == 0;
}

/* Codes of a network, by what the key ends with; digits alone. */
static void codes(struct kt_ios *s, struct kt_record *r, struct kt_str key, struct kt_pl v)
{
	struct kt_str digits = kt_pl_raw(s->ctx, v);

	if (digits.len == 0 || digits.len > 3 || kt_str_digits(digits) != digits.len)
		return;
	if (ends_with_any_case(key, "mcc"))
		kt_rec_str(r, KT_F_MCC, digits.p, digits.len);
	if (ends_with_any_case(key, "mnc"))
		kt_rec_str(r, KT_F_MNC, digits.p, digits.len);
}

static int state_value(struct kt_ios *s, const char *name, struct kt_pl v)
{
	struct kt_record r;
	struct kt_str text;

	if (!kt_ios_record(s, &r, KT_REC_PROPERTY, name, v))
		return 0;
	codes(s, &r, kt_str_c(name), v);
	if (strcmp(name, "LastKnownICCID") == 0 && kt_pl_text(v, &text))
		kt_ios_sim_issuer(&r, text);
	if (strcmp(name, "OperatorName") == 0 && kt_pl_text(v, &text))
		kt_rec_str(&r, KT_F_OPERATOR, text.p, text.len);
	return kt_ios_emit(s, &r);
}

/* Country, network, roaming or not: nothing else of what lies there is looked at. */
static bool is_roaming_key(struct kt_str key)
{
	return ends_with_any_case(key, "mcc") || ends_with_any_case(key, "mnc") ||
	       ends_with_any_case(key, "roaming");
}

static int roaming_value(struct kt_ios *s, struct kt_str key, struct kt_pl v)
{
	struct kt_record r;

	if (!is_roaming_key(key))
		return kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
	if (!kt_ios_record(s, &r, KT_REC_PROPERTY, ROAMING, v))
		return 0;
	r.attr[0].s = key; /* the name as written instead of ours */
	codes(s, &r, key, v);
	return kt_ios_emit(s, &r);
}

/* kOperatorRoamingInfo_...: a value, or a dictionary of values. */
static int roaming(struct kt_ios *s, struct kt_str key, struct kt_pl v)
{
	struct kt_pl_iter it;
	struct kt_str name;
	struct kt_pl in;
	int r = 0;

	if (kt_pl_type(v) != KT_PL_DICT)
		return roaming_value(s, key, v);
	kt_pl_iter_init(&it, v);
	while (r >= 0 && kt_pl_iter_next(&it, &name, &in)) {
		size_t before = kt_keypath_key(&s->path, name);

		r = roaming_value(s, name, in);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

/* One equipment identity (IMEI) each. */
static int imeis(struct kt_ios *s, struct kt_pl v)
{
	int r = 0;

	if (kt_pl_type(v) != KT_PL_ARRAY)
		return kt_ios_value(s, KT_REC_PROPERTY, "imeis", v);
	for (uint32_t i = 0; i < kt_pl_count(v) && r >= 0; i++) {
		size_t before = kt_keypath_index(&s->path, i);

		r = kt_ios_value(s, KT_REC_PROPERTY, "imeis", kt_pl_at(v, i));
		kt_keypath_cut(&s->path, before);
	}
	return r;
}

/*
 * A record of a card, or of its number: dated where the source says when it wrote it down. raw is the
 * value and that time as written.
 */
static void card(struct kt_record *r, struct kt_raw *raw, const char *name, struct kt_str value,
		 struct kt_str when, bool dated, int64_t us)
{
	kt_rec_init(r, dated ? KT_REC_EVENT : KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_rec_str(r, KT_F_NAME, name, strlen(name));
	kt_rec_str(r, KT_F_VALUE, value.p, value.len);
	if (dated) {
		kt_set_utc(r, us);
		kt_rec_str(r, KT_F_TIME_MEANING, "last-updated", 12);
	}
	kt_ios_sim_issuer(r, value);
	raw->len = 0;
	kt_raw_add(raw, "", value);
	kt_raw_add(raw, " | ", when);
	r->raw = kt_raw_str(raw);
}

/* The information about a card lies under one more key, "info"; elsewhere there is none. */
static struct kt_pl card_info(struct kt_pl entry)
{
	struct kt_pl_iter it;
	struct kt_str name;
	struct kt_pl v, found = {NULL};

	kt_pl_iter_init(&it, entry);
	while (found.node == NULL && kt_pl_iter_next(&it, &name, &v))
		if (kt_pl_get(v, "ts").node != NULL || kt_pl_get(v, "mdn").node != NULL)
			found = v;
	kt_pl_iter_end(&it);
	return found;
}

static int wallet_entry(struct kt_ios *s, struct kt_str id, struct kt_pl entry)
{
	struct kt_pl info = card_info(entry), ts = kt_pl_get(info, "ts");
	struct kt_str mdn, when = kt_pl_raw(s->ctx, ts);
	struct kt_record r;
	struct kt_raw raw;
	int64_t us = 0;
	bool dated = kt_ios_time(ts, KT_EPOCH_UNIX_S, &us);
	int c;

	if (kt_pl_type(entry) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	if (id.len == 0 || id.len > KT_REC_STR_MAX)
		return kt_ios_skip(s, id.len == 0 ? KT_IOS_EMPTY : KT_IOS_TOO_LONG);
	kt_seen(s->ctx, 1);
	card(&r, &raw, "sim-card", id, when, dated, us);
	c = kt_ios_emit(s, &r);
	if (c < 0 || !kt_pl_text(kt_pl_get(info, "mdn"), &mdn) || mdn.len == 0)
		return c;
	kt_seen(s->ctx, 1);
	card(&r, &raw, "sim-phone-number", mdn, when, dated, us);
	return kt_ios_emit(s, &r);
}

/* The kind of label and when it was given; the label's text is a person's own and not read. */
static int label(struct kt_ios *s, struct kt_str id, struct kt_pl entry)
{
	struct kt_record r;
	struct kt_str tag;
	struct kt_raw raw;
	int64_t us = 0;
	bool dated = kt_ios_time(kt_pl_get(entry, "ts"), KT_EPOCH_UNIX_S, &us);

	(void)id;
	if (kt_pl_type(entry) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	tag = kt_pl_raw(s->ctx, kt_pl_get(entry, "tag"));
	if (tag.len == 0 && !dated)
		return kt_ios_skip(s, KT_IOS_NOTHING);
	kt_seen(s->ctx, 1);
	card(&r, &raw, "sim-label-kind", tag, kt_pl_raw(s->ctx, kt_pl_get(entry, "ts")), dated, us);
	return kt_ios_emit(s, &r);
}

static int entries(struct kt_ios *s, struct kt_pl dict,
		   int (*fn)(struct kt_ios *s, struct kt_str id, struct kt_pl entry))
{
	struct kt_pl_iter it;
	struct kt_str id;
	struct kt_pl v;
	int r = 0;

	if (kt_pl_type(dict) != KT_PL_DICT)
		return kt_ios_skip(s, KT_IOS_ODD);
	kt_pl_iter_init(&it, dict);
	while (r >= 0 && kt_pl_iter_next(&it, &id, &v)) {
		size_t before = kt_keypath_key(&s->path, id);

		r = fn(s, id, v);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

static bool is_ours(struct kt_str key)
{
	return kt_ios_listed(state_keys, key) != NULL || kt_str_is(key, WALLET) ||
	       kt_str_is(key, LABELS) || kt_str_is(key, "imeis") || kt_str_starts(key, ROAMING);
}

static int member(struct kt_ios *s, struct kt_str key, struct kt_pl v)
{
	const char *name = kt_ios_listed(state_keys, key);

	if (name != NULL)
		return state_value(s, name, v);
	if (kt_str_is(key, WALLET))
		return entries(s, v, wallet_entry);
	if (kt_str_is(key, LABELS))
		return entries(s, v, label);
	if (kt_str_is(key, "imeis"))
		return imeis(s, v);
	if (kt_str_starts(key, ROAMING))
		return roaming(s, key, v);
	return kt_ios_skip(s, KT_IOS_NOT_ALLOWED);
}

static int members(struct kt_ios *s)
{
	struct kt_pl root = kt_plist_root(s->list), v;
	struct kt_pl_iter it;
	struct kt_str key;
	bool any = kt_pl_count(root) == 0;
	int r = 0;

	kt_pl_iter_init(&it, root);
	while (!any && kt_pl_iter_next(&it, &key, &v))
		any = is_ours(key);
	if (!any)
		return KT_FAIL(s->err, KT_E_FORMAT, "not-this-kind: no state of a modem");
	kt_pl_iter_init(&it, root);
	while (r >= 0 && kt_pl_iter_next(&it, &key, &v)) {
		size_t before = kt_keypath_key(&s->path, key);

		r = member(s, key, v);
		kt_keypath_cut(&s->path, before);
	}
	kt_pl_iter_end(&it);
	return r;
}

static int property_list(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_ios *s;
	int r = kt_ios_open(ctx, "state of a modem", &s, err);

	if (r >= 0)
		r = members(s);
	return kt_ios_close(&s, r);
}

/* -- CellularUsage.db ------------------------------------------------------------------------- */

enum { C_ID = 1, C_NUMBER, C_UPDATED };
static const char *const columns[] = {"subscriber_id", "subscriber_mdn", "last_update_time"};

struct usage {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip;
};

static int row(struct usage *u, struct kt_rows *rows)
{
	struct kt_locator loc = kt_rows_locator(rows, "subscriber_info", 0);
	struct kt_str id = kt_rows_raw(rows, C_ID), number = kt_rows_raw(rows, C_NUMBER),
		      when = kt_rows_raw(rows, C_UPDATED);
	struct kt_record r;
	struct kt_raw raw;
	int64_t us = 0;
	bool dated = kt_rows_time(rows, C_UPDATED, KT_EPOCH_COCOA_S, &us) &&
		     us != INT64_C(978307200) * KT_US_PER_S;
	int c = 0;

	kt_seen(u->ctx, 1);
	if (id.len == 0) {
		kt_tally_add(&u->skip, &loc);
	} else {
		card(&r, &raw, "sim-card", id, when, dated, us);
		r.loc = loc;
		c = kt_emit(u->ctx, &r, u->err);
	}
	if (c < 0 || number.len == 0)
		return c;
	kt_seen(u->ctx, 1);
	card(&r, &raw, "sim-phone-number", number, when, dated, us);
	r.loc = loc;
	return kt_emit(u->ctx, &r, u->err);
}

static int database(struct usage *u, struct kt_sql *db)
{
	struct kt_rows rows;
	int r;

	if (!kt_sql_has(db, "subscriber_info", NULL))
		return KT_FAIL(u->err, KT_E_FORMAT, "not-this-kind: no table subscriber_info");
	r = kt_sql_select(db, &rows, "subscriber_info", columns, 3, NULL, u->err);
	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, u->err)) == 1) {
		r = row(u, &rows);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int usage_db(struct kt_ctx *ctx, struct kt_err *err)
{
	static const char *const reason[] = {"empty-value"};
	struct usage u = {.ctx = ctx, .err = err};
	struct kt_sql *db;
	int r = kt_sql_open(ctx, &db, err), r2;

	if (r < 0)
		return r;
	r = database(&u, db);
	kt_sql_close(&db);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, &u.skip, reason, 1, err);
	return r2 < 0 ? r2 : r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	int kind = kt_kind(ctx, err);

	if (kind < 0)
		return kind;
	return kind == KT_KIND_SQLITE ? usage_db(ctx, err) : property_list(ctx, err);
}

const struct kt_parser kt_parser_ios_cellular = {.id = "ios-cellular", .parse = parse};
