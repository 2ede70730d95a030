/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/request.h"

#include <string.h>

static const struct kt_request table[] = {
#define KT_SHELL(i, n, command, bytes, wall)                                                       \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_SHELL,                                                                \
	 .name = (n),                                                                              \
	 .text = (command),                                                                        \
	 .platform = KT_PLATFORM_ANDROID,                                                          \
	 .forms = KT_FORM_PHONE,                                                                   \
	 .max_bytes = (bytes),                                                                     \
	 .wall_s = (wall)},
#define KT_ROOT(i, n, path)                                                                        \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_ROOT,                                                                 \
	 .name = (n),                                                                              \
	 .text = (path),                                                                           \
	 .platform = KT_PLATFORM_ANDROID,                                                          \
	 .forms = KT_FORM_PHONE | KT_FORM_IMAGE | KT_FORM_CARRIER},
#define KT_DROIDFILE(i, n, paths)                                                                  \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_DROIDFILE,                                                            \
	 .name = (n),                                                                              \
	 .text = (paths),                                                                          \
	 .platform = KT_PLATFORM_ANDROID,                                                          \
	 .forms = KT_FORM_IMAGE,                                                                   \
	 .reach = KT_REACH_IMAGE},
#define KT_MEDIA(i, n, path)                                                                       \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_MEDIA,                                                                \
	 .name = (n),                                                                              \
	 .text = (path),                                                                           \
	 .platform = KT_PLATFORM_IOS,                                                              \
	 .forms = KT_FORM_PHONE | KT_FORM_BACKUP | KT_FORM_IMAGE,                                  \
	 .reach = KT_REACH_ANY},
#define KT_IOSFILE(i, n, dom, path, how)                                                           \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_IOSFILE,                                                              \
	 .name = (n),                                                                              \
	 .text = (path),                                                                           \
	 .domain = (dom),                                                                          \
	 .platform = KT_PLATFORM_IOS,                                                              \
	 .forms = KT_REACH_##how == KT_REACH_IMAGE                                                 \
			  ? KT_FORM_IMAGE                                                          \
			  : KT_FORM_PHONE | KT_FORM_BACKUP | KT_FORM_IMAGE,                        \
	 .reach = KT_REACH_##how},
#define KT_VALUES(i, n, src, dom, k)                                                               \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_VALUES,                                                               \
	 .name = (n),                                                                              \
	 .text = (k),                                                                              \
	 .domain = (dom),                                                                          \
	 .source = (src),                                                                          \
	 .platform = KT_PLATFORM_IOS,                                                              \
	 .forms = sizeof(src) == sizeof("lockdown") ? KT_FORM_PHONE                                \
						    : KT_FORM_PHONE | KT_FORM_BACKUP,              \
	 .max_bytes = 1 << 20,                                                                     \
	 .wall_s = 60,                                                                             \
	 .reach = KT_REACH_ANY},
#define KT_HANDED(i, n)                                                                            \
	{.id = KT_REQ_##i,                                                                         \
	 .kind = KT_REQ_KIND_HANDED,                                                               \
	 .name = (n),                                                                              \
	 .text = "a file that the person handed over",                                             \
	 .platform = KT_PLATFORM_ANDROID | KT_PLATFORM_IOS,                                        \
	 .forms = KT_FORM_FILE},
#include "core/requests.def"
};

static const struct {
	const char *name;
	enum kt_form form;
} forms[] = {
	{"phone", KT_FORM_PHONE}, {"backup", KT_FORM_BACKUP},	{"image", KT_FORM_IMAGE},
	{"file", KT_FORM_FILE},	  {"carrier", KT_FORM_CARRIER},
};

const struct kt_request *kt_request_get(unsigned id)
{
	/* ids count from 1 in the order of the table */
	if (id == 0 || id >= KT_REQ_COUNT)
		return NULL;
	return &table[id - 1];
}

const char *kt_request_kind_name(const struct kt_request *q)
{
	static const char *const names[] = {"",	     "command", "folder", "image-file",
					    "media", "file",	"values", "handed"};

	return q != NULL && q->kind <= KT_REQ_KIND_HANDED ? names[q->kind] : "";
}

const char *kt_form_name(unsigned form)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].form == form)
			return forms[i].name;
	return NULL;
}

unsigned kt_form_find(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i].name, name) == 0)
			return forms[i].form;
	return 0;
}

unsigned kt_platform_find(const char *name)
{
	return strcmp(name, "android") == 0 ? KT_PLATFORM_ANDROID
	       : strcmp(name, "ios") == 0   ? KT_PLATFORM_IOS
					    : 0;
}
