/* SPDX-License-Identifier: EUPL-1.2 */
/* core/unzip over the artifact of a context; see zip.h. */
#include "parsers/sdk/zip.h"

#include "core/unzip.h"
#include "parsers/sdk/ctx.h"

#include <stdlib.h>

#define MEMBERS	   20000u
#define NAMES	   ((size_t)4 << 20)
#define MEMBER_MAX ((uint64_t)8 << 30)

struct kt_zip {
	struct kt_unzip *z;
	struct kt_unzip_stream *s; /* the one open member */
};

static int artifact_at(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	return kt_in_read(arg, off, p, n, got, err);
}

int kt_zip_open(struct kt_ctx *ctx, struct kt_zip **out, struct kt_err *err)
{
	struct kt_rdat src = {.read_at = artifact_at, .arg = ctx, .size = kt_in_size(ctx)};
	struct kt_zip *z = calloc(1, sizeof(*z));
	int r;

	*out = NULL;
	if (z == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP file");
	r = kt_unzip_open(&src, MEMBERS, NAMES, &z->z, err);
	if (r < 0)
		kt_zip_close(&z);
	*out = z;
	return r;
}

void kt_zip_close(struct kt_zip **z)
{
	if (*z == NULL)
		return;
	kt_unzip_stop(&(*z)->s);
	kt_unzip_close(&(*z)->z);
	free(*z);
	*z = NULL;
}

uint32_t kt_zip_count(const struct kt_zip *z)
{
	return kt_unzip_count(z->z);
}

struct kt_str kt_zip_name(const struct kt_zip *z, uint32_t i)
{
	const struct kt_unzip_member *m = kt_unzip_member(z->z, i);
	struct kt_str s = {0};

	if (m != NULL) {
		s.p = (const char *)m->name;
		s.len = m->name_len;
	}
	return s;
}

uint64_t kt_zip_size(const struct kt_zip *z, uint32_t i)
{
	const struct kt_unzip_member *m = kt_unzip_member(z->z, i);

	return m != NULL ? m->size : 0;
}

static int member_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct kt_zip *z = arg;

	return kt_unzip_read(z->s, p, n, got, err);
}

int kt_zip_src(struct kt_zip *z, uint32_t i, struct kt_json_src *src, struct kt_err *err)
{
	int r;

	*src = (struct kt_json_src){0};
	kt_unzip_stop(&z->s);
	if (kt_zip_size(z, i) > MEMBER_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "ZIP: member %u is larger than 8 GiB", i);
	r = kt_unzip_start(z->z, i, &z->s, err);
	if (r == 0)
		*src = (struct kt_json_src){.read = member_read, .arg = z};
	return r;
}

/* -- gzip ------------------------------------------------------------------------------------- */

struct gz {
	struct kt_ctx *ctx;
	uint64_t in, out;
	struct kt_gunzip *g;
};

static int artifact_next(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct gz *z = arg;
	int r = kt_in_read(z->ctx, z->in, p, n, got, err);

	z->in += *got;
	return r;
}

static int gz_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct gz *z = arg;
	int r = kt_gunzip_read(z->g, p, n, got, err);

	z->out += *got;
	if (r == 0 && z->out > MEMBER_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "gzip: more than 8 GiB of data");
	return r;
}

static void gz_end(void *arg)
{
	struct gz *z = arg;

	kt_gunzip_close(&z->g);
}

int kt_gzip_src(struct kt_ctx *ctx, struct kt_json_src *src, struct kt_err *err)
{
	struct gz *z = kt_alloc(ctx, sizeof(*z));
	struct kt_rdseq in = {.read = artifact_next, .arg = z};
	int r;

	*src = (struct kt_json_src){0};
	if (z == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for gzip");
	*z = (struct gz){.ctx = ctx};
	r = kt_ctx_at_end(ctx, gz_end, z, err);
	if (r == 0)
		r = kt_gunzip_open(&in, &z->g, err);
	if (r == 0)
		*src = (struct kt_json_src){.read = gz_read, .arg = z};
	return r;
}
