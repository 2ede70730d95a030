/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/show.h"

#include "core/err.h"
#include "reports/verify/zip_read.h"

#define PIECE 65536

/* A defect is the verifier's to judge; here it only matters whether the bytes can be had. */
static void pass_over(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static int copy(const struct kt_zip *z, const struct kt_zip_entry *e, const struct kt_show *s,
		FILE *out, struct kt_err *err)
{
	static uint8_t piece[PIECE];
	uint64_t at = s->offset < e->size ? s->offset : e->size;
	uint64_t left = e->size - at;
	int r = 0;

	if (s->length > 0 && s->length < left)
		left = s->length;
	while (r == 0 && left > 0) {
		size_t got = 0;

		r = kt_zip_pread(z, e, at, piece, left < PIECE ? (size_t)left : PIECE, &got, err);
		if (r == 0 && got == 0)
			r = KT_FAIL(err, KT_E_FORMAT, "%s ends early", s->member);
		if (r == 0 && fwrite(piece, 1, got, out) != got)
			r = KT_FAIL(err, KT_E_STORAGE, "the bytes can't be written");
		at += got;
		left -= got;
	}
	return r;
}

int kt_verify_show(int fd, const struct kt_show *s, FILE *out, struct kt_err *err)
{
	const struct kt_zip_entry *e;
	struct kt_zip z;
	int r = kt_zip_read_open(fd, &z, pass_over, NULL, err);

	if (r == 0) {
		e = kt_zip_find(&z, s->member);
		r = e == NULL ? KT_FAIL(err, KT_E_ABSENT, "the package holds no %.80s", s->member)
		    : e->unreadable ? KT_FAIL(err, KT_E_FORMAT, "%.80s can't be read", s->member)
				    : copy(&z, e, s, out, err);
	}
	kt_zip_read_close(&z);
	return r;
}
