/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs one plugin in process on files and prints what `keten parsers ID --try` prints. For golden
 * cases under sanitizers; the real program runs the same cases through the sandbox.
 *
 * usage: try-parser ID FILE...     FILE-wal and FILE-journal are used when they lie beside FILE
 */
#include "core/io.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#define KT_PLUGIN(ident, ...) extern const struct kt_parser kt_parser_##ident;
#include "parsers/plugins.def"

static const struct kt_parser *const all[] = {
#define KT_PLUGIN(ident, ...) &kt_parser_##ident,
#include "parsers/plugins.def"
};

/* A sibling of FILE that is not there is no error. */
static int read_sibling(const char *path, const char *ending, struct kt_buf *b,
			struct kt_fuzz_sibling *sib, struct kt_err *err)
{
	char name[4096];
	int r;

	kt_buf_init(b, (size_t)1 << 30);
	snprintf(name, sizeof(name), "%s%s", path, ending);
	r = kt_path_read(name, (size_t)1 << 30, b, err);
	if (r == KT_E_ABSENT)
		return 0;
	sib->p = b->p != NULL ? b->p : (const uint8_t *)"";
	sib->n = b->len;
	return r;
}

/* 0: read to its end; 1: not; 2: the file can't be had. */
static int try_file(const struct kt_parser *p, const char *path)
{
	struct kt_fuzz_sibling sib[KT_SIBLINGS] = {{NULL, 0}};
	struct kt_buf b, side[KT_SIBLINGS];
	struct kt_err err = {0};
	int r;

	kt_buf_init(&b, (size_t)1 << 30);
	for (int i = 0; i < KT_SIBLINGS; i++)
		kt_buf_init(&side[i], 0);
	r = kt_path_read(path, (size_t)1 << 30, &b, &err);
	if (r == 0)
		r = read_sibling(path, "-wal", &side[KT_SIBLING_WAL], &sib[KT_SIBLING_WAL], &err);
	if (r == 0)
		r = read_sibling(path, "-journal", &side[KT_SIBLING_JOURNAL],
				 &sib[KT_SIBLING_JOURNAL], &err);
	if (r < 0)
		fprintf(stderr, "try-parser: %s\n", kt_err_text(&err));
	r = r < 0 ? 2 : kt_try_parse(p, b.p, b.len, sib) < 0;
	kt_buf_free(&b);
	for (int i = 0; i < KT_SIBLINGS; i++)
		kt_buf_free(&side[i]);
	return r;
}

int main(int argc, char **argv)
{
	const struct kt_parser *p = NULL;
	int worst = 0;

	for (size_t i = 0; argc >= 3 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->id, argv[1]) == 0)
			p = all[i];
	if (p == NULL) {
		fprintf(stderr, "usage: try-parser ID FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		int r;

		if (argc > 3)
			printf("{\"type\":\"file\",\"name\":\"%s\"}\n", argv[i]);
		r = try_file(p, argv[i]);
		worst = r > worst ? r : worst;
	}
	return worst;
}
