/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs one plugin in process on a file and prints what `keten parsers ID --try` prints. For golden
 * cases under sanitizers; the real program runs the same cases through the sandbox.
 *
 * usage: try-parser ID FILE
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

int main(int argc, char **argv)
{
	struct kt_err err = {0};
	struct kt_buf b;
	int r = 2;

	if (argc != 3) {
		fprintf(stderr, "usage: try-parser ID FILE\n");
		return 2;
	}
	kt_buf_init(&b, 0);
	if (kt_path_read(argv[2], (size_t)1 << 30, &b, &err) < 0) {
		fprintf(stderr, "try-parser: %s\n", kt_err_text(&err));
		kt_buf_free(&b);
		return 2;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->id, argv[1]) == 0)
			r = kt_try_parse(all[i], b.p, b.len) < 0;
	kt_buf_free(&b);
	return r;
}
