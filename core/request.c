/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/request.h"

#include <string.h>

static const struct kt_request table[] = {
#define KT_SHELL(id, name, command, max_bytes, wall_s)                                             \
	{KT_REQ_##id, KT_REQ_KIND_SHELL, name, command, max_bytes, wall_s},
#define KT_ROOT(id, name, path) {KT_REQ_##id, KT_REQ_KIND_ROOT, name, path, 0, 0},
#include "core/requests.def"
};

const struct kt_request *kt_request_get(unsigned id)
{
	/* ids count from 1 in the order of the table */
	if (id == 0 || id >= KT_REQ_COUNT)
		return NULL;
	return &table[id - 1];
}

const struct kt_request *kt_request_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}
