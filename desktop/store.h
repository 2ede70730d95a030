/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A long text in memory, deflated in blocks: a report of 70 MB takes 6 MB, and any part of it is there
 * within a millisecond. Filled once, by one thread; read by any, each with a reader of its own.
 */
#ifndef KD_DESKTOP_STORE_H
#define KD_DESKTOP_STORE_H

#include <glib.h>
#include <stdbool.h>

struct kd_store;

struct kd_store *kd_store_new(void);
void kd_store_free(struct kd_store *s);
/* Appends. False: there was no memory; what is in it stays readable. */
bool kd_store_add(struct kd_store *s, const void *p, gsize n);
/* No more is added: what is left is put away too. */
bool kd_store_end(struct kd_store *s);

/* One reader a thread; zeros at first. Ends with kd_reader_clear(). */
struct kd_reader {
	guint8 *block;
	guint at; /* number of the block that is unpacked, behind it one: 0 is none */
	GByteArray *out;
};
/*
 * len bytes from off, valid until the next call; NULL when they are not there. Quick when the calls
 * go forward.
 */
const char *kd_store_read(const struct kd_store *s, struct kd_reader *r, guint64 off, gsize len);
void kd_reader_clear(struct kd_reader *r);

#endif
