/* SPDX-License-Identifier: EUPL-1.2 */
/* The acquisition seal: what was taken is fixed and signed before any parser runs for the report. */
#include "cli/steps.h"
#include "core/io.h"
#include "core/request.h"

#include <stdio.h>
#include <string.h>

struct seg {
	struct kt_jw *w;
	uint64_t bytes, objects;
	char outcome[16];
};

static int on_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct seg *s = arg;
	const char *kind = kt_jv_str(line, "kind"), *o = kt_jv_str(line, "outcome");

	(void)segment;
	(void)err;
	if (kind != NULL && (strcmp(kind, "object") == 0 || strcmp(kind, "details") == 0) &&
	    kt_jv_str(line, "object") != NULL) {
		s->bytes += (uint64_t)kt_jv_int(line, "bytes", 0);
		s->objects++;
	}
	if (kind != NULL && strcmp(kind, "end") == 0)
		snprintf(s->outcome, sizeof(s->outcome), "%s", o != NULL ? o : "");
	return 0;
}

static int segment_hash(const struct kt_case *c, unsigned segment, char sha[KT_SHA256_HEX],
			struct kt_err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "i%04u.jsonl", segment % 10000);
	return kt_path_sha256(c->index_fd, name, sha, err);
}

static int put_segment(struct kt_acq *q, unsigned i, struct kt_jw *w, struct seg *total,
		       struct kt_err *err)
{
	struct seg s = {.w = w};
	char sha[KT_SHA256_HEX];
	bool complete;
	int r = kt_index_read(q->c.index_fd, i + 1, &complete, on_line, &s, err);

	if (r == 0 && !complete)
		r = KT_FAIL(err, KT_E_INVALID, "index segment %u is not finished", i + 1);
	if (r == 0)
		r = segment_hash(&q->c, i + 1, sha, err);
	if (r < 0)
		return r;
	kt_jw_obj(w);
	kt_jw_kuint(w, "bytes", s.bytes);
	kt_jw_kstr(w, "item", q->plan.item[i].id);
	kt_jw_kuint(w, "objects", s.objects);
	kt_jw_kstr(w, "outcome", s.outcome);
	kt_jw_kuint(w, "segment", i + 1);
	kt_jw_kstr(w, "sha256", sha);
	kt_jw_obj_end(w);
	total->bytes += s.bytes;
	total->objects += s.objects;
	return 0;
}

int kt_acq_seal(struct kt_acq *q, struct kt_err *err)
{
	struct kt_buf seal, p7s;
	struct seg total = {0};
	char sha[KT_SHA256_HEX];
	struct kt_jw w;
	int r = 0;

	kt_buf_init(&seal, 0);
	kt_buf_init(&p7s, 0);
	kt_jw_init(&w, &seal);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "case_id", q->c.id);
	kt_jw_kstr(&w, "custody_head", q->log.head);
	kt_jw_kuint(&w, "custody_lines", q->log.seq);
	kt_jw_kstr(&w, "format", "keten-seal-1");
	kt_jw_key(&w, "segments");
	kt_jw_arr(&w);
	for (unsigned i = 0; r == 0 && i < q->plan.n; i++)
		r = put_segment(q, i, &w, &total, err);
	kt_jw_arr_end(&w);
	kt_jw_obj_end(&w);
	kt_buf_putc(&seal, '\n');
	if (r == 0 && seal.failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for the seal");
	if (r == 0)
		r = kt_sign(q->o->operator_key, seal.p, seal.len, &p7s, err);
	if (r == 0)
		r = kt_file_write(q->c.fd, "seal.json", seal.p, seal.len, 0600, err);
	if (r == 0)
		r = kt_file_write(q->c.fd, "seal.json.p7s", p7s.p, p7s.len, 0600, err);
	if (r == 0)
		r = kt_sha256_hex(seal.p, seal.len, sha, err);
	kt_buf_free(&seal);
	kt_buf_free(&p7s);
	if (r < 0)
		return r;
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "bytes", total.bytes);
	kt_jw_kuint(&q->log.w, "objects", total.objects);
	kt_jw_kstr(&q->log.w, "seal_sha256", sha);
	kt_jw_kuint(&q->log.w, "segments", q->plan.n);
	r = kt_custody_end(&q->log, "acquisition.sealed", err);
	if (r == 0) {
		q->state.acquisition_sealed = true;
		kt_progress_say(&q->prog, "Sealed: %llu objects, %.1f kB, before any parsing.",
				(unsigned long long)total.objects, (double)total.bytes / 1e3);
		if (total.objects == 0 && q->plan.form != KT_FORM_PHONE)
			kt_progress_say(&q->prog,
					"Nothing that the mandate allows was found in it. Is it "
					"a whole %s, and of the kind\nof phone that the mandate "
					"names? If not, begin a new case with the right --form.",
					kt_form_name(q->plan.form));
	}
	return r;
}
