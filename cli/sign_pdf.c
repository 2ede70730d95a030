/* SPDX-License-Identifier: EUPL-1.2 */
/* The report's PDFs get the signature of who packs them (PAdES). */
#include "cli/acquire.h"
#include "core/cms_parts.h"
#include "core/io.h"
#include "core/time.h"
#include "reports/package/pades.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* B-T: a token over the signature's value goes into the signature. Without one it stays B-B. */
static int add_token(struct kt_buf *p7s, struct kt_err *err)
{
	struct kt_err ignored = {0}; /* the package's own token tells */
	struct kt_buf value, token, out;
	int r = 0;

	if (!kt_stamp_wanted())
		return 0;
	kt_buf_init(&value, 0);
	kt_buf_init(&token, 0);
	kt_buf_init(&out, 0);
	if (kt_cms_value(p7s->p, p7s->len, &value, &ignored) == 0 &&
	    kt_stamp(value.p, value.len, &token, &ignored) == 0) {
		r = kt_cms_add_token(p7s->p, p7s->len, token.p, token.len, &out, err);
		if (r == 0 && out.len <= KT_PADES_ROOM) {
			kt_buf_reset(p7s);
			r = kt_buf_put(p7s, out.p, out.len);
		}
	}
	kt_buf_free(&value);
	kt_buf_free(&token);
	kt_buf_free(&out);
	return r;
}

static int sign_one(const char *key, int dir, const char *name, struct kt_err *err)
{
	struct kt_pades_info info = {kt_time_now(), "Report of what was read under the mandate"};
	struct kt_buf pdf, content, p7s;
	struct kt_pades p;
	int r;

	kt_buf_init(&pdf, KT_PADES_MAX + 1);
	kt_buf_init(&content, 2 * KT_PADES_MAX);
	kt_buf_init(&p7s, 0);
	memset(&p, 0, sizeof(p));
	r = kt_file_read(dir, name, KT_PADES_MAX, &pdf, err);
	/* a case that is packed again: it has its signature */
	if (r < 0 || memmem(pdf.p, pdf.len, KT_PADES_MARK, strlen(KT_PADES_MARK)) != NULL)
		goto out;
	r = kt_pades_prepare(pdf.p, pdf.len, &info, &p, err);
	if (r == 0)
		r = kt_pades_content(&p, &content);
	if (r == 0)
		r = kt_sign_run("sign", "--pades", key, content.p, content.len, &p7s, err);
	if (r == 0)
		r = add_token(&p7s, err);
	if (r == 0)
		r = kt_pades_finish(&p, p7s.p, p7s.len, err);
	if (r == 0)
		r = kt_file_write(dir, name, p.pdf.p, p.pdf.len, 0600, err);
out:
	kt_pades_free(&p);
	kt_buf_free(&pdf);
	kt_buf_free(&content);
	kt_buf_free(&p7s);
	return r < 0 ? KT_TRACE(err, r, "%.60s can't be signed", name) : 0;
}

int kt_sign_pdfs(int folder, const char *key, struct kt_err *err)
{
	int dir = kt_dir_open(folder, "report", false, err), r = 0;
	const struct dirent *e;
	DIR *d;

	if (dir < 0) /* a case that waits for its release has no report */
		return dir == KT_E_ABSENT ? 0 : dir;
	d = fdopendir(dir);
	if (d == NULL) {
		close(dir);
		return KT_FAIL(err, KT_E_STORAGE, "report can't be listed");
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 4 && e->d_name[0] != '.' && strcmp(e->d_name + n - 4, ".pdf") == 0)
			r = sign_one(key, dirfd(d), e->d_name, err);
	}
	closedir(d);
	return r;
}
