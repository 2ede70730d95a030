/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The tokens of record lines and of report.json ("mock", "other-camera") in plain words, the same on
 * the page, on paper and in the window. English, to be translated by kt_tr().
 */
#ifndef KT_CORE_VOCAB_H
#define KT_CORE_VOCAB_H

enum kt_vocab {
	KT_VOCAB_TYPES,	     /* what an observation is */
	KT_VOCAB_BASES,	     /* what it rests on */
	KT_VOCAB_FLAGS,	     /* what is unusual about it */
	KT_VOCAB_WHYS,	     /* why it does or does not count as a position of this phone */
	KT_VOCAB_SOURCES,    /* stores that share an origin, and so count once */
	KT_VOCAB_LOCATORS,   /* how a place in an object is named */
	KT_VOCAB_REASONS,    /* why records are withheld or an object was not read */
	KT_VOCAB_EXCLUSIONS, /* what every mandate leaves out */
	KT_VOCAB_NOT_TAKEN,  /* kinds of what was not taken, as headings */
};

/* The words for a token; the token itself, NULL among them, when the list has none. Never freed. */
const char *kt_word(enum kt_vocab v, const char *token);

#endif
