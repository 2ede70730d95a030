/* SPDX-License-Identifier: EUPL-1.2 */
/* Words of the papers: what a language file has to be; and texts that go in as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/io.h"
#include "reports/papers/receipt.h"
#include "reports/papers/words.h"

static const char english[] = "data/information/en.txt";

/* The English file with one piece of text replaced. */
static int parse_with(const char *old, const char *new, struct kt_words **w, struct kt_err *err)
{
	struct kt_buf b, out;
	const char *at;
	int r;

	kt_buf_init(&b, 0);
	kt_buf_init(&out, 0);
	assert_int_equal(kt_path_read(english, (size_t)1 << 20, &b, NULL), 0);
	at = strstr(kt_buf_cstr(&b), old);
	assert_non_null(at);
	kt_buf_put(&out, b.p, (size_t)(at - (const char *)b.p));
	kt_buf_puts(&out, new);
	kt_buf_puts(&out, at + strlen(old));
	r = kt_words_parse(out.p, out.len, "x.txt", w, err);
	kt_buf_free(&b);
	kt_buf_free(&out);
	return r;
}

static void refused(const char *old, const char *new, const char *why)
{
	struct kt_words *w = NULL;
	struct kt_err err = {0};
	char story[600];

	assert_int_equal(parse_with(old, new, &w, &err), KT_E_FORMAT);
	assert_null(w);
	if (strstr(kt_err_story(&err, story, sizeof(story)), why) == NULL)
		fail_msg("\"%s\" is not in: %s", why, story);
}

static void test_builtin(void **state)
{
	struct kt_words *w = NULL;

	(void)state;
	assert_int_equal(kt_words_load(NULL, "nl-BE", &w, NULL), 0);
	assert_string_equal(kt_words_get(w, "language"), "nl");
	assert_false(kt_words_reviewed(w));
	assert_false(kt_words_rtl(w));
	kt_words_free(&w);
	assert_int_equal(kt_words_load(NULL, "ti", &w, NULL), KT_E_ABSENT);
	assert_int_equal(kt_words_load(NULL, "../en", &w, NULL), KT_E_USAGE);
	assert_null(w);
}

static void test_defects(void **state)
{
	(void)state;
	refused("format = keten-paper-1", "format = other", "keten-paper-1");
	refused("receipt.title = Receipt\n", "", "\"receipt.title\" is missing");
	refused("receipt.title = Receipt", "receipt.title =", "\"receipt.title\" is missing");
	refused("receipt.title = Receipt", "receipt.titel = Receipt", "is missing");
	refused("receipt.title = Receipt", "receipt.title = Receipt\nfurther = x", "is not known");
	refused("receipt.title = Receipt", "receipt.title = R\nreceipt.title = R", "stands twice");
	refused("receipt.title = Receipt", "receipt.title Receipt", "not \"key = text\"");
	refused("name the case {case}", "name the case", "placeholders");
	refused("name the case {case}", "name {case} {case}", "placeholders");
	refused("name the case {case}", "name {zaak}", "placeholders");
	refused("= Receipt", "= Rec\x1b[2Jeipt", "control characters");
	refused("= Receipt",
		"= Rec\xe2\x80\xae"
		"eipt",
		"control characters");
	refused("= Receipt",
		"= Rec\xff"
		"eipt",
		"control characters");
}

/* A service's own file comes first, and says by whom it was reviewed. */
static void test_folder(void **state)
{
	char dir[] = "/tmp/keten-papers-XXXXXX", path[64];
	struct kt_words *w = NULL;
	struct kt_buf b;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ar.txt", dir);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_path_read(english, (size_t)1 << 20, &b, NULL), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	for (const char *s = kt_buf_cstr(&b); *s != '\0';) {
		size_t n = strcspn(s, "\n") + 1;

		if (strncmp(s, "direction", 9) == 0)
			fputs("direction = rtl\n", f);
		else if (strncmp(s, "reviewed-by", 11) == 0)
			fputs("reviewed-by = Legal department\n", f);
		else
			fwrite(s, 1, n, f);
		s += n;
	}
	fputs("source.media-exif = pictures\n", f);
	fclose(f);
	kt_buf_free(&b);
	assert_int_equal(kt_words_load(dir, "ar-SY", &w, NULL), 0);
	assert_true(kt_words_reviewed(w));
	assert_true(kt_words_rtl(w));
	assert_string_equal(kt_words_of(w, "source", "media-exif", "x"), "pictures");
	assert_string_equal(kt_words_of(w, "source", "fit", "x"), "x");
	kt_words_free(&w);
	unlink(path);
	rmdir(dir);
}

static const char *own_name(const struct kt_words *w, const char *source)
{
	(void)w;
	return source;
}

static void put(struct kt_buf *b, const char *s)
{
	kt_buf_puts(b, s);
}

/* What a mandate says is shown, never obeyed. */
static void test_as_it_is(void **state)
{
	struct kt_words *w = NULL;
	struct kt_buf json, html, text;

	(void)state;
	kt_buf_init(&json, 0);
	kt_buf_init(&html, 0);
	kt_buf_init(&text, 0);
	put(&json,
	    "{\"authority\":{\"issuer\":\"<script>alert(1)</script> & \\\"co\\\" \\u001b[31m'\"},"
	    "\"case_ref\":\"C{issuer}\",\"custody_head\":\"");
	for (int i = 0; i < 8; i++)
		put(&json, "0123abcd");
	put(&json, "\",\"custody_lines\":7,\"format\":\"keten-receipt-1\",\"items\":["
		   "{\"bytes\":5,\"objects\":1,\"outcome\":\"acquired\",\"source\":\"a\"},"
		   "{\"bytes\":2,\"objects\":1,\"outcome\":\"absent\",\"source\":\"a\"},"
		   "{\"bytes\":0,\"objects\":0,\"outcome\":\"failed\",\"source\":\"b\"},"
		   "{\"bytes\":7,\"objects\":2,\"outcome\":\"acquired\",\"source\":\"b\"},"
		   "{\"bytes\":0,\"objects\":0,\"outcome\":\"absent\",\"source\":\"c\"}]}");
	assert_int_equal(kt_words_load(NULL, "en", &w, NULL), 0);
	assert_int_equal(kt_receipt_html(json.p, json.len, w, own_name, &html, NULL), 0);
	assert_non_null(strstr(kt_buf_cstr(&html), "&lt;script&gt;alert(1)&lt;/script&gt; &amp; "
						   "&quot;co&quot; \\u{001b}[31m&#39;<"));
	assert_null(strstr((const char *)html.p, "<script"));
	/* filled in once: what comes in is not filled again */
	assert_non_null(strstr((const char *)html.p, "name the case C{issuer}"));
	assert_non_null(strstr((const char *)html.p,
			       "<bdi>a</bdi></td><td><bdi>read</bdi></td><td><bdi>files: 1, "
			       "bytes: 5</bdi>")); /* what is stored of an absence is its reason */
	assert_non_null(
		strstr((const char *)html.p, "<bdi>b</bdi></td><td><bdi>read in part</bdi>"));
	assert_non_null(
		strstr((const char *)html.p, "<bdi>c</bdi></td><td><bdi>not on the phone</bdi>"));
	assert_int_equal(kt_receipt_text(json.p, json.len, w, own_name, &text, NULL), 0);
	assert_non_null(strstr(kt_buf_cstr(&text), "0123abcd 0123abcd 0123abcd 0123abcd\n"));
	assert_non_null(strstr((const char *)text.p, "\"co\" \\u{001b}[31m'\n"));
	assert_null(strchr((const char *)text.p, 0x1b));
	assert_int_equal(kt_receipt_text("{}", 2, w, own_name, &text, NULL), KT_E_FORMAT);
	kt_words_free(&w);
	kt_buf_free(&json);
	kt_buf_free(&html);
	kt_buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_defects),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
