/* SPDX-License-Identifier: EUPL-1.2 */
/* One pass over report.json that feeds all forms. */
#include "reports/render/export_i.h"
#include "core/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_AT ((size_t)64 << 10)
#define STR_MAX	 ((size_t)512 << 10)

const char *kt_export_name(unsigned file, char out[KT_EXPORT_NAME])
{
	static const char *const names[] = {"observations.csv", "observations.gpx",
					    "observations.kml", "observations.geojson",
					    "case.jsonld"};

	if (file < KT_EXPORT_PAGES)
		snprintf(out, KT_EXPORT_NAME, "%s", names[file]);
	else if (file < KT_EXPORT_PAGES + KT_EXPORT_PAGES_MAX)
		snprintf(out, KT_EXPORT_NAME, "observations-%04u.html", file - KT_EXPORT_PAGES + 1);
	else
		return NULL;
	return out;
}

unsigned kt_export_pages(uint64_t n)
{
	uint64_t pages = (n + KT_EXPORT_PAGE_ROWS - 1) / KT_EXPORT_PAGE_ROWS;

	if (n <= KT_EXPORT_PAGE_ROWS)
		return 0;
	return pages > KT_EXPORT_PAGES_MAX ? KT_EXPORT_PAGES_MAX : (unsigned)pages;
}

/* -- the stream of all files ------------------------------------------------------------------ */

void kt_export_head(uint8_t head[6], unsigned file, size_t n)
{
	head[0] = (uint8_t)(file & 255);
	head[1] = (uint8_t)(file >> 8);
	kt_put_le32(head + 2, (uint32_t)n);
}

int kt_export_feed(struct kt_export_reader *r, const void *p, size_t n, struct kt_err *err)
{
	const uint8_t *b = p;
	int c = 0;

	while (n > 0 && c == 0) {
		size_t k;

		if (r->nhead < sizeof(r->head)) {
			r->head[r->nhead++] = *b++;
			n--;
			if (r->nhead == sizeof(r->head)) {
				r->left = kt_get_le32(r->head + 2);
				if (r->left == 0 || r->left > KT_EXPORT_CHUNK)
					return KT_FAIL(err, KT_E_FORMAT,
						       "export: malformed stream");
			}
			continue;
		}
		k = n < r->left ? n : r->left;
		c = r->put(r->arg, (unsigned)r->head[0] | (unsigned)r->head[1] << 8, b, k, err);
		b += k;
		n -= k;
		r->left -= (uint32_t)k;
		if (r->left == 0)
			r->nhead = 0;
	}
	return c;
}

/* -- text ------------------------------------------------------------------------------------- */

void x_json(struct kt_buf *b, const char *s)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_str(&w, s);
}

const char *x_instant(const struct obs *o)
{
	return o->v[C_T_LOCAL] == NULL ? o->v[C_T] : NULL;
}

bool x_has_position(const struct obs *o)
{
	return o->v[C_LAT] != NULL && o->v[C_LON] != NULL;
}

/* -- observations ----------------------------------------------------------------------------- */

static const char *const keys[COLS] = {
	"id",
	"object",
	"sha256",
	"path",
	"item",
	"plugin",
	"record.type",
	"record.basis",
	"record.t",
	"record.t_kind",
	"record.t_local",
	"record.t_end",
	"record.lat",
	"record.lon",
	"record.accuracy_m",
	"record.position",
	"record.position_reason",
	"record.raw",
	"record.locator.kind",
	"record.locator.path",
	"record.locator.offset",
	"record.locator.length",
	"use.as",
	"use.why",
	"use.source",
	"use.t",
	"use.where.verdict",
	"use.place",
	"use.stay",
	"use.copy",
};

static unsigned hash(const char *s)
{
	uint32_t h = 2166136261u;

	while (*s != '\0')
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return (h ^ h >> 15) % 128;
}

static void slots(struct export *x)
{
	memset(x->slot, -1, sizeof(x->slot));
	for (int i = 0; i < COLS; i++) {
		unsigned h = hash(keys[i]);

		while (x->slot[h] >= 0)
			h = (h + 1) % 128;
		x->slot[h] = (int8_t)i;
	}
}

static int column(const struct export *x, const char *key)
{
	for (unsigned h = hash(key); x->slot[h] >= 0; h = (h + 1) % 128)
		if (strcmp(keys[x->slot[h]], key) == 0)
			return x->slot[h];
	return -1;
}

static void gather(struct export *x)
{
	struct obs *o = &x->obs;

	memset(o->v, 0, sizeof(o->v));
	kt_buf_reset(&o->territories);
	kt_buf_reset(&o->attributes);
	for (size_t i = 0; i < x->f->n; i++) {
		const char *key = (const char *)x->f->text.p + x->f->e[i].key;
		const char *val = (const char *)x->f->text.p + x->f->e[i].val;
		int c = column(x, key);

		if (x->f->e[i].tok == KT_JSON_NULL || x->f->e[i].tok == KT_JSON_FALSE)
			continue;
		if (x->f->e[i].tok == KT_JSON_TRUE)
			val = "yes";
		if (c >= 0) {
			o->v[c] = val;
		} else if (strncmp(key, "use.where.territories.", 22) == 0) {
			kt_buf_puts(&o->territories, o->territories.len > 0 ? " " : "");
			kt_buf_puts(&o->territories, val);
		} else if (strncmp(key, "record.", 7) == 0) {
			kt_buf_printf(&o->attributes, "%s%s=", o->attributes.len > 0 ? "; " : "",
				      key + 7);
			kt_buf_puts(&o->attributes, val);
		}
	}
}

/* -- pass ------------------------------------------------------------------------------------- */

static int flush_one(struct export *x, struct kt_buf *b, unsigned file, bool force)
{
	int c = 0;

	if (b->failed)
		return KT_FAIL(x->err, KT_E_NOMEM, "export: no memory");
	if (b->len == 0 || (!force && b->len < FLUSH_AT))
		return 0;
	for (size_t at = 0; at < b->len && c == 0; at += KT_EXPORT_CHUNK) {
		size_t n = b->len - at < KT_EXPORT_CHUNK ? b->len - at : KT_EXPORT_CHUNK;

		c = x->put(x->arg, file, b->p + at, n, x->err);
	}
	kt_buf_reset(b);
	return c;
}

static int flush_all(struct export *x, bool force)
{
	unsigned page = x->shown == 0 ? 0 : (unsigned)((x->shown - 1) / KT_EXPORT_PAGE_ROWS);
	int c = 0;

	for (unsigned i = 0; i < KT_EXPORT_PAGES && c == 0; i++)
		c = flush_one(x, &x->out[i], i, force);
	return c < 0 ? c : flush_one(x, &x->page, KT_EXPORT_PAGES + page, force);
}

static int on_observation(struct export *x)
{
	int c = 0;

	gather(x);
	x->obs.number = ++x->shown;
	csv_row(x);
	gpx_row(x);
	kml_row(x);
	geojson_row(x);
	case_row(x);
	if (x->pages > 0 && x->shown <= (uint64_t)x->pages * KT_EXPORT_PAGE_ROWS) {
		bool last = x->shown % KT_EXPORT_PAGE_ROWS == 0;

		if (x->shown % KT_EXPORT_PAGE_ROWS == 1)
			table_head(x);
		table_row(x);
		if (last) {
			table_end(x);
			c = flush_all(x, true);
		}
	}
	return c < 0 ? c : flush_all(x, false);
}

static int observations(struct export *x, int tok)
{
	int c = 0;

	if (tok != KT_JSON_ARR)
		return KT_FAIL(x->err, KT_E_FORMAT, "export: observations is no list");
	csv_head(x);
	gpx_head(x);
	kml_head(x);
	geojson_head(x);
	case_head(x);
	while (c == 0 && (tok = kt_json_next(x->j, x->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		c = flat_read(x->f, x->j, tok, x->err);
		if (c == 0)
			c = on_observation(x);
	}
	if (c == 0 && x->pages > 0 && x->shown % KT_EXPORT_PAGE_ROWS != 0 &&
	    x->shown < (uint64_t)x->pages * KT_EXPORT_PAGE_ROWS)
		table_end(x);
	gpx_end(x);
	kml_end(x);
	geojson_end(x);
	return c;
}

static int objects(struct export *x, int tok)
{
	int c = 0;

	if (tok != KT_JSON_ARR)
		return KT_FAIL(x->err, KT_E_FORMAT, "export: objects is no list");
	while (c == 0 && (tok = kt_json_next(x->j, x->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		c = flat_read(x->f, x->j, tok, x->err);
		if (c == 0)
			case_object(x);
		if (c == 0)
			c = flush_all(x, false);
	}
	return c;
}

static int scalar(struct export *x, int tok, char *out, size_t n)
{
	int c = flat_read(x->f, x->j, tok, x->err);

	if (c == 0 && x->f->n == 1 && x->f->e[0].tok != KT_JSON_NULL)
		snprintf(out, n, "%s", (const char *)x->f->text.p + x->f->e[0].val);
	return c;
}

static uint64_t number(const struct export *x, const char *path)
{
	const char *s = flat_get(x->f, path);

	return s != NULL ? strtoull(s, NULL, 10) : 0;
}

static int on_member(struct export *x, const char *key, int tok)
{
	char format[40] = "";
	int c;

	if (strcmp(key, "format") == 0) {
		c = scalar(x, tok, format, sizeof(format));
		return c == 0 && strcmp(format, "keten-report-2") != 0
			       ? KT_FAIL(x->err, KT_E_FORMAT, "export: not a keten-report-2")
			       : c;
	}
	if (strcmp(key, "case_id") == 0)
		return scalar(x, tok, x->case_id, sizeof(x->case_id));
	if (strcmp(key, "case_ref") == 0)
		return scalar(x, tok, x->case_ref, sizeof(x->case_ref));
	if (strcmp(key, "mandate_id") == 0)
		return scalar(x, tok, x->mandate_id, sizeof(x->mandate_id));
	if (strcmp(key, "observations") == 0)
		return observations(x, tok);
	if (strcmp(key, "objects") == 0)
		return objects(x, tok);
	if (strcmp(key, "result") != 0 && strcmp(key, "session") != 0)
		return tok == KT_JSON_OBJ || tok == KT_JSON_ARR ? kt_json_skip(x->j, tok, x->err)
								: 0;
	c = flat_read(x->f, x->j, tok, x->err);
	if (c == 0 && *key == 'r') {
		x->total = number(x, "observations");
		x->with_position = number(x, "with_position");
		x->pages = kt_export_pages(x->total);
	} else if (c == 0) {
		snprintf(x->sealed, sizeof(x->sealed), "%s",
			 flat_get(x->f, "closed") != NULL ? flat_get(x->f, "closed") : "");
	}
	return c;
}

static int read_all(struct export *x)
{
	char key[40];
	bool any = false;
	int c = 0, tok = kt_json_next(x->j, x->err);

	if (tok < 0)
		return tok;
	if (tok != KT_JSON_OBJ)
		return KT_FAIL(x->err, KT_E_FORMAT, "export: no report");
	while (c == 0 && (tok = kt_json_next(x->j, x->err)) == KT_JSON_KEY) {
		snprintf(key, sizeof(key), "%s", x->j->str);
		if (!any && strcmp(key, "format") != 0)
			return KT_FAIL(x->err, KT_E_FORMAT, "export: not a keten-report-2");
		any = true;
		tok = kt_json_next(x->j, x->err);
		if (tok < 0)
			return tok;
		c = on_member(x, key, tok);
	}
	if (c < 0 || tok < 0)
		return c < 0 ? c : tok;
	tok = kt_json_next(x->j, x->err);
	if (tok < 0)
		return tok;
	if (!x->first_node && x->case_id[0] == '\0')
		return KT_FAIL(x->err, KT_E_FORMAT, "export: members are missing");
	case_end(x);
	return flush_all(x, true);
}

int kt_export(struct kt_json_src src,
	      int (*put_fn)(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err),
	      void *arg, struct kt_err *err)
{
	struct export *x = calloc(1, sizeof(*x));
	struct kt_json *j = malloc(sizeof(*j));
	struct flat *f = calloc(1, sizeof(*f));
	int c = KT_E_NOMEM;

	if (x == NULL || j == NULL || f == NULL) {
		KT_FAIL(err, c, "export: no memory");
		goto out;
	}
	x->j = j;
	x->f = f;
	x->err = err;
	x->put = put_fn;
	x->arg = arg;
	slots(x);
	kt_buf_init(&f->text, FLAT_TEXT);
	for (unsigned i = 0; i < KT_EXPORT_PAGES; i++)
		kt_buf_init(&x->out[i], 0);
	kt_buf_init(&x->page, 0);
	kt_buf_init(&x->obs.territories, 0);
	kt_buf_init(&x->obs.attributes, 0);
	kt_json_init(j, src, STR_MAX);
	c = read_all(x);
	kt_json_free(j);
	for (unsigned i = 0; i < KT_EXPORT_PAGES; i++)
		kt_buf_free(&x->out[i]);
	kt_buf_free(&x->page);
	kt_buf_free(&x->obs.territories);
	kt_buf_free(&x->obs.attributes);
	kt_buf_free(&f->text);
out:
	free(x);
	free(j);
	free(f);
	return c;
}
