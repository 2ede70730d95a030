/* SPDX-License-Identifier: EUPL-1.2 */
/* The custody log: its chain, and the story that it tells. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/request.h"
#include "core/time.h"
#include "reports/verify/check.h"

struct story {
	struct kt_vf *c;
	struct kt_vf_stops stops;
	const struct kt_jv *detail; /* of the line at hand */
	uint64_t seq;
	bool opened, sealed, identified, packaged;
	bool source_read,
		source_cut; /* a pass over the source was finished; it could not be read whole */
	char source_sha[KT_SHA256_HEX];
	int64_t last_number;
	char last[24]; /* event of the last line */
	char (*started)[KT_VF_ITEM];
	size_t nstarted;
	bool ended; /* the person withdrew, or the case was closed */
};

/* Copies a text member; false, and a finding, when it is missing or does not fit. */
static bool take_text(struct story *s, const char *event, const char *key, char *out, size_t cap)
{
	const char *v = kt_jv_str(s->detail, key);

	out[0] = '\0';
	if (v == NULL || strlen(v) >= cap) {
		kt_vf_fail(s->c, KT_V_EVENTS, "log line %llu: %s does not state its %s",
			   (unsigned long long)s->seq, event, key);
		return false;
	}
	memcpy(out, v, strlen(v) + 1);
	return true;
}

static void misplaced(struct story *s, const char *event, const char *why)
{
	kt_vf_fail(s->c, KT_V_EVENTS, "log line %llu: %s %s", (unsigned long long)s->seq, event,
		   why);
}

static void on_open(struct story *s, const char *event, int64_t utc)
{
	struct kt_vf *c = s->c;

	if (s->opened) {
		misplaced(s, event, "stands a second time");
		return;
	}
	s->opened = true;
	c->session_us = utc;
	take_text(s, event, "case_id", c->log_case_id, sizeof(c->log_case_id));
	take_text(s, event, "mandate_id", c->log_mandate_id, sizeof(c->log_mandate_id));
	take_text(s, event, "mandate_sha256", c->log_mandate, sizeof(c->log_mandate));
	take_text(s, event, "operator_cert_sha256", c->log_operator, sizeof(c->log_operator));
	take_text(s, event, "authoriser_cert_sha256", c->log_authoriser, sizeof(c->log_authoriser));
}

/* The key of a sealed case is made before anything is read, once. */
static void on_prepared(struct story *s, const char *event)
{
	struct kt_vf *c = s->c;

	if (s->nstarted > 0 || c->log_recipient[0] != '\0')
		misplaced(s, event, "comes too late, or twice");
	take_text(s, event, "recipient", c->log_recipient, sizeof(c->log_recipient));
	take_text(s, event, "envelope_sha256", c->log_envelope, sizeof(c->log_envelope));
}

/* What can quote the phone is sealed. */
static void check_silent(struct story *s, const char *event, const char *key)
{
	const char *v = kt_jv_str(s->detail, key);

	if (s->c->res->sealed && v != NULL && v[0] != '\0')
		kt_vf_fail(s->c, KT_V_SEALED, "log line %llu: the %s of %s stands in clear",
			   (unsigned long long)s->seq, key, event);
}

static void on_interrupted(struct story *s, const char *event)
{
	check_silent(s, event, "text");
	if (s->sealed)
		misplaced(s, event, "comes after the seal");
}

static void on_start(struct story *s, const char *event)
{
	if (s->sealed)
		misplaced(s, event, "comes after the seal");
	if (s->nstarted >= KT_VF_SEGMENTS)
		misplaced(s, event, "is one of too many");
	else if (take_text(s, event, "item", s->started[s->nstarted], KT_VF_ITEM))
		s->nstarted++;
}

static bool was_started(const struct story *s, const char *item)
{
	for (size_t i = 0; i < s->nstarted; i++)
		if (strcmp(s->started[i], item) == 0)
			return true;
	return false;
}

static void on_outcome(struct story *s, const char *event)
{
	int64_t number = kt_jv_int(s->detail, "segment", 0);
	const char *outcome = event + strlen("item.");
	struct kt_vf_segment *g;

	check_silent(s, event, "reason");
	if (s->sealed)
		misplaced(s, event, "comes after the seal");
	if (number < 1 || number > (int64_t)KT_VF_SEGMENTS) {
		misplaced(s, event, "names no segment of the index");
		return;
	}
	if (s->c->log_form[0] != '\0' && !s->source_read)
		misplaced(s, event, "comes before the source was read");
	if (s->source_cut && strcmp(outcome, "partial") != 0 && strcmp(outcome, "failed") != 0)
		misplaced(s, event, "says more than a source that was not read whole can tell");
	g = &s->c->seg[number - 1];
	if (g->logged) {
		misplaced(s, event, "gives a segment a second outcome");
		return;
	}
	g->logged = true;
	if ((size_t)number > s->c->nseg)
		s->c->nseg = (size_t)number;
	snprintf(g->outcome, sizeof(g->outcome), "%s", outcome);
	g->objects = kt_jv_int(s->detail, "objects", -1);
	g->bytes = kt_jv_int(s->detail, "bytes", -1);
	take_text(s, event, "segment_sha256", g->sha256, sizeof(g->sha256));
	if (take_text(s, event, "item", g->item, sizeof(g->item)) && g->objects > 0 &&
	    !was_started(s, g->item))
		misplaced(s, event, "was not announced by an item.start");
}

static void on_sealed(struct story *s, const char *event, const char *prev)
{
	struct kt_vf *c = s->c;

	if (s->sealed) {
		misplaced(s, event, "stands a second time");
		return;
	}
	s->sealed = true;
	c->seal_line = s->seq;
	snprintf(c->before_seal, sizeof(c->before_seal), "%s", prev);
	take_text(s, event, "seal_sha256", c->log_seal, sizeof(c->log_seal));
	c->log_segments = kt_jv_int(s->detail, "segments", -1);
	c->log_objects = kt_jv_int(s->detail, "objects", -1);
	c->log_bytes = kt_jv_int(s->detail, "bytes", -1);
}

static void on_package(struct story *s, const char *event, int64_t utc)
{
	struct kt_vf *c = s->c;

	if (!s->sealed)
		misplaced(s, event, "comes before the seal");
	take_text(s, event, "package", c->package, sizeof(c->package));
	c->package_number = kt_jv_int(s->detail, "number", 0);
	if (c->package_number <= s->last_number)
		misplaced(s, event, "does not count on from the package before it");
	s->last_number = c->package_number;
	c->sealing_us = utc;
	s->packaged = true;
}

/* Before the report, and once: what is set beside it can't be changed to suit it. */
static void on_statement(struct story *s, const char *event)
{
	if (s->c->log_statement[0] != '\0')
		misplaced(s, event, "stands a second time");
	if (s->c->log_report[0] != '\0')
		misplaced(s, event, "comes behind the report");
	take_text(s, event, "statement_sha256", s->c->log_statement, sizeof(s->c->log_statement));
}

static void on_identified(struct story *s, const char *event)
{
	char serial[sizeof(s->c->log_device)];

	if (!take_text(s, event, "serial", serial, sizeof(serial)))
		return;
	if (s->c->log_device[0] != '\0' && strcmp(serial, s->c->log_device) != 0)
		misplaced(s, event, "names another phone than before");
	memcpy(s->c->log_device, serial, sizeof(serial));
}

static bool one_of(const char *s, const char *const *list)
{
	while (*list != NULL && strcmp(s, *list) != 0)
		list++;
	return *list != NULL;
}

/* Which phone it comes from: what is said has to follow from what is known. */
static void check_identity(struct story *s, const char *event, const char *id)
{
	static const char *const known[] = {"same", "named-by-source", NULL};
	static const char *const open[] = {"identity-not-checkable", "unknown", NULL};
	char identity[32];

	if (take_text(s, event, "identity", identity, sizeof(identity)) &&
	    !one_of(identity, *id != '\0' ? known : open))
		misplaced(s, event, "says what can't be known of the phone it comes from");
}

static void on_source(struct story *s, const char *event)
{
	static const char *const layouts[] = {"folder", "tar",	"tar.gz", "zip",
					      "backup", "file", NULL};
	char form[sizeof(s->c->log_form)], layout[16], id[sizeof(s->c->log_source_id)];

	if (s->sealed)
		misplaced(s, event, "comes after the seal");
	check_silent(s, event, "detail");
	if (!take_text(s, event, "form", form, sizeof(form)) ||
	    !take_text(s, event, "layout", layout, sizeof(layout)) ||
	    !take_text(s, event, "identifier", id, sizeof(id)))
		return;
	/* an iPhone on the cable is read like a source; other phones aren't */
	if (kt_form_find(form) == KT_FORM_PHONE
		    ? strcmp(layout, "iphone") != 0 || *id == '\0'
		    : kt_form_find(form) == 0 || !one_of(layout, layouts))
		misplaced(s, event, "names a form or layout that no source has");
	check_identity(s, event, id);
	if (s->c->log_form[0] != '\0' &&
	    (strcmp(s->c->log_form, form) != 0 || strcmp(s->c->log_source_id, id) != 0))
		misplaced(s, event, "opens another source than before");
	memcpy(s->c->log_form, form, sizeof(form));
	memcpy(s->c->log_source_id, id, sizeof(id));
}

static void on_source_read(struct story *s, const char *event)
{
	char result[16], sha[KT_SHA256_HEX];
	bool phone = strcmp(s->c->log_form, kt_form_name(KT_FORM_PHONE)) == 0;

	check_silent(s, event, "text");
	if (s->sealed || s->c->log_form[0] == '\0')
		misplaced(s, event, "stands where no source is open");
	s->source_read = true;
	if (take_text(s, event, "result", result, sizeof(result)) && strcmp(result, "whole") != 0 &&
	    strcmp(result, "gaps") != 0 && strcmp(result, phone ? "no-backup" : "cut") != 0)
		misplaced(s, event, "has no known result");
	/* what a phone gives beside its backup is not touched by how that ended */
	s->source_cut = !phone && strcmp(result, "whole") != 0;
	if (!take_text(s, event, "sha256", sha, sizeof(sha)) || sha[0] == '\0')
		return;
	if (s->source_sha[0] != '\0' && strcmp(s->source_sha, sha) != 0)
		misplaced(s, event, "tells of other bytes than before");
	memcpy(s->source_sha, sha, sizeof(sha));
}

static bool is_outcome(const char *event)
{
	static const char *const names[] = {"item.acquired", "item.absent", "item.refused",
					    "item.failed", "item.partial"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(event, names[i]) == 0)
			return true;
	return false;
}

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct story *s = arg;
	const char *utc = kt_jv_str(line, "utc"), *prev = kt_jv_str(line, "prev");
	int64_t us = 0;

	s->seq = seq;
	kt_vf_stop_line(&s->stops, seq, event, line, err);
	s->detail = kt_jv_get(line, "detail");
	kt_time_parse(utc, strlen(utc), true, &us, NULL, NULL); /* the chain check parsed it once */
	if (seq == 1 && strcmp(event, "session.open") != 0)
		misplaced(s, event, "stands where session.open belongs");
	if (strcmp(event, "session.open") == 0)
		on_open(s, event, us);
	else if (strcmp(event, "device.identified") == 0)
		on_identified(s, event);
	else if (strcmp(event, "source.opened") == 0)
		on_source(s, event);
	else if (strcmp(event, "source.read") == 0)
		on_source_read(s, event);
	else if (strcmp(event, "release.prepared") == 0)
		on_prepared(s, event);
	else if (strcmp(event, "item.start") == 0)
		on_start(s, event);
	else if (is_outcome(event))
		on_outcome(s, event);
	else if (strncmp(event, "item.", 5) == 0)
		misplaced(s, event, "is no outcome that an item can have");
	else if (strcmp(event, "acquisition.sealed") == 0)
		on_sealed(s, event, prev);
	else if (strcmp(event, "report.made") == 0)
		take_text(s, event, "report_sha256", s->c->log_report, sizeof(s->c->log_report));
	else if (strcmp(event, "statement.added") == 0)
		on_statement(s, event);
	else if (strcmp(event, "session.interrupted") == 0)
		on_interrupted(s, event);
	else if (strcmp(event, "package.sealing") == 0)
		on_package(s, event, us);
	else
		kt_vf_on_subject(s->c, event, line);
	if (strcmp(event, "report.made") == 0 && !s->sealed)
		misplaced(s, event, "comes before the seal");
	s->ended |= strcmp(event, "withdrawal.asked") == 0 || strcmp(event, "session.closed") == 0;
	if (s->ended &&
	    (strncmp(event, "item.", 5) == 0 || strcmp(event, "acquisition.sealed") == 0 ||
	     strcmp(event, "package.sealing") == 0))
		misplaced(s, event, "comes after the person withdrew, or the case was closed");
	snprintf(s->last, sizeof(s->last), "%s", event);
	return 0;
}

static void judge_story(struct story *s)
{
	struct kt_vf *c = s->c;

	if (!s->opened)
		kt_vf_fail(c, KT_V_EVENTS, "the log has no session.open");
	if (!s->sealed)
		kt_vf_fail(c, KT_V_EVENTS, "the log has no acquisition.sealed");
	if (c->log_report[0] == '\0' && !c->res->sealed)
		kt_vf_fail(c, KT_V_EVENTS, "the log has no report.made");
	if (c->log_report[0] != '\0' && c->res->sealed)
		kt_vf_fail(c, KT_V_EVENTS, "the log tells of a report, but the bytes are sealed");
	if ((c->log_recipient[0] != '\0') != c->res->sealed)
		kt_vf_fail(c, KT_V_EVENTS, "log and package differ about whether it is sealed");
	if (strcmp(s->last, "package.sealing") != 0)
		kt_vf_fail(c, KT_V_EVENTS, "the log does not end with package.sealing");
	for (size_t i = 0; i < c->nseg; i++)
		if (!c->seg[i].logged)
			kt_vf_fail(c, KT_V_EVENTS, "the log has no outcome for segment %zu", i + 1);
	if (s->sealed && c->log_segments != (int64_t)c->nseg)
		kt_vf_fail(c, KT_V_EVENTS, "the log seals another number of segments than it has");
}

int kt_vf_custody(struct kt_vf *c)
{
	struct story s = {.c = c, .stops = {c, false}};
	struct kt_err err = {0};
	char head[KT_SHA256_HEX];
	bool found = false, acquired = c->res->type == KT_PT_ACQUISITION;
	kt_custody_fn fn = acquired			   ? on_line
			   : c->res->type == KT_PT_RELEASE ? kt_vf_release_line
							   : kt_vf_stop_line;
	void *arg = acquired			    ? (void *)&s
		    : c->res->type == KT_PT_RELEASE ? (void *)c
						    : (void *)&s.stops;
	int r;

	if (!c->res->applies[KT_V_CUSTODY])
		return 0;
	r = kt_vf_load(c, KT_V_CUSTODY, KT_PKG_CUSTODY, KT_PKG_MAX_SMALL, &c->custody_raw, &found);

	if (r < 0 || !found)
		return r;
	s.started = calloc(KT_VF_SEGMENTS, sizeof(*s.started));
	if (s.started == NULL)
		return KT_FAIL(c->err, KT_E_NOMEM, "no memory");
	r = kt_custody_check(c->custody_raw.p, c->custody_raw.len, head, &c->lines, fn, arg, &err);
	if (r == 0 && c->res->type != KT_PT_RELEASE)
		kt_vf_stop_end(&s.stops, head);
	if (r == 0 && c->res->type != KT_PT_ACQUISITION) {
		kt_vf_done(
			c,
			KT_V_CUSTODY); /* the story of another act: check_release.c, check_stop.c */
	} else if (r == 0) {
		judge_story(&s);
		c->have_log = s.opened;
		kt_vf_done(c, KT_V_CUSTODY);
	} else if (kt_vf_is_ours(r)) {
		*c->err = err;
	} else {
		kt_vf_fail(c, KT_V_CUSTODY, "%s", kt_err_text(&err));
		r = 0;
	}
	free(s.started);
	return r;
}

static void compare(struct kt_vf *c, const char *have, const char *want, const char *what)
{
	if (want[0] != '\0' && strcmp(have, want) != 0)
		kt_vf_fail(c, KT_V_EVENTS, "the log was opened for another %s", what);
}

static void compare_cert(struct kt_vf *c, const char *hex, bool have, const struct kt_signer *s,
			 const char *who)
{
	char want[KT_SHA256_HEX];

	if (!have)
		return;
	kt_hex(s->cert_sha256, sizeof(s->cert_sha256), want);
	if (strcmp(hex, want) != 0)
		kt_vf_fail(c, KT_V_EVENTS, "the session was opened with another %s", who);
}

int kt_vf_events(struct kt_vf *c)
{
	char name[KT_PKG_NAME_MAX + 1] = "";
	int r;

	if (!c->have_log || !c->res->applies[KT_V_EVENTS])
		return 0;
	r = kt_vf_subject(c);
	if (r < 0)
		return r;
	compare(c, c->log_mandate, c->mandate_sha256, "mandate than the one in the package");
	compare(c, c->log_case_id, c->case_id, "case than that of case.json");
	compare(c, c->log_mandate, c->case_mandate, "mandate than case.json names");
	compare_cert(c, c->log_operator, c->res->have_operator, &c->res->operator_cert,
		     "operator's certificate than the one that signed the package");
	compare_cert(c, c->log_authoriser, c->res->have_authoriser, &c->res->authoriser_cert,
		     "authoriser's certificate than the one that signed the mandate");
	/* a phone that was never reached leaves no word in the log */
	if (c->form[0] != '\0' &&
	    strcmp(c->form, c->log_form[0] != '\0' ? c->log_form : "phone") != 0)
		kt_vf_fail(c, KT_V_EVENTS, "the log tells of reading a %s, case.json of a %s",
			   c->log_form[0] != '\0' ? c->log_form : "phone", c->form);
	if (c->log_form[0] != '\0' && c->log_device[0] != '\0')
		kt_vf_fail(c, KT_V_EVENTS, "the log tells of a phone and of a source in one case");
	if (c->package_number <= 0 ||
	    kt_pkg_file_name(c->log_mandate_id, (uint64_t)c->package_number, c->res->type, name) <
		    0 ||
	    strcmp(c->package, name) != 0)
		kt_vf_fail(c, KT_V_EVENTS,
			   "the log was closed for a package with another name (%s) than its "
			   "mandate and number give",
			   c->package);
	snprintf(c->res->package, sizeof(c->res->package), "%s", name);
	/* what has to be compared, but cannot be, leaves the check open */
	if (c->mandate_sha256[0] != '\0' && c->case_id[0] != '\0' && c->res->have_operator &&
	    c->res->have_authoriser)
		kt_vf_done(c, KT_V_EVENTS);
	return 0;
}
