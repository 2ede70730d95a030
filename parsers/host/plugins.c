/* SPDX-License-Identifier: EUPL-1.2 */
/* plugins.def as tables. */
#include "core/request.h"
#include "core/want.h"
#include "parsers/host/host.h"

#include <string.h>

#define KT_PLUGIN(ident, id, ...) static const char id_##ident[] = id;
#include "parsers/plugins.def"

#define KT_ABSENCE(ident, text) static const char absence_##ident[] = text;
#include "parsers/plugins.def"

const struct kt_plugin_info kt_plugins[] = {
#define KT_PLUGIN(ident, id, version, title, status, as_mib, cpu_s, wall_s)                        \
	{id_##ident, version, title, status, absence_##ident, as_mib, cpu_s, wall_s},
#include "parsers/plugins.def"
};
const size_t kt_plugins_n = sizeof(kt_plugins) / sizeof(kt_plugins[0]);

const struct kt_want kt_wants[] = {
#define KT_WANT(ident, request, take, globs, max_bytes)                                            \
	{id_##ident, KT_REQ_##request, KT_TAKE_##take, globs, max_bytes},
#include "parsers/plugins.def"
};
const size_t kt_wants_n = sizeof(kt_wants) / sizeof(kt_wants[0]);

const char *kt_plugin_reads(const char *id)
{
	static const struct {
		const char *id, *text;
	} reads[] = {
#define KT_READS(ident, text) {id_##ident, text},
#include "parsers/plugins.def"
	};

	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		if (strcmp(reads[i].id, id) == 0)
			return reads[i].text;
	return "";
}

const struct kt_plugin_info *kt_plugin_find(const char *id)
{
	for (size_t i = 0; i < kt_plugins_n; i++)
		if (strcmp(kt_plugins[i].id, id) == 0)
			return &kt_plugins[i];
	return NULL;
}
