/* SPDX-License-Identifier: EUPL-1.2 */
/* The words of report.json in the reader's language, the same as on the page that goes with it. */
#ifndef KD_DESKTOP_WORDS_H
#define KD_DESKTOP_WORDS_H

enum kd_vocabulary { KD_TYPES, KD_BASES, KD_FLAGS, KD_WHYS, KD_SOURCES, KD_LOCATORS, KD_VERDICTS };

/* A token that no list has is given back as it is. */
const char *kd_word(enum kd_vocabulary v, const char *token);

#endif
