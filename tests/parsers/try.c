/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs one plugin in process on a file and prints what `keten parsers ID --try` prints. For golden
 * cases under sanitizers; the real program runs the same cases through the sandbox.
 *
 * usage: try-parser ID FILE        FILE-wal and FILE-journal are used when they lie beside FILE
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

int main(int argc, char **argv)
{
	struct kt_fuzz_sibling sib[KT_SIBLINGS] = {{NULL, 0}};
	struct kt_buf b, side[KT_SIBLINGS];
	struct kt_err err = {0};
	int r = 2;

	if (argc != 3) {
		fprintf(stderr, "usage: try-parser ID FILE\n");
		return 2;
	}
	kt_buf_init(&b, (size_t)1 << 30);
	if (kt_path_read(argv[2], (size_t)1 << 30, &b, &err) < 0 ||
	    read_sibling(argv[2], "-wal", &side[KT_SIBLING_WAL], &sib[KT_SIBLING_WAL], &err) < 0 ||
	    read_sibling(argv[2], "-journal", &side[KT_SIBLING_JOURNAL], &sib[KT_SIBLING_JOURNAL],
			 &err) < 0) {
		fprintf(stderr, "try-parser: %s\n", kt_err_text(&err));
		return 2;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->id, argv[1]) == 0)
			r = kt_try_parse(all[i], b.p, b.len, sib) < 0;
	kt_buf_free(&b);
	for (int i = 0; i < KT_SIBLINGS; i++)
		kt_buf_free(&side[i]);
	return r;
}
