/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * android-location-state: the last fixes that an Android phone's location service holds, from the
 * text of `dumpsys location`. Not a history. Page: docs/formats/android-location-state.md.
 *
 * An element is each text "Location[...]" wherever it stands in a line (one fix is often listed
 * for several providers and users, and one may stand inside another's extras), and each "last
 * location" line without one. Every other line is context: provider and user headings, clock
 * lines, requests, settings.
 *
 * A fix gives its time as time since boot (et=). With the clock lines that the request of
 * core/requests.def puts first and last, that becomes UTC: epoch - uptime is when the phone
 * started, by its own clock; both count the time asleep.
 */
#include "parsers/sdk/keten_parser.h"

#include <string.h>

#define SEEN_MAX     64u   /* fixes remembered, to flag repetitions */
#define FIX_MAX	     4096u /* bytes within which a fix must close: keeps hostile lines cheap */
#define BODY_MAX     1024u /* bytes of one fix that are read */
#define CHANGED_MS   INT64_C(2000) /* the clock was set while we looked */
#define READ_MS	     100 /* date and uptime are read one behind the other, uptime in 10 ms */
#define ET_MAX_MS    (INT64_C(1) << 46) /* some 2,200 years: beyond is no time since boot */
#define CLOCK_PREFIX "keten-clock "

#define SKIPS(X)                                                                                   \
	X(NO_LOCATION, "no-last-location")                                                         \
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

/* A "keten-clock EPOCH.NANOS UPTIME IDLE" line. */
struct clock {
	bool set, coarse; /* coarse: whole seconds only */
	int64_t epoch_us, uptime_us;
};

struct state {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_str line;
	uint64_t line_no, line_off;
	struct skipped skip[S_COUNT];
	struct clock first, last;
	int64_t boot_us, bracket_ms; /* boot_us: UTC of uptime 0; valid when first.set */
	bool last_known;	     /* in a "Last Known Locations:" section */
	bool any;		     /* an element was met */
	bool has_user;
	int64_t user;
	uint64_t seen[SEEN_MAX];
	size_t n_seen;
};

/* -- texts ------------------------------------------------------------------------------------ */

/* Takes the next word (up to a space) off s. */
static struct kt_str word(struct kt_str *s)
{
	struct kt_str w;
	size_t n = 0;

	*s = kt_str_trim(*s);
	while (n < s->len && s->p[n] != ' ')
		n++;
	w = kt_str_upto(*s, n);
	*s = kt_str_from(*s, n);
	return w;
}

/* -- counting --------------------------------------------------------------------------------- */

static struct kt_line_place here(const struct state *s, struct kt_str part)
{
	struct kt_line_place p = {
		.no = s->line_no,
		.off = s->line_off + (uint64_t)(part.p - s->line.p),
		.len = part.len,
	};

	return p;
}

static void skip(struct state *s, enum skip_id id)
{
	kt_seen(s->ctx, 1);
	s->any = true;
	if (s->skip[id].n++ == 0)
		s->skip[id].first = here(s, s->line);
}

static int flush_skips(struct state *s)
{
	int r = 0;

	for (unsigned i = 0; i < S_COUNT && r >= 0; i++) {
		struct kt_locator l = kt_line_locator(&s->skip[i].first);

		r = kt_skip(s->ctx, skip_names[i], s->skip[i].n, &l, s->err);
	}
	return r;
}

/* Whether these bytes were a fix before; remembers them. FNV-1a over the last 64 is enough: the
 * flag says "looks the same", it never removes anything. */
static bool repeated(struct state *s, struct kt_str text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t n = s->n_seen < SEEN_MAX ? s->n_seen : SEEN_MAX;
	bool yes = false;

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (uint8_t)text.p[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < n; i++)
		yes |= s->seen[i] == h;
	if (!yes)
		s->seen[s->n_seen++ % SEEN_MAX] = h;
	return yes;
}

/* -- the clock -------------------------------------------------------------------------------- */

static bool read_clock(struct kt_str line, struct clock *c)
{
	struct kt_str epoch, uptime;
	size_t n;

	if (!kt_str_starts(line, CLOCK_PREFIX))
		return false;
	line = kt_str_from(line, strlen(CLOCK_PREFIX));
	epoch = word(&line);
	uptime = word(&line);
	n = kt_str_digits(epoch);
	/* a date without %N prints the letter */
	c->coarse = n == epoch.len || kt_str_digits(kt_str_from(epoch, n + 1)) == 0;
	if (c->coarse)
		epoch.len = (uint32_t)n;
	c->set = n >= 9 && kt_str_digits(uptime) > 0 &&
		 kt_parse_scaled(epoch.p, epoch.len, 6, &c->epoch_us) == 0 &&
		 kt_parse_scaled(uptime.p, uptime.len, 6, &c->uptime_us) == 0 && c->epoch_us >= 0 &&
		 c->epoch_us <= KT_TIME_MAX && c->uptime_us >= 0 &&
		 c->uptime_us <= ET_MAX_MS * 1000;
	return c->set;
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * The brackets are the first and the last line that hold anything: what the service prints between
 * them can't pose as one.
 */
static int find_clocks(struct state *s)
{
	struct kt_lines lines;
	struct clock c;
	bool cut, any = false;
	int r;

	kt_lines_init(&lines, s->ctx);
	while ((r = kt_lines_next(&lines, &s->line, &cut, s->err)) == 1) {
		if (kt_str_trim(s->line).len == 0)
			continue;
		memset(&c, 0, sizeof(c));
		read_clock(s->line, &c);
		if (!any)
			s->first = c;
		else
			s->last = c;
		any = true;
	}
	kt_lines_free(&lines);
	return r;
}

static int set_clock(struct state *s)
{
	const struct clock *only = s->first.set ? &s->first : &s->last;
	int64_t differ;

	if (!only->set)
		return kt_note(s->ctx, "no-clock",
			       "No clock lines: the times since boot can't be placed in UTC.",
			       s->err);
	s->boot_us = only->epoch_us - only->uptime_us;
	s->bracket_ms = -1;
	if (!s->first.set || !s->last.set) {
		s->first = *only;
		return kt_note(s->ctx, "clock-bracket-incomplete",
			       "Only one clock line: nothing says whether the clock was changed.",
			       s->err);
	}
	differ = distance(s->boot_us, s->last.epoch_us - s->last.uptime_us);
	s->bracket_ms =
		(differ + 999) / 1000 + READ_MS + (s->first.coarse || s->last.coarse ? 1000 : 0);
	if (differ <= CHANGED_MS * 1000)
		return 0;
	return kt_note(s->ctx, "clock-changed",
		       "The phone's clock was changed while it was read: times are uncertain by "
		       "that much.",
		       s->err);
}

/* -- numbers ---------------------------------------------------------------------------------- */

/*
 * Up to about Android 10 numbers are printed by the phone's language: other digits (U+0660..,
 * U+06F0..), the decimal separator U+066B, the minus sign U+2212, marks of direction. Maps those
 * to ASCII and copies everything else. Returns the length.
 */
static size_t to_ascii(struct kt_str s, char out[BODY_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 4 <= BODY_MAX;) {
		uint32_t c = 0;
		unsigned k = kt_utf8_next((const uint8_t *)s.p + i, s.len - i, &c);

		if (k >= 2 && c >= 0x660 && c <= 0x669) {
			out[n++] = (char)('0' + (c - 0x660));
		} else if (k >= 2 && c >= 0x6f0 && c <= 0x6f9) {
			out[n++] = (char)('0' + (c - 0x6f0));
		} else if (c == 0x66b && k >= 2) {
			out[n++] = '.';
		} else if (c == 0x2212 && k >= 2) {
			out[n++] = '-';
		} else if (k < 2 || (c != 0x200e && c != 0x200f && c != 0x61c)) {
			k = k == 0 ? 1 : k;
			memcpy(out + n, s.p + i, k);
			n += k;
		}
		i += k;
	}
	return n;
}

/* The figure of one field in thousandths; one comma between digits is a decimal comma. */
static bool milli(struct kt_str v, int64_t *out)
{
	char b[40];
	char *comma;

	if (v.len == 0 || v.len > sizeof(b))
		return false;
	memcpy(b, v.p, v.len);
	comma = memchr(b, ',', v.len);
	if (comma != NULL && memchr(b, '.', v.len) == NULL)
		*comma = '.';
	return kt_parse_scaled(b, v.len, 3, out) == 0;
}

/*
 * "+1d2h3m4s5ms", "0", or plain milliseconds. The parts come in this order, each at most once, as
 * android.util.TimeUtils.formatDuration() prints them.
 */
static bool duration(struct kt_str v, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"d", 86400000}, {"h", 3600000}, {"ms", 1}, {"m", 60000}, {"s", 1000}};
	int64_t total = 0, n, last = INT64_MAX;

	if (v.len > 0 && kt_str_digits(v) == v.len)
		return kt_json_int(v.p, v.len, ms) && *ms <= ET_MAX_MS;
	if (v.len < 2 || v.p[0] != '+')
		return false;
	for (v = kt_str_from(v, 1); v.len > 0;) {
		size_t k = kt_str_digits(v), u = 0;

		if (k == 0 || k > 12 || !kt_json_int(v.p, k, &n))
			return false;
		v = kt_str_from(v, k);
		while (u < 5 && !kt_str_starts(v, units[u].unit))
			u++;
		if (u == 5 || units[u].ms >= last || __builtin_mul_overflow(n, units[u].ms, &n) ||
		    __builtin_add_overflow(total, n, &total) || total > ET_MAX_MS)
			return false;
		last = units[u].ms;
		v = kt_str_from(v, strlen(units[u].unit));
	}
	*ms = total;
	return true;
}

/* -- coordinates ------------------------------------------------------------------------------ */

#define PARTS_MAX 4u

/* [+-]digits, or [+-]digits.digits when a point is allowed. */
static bool number_part(struct kt_str p, bool sign, bool *point)
{
	size_t n;

	*point = false;
	if (sign && p.len > 0 && (p.p[0] == '-' || p.p[0] == '+'))
		p = kt_str_from(p, 1);
	n = kt_str_digits(p);
	if (n == 0 || n == p.len)
		return n > 0;
	*point = p.p[n] == '.' && p.len > n + 1 &&
		 kt_str_digits(kt_str_from(p, n + 1)) == p.len - n - 1;
	return *point;
}

/*
 * "52.520000,13.400000" or, with decimal commas, "52,520000,13,400000". NULL when it is certain
 * what is meant (*e7 is set), else the reason why it is not.
 */
static const char *coordinates(struct kt_str s, int64_t e7[2])
{
	struct kt_str part[PARTS_MAX];
	char joined[64];
	bool point[PARTS_MAX];
	size_t n = 0;

	if (memchr(s.p, '*', s.len) != NULL)
		return "masked-by-phone";
	for (;;) {
		const char *comma = memchr(s.p, ',', s.len);
		size_t k = comma != NULL ? (size_t)(comma - s.p) : s.len;

		if (n == PARTS_MAX)
			return "ambiguous-number-format";
		part[n] = kt_str_upto(s, k);
		if (!number_part(part[n], n % 2 == 0 || n == 1, &point[n]))
			return "malformed-position";
		n++;
		if (comma == NULL)
			break;
		s = kt_str_from(s, k + 1);
	}
	if (n == 1)
		return "malformed-position";
	if (n == 2 && (point[0] || point[1])) /* the point is decimal, so the comma separates */
		return kt_parse_scaled(part[0].p, part[0].len, 7, &e7[0]) < 0 ||
				       kt_parse_scaled(part[1].p, part[1].len, 7, &e7[1]) < 0
			       ? "malformed-position"
			       : NULL;
	/* one format prints both, so both have the same number of decimals, and no sign in them */
	if (n != 4 || point[0] || point[1] || point[2] || point[3] || part[1].len != part[3].len ||
	    kt_str_digits(part[1]) != part[1].len || kt_str_digits(part[3]) != part[3].len)
		return "ambiguous-number-format";
	for (size_t i = 0; i < 2; i++) {
		struct kt_str whole = part[2 * i], frac = part[2 * i + 1];

		if (whole.len + frac.len + 1 > sizeof(joined))
			return "malformed-position";
		memcpy(joined, whole.p, whole.len);
		joined[whole.len] = '.';
		memcpy(joined + whole.len + 1, frac.p, frac.len);
		if (kt_parse_scaled(joined, whole.len + 1 + frac.len, 7, &e7[i]) < 0)
			return "malformed-position";
	}
	return NULL;
}

/* -- one fix ---------------------------------------------------------------------------------- */

static void set_accuracy(struct kt_record *r, struct kt_str v)
{
	int64_t mm;

	if (milli(v, &mm) && mm > 0 && mm <= INT64_C(100000000000)) {
		r->has_accuracy = true;
		r->accuracy_mm = mm;
	} else { /* "???" where the fix has none */
		r->flags |= KT_FLAG_BAD_ACCURACY;
	}
}

static void set_elapsed(const struct state *s, struct kt_record *r, struct kt_str v)
{
	int64_t ms, us;

	if (!duration(v, &ms))
		return;
	kt_rec_int(r, KT_F_ELAPSED_MS, ms);
	us = s->boot_us + ms * 1000;
	if (!s->first.set || us < KT_TIME_MIN || us > KT_TIME_MAX)
		return;
	r->time_kind = KT_TIME_BOOT;
	r->t_us = us;
	if (s->bracket_ms >= 0)
		kt_rec_int(r, KT_F_UNCERTAINTY_MS, s->bracket_ms);
	/* a fix after the phone was asked, or before 2001 by a clock that was never set */
	if (ms * 1000 > (s->last.set ? s->last : s->first).uptime_us + KT_US_PER_S ||
	    us < INT64_C(978307200) * KT_US_PER_S)
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

static void add_milli(struct kt_record *r, enum kt_field f, struct kt_str v)
{
	int64_t n;

	if (milli(v, &n))
		kt_rec_int(r, f, n);
}

/* One "name=value" or mark behind the coordinates; names that are not listed say nothing to us. */
static void fix_field(const struct state *s, struct kt_record *r, struct kt_str w)
{
	const char *eq = memchr(w.p, '=', w.len);
	size_t n = eq != NULL ? (size_t)(eq - w.p) : w.len;
	struct kt_str name = kt_str_upto(w, n), v = kt_str_from(w, eq != NULL ? n + 1 : n);

	if (kt_str_is(name, "mock") || kt_str_is(name, "isMock") ||
	    kt_str_is(name, "isFromMockProvider"))
		r->flags |= kt_str_is(v, "false") ? 0 : KT_FLAG_MOCK;
	else if (kt_str_is(name, "hAcc") || kt_str_is(name, "acc"))
		set_accuracy(r, v);
	else if (kt_str_is(name, "et"))
		set_elapsed(s, r, v);
	else if (kt_str_is(name, "alt"))
		add_milli(r, KT_F_ALTITUDE_MM, v);
	else if (kt_str_is(name, "vAcc"))
		add_milli(r, KT_F_VERTICAL_ACCURACY_MM, v);
	else if (kt_str_is(name, "vel"))
		add_milli(r, KT_F_SPEED_MM_S, v);
	else if (kt_str_is(name, "bear"))
		add_milli(r, KT_F_HEADING_MDEG, v);
}

/*
 * Length of "Location[...]" with its closing bracket; 0 when that is missing or too far. Brackets
 * nest, in extras for instance.
 */
static size_t fix_length(struct kt_str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.len && i < FIX_MAX; i++) {
		depth += s.p[i] == '[';
		if (s.p[i] == ']' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* Where the extras begin ("{Bundle[...]}" or " {...}"): not fields of this fix. */
static size_t own_length(struct kt_str body)
{
	const char *brace = memchr(body.p, '{', body.len);

	return brace != NULL ? (size_t)(brace - body.p) : body.len;
}

/* A cut at RAW bytes that does not split a character. */
static struct kt_str raw_text(struct kt_str s)
{
	size_t n = s.len;

	if (n <= KT_REC_STR_MAX)
		return s;
	n = KT_REC_STR_MAX;
	while (n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
		n--;
	return kt_str_upto(s, n);
}

static void fix_body(const struct state *s, struct kt_record *r, struct kt_str body, bool whole)
{
	bool named = body.len > 0 && body.p[0] != ' ';
	struct kt_str provider = named ? word(&body) : kt_str_upto(body, 0), w = word(&body);
	int64_t e7[2];
	const char *why = coordinates(w, e7);

	if (!whole)
		why = "truncated-text";
	kt_rec_str(r, KT_F_PROVIDER, provider.p, provider.len);
	if (why != NULL)
		kt_set_unusable(r, why);
	else
		kt_set_position(r, e7[0], e7[1]);
	while (whole && (w = word(&body)).len > 0)
		fix_field(s, r, w);
}

/* What stands before a fix: "last location=", "passive: ", "noGPSLocation=". */
static struct kt_str label_of(struct kt_str before)
{
	size_t n;

	if (kt_str_ends(before, "="))
		before.len--;
	else if (kt_str_ends(before, ": "))
		before.len -= 2;
	n = before.len;
	while (n > 0 && strchr("{[,", before.p[n - 1]) == NULL)
		n--;
	before = kt_str_trim(kt_str_from(before, n));
	return before.len <= 64 ? before : kt_str_upto(before, 0);
}

/* s begins with "Location["; before is what the line holds in front of it. */
static int emit_fix(struct state *s, struct kt_str text, struct kt_str before)
{
	static const size_t head = sizeof("Location[") - 1;
	size_t len = fix_length(text);
	bool whole = len > 0;
	struct kt_str body, label = label_of(before);
	char ascii[BODY_MAX];
	struct kt_record r;
	struct kt_line_place at;

	text = kt_str_upto(text, whole ? len : text.len < FIX_MAX ? text.len : FIX_MAX);
	body = kt_str_upto(kt_str_from(text, head), text.len - head - (whole ? 1 : 0));
	body.len = (uint32_t)own_length(body);
	whole = whole && body.len < BODY_MAX - 4;
	body.len = (uint32_t)to_ascii(body, ascii);
	body.p = ascii;
	kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
	fix_body(s, &r, body, whole);
	kt_rec_str(&r, KT_F_NAME, label.p, label.len);
	if (s->has_user)
		kt_rec_int(&r, KT_F_PHONE_USER, s->user);
	if (kt_str_is(label, "last coarse location") || kt_str_is(label, "coarseLocation"))
		r.flags |= KT_FLAG_COARSE;
	if (repeated(s, text))
		r.flags |= KT_FLAG_DUPLICATE;
	r.raw = raw_text(text);
	at = here(s, text);
	r.loc = kt_line_locator(&at);
	kt_seen(s->ctx, 1);
	s->any = true;
	/* another user of the phone is another person: counted, not shown */
	if (s->has_user && s->user != 0)
		return kt_skip(s->ctx, "other-phone-user", 1, &r.loc, s->err);
	return kt_emit(s->ctx, &r, s->err);
}

/* -- lines ------------------------------------------------------------------------------------ */

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '$';
}

/* Every fix of the line, also one inside another. Returns how many, or a negative code. */
static int fixes(struct state *s)
{
	struct kt_str rest = s->line;
	int n = 0;

	for (;;) {
		const char *p = memmem(rest.p, rest.len, "Location[", 9);
		size_t off;
		int r;

		if (p == NULL)
			return n;
		off = (size_t)(p - s->line.p);
		rest = kt_str_from(s->line, off + 9);
		if (off > 0 && word_char(p[-1])) /* the end of another name */
			continue;
		r = emit_fix(s, kt_str_from(s->line, off), kt_str_upto(s->line, off));
		if (r < 0)
			return r;
		n++;
	}
}

/* "user 10:", "user=10": the fixes below are this user's. */
static bool user_heading(struct state *s, struct kt_str bare)
{
	struct kt_str no;
	size_t n;

	if (!kt_str_starts(bare, "user ") && !kt_str_starts(bare, "user="))
		return false;
	no = kt_str_from(bare, 5);
	n = kt_str_digits(no);
	if (n == 0 || n > 9 || !(n == no.len || no.p[n] == ':' || no.p[n] == ' '))
		return false;
	s->has_user = kt_json_int(no.p, n, &s->user);
	return s->has_user;
}

static int one_line(struct state *s)
{
	struct kt_str bare = kt_str_trim(s->line);
	bool last =
		kt_str_starts(bare, "last location") || kt_str_starts(bare, "last coarse location");
	int r = fixes(s);

	if (r != 0)
		return r;
	if (user_heading(s, bare))
		return 0;
	if (kt_str_ends(bare, " provider:") || kt_str_ends(bare, " provider [mock]:"))
		s->has_user = false;
	if (kt_str_ends(bare, ":"))
		s->last_known = kt_str_is(bare, "Last Known Locations:");
	if ((last && kt_str_ends(bare, "=null")) || (s->last_known && kt_str_ends(bare, ": null")))
		skip(s, S_NO_LOCATION);
	else if (last)
		skip(s, S_NOT_UNDERSTOOD);
	return 0;
}

static int all_lines(struct state *s)
{
	struct kt_lines lines;
	bool cut, rest = false; /* rest: of a line that was too long */
	int r;

	kt_lines_init(&lines, s->ctx);
	while ((r = kt_lines_next(&lines, &s->line, &cut, s->err)) == 1) {
		bool go_on = rest;

		rest = cut;
		if (go_on)
			continue;
		s->line_no = lines.line_no;
		s->line_off = lines.line_off;
		r = one_line(s);
		if (r < 0)
			break;
	}
	kt_lines_free(&lines);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct state *s = kt_alloc(ctx, sizeof(*s));
	int r;

	if (s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(s, 0, sizeof(*s));
	s->ctx = ctx;
	s->err = err;
	r = find_clocks(s);
	if (r == 0)
		r = set_clock(s);
	if (r == 0)
		r = all_lines(s);
	if (r == 0)
		r = flush_skips(s);
	if (r == 0 && !s->any)
		r = kt_note(ctx, "no-location-lines",
			    "The answer names no last location of any provider.", err);
	return r;
}

const struct kt_parser kt_parser_android_location_state = {.id = "android-location-state",
							   .parse = parse};
