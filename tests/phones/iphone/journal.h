/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One line per request that the phone received: the proof of what a host did. A line begins with
 * the service, or with one of three loud words: STATE-CHANGING, UNKNOWN, PROTOCOL.
 */
#ifndef SIM_IPHONE_JOURNAL_H
#define SIM_IPHONE_JOURNAL_H

struct sim;

/* Bytes that do not print are written \xNN. The first word of the text is the service. */
void sim_journal(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
int sim_journal_open(struct sim *s, const char *path);

#endif
