/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The words of the papers that a person gets, in one language: a reviewed file of
 * data/information/, built in or from a folder of the service. Nothing is translated at run time;
 * a file that lacks a word or a placeholder of the English one is refused.
 */
#ifndef KT_PAPERS_WORDS_H
#define KT_PAPERS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

struct kt_err;
struct kt_words; /* owns its texts */

/*
 * The words of a language tag: DIR/<tag>.txt, or what is built in; for a tag with a region that has
 * no file the language alone is tried ("nl-BE": "nl"). dir may be NULL. 0; KT_E_ABSENT, naming the
 * languages that there are; KT_E_FORMAT for a file that is not as it should be. Free with
 * kt_words_free().
 */
int kt_words_load(const char *dir, const char *tag, struct kt_words **words, struct kt_err *err);
/* The same from bytes; name is for the error's text. */
int kt_words_parse(const void *p, size_t n, const char *name, struct kt_words **words,
		   struct kt_err *err);
void kt_words_free(struct kt_words **words);

/*
 * Calls fn for each language that kt_words_load() can give: what is built in, and the files of dir, which
 * come before. A file that is not as it should be is passed over. 0, or what fn returned first.
 */
typedef int (*kt_words_fn)(void *arg, const struct kt_words *w);
int kt_words_each(const char *dir, kt_words_fn fn, void *arg);

/* The text of a key; "" when the file has none (an optional one). */
const char *kt_words_get(const struct kt_words *w, const char *key);
/* The text of "prefix.name"; fallback when there is none. */
const char *kt_words_of(const struct kt_words *w, const char *prefix, const char *name,
			const char *fallback);
bool kt_words_reviewed(const struct kt_words *w);
bool kt_words_rtl(const struct kt_words *w);

struct kt_words_fill {
	const char *name, *value; /* "issuer" for {issuer} */
};
/* Appends the text of a key with its placeholders filled; fill ends with a NULL name. */
void kt_words_put(const struct kt_words *w, const char *key, const struct kt_words_fill *fill,
		  struct kt_buf *b);

#endif
