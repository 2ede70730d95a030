/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files inside a package (act, release, seal, case, log, index, lists, statement, receipt), which a fuzzer of
 * whole containers never gets at for their checksums. The input is a row of files, each "u8 which, le16
 * length, bytes"; the container round them is made right. A verdict must come, and never "valid".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "reports/package/zip_write.h"
#include "reports/verify/layout.h"
#include "reports/verify/show.h"
#include "reports/verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The order is part of the corpus: only add at the end. */
static const char *const names[] = {
	KT_PKG_BAGIT,
	KT_PKG_BAGINFO,
	KT_PKG_MANIFEST,
	KT_PKG_TAGS256,
	KT_PKG_TAGS512,
	KT_PKG_ACT,
	KT_PKG_RELEASE,
	KT_PKG_SEAL,
	KT_PKG_CASE,
	KT_PKG_CUSTODY,
	KT_PKG_MANDATE,
	KT_PKG_MANDATE_SIG,
	KT_PKG_REPORT,
	KT_PKG_RUN,
	KT_PKG_BUILD,
	KT_PKG_SEAL_SIG,
	KT_PKG_SIGNATURE,
	KT_PKG_TOKEN,
	KT_PKG_OPEN_TOKEN,
	KT_PKG_ODF,
	KT_PKG_XADES,
	KT_PKG_RECEIPT,
	KT_PKG_STATEMENT,
	KT_PKG_SECOND_SIG,
	KT_PKG_REPORT_HTML,
	KT_PKG_INDEX_DIR "i0001.jsonl",
	KT_PKG_INDEX_DIR "i0002.jsonl",
	KT_PKG_OBJECT_DIR "o000001",
	KT_PKG_OBJECT_DIR "o000002",
	KT_PKG_ATTACH_DIR "comment.txt",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static int fill(struct kt_zipw *w, const uint8_t *data, size_t n, struct kt_err *err)
{
	const char *have[NAMES + 1] = {KT_PKG_MIMETYPE};
	struct kt_zipw_done done[NAMES + 1];
	size_t count = 1;
	struct kt_rd rd;
	struct kt_buf b;
	int r = kt_zipw_put(w, have[0], KT_PKG_MIMETYPE_TEXT, sizeof(KT_PKG_MIMETYPE_TEXT) - 1,
			    false, &done[0], err);

	kt_rd_init(&rd, data, n);
	while (r == 0 && count <= NAMES && kt_rd_left(&rd) >= 3) {
		size_t which = kt_rd_u8(&rd) % NAMES, len = kt_rd_le16(&rd);
		bool again = false;

		len = len < kt_rd_left(&rd) ? len : kt_rd_left(&rd);
		for (size_t i = 0; i < count; i++)
			again |= have[i] == names[which];
		if (again) {
			kt_rd_bytes(&rd, len);
			continue;
		}
		have[count] = names[which];
		r = kt_zipw_put(w, names[which], kt_rd_bytes(&rd, len), len, false, &done[count],
				err);
		count++;
	}
	kt_buf_init(&b, 0);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = kt_zipw_central(w, have[i], &done[i], &b, err);
	if (r == 0)
		r = kt_zipw_tail(w, &b, err);
	kt_buf_free(&b);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct kt_verify_result res;
	static FILE *null;
	static int fd = -1;
	struct kt_zipw w;
	struct kt_err err = {0};

	if (fd < 0) {
		fd = memfd_create("package", MFD_CLOEXEC);
		null = fopen("/dev/null", "we");
	}
	if (fd < 0 || null == NULL || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    kt_zipw_init(&w, fd, INT64_C(1764000000000000), &err) < 0 ||
	    fill(&w, data, n, &err) < 0)
		abort();
	kt_zipw_free(&w);
	err = (struct kt_err){0};
	if (kt_verify_package(fd, "fuzz", NULL, &res, &err) < 0)
		abort();
	if (res.verdict == KT_VERDICT_VALID)
		abort();
	if (res.check[KT_V_CONTAINER].state == KT_VS_FAILED)
		abort(); /* the container is good: what follows is what this is about */
	kt_verify_print(&res, (n & 1) != 0, null);
	return 0;
}
