/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening a source: keten-device says what it is and which phone it comes from. */
#include "cli/acquire.h"
#include "cli/secret.h"
#include "core/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Of a phone: 1 to 127 characters that a mandate may name too. Anything else names nothing. */
static void take_identifier(struct kt_source *s, const char *p, size_t n)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._:-";

	s->identifier[0] = '\0';
	if (n >= sizeof(s->identifier))
		return;
	memcpy(s->identifier, p, n);
	s->identifier[n] = '\0';
	if (strspn(s->identifier, good) != n)
		s->identifier[0] = '\0';
}

const char *kt_layout_name(unsigned layout)
{
	static const char *const names[] = {"",	   "folder", "tar",  "tar.gz",
					    "zip", "backup", "file", "iphone"};

	return layout < sizeof(names) / sizeof(names[0]) ? names[layout] : "";
}

struct opening {
	struct kt_acq *q;
	struct kt_source now; /* what it says this time */
	bool told;
};

static int on_source(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct opening *o = arg;

	(void)err;
	if (ev->type != KT_DEV_SOURCER || o->told)
		return 0;
	o->told = true;
	o->now.layout = ev->layout;
	o->now.size = ev->size;
	take_identifier(&o->now, ev->serial.p, ev->serial.n);
	snprintf(o->now.detail, sizeof(o->now.detail), "%.*s", (int)ev->text.n, ev->text.p);
	return 0;
}

/* What is wrong with a source that can't be opened; the code decides the exit status. */
static int refused_source(const struct kt_source *s, const struct kt_dev_result *res,
			  struct kt_err *err)
{
	const char *text = res->text[0] != '\0' ? res->text : "no reason was given";

	switch (res->code) {
	case KT_E_FORMAT:
	case KT_E_LIMIT:
	case KT_E_INVALID:
	case KT_E_PARTIAL:
		return KT_FAIL(err, KT_E_INVALID,
			       "source-unreadable: as a %s it can't be read: %.100s",
			       kt_form_name(s->form), text);
	case KT_E_STORAGE:
	case KT_E_DEVICE:
		return KT_FAIL(err, KT_E_DEVICE, "the source can't be read: %.110s", text);
	case KT_E_ABSENT:
	case KT_E_USAGE:
		return KT_FAIL(err, KT_E_USAGE, "this is no %s: %.110s", kt_form_name(s->form),
			       text);
	default:
		return KT_FAIL(err, res->code, "the source: %.120s", text);
	}
}

/* Identifiers are hexadecimal digits that programs write in either case. */
static bool same_phone(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static int check_identity(struct kt_acq *q, struct kt_err *err)
{
	const char *want = q->a->mandate->device_identifier;
	struct kt_source *s = q->src;

	if (s->identifier[0] == '\0')
		s->identity = want != NULL ? "identity-not-checkable" : "unknown";
	else
		s->identity = want != NULL ? "same" : "named-by-source";
	if (want != NULL && s->identifier[0] != '\0' && !same_phone(want, s->identifier))
		return KT_FAIL(
			err, KT_E_REFUSED,
			"wrong-device: the mandate is for the phone %.50s, this %s comes from "
			"%.50s",
			want, kt_form_name(s->form), s->identifier);
	return 0;
}

/* A case holds what came from one source; another one in its place is not gone on with. */
static int check_same(const struct kt_source *before, const struct kt_source *now,
		      struct kt_err *err)
{
	if (before->layout == now->layout && before->size == now->size &&
	    strcmp(before->identifier, now->identifier) == 0)
		return 0;
	return KT_FAIL(
		err, KT_E_REFUSED,
		"another-source: layout, size or phone differ from the source that was opened "
		"before; name that one, or a new case folder");
}

static int check_log(struct kt_acq *q, struct kt_err *err)
{
	const struct kt_case_state *st = &q->state;
	const struct kt_source *s = q->src;

	if (st->source_layout[0] == '\0')
		return 0;
	if (strcmp(st->source_layout, kt_layout_name(s->layout)) == 0 &&
	    st->source_size == (int64_t)s->size &&
	    strcmp(st->source_identifier, s->identifier) == 0)
		return 0;
	kt_acq_log_attempt(q, "another-source", kt_layout_name(s->layout));
	return KT_FAIL(err, KT_E_REFUSED,
		       "another-source: this case was begun with a source of another layout, size "
		       "or phone; name that one, or a new case folder");
}

static int start(struct kt_acq *q, struct kt_err *err)
{
	int r;

	if (q->dev_running)
		kt_dev_stop(&q->dev);
	q->dev_running = false;
	/* the descriptor is shared with the process before, and its position with it */
	if (lseek(q->src->fd, 0, SEEK_SET) < 0)
		return KT_FAIL(err, KT_E_DEVICE, "the source can't be read: %s", strerror(errno));
	r = kt_dev_start_source(&q->dev, q->src->fd, &q->plan, err);
	q->dev_running = r == 0;
	return r;
}

static void on_idle(void *arg)
{
	kt_progress_data(&((struct opening *)arg)->q->prog, 0);
}

static int ask_to_open(struct kt_acq *q, struct opening *o, struct kt_dev_result *res,
		       struct kt_err *err)
{
	uint32_t tag;
	size_t at = kt_dev_begin(&q->dev, KT_DEV_OPEN, &tag);

	kt_buf_put_u8(&q->dev.out, (uint8_t)q->src->form);
	kt_frame_end(&q->dev.out, at);
	return kt_dev_call(&q->dev, tag, on_source, o, on_idle, res, err);
}

/* An encrypted backup opens with what its holder types, as often as it takes up to a limit. */
static int ask_holder(struct kt_acq *q, struct opening *o, struct kt_dev_result *res,
		      struct kt_err *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < KT_SECRET_TRIES; i++) {
		struct kt_secret s;

		if (res->code != KT_E_REFUSED || (res->flags & KT_DEV_F_ENCRYPTED) == 0)
			break;
		r = kt_secret_ask(q, i > 0, &s, err);
		if (r == 0)
			r = kt_secret_send(q, &s, err);
		kt_secret_forget(&s);
		if (r == 0)
			r = ask_to_open(q, o, res, err);
	}
	return r;
}

int kt_source_open(struct kt_acq *q, struct kt_err *err)
{
	struct opening o = {.q = q};
	struct kt_source *s = q->src;
	struct kt_dev_result res;
	int r = start(q, err);

	if (r < 0)
		return r;
	kt_progress_step(&q->prog, "open", kt_form_name(s->form));
	r = ask_to_open(q, &o, &res, err);
	if (r == 0)
		r = ask_holder(q, &o, &res, err);
	if (r < 0)
		return r;
	if (res.code < 0 || !o.told)
		return refused_source(s, &res, err);
	if (s->layout != 0)
		return check_same(s, &o.now, err);
	s->layout = o.now.layout;
	s->size = o.now.size;
	s->encrypted = (res.flags & KT_DEV_F_ENCRYPTED) != 0;
	memcpy(s->identifier, o.now.identifier, sizeof(s->identifier));
	memcpy(s->detail, o.now.detail, sizeof(s->detail));
	r = check_identity(q, err);
	return r == 0 && q->c.fd >= 0 ? check_log(q, err) : r;
}
