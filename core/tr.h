/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Words in the language of the reader. English is the source; po/<language>.po has the others,
 * compiled by msgfmt and built into every program, so that a sandboxed process, which can open no
 * file, has its words too. No locale is set and none is asked: the language is an argument.
 */
#ifndef KT_CORE_TR_H
#define KT_CORE_TR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;

enum kt_lang { KT_LANG_EN, KT_LANG_NL, KT_LANG_END };

/* Marks a text for po/ where it stands and is translated elsewhere. */
#define N_(text) text

/* "en", "nl". */
const char *kt_lang_code(enum kt_lang lang);
/* Finds a language by its code, or by a locale's name ("nl_NL.UTF-8"); -1: none of ours. */
int kt_lang_find(const char *code);

/* The text in the language; the text itself when there is no translation. Never freed. */
const char *kt_tr(enum kt_lang lang, const char *text);
/*
 * A text that was composed ("3 apps of ..."): the translation of the pattern in po/ that it was made
 * of ("%u apps of %s"), with the same values (in the same order, or by their numbers: "%2$s"). What
 * stands in the values (words of a phone, names of files, numbers) stays, also where it reads like
 * a text of ours; only where the translation has "%2$t" is the value one of those, and said likewise.
 * Of several patterns that fit, the one with most bytes of its own is taken: a value may hold the
 * words of another. A name without a blank may stand before it ("bag-info.txt: ..."). A text that is
 * whole in po/ is taken as it is. False, and nothing is appended, when nothing fits.
 */
bool kt_tr_composed(enum kt_lang lang, const char *text, struct kt_buf *out);
/* The form of a text that fits n. */
const char *kt_trn(enum kt_lang lang, const char *one, const char *many, uint64_t n);

#endif
