/* SPDX-License-Identifier: EUPL-1.2 */
/* The document as a whole: its members in order, the result and the limits. */
#include "reports/model/report_i.h"
#include "core/casestore.h"
#include "core/err.h"
#include "core/io.h"
#include "core/mandate.h"
#include "core/request.h"
#include "reports/model/model.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_AT    ((size_t)64 << 10)
#define DOC_MAX	    ((size_t)1 << 20)
#define CUSTODY_MAX ((size_t)64 << 20)

static const char *const outcome_names[OUT_COUNT] = {
	"acquired", "partial", "absent", "refused", "failed", "withheld",
};

const char *rep_outcome(enum outcome o)
{
	return outcome_names[o];
}

uint64_t rep_tally_sum(const struct tally *t)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < t->n; i++)
		n += t->row[i].count;
	return n;
}

void rep_elem(struct rep *r)
{
	bool *first = &r->w.first[r->w.depth - 1];

	if (!*first)
		kt_buf_putc(&r->out, ',');
	kt_buf_putc(&r->out, '\n');
	*first = true; /* the writer shall add no comma of its own */
}

void rep_member(struct rep *r, const char *key)
{
	rep_elem(r);
	kt_jw_key(&r->w, key);
}

int rep_flush(struct rep *r, bool force)
{
	int c;

	if (r->out.failed)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	if (r->out.len < FLUSH_AT && !force)
		return 0;
	c = kt_write_full(r->fd, r->out.p, r->out.len, r->err);
	kt_buf_reset(&r->out);
	return c;
}

void rep_copy(struct rep *r, const struct kt_jv *from, const char *key)
{
	const struct kt_jv *v = kt_jv_get(from, key);

	kt_jw_key(&r->w, key);
	if (v != NULL && v->type == KT_JV_STR)
		kt_jw_strn(&r->w, v->str, v->len);
	else if (v != NULL && v->type == KT_JV_INT)
		kt_jw_int(&r->w, v->i);
	else if (v != NULL && v->type == KT_JV_BOOL)
		kt_jw_bool(&r->w, v->i != 0);
	else
		kt_jw_null(&r->w);
}

/* -- limits ----------------------------------------------------------------------------------- */

static const struct {
	const char *id, *text;
} limits[] = {
	{"phone-not-person",
	 "The report says what a phone holds. It does not say who carried the phone, or why."},
	{"can-be-changed", "Location data can be planted, edited, shared between people, or synced "
			   "from another device."},
	{"other-device",
	 "A picture or file on this phone can have been made by another device and "
	 "received. The camera's make and model are shown where the file has them."},
	{"absence",
	 "The absence of a record is not evidence of absence. A feature may have been off, "
	 "data may have been removed or kept elsewhere, or the phone may be new."},
	{"inferred", "Positions, visits and movements marked as inferred are the conclusion of the "
		     "provider of the app or service. The phone did not necessarily measure them."},
	{"local-time",
	 "A local time without a zone is shown as it was written and is not shifted. It "
	 "can differ from UTC by up to 14 hours."},
	{"clock", "Times come from the clock of the phone or of the source. Whether that clock was "
		  "right at the time of a record is not known."},
	{"accuracy", "An accuracy is the source's own figure, mostly a radius. The place can be "
		     "outside it. Where none is given, it is not known."},
	{"count",
	 "The number of records is not a measure of weight. One stay can leave thousands of "
	 "records and another none."},
	{"scope",
	 "Only what the mandate names was asked for. Records outside its period, fields or "
	 "kinds are left out of this report and counted. A file that was taken whole "
	 "still holds them in the package."},
	{"named-place",
	 "A place that was searched for, saved, booked or drawn is named by the data. That is no "
	 "sign that the phone was there."},
	{"no-score", "The report gives no score and draws no conclusion about a person."},
};

static void write_limits(struct rep *r)
{
	rep_member(r, "limits");
	kt_jw_arr(&r->w);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		rep_elem(r);
		kt_jw_obj(&r->w);
		kt_jw_kstr(&r->w, "id", limits[i].id);
		kt_jw_kstr(&r->w, "text", limits[i].text);
		kt_jw_obj_end(&r->w);
	}
	kt_jw_arr_end(&r->w);
}

/* -- result ----------------------------------------------------------------------------------- */

/*
 * What an absence says. Only an Android phone was looked into itself: an iPhone gives its backup, which
 * leaves things out by its own rules.
 */
static const char *absent_words(const struct item *it, bool looked_into)
{
	static const char encrypted[] = "encrypted-only";

	if (it->withheld.n > 0)
		return "Files were there, all of them outside the mandate's limits.";
	if (strncmp(it->reason, encrypted, sizeof(encrypted) - 1) == 0)
		return "Only an encrypted backup can hold this, and this one is not encrypted. "
		       "Whether the phone holds it is not known.";
	return looked_into ? "The phone holds nothing of this kind in the places asked."
			   : "What was read holds nothing of this kind.";
}

/* Why an item gave what it gave, in one sentence. */
static void put_why(struct kt_buf *b, const struct item *it, bool looked_into)
{
	switch (it->outcome) {
	case OUT_ABSENT:
		kt_buf_puts(b, absent_words(it, looked_into));
		return;
	case OUT_REFUSED:
		kt_buf_puts(b, "Asked for and refused.");
		return;
	case OUT_FAILED:
		kt_buf_puts(b, "It could not be acquired.");
		return;
	default:
		break;
	}
	if (it->outcome == OUT_PARTIAL)
		kt_buf_puts(b, "Only a part could be acquired. ");
	if (it->objects == 0 && it->withheld.n > 0)
		kt_buf_puts(b, "Files were there, all of them outside the mandate's limits.");
	else if (it->artifacts == 0 && it->other_kind > 0)
		kt_buf_puts(b, "The file that was handed over is of another kind.");
	else if (it->artifacts == 0)
		kt_buf_puts(b, "Nothing was stored that could be evaluated.");
	else if (it->failed_artifacts == it->artifacts)
		kt_buf_puts(b, "What was stored could not be evaluated.");
	else if (it->seen == 0)
		kt_buf_puts(b, "What was stored holds no element of this kind.");
	else if (it->observations == 0)
		kt_buf_puts(b, "Elements were found, and none could be reported.");
	else if (it->about_itself == it->observations)
		kt_buf_puts(b, "Statements of the phone about itself; this source holds no "
			       "positions.");
	else if (it->with_position == 0 && it->named > 0)
		kt_buf_puts(b, "Places that the data names were found; the phone need not have "
			       "been there. This source holds no positions of the phone.");
	else if (it->with_position == 0)
		kt_buf_puts(b, "Elements were found, none of them with a usable position.");
	else
		kt_buf_puts(b, "Elements with a usable position were found.");
}

static void write_sources(struct rep *r)
{
	const struct kt_plan *plan = r->in->plan;
	bool looked_into =
		plan->form == KT_FORM_PHONE && strcmp(r->in->mandate->device_kind, "android") == 0;
	struct kt_jw *w = &r->w;
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_jw_key(w, "sources");
	kt_jw_arr(w);
	for (size_t i = 0; i < plan->n; i++) {
		const struct item *it = &r->items[i];

		kt_buf_reset(&b);
		put_why(&b, it, looked_into);
		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "item", plan->item[i].id);
		kt_jw_kstr(w, "plugin", plan->item[i].plugin->id);
		kt_jw_kstr(w, "outcome", rep_outcome(it->outcome));
		kt_jw_kuint(w, "observations", it->observations);
		kt_jw_kuint(w, "with_position", it->with_position);
		kt_jw_kuint(w, "skipped", it->skipped);
		kt_jw_kuint(w, "withheld", it->withheld_records);
		kt_jw_kuint(w, "withheld_files", rep_tally_sum(&it->withheld));
		kt_jw_kstr(w, "why", kt_buf_cstr(&b));
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_buf_free(&b);
}

static void write_counts(struct rep *r, const char *key, const uint64_t *n, unsigned end,
			 const char *(*name)(unsigned))
{
	kt_jw_key(&r->w, key);
	kt_jw_obj(&r->w);
	for (unsigned i = 1; i < end; i++)
		if (n[i] > 0)
			kt_jw_kuint(&r->w, name(i), n[i]);
	kt_jw_obj_end(&r->w);
}

static void put_result_text(struct rep *r)
{
	const struct model *m = r->model;
	uint64_t used = m->why[WHY_POSITION];
	struct kt_buf b;
	unsigned n = 0;

	for (size_t i = 0; i < r->in->plan->n; i++)
		n += r->items[i].with_position > 0;
	kt_buf_init(&b, 0);
	if (used == 0) {
		kt_buf_puts(&b, "No usable finding: within the mandate's limits there is no "
				"observation that is used as a position of this phone. ");
		if (r->with_position > 0)
			kt_buf_printf(
				&b,
				"%llu hold a position; why it is not one of this phone stands "
				"with each. ",
				(unsigned long long)r->with_position);
		kt_buf_puts(&b, "This is a result of the same rank as any other and speaks neither "
				"for nor against a statement.");
	} else {
		kt_buf_printf(
			&b,
			"%llu observation%s with a usable position, from %u source%s; %llu of "
			"them %s used as position%s of this phone. Their number is no measure "
			"of weight.",
			(unsigned long long)r->with_position, r->with_position == 1 ? "" : "s", n,
			n == 1 ? "" : "s", (unsigned long long)used, used == 1 ? "is" : "are",
			used == 1 ? "" : "s");
	}
	kt_jw_kstr(&r->w, "text", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

static uint64_t stays_that_count(const struct model *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->nstays; i++)
		n += m->where[m->stay[i].where].verdict == KT_GEO_IN;
	return n;
}

static void write_result(struct rep *r)
{
	struct kt_jw *w = &r->w;
	uint64_t skipped = 0, withheld = 0, files = 0;

	for (size_t i = 0; i < r->in->plan->n; i++) {
		skipped += r->items[i].skipped;
		withheld += r->items[i].withheld_records;
		files += rep_tally_sum(&r->items[i].withheld);
	}
	rep_member(r, "result");
	kt_jw_obj(w);
	kt_jw_kstr(w, "code",
		   r->model->why[WHY_POSITION] > 0 ? "positions-reported" : "no-usable-finding");
	put_result_text(r);
	kt_jw_kuint(w, "positions", r->model->why[WHY_POSITION]);
	kt_jw_kuint(w, "stays", stays_that_count(r->model));
	kt_jw_kuint(w, "agreements", r->model->nagree);
	kt_jw_kuint(w, "conflicts", r->model->nconflict);
	kt_jw_kuint(w, "observations", r->observations);
	kt_jw_kuint(w, "with_position", r->with_position);
	kt_jw_kuint(w, "places_named", r->places_named);
	kt_jw_kuint(w, "with_time", r->with_time);
	kt_jw_kuint(w, "local_time", r->local_time);
	kt_jw_kuint(w, "undated", r->observations - r->with_time);
	kt_jw_kuint(w, "withheld", withheld);
	kt_jw_kuint(w, "withheld_files", files);
	kt_jw_kuint(w, "skipped", skipped);
	write_counts(r, "by_basis", r->by_basis, KT_BASIS_END, kt_basis_name);
	write_counts(r, "by_type", r->by_type, KT_REC_TYPE_END, kt_rec_type_name);
	write_sources(r);
	kt_jw_obj_end(w);
}

/* -- the document ----------------------------------------------------------------------------- */

static void write_head(struct rep *r)
{
	const struct kt_mandate *m = r->in->mandate;
	const struct kt_jv *root = kt_jdoc_root(r->case_doc);
	char hex[KT_SHA256_HEX];

	rep_member(r, "format");
	kt_jw_str(&r->w, KT_REPORT_FORMAT);
	rep_copy(r, root, "case_id");
	kt_jw_kstr(&r->w, "case_ref", m->case_ref);
	kt_jw_kstr(&r->w, "mandate_id", m->mandate_id);
	kt_jw_kstr(&r->w, "mandate_sha256", kt_hex(m->sha256, KT_SHA256_LEN, hex));
	rep_copy(r, root, "simulated");
}

/* The plugins whose items are in the plan, once each. */
static void write_plugins(struct rep *r)
{
	const struct kt_plan *plan = r->in->plan;

	rep_member(r, "plugins");
	kt_jw_arr(&r->w);
	for (size_t i = 0; i < plan->n; i++) {
		const struct kt_plugin_info *p = plan->item[i].plugin;
		size_t k = 0;

		while (plan->item[k].plugin != p)
			k++;
		if (k < i)
			continue;
		rep_elem(r);
		kt_jw_obj(&r->w);
		kt_jw_kstr(&r->w, "id", p->id);
		kt_jw_kuint(&r->w, "version", p->version);
		kt_jw_kstr(&r->w, "title", p->title);
		kt_jw_kstr(&r->w, "status", p->status);
		kt_jw_kstr(&r->w, "absence", p->absence);
		kt_jw_obj_end(&r->w);
	}
	kt_jw_arr_end(&r->w);
}

static int read_file(struct rep *r, const char *name, size_t max, struct kt_buf *b)
{
	KT_AUTO_FD fd = kt_case_read_open(r->in->case_fd, r->in->view, name, r->err);

	return fd < 0 ? fd : kt_fd_read(fd, max, b, r->err);
}

static int read_doc(struct rep *r, const char *name, struct kt_jdoc **doc, char *sha256)
{
	struct kt_buf b;
	int c;

	kt_buf_init(&b, 0);
	c = read_file(r, name, DOC_MAX, &b);
	if (c == 0)
		c = kt_jdoc_parse(b.p, b.len, doc, r->err);
	if (c == 0 && sha256 != NULL)
		c = kt_sha256_hex(b.p, b.len, sha256, r->err);
	kt_buf_free(&b);
	return c < 0 ? KT_TRACE(r->err, c, "report: %s", name) : 0;
}

static int read_case(struct rep *r)
{
	int c = read_doc(r, "case.json", &r->case_doc, NULL);

	if (c < 0)
		return c;
	c = read_doc(r, "seal.json", &r->seal_doc, r->seal_sha256);
	if (c == KT_E_ABSENT)
		kt_err_clear(r->err); /* not sealed yet: the report says so */
	else if (c < 0)
		return c;
	c = read_file(r, "custody.jsonl", CUSTODY_MAX, &r->custody);
	if (c < 0)
		return KT_TRACE(r->err, c, "report: custody.jsonl");
	return rep_index_read(r);
}

static int write_all(struct rep *r)
{
	static int (*const parts[])(struct rep *) = {
		rep_statement, rep_authority,	 rep_device,	rep_session,  rep_clock,
		rep_taken,     rep_containers,	 rep_not_taken, rep_findings, rep_observations,
		rep_links,     rep_not_reported, rep_parsing,	rep_objects,
	};

	int c;

	kt_jw_obj(&r->w);
	write_head(r);
	write_plugins(r);
	write_limits(r);
	c = rep_attention(r);
	if (c < 0)
		return c;
	write_result(r);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		c = parts[i](r);
		if (c < 0)
			return c;
	}
	kt_buf_putc(&r->out, '\n');
	kt_jw_obj_end(&r->w);
	kt_buf_putc(&r->out, '\n');
	return rep_flush(r, true);
}

int kt_report_write(const struct kt_report_in *in, int fd, struct kt_err *err)
{
	struct rep r = {.in = in, .err = err, .fd = fd};
	int c;

	for (size_t i = 0; i <= KT_PLAN_MAX; i++)
		r.seg_fd[i] = -1;
	kt_buf_init(&r.out, 0);
	kt_buf_init(&r.custody, 0);
	kt_jw_init(&r.w, &r.out);
	r.items = calloc(in->plan->n + 1, sizeof(*r.items));
	if (r.items == NULL) {
		c = KT_FAIL(err, KT_E_NOMEM, "report: no memory");
		goto out;
	}
	c = rep_links_begin(&r);
	if (c == 0)
		c = read_case(&r);
	if (c == 0)
		c = rep_totals(&r);
	if (c == 0)
		c = model_make(&r);
	if (c == 0)
		c = write_all(&r);
out:
	model_free(&r);
	rep_links_free(&r);
	rep_index_close(&r);
	kt_jdoc_free(&r.case_doc);
	kt_jdoc_free(&r.seal_doc);
	kt_buf_free(&r.custody);
	kt_buf_free(&r.out);
	free(r.items);
	return c;
}
