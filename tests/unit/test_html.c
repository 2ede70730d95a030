/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The page made from report.json: nothing from the phone becomes markup, nothing is fetched, the
 * cap on rows is said, and a document that is not as documented is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/json.h"
#include "reports/render/html.h"

#define HEAD                                                                                       \
	"{\"format\":\"keten-report-2\",\"case_id\":\"00ff\",\"case_ref\":\"N-1 "                  \
	"<b>\",\"mandate_id\":\"m-1\",\"mandate_sha256\":\"5a\",\"simulated\":"
#define PLUGINS                                                                                    \
	",\"plugins\":[{\"id\":\"media-exif\",\"version\":1,\"title\":\"Photo "                    \
	"metadata\",\"status\":"                                                                   \
	"\"s\",\"absence\":\"a\"}],\"limits\":[{\"id\":\"x\",\"text\":\"A "                        \
	"limit.\"}],\"attention\":[]"
#define RESULT(code, n)                                                                            \
	",\"result\":{\"code\":\"" code "\",\"text\":\"The result.\",\"observations\":" n          \
	",\"with_position\":1,\"withheld\":136,\"withheld_files\":2,\"by_basis\":{},\"by_type\":{" \
	"},\"sources\":[{\"item\":\"p/dcim\","                                                     \
	"\"plugin\":\"media-exif\",\"outcome\":\"absent\",\"observations\":0,\"with_position\":0," \
	"\"skipped\":0,\"withheld\":1,\"withheld_files\":2,\"why\":\"Nothing there.\"}]}"
/* Two of them share everything but their period. */
#define TAKEN(name, from)                                                                          \
	"{\"item\":\"p/" name "\",\"title\":\"Photos\",\"justification\":\"Because <b>\\u0001b\"," \
	"\"period\":{\"from\":\"" from "-01-01T00:00:00Z\",\"to\":\"2026-11-24T00:00:00Z\"},"      \
	"\"fields\":[\"time\"],\"max_precision_m\":0,\"outcome\":\"absent\","                      \
	"\"reason\":\"/sdcard/X: No such file or directory\"}"
#define TWO_TAKEN TAKEN("dcim", "1990") "," TAKEN("pictures", "2020")
#define CONNECTS                                                                                   \
	"\"connects\":[{\"utc\":\"2026-11-22T09:00:09Z\",\"serial\":\"SIM0001\","                  \
	"\"key_fingerprint\":\"AA:BB\"}],"                                                         \
	"\"disconnects\":[{\"utc\":\"2026-11-22T09:10:00Z\",\"reason\":\"done\"}]"
#define MIDDLE                                                                                     \
	",\"statement\":null,\"authority\":{\"issuer\":\"An office\"},"                            \
	"\"device\":{\"kind\":\"android\",\"identifier\":\"S\\\"1\",\"stated\":[]},"               \
	"\"session\":{\"opened\":[]," CONNECTS ",\"clock_checks\":[]},\"clock\":{},"               \
	"\"taken\":[" TWO_TAKEN "],\"containers\":[],"                                             \
	"\"not_taken\":[{\"kind\":\"item\",\"id\":\"p/dcim\",\"what\":\"Photos\","                 \
	"\"reason\":\"no-such-folder\",\"outcome\":\"absent\","                                    \
	"\"absence\":\"Photos may be elsewhere.\"}]," FINDINGS "\"observations\":["
#define FINDINGS                                                                                   \
	"\"geography\":null,\"totals\":[],\"stays\":[],\"places\":[],\"agreement\":[],"            \
	"\"conflicts\":[],\"photos\":null,"
#define TAIL "],\"links\":[],\"not_reported\":[],\"parsing\":[{}],\"objects\":[]}\n"

#define OBS_HEAD                                                                                   \
	"{\"id\":\"o000001#1\",\"object\":\"o000001\",\"item\":\"p/"                               \
	"dcim\",\"plugin\":\"media-exif\","
#define OBS_LOC "\"locator\":{\"kind\":\"bytes\",\"offset\":1000,\"length\":5}}}"

struct io {
	const char *p;
	size_t n, off;
	struct kt_buf out;
	int fail; /* code that put gives */
};

static int io_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct io *io = arg;

	(void)err;
	if (n > io->n - io->off)
		n = io->n - io->off;
	memcpy(p, io->p + io->off, n);
	io->off += n;
	*got = n;
	return 0;
}

static int io_put(void *arg, const void *p, size_t n, struct kt_err *err)
{
	struct io *io = arg;

	(void)err;
	if (io->fail < 0)
		return io->fail;
	return kt_buf_put(&io->out, p, n);
}

static int render_in(struct io *io, enum kt_lang lang, const char *json, size_t n)
{
	struct kt_json_src src = {io_read, io, 0};
	struct kt_html_opts opts;
	struct kt_err err = {0};
	int r;

	kt_html_opts_init(&opts, lang);

	io->p = json;
	io->n = n;
	io->off = 0;
	kt_buf_init(&io->out, (size_t)64 << 20);
	r = kt_render_html(src, &opts, io_put, io, &err);
	if (r < 0)
		assert_string_not_equal(kt_err_text(&err), "");
	assert_non_null(kt_buf_cstr(&io->out));
	return r;
}

static int render(struct io *io, const char *json, size_t n)
{
	return render_in(io, KT_LANG_EN, json, n);
}

static bool has(const struct io *io, const char *text)
{
	if (strstr((const char *)io->out.p, text) != NULL)
		return true;
	print_error("missing: %s\n", text);
	return false;
}

static bool hasnt(const struct io *io, const char *text)
{
	return strstr((const char *)io->out.p, text) == NULL;
}

static const char hostile[] = HEAD "true" PLUGINS RESULT("positions-reported", "3") MIDDLE OBS_HEAD
	"\"path\":\"/sdcard/</td></table><script>alert(1)</script> & \\\"q\\\" 'x'\",\"record\":{"
	"\"type\":\"position\",\"basis\":\"inferred\",\"t\":\"2024-05-12T13:03:22Z\",\"t_kind\":"
	"\"utc\",\"lat\":52.5200000,\"lon\":-0.0005000,\"accuracy_m\":12.500,\"position\":\"ok\","
	"\"flags\":[\"mock\"],\"altitude_mm\":-1250,\"raw\":\"a\xe2\x80\xae"
	"b\"," OBS_LOC "," OBS_HEAD
	"\"path\":null,\"record\":{\"type\":\"media\",\"basis\":\"measured\",\"t\":null,\"t_kind\":"
	"\"local\",\"t_local\":\"2024-05-12T18:20:00\",\"lat\":null,\"lon\":null,\"accuracy_m\":"
	"null,"
	"\"position\":\"unusable\",\"position_reason\":\"hemisphere-missing\"," OBS_LOC "," OBS_HEAD
	"\"path\":null,\"record\":{\"type\":\"setting\",\"basis\":\"stated\",\"t\":null,\"t_kind\":"
	"\"none\",\"name\":\"global/auto_time\",\"value\":\"<1>\"," OBS_LOC TAIL;

/* The same page in Dutch: our words are translated, those of phone and mandate are not. */
static void test_dutch(void **state)
{
	struct io io = {0};

	(void)state;
	assert_int_equal(render_in(&io, KT_LANG_NL, hostile, sizeof(hostile) - 1), 0);
	assert_true(has(&io, "<html lang=\"nl\">"));
	assert_true(has(&io, "<h2 id=\"taken\">Wat is genomen</h2>"));
	assert_true(has(&io, "<span class=\"pill\">afwezig</span>"));
	assert_true(has(&io, "1</bdi> waarneming met een bruikbare positie."));
	assert_true(has(&io, "<bdi dir=\"ltr\">12,5</bdi> m"));
	assert_true(has(&io, "de telefoon merkt deze positie als gesimuleerd"));
	assert_true(has(&io, "52.5200000, -0.0005000"));
	assert_true(has(&io, "Because &lt;b&gt;"));
	assert_true(has(&io, ".obs td:nth-child(2)::before{content:\"Tijd \"}"));
	assert_true(hasnt(&io, "{"
			       "What"));
	assert_true(hasnt(&io, ">Observations<"));
	kt_buf_free(&io.out);
}

static void test_text_is_text(void **state)
{
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, hostile, sizeof(hostile) - 1), 0);
	assert_true(has(&io, "<bdi class=\"phone\">/sdcard/&lt;/td&gt;&lt;/table&gt;&lt;script&gt;"
			     "alert(1)&lt;/script&gt; &amp; &quot;q&quot; &#39;x&#39;</bdi>"));
	assert_true(hasnt(&io, "<script"));
	assert_true(has(&io, "N-1 &lt;b&gt;"));
	assert_true(has(&io, "S&quot;1"));
	assert_true(has(&io, "&lt;1&gt;"));
	/* a hidden character is shown, wherever it comes from */
	assert_true(has(&io, "a\\u{202e}b"));
	assert_true(hasnt(&io, "\xe2\x80\xae"));
	kt_buf_free(&io.out);
}

static void test_words(void **state)
{
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, hostile, sizeof(hostile) - 1), 0);
	assert_true(has(&io, "<span>2024-05-12</span> <span>13:03:22 UTC</span>"));
	assert_true(has(&io,
			"<span>2024-05-12</span> <span>18:20:00</span></bdi><small>local time, "
			"zone not recorded"));
	assert_true(has(&io, "<code dir=\"ltr\">52.5200000, -0.0005000</code>"));
	assert_true(has(&io, "12.5</bdi> m"));
	assert_true(has(&io, "-1.25</bdi> m"));
	assert_true(has(&io, "inferred by the source"));
	assert_true(has(&io, "the phone marks this fix as simulated"));
	assert_true(has(&io, "not usable<small><bdi class=\"phone\">hemisphere missing"));
	assert_true(has(&io, "bytes <bdi dir=\"ltr\">1000</bdi> to <bdi dir=\"ltr\">1004</bdi>"));
	assert_true(has(&io, "answer to <code dir=\"ltr\">dcim</code>"));
	assert_true(has(&io, ">absent<"));
	assert_true(has(&io, "Photos may be elsewhere."));
	assert_true(has(&io, "<strong>Simulated data.</strong>"));
	kt_buf_free(&io.out);
}

static unsigned times(const struct io *io, const char *text)
{
	unsigned n = 0;

	for (const char *p = (const char *)io->out.p; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static void test_in_short(void **state)
{
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, hostile, sizeof(hostile) - 1), 0);
	assert_true(has(&io,
			"<dt>Withheld: outside the mandate</dt><dd><span><bdi dir=\"ltr\">2</bdi> "
			"files</span> and <span><bdi dir=\"ltr\">136</bdi> records</span></dd>"));
	assert_true(has(
		&io, "2</bdi> files</span> and <span><bdi dir=\"ltr\">1</bdi> record</span></td>"));
	assert_true(has(&io, "UTC</span></bdi>: after the last request"));
	assert_true(has(&io, "as the phone shows it: <code dir=\"ltr\">AA:BB</code>"));
	assert_true(hasnt(&io, "representative"));
	assert_true(hasnt(&io, "interpreter"));
	assert_true(
		has(&io,
		    "<small>the folder is not there</small><small>the phone's words: "
		    "\xe2\x80\x9c<bdi class=\"phone\">/sdcard/X: No such file or directory</bdi>"));
	kt_buf_free(&io.out);
}

/* What all requests share stands once, what differs in each card; no text can pass for a mark. */
static void test_common_facts(void **state)
{
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, hostile, sizeof(hostile) - 1), 0);
	assert_int_equal(times(&io, "<p>For all requests:</p>"), 1);
	assert_int_equal(
		times(&io, "<dt>Why, says the mandate</dt><dd>Because &lt;b&gt;\\u{0001}b</dd>"),
		1);
	assert_int_equal(times(&io, "<dt>Kinds of data allowed</dt>"), 1);
	assert_int_equal(times(&io, "<dt>Precision of positions</dt>"), 1);
	assert_int_equal(times(&io, "<dt>Period allowed</dt>"), 2);
	assert_int_equal(times(&io, "<article>"), 2);
	assert_true(hasnt(&io, "\x01"));
	assert_true(hasnt(&io, "\x02"));
	kt_buf_free(&io.out);
}

static void test_photo_lines(void **state)
{
	static const char doc[] =
		HEAD "false" PLUGINS RESULT("positions-reported", "1") MIDDLE OBS_HEAD
		"\"path\":\"/p\",\"record\":{\"type\":\"media\",\"basis\":\"measured\",\"t_kind\":"
		"\"none\",\"position\":\"none\",\"camera_model\":\"M <1>\",\"software\":\"S\","
		"\"taken_local\":\"T\",\"gps_time\":\"G\",\"time_difference_s\":7,\"altitude_mm\":"
		"1000,"
		"\"raw\":\"T\"," OBS_LOC TAIL;
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, doc, sizeof(doc) - 1), 0);
	assert_true(has(&io,
			"<span class=\"kv\">camera: <bdi class=\"phone\">M &lt;1&gt;</bdi>, "
			"software <bdi class=\"phone\">S</bdi></span><span class=\"kv\">camera "
			"clock: taken <bdi class=\"phone\">T</bdi>; satellite time <bdi "
			"class=\"phone\">G</bdi>; camera minus satellite <bdi "
			"class=\"phone\">7</bdi> s</span><span class=\"kv\">altitude: "));
	assert_int_equal(times(&io, "software <bdi"), 1);
	assert_true(hasnt(&io, "as written"));
	kt_buf_free(&io.out);
}

/* The policy names the style sheet that is there, and no other source of anything. */
#define NOT_TAKEN(kind, id, reason)                                                                \
	"{\"kind\":\"" kind "\",\"id\":\"" id "\",\"what\":\"Title of " id                         \
	"\",\"reason\":\"" reason "\"}"

/* An image in place of a phone: what was read is named, and what it can't hold, by reason. */
/* clang-format off */
static const char of_an_image[] =
	HEAD "false" PLUGINS RESULT("positions-reported", "1")
	",\"statement\":null,\"authority\":{\"issuer\":\"An office\",\"device\":{\"kind\":\"ios\"}},"
	"\"device\":{\"kind\":\"ios\",\"identifier\":\"unknown\",\"form\":\"image\",\"source\":\"a<b>.tar\","
	"\"stated\":[]},\"session\":{\"opened\":[]},\"clock\":{},\"taken\":[{\"item\":\"p/x\",\"title\":\"T\","
	"\"take\":\"group\",\"outcome\":\"acquired\",\"request\":{\"kind\":\"image-file\","
	"\"text\":\"a/x.db|b/x.db\",\"names\":\"*.a|*.b\"},\"methods\":{\"read\":2}}],\"containers\":[],\"not_taken\":["
	NOT_TAKEN("scope", "s", "R0") "," NOT_TAKEN("form", "f1", "R1") "," NOT_TAKEN("form", "f2", "R1") ","
	NOT_TAKEN("form", "f3", "R2") "," NOT_TAKEN("plugin", "p1", "R3") "]," FINDINGS "\"observations\":["
	OBS_HEAD "\"path\":\"x\",\"record\":{\"type\":\"network\",\"basis\":\"stated\",\"locator\":{\"kind\":\"path\","
	"\"path\":\"$.a\",\"offset\":0,\"length\":0}}}" TAIL;
/* clang-format on */

static void test_source(void **state)
{
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, of_an_image, sizeof(of_an_image) - 1), 0);
	assert_true(has(
		&io, "an image of a phone&#39;s file system, named <bdi class=\"phone\">a&lt;b&gt;"
		     ".tar"));
	assert_true(has(&io, "iPhone; which one is not known"));
	assert_true(has(&io, "none: any iPhone"));
	assert_true(has(&io, "a whole database"));
	assert_true(has(&io, "<dt>Request</dt><dd>file of an image "));
	assert_true(has(&io, "a/x.db</code>, <code dir=\"ltr\">b/x.db"));
	assert_true(has(&io, "*.a</code>, <code dir=\"ltr\">*.b"));
	assert_true(has(&io, "2</bdi> out of the source (read)"));
	assert_true(has(&io, "<li>Title of s <small>"));
	assert_true(has(&io, "<p>R1</p>\n<ul class=\"plain\">\n<li>Title of f1"));
	assert_true(has(&io, "</ul>\n<p>R2</p>\n<ul class=\"plain\">\n<li>Title of f3"));
	assert_true(has(&io, "<p>R3</p>\n<ul class=\"plain many\">\n<li>Title of p1"));
	assert_true(has(&io, "radio network"));
	assert_true(hasnt(&io, "bytes <bdi dir=\"ltr\">0"));
	kt_buf_free(&io.out);
}

static void test_self_contained(void **state)
{
	static const char *const never[] = {"<link",	"<img", "<iframe", "<form",   "http://",
					    "https://", "url(", "@import", " style=", "onclick"};
	struct io io = {0};
	uint8_t md[KT_SHA256_LEN];
	struct kt_err err = {0};
	const char *css, *end, *in_policy;
	char want[8];

	(void)state;
	assert_int_equal(render(&io, hostile, sizeof(hostile) - 1), 0);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_true(hasnt(&io, never[i]));
	assert_true(has(&io, "content=\"default-src 'none'; style-src 'sha256-"));
	css = strstr((char *)io.out.p, "<style>") + 7;
	end = strstr(css, "</style>");
	assert_non_null(end);
	assert_int_equal(kt_sha256(css, (size_t)(end - css), md, &err), 0);
	/* the first 24 bits, by hand */
	static const char abc[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	snprintf(want, sizeof(want), "%c%c%c%c", abc[md[0] >> 2],
		 abc[(md[0] & 3) << 4 | md[1] >> 4], abc[(md[1] & 15) << 2 | md[2] >> 6],
		 abc[md[2] & 63]);
	in_policy = strstr((char *)io.out.p, "sha256-") + 7;
	assert_memory_equal(in_policy, want, 4);
	assert_int_equal(strcspn(in_policy, "'"), 44);
	assert_true(has(&io, "<html lang=\"en\">"));
	assert_true(has(&io, "class=\"skip\" href=\"#main\""));
	kt_buf_free(&io.out);
}

static void test_no_usable_finding(void **state)
{
	static const char doc[] = HEAD "false" PLUGINS RESULT("no-usable-finding", "0") MIDDLE TAIL;
	struct io io = {0};

	(void)state;
	assert_int_equal(render(&io, doc, sizeof(doc) - 1), 0);
	assert_true(has(&io, "<p class=\"result\">No usable finding:"));
	assert_true(has(&io, "Nothing there."));
	assert_true(has(&io, "There is no observation of place and time."));
	assert_true(hasnt(&io, "Simulated data"));
	kt_buf_free(&io.out);
}

static void test_row_cap(void **state)
{
	static const char one[] =
		OBS_HEAD "\"record\":{\"type\":\"position\",\"basis\":\"measured\","
			 "\"t_kind\":\"none\",\"position\":\"none\"," OBS_LOC;
	struct io io = {0};
	struct kt_buf b;
	size_t rows = 0;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_puts(&b, HEAD "false" PLUGINS RESULT("positions-reported", "5007") MIDDLE);
	for (unsigned i = 0; i < 5007; i++)
		kt_buf_printf(&b, "%s%s", i > 0 ? "," : "", one);
	kt_buf_puts(&b, TAIL);
	assert_int_equal(render(&io, (const char *)b.p, b.len), 0);
	for (const char *p = (const char *)io.out.p; (p = strstr(p, "<tr id=\"r")) != NULL; p++)
		rows++;
	assert_int_equal(rows, KT_HTML_OBSERVATIONS);
	assert_true(has(&io, "<strong><bdi dir=\"ltr\">5007</bdi></strong> observations of place"));
	assert_true(has(&io, "<strong><bdi dir=\"ltr\">7</bdi> more observations</strong>"));
	kt_buf_free(&b);
	kt_buf_free(&io.out);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"format\":\"keten-report-2\"}",
		"{\"case_id\":\"x\",\"format\":\"keten-report-2\"}",
		HEAD "false" PLUGINS "}",
		HEAD "false" PLUGINS ",\"result\":{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}}",
		HEAD "false" PLUGINS RESULT("x", "0") ",\"taken\":[]}",
		HEAD "{}" PLUGINS RESULT("x", "0") MIDDLE TAIL,
	};
	struct io io = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int r = render(&io, bad[i], strlen(bad[i]));
		assert_true(r == KT_E_FORMAT || r == KT_E_LIMIT);
		kt_buf_free(&io.out);
	}
}

/* Cut anywhere, and with any byte changed: an answer, never a crash. */
static void test_damaged(void **state)
{
	struct io io = {0};
	char copy[sizeof(hostile)];

	(void)state;
	for (size_t n = 0; n < sizeof(hostile) - 2; n++) {
		assert_true(render(&io, hostile, n) < 0);
		kt_buf_free(&io.out);
	}
	for (size_t i = 0; i < sizeof(hostile) - 1; i++) {
		memcpy(copy, hostile, sizeof(copy));
		copy[i] = (char)(copy[i] ^ 0x11);
		render(&io, copy, sizeof(copy) - 1);
		assert_true(hasnt(&io, "<script"));
		kt_buf_free(&io.out);
	}
}

static void test_sink_fails(void **state)
{
	struct io io = {.fail = KT_E_STORAGE};
	struct kt_json_src src = {io_read, &io, 0};
	struct kt_html_opts opts;

	(void)state;
	kt_html_opts_init(&opts, KT_LANG_EN);
	io.p = hostile;
	io.n = sizeof(hostile) - 1;
	kt_buf_init(&io.out, 0);
	assert_int_equal(kt_render_html(src, &opts, io_put, &io, NULL), KT_E_STORAGE);
	kt_buf_free(&io.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_text),
		cmocka_unit_test(test_dutch),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_in_short),
		cmocka_unit_test(test_common_facts),
		cmocka_unit_test(test_photo_lines),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_self_contained),
		cmocka_unit_test(test_no_usable_finding),
		cmocka_unit_test(test_row_cap),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_sink_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
