/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libFuzzer target: SQLite artifacts through the SDK, the database with its -wal or -journal. Layout
 * of an input: u8 kind (0 alone, 1 with a -wal, 2 with a -journal, 3 with both; higher bits: 4 sums
 * of the -wal made right, so that its frames are taken), u24 length of the database, u24 length of
 * the -wal (little-endian), then their bytes, the rest is the -journal. SQLite itself is not
 * instrumented: what is looked for is in our file system, private pages, recovery look and getters.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/tools/sql_dump.h"
#include "tests/tools/sql_make.h"

#define HEAD 7u

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static size_t take(const uint8_t *len, size_t left)
{
	size_t want = (size_t)len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16;

	return want < left ? want : left;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct kt_fuzz_sibling sib[KT_SIBLINGS] = {{NULL, 0}};
	size_t main_len, wal_len;
	struct kt_buf wal;

	if (n < HEAD)
		return 0;
	main_len = take(p + 1, n - HEAD);
	wal_len = take(p + 4, n - HEAD - main_len);
	kt_buf_init(&wal, 0);
	kt_buf_put(&wal, p + HEAD + main_len, wal_len);
	if ((p[0] & 4) != 0 && wal.len > 32) {
		uint32_t page = kt_get_be32(wal.p + 8);

		sql_wal_sum(&wal, (wal.p[3] & 1) != 0,
			    page >= 512 && page <= 65536 && page % 8 == 0);
	}
	if ((p[0] & 1) != 0)
		sib[KT_SIBLING_WAL] = (struct kt_fuzz_sibling){
			wal.p != NULL ? wal.p : (const uint8_t *)"", wal.len};
	if ((p[0] & 2) != 0)
		sib[KT_SIBLING_JOURNAL] = (struct kt_fuzz_sibling){p + HEAD + main_len + wal_len,
								   n - HEAD - main_len - wal_len};
	kt_fuzz_parse_group(&sql_dump, p + HEAD, main_len, sib);
	kt_buf_free(&wal);
	return 0;
}
