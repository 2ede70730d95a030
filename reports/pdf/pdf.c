/* SPDX-License-Identifier: EUPL-1.2 */
/* The document as a whole: hash of the input, one pass that counts the sheets, one that draws. */
#include "reports/pdf/pdf_i.h"
#include "core/err.h"
#include "core/hash.h"
#include "reports/render/html.h"

#include <cairo-pdf.h>
#include <stdlib.h>
#include <string.h>

#define SVG_MAX	    ((size_t)16 << 20)
#define PENDING_MAX ((size_t)8 << 20)
#define PIECE	    65536u

static int hash_input(struct kt_pdf_in in, char hex[KT_SHA256_HEX], struct kt_err *err)
{
	struct kt_json_src src = in.open(in.arg);
	uint8_t *buf = malloc(PIECE), md[KT_SHA256_LEN];
	struct kt_hash h = {0};
	size_t got = 1;
	int r = buf == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			    : kt_hash_init(&h, KT_SHA256, err);

	while (r == 0 && got > 0) {
		r = src.read(src.arg, buf, PIECE, &got, err);
		if (r == 0 && got > 0)
			r = kt_hash_update(&h, buf, got);
	}
	if (r == 0)
		r = kt_hash_final(&h, md);
	if (r == 0)
		kt_hex(md, sizeof(md), hex);
	if (buf != NULL)
		kt_hash_free(&h);
	free(buf);
	return r;
}

struct sink {
	int (*put)(void *arg, const void *p, size_t n, struct kt_err *err);
	void *arg;
	struct kt_err *err;
	int code;
};

static cairo_status_t write_out(void *closure, const unsigned char *p, unsigned n)
{
	struct sink *s = closure;

	if (s->code == 0)
		s->code = s->put(s->arg, p, n, s->err);
	return s->code < 0 ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static int on_markup(void *arg, const void *s, size_t n, struct kt_err *err)
{
	struct pdf *p = arg;

	markup_put(p, s, n);
	return p->failed ? KT_FAIL(err, KT_E_NOMEM, "paper: no memory") : 0;
}

static int pass(struct pdf *p, struct kt_pdf_in in, struct kt_html_head *head, struct kt_err *err)
{
	struct kt_html_opts opts = {
		.lang = p->lang,
		.observations = KT_PDF_OBSERVATIONS,
		.statements = KT_PDF_STATEMENTS,
		.objects = KT_PDF_OBJECTS,
		.paper = true,
		.head = head,
	};
	int r;

	p->page = 0;
	p->x = MARGIN_X;
	p->w = BODY_W;
	page_begin(p);
	r = kt_render_html(in.open(in.arg), &opts, on_markup, p, err);
	block_flush(p);
	page_end(p);
	row_clear(&p->row);
	row_clear(&p->head);
	p->has_head = p->in_row = p->in_cell = false;
	kt_buf_reset(&p->pending);
	return r == 0 && p->failed ? KT_FAIL(err, KT_E_NOMEM, "paper: no memory") : r;
}

static int draw(struct pdf *p, struct kt_pdf_in in, struct kt_html_head *head, struct sink *s)
{
	const char *title = kt_tr(p->lang, N_("Evidence report"));
	struct kt_buf b;
	int r;

	p->surface = cairo_pdf_surface_create_for_stream(write_out, s, PAGE_W, PAGE_H);
	cairo_pdf_surface_restrict_to_version(p->surface, CAIRO_PDF_VERSION_1_5);
	kt_buf_init(&b, 0);
	kt_buf_printf(&b, "%s %s", title, p->case_ref);
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, kt_buf_cstr(&b));
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATOR, "Keten");
	/* the same evidence gives the same bytes: the time is that of the seal */
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATE_DATE,
				       head->sealed[0] != '\0' ? head->sealed
							       : "2000-01-01T00:00:00Z");
	kt_buf_free(&b);
	p->cr = cairo_create(p->surface);
	p->draw = true;
	r = pass(p, in, head, s->err);
	cairo_destroy(p->cr);
	cairo_surface_finish(p->surface);
	if (r == 0 && s->code < 0)
		r = s->code;
	if (r == 0 && cairo_surface_status(p->surface) != CAIRO_STATUS_SUCCESS)
		r = KT_FAIL(s->err, KT_E_INTERNAL, "paper: %s",
			    cairo_status_to_string(cairo_surface_status(p->surface)));
	cairo_surface_destroy(p->surface);
	return r;
}

int kt_render_pdf(const struct pdf_fonts *fonts, struct kt_pdf_in in, enum kt_lang lang,
		  int (*put)(void *arg, const void *p, size_t n, struct kt_err *err), void *arg,
		  struct kt_err *err)
{
	struct sink s = {put, arg, err, 0};
	struct kt_html_head head = {0};
	struct pdf *p = calloc(1, sizeof(*p));
	char hex[KT_SHA256_HEX];
	int r;

	if (p == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	p->fonts = fonts;
	p->lang = lang;
	p->sha256 = hex;
	kt_buf_init(&p->title, 4096);
	kt_buf_init(&p->svg, SVG_MAX);
	kt_buf_init(&p->pending, PENDING_MAX);
	r = hash_input(in, hex, err);
	if (r == 0)
		r = pass(p, in, &head, err);
	p->pages = p->page;
	memcpy(p->case_id, head.case_id, sizeof(p->case_id));
	memcpy(p->case_ref, head.case_ref, sizeof(p->case_ref));
	if (r == 0)
		r = draw(p, in, &head, &s);
	pdf_para_free(&p->para);
	kt_buf_free(&p->title);
	kt_buf_free(&p->svg);
	kt_buf_free(&p->pending);
	free(p);
	return r;
}
