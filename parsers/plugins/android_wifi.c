/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * android-wifi: the Wi-Fi networks that an Android phone has saved, from `cmd wifi list-networks`
 * (Android 11 and later). An element is one line of the list:
 *
 *   Network Id      SSID                         Security type
 *   0            221 - IoT                        wpa2-psk
 *   0            221 - IoT                        wpa3-sae^
 *
 * The columns are padded, names may hold blanks and whatever else: the number is the first word, the
 * security type the last. A network stands once for each security type that it can be joined with;
 * the repetition is flagged. Page: docs/formats/android-wifi.md.
 */
#include "parsers/plugins/tally.h"

#include <string.h>

#define ID_COLUMN 13u /* "%-12d %-32s %-4s": where the name begins */

enum why { NOT_UNDERSTOOD, NO_NAME, WHYS };
static const char *const why_names[WHYS] = {"not-understood", "no-name"};

struct wifi {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
	uint64_t listed;
	bool none, heading;
	/* of the line before */
	int64_t last_id;
	size_t last_len;
	char last[KT_REC_STR_MAX];
};

static bool security_word(struct kt_str s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/' ||
		      c == '^' || c == '_'))
			return false;
	}
	return s.len > 0 && s.len <= 32;
}

/*
 * The pieces of a line. The name's own blanks at its end can't be told from the padding; those at its
 * start can, because the column is fixed as long as the number has no more than 12 digits.
 */
static bool take_apart(struct kt_str s, int64_t *id, struct kt_str *name, struct kt_str *security)
{
	size_t digits = kt_str_digits(s), end = s.len;

	while (end > 0 && s.p[end - 1] == ' ')
		end--;
	*security = kt_str_upto(s, end);
	while (end > 0 && s.p[end - 1] != ' ')
		end--;
	*security = kt_str_from(*security, end);
	if (digits == 0 || digits > 9 || s.len <= digits || s.p[digits] != ' ' ||
	    !kt_json_int(s.p, digits, id) || end <= digits || !security_word(*security))
		return false;
	while (end > 0 && s.p[end - 1] == ' ')
		end--;
	*name = kt_str_upto(s, end);
	if (end > ID_COLUMN && kt_str_trim(kt_str_upto(s, ID_COLUMN)).len == digits)
		*name = kt_str_from(*name, ID_COLUMN);
	else
		*name = kt_str_trim(kt_str_from(*name, digits < end ? digits : end));
	return true;
}

static int network(struct wifi *w, struct kt_str line, const struct kt_locator *loc)
{
	struct kt_str name, security;
	struct kt_record r;
	int64_t id;

	kt_seen(w->ctx, 1);
	if (!take_apart(line, &id, &name, &security))
		return kt_tally_add(&w->skip[NOT_UNDERSTOOD], loc);
	if (name.len == 0)
		return kt_tally_add(&w->skip[NO_NAME], loc);
	if (name.len > KT_REC_STR_MAX - 64) /* an SSID has 32 bytes */
		return kt_tally_add(&w->skip[NOT_UNDERSTOOD], loc);
	kt_rec_init(&r, KT_REC_NETWORK, KT_BASIS_STATED);
	kt_rec_str(&r, KT_F_NETWORK_NAME, name.p, name.len);
	kt_rec_str(&r, KT_F_ORIGIN, "saved-network", 13);
	if (w->listed > 0 && w->last_id == id && w->last_len == name.len &&
	    memcmp(w->last, name.p, name.len) == 0)
		r.flags |= KT_FLAG_DUPLICATE;
	w->listed++;
	w->last_id = id;
	w->last_len = name.len;
	memcpy(w->last, name.p, name.len);
	r.raw = kt_str_upto(line, line.len < KT_REC_STR_MAX ? line.len : KT_REC_STR_MAX);
	r.loc = *loc;
	return kt_emit(w->ctx, &r, w->err);
}

static int one_line(void *arg, struct kt_str s, bool cut, struct kt_line_place *at)
{
	struct kt_locator loc = kt_line_locator(at);
	struct kt_str bare = kt_str_trim(s);
	struct wifi *w = arg;

	if (bare.len == 0)
		return 0;
	if (kt_str_starts(bare, "Network Id") && kt_str_ends(bare, "Security type")) {
		w->heading = true;
		return 0;
	}
	if (kt_str_is(bare, "No networks")) {
		w->none = true;
		return 0;
	}
	if (w->heading && !cut)
		return network(w, s, &loc);
	kt_seen(w->ctx, 1);
	return kt_tally_add(&w->skip[NOT_UNDERSTOOD], &loc);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct wifi *w = kt_alloc(ctx, sizeof(*w));
	int r;

	if (w == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(w, 0, sizeof(*w));
	w->ctx = ctx;
	w->err = err;
	r = kt_lines_each(ctx, one_line, w, err);
	if (r == 0)
		r = kt_tally_flush(ctx, w->skip, why_names, WHYS, err);
	if (r == 0 && w->none)
		r = kt_note(ctx, "no-networks", "The phone says that it has saved no network.",
			    err);
	else if (r == 0 && !w->heading)
		r = kt_note(ctx, "no-list", "The answer holds no list of networks.", err);
	return r;
}

const struct kt_parser kt_parser_android_wifi = {.id = "android-wifi", .parse = parse};
