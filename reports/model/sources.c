/* SPDX-License-Identifier: EUPL-1.2 */
/* Which sources depend on one another, and which phone this is beside a camera's name. */
#include "reports/model/model.h"
#include "core/err.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Plugins of one source read the same thing or feed one another: a photo and its row in the library,
 * the exports of one account. Two of them are one witness. A plugin that is not here is its own source.
 */
static const struct {
	const char *plugin, *source;
	bool by_itself, phone_clock, camera, taken_down;
} groups[] = {
	{"media-exif", "camera", false, true, true, false},
	{"media-quicktime", "camera", false, true, true, false},
	{"ios-photos-db", "camera", false, true, true, false},
	{"mediastore", "camera", false, true, true, false},
	{"google-timeline", "google-account", true, false, false, false},
	{"google-takeout", "google-account", true, false, false, false},
	{"google-odlh", "google-account", true, false, false, false},
	{"ios-wifi-known", "wifi", true, true, false, false},
	{"android-wifi", "wifi", true, true, false, false},
	{"android-wifi-store", "wifi", true, true, false, false},
	{"ios-routined", "phone-location", true, true, false, false},
	{"android-location-state", "phone-location", false, true, false, false},
	{"ios-health-routes", "health", false, true, false, false},
	{"health-export", "health", false, true, false, false},
	{"tracks", "tracks", false, false, false, true},
	{"fit", "tracks", false, false, false, true},
	{"osmand-orux", "tracks", false, false, false, true},
	{"ios-cellular", "network", true, true, false, false},
	{"android-cells", "network", false, true, false, false},
	{"call-country", "network", false, true, false, false},
};

unsigned source_of(struct model *m, const char *plugin)
{
	struct source s = {.first = INT64_MAX, .last = INT64_MIN};

	snprintf(s.name, sizeof(s.name), "%s", plugin);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(groups[i].plugin, plugin) == 0) {
			snprintf(s.name, sizeof(s.name), "%s", groups[i].source);
			s.by_itself = groups[i].by_itself;
			s.phone_clock = groups[i].phone_clock;
			s.camera = groups[i].camera;
			s.taken_down = groups[i].taken_down;
		}
	for (unsigned i = 0; i < m->nsources; i++)
		if (strcmp(m->source[i].name, s.name) == 0) {
			m->source[i].by_itself |= s.by_itself;
			return i;
		}
	if (m->nsources == SOURCES_MAX)
		return SOURCES_MAX - 1; /* more plugins than the program has */
	m->source[m->nsources] = s;
	return m->nsources++;
}

/* -- the phone -------------------------------------------------------------------------------- */

/* What an iPhone calls its model, and what its pictures call it. */
static const char *const iphones[][2] = {
	{"iPhone8,1", "iPhone 6s"},
	{"iPhone8,2", "iPhone 6s Plus"},
	{"iPhone8,4", "iPhone SE"},
	{"iPhone9,1", "iPhone 7"},
	{"iPhone9,3", "iPhone 7"},
	{"iPhone9,2", "iPhone 7 Plus"},
	{"iPhone9,4", "iPhone 7 Plus"},
	{"iPhone10,1", "iPhone 8"},
	{"iPhone10,4", "iPhone 8"},
	{"iPhone10,2", "iPhone 8 Plus"},
	{"iPhone10,5", "iPhone 8 Plus"},
	{"iPhone10,3", "iPhone X"},
	{"iPhone10,6", "iPhone X"},
	{"iPhone11,2", "iPhone XS"},
	{"iPhone11,4", "iPhone XS Max"},
	{"iPhone11,6", "iPhone XS Max"},
	{"iPhone11,8", "iPhone XR"},
	{"iPhone12,1", "iPhone 11"},
	{"iPhone12,3", "iPhone 11 Pro"},
	{"iPhone12,5", "iPhone 11 Pro Max"},
	{"iPhone12,8", "iPhone SE (2nd generation)"},
	{"iPhone13,1", "iPhone 12 mini"},
	{"iPhone13,2", "iPhone 12"},
	{"iPhone13,3", "iPhone 12 Pro"},
	{"iPhone13,4", "iPhone 12 Pro Max"},
	{"iPhone14,2", "iPhone 13 Pro"},
	{"iPhone14,3", "iPhone 13 Pro Max"},
	{"iPhone14,4", "iPhone 13 mini"},
	{"iPhone14,5", "iPhone 13"},
	{"iPhone14,6", "iPhone SE (3rd generation)"},
	{"iPhone14,7", "iPhone 14"},
	{"iPhone14,8", "iPhone 14 Plus"},
	{"iPhone15,2", "iPhone 14 Pro"},
	{"iPhone15,3", "iPhone 14 Pro Max"},
	{"iPhone15,4", "iPhone 15"},
	{"iPhone15,5", "iPhone 15 Plus"},
	{"iPhone16,1", "iPhone 15 Pro"},
	{"iPhone16,2", "iPhone 15 Pro Max"},
	{"iPhone17,1", "iPhone 16 Pro"},
	{"iPhone17,2", "iPhone 16 Pro Max"},
	{"iPhone17,3", "iPhone 16"},
	{"iPhone17,4", "iPhone 16 Plus"},
	{"iPhone17,5", "iPhone 16e"},
};

static void add(char (*list)[64], unsigned *n, unsigned max, const char *text)
{
	for (unsigned i = 0; i < *n; i++)
		if (strcasecmp(list[i], text) == 0)
			return;
	if (*n < max && *text != '\0')
		snprintf(list[(*n)++], sizeof(list[0]), "%s", text);
}

static void add_iphone(struct phone *p, const char *type)
{
	add(p->make, &p->nmake, 4, "Apple");
	for (size_t i = 0; i < sizeof(iphones) / sizeof(iphones[0]); i++)
		if (strcmp(iphones[i][0], type) == 0) {
			add(p->model, &p->nmodel, 8, iphones[i][1]);
			return;
		}
	p->ios_unknown = true;
}

static int on_property(struct rep *r, const struct kt_jv *rec, const char *object)
{
	struct phone *p = &r->model->phone;
	const char *name = kt_jv_str(rec, "name"), *value = kt_jv_str(rec, "value"), *last;

	(void)object;
	if (name == NULL || value == NULL)
		return 0;
	last = name + strlen(name);
	while (last > name && last[-1] != '.' && last[-1] != '/')
		last--;
	if (strcmp(last, "ProductType") == 0 || strcmp(last, "Product Type") == 0)
		add_iphone(p, value);
	else if (strcmp(last, "manufacturer") == 0 || strcmp(last, "brand") == 0)
		add(p->make, &p->nmake, 4, value);
	else if (strcmp(last, "model") == 0)
		add(p->model, &p->nmodel, 8, value);
	return 0;
}

int phone_read(struct rep *r, struct phone *p)
{
	memset(p, 0, sizeof(*p));
	return rep_statements(r, "property", 4096, on_property);
}

static bool any(const char (*list)[64], unsigned n, const struct slice *s)
{
	for (unsigned i = 0; i < n; i++)
		if (s->n == strlen(list[i]) && strncasecmp(list[i], s->p, s->n) == 0)
			return true;
	return false;
}

int phone_is_camera(const struct phone *p, const struct slice *make, const struct slice *model)
{
	if (make->p != NULL && p->nmake > 0 && !any(p->make, p->nmake, make))
		return 0;
	if (model->p == NULL)
		return -1; /* a make alone is shared by many */
	if (p->nmodel == 0)
		return -1;
	return any(p->model, p->nmodel, model);
}
