/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "parsers/sdk/xml.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A source that gives at most step bytes at a time and fails on request. */
struct src {
	const char *p;
	size_t n, at, step;
	int fail;
	uint64_t repeat; /* the bytes come this many times more */
};

static int src_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct src *s = arg;
	size_t k = s->n - s->at;

	if (k == 0 && s->repeat > 0) {
		s->repeat--;
		s->at = 0;
		k = s->n;
	}
	if (k == 0 && s->fail != 0)
		return KT_FAIL(err, s->fail, "source failed");
	if (k > n)
		k = n;
	if (s->step != 0 && k > s->step)
		k = s->step;
	memcpy(p, s->p + s->at, k);
	s->at += k;
	*got = k;
	return 0;
}

/* All events as text, and the code at the end. */
static int story(struct src *s, uint64_t off, char *out, size_t max)
{
	struct kt_json_src src = {src_read, s, off};
	struct kt_xml_event ev;
	struct kt_err err = {0};
	struct kt_xml *x;
	size_t n = 0;
	int r;

	out[0] = '\0';
	assert_int_equal(kt_xml_open(src, &x, &err), 0);
	while ((r = kt_xml_next(x, &ev, &err)) == 1) {
		n += (size_t)snprintf(out + n, max - n, "%s%.*s",
				      ev.kind == KT_XML_OPEN ? "<" : "/", (int)ev.name.len,
				      ev.name.p);
		for (unsigned i = 0; i < ev.nattr; i++)
			n += (size_t)snprintf(out + n, max - n, " %.*s=%.*s",
					      (int)ev.attr[i].name.len, ev.attr[i].name.p,
					      (int)ev.attr[i].value.len, ev.attr[i].value.p);
		if (ev.kind == KT_XML_CLOSE)
			n += (size_t)snprintf(out + n, max - n, "{%.*s}", (int)ev.text.len,
					      ev.text.p);
		n += (size_t)snprintf(out + n, max - n, "@%u:%llu-%llu ", ev.depth,
				      (unsigned long long)ev.open_off, (unsigned long long)ev.off);
		assert_true(n < max);
	}
	/* what ended it is said again */
	if (r < 0 && s->fail == 0)
		assert_int_equal(kt_xml_next(x, &ev, &err), r);
	kt_xml_close(&x);
	assert_null(x);
	return r;
}

static int story_of(const char *text, char *out, size_t max)
{
	struct src s = {.p = text, .n = strlen(text)};

	return story(&s, 0, out, max);
}

static void events(void **state)
{
	static const char doc[] =
		"<?xml version=\"1.0\"?>\n<!-- c --><g:a xmlns:g=\"u\" "
		"g:x='1 &lt; 2'>  t<b/> u <g:c> \n\xc3\xa9&#33; </g:c>v\n</g:a> \n";
	char out[1000], again[1000];

	(void)state;
	assert_int_equal(story_of(doc, out, sizeof(out)), 0);
	assert_string_equal(out, "<a g=u x=1 < 2@1:0-32 <b@2:0-67 /b{}@2:67-71 <c@2:0-74 "
				 "/c{\xc3\xa9!}@2:74-95 /a{t u v}@1:32-103 ");
	/* the offsets are those of the source */
	assert_memory_equal(doc + 32, "<g:a ", 5);
	assert_memory_equal(doc + 67, "<b/>", 4);
	assert_memory_equal(doc + 74, "<g:c>", 5);
	assert_memory_equal(doc + 95 - 6, "</g:c>", 6);
	assert_memory_equal(doc + 103 - 6, "</g:a>", 6);
	/* however the bytes come */
	for (size_t step = 1; step < 40; step++) {
		struct src s = {.p = doc, .n = sizeof(doc) - 1, .step = step};

		assert_int_equal(story(&s, 0, again, sizeof(again)), 0);
		assert_string_equal(again, out);
	}
}

/* Behind what a member's source skipped, and after 2^32. */
static void offsets_go_on(void **state)
{
	struct src s = {.p = "<a><b/></a>", .n = 11};
	char out[200];

	(void)state;
	assert_int_equal(story(&s, UINT64_C(5000000000), out, sizeof(out)), 0);
	assert_string_equal(out, "<a@1:0-5000000000 <b@2:0-5000000003 "
				 "/b{}@2:5000000003-5000000007 /a{}@1:5000000000-5000000011 ");
}

static void encodings(void **state)
{
	static const char utf16le[] = "\xff\xfe<\0a\0>\0\xe9\0<\0/\0a\0>\0";
	static const char utf16be[] = "\xfe\xff\0<\0a\0>\0\xe9\0<\0/\0a\0>";
	struct src le = {.p = utf16le, .n = sizeof(utf16le) - 1};
	struct src be = {.p = utf16be, .n = sizeof(utf16be) - 1};
	char out[200];

	(void)state;
	assert_int_equal(story(&le, 0, out, sizeof(out)), 0);
	assert_string_equal(out, "<a@1:0-2 /a{\xc3\xa9}@1:2-18 ");
	assert_int_equal(story(&be, 0, out, sizeof(out)), 0);
	assert_string_equal(out, "<a@1:0-2 /a{\xc3\xa9}@1:2-18 ");
	assert_int_equal(story_of("\xef\xbb\xbf<a>\xc3\xa9</a>", out, sizeof(out)), 0);
	assert_string_equal(out, "<a@1:0-3 /a{\xc3\xa9}@1:3-12 ");
	assert_int_equal(story_of("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", out,
				  sizeof(out)),
			 0);
	assert_string_equal(out, "<a@1:0-43 /a{\xc3\xa9}@1:43-51 ");
	assert_int_equal(story_of("<?xml version='1.0' encoding='x-none'?><a/>", out, sizeof(out)),
			 KT_E_FORMAT);
	assert_int_equal(story_of("<a>\xe9</a>", out, sizeof(out)), KT_E_FORMAT);
}

static void refused(void **state)
{
	static const struct {
		const char *doc;
		int code;
		const char *before;
	} t[] = {
		{"", KT_E_FORMAT, ""},
		{"text", KT_E_FORMAT, ""},
		{"<a>", KT_E_FORMAT, "<a@1:0-0 "},
		{"<a><b/>", KT_E_FORMAT, "<a@1:0-0 <b@2:0-3 /b{}@2:3-7 "},
		{"<a><b></a>", KT_E_FORMAT, "<a@1:0-0 <b@2:0-3 "},
		{"<a/><b/>", KT_E_FORMAT, "<a@1:0-0 /a{}@1:0-4 "},
		{"<a/>x", KT_E_FORMAT, "<a@1:0-0 /a{}@1:0-4 "},
		{"<a>&none;</a>", KT_E_FORMAT, "<a@1:0-0 "},
		{"<a x='1' x='2'/>", KT_E_FORMAT, ""},
		/* entities: inside, outside, parameters, used but declared elsewhere */
		{"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", KT_E_FORMAT, ""},
		{"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><a>&e;</a>", KT_E_FORMAT,
		 ""},
		{"<!DOCTYPE a [<!ENTITY % e 'x'>]><a/>", KT_E_FORMAT, ""},
		{"<!DOCTYPE a SYSTEM 'a.dtd'><a>&e;</a>", KT_E_FORMAT, "<a@1:0-27 "},
	};
	char out[500];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int r = story_of(t[i].doc, out, sizeof(out));

		if (r != t[i].code || strcmp(out, t[i].before) != 0)
			fail_msg("%s: %d, %s", t[i].doc, r, out);
	}
	/* a document type without entities is none of our business, nor are its default attributes */
	assert_int_equal(
		story_of("<!DOCTYPE a PUBLIC '-//x' 'http://x/a.dtd'><a/>", out, sizeof(out)), 0);
	assert_int_equal(
		story_of("<!DOCTYPE a [<!ATTLIST a x CDATA 'long'>]><a y='1'/>", out, sizeof(out)),
		0);
	assert_string_equal(out, "<a y=1@1:0-42 /a{}@1:42-52 ");
}

/* The text around the number names it. */
static void says_where(void **state)
{
	struct src s = {.p = "<a>\n<b>&none;</b></a>", .n = 21};
	struct kt_json_src src = {src_read, &s, 100};
	struct kt_xml_event ev;
	struct kt_err err = {0};
	struct kt_xml *x;

	(void)state;
	assert_int_equal(kt_xml_open(src, &x, &err), 0);
	assert_int_equal(kt_xml_next(x, &ev, &err), 1);
	assert_int_equal(kt_xml_next(x, &ev, &err), 1);
	assert_int_equal(kt_xml_next(x, &ev, &err), KT_E_FORMAT);
	assert_string_equal(kt_err_text(&err), "XML: undefined entity at byte 107");
	kt_xml_close(&x);
	kt_xml_close(&x);
}

/* A tag of more than its limit is refused where it began, wherever the source began. */
static void endless_tag(void **state)
{
	struct src s = {.p = "<a ", .n = 3};
	struct kt_json_src src = {src_read, &s, 1000};
	struct kt_xml_event ev;
	struct kt_err err = {0};
	struct kt_xml *x;
	char *tag = malloc(3000000);

	(void)state;
	memset(tag, 'x', 3000000);
	memcpy(tag, "<a y='", 6);
	s.p = tag;
	s.n = 3000000;
	assert_int_equal(kt_xml_open(src, &x, &err), 0);
	assert_int_equal(kt_xml_next(x, &ev, &err), KT_E_LIMIT);
	assert_string_equal(kt_err_text(&err), "XML: a tag or comment is too long at byte 1000");
	assert_true(s.at > 1 << 20 && s.at < (1 << 20) + 2 * 16384);
	kt_xml_close(&x);
	free(tag);
}

static char *repeated(const char *head, const char *piece, size_t times, const char *tail)
{
	size_t h = strlen(head), p = strlen(piece), t = strlen(tail);
	char *s = malloc(h + p * times + t + 1);

	memcpy(s, head, h);
	for (size_t i = 0; i < times; i++)
		memcpy(s + h + i * p, piece, p);
	memcpy(s + h + p * times, tail, t + 1);
	return s;
}

/* How many events, and how it ends. */
static int drain(const char *doc, size_t *events_, struct kt_xml_event *last, struct kt_xml **x)
{
	static struct src s;
	struct kt_json_src src = {src_read, &s, 0};
	struct kt_err err = {0};
	int r;

	memset(&s, 0, sizeof(s));
	s.p = doc;
	s.n = strlen(doc);
	*events_ = 0;
	assert_int_equal(kt_xml_open(src, x, &err), 0);
	while ((r = kt_xml_next(*x, last, &err)) == 1)
		(*events_)++;
	return r;
}

static void limits(void **state)
{
	struct kt_xml_event ev;
	struct kt_xml *x;
	char *doc, *close;
	size_t n;

	(void)state;
	for (unsigned levels = KT_XML_DEPTH; levels <= KT_XML_DEPTH + 1; levels++) {
		close = repeated("", "</a>", levels, "");
		doc = repeated("", "<a>", levels, close);
		assert_int_equal(drain(doc, &n, &ev, &x), levels == KT_XML_DEPTH ? 0 : KT_E_LIMIT);
		assert_int_equal(n, levels == KT_XML_DEPTH ? 2 * levels : KT_XML_DEPTH);
		kt_xml_close(&x);
		free(doc);
		free(close);
	}
	/* an attribute flood, a tag and a comment that do not end, one that is long but ends */
	doc = repeated("<a", " x", 3000000, "");
	assert_int_equal(drain(doc, &n, &ev, &x), KT_E_FORMAT);
	kt_xml_close(&x);
	free(doc);
	doc = repeated("<a x='", "0123456789", 300000, "'/>");
	assert_int_equal(drain(doc, &n, &ev, &x), KT_E_LIMIT);
	kt_xml_close(&x);
	free(doc);
	doc = repeated("<!--", " - ", 600000, "--><a/>");
	assert_int_equal(drain(doc, &n, &ev, &x), KT_E_LIMIT);
	kt_xml_close(&x);
	free(doc);
	doc = repeated("<!--", " - ", 300000, "--><a/>");
	assert_int_equal(drain(doc, &n, &ev, &x), 0);
	kt_xml_close(&x);
	free(doc);
}

static void attributes(void **state)
{
	char doc[3000] = "<a", *at = doc + 2;
	struct kt_xml_event ev;
	struct kt_xml *x;
	struct src s = {.p = doc};
	struct kt_json_src src = {src_read, &s, 0};
	struct kt_err err = {0};
	size_t n;

	(void)state;
	for (int i = 0; i < 64; i++)
		at += snprintf(at, 20, " x%d='%d'", i, i);
	strcpy(at, "/>");
	s.n = strlen(doc);
	assert_int_equal(kt_xml_open(src, &x, &err), 0);
	assert_int_equal(kt_xml_next(x, &ev, &err), 1);
	assert_int_equal(ev.nattr, 64);
	assert_true(kt_str_is(kt_xml_attr(&ev, "x63"), "63"));
	assert_true(kt_str_is(kt_xml_attr(&ev, "x0"), "0"));
	assert_null(kt_xml_attr(&ev, "x64").p);
	kt_xml_close(&x);
	strcpy(at, " y=''/>");
	assert_int_equal(drain(doc, &n, &ev, &x), KT_E_LIMIT);
	kt_xml_close(&x);
}

static void long_texts(void **state)
{
	static const struct {
		size_t blanks, letters, want;
		bool cut;
	} t[] = {
		{0, KT_XML_TEXT_MAX / 2, KT_XML_TEXT_MAX, false},
		{100000, KT_XML_TEXT_MAX / 2, KT_XML_TEXT_MAX, false},
		{0, KT_XML_TEXT_MAX / 2 + 1, KT_XML_TEXT_MAX, true},
		{3, 1000000, KT_XML_TEXT_MAX, true},
	};
	struct kt_xml_event ev;
	struct kt_xml *x;
	char *doc, *text;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		text = repeated("", "\xc3\xa9", t[i].letters, "</a>");
		doc = repeated("<a>", " ", t[i].blanks, text);
		assert_int_equal(drain(doc, &n, &ev, &x), 0);
		assert_int_equal(ev.text.len, t[i].want);
		assert_int_equal(ev.text_cut, t[i].cut);
		kt_xml_close(&x);
		free(doc);
		free(text);
	}
	/* never half a character: one odd byte in front */
	doc = repeated("<a b='x", "\xc3\xa9", KT_XML_TEXT_MAX, "'>x");
	text = repeated(doc, "\xc3\xa9", KT_XML_TEXT_MAX, "</a>");
	assert_int_equal(drain(text, &n, &ev, &x), 0);
	assert_int_equal(ev.text.len, KT_XML_TEXT_MAX - 1);
	kt_xml_close(&x);
	free(doc);
	free(text);
}

static void other_limits(void **state)
{
	struct src s = {.p = "<a> <b> 12345 </b> <c/></a>", .n = 27};
	struct kt_json_src src = {src_read, &s, 0};
	struct kt_xml_event ev;
	struct kt_err err = {0};
	struct kt_xml *x;

	(void)state;
	assert_int_equal(kt_xml_open(src, &x, &err), 0);
	assert_int_equal(kt_xml_set(x, 2, 5, true, &err), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_xml_next(x, &ev, &err), 1);
	assert_true(kt_str_is(ev.text, " 1234") && ev.text_cut);
	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_xml_next(x, &ev, &err), 1);
	assert_true(kt_str_is(ev.text, "  ") && !ev.text_cut && ev.depth == 1);
	assert_int_equal(kt_xml_next(x, &ev, &err), 0);
	kt_xml_close(&x);
}

/* What came before the source failed has been handed out; its code is passed on. */
static void source_fails(void **state)
{
	struct src s = {.p = "<a><b/><c>", .n = 10, .fail = KT_E_ABSENT};
	char out[200];

	(void)state;
	assert_int_equal(story(&s, 0, out, sizeof(out)), KT_E_ABSENT);
	assert_string_equal(out, "<a@1:0-0 <b@2:0-3 /b{}@2:3-7 <c@2:0-7 ");
}

/* Seventeen megabytes: the same few kilobytes serve them all. */
static void a_long_file(void **state)
{
	static const char piece[] = "<p lat='52.1' lon='5.2'><t>2024-01-01T00:00:00Z</t></p>\n";
	struct src s = {.p = "<a>", .n = 3};
	struct kt_json_src src = {src_read, &s, 0};
	struct kt_xml_event ev;
	struct kt_err err = {0};
	struct kt_xml *x;
	uint64_t n = 0, off = 0;
	size_t before;
	int r;

	(void)state;
	assert_int_equal(kt_xml_open(src, &x, &err), 0);
	assert_int_equal(kt_xml_next(x, &ev, &err), 1);
	s.p = piece;
	s.n = s.at = sizeof(piece) - 1;
	s.repeat = 300000;
	before = mallinfo2().uordblks;
	while ((r = kt_xml_next(x, &ev, &err)) == 1) {
		if (ev.kind == KT_XML_CLOSE && ev.depth == 2)
			off = ev.off;
		n++;
	}
	assert_true(mallinfo2().uordblks - before < 1 << 20);
	assert_int_equal(r, KT_E_FORMAT); /* it never ended */
	assert_int_equal(n, 4 * UINT64_C(300000));
	assert_int_equal(off, 3 + 300000 * (sizeof(piece) - 1) - 1);
	kt_xml_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),	cmocka_unit_test(offsets_go_on),
		cmocka_unit_test(encodings),	cmocka_unit_test(refused),
		cmocka_unit_test(says_where),	cmocka_unit_test(endless_tag),
		cmocka_unit_test(limits),	cmocka_unit_test(attributes),
		cmocka_unit_test(long_texts),	cmocka_unit_test(other_limits),
		cmocka_unit_test(source_fails), cmocka_unit_test(a_long_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
