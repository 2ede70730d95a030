/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is known before a phone is plugged in, when keten station is told what is to be done: does the
 * mandate hold for this operator, can the key be used, the folders be written, the statement be read.
 */
#include "cli/station.h"
#include "cli/steps.h"
#include "core/tr.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void judge(struct kt_station_asked *a, const char *id, int code, const struct kt_err *err,
		  const char *good, const char *remedy)
{
	if (a->n == KT_STATION_ASKED)
		return;
	a->id[a->n] = id;
	a->state[a->n] = code < 0 ? KT_STATION_FAILED : KT_STATION_GOOD;
	if (code < 0) {
		static const char above[] = " (see the line above)"; /* of a terminal */
		char *at;

		kt_err_story(err, a->text[a->n], sizeof(a->text[a->n]));
		at = strstr(a->text[a->n], above);
		if (at != NULL)
			memmove(at, at + sizeof(above) - 1, strlen(at + sizeof(above) - 1) + 1);
	}
	if (code >= 0)
		snprintf(a->text[a->n], sizeof(a->text[a->n]), "%s", good);
	a->remedy[a->n++] = code < 0 ? remedy : "";
}

static const char *authority_remedy(int code)
{
	switch (code) {
	case KT_E_REFUSED:
		return N_(
			"Ask whoever issued the mandate for one that holds, or name the key of an "
			"operator who may use it.");
	case KT_E_UNDETERMINED:
		return N_("Ask the administrator to put the authority's certificate into this "
			  "station's trust folder.");
	default:
		return N_("Name the operator's key: a file with key and certificate, or a card.");
	}
}

static void look_at_authority(const struct kt_opts *o, struct kt_station_asked *a)
{
	struct kt_authority au = {0};
	struct kt_err err = {0};
	bool known = o->case_dir != NULL && kt_case_exists(o->case_dir);
	int r = kt_authority_load(o, true, known, 0, &au, &err);

	judge(a, "authority", r, &err, N_("the mandate holds for this operator"),
	      authority_remedy(r));
	if (r == 0 && !known && au.mandate->two_stage) {
		r = kt_release_check(o, &au, &err);
		judge(a, "release", r, &err, N_("it can be sealed for those who may release it"),
		      N_("Ask the administrator to put the releasers' certificates where the "
			 "mandate's "
			 "recipients are looked for."));
	}
	kt_authority_free(&au);
}

/* The folder itself, or the nearest one above it that exists. */
static int can_write(const char *dir, struct kt_err *err)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s", dir) >= sizeof(path))
		return KT_FAIL(err, KT_E_USAGE, "the path is too long");
	while (access(path, F_OK) < 0 && errno == ENOENT && strrchr(path, '/') != NULL) {
		char *slash = strrchr(path, '/');

		slash[slash == path ? 1 : 0] = '\0';
	}
	if (access(path[0] != '\0' ? path : ".", W_OK | X_OK) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", path, strerror(errno));
	return 0;
}

static void look_at_folders(const struct kt_opts *o, struct kt_station_asked *a)
{
	const char *dirs[] = {o->case_dir, o->out_dir};
	struct kt_err err = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		r = dirs[i] != NULL ? can_write(dirs[i], &err) : 0;
	judge(a, "folders", r, &err, N_("case and package can be written"),
	      N_("Name another folder."));
}

void kt_station_look_asked(const struct kt_opts *o, struct kt_station_asked *a)
{
	struct kt_err err = {0};

	memset(a, 0, sizeof(*a));
	if (o->mandate != NULL && o->operator_key != NULL && o->operator_key[0] != '\0')
		look_at_authority(o, a);
	if (o->case_dir != NULL || o->out_dir != NULL)
		look_at_folders(o, a);
	if (o->statement != NULL)
		judge(a, "statement", kt_statement_check_file(o, &err), &err, N_("it can be read"),
		      N_("Mend the file, name another one, or leave it out."));
}
