/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * bluetooth-vehicles: paired Bluetooth devices that are cars or hands-free equipment. An element is
 * one paired device; it is reported when its class says so, or, where no class is known, when a word
 * of its name does. Every other device is counted and its name never leaves the reader; link keys are
 * not read at all. Page: docs/formats/bluetooth-vehicles.md. Forms:
 *   `dumpsys bluetooth_manager`     lines "AA:BB:CC:DD:EE:FF [BR/EDR][ 0x240408 ] name"
 *   bt_config.conf                  sections [aa:bb:cc:dd:ee:ff] with Name, DevClass, Timestamp
 *   ledevices.paired.db (iOS)       table PairedDevices
 *   MobileBluetooth.devices.plist   dictionary by address
 */
#include "parsers/plugins/kind.h"
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/plist.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

enum why { NO_VEHICLE, NO_NAME, NOT_UNDERSTOOD, WHYS };
static const char *const why_names[WHYS] = {"not-a-vehicle", "no-name", "not-understood"};

struct bluetooth {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
};

struct device {
	struct kt_str address, name;
	bool has_class, has_seen;
	uint32_t class;
	int64_t seen_us;
	const char *seen_meaning;
};

/* -- what counts as a vehicle ----------------------------------------------------------------- */

/* Assigned Numbers, class of device: major class audio/video, minor class hands-free or car audio. */
static bool vehicle_class(uint32_t class)
{
	return (class & 0x1ffc) == 0x0408 || (class & 0x1ffc) == 0x0420;
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Makes of cars and lorries, and what hands-free sets call themselves; whole words. */
static bool vehicle_name(struct kt_str s)
{
	static const char *const words[] = {
		"car",	      "auto",	   "handsfree", "hands-free", "bmw",	  "audi",
		"volkswagen", "vw",	   "skoda",	"seat",	      "mercedes", "mb",
		"opel",	      "ford",	   "sync",	"renault",    "peugeot",  "citroen",
		"fiat",	      "uconnect",  "toyota",	"lexus",      "honda",	  "mazda",
		"nissan",     "hyundai",   "kia",	"volvo",      "tesla",	  "porsche",
		"jeep",	      "chevrolet", "mylink",	"mini",	      "dacia",	  "suzuki",
		"mitsubishi", "scania",	   "man",	"iveco",      "daf",	  "parrot"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		for (uint32_t at = 0; at + n <= s.len; at++) {
			size_t k = 0;

			while (k < n &&
			       (s.p[at + k] == words[i][k] ||
				(letter(s.p[at + k]) && (s.p[at + k] | 32) == words[i][k])))
				k++;
			if (k == n && (at == 0 || !letter(s.p[at - 1])) &&
			    (at + n == s.len || !letter(s.p[at + n])))
				return true;
		}
	}
	return false;
}

static int device(struct bluetooth *b, const struct device *d, const struct kt_locator *loc)
{
	bool by_class = d->has_class && d->class != 0;
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	char mac[18];

	kt_seen(b->ctx, 1);
	if (d->name.p == NULL || d->name.len == 0)
		return kt_tally_add(&b->skip[NO_NAME], loc);
	if (by_class ? !vehicle_class(d->class) : !vehicle_name(d->name))
		return kt_tally_add(&b->skip[NO_VEHICLE], loc);
	kt_rec_init(&r, KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NAME, "paired-vehicle", 14);
	kt_rec_str(&r, KT_F_VALUE, d->name.p, d->name.len);
	if (d->address.p != NULL && kt_mac_text(d->address, mac))
		kt_rec_str(&r, KT_F_NETWORK_ID, mac, 17);
	kt_rec_str(&r, KT_F_ORIGIN, by_class ? "by-class" : "by-name", by_class ? 8 : 7);
	if (d->has_seen) {
		kt_set_utc(&r, d->seen_us);
		kt_rec_str(&r, KT_F_TIME_MEANING, d->seen_meaning, strlen(d->seen_meaning));
	}
	kt_raw_add(&raw, "", d->name);
	r.raw = kt_raw_str(&raw);
	r.loc = *loc;
	return kt_emit(b->ctx, &r, b->err);
}

/* -- text: dumpsys, bt_config.conf ------------------------------------------------------------ */

static bool is_address(struct kt_str s)
{
	if (s.len != 17)
		return false;
	for (uint32_t i = 0; i < 17; i++) {
		char c = (char)(s.p[i] | 32);

		if (i % 3 == 2 ? s.p[i] != ':'
			       : !((c >= 'a' && c <= 'f') || (s.p[i] >= '0' && s.p[i] <= '9') ||
				   c == 'x'))
			return false;
	}
	return true;
}

static bool hex(struct kt_str s, uint32_t *v)
{
	*v = 0;
	for (uint32_t i = 0; i < s.len; i++) {
		char c = (char)(s.p[i] | 32);
		int d = s.p[i] >= '0' && s.p[i] <= '9' ? s.p[i] - '0'
			: c >= 'a' && c <= 'f'	       ? c - 'a' + 10
						       : -1;

		if (d < 0)
			return false;
		*v = *v << 4 | (uint32_t)d;
	}
	return s.len > 0 && s.len <= 8;
}

/* "[inside]" at the start of *s: the inside trimmed, *s what follows. */
static bool bracket(struct kt_str *s, struct kt_str *inside)
{
	const char *end = s->len > 0 && s->p[0] == '[' ? memchr(s->p, ']', s->len) : NULL;

	if (end == NULL)
		return false;
	*inside = kt_str_trim(kt_str_upto(kt_str_from(*s, 1), (size_t)(end - s->p) - 1));
	*s = kt_str_from(*s, (size_t)(end - s->p) + 1);
	return true;
}

/* 1: the line is a paired device, 0: it is something else. */
static int dumpsys_line(struct bluetooth *b, struct kt_str s, const struct kt_locator *loc, int *r)
{
	struct device d = {.address = kt_str_upto(s, s.len < 17 ? s.len : 17)};
	struct kt_str in;

	if (!is_address(d.address))
		return 0;
	s = kt_str_trim(kt_str_from(s, 17));
	if (!bracket(&s, &in) || !(kt_str_is(in, "BR/EDR") || kt_str_is(in, "DUAL") ||
				   kt_str_is(in, "LE") || kt_str_is(in, "????"))) {
		kt_seen(b->ctx, 1);
		*r = kt_tally_add(&b->skip[NOT_UNDERSTOOD], loc);
		return 1;
	}
	if (bracket(&s, &in) && kt_str_starts(in, "0x"))
		d.has_class = hex(kt_str_from(in, 2), &d.class);
	d.name = kt_str_trim(s);
	if (kt_str_is(d.name, "null"))
		d.name.len = 0;
	*r = device(b, &d, loc);
	return 1;
}

/* A section of bt_config.conf that is open; its few values are kept until it ends. */
struct section {
	bool open;
	struct kt_line_place at;
	uint32_t address_len, name_len;
	char address[17], name[248]; /* the longest name that Bluetooth knows */
	struct device d;
};

static int section_end(struct bluetooth *b, struct section *s)
{
	struct kt_locator loc = kt_line_locator(&s->at);

	if (!s->open)
		return 0;
	s->open = false;
	s->d.address = (struct kt_str){s->address, s->address_len};
	s->d.name = (struct kt_str){s->name, s->name_len};
	s->d.seen_meaning = "paired-or-updated";
	return device(b, &s->d, &loc);
}

static void section_value(struct section *s, struct kt_str key, struct kt_str v)
{
	int64_t n;

	if (kt_str_is(key, "Name") || (kt_str_is(key, "Aliase") && v.len > 0)) {
		s->name_len = v.len < sizeof(s->name) ? v.len : sizeof(s->name);
		memcpy(s->name, v.p, s->name_len);
	} else if (kt_str_is(key, "DevClass") && kt_json_int(v.p, v.len, &n) && n >= 0 &&
		   n <= 0xffffff) {
		s->d.has_class = true;
		s->d.class = (uint32_t)n;
	} else if (kt_str_is(key, "Timestamp") && kt_json_int(v.p, v.len, &n)) {
		s->d.has_seen = kt_epoch_us(KT_EPOCH_UNIX_S, n, 0, &s->d.seen_us);
	}
}

static int config_line(struct bluetooth *b, struct section *s, struct kt_str line,
		       const struct kt_line_place *at)
{
	struct kt_str in, rest = line;
	const char *eq;
	int r;

	if (line.len > 0 && line.p[0] == '[') {
		r = section_end(b, s);
		if (r < 0 || !bracket(&rest, &in) || !is_address(in))
			return r;
		memset(s, 0, sizeof(*s));
		s->open = true;
		s->at = *at;
		s->address_len = in.len;
		memcpy(s->address, in.p, in.len);
		return 0;
	}
	eq = line.len > 0 ? memchr(line.p, '=', line.len) : NULL;
	if (s->open && eq != NULL) {
		size_t n = (size_t)(eq - line.p);

		section_value(s, kt_str_trim(kt_str_upto(line, n)),
			      kt_str_trim(kt_str_from(line, n + 1)));
	}
	if (s->open)
		s->at.len = at->off + at->len - s->at.off;
	return 0;
}

struct walk {
	struct bluetooth *b;
	struct section section;
	bool any; /* a line that one of the two forms has */
};

static int one_line(void *arg, struct kt_str line, bool cut, struct kt_line_place *at)
{
	struct kt_locator loc = kt_line_locator(at);
	struct kt_str bare = kt_str_trim(line);
	struct walk *w = arg;
	int r = 0;

	(void)cut; /* no line of either form is that long: it is not understood */
	w->any |= kt_str_is(bare, "Bonded devices:") || (bare.len > 0 && bare.p[0] == '[');
	return dumpsys_line(w->b, bare, &loc, &r) == 0 ? config_line(w->b, &w->section, bare, at)
						       : r;
}

static int text(struct bluetooth *b)
{
	struct walk *w = kt_alloc(b->ctx, sizeof(*w));
	int r;

	if (w == NULL)
		return KT_FAIL(b->err, KT_E_NOMEM, "no memory for the parser");
	memset(w, 0, sizeof(*w));
	w->b = b;
	r = kt_lines_each(b->ctx, one_line, w, b->err);
	if (r == 0)
		r = section_end(b, &w->section);
	if (r == 0 && !w->any)
		r = kt_note(b->ctx, "no-list", "The answer holds no list of paired devices.",
			    b->err);
	return r;
}

/* -- iOS -------------------------------------------------------------------------------------- */

static int database(struct bluetooth *b)
{
	static const char *const names[] = {"Name", "ResolvedAddress|Address"};
	struct kt_rows rows = {0};
	struct kt_sql *db;
	int r = kt_sql_open(b->ctx, &db, b->err);

	if (r < 0)
		return r;
	if (!kt_sql_has(db, "PairedDevices", NULL)) {
		kt_sql_close(&db);
		return KT_FAIL(b->err, KT_E_FORMAT, "not-this-kind: no table of paired devices");
	}
	r = kt_sql_select(db, &rows, "PairedDevices", names, 2, NULL, b->err);
	while (r >= 0 && (r = kt_rows_next(&rows, b->err)) == 1) {
		struct kt_locator loc = kt_rows_locator(&rows, "PairedDevices", 0);
		struct device d = {.has_class = false};

		kt_rows_text(&rows, 1, &d.name);
		if (kt_rows_text(&rows, 2, &d.address) && d.address.len > 17 &&
		    memchr(d.address.p, ' ', d.address.len) != NULL) /* "Public AA:BB:..." */
			d.address = kt_str_from(d.address, d.address.len - 17);
		r = device(b, &d, &loc);
	}
	kt_rows_end(&rows);
	kt_sql_close(&db);
	return r;
}

static int plist(struct bluetooth *b)
{
	struct kt_keypath path;
	struct kt_plist *pl;
	struct kt_pl_iter it;
	struct kt_str key;
	struct kt_pl one;
	int64_t n;
	int r = kt_plist_load(b->ctx, &pl, b->err);

	if (r < 0)
		return r;
	kt_keypath_init(&path);
	kt_pl_iter_init(&it, kt_plist_root(pl));
	while (r >= 0 && kt_pl_iter_next(&it, &key, &one)) {
		size_t base = kt_keypath_key(&path, key);
		struct kt_locator loc = kt_keypath_locator(&path);
		struct device d = {.address = key, .seen_meaning = "last-seen"};

		if (kt_pl_type(one) != KT_PL_DICT) {
			kt_seen(b->ctx, 1);
			r = kt_tally_add(&b->skip[NOT_UNDERSTOOD], &loc);
		} else {
			if (!kt_pl_text(kt_pl_get(one, "Name"), &d.name))
				kt_pl_text(kt_pl_get(one, "DefaultName"), &d.name);
			if (kt_pl_int(kt_pl_get(one, "LastSeenTime"), &n))
				d.has_seen = kt_epoch_us(KT_EPOCH_UNIX_S, n, 0, &d.seen_us);
			r = device(b, &d, &loc);
		}
		kt_keypath_cut(&path, base);
	}
	kt_pl_iter_end(&it);
	kt_plist_free(&pl);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct bluetooth *b = kt_alloc(ctx, sizeof(*b));
	int kind = kt_kind(ctx, err), r, r2;

	if (b == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(b, 0, sizeof(*b));
	b->ctx = ctx;
	b->err = err;
	if (kind < 0)
		return kind;
	r = kind == KT_KIND_SQLITE ? database(b) : kind == KT_KIND_PLIST ? plist(b) : text(b);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, b->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_bluetooth_vehicles = {.id = "bluetooth-vehicles", .parse = parse};
