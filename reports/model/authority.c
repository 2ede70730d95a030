/* SPDX-License-Identifier: EUPL-1.2 */
/* Who allowed what, which phone, and the session as the custody log has it. */
#include "reports/model/report_i.h"
#include "core/cms.h"
#include "core/custody.h"
#include "core/err.h"
#include "core/mandate.h"
#include "core/time.h"

#include <stdio.h>
#include <string.h>

#define STATEMENTS_MAX 256u

/* -- authority -------------------------------------------------------------------------------- */

static void put_time(struct kt_jw *w, const char *key, int64_t us)
{
	char t[KT_TIME_TEXT];

	kt_jw_kstr(w, key, kt_time_text(us, t));
}

static void put_signer(struct kt_jw *w, const char *key, const struct kt_signer *s)
{
	char hex[KT_SHA256_HEX];

	kt_jw_key(w, key);
	if (s == NULL) {
		kt_jw_null(w);
		return;
	}
	kt_jw_obj(w);
	kt_jw_kstr(w, "subject", s->subject);
	kt_jw_kstr(w, "serial", s->serial);
	kt_jw_kstr(w, "cert_sha256", kt_hex(s->cert_sha256, KT_SHA256_LEN, hex));
	kt_jw_obj_end(w);
}

static void put_necessity(struct rep *r, const struct kt_jv *root)
{
	const struct kt_mandate *m = r->in->mandate;
	const struct kt_jv *means = kt_jv_get(kt_jv_get(root, "necessity"), "less_intrusive_means");
	struct kt_jw *w = &r->w;

	kt_jw_key(w, "necessity");
	kt_jw_obj(w);
	kt_jw_kstr(w, "question", m->question);
	kt_jw_key(w, "less_intrusive_means");
	kt_jw_arr(w);
	for (const struct kt_jv *v = means != NULL ? means->child : NULL; v != NULL; v = v->next) {
		kt_jw_obj(w);
		rep_copy(r, v, "means");
		rep_copy(r, v, "result");
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "proportionality", m->proportionality);
	kt_jw_obj_end(w);
}

static void put_subject(struct rep *r, const struct kt_jv *root)
{
	const struct kt_jv *subject = kt_jv_get(root, "subject");
	struct kt_jw *w = &r->w;

	kt_jw_key(w, "subject");
	kt_jw_obj(w);
	kt_jw_kbool(w, "minor", r->in->mandate->subject_minor);
	kt_jw_kstr(w, "language", r->in->mandate->subject_language);
	rep_copy(r, subject, "representative");
	rep_copy(r, subject, "interpreter");
	kt_jw_obj_end(w);
}

static void put_retention(struct rep *r, const struct kt_jv *root)
{
	const struct kt_jv *v = kt_jv_get(root, "retention");

	kt_jw_key(&r->w, "retention");
	kt_jw_obj(&r->w);
	rep_copy(r, v, "unreleased_days");
	rep_copy(r, v, "released_until");
	rep_copy(r, v, "on_expiry");
	kt_jw_obj_end(&r->w);
}

int rep_authority(struct rep *r)
{
	const struct kt_mandate *m = r->in->mandate;
	const struct kt_jv *root = m->doc != NULL ? kt_jdoc_root(m->doc) : NULL;
	struct kt_jw *w = &r->w;

	rep_member(r, "authority");
	kt_jw_obj(w);
	kt_jw_kstr(w, "issuer", m->issuer);
	kt_jw_kstr(w, "purpose", m->purpose);
	kt_jw_key(w, "legal_basis");
	kt_jw_obj(w);
	kt_jw_kstr(w, "code", m->legal_code);
	kt_jw_kstr(w, "text", m->legal_text);
	kt_jw_obj_end(w);
	kt_jw_kstr(w, "mode", m->mode);
	put_necessity(r, root);
	put_subject(r, root);
	kt_jw_key(w, "validity");
	kt_jw_obj(w);
	put_time(w, "issued_at", m->issued_at_us);
	put_time(w, "not_before", m->not_before_us);
	put_time(w, "not_after", m->not_after_us);
	kt_jw_kint(w, "max_sessions", m->max_sessions);
	kt_jw_obj_end(w);
	kt_jw_key(w, "device");
	kt_jw_obj(w);
	kt_jw_kstr(w, "kind", m->device_kind);
	kt_jw_kstr(w, "identifier", m->device_identifier);
	kt_jw_obj_end(w);
	kt_jw_kbool(w, "two_stage", m->two_stage);
	put_retention(r, root);
	kt_jw_kstr(w, "operator_role", m->operator_role);
	put_signer(w, "authoriser", r->in->authoriser);
	put_signer(w, "operator", r->in->operator_cert);
	kt_jw_obj_end(w);
	return rep_flush(r, false);
}

/* -- device ----------------------------------------------------------------------------------- */

/*
 * Properties that say which phone this is; matched against the last part of the name
 * ("ro.product.model", "Lockdown/ProductType").
 */
static bool identifies(const char *name)
{
	static const char *const wanted[] = {
		"manufacturer",	  "brand",	     "model",
		"device",	  "release",	     "sdk",
		"security_patch", /* Android */
		"ProductType",	  "ProductVersion",  "BuildVersion",
		"ModelNumber",	  "HardwareModel", /* iPhone: lockdown, Manifest.plist */
		"Product Type",	  "Product Version", "Build Version", /* Info.plist */
	};
	const char *last = name + strlen(name);

	while (last > name && last[-1] != '.' && last[-1] != '/')
		last--;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (strcmp(last, wanted[i]) == 0)
			return true;
	return false;
}

static int put_identity(struct rep *r, const struct kt_jv *rec, const char *object)
{
	const char *name = kt_jv_str(rec, "name");

	if (name == NULL || !identifies(name))
		return 0;
	kt_jw_obj(&r->w);
	rep_copy(r, rec, "name");
	rep_copy(r, rec, "value");
	kt_jw_kstr(&r->w, "object", object);
	kt_jw_obj_end(&r->w);
	return 0;
}

int rep_device(struct rep *r)
{
	const struct kt_jv *root = kt_jdoc_root(r->case_doc);
	struct kt_jw *w = &r->w;
	int c;

	rep_member(r, "device");
	kt_jw_obj(w);
	kt_jw_kstr(w, "kind", kt_jv_str(root, "device_kind"));
	kt_jw_kstr(w, "identifier", kt_jv_str(root, "device"));
	if (kt_jv_str(root, "source") != NULL) { /* no phone: keten import */
		rep_copy(r, root, "form");
		rep_copy(r, root, "source");
	}
	kt_jw_key(w, "stated");
	kt_jw_arr(w);
	c = rep_statements(r, "property", STATEMENTS_MAX, put_identity);
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
	return c < 0 ? c : rep_flush(r, false);
}

/* -- session ---------------------------------------------------------------------------------- */

/*
 * Events of one name, written as an array; put may be NULL. Lines behind the seal have no effect:
 * they are about making this very report, and a second run would see more of them.
 */
struct events {
	struct rep *r;
	const char *event;
	void (*put)(struct rep *r, const struct kt_jv *detail);
	bool sealed;
	char closed[KT_TIME_TEXT];
};

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct events *e = arg;
	const char *utc = kt_jv_str(line, "utc");

	(void)seq;
	(void)err;
	if (e->sealed)
		return 0;
	if (strcmp(event, "acquisition.sealed") == 0) {
		e->sealed = true;
		snprintf(e->closed, sizeof(e->closed), "%s", utc != NULL ? utc : "");
	}
	if (strcmp(event, e->event) != 0)
		return 0;
	if (e->put == NULL)
		return 0;
	kt_jw_obj(&e->r->w);
	kt_jw_kstr(&e->r->w, "utc", utc);
	e->put(e->r, kt_jv_get(line, "detail"));
	kt_jw_obj_end(&e->r->w);
	return rep_flush(e->r, false);
}

static int walk(struct rep *r, kt_custody_fn fn, void *arg)
{
	char head[KT_SHA256_HEX];
	uint64_t lines;
	int c = kt_custody_check(r->custody.p, r->custody.len, head, &lines, fn, arg, r->err);

	return c < 0 ? KT_TRACE(r->err, c, "report: custody log") : 0;
}

static void put_open(struct rep *r, const struct kt_jv *d)
{
	static const char *const keys[] = {
		"tool_version",		  "tool_sha256", "operator_cert_sha256",
		"authoriser_cert_sha256", "plan_sha256", "anchored",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		rep_copy(r, d, keys[i]);
}

static void put_resume(struct rep *r, const struct kt_jv *d)
{
	rep_copy(r, d, "tool_version");
	rep_copy(r, d, "dropped_objects");
}

/*
 * A connection is one element made of two lines: the phone appears, and, when it answers, is
 * identified. One that never answers has no fingerprint.
 */
struct connects {
	struct rep *r;
	bool open, sealed;
};

static void connect_end(struct connects *s, const struct kt_jv *identified)
{
	if (!s->open)
		return;
	rep_copy(s->r, identified, "key_fingerprint");
	kt_jw_obj_end(&s->r->w);
	s->open = false;
}

static int on_connect(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		      struct kt_err *err)
{
	struct connects *s = arg;

	(void)seq;
	(void)err;
	if (s->sealed)
		return 0;
	s->sealed = strcmp(event, "acquisition.sealed") == 0;
	if (strcmp(event, "device.identified") == 0)
		connect_end(s, kt_jv_get(line, "detail"));
	if (strcmp(event, "device.connect") != 0)
		return 0;
	connect_end(s, NULL);
	kt_jw_obj(&s->r->w);
	kt_jw_kstr(&s->r->w, "utc", kt_jv_str(line, "utc"));
	rep_copy(s->r, kt_jv_get(line, "detail"), "serial");
	s->open = true;
	return rep_flush(s->r, false);
}

static int put_connects(struct rep *r)
{
	struct connects s = {.r = r};
	int c = walk(r, on_connect, &s);

	connect_end(&s, NULL);
	return c;
}

static void put_disconnect(struct rep *r, const struct kt_jv *d)
{
	rep_copy(r, d, "reason");
}

static void put_refused(struct rep *r, const struct kt_jv *d)
{
	rep_copy(r, d, "rule");
	rep_copy(r, d, "text");
}

static void put_position(struct rep *r, const struct kt_jv *d)
{
	rep_copy(r, d, "position");
}

static void put_note(struct rep *r, const struct kt_jv *d)
{
	rep_copy(r, d, "text");
}

static void put_clock(struct rep *r, const struct kt_jv *d)
{
	const struct kt_jv *off = kt_jv_get(d, "offset_ms");
	const char *when = kt_jv_str(d, "when");
	const char *reason = kt_jv_str(d, "reason");
	struct kt_buf b;

	rep_copy(r, d, "when");
	rep_copy(r, d, "offset_ms");
	if (reason != NULL && strcmp(reason, "no phone") == 0) {
		kt_jw_kstr(&r->w, "text",
			   "No phone was connected, so there was no clock to compare.");
		return;
	}
	kt_buf_init(&b, 0);
	kt_buf_puts(&b, when != NULL && strcmp(when, "end") == 0 ? "At the end" : "At the start");
	if (off == NULL || off->type != KT_JV_INT)
		kt_buf_puts(&b, " the phone gave no usable time.");
	else if (off->i == 0)
		kt_buf_puts(&b, " the clocks of phone and station agreed to the millisecond.");
	else
		kt_buf_printf(
			&b, " the phone's clock was %llu ms %s that of the station.",
			(unsigned long long)(off->i < 0 ? 0 - (uint64_t)off->i : (uint64_t)off->i),
			off->i < 0 ? "behind" : "ahead of");
	kt_jw_kstr(&r->w, "text", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

int rep_session(struct rep *r)
{
	static const struct {
		const char *key, *event;
		void (*put)(struct rep *r, const struct kt_jv *detail);
	} lists[] = {
		{"opened", "session.open", put_open},
		{"resumed", "session.resume", put_resume},
		{"connects", NULL, NULL}, /* two events make one element */
		{"disconnects", "device.disconnect", put_disconnect},
		{"clock_checks", "clock.check", put_clock},
		{"refused_attempts", "attempt.refused", put_refused},
		{"subject_position", "subject.position", put_position},
		{"notes", "operator.note", put_note},
	};
	struct events closed = {.r = r, .event = "acquisition.sealed"};
	const struct kt_jv *seal = r->seal_doc != NULL ? kt_jdoc_root(r->seal_doc) : NULL;
	struct kt_jw *w = &r->w;
	int c;

	rep_member(r, "session");
	kt_jw_obj(w);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct events e = {.r = r, .event = lists[i].event, .put = lists[i].put};

		rep_elem(r);
		kt_jw_key(w, lists[i].key);
		kt_jw_arr(w);
		c = e.event == NULL ? put_connects(r) : walk(r, on_line, &e);
		if (c < 0)
			return c;
		kt_jw_arr_end(w);
	}
	c = walk(r, on_line, &closed);
	if (c < 0)
		return c;
	rep_elem(r);
	kt_jw_kstr(w, "closed", closed.closed[0] != '\0' ? closed.closed : NULL);
	kt_jw_kstr(w, "seal_sha256", seal != NULL ? r->seal_sha256 : NULL);
	rep_copy(r, seal, "custody_head");
	rep_copy(r, seal, "custody_lines");
	kt_jw_kstr(w, "clock_source",
		   "The times of this session are those of the station's clock. No outside "
		   "time-stamp fixes its opening.");
	kt_jw_obj_end(w);
	return rep_flush(r, false);
}
