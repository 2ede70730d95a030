/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/media.h"

#include "core/err.h"
#include "core/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_ 255u

static const struct kt_request *media_row(const bool *may, unsigned id)
{
	const struct kt_request *q = kt_request_get(id);

	return may[id] && q != NULL && q->kind == KT_REQ_KIND_MEDIA ? q : NULL;
}

bool kt_media_is_wanted(const bool *may)
{
	for (unsigned id = 1; id < KT_REQ_COUNT; id++)
		if (media_row(may, id) != NULL)
			return true;
	return false;
}

int kt_media_open(struct kt_media *m, struct kt_ios_link *link, const bool *may, struct kt_err *err)
{
	memset(m, 0, sizeof(*m));
	m->may = may;
	return kt_afc_open(&m->afc, link, err);
}

static void leave(struct kt_media *m)
{
	struct kt_media_level *l = &m->level[--m->depth];

	kt_buf_free(&l->names);
	free(l->at);
	l->at = NULL;
}

void kt_media_close(struct kt_media *m)
{
	while (m->depth > 0)
		leave(m);
	kt_afc_close(&m->afc);
}

/* -- folders ---------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b, void *names)
{
	const char *base = names;

	return strcmp(base + *(const uint32_t *)a, base + *(const uint32_t *)b);
}

static bool is_name(const char *s, size_t n)
{
	return n > 0 && n <= NAME_MAX_ && memchr(s, '/', n) == NULL && strcmp(s, ".") != 0 &&
	       strcmp(s, "..") != 0;
}

static int sort_names(struct kt_media *m, struct kt_media_level *l, struct kt_err *err)
{
	uint32_t count = 0;

	for (size_t i = 0; i < l->names.len; i += strlen((const char *)l->names.p + i) + 1)
		count++;
	l->at = calloc((size_t)count + 1, sizeof(*l->at));
	if (l->at == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a listing");
	for (size_t i = 0, n; i < l->names.len; i += n + 1) {
		const char *s = (const char *)l->names.p + i;

		n = strlen(s);
		if (is_name(s, n))
			l->at[l->n++] = (uint32_t)i;
		else if (strcmp(s, ".") != 0 && strcmp(s, "..") != 0)
			m->bad_names++;
	}
	if (l->n > 0)
		qsort_r(l->at, l->n, sizeof(*l->at), compare_names, l->names.p);
	return 0;
}

/* Goes into m->path. A folder that the phone does not give is counted and passed over. */
static int enter(struct kt_media *m, struct kt_err *err)
{
	struct kt_media_level *l;
	struct kt_err why = {0};
	int r;

	if (m->depth == KT_MEDIA_LEVELS) {
		m->deep++;
		return 0;
	}
	l = &m->level[m->depth++];
	memset(l, 0, sizeof(*l));
	l->path_len = strlen(m->path);
	kt_buf_init(&l->names, KT_MEDIA_NAMES + 2);
	r = kt_afc_list(&m->afc, m->path, KT_MEDIA_NAMES, &l->names, &why);
	if (r == 0)
		r = sort_names(m, l, &why);
	if (r == 0)
		return 0;
	leave(m);
	if (kt_afc_is_over(r))
		return KT_FAIL(err, r, "%.40s: %s", m->path, kt_err_text(&why));
	/* a phone without a single picture has no such folder */
	if (r != KT_E_ABSENT || m->depth > 0)
		m->closed_folders++;
	return 0;
}

/* The next planned folder. 1, or 0: no more, or a code. */
static int next_root(struct kt_media *m, struct kt_err *err)
{
	while (m->next + 1 < KT_REQ_COUNT) {
		const struct kt_request *q = media_row(m->may, ++m->next);
		int r;

		if (q == NULL)
			continue;
		m->id = (uint16_t)q->id;
		snprintf(m->path, sizeof(m->path), "/%s", q->text);
		r = enter(m, err);
		if (r < 0 || m->depth > 0)
			return r < 0 ? r : 1;
	}
	return 0;
}

/* One name of the folder at hand. 1: a file; 0: go on. */
static int visit(struct kt_media *m, const struct kt_media_level *l, const char *name,
		 struct kt_err *err)
{
	struct kt_err why = {0};
	int r;

	if (l->path_len + 1 + strlen(name) >= sizeof(m->path)) {
		m->bad_names++;
		return 0;
	}
	snprintf(m->path + l->path_len, sizeof(m->path) - l->path_len, "/%s", name);
	r = kt_afc_info(&m->afc, m->path, &m->info, &why);
	if (kt_afc_is_over(r))
		return KT_FAIL(err, r, "%s", kt_err_text(&why));
	if (r == 0 && m->info.kind == KT_AFC_FOLDER)
		return enter(m, err);
	if (r == 0 && m->info.kind != KT_AFC_FILE) {
		m->links++;
		return 0;
	}
	if (m->seen == KT_MEDIA_FILES)
		return KT_FAIL(err, KT_E_LIMIT, "more than %u media files", KT_MEDIA_FILES);
	m->seen++;
	m->no_info = r < 0;
	snprintf(m->why, sizeof(m->why), "%.100s", kt_err_text(&why));
	return 1;
}

static int close_file(struct kt_media *m)
{
	uint64_t h = m->handle;
	int r;

	m->handle = 0;
	if (h == 0)
		return 0;
	r = kt_afc_file_close(&m->afc, h, NULL);
	return kt_afc_is_over(r) ? r : 0;
}

int kt_media_next(struct kt_media *m, struct kt_err *err)
{
	int r = close_file(m);

	if (r < 0)
		return KT_FAIL(err, r, "the media service is gone");
	while (r == 0) {
		struct kt_media_level *l;

		if (m->depth == 0) {
			r = next_root(m, err);
			if (r != 1)
				return r;
		}
		r = 0;
		l = &m->level[m->depth - 1];
		if (l->i == l->n)
			leave(m);
		else
			r = visit(m, l, (const char *)l->names.p + l->at[l->i++], err);
	}
	return r;
}

/* -- bytes ------------------------------------------------------------------------------------ */

static int go_to(struct kt_media *m, uint64_t off, struct kt_err *err)
{
	int r = 0;

	if (m->handle == 0) {
		r = kt_afc_file_open(&m->afc, m->path, &m->handle, err);
		m->pos = 0;
	}
	if (r == 0 && m->pos != off) {
		r = kt_afc_file_seek(&m->afc, m->handle, off, err);
		m->pos = off;
	}
	return r;
}

int kt_media_read(struct kt_media *m, uint64_t off, void *p, size_t n, size_t *got,
		  struct kt_err *err)
{
	uint8_t *out = p;
	int r = go_to(m, off, err);

	*got = 0;
	while (r == 0 && n > 0) {
		size_t k = 0;

		r = kt_afc_file_read(&m->afc, m->handle, out,
				     n < KT_AFC_PIECE ? (uint32_t)n : KT_AFC_PIECE, &k, err);
		if (r < 0 || k == 0)
			break;
		out += k;
		n -= k;
		*got += k;
		m->pos += k;
	}
	return r;
}

int kt_media_changed(struct kt_media *m, bool *changed, struct kt_err *err)
{
	struct kt_afc_info now;
	int r = kt_afc_info(&m->afc, m->path, &now, err);

	*changed = r < 0 || now.size != m->info.size || now.mtime_ns != m->info.mtime_ns;
	return kt_afc_is_over(r) ? r : 0;
}
