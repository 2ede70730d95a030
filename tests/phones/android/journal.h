/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_JOURNAL_H
#define SIM_ANDROID_JOURNAL_H

/*
 * The phone's own record of what was asked of it: one line per event, written at once with a
 * single write() to a file opened for appending. Bytes that do not print become \xNN, so that
 * one event is always one line. A path of NULL journals nothing.
 */

#include <stddef.h>
#include <stdint.h>

struct sim_journal {
	int fd;
};

int sim_journal_open(struct sim_journal *j, const char *path);
void sim_journal_close(struct sim_journal *j);

/* word, a space, then len bytes of text escaped; and the same with a printf-style text. */
void sim_journal_bytes(struct sim_journal *j, const char *word, const void *text, size_t len);
void sim_journal(struct sim_journal *j, const char *word, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
