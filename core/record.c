/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/record.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/time.h"

#include <string.h>

#define INT false
#define STR true
static const struct field {
	const char *name, *quoted; /* quoted: as a key of JSON */
	uint8_t quoted_len, group;
	bool is_str;
} fields[KT_F_COUNT] = {
	{NULL, NULL, 0, 0, false},
#define KT_FIELD(id, name, group, kind)                                                            \
	{name, KT_JW_QUOTED(name), sizeof(KT_JW_QUOTED(name)) - 1, KT_G_##group, kind},
#include "core/fields.def"
};
#undef INT
#undef STR

static const char *const group_names[KT_G_COUNT] = {
	"time", "position", "accuracy", "movement", "camera", "place", "network", "device",
};

static const char *const type_names[KT_REC_TYPE_END] = {
	NULL,	   "position", "visit",	  "movement", "media", "property",
	"setting", "user",     "network", "place",    "event",
};

static const char *const basis_names[KT_BASIS_END] = {
	NULL, "measured", "inferred", "user-edited", "other-device", "stated",
};

static const char *const time_kinds[KT_TIME_KIND_END] = {"none", "utc", "local", "boot"};
static const char *const pos_states[KT_POS_STATE_END] = {"none", "ok", "unusable"};
static const char *const loc_kinds[KT_LOC_END] = {NULL,	 "bytes", "json",  "line",
						  "row", "key",	  "member"};
static const char *const flag_names[] = {
	"null-island", "mock",	    "implausible-time", "coarse",
	"wrapped",     "duplicate", "bad-accuracy",	"trashed",
};

const char *kt_field_name(unsigned f)
{
	return f > 0 && f < KT_F_COUNT ? fields[f].name : NULL;
}

int kt_field_group(unsigned f)
{
	return f > 0 && f < KT_F_COUNT ? fields[f].group : -1;
}

bool kt_field_is_int(unsigned f)
{
	return f > 0 && f < KT_F_COUNT && !fields[f].is_str;
}

const char *kt_group_name(unsigned g)
{
	return g < KT_G_COUNT ? group_names[g] : NULL;
}

int kt_group_find(const char *name)
{
	for (int g = 0; g < KT_G_COUNT; g++)
		if (strcmp(group_names[g], name) == 0)
			return g;
	return -1;
}

const char *kt_rec_type_name(unsigned t)
{
	return t > 0 && t < KT_REC_TYPE_END ? type_names[t] : NULL;
}

const char *kt_basis_name(unsigned b)
{
	return b > 0 && b < KT_BASIS_END ? basis_names[b] : NULL;
}

void kt_rec_clear(struct kt_record *r)
{
	memset(r, 0, offsetof(struct kt_record, attr));
}

void kt_rec_copy(struct kt_record *to, const struct kt_record *from)
{
	memcpy(to, from, offsetof(struct kt_record, attr) + from->nattrs * sizeof(from->attr[0]));
}

void kt_rec_str(struct kt_record *r, enum kt_field f, const char *p, size_t len)
{
	struct kt_attr *a;

	if (r->nattrs >= KT_REC_ATTRS || p == NULL || len == 0)
		return;
	a = &r->attr[r->nattrs++];
	a->field = (uint16_t)f;
	a->s.p = p;
	a->s.len = (uint32_t)(len < KT_REC_STR_MAX ? len : KT_REC_STR_MAX);
	a->i = 0;
}

void kt_rec_int(struct kt_record *r, enum kt_field f, int64_t v)
{
	struct kt_attr *a;

	if (r->nattrs >= KT_REC_ATTRS)
		return;
	a = &r->attr[r->nattrs++];
	a->field = (uint16_t)f;
	a->s.p = NULL;
	a->s.len = 0;
	a->i = v;
}

const struct kt_attr *kt_rec_attr(const struct kt_record *r, enum kt_field f)
{
	for (unsigned i = 0; i < r->nattrs; i++)
		if (r->attr[i].field == f)
			return &r->attr[i];
	return NULL;
}

#define REASON_MAX 64u

static bool time_ok(int64_t t)
{
	return t >= KT_TIME_MIN && t <= KT_TIME_MAX;
}

/* Twice would be two members of one name in every JSON made of it. All fields are known ones. */
static bool attr_twice(const struct kt_record *r)
{
	uint64_t seen[KT_F_COUNT / 64 + 1] = {0};

	for (unsigned i = 0; i < r->nattrs; i++) {
		uint64_t *w = &seen[r->attr[i].field / 64], bit = UINT64_C(1)
								  << r->attr[i].field % 64;

		if ((*w & bit) != 0)
			return true;
		*w |= bit;
	}
	return false;
}

int kt_rec_check(const struct kt_record *r, struct kt_err *err)
{
	if (kt_rec_type_name(r->type) == NULL || kt_basis_name(r->basis) == NULL ||
	    r->time_kind >= KT_TIME_KIND_END || r->pos_state >= KT_POS_STATE_END)
		return KT_FAIL(err, KT_E_FORMAT, "record: unknown kind");
	if ((r->flags & ~KT_FLAG_ALL) != 0)
		return KT_FAIL(err, KT_E_FORMAT, "record: unknown flag");
	if ((r->time_kind != KT_TIME_NONE && !time_ok(r->t_us)) ||
	    (r->has_end && (!time_ok(r->t_end_us) || r->time_kind == KT_TIME_NONE)))
		return KT_FAIL(err, KT_E_FORMAT, "record: time out of range");
	if (r->pos_state == KT_POS_OK && (r->lat_e7 < -KT_E7_LAT_MAX || r->lat_e7 > KT_E7_LAT_MAX ||
					  r->lon_e7 < -KT_E7_LON_MAX || r->lon_e7 > KT_E7_LON_MAX))
		return KT_FAIL(err, KT_E_FORMAT, "record: position out of range");
	if (r->has_accuracy && (r->accuracy_mm < 0 || r->accuracy_mm > INT64_C(100000000000)))
		return KT_FAIL(err, KT_E_FORMAT, "record: accuracy out of range");
	if (r->pos_reason.len > REASON_MAX || r->raw.len > KT_REC_STR_MAX ||
	    r->loc.path.len > KT_REC_STR_MAX || r->nattrs > KT_REC_ATTRS)
		return KT_FAIL(err, KT_E_FORMAT, "record: text too long");
	if (r->loc.kind == 0 || r->loc.kind >= KT_LOC_END)
		return KT_FAIL(err, KT_E_FORMAT, "record: no locator");
	for (unsigned i = 0; i < r->nattrs; i++)
		if (kt_field_name(r->attr[i].field) == NULL || r->attr[i].s.len > KT_REC_STR_MAX)
			return KT_FAIL(err, KT_E_FORMAT, "record: bad attribute");
	if (attr_twice(r))
		return KT_FAIL(err, KT_E_FORMAT, "record: attribute stands twice");
	return 0;
}

/* Bits of the presence byte. */
#define HAS_END	     1u
#define HAS_ACCURACY 2u

/* Bytes up to the first text, and the most that a whole record can take. */
#define HEAD_LEN 58u
#define REC_MAX                                                                                    \
	(HEAD_LEN + 2 * (2 + KT_REC_STR_MAX) + (2 + REASON_MAX) + 1 +                              \
	 KT_REC_ATTRS * (4 + KT_REC_STR_MAX))

static uint8_t *put_str(uint8_t *p, const struct kt_str *s)
{
	kt_put_le16(p, (uint16_t)s->len);
	if (s->len > 0)
		memcpy(p + 2, s->p, s->len);
	return p + 2 + s->len;
}

/* Writes into room for REC_MAX bytes, which the check before has made enough; the end. */
static uint8_t *put_record(const struct kt_record *r, uint8_t *p)
{
	p[0] = r->type;
	p[1] = r->basis;
	p[2] = r->time_kind;
	p[3] = r->pos_state;
	p[4] = (uint8_t)((r->has_end ? HAS_END : 0) | (r->has_accuracy ? HAS_ACCURACY : 0));
	p[5] = r->loc.kind;
	kt_put_le32(p + 6, r->flags);
	kt_put_le64(p + 10, (uint64_t)r->t_us);
	kt_put_le64(p + 18, (uint64_t)r->t_end_us);
	kt_put_le32(p + 26, (uint32_t)r->lat_e7);
	kt_put_le32(p + 30, (uint32_t)r->lon_e7);
	kt_put_le64(p + 34, (uint64_t)r->accuracy_mm);
	kt_put_le64(p + 42, r->loc.off);
	kt_put_le64(p + 50, r->loc.len);
	p = put_str(p + HEAD_LEN, &r->loc.path);
	p = put_str(p, &r->pos_reason);
	p = put_str(p, &r->raw);
	*p++ = (uint8_t)r->nattrs;
	for (unsigned i = 0; i < r->nattrs; i++) {
		const struct kt_attr *a = &r->attr[i];

		kt_put_le16(p, a->field);
		p += 2;
		if (fields[a->field].is_str) {
			p = put_str(p, &a->s);
		} else {
			kt_put_le64(p, (uint64_t)a->i);
			p += 8;
		}
	}
	return p;
}

int kt_rec_encode(const struct kt_record *r, struct kt_buf *b, struct kt_err *err)
{
	int c = kt_rec_check(r, err);

	if (c < 0)
		return c;
	c = kt_buf_reserve(b, REC_MAX);
	if (c < 0)
		return KT_FAIL(err, c, "record does not fit");
	b->len = (size_t)(put_record(r, b->p + b->len) - b->p);
	return 0;
}

/* False: runs over the end. */
static bool get_str(const uint8_t **p, const uint8_t *end, struct kt_str *s)
{
	if (end - *p < 2)
		return false;
	s->len = kt_get_le16(*p);
	if ((size_t)(end - *p) - 2 < s->len)
		return false;
	s->p = (const char *)*p + 2;
	*p += 2 + s->len;
	return true;
}

static bool get_attr(const uint8_t **p, const uint8_t *end, struct kt_attr *a)
{
	a->s.p = "";
	a->s.len = 0;
	a->i = 0;
	if (end - *p < 2)
		return false;
	a->field = kt_get_le16(*p);
	*p += 2;
	if (!kt_field_is_int(a->field))
		return get_str(p, end, &a->s);
	if (end - *p < 8)
		return false;
	a->i = (int64_t)kt_get_le64(*p);
	*p += 8;
	return true;
}

int kt_rec_decode(struct kt_record *r, const void *bytes, size_t n, struct kt_err *err)
{
	const uint8_t *p = bytes, *end = p + n;
	unsigned nattrs;
	bool whole;

	kt_rec_clear(r);
	if (n < HEAD_LEN)
		return KT_FAIL(err, KT_E_FORMAT, "record: wrong length");
	r->type = p[0];
	r->basis = p[1];
	r->time_kind = p[2];
	r->pos_state = p[3];
	r->has_end = (p[4] & HAS_END) != 0;
	r->has_accuracy = (p[4] & HAS_ACCURACY) != 0;
	if ((p[4] & ~(HAS_END | HAS_ACCURACY)) != 0)
		return KT_FAIL(err, KT_E_FORMAT, "record: unknown presence bit");
	r->loc.kind = p[5];
	r->flags = kt_get_le32(p + 6);
	r->t_us = (int64_t)kt_get_le64(p + 10);
	r->t_end_us = (int64_t)kt_get_le64(p + 18);
	r->lat_e7 = (int32_t)kt_get_le32(p + 26);
	r->lon_e7 = (int32_t)kt_get_le32(p + 30);
	r->accuracy_mm = (int64_t)kt_get_le64(p + 34);
	r->loc.off = kt_get_le64(p + 42);
	r->loc.len = kt_get_le64(p + 50);
	p += HEAD_LEN;
	whole = get_str(&p, end, &r->loc.path) && get_str(&p, end, &r->pos_reason) &&
		get_str(&p, end, &r->raw) && p < end;
	nattrs = whole ? *p++ : 0;
	if (nattrs > KT_REC_ATTRS)
		return KT_FAIL(err, KT_E_FORMAT, "record: too many attributes");
	for (unsigned i = 0; whole && i < nattrs; i++)
		whole = get_attr(&p, end, &r->attr[r->nattrs++]);
	if (!whole || p != end)
		return KT_FAIL(err, KT_E_FORMAT, "record: wrong length");
	return kt_rec_check(r, err);
}

#define CLOCKS_DIFFER (10 * 60 * KT_US_PER_S)
#define ZONES_DIFFER  (14 * 3600 * KT_US_PER_S)

void kt_rec_flag_late(struct kt_record *r, int64_t acquired_us)
{
	bool ahead = r->basis == KT_BASIS_STATED && r->type != KT_REC_POSITION &&
		     r->type != KT_REC_MEDIA && r->type != KT_REC_NETWORK;
	int64_t now = acquired_us + CLOCKS_DIFFER;

	if (ahead || r->time_kind == KT_TIME_NONE)
		return;
	if (r->time_kind == KT_TIME_LOCAL)
		now += ZONES_DIFFER;
	if (r->t_us > now || (r->has_end && r->t_end_us > now))
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

/* Key and value in one. */
#define KSTR(w, key, s)	     (KT_JW_KEY(w, key), kt_jw_str(w, s))
#define KBYTES(w, key, p, n) (KT_JW_KEY(w, key), kt_jw_bytes(w, p, n))
#define KUINT(w, key, v)     (KT_JW_KEY(w, key), kt_jw_uint(w, v))

static void json_time(const struct kt_record *r, struct kt_jw *w)
{
	char t[KT_TIME_TEXT];
	bool local = r->time_kind == KT_TIME_LOCAL;

	KT_JW_KEY(w, "t");
	kt_jw_str(w, r->time_kind == KT_TIME_NONE || local ? NULL : kt_time_text(r->t_us, t));
	KSTR(w, "t_kind", time_kinds[r->time_kind]);
	if (local)
		KSTR(w, "t_local", kt_time_local_text(r->t_us, t));
	if (r->has_end)
		kt_jw_kstr(w, "t_end",
			   local ? kt_time_local_text(r->t_end_us, t)
				 : kt_time_text(r->t_end_us, t));
}

static void json_position(const struct kt_record *r, struct kt_jw *w)
{
	bool ok = r->pos_state == KT_POS_OK;

	KT_JW_KEY(w, "lat");
	if (ok)
		kt_jw_fixed(w, r->lat_e7, 7);
	else
		kt_jw_null(w);
	KT_JW_KEY(w, "lon");
	if (ok)
		kt_jw_fixed(w, r->lon_e7, 7);
	else
		kt_jw_null(w);
	KT_JW_KEY(w, "accuracy_m");
	if (r->has_accuracy)
		kt_jw_fixed(w, r->accuracy_mm, 3);
	else
		kt_jw_null(w);
	KSTR(w, "position", pos_states[r->pos_state]);
	if (r->pos_reason.len > 0)
		KBYTES(w, "position_reason", r->pos_reason.p, r->pos_reason.len);
}

void kt_rec_json(const struct kt_record *r, struct kt_jw *w)
{
	KSTR(w, "type", kt_rec_type_name(r->type));
	KSTR(w, "basis", kt_basis_name(r->basis));
	json_time(r, w);
	json_position(r, w);
	if (r->flags != 0) {
		KT_JW_KEY(w, "flags");
		kt_jw_arr(w);
		for (unsigned i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
			if ((r->flags & 1u << i) != 0)
				kt_jw_str(w, flag_names[i]);
		kt_jw_arr_end(w);
	}
	for (unsigned i = 0; i < r->nattrs; i++) {
		const struct kt_attr *a = &r->attr[i];
		kt_jw_quoted_key(w, fields[a->field].quoted, fields[a->field].quoted_len);
		if (kt_field_is_int(a->field))
			kt_jw_int(w, a->i);
		else
			kt_jw_bytes(w, a->s.p, a->s.len);
	}
	if (r->raw.len > 0)
		KBYTES(w, "raw", r->raw.p, r->raw.len);
	KT_JW_KEY(w, "locator");
	kt_jw_obj(w);
	KSTR(w, "kind", loc_kinds[r->loc.kind]);
	if (r->loc.path.len > 0)
		KBYTES(w, "path", r->loc.path.p, r->loc.path.len);
	KUINT(w, "offset", r->loc.off);
	KUINT(w, "length", r->loc.len);
	kt_jw_obj_end(w);
}
