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
	const char *name;
	uint8_t group;
	bool is_str;
} fields[KT_F_COUNT] = {
	{NULL, 0, false},
#define KT_FIELD(id, name, group, kind) {name, KT_G_##group, kind},
#include "core/fields.def"
};
#undef INT
#undef STR

static const char *const group_names[KT_G_COUNT] = {
	"time", "position", "accuracy", "movement", "camera", "place", "network", "device",
};

static const char *const type_names[KT_REC_TYPE_END] = {
	NULL, "position", "visit", "movement", "media", "property", "setting", "user", "network",
	"place", "event",
};

static const char *const basis_names[KT_BASIS_END] = {
	NULL, "measured", "inferred", "user-edited", "other-device", "stated",
};

static const char *const time_kinds[KT_TIME_KIND_END] = {"none", "utc", "local", "boot"};
static const char *const pos_states[KT_POS_STATE_END] = {"none", "ok", "unusable"};
static const char *const loc_kinds[KT_LOC_END] = {NULL,  "bytes", "json",  "line",
						  "row", "key",	"member"};
static const char *const flag_names[] = {
	"null-island", "mock", "implausible-time", "coarse", "wrapped", "duplicate", "bad-accuracy",
	"trashed",
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
	memset(a, 0, sizeof(*a));
	a->field = (uint16_t)f;
	a->i = v;
}

const struct kt_attr *kt_rec_attr(const struct kt_record *r, enum kt_field f)
{
	for (unsigned i = 0; i < r->nattrs; i++)
		if (r->attr[i].field == f)
			return &r->attr[i];
	return NULL;
}

static bool time_ok(int64_t t)
{
	return t >= KT_TIME_MIN && t <= KT_TIME_MAX;
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
	if (r->pos_reason.len > 64 || r->raw.len > KT_REC_STR_MAX ||
	    r->loc.path.len > KT_REC_STR_MAX || r->nattrs > KT_REC_ATTRS)
		return KT_FAIL(err, KT_E_FORMAT, "record: text too long");
	if (r->loc.kind == 0 || r->loc.kind >= KT_LOC_END)
		return KT_FAIL(err, KT_E_FORMAT, "record: no locator");
	for (unsigned i = 0; i < r->nattrs; i++)
		if (kt_field_name(r->attr[i].field) == NULL || r->attr[i].s.len > KT_REC_STR_MAX)
			return KT_FAIL(err, KT_E_FORMAT, "record: bad attribute");
	/* twice would be two members of one name in every JSON made of it */
	for (unsigned i = 1; i < r->nattrs; i++)
		for (unsigned k = 0; k < i; k++)
			if (r->attr[k].field == r->attr[i].field)
				return KT_FAIL(err, KT_E_FORMAT, "record: attribute stands twice");
	return 0;
}

/* Bits of the presence byte. */
#define HAS_END	     1u
#define HAS_ACCURACY 2u

static void put_str(struct kt_buf *b, const struct kt_str *s)
{
	kt_buf_put_le16(b, (uint16_t)s->len);
	kt_buf_put(b, s->p, s->len);
}

int kt_rec_encode(const struct kt_record *r, struct kt_buf *b, struct kt_err *err)
{
	uint8_t head[50];
	int c = kt_rec_check(r, err);

	if (c < 0)
		return c;
	head[0] = r->type;
	head[1] = r->basis;
	head[2] = r->time_kind;
	head[3] = r->pos_state;
	head[4] = (uint8_t)((r->has_end ? HAS_END : 0) | (r->has_accuracy ? HAS_ACCURACY : 0));
	head[5] = r->loc.kind;
	kt_put_le32(head + 6, r->flags);
	kt_put_le64(head + 10, (uint64_t)r->t_us);
	kt_put_le64(head + 18, (uint64_t)r->t_end_us);
	kt_put_le32(head + 26, (uint32_t)r->lat_e7);
	kt_put_le32(head + 30, (uint32_t)r->lon_e7);
	kt_put_le64(head + 34, (uint64_t)r->accuracy_mm);
	kt_put_le64(head + 42, r->loc.off);
	kt_buf_put(b, head, sizeof(head));
	kt_buf_put_le64(b, r->loc.len);
	put_str(b, &r->loc.path);
	put_str(b, &r->pos_reason);
	put_str(b, &r->raw);
	kt_buf_put_u8(b, (uint8_t)r->nattrs);
	for (unsigned i = 0; i < r->nattrs; i++) {
		const struct kt_attr *a = &r->attr[i];
		kt_buf_put_le16(b, a->field);
		if (kt_field_is_int(a->field))
			kt_buf_put_le64(b, (uint64_t)a->i);
		else
			put_str(b, &a->s);
	}
	return b->failed ? KT_FAIL(err, KT_E_LIMIT, "record does not fit") : 0;
}

static void get_str(struct kt_rd *rd, struct kt_str *s)
{
	s->len = kt_rd_le16(rd);
	s->p = (const char *)kt_rd_bytes(rd, s->len);
	if (s->p == NULL) {
		s->p = "";
		s->len = 0;
	}
}

int kt_rec_decode(struct kt_record *r, const void *p, size_t n, struct kt_err *err)
{
	struct kt_rd rd;
	uint8_t has;

	memset(r, 0, sizeof(*r));
	kt_rd_init(&rd, p, n);
	r->type = kt_rd_u8(&rd);
	r->basis = kt_rd_u8(&rd);
	r->time_kind = kt_rd_u8(&rd);
	r->pos_state = kt_rd_u8(&rd);
	has = kt_rd_u8(&rd);
	r->has_end = (has & HAS_END) != 0;
	r->has_accuracy = (has & HAS_ACCURACY) != 0;
	r->loc.kind = kt_rd_u8(&rd);
	r->flags = kt_rd_le32(&rd);
	r->t_us = (int64_t)kt_rd_le64(&rd);
	r->t_end_us = (int64_t)kt_rd_le64(&rd);
	r->lat_e7 = (int32_t)kt_rd_le32(&rd);
	r->lon_e7 = (int32_t)kt_rd_le32(&rd);
	r->accuracy_mm = (int64_t)kt_rd_le64(&rd);
	r->loc.off = kt_rd_le64(&rd);
	r->loc.len = kt_rd_le64(&rd);
	get_str(&rd, &r->loc.path);
	get_str(&rd, &r->pos_reason);
	get_str(&rd, &r->raw);
	r->nattrs = kt_rd_u8(&rd);
	if (r->nattrs > KT_REC_ATTRS)
		return KT_FAIL(err, KT_E_FORMAT, "record: too many attributes");
	for (unsigned i = 0; i < r->nattrs; i++) {
		struct kt_attr *a = &r->attr[i];
		a->field = kt_rd_le16(&rd);
		if (kt_field_is_int(a->field))
			a->i = (int64_t)kt_rd_le64(&rd);
		else
			get_str(&rd, &a->s);
	}
	if (rd.failed || kt_rd_left(&rd) > 0)
		return KT_FAIL(err, KT_E_FORMAT, "record: wrong length");
	if ((has & ~(HAS_END | HAS_ACCURACY)) != 0)
		return KT_FAIL(err, KT_E_FORMAT, "record: unknown presence bit");
	return kt_rec_check(r, err);
}

static void json_time(const struct kt_record *r, struct kt_jw *w)
{
	char t[KT_TIME_TEXT];
	bool local = r->time_kind == KT_TIME_LOCAL;

	kt_jw_kstr(w, "t", r->time_kind == KT_TIME_NONE || local ? NULL : kt_time_text(r->t_us, t));
	kt_jw_kstr(w, "t_kind", time_kinds[r->time_kind]);
	if (local)
		kt_jw_kstr(w, "t_local", kt_time_local_text(r->t_us, t));
	if (r->has_end)
		kt_jw_kstr(w, "t_end",
			   local ? kt_time_local_text(r->t_end_us, t)
				 : kt_time_text(r->t_end_us, t));
}

static void json_position(const struct kt_record *r, struct kt_jw *w)
{
	bool ok = r->pos_state == KT_POS_OK;

	kt_jw_key(w, "lat");
	if (ok)
		kt_jw_fixed(w, r->lat_e7, 7);
	else
		kt_jw_null(w);
	kt_jw_key(w, "lon");
	if (ok)
		kt_jw_fixed(w, r->lon_e7, 7);
	else
		kt_jw_null(w);
	kt_jw_key(w, "accuracy_m");
	if (r->has_accuracy)
		kt_jw_fixed(w, r->accuracy_mm, 3);
	else
		kt_jw_null(w);
	kt_jw_kstr(w, "position", pos_states[r->pos_state]);
	if (r->pos_reason.len > 0)
		kt_jw_kbytes(w, "position_reason", r->pos_reason.p, r->pos_reason.len);
}

void kt_rec_json(const struct kt_record *r, struct kt_jw *w)
{
	kt_jw_kstr(w, "type", kt_rec_type_name(r->type));
	kt_jw_kstr(w, "basis", kt_basis_name(r->basis));
	json_time(r, w);
	json_position(r, w);
	if (r->flags != 0) {
		kt_jw_key(w, "flags");
		kt_jw_arr(w);
		for (unsigned i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
			if ((r->flags & 1u << i) != 0)
				kt_jw_str(w, flag_names[i]);
		kt_jw_arr_end(w);
	}
	for (unsigned i = 0; i < r->nattrs; i++) {
		const struct kt_attr *a = &r->attr[i];
		kt_jw_key(w, kt_field_name(a->field));
		if (kt_field_is_int(a->field))
			kt_jw_int(w, a->i);
		else
			kt_jw_bytes(w, a->s.p, a->s.len);
	}
	if (r->raw.len > 0)
		kt_jw_kbytes(w, "raw", r->raw.p, r->raw.len);
	kt_jw_key(w, "locator");
	kt_jw_obj(w);
	kt_jw_kstr(w, "kind", loc_kinds[r->loc.kind]);
	if (r->loc.path.len > 0)
		kt_jw_kbytes(w, "path", r->loc.path.p, r->loc.path.len);
	kt_jw_kuint(w, "offset", r->loc.off);
	kt_jw_kuint(w, "length", r->loc.len);
	kt_jw_obj_end(w);
}
