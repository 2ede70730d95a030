/* SPDX-License-Identifier: EUPL-1.2 */
/* Which observations are positions of this phone: the first rule that applies, and its word. */
#include "reports/model/model.h"

#include <string.h>

static const char *const names[WHY_COUNT] = {
	"statement",	    "named-place",     "no-usable-position",
	"null-island",	    "simulated-fix",   "other-device",
	"edited",	    "planned",	       "other-camera",
	"camera-not-named", "phone-not-known", "received",
	"repeated",	    "undated",	       "time-not-plausible",
	"position",
};

const char *why_name(unsigned why)
{
	return why < WHY_COUNT ? names[why] : "";
}

/* Programs that change pictures and write their name into them. */
static bool edited(const struct view *v)
{
	static const char *const editors[] = {
		"photoshop", "lightroom", "snapseed", "picsart", "gimp",      "vsco",
		"canva",     "facetune",  "exiftool", "pixlr",	 "paint.net", "adobe",
	};

	if (v->v[S_EDITED_BY].p != NULL)
		return true;
	for (size_t i = 0; i < sizeof(editors) / sizeof(editors[0]); i++)
		if (slice_has(&v->v[S_SOFTWARE], editors[i]))
			return true;
	return false;
}

/* Folders in which messages, downloads and exchanges end up. */
static bool received(const struct ob_input *in)
{
	static const char *const folders[] = {
		"whatsapp",    "telegram", "signal",	"viber",    "messenger",   "download",
		"/bluetooth/", "snapchat", "instagram", "facebook", "tiktok",	   "wechat",
		"weixin",      "threema",  "xender",	"shareit",  "quick share", "nearby share",
		"sharing",     "/imo/",	   "/line/",	"received",
	};
	const struct slice path = {in->path, in->path != NULL ? strlen(in->path) : 0};
	const struct slice *origin = &in->v->v[S_ORIGIN];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (slice_has(&path, folders[i]))
			return true;
	/* the library names the app that put a picture in, the index its folder */
	return origin->p != NULL && !slice_is(origin, "com.apple.camera") &&
	       !slice_is(origin, "camera-folder");
}

static enum why of_picture(const struct model *m, const struct ob_input *in)
{
	const struct slice *make = &in->v->v[S_MAKE], *model = &in->v->v[S_MODEL];
	int same;

	if (make->p == NULL && model->p == NULL)
		return WHY_NO_CAMERA;
	same = phone_is_camera(&m->phone, make, model);
	if (same == 0)
		return WHY_OTHER_CAMERA;
	if (same < 0)
		return WHY_PHONE_UNKNOWN;
	return received(in) ? WHY_RECEIVED : WHY_POSITION;
}

static bool flag(const struct view *v, const char *name)
{
	return slice_has(&v->v[S_FLAGS], name);
}

enum why use_decide(const struct model *m, const struct ob_input *in)
{
	const struct view *v = in->v;
	const struct slice *type = &v->v[S_TYPE], *basis = &v->v[S_BASIS];
	enum why why;

	if (slice_is(type, "place"))
		return WHY_NAMED;
	if (v->v[S_POSITION].p == NULL || slice_is(&v->v[S_POSITION], "none"))
		return WHY_STATEMENT;
	if (!slice_is(&v->v[S_POSITION], "ok"))
		return WHY_UNUSABLE;
	if (flag(v, "null-island"))
		return WHY_NULL_ISLAND;
	if (flag(v, "mock"))
		return WHY_SIMULATED;
	if (slice_is(basis, "other-device"))
		return WHY_OTHER_DEVICE;
	if (slice_is(basis, "user-edited") || (in->source->camera && edited(v)))
		return WHY_EDITED;
	if (slice_is(basis, "stated") && !in->source->camera)
		return WHY_PLANNED;
	if (in->source->camera) {
		why = of_picture(m, in);
		if (why != WHY_POSITION)
			return why;
	}
	if (flag(v, "duplicate"))
		return WHY_REPEATED;
	if (!in->timed)
		return WHY_UNDATED;
	if (flag(v, "implausible-time"))
		return WHY_TIME;
	return WHY_POSITION;
}
