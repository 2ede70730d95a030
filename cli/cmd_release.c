/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten release: the second stage (docs/formats/release.md). Opens what the desk has sealed, lets
 * the sandboxed workers read it, makes the report, and packs it with the log of the release.
 */
#include "cli/release.h"
#include "cli/station.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"
#include "reports/package/act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct rel {
	struct kt_release r;
	char work_name[200];
	struct kt_place place;
	int out_fd, lock_fd;
	struct kt_buf statement, statement_sig; /* of the second person */
	bool resumed;
};

static int put_id(struct kt_jw *w)
{
	uint8_t n[16];
	char hex[33];

	if (getrandom(n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return KT_E_INTERNAL;
	kt_jw_kstr(w, "nonce", kt_hex(n, sizeof(n), hex));
	return 0;
}

/* The folder that the release works in: its log, so that no opening is lost, and the report. */
static int open_work(struct rel *x, struct kt_err *err)
{
	struct kt_release *r = &x->r;

	x->out_fd = kt_out_open(r->o->out_dir, err);
	if (x->out_fd < 0)
		return x->out_fd;
	snprintf(x->work_name, sizeof(x->work_name), ".release-%.32s-%.16s", r->q.c.id,
		 r->res.sha256);
	r->work = kt_dir_open(x->out_fd, x->work_name, true, err);
	if (r->work < 0)
		return r->work;
	x->lock_fd = openat(r->work, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (x->lock_fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s/lock: %s", x->work_name, strerror(errno));
	if (flock(x->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "another Keten releases this package now; wait until it has ended");
	r->q.c.fd = r->work;
	return 0;
}

static int log_begin(struct rel *x, struct kt_err *err)
{
	struct kt_release *r = &x->r;
	struct kt_custody *log = &r->q.log;
	char tool[KT_SHA256_HEX], cert[KT_SHA256_HEX];
	int tail, e = kt_custody_open(r->work, log, &tail, err);

	if (e == 0)
		e = kt_path_sha256(AT_FDCWD, "/proc/self/exe", tool, err);
	if (e < 0)
		return e;
	log->actor = "releaser";
	x->resumed = log->seq > 0;
	kt_custody_begin(log);
	kt_jw_kstr(&log->w, "acquisition_sha256", r->res.sha256);
	kt_jw_kstr(&log->w, "envelope_sha256", r->envelope_sha256);
	if (put_id(&log->w) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no random bytes");
	kt_hex(r->releaser.cert_sha256, KT_SHA256_LEN, cert);
	kt_jw_kstr(&log->w, "releaser_cert_sha256", cert);
	kt_hex(r->second.cert_sha256, KT_SHA256_LEN, cert);
	kt_jw_kstr(&log->w, "second_cert_sha256", r->has_second ? cert : "");
	kt_jw_kstr(&log->w, "tool_sha256", tool);
	kt_jw_kstr(&log->w, "tool_version", KT_VERSION);
	return kt_custody_end(log, x->resumed ? "release.resume" : "release.open", err);
}

/* Who agrees to what: signed before the envelope is opened. */
static int ask_second(struct rel *x, struct kt_err *err)
{
	struct kt_release *r = &x->r;
	char t[KT_TIME_TEXT];
	struct kt_jw w;
	int e;

	if (!r->has_second)
		return 0;
	kt_jw_init(&w, &x->statement);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "acquisition_sha256", r->res.sha256);
	kt_jw_kstr(&w, "agreed", kt_time_text(kt_time_now(), t));
	kt_jw_kstr(&w, "case_id", r->q.c.id);
	kt_jw_kstr(&w, "envelope_sha256", r->envelope_sha256);
	kt_jw_kstr(&w, "format", "keten-second-1");
	kt_jw_obj_end(&w);
	kt_buf_putc(&x->statement, '\n');
	e = x->statement.failed ? KT_E_NOMEM
				: kt_sign_run("sign", NULL, r->o->second, x->statement.p,
					      x->statement.len, &x->statement_sig, err);
	return e < 0 ? KT_TRACE(err, e, "the second person's key can't sign") : 0;
}

/* Each item is logged before its objects are opened. */
static int announce(void *arg, unsigned segment, struct kt_err *err)
{
	struct kt_release *r = arg;

	if (segment < 1 || segment > r->q.plan.n)
		return 0;
	return kt_custody_event(&r->q.log, "item.opened", "item", r->q.plan.item[segment - 1].id,
				err);
}

static void warn_of_swap(const struct kt_opts *o)
{
	struct kt_station s;

	kt_station_look(&s, NULL, o->out_dir);
	if (s.state[KT_STATION_SWAP] == KT_STATION_WARNING && !o->json)
		kt_warn(o, "this station swaps memory to a disk, and what is opened lies in "
			   "memory. Switch swap off or encrypt it.");
}

static int put_detail(struct rel *x, struct kt_buf *b, struct kt_err *err)
{
	struct kt_release *r = &x->r;
	char cert[KT_SHA256_HEX];
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "acquisition", r->res.package);
	kt_jw_kstr(&w, "envelope_sha256", r->envelope_sha256);
	kt_jw_kuint(&w, "objects", r->vault.objects);
	kt_jw_kuint(&w, "plaintext_bytes", r->vault.bytes);
	kt_jw_kstr(&w, "recipient", r->recipient);
	kt_hex(r->releaser.cert_sha256, KT_SHA256_LEN, cert);
	kt_jw_kstr(&w, "releaser_cert_sha256", cert);
	kt_jw_kstr(&w, "reproducible",
		   r->q.timed_out ? "no: a parser hit its limit of time" : "yes");
	kt_hex(r->second.cert_sha256, KT_SHA256_LEN, cert);
	kt_jw_kstr(&w, "second_cert_sha256", r->has_second ? cert : "");
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}

static int log_sealing(struct rel *x, struct kt_err *err)
{
	struct kt_custody *log = &x->r.q.log;

	kt_custody_begin(log);
	kt_jw_kuint(&log->w, "number", x->place.number);
	kt_jw_kstr(&log->w, "package", x->place.name);
	return kt_custody_end(log, "package.sealing", err);
}

static int fill(struct rel *x, struct kt_package *pkg, struct kt_err *err)
{
	struct kt_release *r = &x->r;
	int e = kt_package_add_bytes(pkg, KT_PKG_MANDATE, r->a.mandate_bytes.p,
				     r->a.mandate_bytes.len, err);

	if (e == 0)
		e = kt_package_add_bytes(pkg, KT_PKG_MANDATE_SIG, r->a.p7s.p, r->a.p7s.len, err);
	if (e == 0)
		e = kt_package_add_file(pkg, KT_PKG_CUSTODY, "custody.jsonl", err);
	if (e == 0)
		e = kt_package_add_file(pkg, KT_PKG_RUN, KT_PKG_RUN, err);
	if (e == 0)
		e = kt_package_add_report(pkg, err);
	if (e == 0 && r->has_second)
		e = kt_act_attach(pkg, "second.json", "The second person's agreement",
				  x->statement.p, x->statement.len, err);
	if (e == 0 && r->has_second)
		e = kt_act_attach(pkg, "second.json.p7s", "Its signature", x->statement_sig.p,
				  x->statement_sig.len, err);
	return e;
}

static int pack(struct rel *x, struct kt_err *err)
{
	struct kt_release *r = &x->r;
	static struct kt_act act;
	struct kt_package *pkg = NULL;
	struct kt_buf detail;
	int e;

	memset(&act, 0, sizeof(act));
	act.type = KT_PT_RELEASE;
	act.mandate_id = r->a.mandate->mandate_id;
	act.mandate_sha256 = r->a.sha256_hex;
	act.case_id = r->q.c.id;
	kt_buf_init(&detail, 0);
	e = put_detail(x, &detail, err);
	act.detail = (const char *)detail.p;
	if (e == 0)
		e = kt_act_concern(&act, r->res.package, r->res.sha256, err);
	if (e == 0)
		e = kt_sign_pdfs(r->work, r->o->releasers[0], err);
	if (e == 0)
		e = kt_act_place(x->out_fd, &act, &x->place, err);
	if (e == 0)
		e = log_sealing(x, err);
	if (e == 0)
		e = kt_act_begin(&act, r->work, &pkg, err);
	if (e == 0)
		e = fill(x, pkg, err);
	if (e == 0)
		e = kt_act_make_at(&x->place, r->o->releasers[0], r->a.trust, pkg, &act, err);
	kt_place_leave(&x->place);
	kt_package_free(&pkg);
	kt_buf_free(&detail);
	return e;
}

/* The package is there: the folder of the release has served. */
static void drop_work(const struct rel *x)
{
	char path[4400];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", x->r.o->out_dir, x->work_name) <
	    sizeof(path))
		kt_tree_remove(path);
}

static int print_release(const struct rel *x, bool partial, struct kt_err *err)
{
	const struct kt_release *r = &x->r;
	struct kt_buf b;
	struct kt_jw w;

	if (!r->o->json) {
		printf("release  %s/%s\nopened   %llu objects, %.1f kB, in memory\n"
		       "result   %s\n",
		       r->o->out_dir, x->place.name, (unsigned long long)r->vault.objects,
		       (double)r->vault.bytes / 1e3,
		       partial ? "partial: see the report" : "complete");
		return 0;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "acquisition_sha256", r->res.sha256);
	kt_jw_kuint(&w, "objects", r->vault.objects);
	kt_jw_kstr(&w, "package", x->place.name);
	kt_jw_kstr(&w, "result", partial ? "partial" : "complete");
	kt_jw_kstr(&w, "schema", "keten-release-result-1");
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

static int evaluate(struct rel *x, bool *partial, struct kt_err *err)
{
	struct kt_release *r = &x->r;
	int e = kt_custody_event(&r->q.log, "envelope.opened", "recipient", r->recipient, err);

	r->vault.announce = announce;
	r->vault.arg = r;
	if (e == 0)
		e = kt_statement_take(&r->q, err);
	if (e == 0)
		e = kt_step_parse(&r->q, err);
	*partial = e == KT_E_PARTIAL;
	if (e == KT_E_PARTIAL)
		e = 0;
	return e == 0 ? kt_step_report(&r->q, err) : e;
}

int kt_cmd_release(const struct kt_opts *o)
{
	static struct rel x;
	struct kt_err err = {0};
	bool partial = false;
	int e = 0;

	x.place = KT_PLACE_NONE;
	x.out_fd = x.lock_fd = x.r.fd = x.r.work = -1;
	kt_buf_init(&x.statement, 0);
	kt_buf_init(&x.statement_sig, 0);
	if (o->nargs != 1 || o->out_dir == NULL)
		return kt_usage_exit();
	warn_of_swap(o);
	e = kt_release_load(&x.r, o, o->args[0], NULL, &err);
	if (e == 0)
		e = open_work(&x, &err);
	if (e == 0)
		e = log_begin(&x, &err);
	if (e == 0)
		e = ask_second(&x, &err);
	if (e == 0)
		e = kt_release_unseal(&x.r, &err);
	if (e == 0)
		e = evaluate(&x, &partial, &err);
	e = kt_release_unchanged(&x.r, e, &err);
	if (e == 0)
		e = pack(&x, &err);
	if (e == 0)
		drop_work(&x);
	kt_progress_end(&x.r.q.prog);
	if (e == 0)
		e = print_release(&x, partial, &err);
	kt_release_close(&x.r);
	kt_close_fd(&x.lock_fd);
	kt_close_fd(&x.out_fd);
	kt_buf_free(&x.statement);
	kt_buf_free(&x.statement_sig);
	return e < 0 ? kt_fail_exit(e, &err) : partial ? KT_EXIT_PARTIAL : KT_EXIT_OK;
}
