/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One record: what one element of an artifact says, with where it stands in the artifact. Made by
 * plugins in the sandbox, carried in worker frames, checked again by the parent, stored and
 * reported. Fixed-point throughout: no floating point decides or prints anything.
 */
#ifndef KT_CORE_RECORD_H
#define KT_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;
struct kt_err;
struct kt_rd;

enum kt_rec_type {
	KT_REC_POSITION = 1, /* a point at an instant */
	KT_REC_VISIT,	     /* a stay at a place, from-to */
	KT_REC_MOVEMENT,     /* a way, from-to */
	KT_REC_MEDIA,	     /* a picture without a usable position */
	KT_REC_PROPERTY,     /* a device property */
	KT_REC_SETTING,
	KT_REC_USER,	/* a user account of the phone, present or examined */
	KT_REC_NETWORK, /* a radio network heard at an instant */
	KT_REC_PLACE,	/* a place that the data names (searched, saved, booked): the phone need
			   not have been there */
	KT_REC_EVENT,	/* something dated without a position of its own */
	KT_REC_TYPE_END
};

/* Where the statement comes from. */
enum kt_rec_basis {
	KT_BASIS_MEASURED = 1, /* a sensor reading written down at the time */
	KT_BASIS_INFERRED,     /* the source's own conclusion */
	KT_BASIS_USER_EDITED,
	KT_BASIS_OTHER_DEVICE,
	KT_BASIS_STATED, /* the phone's own statement about itself */
	KT_BASIS_END
};

enum kt_time_kind {
	KT_TIME_NONE = 0, /* the element has no time */
	KT_TIME_UTC,	  /* t_us is UTC, as written or through a written offset */
	KT_TIME_LOCAL, /* only a local time without a zone: t_us is that wall time read as if it were UTC */
	KT_TIME_BOOT, /* t_us was computed from time since boot and the clock bracket */
	KT_TIME_KIND_END
};

enum kt_pos_state {
	KT_POS_NONE = 0, /* the element has no position */
	KT_POS_OK,
	KT_POS_UNUSABLE, /* something is there, pos_reason says why it can't be used */
	KT_POS_STATE_END
};

/* Flags: shown, never a reason to drop. */
#define KT_FLAG_NULL_ISLAND	 1u   /* exactly or nearly 0,0 */
#define KT_FLAG_MOCK		 2u   /* the phone itself marks the fix as simulated */
#define KT_FLAG_IMPLAUSIBLE_TIME 4u   /* before 2001 or after the acquisition */
#define KT_FLAG_COARSE		 8u   /* deliberately blurred by the phone */
#define KT_FLAG_WRAPPED		 16u  /* an E7 value was unwrapped by 2^32 */
#define KT_FLAG_DUPLICATE	 32u  /* the source repeats it on another level */
#define KT_FLAG_BAD_ACCURACY	 64u  /* accuracy was given but is no usable figure */
#define KT_FLAG_TRASHED		 128u /* the source holds it in its bin, or marks it deleted */
#define KT_FLAG_ALL		 255u

enum kt_locator_kind {
	KT_LOC_BYTES = 1, /* off, len */
	KT_LOC_JSON,	  /* path like $.a[3].b, with off, len of the element */
	KT_LOC_LINE,	  /* path is the 1-based line number as text, with off, len */
	KT_LOC_ROW,	  /* path is table/rowid */
	KT_LOC_KEY,	  /* property list: path like $.List[2].SSID; no bytes */
	KT_LOC_MEMBER, /* path is a member of an archive, off and len lie in its unpacked bytes */
	KT_LOC_END
};

/* Field numbers; see fields.def. */
enum kt_field {
	KT_F_NONE = 0,
#define KT_FIELD(id, name, group, kind) KT_F_##id,
#include "core/fields.def"
	KT_F_COUNT
};

/* What a mandate's `fields` can allow. TIME, POSITION and ACCURACY also govern t, lat/lon, accuracy. */
enum kt_group {
	KT_G_TIME = 0,
	KT_G_POSITION,
	KT_G_ACCURACY,
	KT_G_MOVEMENT,
	KT_G_CAMERA,
	KT_G_PLACE,
	KT_G_NETWORK,
	KT_G_DEVICE,
	KT_G_COUNT,
	/* says where a record stands and how to read it, never anything about a person: always allowed */
	KT_G_SOURCE = KT_G_COUNT
};

#define KT_REC_STR_MAX 512u /* bytes of one text value, raw text or locator path */
#define KT_REC_ATTRS   24u
#define KT_E7_LAT_MAX  INT32_C(900000000)
#define KT_E7_LON_MAX  INT32_C(1800000000)

struct kt_str {
	const char *p; /* borrowed; UTF-8 is not guaranteed: text from the phone */
	uint32_t len;
};

struct kt_attr {
	uint16_t field;	 /* enum kt_field */
	struct kt_str s; /* STR fields */
	int64_t i;	 /* INT fields */
};

struct kt_locator {
	uint8_t kind; /* enum kt_locator_kind */
	struct kt_str path;
	uint64_t off, len; /* bytes of the artifact as it is on the phone */
};

struct kt_record {
	uint8_t type, basis, time_kind, pos_state;
	uint32_t flags;
	int64_t t_us;	  /* see time_kind */
	int64_t t_end_us; /* UTC end of a visit or movement */
	bool has_end;
	int32_t lat_e7, lon_e7; /* valid when pos_state is KT_POS_OK */
	bool has_accuracy;
	int64_t accuracy_mm;
	struct kt_str pos_reason; /* one of our words, e.g. "hemisphere-missing" */
	struct kt_str raw;	  /* the source's own text of the main value */
	struct kt_locator loc;
	unsigned nattrs;
	struct kt_attr attr[KT_REC_ATTRS]; /* the last member; behind nattrs nothing is ever read */
};

/*
 * Zeroes a record, and copies one: without the attributes that are not there, which are most of
 * its bytes (records come by the million).
 */
void kt_rec_clear(struct kt_record *r);
void kt_rec_copy(struct kt_record *to, const struct kt_record *from);

/* Adds an attribute; silently ignored when full (the caller's table is a constant) or empty text. */
void kt_rec_str(struct kt_record *r, enum kt_field f, const char *p, size_t len);
void kt_rec_int(struct kt_record *r, enum kt_field f, int64_t v);
/* The attribute or NULL. */
const struct kt_attr *kt_rec_attr(const struct kt_record *r, enum kt_field f);

const char *kt_field_name(unsigned f); /* NULL when unknown */
int kt_field_group(unsigned f);	       /* enum kt_group, -1 when unknown */
bool kt_field_is_int(unsigned f);
const char *kt_group_name(unsigned g); /* NULL when unknown */
int kt_group_find(const char *name);   /* -1 when unknown */
const char *kt_rec_type_name(unsigned t);
const char *kt_basis_name(unsigned b);

/*
 * Range checks that every record must pass, on both sides of the pipe: enums known, coordinates in
 * range, times in years 1..9999, accuracy not negative, lengths within limits. 0 or KT_E_FORMAT.
 */
int kt_rec_check(const struct kt_record *r, struct kt_err *err);

/*
 * Flags a time that lies after the acquisition, by more than clocks differ (ten minutes; a local time
 * by more than zones do, 14 hours): nobody can have measured it. What is only stated (a place, an
 * event, a visit of KT_BASIS_STATED) may lie ahead, since journeys are planned.
 */
void kt_rec_flag_late(struct kt_record *r, int64_t acquired_us);

/* Bytes of a record in a worker frame (docs/formats/worker-frames.md). Encode checks first. */
int kt_rec_encode(const struct kt_record *r, struct kt_buf *b, struct kt_err *err);
/* Decodes and checks; texts borrow from the bytes given. 0, KT_E_FORMAT. */
int kt_rec_decode(struct kt_record *r, const void *p, size_t n, struct kt_err *err);

/*
 * Appends the members of a record as JSON, without the braces, in a fixed order: type, t, t_kind,
 * t_end, lat, lon, accuracy_m, position_state, ... Used alike for --try, store and report.
 */
struct kt_jw;
void kt_rec_json(const struct kt_record *r, struct kt_jw *w);

#endif
