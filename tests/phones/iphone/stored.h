/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The bytes of a file as a backup holds them: plain, or encrypted with the file's key; with other
 * content when the fault hash-mismatch says so. Used by the stream and by the folder.
 */
#ifndef SIM_IPHONE_STORED_H
#define SIM_IPHONE_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "content.h"

struct sim;

struct sim_stored {
	struct sim_reader reader;
	const char *text; /* in place of the file's own bytes */
	size_t text_left;
	int fd; /* of a file without an item (Manifest.db), or -1 */
	EVP_CIPHER_CTX *cipher;
	bool ended;
	uint8_t plain[65536];
};

/* 0 or -1. An item's bytes, or (item NULL) those of the database in fd, which stays the caller's. */
int sim_stored_open(struct sim_stored *st, struct sim *s, const struct sim_item *item, int fd);
/* Up to n bytes, n at least 128 KiB; 0 at the end, -1 on an error. */
long sim_stored_read(struct sim_stored *st, uint8_t *out, size_t n);
void sim_stored_close(struct sim_stored *st);

#endif
