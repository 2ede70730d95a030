/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Words in the language of the window, and text from outside isolated from the direction of what
 * surrounds it. No widgets: the tests link it alone.
 */
#ifndef KD_DESKTOP_WORDS_H
#define KD_DESKTOP_WORDS_H

#include <glib.h>
#include <stdbool.h>

#include "core/tr.h"
#include "core/vocab.h"

/* The language of the window, set once at the start. */
extern enum kt_lang kd_lang;
__attribute__((format_arg(1))) static inline const char *kd_tr(const char *text)
{
	return kt_tr(kd_lang, text);
}
#define _(text) kd_tr(text)
/* A token of the report in words; one that the list does not have as it is, NULL as "". */
const char *kd_word(enum kt_vocab v, const char *token);
/* What a report, a check or a reading says in our words, in the reader's language; free with g_free(). */
char *kd_said(const char *text);
/* As kd_word(), to be shown beside other text: one that the list does not have isolated. Free with g_free(). */
char *kd_word_shown(enum kt_vocab v, const char *token);

/* text between FIRST STRONG ISOLATE and its end; what is no UTF-8 in it is replaced. Free with g_free(). */
char *kd_isolate(const char *text);
/*
 * The same for what runs left to right in every language: coordinates, times, hashes, paths, keys,
 * bytes.
 */
char *kd_ltr(const char *text);
/* Cuts the text where it stops being UTF-8: within a character, when it was cut to a length. */
void kd_trim(char *text);

#endif
