/* SPDX-License-Identifier: EUPL-1.2 */
/* Keeps the station awake while a phone is read: logind's inhibitor, where there is a logind. */
#ifndef KD_DESKTOP_INHIBIT_H
#define KD_DESKTOP_INHIBIT_H

struct kd_inhibit {
	int fd;		 /* -1: nothing is held (yet) */
	unsigned wanted; /* counts begins, so that a late answer to an old one is let go */
	int on;
};

void kd_inhibit_init(struct kd_inhibit *h);
void kd_inhibit_begin(struct kd_inhibit *h);
void kd_inhibit_end(struct kd_inhibit *h);

#endif
