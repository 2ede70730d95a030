/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What identifies the source itself, gathered while the system can still be looked at: file system,
 * size, serial of the device behind it, volume identifier. Call before the process is confined.
 */
#ifndef KT_IMAGE_FACTS_H
#define KT_IMAGE_FACTS_H

#include <stdbool.h>
#include <stddef.h>

struct kt_img_facts {
	char name[256]; /* last component of the path the descriptor was opened by; "" not known */
	char text[400]; /* facts in words; parts that can't be learnt say "not known" */
	bool landlock;	/* set by who confines the process: only the source can be opened */
};

/* Never fails: what can't be learnt is named so. */
void kt_img_facts_read(int fd, struct kt_img_facts *f);

#endif
