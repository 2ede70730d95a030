/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * EXIF: the TIFF block that JPEG (APP1) and HEIC (the "Exif" item) files carry. For media plugins
 * only. kt_exif_read() fetches the few values that an evidence record needs, and nothing else: no
 * maker note, no comment, no second directory (IFD1, the thumbnail's), no thumbnail.
 * kt_exif_record() turns them into a record. Rules: docs/formats/media-exif.md.
 */
#ifndef KT_PARSERS_SDK_EXIF_H
#define KT_PARSERS_SDK_EXIF_H

#include "parsers/sdk/keten_parser.h"

#define KT_EXIF_HEAD	10u /* TIFF header, and the entry count of a directory that follows at once */
#define KT_EXIF_ENTRIES 512u /* of one directory */
#define KT_EXIF_TEXT	512u /* bytes read of one text value */
#define KT_EXIF_PIECES	48u

enum kt_exif_dir { KT_XD_IFD0 = 0, KT_XD_EXIF, KT_XD_GPS, KT_XD_COUNT };

/* The values that are read; their tag numbers are in exif.c. */
enum kt_exif_tag {
	KT_XT_MAKE = 0,
	KT_XT_MODEL,
	KT_XT_SOFTWARE,
	KT_XT_MODIFIED,
	KT_XT_EXIF_IFD,
	KT_XT_GPS_IFD,
	KT_XT_TAKEN,
	KT_XT_CREATED,
	KT_XT_TAKEN_OFFSET,
	KT_XT_CREATED_OFFSET,
	KT_XT_LAT_REF,
	KT_XT_LAT,
	KT_XT_LON_REF,
	KT_XT_LON,
	KT_XT_ALT_REF,
	KT_XT_ALT,
	KT_XT_GPS_TIME,
	KT_XT_GPS_STATUS,
	KT_XT_SPEED_REF,
	KT_XT_SPEED,
	KT_XT_DIRECTION_REF,
	KT_XT_DIRECTION,
	KT_XT_DATUM,
	KT_XT_GPS_DATE,
	KT_XT_ACCURACY,
	KT_XT_COUNT
};

/* TIFF 6.0 field types that matter here. */
enum kt_exif_type {
	KT_XTYPE_BYTE = 1,
	KT_XTYPE_ASCII = 2,
	KT_XTYPE_SHORT = 3,
	KT_XTYPE_LONG = 4,
	KT_XTYPE_RATIONAL = 5,
	KT_XTYPE_UNDEFINED = 7,
	KT_XTYPE_SRATIONAL = 10,
	KT_XTYPE_IFD = 13,
	KT_XTYPE_UTF8 = 129,
};

enum kt_exif_state {
	KT_XS_ABSENT = 0,
	KT_XS_OK,
	KT_XS_CUT,     /* directory: its table runs past the end; text: longer than KT_EXIF_TEXT */
	KT_XS_OUTSIDE, /* it lies outside the block */
	KT_XS_BAD,     /* size, type or place make no sense */
};

struct kt_exif_val {
	uint8_t state;	/* enum kt_exif_state; p and len are valid for OK and CUT */
	bool duplicate; /* the tag stands again; this is the first */
	uint16_t type;
	uint32_t count;
	uint64_t entry;	  /* where its 12-byte entry stands in the artifact */
	uint64_t off;	  /* where the value stands in the artifact */
	const uint8_t *p; /* borrowed from the parse's arena */
	size_t len;
};

struct kt_exif_table {
	uint8_t state;
	uint32_t n;	  /* entries in table */
	uint64_t off;	  /* of the entry count, in the artifact */
	const uint8_t *p; /* n x 12 bytes */
};

/* Bytes of the artifact that were read. */
struct kt_exif_piece {
	uint64_t off;
	size_t len;
	const uint8_t *p;
};

struct kt_exif {
	bool big_endian;
	uint64_t base, len;
	struct kt_exif_table dir[KT_XD_COUNT];
	struct kt_exif_val val[KT_XT_COUNT];
	unsigned npieces;
	struct kt_exif_piece piece[KT_EXIF_PIECES];
};

/*
 * Reads the TIFF block [base, base + len) of the artifact. head: bytes that the caller has read
 * already, or NULL; its memory must live as long as x. 1: x is filled as far as the block is
 * readable. 0: there is no TIFF header or no first directory. Negative: as kt_in_read().
 */
int kt_exif_read(struct kt_ctx *ctx, uint64_t base, uint64_t len, const struct kt_exif_piece *head,
		 struct kt_exif *x, struct kt_err *err);

/*
 * Makes the record (POSITION, or MEDIA without a usable position) with its locator, and the notes
 * on values that could not be used. Its texts live in the parse's arena. 0 or negative.
 */
int kt_exif_record(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		   struct kt_err *err);

/* Integers of the block's byte order. */
static inline uint16_t kt_exif_u16(const struct kt_exif *x, const uint8_t *p)
{
	return x->big_endian ? kt_get_be16(p) : kt_get_le16(p);
}

static inline uint32_t kt_exif_u32(const struct kt_exif *x, const uint8_t *p)
{
	return x->big_endian ? kt_get_be32(p) : kt_get_le32(p);
}

#endif
