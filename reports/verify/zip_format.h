/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The ZIP records of a package, byte by byte. A package has exactly one form for given names,
 * sizes, checksums and time: stored, no flags, no comments, ZIP64 fields where a value needs them
 * and nowhere else. The writer writes these bytes; the reader makes them again and compares.
 */
#ifndef KT_VERIFY_ZIP_FORMAT_H
#define KT_VERIFY_ZIP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "reports/verify/layout.h"

#define KT_ZIP_LOCAL	  30u
#define KT_ZIP_CENTRAL	  46u
#define KT_ZIP_EXTRA_MAX  28u /* ZIP64: id, length, two sizes, offset */
#define KT_ZIP_RECORD_MAX (KT_ZIP_CENTRAL + KT_PKG_NAME_MAX + KT_ZIP_EXTRA_MAX)
#define KT_ZIP_END	  22u
#define KT_ZIP_TAIL_MAX	  98u /* ZIP64 end record, its locator, end record */

#define KT_ZIP_SIG_LOCAL   0x04034b50u
#define KT_ZIP_SIG_CENTRAL 0x02014b50u
#define KT_ZIP_SIG_END	   0x06054b50u
#define KT_ZIP_SIG_END64   0x06064b50u
#define KT_ZIP_SIG_LOC64   0x07064b50u

#define KT_ZIP_MAX32 0xffffffffu
#define KT_ZIP_MAX16 0xffffu

struct kt_zip_record {
	const char *name;
	size_t name_len;    /* <= KT_PKG_NAME_MAX */
	uint64_t off, size; /* of the local header; of the content */
	uint32_t crc;
	uint16_t time, date; /* MS-DOS form, UTC */
};

/* Write the record and return its length. out has room for KT_ZIP_RECORD_MAX bytes. */
size_t kt_zip_put_local(const struct kt_zip_record *r, uint8_t *out);
size_t kt_zip_put_central(const struct kt_zip_record *r, uint8_t *out);
/* What follows the central directory; its length is 22 or 98. */
size_t kt_zip_put_tail(uint64_t entries, uint64_t cd_off, uint64_t cd_size,
		       uint8_t out[KT_ZIP_TAIL_MAX]);

/* MS-DOS date and time in UTC; outside 1980..2107 the nearest that can be written. */
void kt_zip_dos_time(int64_t us, uint16_t *time, uint16_t *date);

/* CRC-32 as ZIP has it, continued from crc (0 at the start). */
uint32_t kt_crc32(uint32_t crc, const void *p, size_t n);

#endif
