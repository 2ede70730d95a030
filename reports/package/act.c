/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/package/act.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/time.h"
#include "reports/package/files.h"

static const char *or_empty(const char *s)
{
	return s != NULL ? s : "";
}

int kt_act_concern(struct kt_act *act, const char *package, const char *sha256, struct kt_err *err)
{
	unsigned at = 0;

	if (strlen(sha256) != KT_SHA256_HEX - 1 || strspn(sha256, "0123456789abcdef") != 64 ||
	    strlen(package) > KT_PKG_NAME_MAX)
		return KT_FAIL(err, KT_E_USAGE, "a package that is concerned is named by its hash");
	while (at < act->nconcerns && strcmp(act->concern[at].sha256, sha256) < 0)
		at++;
	if (at < act->nconcerns && strcmp(act->concern[at].sha256, sha256) == 0)
		return 0;
	if (act->nconcerns >= KT_PKG_CONCERNS)
		return KT_FAIL(err, KT_E_LIMIT, "one act can concern at most %u packages",
			       KT_PKG_CONCERNS);
	memmove(&act->concern[at + 1], &act->concern[at],
		(act->nconcerns - at) * sizeof(act->concern[0]));
	memset(&act->concern[at], 0, sizeof(act->concern[0]));
	memcpy(act->concern[at].package, package, strlen(package));
	memcpy(act->concern[at].sha256, sha256, KT_SHA256_HEX);
	act->nconcerns++;
	return 0;
}

int kt_act_begin(const struct kt_act *act, int dir_fd, struct kt_package **pkg, struct kt_err *err)
{
	int r = kt_package_new(dir_fd, pkg, err);
	struct kt_package *p = *pkg;

	if (r < 0)
		return r;
	p->type = act->type;
	if (act->type == KT_PT_UNKNOWN || act->type == KT_PT_ACQUISITION ||
	    strlen(or_empty(act->mandate_id)) >= sizeof(p->mandate_id) ||
	    strlen(or_empty(act->case_id)) >= sizeof(p->case_id))
		r = KT_FAIL(err, KT_E_USAGE,
			    "an act needs a type and the mandate that it is under");
	p->concerns = calloc(act->nconcerns + 1, sizeof(*p->concerns));
	if (r == 0 && p->concerns == NULL)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory");
	if (r < 0) {
		kt_package_free(pkg);
		return r;
	}
	snprintf(p->mandate_id, sizeof(p->mandate_id), "%s", or_empty(act->mandate_id));
	snprintf(p->case_id, sizeof(p->case_id), "%s", or_empty(act->case_id));
	for (unsigned i = 0; i < act->nconcerns; i++)
		memcpy(p->concerns[i], act->concern[i].sha256, KT_SHA256_HEX);
	p->nconcerns = act->nconcerns;
	return 0;
}

static int attach_name(char out[KT_PKG_NAME_MAX + 1], const char *name, struct kt_err *err)
{
	int n = snprintf(out, KT_PKG_NAME_MAX + 1, KT_PKG_ATTACH_DIR "%s", name);

	if (n < 0 || n > (int)KT_PKG_NAME_MAX || kt_pkg_kind(out) != KT_PKG_P_ATTACH)
		return KT_FAIL(err, KT_E_USAGE,
			       "%.60s is no name for an attachment: letters, digits, '.', '_', '-'",
			       name);
	return 0;
}

/* The row that was added last gets its title. */
static int set_title(struct kt_package *pkg, const char *title, struct kt_err *err)
{
	pkg->file[pkg->n - 1].title = strdup(title);
	return pkg->file[pkg->n - 1].title != NULL ? 0 : KT_FAIL(err, KT_E_NOMEM, "no memory");
}

int kt_act_attach(struct kt_package *pkg, const char *name, const char *title, const void *p,
		  size_t n, struct kt_err *err)
{
	char full[KT_PKG_NAME_MAX + 1];
	int r = attach_name(full, name, err);

	if (r == 0)
		r = kt_package_add_bytes(pkg, full, p, n, err);
	return r < 0 ? r : set_title(pkg, title, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kt_pkg_file *)a)->name, ((const struct kt_pkg_file *)b)->name);
}

static void put_act(struct kt_package *pkg, const struct kt_act *act,
		    const struct kt_package_out *out, struct kt_jw *w)
{
	char t[KT_TIME_TEXT];

	qsort(pkg->file, pkg->n, sizeof(*pkg->file), by_name);
	kt_jw_obj(w);
	kt_jw_key(w, "attachments");
	kt_jw_arr(w);
	for (size_t i = 0; i < pkg->n; i++) {
		if (pkg->file[i].kind != KT_PKG_P_ATTACH)
			continue;
		kt_jw_obj(w);
		kt_jw_kstr(w, "name", pkg->file[i].name + sizeof(KT_PKG_ATTACH_DIR) - 1);
		kt_jw_kbytes(w, "title", pkg->file[i].title, strlen(pkg->file[i].title));
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "case_id", or_empty(act->case_id));
	kt_jw_key(w, "concerns");
	kt_jw_arr(w);
	for (unsigned i = 0; i < act->nconcerns; i++) {
		kt_jw_obj(w);
		kt_jw_kbytes(w, "package", act->concern[i].package,
			     strlen(act->concern[i].package));
		kt_jw_kstr(w, "sha256", act->concern[i].sha256);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_key(w, "detail");
	if (act->detail == NULL) {
		kt_jw_obj(w);
		kt_jw_obj_end(w);
	} else {
		kt_jw_raw(w, act->detail, strlen(act->detail));
	}
	kt_jw_kstr(w, "format", KT_ACT_FORMAT);
	kt_jw_kstr(w, "made", kt_time_text(out->sealed_us, t));
	kt_jw_kstr(w, "mandate_id", act->mandate_id);
	kt_jw_kstr(w, "mandate_sha256", or_empty(act->mandate_sha256));
	kt_jw_kuint(w, "number", out->place->number);
	kt_jw_kstr(w, "package", out->place->name);
	kt_jw_kstr(w, "type", kt_pkg_type_word(act->type));
	kt_jw_obj_end(w);
}

int kt_act_place(int dir_fd, const struct kt_act *act, struct kt_place *place, struct kt_err *err)
{
	return kt_place_take(dir_fd, act->mandate_id, act->type, 1, NULL, 0, place, err);
}

int kt_act_write(struct kt_package *pkg, const struct kt_act *act, const struct kt_package_out *out,
		 struct kt_verify_result *res, struct kt_err *err)
{
	struct kt_jw w;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	put_act(pkg, act, out, &w);
	kt_buf_putc(&b, '\n');
	r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
		     : kt_package_add_bytes(pkg, KT_PKG_ACT, b.p, b.len, err);
	kt_buf_free(&b);
	return r < 0 ? r : kt_package_write(pkg, out, res, err);
}
