/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/record.h"
#include "core/time.h"
#include "parsers/sdk/keten_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One with everything in it. */
static struct kt_record full(void)
{
	struct kt_record r;

	kt_rec_init(&r, KT_REC_MOVEMENT, KT_BASIS_INFERRED);
	r.time_kind = KT_TIME_UTC;
	r.t_us = INT64_C(1717245296123456);
	r.has_end = true;
	r.t_end_us = r.t_us + 5;
	r.has_accuracy = true;
	r.accuracy_mm = 12500;
	kt_set_position(&r, -338567890, 1512099999);
	r.flags = KT_FLAG_MOCK;
	r.loc.kind = KT_LOC_JSON;
	r.loc.path = kt_str_c("$.a[3].b");
	r.loc.off = UINT64_C(1) << 40;
	r.loc.len = 77;
	r.raw = kt_str_c("raw \xff text");
	kt_rec_str(&r, KT_F_ACTIVITY, "WALKING", 7);
	kt_rec_int(&r, KT_F_ALTITUDE_MM, -4200);
	return r;
}

static void what_goes_in_comes_out(void **state)
{
	struct kt_record a = full(), b;
	struct kt_buf x, y;

	(void)state;
	kt_buf_init(&x, 0);
	kt_buf_init(&y, 0);
	assert_int_equal(kt_rec_encode(&a, &x, NULL), 0);
	assert_int_equal(kt_rec_decode(&b, x.p, x.len, NULL), 0);
	assert_int_equal(kt_rec_encode(&b, &y, NULL), 0);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.p, y.p, x.len);
	assert_int_equal(b.lat_e7, -338567890);
	assert_int_equal(b.lon_e7, 1512099999);
	assert_true(b.loc.off == UINT64_C(1) << 40);
	assert_int_equal(kt_rec_attr(&b, KT_F_ALTITUDE_MM)->i, -4200);
	assert_memory_equal(kt_rec_attr(&b, KT_F_ACTIVITY)->s.p, "WALKING", 7);
	assert_null(kt_rec_attr(&b, KT_F_SPEED_MM_S));
	kt_buf_free(&x);
	kt_buf_free(&y);
}

/* The layout is a contract (docs/formats/worker-frames.md). */
static void bytes_are_as_documented(void **state)
{
	static const uint8_t want[] = {
		1,    1,    1,	  1,	0,    1, /* type, basis, time, position, presence, locator */
		0,    0,    0,	  0,		 /* flags */
		7,    0,    0,	  0,	0,    0,    0,	  0,		    /* t */
		0,    0,    0,	  0,	0,    0,    0,	  0,		    /* end */
		0xff, 0xff, 0xff, 0xff,					    /* lat -1 */
		2,    0,    0,	  0,					    /* lon */
		0,    0,    0,	  0,	0,    0,    0,	  0,		    /* accuracy */
		9,    0,    0,	  0,	0,    0,    0,	  0,		    /* offset */
		3,    0,    0,	  0,	0,    0,    0,	  0,		    /* length */
		0,    0,    0,	  0,	2,    0,    'r',  'w',		    /* path, reason, raw */
		2,							    /* attributes */
		1,    0,    1,	  0,	'A',				    /* camera_make */
		9,    0,    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* altitude_mm */
	};
	struct kt_record r;
	struct kt_buf b;

	(void)state;
	kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
	r.time_kind = KT_TIME_UTC;
	r.t_us = 7;
	r.pos_state = KT_POS_OK;
	r.lat_e7 = -1;
	r.lon_e7 = 2;
	r.loc.kind = KT_LOC_BYTES;
	r.loc.off = 9;
	r.loc.len = 3;
	r.raw = kt_str_c("rw");
	kt_rec_str(&r, KT_F_CAMERA_MAKE, "A", 1);
	kt_rec_int(&r, KT_F_ALTITUDE_MM, -2);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_rec_encode(&r, &b, NULL), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	kt_buf_free(&b);
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		struct kt_record r = full();                                                       \
		struct kt_buf b;                                                                   \
                                                                                                   \
		kt_buf_init(&b, 0);                                                                \
		assert_int_equal(kt_rec_check(&r, NULL), 0);                                       \
		change;                                                                            \
		assert_int_equal(kt_rec_check(&r, NULL), KT_E_FORMAT);                             \
		assert_int_equal(kt_rec_encode(&r, &b, NULL), KT_E_FORMAT);                        \
		assert_int_equal(b.len, 0);                                                        \
		kt_buf_free(&b);                                                                   \
	} while (0)

static void out_of_range_is_refused(void **state)
{
	(void)state;
	REFUSED(r.type = 0);
	REFUSED(r.type = KT_REC_TYPE_END);
	REFUSED(r.basis = 0);
	REFUSED(r.basis = KT_BASIS_END);
	REFUSED(r.time_kind = KT_TIME_KIND_END);
	REFUSED(r.pos_state = KT_POS_STATE_END);
	REFUSED(r.flags = KT_FLAG_ALL + 1);
	REFUSED(r.t_us = KT_TIME_MIN - 1);
	REFUSED(r.t_us = KT_TIME_MAX + 1);
	REFUSED(r.t_end_us = INT64_MAX);
	REFUSED(r.time_kind = KT_TIME_NONE); /* an end without a start */
	REFUSED(r.lat_e7 = KT_E7_LAT_MAX + 1);
	REFUSED(r.lat_e7 = -KT_E7_LAT_MAX - 1);
	REFUSED(r.lon_e7 = KT_E7_LON_MAX + 1);
	REFUSED(r.lon_e7 = INT32_MIN);
	REFUSED(r.accuracy_mm = -1);
	REFUSED(r.accuracy_mm = INT64_MAX);
	REFUSED(r.pos_reason.len = 65);
	REFUSED(r.raw.len = KT_REC_STR_MAX + 1);
	REFUSED(r.loc.path.len = UINT32_MAX);
	REFUSED(r.loc.kind = 0);
	REFUSED(r.loc.kind = KT_LOC_END);
	REFUSED(r.nattrs = KT_REC_ATTRS + 1);
	REFUSED(r.attr[0].field = 0);
	REFUSED(r.attr[0].field = KT_F_COUNT);
	REFUSED(r.attr[0].s.len = KT_REC_STR_MAX + 1);
	REFUSED(r.attr[1].field = r.attr[0].field);
}

static void attributes_are_bounded(void **state)
{
	char text[KT_REC_STR_MAX + 50];
	struct kt_record r = full();

	(void)state;
	memset(text, 'x', sizeof(text));
	kt_rec_str(&r, KT_F_NAME, text, sizeof(text));
	assert_int_equal(kt_rec_attr(&r, KT_F_NAME)->s.len, KT_REC_STR_MAX);
	kt_rec_str(&r, KT_F_VALUE, "", 0);
	kt_rec_str(&r, KT_F_VALUE, NULL, 5);
	assert_null(kt_rec_attr(&r, KT_F_VALUE));
	for (int i = 0; i < 100; i++)
		kt_rec_int(&r, KT_F_SIGNAL_DBM, i);
	assert_int_equal(r.nattrs, KT_REC_ATTRS);
	kt_rec_str(&r, KT_F_VALUE, "v", 1);
	assert_int_equal(r.nattrs, KT_REC_ATTRS);
}

/* What decodes after damage must still keep every promise of kt_rec_check(), and be readable. */
static void slow_str(struct kt_rd *rd, struct kt_str *s)
{
	s->len = kt_rd_le16(rd);
	s->p = (const char *)kt_rd_bytes(rd, s->len);
}

/* docs/formats/worker-frames.md once more, field by field through a cursor. 0 or KT_E_FORMAT. */
static int slow_decode(struct kt_record *r, const void *p, size_t n)
{
	struct kt_rd rd;
	uint8_t has;

	kt_rec_clear(r);
	kt_rd_init(&rd, p, n);
	r->type = kt_rd_u8(&rd);
	r->basis = kt_rd_u8(&rd);
	r->time_kind = kt_rd_u8(&rd);
	r->pos_state = kt_rd_u8(&rd);
	has = kt_rd_u8(&rd);
	r->has_end = (has & 1) != 0;
	r->has_accuracy = (has & 2) != 0;
	r->loc.kind = kt_rd_u8(&rd);
	r->flags = kt_rd_le32(&rd);
	r->t_us = (int64_t)kt_rd_le64(&rd);
	r->t_end_us = (int64_t)kt_rd_le64(&rd);
	r->lat_e7 = (int32_t)kt_rd_le32(&rd);
	r->lon_e7 = (int32_t)kt_rd_le32(&rd);
	r->accuracy_mm = (int64_t)kt_rd_le64(&rd);
	r->loc.off = kt_rd_le64(&rd);
	r->loc.len = kt_rd_le64(&rd);
	slow_str(&rd, &r->loc.path);
	slow_str(&rd, &r->pos_reason);
	slow_str(&rd, &r->raw);
	r->nattrs = kt_rd_u8(&rd);
	for (unsigned i = 0; i < r->nattrs; i++) {
		if (i == KT_REC_ATTRS)
			return KT_E_FORMAT;
		r->attr[i].field = kt_rd_le16(&rd);
		r->attr[i].s = kt_str_c("");
		r->attr[i].i = 0;
		if (kt_field_is_int(r->attr[i].field))
			r->attr[i].i = (int64_t)kt_rd_le64(&rd);
		else
			slow_str(&rd, &r->attr[i].s);
		for (unsigned k = 0; k < i; k++)
			if (r->attr[k].field == r->attr[i].field)
				return KT_E_FORMAT;
	}
	if (rd.failed || kt_rd_left(&rd) > 0 || has > 3)
		return KT_E_FORMAT;
	return kt_rec_check(r, NULL);
}

/* What decode() took must be what the slow reading takes, down to the bytes it came from. */
static void compare_decoded(const struct kt_record *r, int code, const uint8_t *p, size_t n)
{
	struct kt_record slow, copy;
	struct kt_buf a;

	assert_int_equal(slow_decode(&slow, p, n), code);
	if (code < 0)
		return;
	kt_rec_copy(&copy, r);
	assert_memory_equal(&copy.loc, &slow.loc, sizeof(slow.loc));
	assert_int_equal(copy.nattrs, slow.nattrs);
	kt_buf_init(&a, 0);
	assert_int_equal(kt_rec_encode(&copy, &a, NULL), 0);
	assert_int_equal(kt_rec_encode(&slow, &a, NULL), 0);
	assert_int_equal(a.len, 2 * n);
	assert_memory_equal(a.p, p, n);
	assert_memory_equal(a.p + n, p, n);
	kt_buf_free(&a);
}

static void try_decode(const uint8_t *p, size_t n, unsigned *good)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	struct kt_record r;
	struct kt_buf b;
	struct kt_jw w;
	int code;

	memcpy(exact, p, n);
	code = kt_rec_decode(&r, exact, n, NULL);
	compare_decoded(&r, code, exact, n);
	if (code == 0) {
		++*good;
		assert_int_equal(kt_rec_check(&r, NULL), 0);
		kt_buf_init(&b, 0);
		kt_jw_init(&w, &b);
		kt_jw_obj(&w);
		kt_rec_json(&r, &w);
		kt_jw_obj_end(&w);
		assert_false(b.failed);
		kt_buf_free(&b);
	}
	free(exact);
}

static void damage_is_survived(void **state)
{
	struct kt_record r = full();
	unsigned good = 0, rnd = 1;
	uint8_t m[600];
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	assert_int_equal(kt_rec_encode(&r, &b, NULL), 0);
	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(m, b.p, b.len);
			m[i] ^= (uint8_t)(1u << bit);
			try_decode(m, b.len, &good);
		}
	assert_true(good > 0);
	good = 0;
	for (size_t n = 0; n < b.len; n++)
		try_decode(b.p, n, &good);
	memcpy(m, b.p, b.len);
	m[b.len] = 0;
	try_decode(m, b.len + 1, &good);
	assert_int_equal(good, 0); /* a prefix or something longer is never a record */
	for (int i = 0; i < 200000; i++) {
		memcpy(m, b.p, b.len);
		for (int k = 0; k < 3; k++) {
			rnd = rnd * 1103515245 + 12345;
			m[(rnd >> 8) % b.len] = (uint8_t)(rnd >> 24);
		}
		try_decode(m, b.len, &good);
	}
	kt_buf_free(&b);
}

/* All that a record can hold, at every count of attributes: texts of full length, ints at their ends. */
static void the_largest_fits(void **state)
{
	char text[KT_REC_STR_MAX];
	struct kt_buf b;
	struct kt_err err = {0};
	unsigned good = 0;

	(void)state;
	memset(text, 0xe2, sizeof(text));
	for (unsigned n = 0; n <= KT_REC_ATTRS; n++) {
		struct kt_record r = full();

		r.raw = (struct kt_str){text, sizeof(text)};
		r.loc.path = r.raw;
		r.pos_reason = (struct kt_str){text, 64};
		r.nattrs = 0;
		/* from the last field down: those above 64 are known apart too */
		for (unsigned f = KT_F_COUNT - 1; r.nattrs < n; f--) {
			if (kt_field_is_int(f))
				kt_rec_int(&r, (enum kt_field)f,
					   f % 2 == 0 ? INT64_MIN : INT64_MAX);
			else
				kt_rec_str(&r, (enum kt_field)f, text, sizeof(text));
		}
		kt_buf_init(&b, 0);
		assert_int_equal(kt_rec_encode(&r, &b, &err), 0);
		try_decode(b.p, b.len, &good);
		assert_int_equal(good, n + 1);
		if (n > 1) {
			r.attr[n - 1].field = r.attr[0].field;
			assert_int_equal(kt_rec_encode(&r, &b, &err), KT_E_FORMAT);
		}
		kt_buf_free(&b);
	}
	/* fields that differ by the width of a word are different fields */
	for (unsigned f = 65; f < KT_F_COUNT; f++) {
		struct kt_record r = full();

		r.attr[0].field = (uint16_t)f;
		r.attr[1].field = (uint16_t)(f - 64);
		assert_int_equal(kt_rec_check(&r, NULL), 0);
	}
	/* behind anything that stands in the buffer already */
	for (size_t before = 0; before < 4500; before++) {
		struct kt_record r = full();

		r.raw = (struct kt_str){text, sizeof(text)};
		r.loc.path = r.raw;
		r.pos_reason = (struct kt_str){text, 64};
		r.nattrs = 0;
		for (unsigned f = 1; r.nattrs < KT_REC_ATTRS; f++)
			if (!kt_field_is_int(f))
				kt_rec_str(&r, (enum kt_field)f, text, sizeof(text));
		kt_buf_init(&b, 0);
		kt_buf_reserve(&b, before);
		memset(b.p, 0, before);
		b.len = before;
		assert_int_equal(kt_rec_encode(&r, &b, &err), 0);
		kt_buf_free(&b);
	}
	/* no room is an error, not half a record */
	kt_buf_init(&b, 100);
	{
		struct kt_record r = full();

		assert_int_equal(kt_rec_encode(&r, &b, &err), KT_E_LIMIT);
		assert_int_equal(b.len, 0);
	}
	kt_buf_free(&b);
}

/* One attribute more than a record has room for, and every byte of it there. */
static void one_too_many_is_refused(void **state)
{
	struct kt_record r;
	struct kt_buf b;
	unsigned good = 0;

	(void)state;
	kt_rec_init(&r, KT_REC_SETTING, KT_BASIS_STATED);
	r.loc.kind = KT_LOC_BYTES;
	kt_buf_init(&b, 0);
	assert_int_equal(kt_rec_encode(&r, &b, NULL), 0);
	for (unsigned f = 1, n = 1; n <= KT_REC_ATTRS + 4; n++, f++) {
		b.p[64] = (uint8_t)n;
		kt_buf_put_le16(&b, (uint16_t)f);
		if (kt_field_is_int(f))
			kt_buf_put_le64(&b, 5);
		else
			kt_buf_put_le16(&b, 0);
		try_decode(b.p, b.len, &good);
	}
	assert_int_equal(good, KT_REC_ATTRS);
	kt_buf_free(&b);
}

static void json_of(const struct kt_record *r, const char *want)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_rec_json(r, &w);
	kt_jw_obj_end(&w);
	assert_string_equal(kt_buf_cstr(&b), want);
	kt_buf_free(&b);
}

static void is_shown_in_one_order(void **state)
{
	struct kt_record r = full();

	(void)state;
	json_of(&r,
		"{\"type\":\"movement\",\"basis\":\"inferred\",\"t\":\"2024-06-01T12:34:56."
		"123456Z\","
		"\"t_kind\":\"utc\",\"t_end\":\"2024-06-01T12:34:56.123461Z\",\"lat\":-33.8567890,"
		"\"lon\":151.2099999,\"accuracy_m\":12.500,\"position\":\"ok\",\"flags\":[\"mock\"]"
		","
		"\"activity\":\"WALKING\",\"altitude_mm\":-4200,\"raw\":\"raw \\\\xff text\","
		"\"locator\":{\"kind\":\"json\",\"path\":\"$.a[3].b\",\"offset\":1099511627776,"
		"\"length\":77}}");
	kt_rec_init(&r, KT_REC_MEDIA, KT_BASIS_MEASURED);
	r.time_kind = KT_TIME_LOCAL;
	r.loc.kind = KT_LOC_BYTES;
	kt_set_unusable(&r, "hemisphere-missing");
	json_of(&r,
		"{\"type\":\"media\",\"basis\":\"measured\",\"t\":null,\"t_kind\":\"local\","
		"\"t_local\":\"1970-01-01T00:00:00\",\"lat\":null,\"lon\":null,\"accuracy_m\":null,"
		"\"position\":\"unusable\",\"position_reason\":\"hemisphere-missing\","
		"\"locator\":{\"kind\":\"bytes\",\"offset\":0,\"length\":0}}");
}

static void names_and_numbers_agree(void **state)
{
	(void)state;
	for (unsigned i = 1; i < KT_F_COUNT; i++) {
		assert_non_null(kt_field_name(i));
		assert_in_range(kt_field_group(i), 0, KT_G_SOURCE);
	}
	assert_null(kt_field_name(0));
	assert_null(kt_field_name(KT_F_COUNT));
	assert_int_equal(kt_field_group(KT_F_COUNT), -1);
	for (unsigned g = 0; g < KT_G_COUNT; g++)
		assert_int_equal(kt_group_find(kt_group_name(g)), g);
	assert_int_equal(kt_group_find("pictures"), -1);
	assert_null(kt_group_name(KT_G_COUNT));
	/* the numbers are in frames of older versions: append only */
	assert_int_equal(KT_F_CAMERA_MAKE, 1);
	assert_int_equal(KT_F_ALTITUDE_MM, 9);
	assert_int_equal(KT_F_END_LAT_E7, 22);
	assert_int_equal(KT_F_EDITED_BY, 32);
	assert_int_equal(KT_F_SOURCE_VIEW, 33);
	assert_int_equal(KT_F_PERMISSION, 64);
}

static void positions(void **state)
{
	struct kt_record r = full();

	(void)state;
	kt_set_position(&r, KT_E7_LAT_MAX, -(int64_t)KT_E7_LON_MAX);
	assert_int_equal(r.pos_state, KT_POS_OK);
	kt_set_position(&r, (int64_t)KT_E7_LAT_MAX + 1, 0);
	assert_int_equal(r.pos_state, KT_POS_UNUSABLE);
	assert_int_equal(r.lat_e7, 0);
	kt_set_position(&r, 0, INT64_MIN);
	assert_int_equal(r.pos_state, KT_POS_UNUSABLE);
	r.flags = 0;
	kt_set_position(&r, 999, -999);
	assert_int_equal(r.flags, KT_FLAG_NULL_ISLAND);
	r.flags = 0;
	kt_set_position(&r, 1000, 0);
	assert_int_equal(r.flags, 0);
}

static uint32_t late(uint8_t type, uint8_t basis, uint8_t kind, int64_t t_s, int64_t end_s)
{
	const int64_t acquired_us = INT64_C(1717245296) * KT_US_PER_S;
	struct kt_record r = full();

	r.flags = 0;
	r.type = type;
	r.basis = basis;
	r.time_kind = kind;
	r.t_us = acquired_us + t_s * KT_US_PER_S;
	r.has_end = end_s != 0;
	r.t_end_us = acquired_us + end_s * KT_US_PER_S;
	kt_rec_flag_late(&r, acquired_us);
	return r.flags;
}

static void what_is_later_than_its_acquisition_is_flagged(void **state)
{
	enum { P = KT_REC_POSITION, V = KT_REC_VISIT, M = KT_BASIS_MEASURED };

	(void)state;
	assert_int_equal(late(P, M, KT_TIME_UTC, 600, 0), 0);
	assert_int_equal(late(P, M, KT_TIME_UTC, 601, 0), KT_FLAG_IMPLAUSIBLE_TIME);
	assert_int_equal(late(P, M, KT_TIME_BOOT, 601, 0), KT_FLAG_IMPLAUSIBLE_TIME);
	assert_int_equal(late(P, M, KT_TIME_NONE, 601, 0), 0);
	assert_int_equal(late(P, M, KT_TIME_LOCAL, 14 * 3600 + 600, 0), 0);
	assert_int_equal(late(P, M, KT_TIME_LOCAL, 14 * 3600 + 601, 0), KT_FLAG_IMPLAUSIBLE_TIME);
	assert_int_equal(late(V, KT_BASIS_INFERRED, KT_TIME_UTC, -60, 600), 0);
	assert_int_equal(late(V, KT_BASIS_INFERRED, KT_TIME_UTC, -60, 601),
			 KT_FLAG_IMPLAUSIBLE_TIME);
	/* a picture of unknown origin was taken at some time all the same; a journey can be planned */
	assert_int_equal(late(KT_REC_MEDIA, KT_BASIS_STATED, KT_TIME_UTC, 601, 0),
			 KT_FLAG_IMPLAUSIBLE_TIME);
	assert_int_equal(late(KT_REC_EVENT, KT_BASIS_STATED, KT_TIME_UTC, 601, 0), 0);
	assert_int_equal(late(KT_REC_PLACE, KT_BASIS_STATED, KT_TIME_UTC, 601, 0), 0);
	assert_int_equal(late(KT_REC_PLACE, KT_BASIS_INFERRED, KT_TIME_UTC, 601, 0),
			 KT_FLAG_IMPLAUSIBLE_TIME);
}

static void scaled(const char *text, unsigned scale, int code, int64_t want)
{
	int64_t v = -77;
	int r = kt_parse_scaled(text, strlen(text), scale, &v);

	if (r != code || (code == 0 && v != want))
		fail_msg("%s * 10^%u: %d, %lld", text, scale, r, (long long)v);
}

static void decimals_are_exact(void **state)
{
	(void)state;
	scaled("52.5200001", 7, 0, 525200001);
	scaled("-52.5200001", 7, 0, -525200001);
	scaled("+1", 7, 0, 10000000);
	scaled(".5", 7, 0, 5000000);
	scaled("5.", 7, 0, 50000000);
	scaled("0", 7, 0, 0);
	scaled("-0.0", 7, 0, 0);
	scaled("1e-3", 7, 0, 10000);
	scaled("1E+2", 7, 0, 1000000000);
	scaled("179.99999999", 7, 0, 1800000000);
	scaled("0.00000005", 7, 0, 1);
	scaled("0.00000004999999999999999999999", 7, 0, 0);
	scaled("-0.00000005", 7, 0, -1);
	scaled("0.000000049", 7, 0, 0);
	scaled("2.5", 0, 0, 3);
	scaled("-2.5", 0, 0, -3);
	scaled("2.49", 0, 0, 2);
	scaled("0.1", 3, 0, 100);
	scaled("0.30000000000000004", 7, 0, 3000000);
	scaled("123456789012345678", 0, 0, INT64_C(123456789012345678));
	scaled("1717245296123456789", 0, 0, INT64_C(1717245296123456789));
	scaled("1717245296.123456789", 9, 0, INT64_C(1717245296123456789));
	scaled("9223372036854775807", 0, 0, INT64_MAX);
	scaled("-9223372036854775807", 0, 0, -INT64_MAX);
	scaled("12345678901234567890123e-22", 7, 0, 12345679);
	scaled("0e999", 7, 0, 0);
	scaled("1e-999", 7, 0, 0);
	scaled("0000000000000000000000000000000000001", 0, 0, 1);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "-",
					  "+",
					  ".",
					  "e5",
					  "1e",
					  "1e+",
					  "1e1234",
					  "1,5",
					  "1.2.3",
					  "0x1",
					  "nan",
					  "inf",
					  "1 ",
					  " 1",
					  "--1",
					  "1e5.5",
					  "1-",
					  "9223372036854775808",
					  "1e19",
					  "99999999999999999999999999",
					  "1e400"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		scaled(bad[i], 0, KT_E_FORMAT, 0);
	scaled("922337203686", 7, KT_E_FORMAT, 0);
	scaled("1234567890123456789.5", 1, KT_E_FORMAT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(bytes_are_as_documented),
		cmocka_unit_test(out_of_range_is_refused),
		cmocka_unit_test(attributes_are_bounded),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(the_largest_fits),
		cmocka_unit_test(one_too_many_is_refused),
		cmocka_unit_test(is_shown_in_one_order),
		cmocka_unit_test(names_and_numbers_agree),
		cmocka_unit_test(positions),
		cmocka_unit_test(what_is_later_than_its_acquisition_is_flagged),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
