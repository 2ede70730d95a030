/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/keten.h"
#include "core/devproto.h"
#include "core/json.h"
#include "core/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SHOW_EVERY_NS INT64_C(200000000)
#define STALL_AFTER_S 5

static const struct {
	const char *name, *remedy;
} states[KT_STATE_COUNT] = {
	[KT_STATE_NONE] =
		{"no-device",
		 "No phone with USB debugging is seen. Plug it in with a data cable, unlock it, "
		 "and switch on Developer options > USB debugging."},
	[KT_STATE_NO_PERMISSION] =
		{"no-permission", "This account may not open the USB device. Ask the administrator "
				  "to install Keten's udev rule, then plug the phone in again."},
	[KT_STATE_BUSY] = {"busy",
			   "Another program on this station holds the phone, often an adb server. "
			   "Close it (adb kill-server), then Keten goes on by itself."},
	[KT_STATE_CONNECTING] = {"connecting", "Keten greets the phone; keep it unlocked."},
	[KT_STATE_WAITING_TAP] = {"waiting-for-tap",
				  "On the phone: compare the fingerprint, then tap Allow. Leave "
				  "\"Always allow\" unticked."},
	[KT_STATE_UNAUTHORISED] = {"not-authorised-yet",
				   "The phone will ask its holder to allow this station when an "
				   "acquisition starts."},
	[KT_STATE_AUTHORISED] = {"authorised", "The phone is ready."},
	[KT_STATE_REVOKED] = {"revoked",
			      "The phone no longer accepts this case's key. Keten asks again: tap "
			      "Allow on the phone."},
	[KT_STATE_OFFLINE] =
		{"offline", "The phone is on the bus but does not answer. Unlock it, unplug it and "
			    "plug it in again."},
	[KT_STATE_WRONG_MODE] =
		{"wrong-mode", "The phone is in recovery, sideload or bootloader mode. Restart it "
			       "normally and unlock it."},
	[KT_STATE_UNSUPPORTED] =
		{"unsupported", "This phone asks for a connection that Keten does not speak. Note "
				"model and version and ask for support."},
	[KT_STATE_TRUST] = {"waiting-for-trust",
			    "The iPhone asks \"Trust This Computer?\". Its holder taps Trust and "
			    "types the phone's code on the phone. Keten never sees that code."},
	[KT_STATE_DENIED] = {"trust-refused",
			     "The holder tapped \"Don't Trust\". That is their decision; to ask "
			     "again, unplug the phone and plug it in."},
	[KT_STATE_LOCKED] = {"locked",
			     "The iPhone is locked. Its holder unlocks it and leaves it unlocked."},
	[KT_STATE_PASSCODE] = {"waiting-for-passcode",
			       "The iPhone asks its holder to type the phone's code to allow the "
			       "backup. Type it on the phone; Keten never sees it."},
	[KT_STATE_PREPARING] = {"preparing",
				"The iPhone prepares what it will send. This can take minutes; "
				"leave it plugged in and unlocked."},
	[KT_STATE_RECEIVING] =
		{"receiving", "The iPhone sends its backup; what is not asked for passes by. Leave "
			      "it plugged in and unlocked."},
};

const char *kt_state_name(unsigned state)
{
	return state < KT_STATE_COUNT ? states[state].name : "unknown";
}

const char *kt_state_remedy(unsigned state)
{
	return state < KT_STATE_COUNT ? states[state].remedy : "";
}

void kt_progress_init(struct kt_progress *p, const struct kt_opts *o)
{
	memset(p, 0, sizeof(*p));
	p->json = o->progress_json;
	p->tty = !p->json && isatty(2);
	p->step = "start";
	p->start_ns = p->last_data_ns = kt_time_mono_ns();
}

/* What every line says; the caller may add members, then ends it with put_line(). */
static void begin_line(const struct kt_progress *p, struct kt_buf *b, struct kt_jw *w)
{
	int64_t now = kt_time_mono_ns();

	kt_buf_init(b, 0);
	kt_jw_init(w, b);
	kt_jw_obj(w);
	kt_jw_kstr(w, "schema", "keten-progress-1");
	kt_jw_kstr(w, "step", p->step);
	kt_jw_kstr(w, "item", p->item);
	if (p->items > 0) {
		kt_jw_kuint(w, "item_no", p->item_no);
		kt_jw_kuint(w, "items", p->items);
	}
	kt_jw_kuint(w, "bytes", p->bytes);
	kt_jw_kuint(w, "files", p->files);
	kt_jw_kuint(w, "files_total", p->files_total);
	kt_jw_kint(w, "elapsed_ms", (now - p->start_ns) / 1000000);
	kt_jw_kint(w, "seconds_since_data", (now - p->last_data_ns) / INT64_C(1000000000));
	if (p->state[0] != '\0') {
		kt_jw_kstr(w, "state", p->state);
		kt_jw_kstr(w, "remedy", p->detail);
		kt_jw_kint(w, "seconds_left", p->seconds_left);
		if (p->fingerprint[0] != '\0')
			kt_jw_kstr(w, "fingerprint", p->fingerprint);
	}
}

static void put_line(struct kt_buf *b, struct kt_jw *w)
{
	kt_jw_obj_end(w);
	if (!b->failed)
		fprintf(stderr, "%.*s\n", (int)b->len, (const char *)b->p);
	kt_buf_free(b);
}

static void show_json(const struct kt_progress *p, const char *message)
{
	struct kt_buf b;
	struct kt_jw w;

	begin_line(p, &b, &w);
	if (message != NULL)
		kt_jw_kbytes(&w, "message", message, strlen(message));
	put_line(&b, &w);
}

void kt_progress_outcome(struct kt_progress *p, const char *item, const char *outcome,
			 const char *reason, uint64_t objects, uint64_t bytes)
{
	struct kt_buf b;
	struct kt_jw w;

	if (!p->json)
		return;
	begin_line(p, &b, &w);
	kt_jw_key(&w, "ended");
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "bytes", bytes);
	kt_jw_kstr(&w, "item", item);
	kt_jw_kuint(&w, "objects", objects);
	kt_jw_kstr(&w, "outcome", outcome);
	kt_jw_kbytes(&w, "reason", reason, strlen(reason));
	kt_jw_obj_end(&w);
	put_line(&b, &w);
}

void kt_progress_ask(struct kt_progress *p, const char *what, bool again)
{
	struct kt_buf b;
	struct kt_jw w;

	if (!p->json)
		return;
	begin_line(p, &b, &w);
	kt_jw_kbool(&w, "again", again);
	kt_jw_kstr(&w, "ask", what);
	put_line(&b, &w);
}

/* The last line of a terminal: how long a person still has, or how far the work is. */
static void show_line(struct kt_progress *p)
{
	int64_t idle = (kt_time_mono_ns() - p->last_data_ns) / INT64_C(1000000000);
	char files[48] = "", stall[48] = "";

	p->line_open = true;
	if (p->state[0] != '\0' && p->seconds_left >= 0) {
		fprintf(stderr, "\r\033[K  %d s left", p->seconds_left);
		fflush(stderr);
		return;
	}
	if (p->files_total > 0)
		snprintf(files, sizeof(files), "  %llu of %llu files", (unsigned long long)p->files,
			 (unsigned long long)p->files_total);
	if (idle >= STALL_AFTER_S)
		snprintf(stall, sizeof(stall), "  no data for %lld s", (long long)idle);
	fprintf(stderr, "\r\033[K  %-10s %s  %.1f MB%s%s", p->step, p->item, (double)p->bytes / 1e6,
		files, stall);
	fflush(stderr);
}

void kt_progress_end(struct kt_progress *p)
{
	if (p->line_open)
		fputs("\r\033[K", stderr);
	p->line_open = false;
}

static void show(struct kt_progress *p, bool now)
{
	int64_t t = kt_time_mono_ns();

	if (!now && t - p->last_show_ns < SHOW_EVERY_NS)
		return;
	p->last_show_ns = t;
	if (p->json)
		show_json(p, NULL);
	else if (p->tty)
		show_line(p);
}

void kt_progress_step(struct kt_progress *p, const char *step, const char *item)
{
	p->step = step;
	snprintf(p->item, sizeof(p->item), "%s", item != NULL ? item : "");
	p->bytes = p->files = p->files_total = 0;
	p->state[0] = '\0';
	p->start_ns = p->last_data_ns = kt_time_mono_ns();
	show(p, true);
}

void kt_progress_state(struct kt_progress *p, const char *state, const char *remedy,
		       const char *fingerprint, int seconds_left)
{
	bool changed = strcmp(p->state, state) != 0;

	snprintf(p->state, sizeof(p->state), "%s", state);
	snprintf(p->detail, sizeof(p->detail), "%s", remedy);
	p->seconds_left = seconds_left;
	snprintf(p->fingerprint, sizeof(p->fingerprint), "%s", fingerprint);
	if (p->json) {
		show_json(p, NULL);
		return;
	}
	if (changed) {
		kt_progress_say(p, "phone: %s", state);
		kt_progress_say(p, "  %s", remedy);
		if (fingerprint[0] != '\0')
			kt_progress_say(p, "  fingerprint on this station: %s", fingerprint);
	}
	if (p->tty && seconds_left >= 0)
		show_line(p);
}

void kt_progress_data(struct kt_progress *p, uint64_t bytes)
{
	p->bytes += bytes;
	if (bytes > 0)
		p->last_data_ns = kt_time_mono_ns();
	show(p, false);
}

static size_t columns(void)
{
	struct winsize w;

	return ioctl(2, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40 ? w.ws_col : 80;
}

/* One line of a text: a terminal would break words. What follows stands below what was begun. */
static void say_line(const char *text, size_t left)
{
	size_t width = columns(), indent = strspn(text, " ");

	while (left >= width) {
		size_t cut = width - 1;

		while (cut > indent && text[cut] != ' ')
			cut--;
		if (cut <= indent)
			break;
		fprintf(stderr, "%.*s\n%*s", (int)cut, text, (int)indent, "");
		text += cut + 1;
		left -= cut + 1;
		width = columns() - indent;
	}
	fprintf(stderr, "%.*s\n", (int)left, text);
}

void kt_progress_say(struct kt_progress *p, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->json) {
		show_json(p, text);
		return;
	}
	kt_progress_end(p);
	for (const char *line = text;; line++) {
		size_t n = strcspn(line, "\n");

		if (p->tty)
			say_line(line, n);
		else
			fprintf(stderr, "%.*s\n", (int)n, line);
		line += n;
		if (*line == '\0')
			break;
	}
}
