/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/vocab.h"

#include <stddef.h>
#include <string.h>

#include "core/tr.h"

struct word {
	const char *token, *text;
};

static const struct word types[] = {
	{"position", N_("position")},
	{"visit", N_("stay at a place")},
	{"movement", N_("movement")},
	{"media", N_("photo without a usable position")},
	{"property", N_("property")},
	{"setting", N_("setting")},
	{"user", N_("user")},
	{"network", N_("radio network")},
	{"event", N_("dated entry")},
	{"place", N_("place that the data names")},
	{NULL, NULL},
};
static const struct word bases[] = {
	{"measured", N_("recorded at the time")},
	{"inferred", N_("inferred by the source")},
	{"user-edited", N_("edited by a user")},
	{"other-device", N_("from another device")},
	{"stated", N_("stated by the phone about itself")},
	{NULL, NULL},
};
static const struct word flags[] = {
	{"null-island", N_("at or near 0, 0: often a filler value")},
	{"mock", N_("the phone marks this fix as simulated")},
	{"implausible-time", N_("time before 2001 or after the acquisition")},
	{"coarse", N_("blurred by the phone")},
	{"wrapped", N_("coordinate was stored with an overflow, which was undone")},
	{"duplicate", N_("the source repeats it on another level")},
	{"bad-accuracy", N_("an accuracy is given and is no usable figure")},
	{"trashed", N_("the source has it in its bin or marks it deleted")},
	{NULL, NULL},
};
static const struct word whys[] = {
	{"statement",
	 N_("no position: a statement of the phone, an event, a network or a picture without one")},
	{"named-place", N_("a place that the data names")},
	{"no-usable-position", N_("the position can't be used")},
	{"null-island", N_("0, 0: a filler value")},
	{"simulated-fix", N_("the phone marks the fix as simulated")},
	{"other-device", N_("another device is named as its origin")},
	{"edited", N_("set or changed by hand")},
	{"planned", N_("laid out, not travelled")},
	{"other-camera", N_("made with another camera than this phone's")},
	{"camera-not-named", N_("the picture names no camera")},
	{"phone-not-known", N_("no model of the phone to compare the camera with")},
	{"received", N_("lies where messages and downloads are stored")},
	{"repeated", N_("repeated on another level by the source")},
	{"undated", N_("without a time")},
	{"time-not-plausible", N_("time before 2001 or after the acquisition")},
	{"position", N_("used as a position of this phone")},
	{"border", N_("near a border")},
	{"contested", N_("in an area whose status is contested")},
	{"none", N_("at sea or outside the map")},
	{"too-coarse", N_("too coarse to be placed")},
	{"local-time", N_("a local time without a zone, near the edge of the period")},
	{"edge-of-period", N_("in the uncertain edge of the period")},
	{"edge-of-place", N_("at the edge of the place")},
	{"part-of", N_("in an area that the place is a part of")},
	{"elsewhere", N_("elsewhere, while the rest of the period is open")},
	{NULL, NULL},
};
static const struct word sources[] = {
	{"camera", N_("pictures of the camera")},
	{"google-account", N_("Google account")},
	{"wifi", N_("Wi-Fi networks")},
	{"phone-location", N_("location store of the phone")},
	{"tracks", N_("recorded tracks")},
	{"health", N_("health and workouts")},
	{"network", N_("mobile network")},
	{NULL, NULL},
};
static const struct word locators[] = {
	{"bytes", N_("a range of bytes")},
	{"json", N_("an entry of a JSON file")},
	{"line", N_("a line of text")},
	{"row", N_("a row of a database table")},
	{"key", N_("an entry of a property list")},
	{"member", N_("a file in an archive")},
	{NULL, NULL},
};
static const struct word reasons[] = {
	{"outside-period", N_("outside the mandate's period")},
	{"straddles-period", N_("partly outside the mandate's period")},
	{"zone-unknown-at-border", N_("near the border of the period, with no zone")},
	{"undated", N_("without a time")},
	{"not-asked-for", N_("files with other names")},
	{"symbolic-link", N_("symbolic links")},
	{"parse-error", N_("malformed")},
	{"policy-violation", N_("the reader broke its rules and was stopped")},
	{"cpu-limit", N_("limit of computing time reached")},
	{"wall-timeout", N_("time limit reached")},
	{"crash", N_("the reader ended by itself")},
	{"no-sandbox", N_("no sandbox, so not read")},
	{"truncated-stream", N_("the reader ended early")},
	{"bad-stream", N_("the reader's answer was malformed")},
	{"worker-lost", N_("the reader was lost")},
	{NULL, NULL},
};
static const struct word exclusions[] = {
	{"message-bodies", N_("the texts of messages")},
	{"contacts", N_("contacts")},
	{"pixels", N_("what pictures show")},
	{"health", N_("health measurements")},
	{"cloud", N_("cloud accounts")},
	{NULL, NULL},
};
static const struct word not_taken[] = {
	{"item", N_("Planned, and not or not wholly acquired")},
	{"scope", N_("Named by the mandate, and not possible")},
	{"form", N_("Allowed by the mandate, and not in what was read")},
	{"plugin", N_("Known to this program, and not in the mandate")},
	{"user", N_("Other users of the phone")},
	{"exclusion", N_("Excluded by the mandate")},
	{"unreachable", N_("Out of reach on an unlocked phone")},
	{NULL, NULL},
};
static const struct word *const lists[] = {
	[KT_VOCAB_TYPES] = types,	  [KT_VOCAB_BASES] = bases,
	[KT_VOCAB_FLAGS] = flags,	  [KT_VOCAB_WHYS] = whys,
	[KT_VOCAB_SOURCES] = sources,	  [KT_VOCAB_LOCATORS] = locators,
	[KT_VOCAB_REASONS] = reasons,	  [KT_VOCAB_EXCLUSIONS] = exclusions,
	[KT_VOCAB_NOT_TAKEN] = not_taken,
};

const char *kt_word(enum kt_vocab v, const char *token)
{
	for (const struct word *w = lists[v]; token != NULL && w->token != NULL; w++)
		if (strcmp(w->token, token) == 0)
			return w->text;
	return token;
}
