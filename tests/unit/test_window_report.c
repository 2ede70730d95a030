/* SPDX-License-Identifier: EUPL-1.2 */
/* report.json as the window reads it: whatever stands in it, reading ends, and what is given out is text. */
#include "desktop/report.h"
#include "desktop/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct kd_report *load_bytes(const char *p, gsize n)
{
	GInputStream *in = g_memory_input_stream_new_from_data(p, (gssize)n, NULL);
	struct kd_report *r = kd_report_load(in);

	g_object_unref(in);
	return r;
}

static struct kd_report *load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static void shapes(void **state)
{
	static const struct {
		const char *text;
		guint obs;
		bool whole;
	} reports[] = {
		{"{}", 0, true},
		{"{\"observations\":[]}", 0, true},
		{"{\"observations\":null,\"simulated\":true}", 0, true},
		{"{\"observations\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", 2, true},
		/* what the window does not read may have any shape */
		{"{\"case_ref\":[\"x\",{}],\"observations\":[{}]}", 1, true},
		{"{\"result\":[[]],\"mandate_id\":{\"a\":1},\"observations\":[{}]}", 1, true},
		{"{\"simulated\":{\"a\":[true]},\"observations\":[{}]}", 1, true},
		{"{\"statement\":{\"x\":[[]],\"claims\":[{}]},\"observations\":[{}]}", 1, true},
		/* what it reads may not: a report without its findings must not look like an empty one */
		{"{\"observations\":{}}", 0, false},
		{"{\"observations\":{\"a\":[{}]}}", 0, false},
		{"{\"observations\":5}", 0, false},
		{"{\"observations\":\"x\",\"limits\":[]}", 0, false},
		{"{\"statement\":[],\"observations\":[{}]}", 0, false},
		{"{\"statement\":{\"claims\":{}},\"observations\":[{}]}", 0, false},
		{"{\"geography\":7,\"observations\":[{}]}", 0, false},
		{"{\"not_taken\":{\"a\":1},\"observations\":[{}]}", 0, false},
		{"{\"limits\":false,\"observations\":[{}]}", 0, false},
		{"{\"observations\":[{}]", 1, false},
		{"{\"observations\":[{}]} {}", 1, false},
		{"[]", 0, false},
		{"", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(reports); i++) {
		struct kd_report *r = load(reports[i].text);

		if ((r->problem == NULL) != reports[i].whole || r->obs->len != reports[i].obs)
			fail_msg("%s: %u observations, %s", reports[i].text, r->obs->len,
				 r->problem != NULL ? r->problem : "whole");
		kd_report_free(r);
	}
}

static void text_only(const char *key, const char *value, gpointer data)
{
	guint *n = data;

	assert_true(g_utf8_validate(key, -1, NULL));
	assert_true(g_utf8_validate(value, -1, NULL));
	(*n)++;
}

static guint members(struct kd_report *r)
{
	guint n = 0;

	for (guint i = 0; i < r->obs->len; i++)
		kd_report_members(r, i, text_only, &n);
	return n;
}

#define SAMPLE                                                                                     \
	"{\"simulated\":true,\"geography\":{\"territories\":[{\"code\":\"AT\",\"name_en\":\"A\"}]" \
	"},"                                                                                       \
	"\"not_taken\":[{\"kind\":\"user\",\"id\":\"10\",\"what\":null}],"                         \
	"\"statement\":{\"claims\":[{\"text\":\"x\",\"findings\":[\"fits\"]}]},"                   \
	"\"observations\":[{\"id\":\"o1#1\",\"item\":\"p/q\",\"record\":{\"type\":\"visit\","      \
	"\"lat\":48.2,\"lon\":16.3,\"position\":\"ok\",\"a\":[[1],{\"\":\"y\"}]}}],\"limits\":[{}" \
	"]}"

/* Cut anywhere, and each byte replaced by what has a meaning in JSON. */
static void damaged(void **state)
{
	static const char with[] = "{}[]\",:0n";
	char text[] = SAMPLE;

	(void)state;
	alarm(300); /* a reading that never ends */
	for (gsize n = 0; n < sizeof(text) - 1; n++) {
		struct kd_report *r = load_bytes(text, n);

		assert_non_null(r->problem);
		members(r);
		kd_report_free(r);
	}
	for (gsize i = 0; i < sizeof(text) - 1; i++)
		for (const char *w = with; *w != '\0'; w++) {
			char was = text[i];
			struct kd_report *r;

			text[i] = *w;
			r = load(text);
			members(r);
			kd_report_free(r);
			text[i] = was;
		}
	alarm(0);
}

/* A name is cut within no character, an empty one is a name too. */
static void names(void **state)
{
	GString *s = g_string_new("{\"observations\":[{");
	struct kd_report *r;

	(void)state;
	for (int lead = 0; lead < 4; lead++) {
		g_string_append_printf(s, "%s\"%.*s", lead > 0 ? "," : "", lead, "abc");
		for (int i = 0; i < 1200; i++)
			g_string_append(s, i % 2 != 0 ? "\u00e9" : "\U0001F600");
		g_string_append(s, "\":{\"deep\":1}");
	}
	g_string_append(s, ",\"\":\"empty\",\"z\":{\"\":{\"\":2}}}]}");
	r = load(s->str);
	assert_null(r->problem);
	assert_int_equal(members(r), 6);
	kd_report_free(r);
	g_string_free(s, TRUE);
}

static void not_taken(void **state)
{
	struct kd_report *r =
		load("{\"not_taken\":[{\"kind\":\"item\",\"id\":\"a/b\",\"what\":\"W\","
		     "\"reason\":\"R\",\"outcome\":\"absent\",\"absence\":\"A\"},"
		     "{\"kind\":\"user\",\"what\":null}]}");
	const struct kd_missing *m = &g_array_index(r->not_taken, struct kd_missing, 0);

	(void)state;
	assert_int_equal(r->not_taken->len, 2);
	assert_string_equal(m->kind, "item");
	assert_string_equal(m->id, "a/b");
	assert_string_equal(m->what, "W");
	assert_string_equal(m->reason, "R");
	assert_string_equal(m->outcome, "absent");
	assert_string_equal(m->absence, "A");
	assert_string_equal(m[1].what, "");
	kd_report_free(r);
}

/* Each kind and source once, however many; what a source is called can't steer its surroundings. */
static void sources(void **state)
{
	GString *s = g_string_new(
		"{\"plugins\":[{\"id\":\"p\",\"title\":\"T\\u202e\"}],\"observations\":[");
	struct kd_report *r;

	(void)state;
	for (int i = 0; i < 60000; i++)
		g_string_append_printf(s, "%s{\"item\":\"%s%d\",\"record\":{\"type\":\"t%d\"}}",
				       i > 0 ? "," : "", i % 2 != 0 ? "p/" : "q", i % 30000,
				       i % 30000);
	g_string_append(s, "]}");
	alarm(60);
	r = load(s->str);
	alarm(0);
	assert_null(r->problem);
	assert_int_equal(r->types->len, 30000);
	assert_int_equal(r->items->len, 30000);
	assert_string_equal(kd_source_title(r, kd_obs(r, 0)->item), "\u2068q0\u2069");
	assert_string_equal(kd_source_title(r, kd_obs(r, 1)->item), "\u2068T\\u{202e}\u2069");
	kd_report_free(r);
	g_string_free(s, TRUE);
}

static void isolated(void **state)
{
	char *cut = kd_isolate("a\xc3"), *steering = kd_ltr("\u202eb\u2069"),
	     *word = kd_word_shown(KT_VOCAB_TYPES, "visit\u202e"),
	     *ours = kd_word_shown(KT_VOCAB_TYPES, "visit"), text[] = "ab\xf0\x9f\x98";

	(void)state;
	assert_string_equal(cut, "\u2068a\ufffd\u2069");
	assert_string_equal(steering, "\u2066\\u{202e}b\\u{2069}\u2069");
	assert_string_equal(word, "\u2068visit\\u{202e}\u2069");
	assert_string_equal(ours, kd_word(KT_VOCAB_TYPES, "visit"));
	kd_trim(text);
	assert_string_equal(text, "ab");
	g_free(cut);
	g_free(steering);
	g_free(word);
	g_free(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),    cmocka_unit_test(damaged), cmocka_unit_test(names),
		cmocka_unit_test(not_taken), cmocka_unit_test(sources), cmocka_unit_test(isolated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
