/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Single values of a backup: out of Info.plist, Manifest.plist and the links of Manifest.db, only
 * the keys that the request names. They come as one small list, made here.
 */
#include "core/err.h"
#include "extractor/image/backup_i.h"
#include "extractor/image/plist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINK_KEYS 16u
#define LINK_FLAG 4

int kt_backup_links(struct kt_backup *b, const struct kt_request *q, struct kt_buf *out,
		    struct kt_err *err)
{
	struct kt_plist_text_value v[LINK_KEYS];
	char key[LINK_KEYS][256], target[LINK_KEYS][256];
	const char *p = q->text;
	size_t n = 0;

	while (*p != '\0' && n < LINK_KEYS) {
		size_t k = strcspn(p, "|");
		struct kt_mbfile rec;
		const uint8_t *record = NULL;
		char id[KT_BACKUP_ID + 1];
		char *colon;
		size_t len = 0;
		int r;

		snprintf(key[n], sizeof(key[n]), "%.*s", (int)k, p);
		p += k + (p[k] == '|' ? 1 : 0);
		colon = strchr(key[n], ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		r = kt_backup_id(key[n], colon + 1, strlen(colon + 1), id, err);
		if (r == 0)
			r = kt_backup_record(b, id, LINK_FLAG, &record, &len, err);
		if (r < 0)
			return r;
		*colon = ':';
		if (len == 0 || !kt_mbfile_read(record, len, &rec) || rec.target[0] == '\0')
			continue;
		memcpy(target[n], rec.target, sizeof(target[n]));
		v[n] = (struct kt_plist_text_value){.key = key[n], .text = target[n]};
		n++;
	}
	return kt_plist_texts(v, n, q->source, q->domain, out, err);
}

/* The list for one request. KT_E_ABSENT: its source is not there. */
static int gather(struct kt_backup *b, const struct kt_request *q, struct kt_buf *out,
		  struct kt_err *err)
{
	struct kt_buf file;
	int r;

	if (strcmp(q->source, "manifest-links") == 0)
		return kt_backup_links(b, q, out, err);
	if (strcmp(q->source, "manifest.plist") == 0)
		return b->manifest.len == 0
			       ? KT_E_ABSENT
			       : kt_plist_values(b->manifest.p, b->manifest.len, q->source,
						 q->domain, q->text, out, err);
	kt_buf_init(&file, KT_PLIST_BYTES);
	r = kt_backup_slurp(b->dirfd, "Info.plist", KT_PLIST_BYTES, &file, err);
	if (r == 0)
		r = kt_plist_values(file.p, file.len, q->source, q->domain, q->text, out, err);
	kt_buf_free(&file);
	return r;
}

static const char *shown_path(const struct kt_request *q)
{
	return strcmp(q->source, "manifest-links") == 0	  ? "Manifest.db"
	       : strcmp(q->source, "manifest.plist") == 0 ? "Manifest.plist"
							  : "Info.plist";
}

static int offer(struct kt_image *im, const struct kt_request *q, struct kt_err *err)
{
	const char *path = shown_path(q);
	struct kt_err why = {0};
	struct kt_buf out;
	int r;

	kt_buf_init(&out, 0);
	r = gather(im->state, q, &out, &why);
	if (r == KT_E_ABSENT || r == KT_E_NOMEM) {
		kt_buf_free(&out);
		return r == KT_E_ABSENT ? 0 : KT_FAIL(err, r, "no memory for values");
	}
	im->seen++;
	if (kt_img_begin_member(im, path, strlen(path), err) < 0) {
		kt_buf_free(&out);
		return KT_E_NOMEM;
	}
	im->m.id[0] = (uint16_t)q->id;
	im->m.n = 1;
	im->m.mode = S_IFREG;
	if (r < 0) {
		kt_buf_free(&out);
		kt_img_unreadable(im, "%.140s", kt_err_text(&why));
		return 1;
	}
	kt_img_note(im, "a list of the allowed keys, made while reading");
	im->m.size = out.len;
	im->mem = out.p; /* handed over */
	return 1;
}

int kt_backup_next_values(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = im->state;

	while (b->next_values + 1 < KT_REQ_COUNT) {
		const struct kt_request *q = kt_request_get(++b->next_values);
		int r;

		if (q == NULL || q->kind != KT_REQ_KIND_VALUES || !im->o.may[q->id] ||
		    (q->forms & KT_FORM_BACKUP) == 0)
			continue;
		r = offer(im, q, err);
		if (r != 0)
			return r;
	}
	return 0;
}
