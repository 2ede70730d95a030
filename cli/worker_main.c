/* SPDX-License-Identifier: EUPL-1.2 */
/* keten-worker: which plugins there are. All the rest is in parsers/worker. */
#include "parsers/worker/worker.h"

#define KT_PLUGIN(ident, ...) extern const struct kt_parser kt_parser_##ident;
#include "parsers/plugins.def"

int main(void)
{
	static const struct kt_worker_entry table[] = {
#define KT_PLUGIN(ident, ...) {&kt_parser_##ident},
#include "parsers/plugins.def"
	};

	return kt_worker_main(table, sizeof(table) / sizeof(table[0]));
}
