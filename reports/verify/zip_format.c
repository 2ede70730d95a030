/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/zip_format.h"

#include <stdbool.h>
#include <string.h>

#include "core/buf.h"
#include "core/time.h"

#define VERSION	      20u
#define VERSION_ZIP64 45u
#define MADE_BY	      (3u << 8 | VERSION_ZIP64) /* Unix: the mode bits below count */
#define MODE	      ((uint32_t)0100644 << 16)

static uint32_t cut32(uint64_t v)
{
	return v < KT_ZIP_MAX32 ? (uint32_t)v : KT_ZIP_MAX32;
}

static uint16_t cut16(uint64_t v)
{
	return v < KT_ZIP_MAX16 ? (uint16_t)v : (uint16_t)KT_ZIP_MAX16;
}

/* The ZIP64 extra field, or nothing. Returns its length. */
static size_t put_extra(const struct kt_zip_record *r, bool with_off, uint8_t *p)
{
	size_t n = 4;

	if (r->size >= KT_ZIP_MAX32) {
		kt_put_le64(p + n, r->size);
		kt_put_le64(p + n + 8, r->size);
		n += 16;
	}
	if (with_off && r->off >= KT_ZIP_MAX32) {
		kt_put_le64(p + n, r->off);
		n += 8;
	}
	if (n == 4)
		return 0;
	kt_put_le16(p, 1);
	kt_put_le16(p + 2, (uint16_t)(n - 4));
	return n;
}

/* Version needed .. extra length: 26 bytes that both headers have in this order. */
static void put_common(const struct kt_zip_record *r, size_t extra, uint8_t *p)
{
	kt_put_le16(p, extra > 0 ? VERSION_ZIP64 : VERSION);
	kt_put_le16(p + 2, 0); /* flags */
	kt_put_le16(p + 4, 0); /* stored */
	kt_put_le16(p + 6, r->time);
	kt_put_le16(p + 8, r->date);
	kt_put_le32(p + 10, r->crc);
	kt_put_le32(p + 14, cut32(r->size));
	kt_put_le32(p + 18, cut32(r->size));
	kt_put_le16(p + 22, (uint16_t)r->name_len);
	kt_put_le16(p + 24, (uint16_t)extra);
}

size_t kt_zip_put_local(const struct kt_zip_record *r, uint8_t *out)
{
	size_t extra = put_extra(r, false, out + KT_ZIP_LOCAL + r->name_len);

	kt_put_le32(out, KT_ZIP_SIG_LOCAL);
	put_common(r, extra, out + 4);
	memcpy(out + KT_ZIP_LOCAL, r->name, r->name_len);
	return KT_ZIP_LOCAL + r->name_len + extra;
}

size_t kt_zip_put_central(const struct kt_zip_record *r, uint8_t *out)
{
	size_t extra = put_extra(r, true, out + KT_ZIP_CENTRAL + r->name_len);

	kt_put_le32(out, KT_ZIP_SIG_CENTRAL);
	kt_put_le16(out + 4, MADE_BY);
	put_common(r, extra, out + 6);
	memset(out + 32, 0, 6); /* comment length, disk, internal attributes */
	kt_put_le32(out + 38, MODE);
	kt_put_le32(out + 42, cut32(r->off));
	memcpy(out + KT_ZIP_CENTRAL, r->name, r->name_len);
	return KT_ZIP_CENTRAL + r->name_len + extra;
}

static size_t put_end64(uint64_t entries, uint64_t cd_off, uint64_t cd_size, uint8_t *p)
{
	memset(p, 0, 76);
	kt_put_le32(p, KT_ZIP_SIG_END64);
	kt_put_le64(p + 4, 44); /* bytes that follow in this record */
	kt_put_le16(p + 12, MADE_BY);
	kt_put_le16(p + 14, VERSION_ZIP64);
	kt_put_le64(p + 24, entries);
	kt_put_le64(p + 32, entries);
	kt_put_le64(p + 40, cd_size);
	kt_put_le64(p + 48, cd_off);
	kt_put_le32(p + 56, KT_ZIP_SIG_LOC64);
	kt_put_le64(p + 64, cd_off + cd_size);
	kt_put_le32(p + 72, 1); /* disks */
	return 76;
}

size_t kt_zip_put_tail(uint64_t entries, uint64_t cd_off, uint64_t cd_size,
		       uint8_t out[KT_ZIP_TAIL_MAX])
{
	size_t n = 0;

	if (entries >= KT_ZIP_MAX16 || cd_off >= KT_ZIP_MAX32 || cd_size >= KT_ZIP_MAX32)
		n = put_end64(entries, cd_off, cd_size, out);
	memset(out + n, 0, KT_ZIP_END);
	kt_put_le32(out + n, KT_ZIP_SIG_END);
	kt_put_le16(out + n + 8, cut16(entries));
	kt_put_le16(out + n + 10, cut16(entries));
	kt_put_le32(out + n + 12, cut32(cd_size));
	kt_put_le32(out + n + 16, cut32(cd_off));
	return n + KT_ZIP_END;
}

/* n digits of a text that has them there */
static unsigned digits(const char *p, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(p[i] - '0');
	return v;
}

void kt_zip_dos_time(int64_t us, uint16_t *time, uint16_t *date)
{
	char t[KT_TIME_TEXT]; /* 2026-11-22T05:00:00Z */
	unsigned y;

	*time = 0;
	*date = 1 << 5 | 1;
	kt_time_text(us, t);
	y = digits(t, 4);
	if (us < KT_TIME_MIN || us > KT_TIME_MAX || y < 1980)
		return;
	if (y > 2107)
		y = 2107;
	*time = (uint16_t)(digits(t + 11, 2) << 11 | digits(t + 14, 2) << 5 |
			   digits(t + 17, 2) / 2);
	*date = (uint16_t)((y - 1980) << 9 | digits(t + 5, 2) << 5 | digits(t + 8, 2));
}

/* Eight tables, so that eight bytes are taken in one step. */
static uint32_t crc_table[8][256];

__attribute__((constructor)) static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
		crc_table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++) {
			uint32_t c = crc_table[k - 1][i];

			crc_table[k][i] = c >> 8 ^ crc_table[0][c & 0xff];
		}
}

uint32_t kt_crc32(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *s = p;
	uint32_t c = ~crc;

	for (; n >= 8; n -= 8, s += 8) {
		uint32_t a = kt_get_le32(s) ^ c;
		uint32_t b = kt_get_le32(s + 4);

		c = crc_table[7][a & 0xff] ^ crc_table[6][a >> 8 & 0xff] ^
		    crc_table[5][a >> 16 & 0xff] ^ crc_table[4][a >> 24] ^ crc_table[3][b & 0xff] ^
		    crc_table[2][b >> 8 & 0xff] ^ crc_table[1][b >> 16 & 0xff] ^
		    crc_table[0][b >> 24];
	}
	for (; n > 0; n--, s++)
		c = c >> 8 ^ crc_table[0][(c ^ *s) & 0xff];
	return ~c;
}
