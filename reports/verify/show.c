/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/show.h"

#include <stdbool.h>
#include <string.h>

#include "core/err.h"
#include "reports/verify/zip_read.h"

#define PIECE	 65536
#define TAGS_MAX ((size_t)4 << 20)
#define LIST_MAX ((size_t)256 << 20) /* a line for each file of the largest package */

/* -- what was judged -------------------------------------------------------------------------- */

static int changed(const char *name, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_INVALID, "%.80s is not what was judged: the file changed since",
		       name);
}

/* The digest that a list gives for a name: lines of 64 digits, two blanks, the name. */
static bool listed(const struct kt_buf *list, const char *name, char hex[KT_SHA256_HEX])
{
	const char *at = (const char *)list->p, *end = at + list->len;
	size_t n = strlen(name);

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		if (nl == NULL)
			return false;
		if ((size_t)(nl - at) == KT_SHA256_HEX + 1 + n &&
		    memcmp(at + KT_SHA256_HEX + 1, name, n) == 0) {
			snprintf(hex, KT_SHA256_HEX, "%.*s", KT_SHA256_HEX - 1, at);
			return true;
		}
		at = nl + 1;
	}
	return false;
}

/* One list whole in memory; it has to be the one with that digest. */
static int load_list(const struct kt_zip *z, const char *name, size_t max, const char *want,
		     struct kt_buf *b, struct kt_err *err)
{
	const struct kt_zip_entry *e = kt_zip_find(z, name);
	char have[KT_SHA256_HEX];
	int r = e == NULL || e->unreadable ? changed(name, err) : kt_zip_load(z, e, max, b, err);

	if (r == 0)
		r = kt_sha256_hex(b->p, b->len, have, err);
	if (r == 0 && strcmp(have, want) != 0)
		r = changed(name, err);
	return r;
}

/* From the signed list down to the member: what its digest has to be. */
static int expected(const struct kt_zip *z, const struct kt_show *s, char hex[KT_SHA256_HEX],
		    struct kt_err *err)
{
	char manifest[KT_SHA256_HEX];
	struct kt_buf tags, list;
	int r;

	kt_buf_init(&tags, 0);
	kt_buf_init(&list, 0);
	r = load_list(z, KT_PKG_TAGS256, TAGS_MAX, s->tags, &tags, err);
	if (r == 0 && strcmp(s->member, KT_PKG_TAGS256) == 0) {
		snprintf(hex, KT_SHA256_HEX, "%s", s->tags);
	} else if (r == 0 && !listed(&tags, s->member, hex)) {
		r = listed(&tags, KT_PKG_MANIFEST, manifest)
			    ? load_list(z, KT_PKG_MANIFEST, LIST_MAX, manifest, &list, err)
			    : changed(KT_PKG_MANIFEST, err);
		if (r == 0 && !listed(&list, s->member, hex))
			r = kt_zip_find(z, s->member) != NULL
				    ? changed(s->member, err)
				    : KT_FAIL(err, KT_E_ABSENT, "the package holds no %.80s",
					      s->member);
	}
	kt_buf_free(&list);
	kt_buf_free(&tags);
	return r;
}

/* -- the bytes -------------------------------------------------------------------------------- */

/* What of a piece at this place of the member is wanted. */
static int write_part(const uint8_t *piece, size_t n, uint64_t at, const struct kt_show *s,
		      FILE *out, struct kt_err *err)
{
	uint64_t from = s->offset > at ? s->offset - at : 0, to = n;

	if (s->length > 0 && s->offset < at + n && s->length < at + n - s->offset)
		to = s->offset + s->length > at ? s->offset + s->length - at : 0;
	if (from < to && fwrite(piece + from, 1, (size_t)(to - from), out) != to - from)
		return KT_FAIL(err, KT_E_STORAGE, "the bytes can't be written");
	return 0;
}

/* want: digest of the whole member, which then is read whole, or NULL. */
static int copy(const struct kt_zip *z, const struct kt_zip_entry *e, const struct kt_show *s,
		const char *want, FILE *out, struct kt_err *err)
{
	static uint8_t piece[PIECE];
	char have[KT_SHA256_HEX];
	uint8_t md[KT_SHA256_LEN];
	uint64_t at = want != NULL || s->offset < e->size ? 0 : e->size, end = e->size;
	struct kt_hash h = {0};
	int r = kt_hash_init(&h, KT_SHA256, err);

	if (want == NULL && at == 0)
		at = s->offset;
	if (want == NULL && s->length > 0 && s->length < end - at)
		end = at + s->length;
	while (r == 0 && at < end) {
		size_t got = 0, n = end - at < PIECE ? (size_t)(end - at) : PIECE;

		r = kt_zip_pread(z, e, at, piece, n, &got, err);
		if (r == 0 && got == 0)
			r = KT_FAIL(err, KT_E_FORMAT, "%s ends early", s->member);
		if (r == 0)
			r = kt_hash_update(&h, piece, got);
		if (r == 0)
			r = write_part(piece, got, at, s, out, err);
		at += got;
	}
	if (r == 0)
		r = kt_hash_final(&h, md);
	if (r == 0 && want != NULL && strcmp(kt_hex(md, sizeof(md), have), want) != 0)
		r = changed(s->member, err);
	kt_hash_free(&h);
	return r;
}

int kt_verify_show(int fd, const struct kt_show *s, FILE *out, struct kt_err *err)
{
	const struct kt_zip_entry *e;
	char want[KT_SHA256_HEX];
	struct kt_zip z;
	/* a defect is the verifier's to judge; here it only matters whether the bytes can be had */
	int r = kt_zip_read_open(fd, &z, NULL, NULL, err);

	e = r == 0 ? kt_zip_find(&z, s->member) : NULL;
	if (r == 0 && s->tags != NULL)
		r = expected(&z, s, want, err);
	if (r == 0 && s->tags != NULL && e == NULL)
		r = changed(s->member, err); /* it was there */
	if (r == 0) {
		r = e == NULL ? KT_FAIL(err, KT_E_ABSENT, "the package holds no %.80s", s->member)
		    : e->unreadable ? KT_FAIL(err, KT_E_FORMAT, "%.80s can't be read", s->member)
				    : copy(&z, e, s, s->tags != NULL ? want : NULL, out, err);
	}
	kt_zip_read_close(&z);
	return r;
}
