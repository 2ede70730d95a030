/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Records read flat. The store holds what kt_rec_json() wrote, so this looks for members and values
 * alone and leaves out what it does not know; it never reads behind the bytes given.
 */
#include "reports/model/model.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *key;
	uint8_t n, slot;
} keys[] = {
#define KEY(text, slot)                                                                            \
	{                                                                                          \
		text, sizeof(text) - 1, slot                                                       \
	}
	KEY("type", S_TYPE),
	KEY("basis", S_BASIS),
	KEY("t_kind", S_T_KIND),
	KEY("t_end", S_T_END),
	KEY("lat", S_LAT),
	KEY("lon", S_LON),
	KEY("accuracy_m", S_ACCURACY),
	KEY("position", S_POSITION),
	KEY("flags", S_FLAGS),
	KEY("camera_make", S_MAKE),
	KEY("camera_model", S_MODEL),
	KEY("software", S_SOFTWARE),
	KEY("edited_by", S_EDITED_BY),
	KEY("origin", S_ORIGIN),
	KEY("gps_time", S_GPS_TIME),
	KEY("time_difference_s", S_DIFFERENCE),
	KEY("mcc", S_MCC),
	KEY("name", S_NAME),
	KEY("value", S_VALUE),
#undef KEY
};

struct cursor {
	const char *p, *end;
};

/* Behind the closing quote; c stands on the opening one. */
static struct slice string(struct cursor *c)
{
	struct slice s = {c->p + 1, 0};

	for (c->p++; c->p < c->end && *c->p != '"'; c->p++)
		if (*c->p == '\\')
			c->p++;
	if (c->p > c->end)
		c->p = c->end;
	s.n = (size_t)(c->p - s.p);
	if (c->p < c->end)
		c->p++;
	return s;
}

/* A value of any kind: text without quotes, the rest as written. */
static struct slice value(struct cursor *c)
{
	struct slice s = {c->p, 0};
	int depth = 0;

	if (c->p < c->end && *c->p == '"')
		return string(c);
	while (c->p < c->end) {
		char ch = *c->p;

		if (ch == '"') {
			string(c);
			continue;
		}
		if (depth == 0 && (ch == ',' || ch == '}'))
			break;
		depth += (ch == '{' || ch == '[') - (ch == '}' || ch == ']');
		c->p++;
	}
	s.n = (size_t)(c->p - s.p);
	if (s.n == 4 && memcmp(s.p, "null", 4) == 0)
		s.p = NULL;
	return s;
}

void view_read(struct view *v, const char *json, size_t n)
{
	struct cursor c = {json + (n > 0), json + n};

	memset(v, 0, sizeof(*v));
	while (c.p < c.end && *c.p == '"') {
		struct slice key = string(&c), val;

		if (c.p < c.end)
			c.p++; /* the colon */
		val = value(&c);
		if (c.p < c.end)
			c.p++; /* a comma, or the end */
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (keys[i].n == key.n && memcmp(keys[i].key, key.p, key.n) == 0) {
				v->v[keys[i].slot] = val;
				break;
			}
		if (key.n == 7 && memcmp(key.p, "locator", 7) == 0)
			return; /* always the last one */
	}
}

bool slice_is(const struct slice *s, const char *text)
{
	return s->p != NULL && s->n == strlen(text) && memcmp(s->p, text, s->n) == 0;
}

bool slice_has(const struct slice *s, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; s->p != NULL && i + n <= s->n; i++)
		if (strncasecmp(s->p + i, text, n) == 0)
			return true;
	return false;
}

bool slice_fixed(const struct slice *s, unsigned decimals, int64_t *out)
{
	size_t i = 0;
	int64_t v = 0;
	bool neg = s->p != NULL && s->n > 0 && s->p[0] == '-';

	if (s->p == NULL || s->n == (size_t)neg || s->n > 18)
		return false;
	for (i = neg; i < s->n; i++) {
		if (s->p[i] == '.')
			continue;
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	if (decimals > 0 && (s->n <= decimals || s->p[s->n - decimals - 1] != '.'))
		return false;
	*out = neg ? -v : v;
	return true;
}
