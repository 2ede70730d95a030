/* SPDX-License-Identifier: EUPL-1.2 */
/* libFuzzer target: XML events. The first byte says in what pieces the rest comes. */
#include "parsers/sdk/xml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct src {
	const uint8_t *p;
	size_t n, step;
};

static int src_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct src *s = arg;

	(void)err;
	*got = s->n < n ? s->n : n;
	*got = *got < s->step ? *got : s->step;
	if (*got > 0)
		memcpy(p, s->p, *got);
	s->p += *got;
	s->n -= *got;
	return 0;
}

/* Opened and closed in turn, with lengths and offsets that hold. */
static void check(const struct kt_xml_event *ev, unsigned *depth, uint64_t n)
{
	if (ev->kind == KT_XML_OPEN ? ev->depth != ++*depth : ev->depth != (*depth)--)
		abort();
	if (ev->off > n || ev->open_off > ev->off || ev->depth > KT_XML_DEPTH || ev->nattr > 64 ||
	    ev->text.len > KT_XML_TEXT_MAX || ev->name.len > KT_XML_TEXT_MAX || ev->name.len == 0)
		abort();
	for (unsigned i = 0; i < ev->nattr; i++)
		if (ev->attr[i].value.p == NULL || ev->attr[i].value.len > KT_XML_TEXT_MAX ||
		    memchr(ev->attr[i].value.p, 0, ev->attr[i].value.len) != NULL)
			abort();
	kt_xml_attr(ev, "lat");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct src s = {.p = p, .n = n, .step = 65536};
	struct kt_json_src src = {src_read, &s, 0};
	struct kt_xml_event ev;
	struct kt_xml *x;
	unsigned depth = 0;
	int r;

	if (n > 0) {
		s.p++;
		s.n--;
		s.step = p[0] < 64 ? (size_t)p[0] + 1 : 65536;
	}
	if (kt_xml_open(src, &x, NULL) < 0)
		return 0;
	while ((r = kt_xml_next(x, &ev, NULL)) == 1)
		check(&ev, &depth, n);
	if (r == 0 && depth != 0)
		abort();
	kt_xml_close(&x);
	return 0;
}
