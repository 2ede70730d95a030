/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/package/pades.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/time.h"

#define OBJECTS_MAX 1000000u
#define DICT_MAX    ((size_t)1 << 20)
#define RANGE	    "/ByteRange [0 %010zu %010zu %010zu]"

/* The PDF as it is read. Offsets are into pdf. */
struct reader {
	const char *pdf;
	size_t n;
	size_t xref;		   /* of its cross-reference table */
	unsigned size, root, info; /* of its trailer; info 0: none */
	size_t entries;		   /* of the first entry */
};

struct dict {
	const char *p; /* from "<<" */
	size_t n;      /* to behind the matching ">>" */
};

static int odd(struct kt_err *err, const char *what)
{
	return KT_FAIL(err, KT_E_FORMAT, "the PDF is not of the kind that is signed here: %s",
		       what);
}

/* First occurrence at or behind from, or NULL. */
static const char *find(const char *p, size_t n, size_t from, const char *what)
{
	return from > n ? NULL : memmem(p + from, n - from, what, strlen(what));
}

/* A decimal number after blanks; false when there is none. *at moves behind it. */
static bool number(const struct reader *r, size_t *at, unsigned long *v)
{
	size_t digits = 0;

	while (*at < r->n && (r->pdf[*at] == ' ' || r->pdf[*at] == '\n' || r->pdf[*at] == '\r'))
		(*at)++;
	*v = 0;
	while (*at < r->n && r->pdf[*at] >= '0' && r->pdf[*at] <= '9' && digits < 11) {
		*v = *v * 10 + (unsigned long)(r->pdf[*at] - '0');
		(*at)++;
		digits++;
	}
	return digits > 0 && digits < 11;
}

/* The dictionary that begins at or soon behind at. */
static bool dictionary(const struct reader *r, size_t at, struct dict *d)
{
	unsigned depth = 0;

	while (at < r->n && (r->pdf[at] == ' ' || r->pdf[at] == '\n' || r->pdf[at] == '\r'))
		at++;
	d->p = r->pdf + at;
	for (size_t i = at; i + 1 < r->n && i - at < DICT_MAX; i++) {
		if (r->pdf[i] == '<' && r->pdf[i + 1] == '<') {
			depth++;
			i++;
		} else if (r->pdf[i] == '>' && r->pdf[i + 1] == '>') {
			i++;
			if (depth == 0)
				return false;
			if (--depth == 0) {
				d->n = i + 1 - at;
				return true;
			}
		} else if (depth == 0) {
			return false;
		}
	}
	return false;
}

/* The value behind a key of a dictionary as "N 0 R"; 0 when it is not there or not that. */
static unsigned reference(const struct reader *r, const struct dict *d, const char *key)
{
	const char *k = find(d->p, d->n, 0, key);
	unsigned long v, gen;
	size_t at;

	if (k == NULL)
		return 0;
	at = (size_t)(k - r->pdf) + strlen(key);
	if (at < r->n && r->pdf[at] == ' ')
		at++;
	if (at < r->n && r->pdf[at] == '[')
		at++;
	if (!number(r, &at, &v) || !number(r, &at, &gen) || gen != 0 || v == 0 || v >= r->size ||
	    at + 1 >= r->n || r->pdf[at] != ' ' || r->pdf[at + 1] != 'R')
		return 0;
	return (unsigned)v;
}

/* The dictionary of an object, found through the table. */
static bool object(const struct reader *r, unsigned num, struct dict *d)
{
	size_t at = r->entries + (size_t)num * 20;
	unsigned long off, got, gen;
	size_t pos;

	if (num == 0 || num >= r->size || at + 20 > r->n || r->pdf[at + 17] != 'n' ||
	    !number(r, &at, &off))
		return false;
	pos = off;
	return number(r, &pos, &got) && got == num && number(r, &pos, &gen) && gen == 0 &&
	       pos + 4 < r->n && memcmp(r->pdf + pos, " obj", 4) == 0 && dictionary(r, pos + 4, d);
}

static int read_trailer(struct reader *r, struct kt_err *err)
{
	const char *start = NULL, *t;
	struct dict d;
	unsigned long v, count;
	size_t at;

	for (const char *p = r->pdf;
	     (p = find(r->pdf, r->n, (size_t)(p - r->pdf), "startxref")) != NULL; p++)
		start = p;
	if (r->n < 8 || memcmp(r->pdf, "%PDF-1.", 7) != 0 || start == NULL)
		return odd(err, "no PDF");
	at = (size_t)(start - r->pdf) + 9;
	if (!number(r, &at, &v) || v >= r->n || r->n - v < 32 || memcmp(r->pdf + v, "xref", 4) != 0)
		return odd(err, "no cross-reference table");
	r->xref = v;
	at = v + 4;
	if (!number(r, &at, &v) || v != 0 || !number(r, &at, &count) || count > OBJECTS_MAX)
		return odd(err, "its table is in parts");
	while (at < r->n && (r->pdf[at] == '\n' || r->pdf[at] == '\r' || r->pdf[at] == ' '))
		at++;
	r->entries = at;
	r->size = (unsigned)count;
	t = find(r->pdf, r->n, at, "trailer");
	if (t == NULL || !dictionary(r, (size_t)(t - r->pdf) + 7, &d) ||
	    find(d.p, d.n, 0, "/Prev") != NULL || find(d.p, d.n, 0, "/Encrypt") != NULL)
		return odd(err, "its trailer");
	r->root = reference(r, &d, "/Root");
	r->info = reference(r, &d, "/Info");
	return r->root != 0 ? 0 : odd(err, "no catalogue");
}

/* -- the update --------------------------------------------------------------------------------- */

struct placed {
	unsigned num;
	size_t off;
};

static void begin(struct kt_buf *b, struct placed *o, unsigned num)
{
	o->num = num;
	o->off = b->len;
	kt_buf_printf(b, "%u 0 obj\n", num);
}

/* A dictionary again with more in it, in front of its end. */
static void put_more(struct kt_buf *b, const struct dict *d, const char *more)
{
	kt_buf_put(b, d->p, d->n - 2);
	kt_buf_puts(b, more);
	kt_buf_puts(b, ">>\nendobj\n");
}

static void put_page(struct kt_buf *b, const struct dict *page, unsigned widget)
{
	const char *have = find(page->p, page->n, 0, "/Annots");
	const char *open =
		have == NULL ? NULL : find(page->p, page->n, (size_t)(have - page->p), "[");
	char more[64];

	if (open == NULL) {
		snprintf(more, sizeof(more), " /Annots [%u 0 R]\n", widget);
		put_more(b, page, more);
		return;
	}
	kt_buf_put(b, page->p, (size_t)(open - page->p) + 1);
	kt_buf_printf(b, "%u 0 R ", widget);
	kt_buf_put(b, open + 1, page->n - (size_t)(open - page->p) - 1);
	kt_buf_puts(b, "\nendobj\n");
}

/* The date as PDF has it: D:20261129200000Z */
static void put_date(struct kt_buf *b, int64_t us)
{
	char t[KT_TIME_TEXT];

	kt_time_text(us, t);
	kt_buf_printf(b, "/M (D:%.4s%.2s%.2s%.2s%.2s%.2sZ)\n", t, t + 5, t + 8, t + 11, t + 14,
		      t + 17);
}

static void put_signature(struct kt_pades *p, const struct kt_pades_info *info, size_t *range)
{
	struct kt_buf *b = &p->pdf;

	kt_buf_puts(b, "<< /Type /Sig /Filter /Adobe.PPKLite " KT_PADES_MARK "\n");
	put_date(b, info->time_us);
	kt_buf_puts(b, "/Reason (");
	for (const char *c = info->reason; *c != '\0'; c++)
		if (*c >= ' ' && *c <= '~' && strchr("()\\", *c) == NULL)
			kt_buf_putc(b, *c);
	kt_buf_puts(b, ")\n");
	*range = b->len;
	kt_buf_printf(b, RANGE "\n/Contents ", (size_t)0, (size_t)0, (size_t)0);
	p->gap = b->len;
	kt_buf_putc(b, '<');
	for (size_t i = 0; i < KT_PADES_ROOM; i++)
		kt_buf_put(b, "00", 2);
	kt_buf_putc(b, '>');
	p->gap_end = b->len;
	kt_buf_puts(b, "\n>>\nendobj\n");
}

static int by_num(const void *a, const void *b)
{
	unsigned x = ((const struct placed *)a)->num, y = ((const struct placed *)b)->num;

	return (x > y) - (x < y);
}

static void put_table(struct kt_buf *b, const struct reader *r, struct placed *o, size_t n)
{
	size_t at;

	qsort(o, n, sizeof(o[0]), by_num);
	at = b->len;
	kt_buf_puts(b, "xref\n");
	for (size_t i = 0; i < n; i++)
		kt_buf_printf(b, "%u 1\n%010zu 00000 n \n", o[i].num, o[i].off);
	kt_buf_printf(b, "trailer\n<< /Size %u /Root %u 0 R", r->size + 2, r->root);
	if (r->info != 0)
		kt_buf_printf(b, " /Info %u 0 R", r->info);
	kt_buf_printf(b, " /Prev %zu >>\nstartxref\n%zu\n%%%%EOF\n", r->xref, at);
}

static int update(const struct reader *r, const struct kt_pades_info *info, struct kt_pades *p,
		  struct kt_err *err)
{
	struct dict catalogue, pages, page = {NULL, 0};
	struct placed o[4];
	unsigned first, sig = r->size, widget = r->size + 1, tree;
	struct kt_buf *b = &p->pdf;
	char more[160], range[80];
	size_t at;

	if (!object(r, r->root, &catalogue) ||
	    find(catalogue.p, catalogue.n, 0, "/AcroForm") != NULL)
		return odd(err, "its catalogue, or it is signed already");
	tree = reference(r, &catalogue, "/Pages");
	if (!object(r, tree, &pages))
		return odd(err, "its pages");
	first = reference(r, &pages, "/Kids");
	if (!object(r, first, &page) || find(page.p, page.n, 0, "/Kids") != NULL)
		return odd(err, "its first page");
	kt_buf_put(b, r->pdf, r->n);
	if (r->pdf[r->n - 1] != '\n')
		kt_buf_putc(b, '\n');
	begin(b, &o[0], sig);
	put_signature(p, info, &at);
	begin(b, &o[1], widget);
	kt_buf_printf(b,
		      "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V %u 0 R "
		      "/F 132 /Rect [0 0 0 0] /P %u 0 R >>\nendobj\n",
		      sig, first);
	begin(b, &o[2], r->root);
	snprintf(more, sizeof(more), " /AcroForm << /Fields [%u 0 R] /SigFlags 3 >>\n", widget);
	put_more(b, &catalogue, more);
	begin(b, &o[3], first);
	put_page(b, &page, widget);
	put_table(b, r, o, 4);
	if (b->failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the signed PDF");
	snprintf(range, sizeof(range), RANGE, p->gap, p->gap_end, b->len - p->gap_end);
	memcpy(b->p + at, range, strlen(range));
	return 0;
}

int kt_pades_prepare(const void *pdf, size_t n, const struct kt_pades_info *info,
		     struct kt_pades *p, struct kt_err *err)
{
	struct reader r = {.pdf = pdf, .n = n};
	int code;

	memset(p, 0, sizeof(*p));
	kt_buf_init(&p->pdf, KT_PADES_MAX + 4 * KT_PADES_ROOM);
	if (n > KT_PADES_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "the PDF is too long to be signed");
	code = read_trailer(&r, err);
	return code < 0 ? code : update(&r, info, p, err);
}

void kt_pades_free(struct kt_pades *p)
{
	kt_buf_free(&p->pdf);
}

int kt_pades_content(const struct kt_pades *p, struct kt_buf *content)
{
	kt_buf_put(content, p->pdf.p, p->gap);
	return kt_buf_put(content, p->pdf.p + p->gap_end, p->pdf.len - p->gap_end);
}

int kt_pades_finish(struct kt_pades *p, const void *p7s, size_t n, struct kt_err *err)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *der = p7s;

	if (n > KT_PADES_ROOM)
		return KT_FAIL(err, KT_E_LIMIT, "the signature is too long for the PDF");
	for (size_t i = 0; i < n; i++) {
		p->pdf.p[p->gap + 1 + 2 * i] = (uint8_t)digits[der[i] >> 4];
		p->pdf.p[p->gap + 2 + 2 * i] = (uint8_t)digits[der[i] & 15];
	}
	return 0;
}
