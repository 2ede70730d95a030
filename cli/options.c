/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/subject.h"
#include "core/request.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_DEFAULT  120
#define KT_FORM_WORDS "phone, backup, image, carrier and file"

/* Value of "--name value" or "--name=value"; NULL when arg is another option. */
static const char *value_of(const char *name, int argc, char **argv, int *i, bool *missing)
{
	size_t n = strlen(name);

	if (argv[*i] == NULL || strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n] != '\0')
		return NULL;
	if (*i + 1 >= argc) {
		*missing = true;
		return NULL;
	}
	return argv[++*i];
}

static int parse_wait(const char *v, struct kt_opts *o, struct kt_err *err)
{
	char *end;
	unsigned long s = strtoul(v, &end, 10);

	if (*v == '\0' || *end != '\0' || s > 3600)
		return KT_FAIL(err, KT_E_USAGE, "--wait takes seconds from 0 to 3600");
	o->wait_s = (unsigned)s;
	o->wait_set = true;
	return 0;
}

static int parse_fd(const char *v, struct kt_opts *o, struct kt_err *err)
{
	char *end;
	unsigned long fd = strtoul(v, &end, 10);

	if (*v == '\0' || *end != '\0' || fd < 3 || fd > 1023)
		return KT_FAIL(err, KT_E_USAGE, "--password-fd takes 3 to 1023");
	o->password_fd = (int)fd;
	return 0;
}

static int parse_valued(int argc, char **argv, int *i, struct kt_opts *o, bool *taken,
			struct kt_err *err)
{
	const struct {
		const char *name, **to;
	} valued[] = {
		{"--mandate", &o->mandate},   {"--device", &o->device},
		{"--marks", &o->marks},	      {"--offset", &o->offset},
		{"--judged", &o->judged},     {"--until", &o->until},
		{"--length", &o->length},     {"--operator", &o->operator_key},
		{"--case", &o->case_dir},     {"--out", &o->out_dir},
		{"--trust", &o->trust},	      {"--text", &o->text},
		{"--from", &o->from},	      {"--interpreter", &o->interpreter},
		{"--lang", &o->lang},	      {"--information", &o->information},
		{"--html", &o->html},	      {"--tsa-trust", &o->tsa_trust},
		{"--crl", &o->crl},	      {"--pinentry", &o->pinentry},
		{"--reason", &o->reason},     {"--note", &o->note},
		{"--plugin", &o->plugin},     {"--to", &o->to},
		{"--purpose", &o->purpose},   {"--statement", &o->statement},
		{"--envelope", &o->envelope}, {"--second", &o->second},
	};
	bool missing = false;
	const char *v, *arg = argv[*i];

	*taken = true;
	for (size_t k = 0; k < sizeof(valued) / sizeof(valued[0]); k++) {
		v = value_of(valued[k].name, argc, argv, i, &missing);
		if (v != NULL) {
			*valued[k].to = v;
			return 0;
		}
	}
	v = value_of("--tsa", argc, argv, i, &missing);
	if (v != NULL) {
		if (o->ntsa == KT_TSA_MAX)
			return KT_FAIL(err, KT_E_USAGE, "at most %d authorities with --tsa",
				       KT_TSA_MAX);
		o->tsa[o->ntsa++] = v;
		return 0;
	}
	v = value_of("--releaser", argc, argv, i, &missing);
	if (v != NULL) {
		if (o->nreleasers >= KT_RELEASERS_MAX)
			return KT_FAIL(err, KT_E_USAGE, "at most %d releasers", KT_RELEASERS_MAX);
		o->releasers[o->nreleasers++] = v;
		return 0;
	}
	v = value_of("--form", argc, argv, i, &missing);
	if (v != NULL) {
		o->form = kt_form_find(v);
		return o->form != 0 ? 0 : KT_FAIL(err, KT_E_USAGE, "--form knows " KT_FORM_WORDS);
	}
	v = value_of("--subject", argc, argv, i, &missing);
	if (v != NULL) {
		o->subject = v;
		return kt_subject_is_position(v)
			       ? 0
			       : KT_FAIL(err, KT_E_USAGE,
					 "--subject knows agrees, objects and not-asked");
	}
	v = value_of("--password-fd", argc, argv, i, &missing);
	if (v != NULL)
		return parse_fd(v, o, err);
	v = value_of("--wait", argc, argv, i, &missing);
	if (v != NULL)
		return parse_wait(v, o, err);
	v = value_of("--progress", argc, argv, i, &missing);
	if (v != NULL) {
		if (strcmp(v, "json") != 0)
			return KT_FAIL(err, KT_E_USAGE, "--progress knows only json");
		o->progress_json = true;
		return 0;
	}
	*taken = false;
	return missing ? KT_FAIL(err, KT_E_USAGE, "%.60s needs a value", arg) : 0;
}

int kt_opts_parse(int argc, char **argv, struct kt_opts *o, struct kt_err *err)
{
	memset(o, 0, sizeof(*o));
	o->wait_s = WAIT_DEFAULT;
	o->password_fd = -1;
	o->args = calloc((size_t)argc, sizeof(*o->args));
	if (o->args == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	for (int i = 2; i < argc; i++) {
		bool taken;
		int r = parse_valued(argc, argv, &i, o, &taken, err);

		if (r < 0)
			return r;
		if (taken)
			continue;
		if (strcmp(argv[i], "--json") == 0)
			o->json = true;
		else if (strcmp(argv[i], "--simulated") == 0)
			o->simulated = true;
		else if (strcmp(argv[i], "--reproduce") == 0)
			o->reproduce = true;
		else if (strcmp(argv[i], "--try") == 0)
			o->try_file = true;
		else if (strcmp(argv[i], "--count") == 0)
			o->count_only = true;
		else if (strcmp(argv[i], "--help") == 0)
			o->help = true;
		else if (argv[i][0] == '-' && argv[i][1] != '\0')
			return KT_FAIL(err, KT_E_USAGE, "unknown option %.60s", argv[i]);
		else
			o->args[o->nargs++] = argv[i];
	}
	return 0;
}

int kt_need(const char *value, const char *what, struct kt_err *err)
{
	return value != NULL ? 0 : KT_FAIL(err, KT_E_USAGE, "name %s", what);
}

void kt_opts_free(struct kt_opts *o)
{
	free(o->args);
	o->args = NULL;
}
