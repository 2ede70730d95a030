/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * android-device: what an Android phone says about itself, from the answers to the constant
 * commands of core/requests.def: getprop, settings, `pm list users`, and the clock; out of a
 * file-system image build.prop and the table of SIM cards. The kind of each line is told by the line
 * itself, so one answer or several in a row are read alike; full `getprop` and `settings list` output is
 * read too. Page: docs/formats/android-device.md.
 *
 * An element is one property, one setting, one user, one clock line, or one line that is
 * none of these; blank lines, comments and the heading "Users:" are no elements. Only keys that Keten itself asks
 * for are reported, whatever else the input holds; the name of a user never is.
 */
#include "parsers/plugins/android_device.h"
#include "parsers/plugins/kind.h"

#include <string.h>

/* The keys of requests.def, once more: a plugin relies on no filter outside itself. */
static const char *const props[] = {
	"ro.product.manufacturer",
	"ro.product.brand",
	"ro.product.model",
	"ro.product.device",
	"ro.product.name",
	"ro.build.fingerprint",
	"ro.build.version.release",
	"ro.build.version.sdk",
	"ro.build.version.security_patch",
	"ro.serialno",
	"ro.boot.verifiedbootstate",
	"ro.boot.flash.locked",
	"ro.boot.hwc",
	"ro.crypto.state",
	"ro.crypto.type",
	"ro.csc.country_code",
	"persist.sys.timezone",
	"gsm.sim.operator.numeric",
	"gsm.sim.operator.iso-country",
	"gsm.operator.numeric",
	"gsm.operator.iso-country",
	"gsm.operator.isroaming",
	NULL,
};

/* In build.prop, where each partition has names of its own. */
static const char *const build_props[] = {
	"ro.product.system.manufacturer", "ro.product.system.brand",
	"ro.product.system.model",	  "ro.product.system.device",
	"ro.product.vendor.manufacturer", "ro.product.vendor.brand",
	"ro.product.vendor.model",	  "ro.product.vendor.device",
	"ro.system.build.fingerprint",	  "ro.system.build.version.release",
	"ro.system.build.version.sdk",	  "ro.vendor.build.fingerprint",
	"ro.vendor.build.security_patch", NULL,
};

static const char *const settings[] = {
	"global/auto_time",
	"global/auto_time_zone",
	"global/development_settings_enabled",
	"global/adb_enabled",
	"global/device_name",
	"secure/location_mode",
	"secure/mock_location",
	NULL,
};

#define SKIPS(X)                                                                                   \
	X(NOT_ALLOWED, "not-in-allow-list")                                                        \
	X(EMPTY, "empty-value")                                                                    \
	X(NOT_SET, "not-set")                                                                      \
	X(INCOMPLETE, "incomplete-value")                                                          \
	X(TOO_LONG, "value-too-long")                                                              \
	X(NOT_UNDERSTOOD, "not-understood")

#define X(id, name) S_##id,
enum skip_id { SKIPS(X) S_COUNT };
#undef X
#define X(id, name) name,
static const char *const skip_names[S_COUNT] = {SKIPS(X)};
#undef X

struct skipped {
	uint64_t n;
	struct kt_line_place first;
};

#define OTHERS_MAX  16u /* users named in the note */
#define VALUE_LINES 64u /* that a property may span */

struct device {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_lines lines;
	struct kt_str line;
	bool cut;
	struct kt_line_place at;
	struct skipped skip[S_COUNT];
	uint64_t n_others;
	int64_t others[OTHERS_MAX];
	/* a property whose value goes on: */
	bool open;
	unsigned open_lines;
	const char *open_name; /* of ours, NULL: not in the list */
	struct kt_line_place open_at;
	size_t open_len;
	bool open_long;
	char open_value[KT_REC_STR_MAX];
};

/* -- places ----------------------------------------------------------------------------------- */

static int skip(struct device *d, enum skip_id id, const struct kt_line_place *at)
{
	kt_seen(d->ctx, 1);
	if (d->skip[id].n++ == 0)
		d->skip[id].first = *at;
	return 0;
}

static int flush_skips(struct device *d)
{
	int r = 0;

	for (unsigned i = 0; i < S_COUNT && r >= 0; i++) {
		struct kt_locator l = kt_line_locator(&d->skip[i].first);

		r = kt_skip(d->ctx, skip_names[i], d->skip[i].n, &l, d->err);
	}
	return r;
}

/* -- texts ------------------------------------------------------------------------------------ */

/* The entry of a list that is this text, with a namespace or without: ours, so it may be kept. */
static const char *listed(const char *const *list, struct kt_str key)
{
	for (; *list != NULL; list++) {
		const char *slash = strchr(*list, '/');

		if (kt_str_is(key, *list) || (slash != NULL && kt_str_is(key, slash + 1)))
			return *list;
	}
	return NULL;
}

/* -- records ---------------------------------------------------------------------------------- */

static int emit(struct device *d, struct kt_record *r, struct kt_line_place *at)
{
	r->loc = kt_line_locator(at);
	kt_seen(d->ctx, 1);
	return kt_emit(d->ctx, r, d->err);
}

static int named_value(struct device *d, enum kt_rec_type type, struct kt_str name,
		       struct kt_str value, struct kt_line_place *at)
{
	struct kt_record r;

	if (value.len == 0)
		return skip(d, S_EMPTY, at);
	if (value.len > KT_REC_STR_MAX)
		return skip(d, S_TOO_LONG, at);
	kt_rec_init(&r, type, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NAME, name.p, name.len);
	kt_rec_str(&r, KT_F_VALUE, value.p, value.len);
	r.raw = value;
	return emit(d, &r, at);
}

/* -- getprop: [key]: [value] ------------------------------------------------------------------ */

static void open_add(struct device *d, struct kt_str s)
{
	if (s.len > sizeof(d->open_value) - d->open_len) {
		d->open_long = true;
		return;
	}
	memcpy(d->open_value + d->open_len, s.p, s.len);
	d->open_len += s.len;
}

/* The value that was open ended here (complete), or never will. */
static int open_end(struct device *d, bool complete)
{
	struct kt_str value = {d->open_value, (uint32_t)d->open_len};

	d->open = false;
	if (d->open_name == NULL)
		return skip(d, S_NOT_ALLOWED, &d->open_at);
	if (!complete)
		return skip(d, S_INCOMPLETE, &d->open_at);
	if (d->open_long)
		return skip(d, S_TOO_LONG, &d->open_at);
	return named_value(d, KT_REC_PROPERTY, kt_str_c(d->open_name), value, &d->open_at);
}

/* Offset of "]: [" in a line that may be a property; 0 when it is none. */
static size_t prop_middle(struct kt_str s)
{
	if (!kt_str_starts(s, "["))
		return 0;
	for (size_t i = 1; i + 4 <= s.len; i++) {
		if (s.p[i] == ']')
			return i > 1 && memcmp(s.p + i, "]: [", 4) == 0 ? i : 0;
		if (s.p[i] == ' ' || s.p[i] == '[')
			return 0;
	}
	return 0;
}

static int prop_line(struct device *d, size_t middle)
{
	struct kt_str key = kt_str_upto(kt_str_from(d->line, 1), middle - 1),
		      value = kt_str_from(d->line, middle + 4);
	const char *name = listed(props, key);

	if (value.len == 0 || value.p[value.len - 1] != ']' || d->cut) {
		d->open = true;
		d->open_lines = 1;
		d->open_name = name;
		d->open_at = d->at;
		d->open_len = 0;
		d->open_long = d->cut;
		open_add(d, value);
		return 0;
	}
	value.len--;
	return name == NULL ? skip(d, S_NOT_ALLOWED, &d->at)
			    : named_value(d, KT_REC_PROPERTY, kt_str_c(name), value, &d->at);
}

/* A further line of a value that is open. */
static int open_line(struct device *d)
{
	struct kt_str s = d->line;
	bool last = s.len > 0 && s.p[s.len - 1] == ']' && !d->cut;

	s.len -= last;
	open_add(d, kt_str_c("\n"));
	open_add(d, s);
	d->open_at.len = d->at.off + d->at.len - d->open_at.off;
	if (last)
		return open_end(d, true);
	return ++d->open_lines < VALUE_LINES ? 0 : open_end(d, false);
}

/* -- settings: namespace/key=value, or key=value ------------------------------------------------ */

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == '/' || c == ':';
}

/* Length of the key before '=', 0 when the line is no setting. */
static size_t setting_key(struct kt_str s)
{
	size_t n = 0;

	while (n < s.len && key_char(s.p[n]))
		n++;
	return n < s.len && s.p[n] == '=' ? n : 0;
}

static int setting_line(struct device *d, size_t key_len)
{
	struct kt_str key = kt_str_upto(d->line, key_len),
		      value = kt_str_from(d->line, key_len + 1);

	if (listed(props, key) != NULL || listed(build_props, key) != NULL) /* build.prop */
		return named_value(d, KT_REC_PROPERTY, key, value, &d->at);
	if (listed(settings, key) == NULL)
		return skip(d, S_NOT_ALLOWED, &d->at);
	if (kt_str_is(value, "null")) /* what `settings get` prints for a key without a value */
		return skip(d, S_NOT_SET, &d->at);
	return named_value(d, KT_REC_SETTING, key, value, &d->at);
}

/* -- pm list users: UserInfo{ID:NAME:FLAGS} running ------------------------------------------- */

static void other_user(struct device *d, int64_t id)
{
	if (d->n_others < OTHERS_MAX)
		d->others[d->n_others] = id;
	d->n_others++;
}

/*
 * The name between the first and the last colon may hold anything, also braces: so the flags are
 * looked for from the right. What stands behind the brace is "running" or nothing.
 */
static int user_line(struct device *d, struct kt_str s)
{
	struct kt_str body = kt_str_from(s, strlen("UserInfo{")), flags, id, state;
	const char *close = memrchr(body.p, '}', body.len), *colon;
	char value[64] = "flags ";
	size_t n = strlen(value);
	struct kt_record r;
	int64_t user;

	colon = close == NULL ? NULL : memrchr(body.p, ':', (size_t)(close - body.p));
	id = kt_str_upto(body, kt_str_digits(body));
	if (colon == NULL || id.len == 0 || id.len > 9 || id.len == body.len ||
	    body.p[id.len] != ':' || colon <= body.p + id.len || !kt_json_int(id.p, id.len, &user))
		return skip(d, S_NOT_UNDERSTOOD, &d->at);
	flags = kt_str_upto(kt_str_from(body, (size_t)(colon - body.p) + 1),
			    (size_t)(close - colon) - 1);
	state = kt_str_trim(kt_str_from(body, (size_t)(close - body.p) + 1));
	if (flags.len == 0 || flags.len > 16 || (state.len > 0 && !kt_str_is(state, "running")))
		return skip(d, S_NOT_UNDERSTOOD, &d->at);
	for (size_t i = 0; i < flags.len; i++) {
		char c = flags.p[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return skip(d, S_NOT_UNDERSTOOD, &d->at);
	}
	memcpy(value + n, flags.p, flags.len);
	n += flags.len;
	if (state.len > 0) {
		memcpy(value + n, ", running", sizeof(", running") - 1); /* no NUL: counted text */
		n += 9;
	}
	kt_rec_init(&r, KT_REC_USER, KT_BASIS_STATED);
	kt_rec_int(&r, KT_F_PHONE_USER, user);
	kt_rec_str(&r, KT_F_VALUE, value, n);
	r.raw = flags; /* the rest of the line holds the name */
	if (user != 0)
		other_user(d, user);
	return emit(d, &r, &d->at);
}

static int note_others(struct device *d)
{
	struct kt_buf b;
	const char *text;
	int r;

	if (d->n_others == 0)
		return 0;
	kt_buf_init(&b, KT_REC_STR_MAX);
	kt_buf_printf(&b,
		      "%llu other user%s present, not examined: ", (unsigned long long)d->n_others,
		      d->n_others == 1 ? "" : "s");
	for (uint64_t i = 0; i < d->n_others && i < OTHERS_MAX; i++)
		kt_buf_printf(&b, "%s%lld", i > 0 ? ", " : "", (long long)d->others[i]);
	if (d->n_others > OTHERS_MAX)
		kt_buf_puts(&b, " ...");
	text = kt_buf_cstr(&b);
	r = kt_note(d->ctx, "other-users-present", text != NULL ? text : "present, not examined",
		    d->err);
	kt_buf_free(&b);
	return r;
}

/* -- date +%s.%N; cat /proc/uptime --------------------------------------------------------------- */

/* Seconds since 1970 with a fraction; the fraction may be a letter where date knows no %N. */
static int clock_line(struct device *d, size_t n)
{
	int64_t us;
	char text[KT_TIME_TEXT];
	struct kt_record r;
	size_t whole = n;

	if (d->line.len > n + 1 && kt_str_digits(kt_str_from(d->line, n + 1)) > 0)
		whole = d->line.len;
	if (kt_parse_scaled(d->line.p, whole, 6, &us) < 0 || us > KT_TIME_MAX)
		return skip(d, S_NOT_UNDERSTOOD, &d->at);
	kt_time_text(us, text);
	kt_rec_init(&r, KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NAME, "clock", 5);
	kt_rec_str(&r, KT_F_VALUE, text, strlen(text));
	r.raw = d->line;
	return emit(d, &r, &d->at);
}

/* "seconds idle-seconds": the first is the time since boot, sleep included. */
static int uptime_line(struct device *d, size_t space)
{
	struct kt_str up = kt_str_upto(d->line, space);

	return named_value(d, KT_REC_PROPERTY, kt_str_c("uptime_s"), up, &d->at);
}

/* 1: the line was a clock or uptime line (*r its result), 0: it is something else. */
static int try_clock(struct device *d, int *r)
{
	size_t n = kt_str_digits(d->line), f;
	struct kt_str rest;

	if (n == 0 || n > 12 || n == d->line.len || d->line.p[n] != '.')
		return 0;
	rest = kt_str_from(d->line, n + 1);
	f = kt_str_digits(rest);
	if (n >= 9 &&
	    ((f > 0 && f <= 9 && f == rest.len) || kt_str_is(rest, "N") || kt_str_is(rest, "%N"))) {
		*r = clock_line(d, n);
		return 1;
	}
	if (f == 2 && rest.len > 3 && rest.p[2] == ' ') {
		struct kt_str idle = kt_str_from(rest, 3);
		size_t whole = kt_str_digits(idle);
		if (whole > 0 && idle.len == whole + 3 && idle.p[whole] == '.' &&
		    kt_str_digits(kt_str_from(idle, whole + 1)) == 2) {
			*r = uptime_line(d, n + 3);
			return 1;
		}
	}
	return 0;
}

/* -- lines ------------------------------------------------------------------------------------ */

static int one_line(struct device *d)
{
	struct kt_str bare = kt_str_trim(d->line);
	size_t middle = prop_middle(d->line), key;
	int r = 0;

	if (d->open && middle == 0)
		return open_line(d);
	if (d->open) /* the next property begins: the last one's value was cut off */
		r = open_end(d, false);
	if (r < 0)
		return r;
	if (middle > 0)
		return prop_line(d, middle);
	if (bare.len == 0 || bare.p[0] == '#' || kt_str_is(bare, "Users:"))
		return 0;
	if (d->cut)
		return skip(d, S_NOT_UNDERSTOOD, &d->at);
	if (kt_str_starts(bare, "UserInfo{"))
		return user_line(d, bare);
	if (try_clock(d, &r) == 1)
		return r;
	key = setting_key(d->line);
	return key > 0 ? setting_line(d, key) : skip(d, S_NOT_UNDERSTOOD, &d->at);
}

static int all_lines(struct device *d)
{
	bool rest = false; /* of a line that was too long: not a line of its own */
	int r;

	while ((r = kt_lines_next(&d->lines, &d->line, &d->cut, d->err)) == 1) {
		bool go_on = rest;

		rest = d->cut;
		if (go_on)
			continue;
		d->at.no = d->lines.line_no;
		d->at.off = d->lines.line_off;
		d->at.len = d->line.len;
		r = one_line(d);
		if (r < 0)
			return r;
	}
	if (r == 0 && d->open)
		r = open_end(d, false);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct device *d = kt_alloc(ctx, sizeof(*d));
	int r = kt_kind(ctx, err);

	if (r < 0)
		return r;
	if (r == KT_KIND_SQLITE)
		return kt_device_sims(ctx, err);
	if (d == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(d, 0, sizeof(*d));
	d->ctx = ctx;
	d->err = err;
	kt_lines_init(&d->lines, ctx);
	r = all_lines(d);
	kt_lines_free(&d->lines);
	if (r == 0)
		r = flush_skips(d);
	if (r == 0 && d->lines.line_no == 0)
		r = kt_note(ctx, "empty-answer", "The phone's answer holds no line.", err);
	return r == 0 ? note_others(d) : r;
}

const struct kt_parser kt_parser_android_device = {.id = "android-device", .parse = parse};
