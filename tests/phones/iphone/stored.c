/* SPDX-License-Identifier: EUPL-1.2 */
#include "stored.h"

#include <string.h>
#include <unistd.h>

#include "manifest.h"
#include "sim.h"

int sim_stored_open(struct sim_stored *st, struct sim *s, const struct sim_item *item, int fd)
{
	uint8_t key[SIM_KEY_BYTES];

	memset(st, 0, offsetof(struct sim_stored, plain));
	st->reader.fd = -1;
	st->fd = fd;
	if (item && sim_content_swapped(s, item)) {
		st->text = SIM_SWAPPED_TEXT;
		st->text_left = strlen(st->text);
	} else if (item && sim_reader_open(&st->reader, item) < 0) {
		return -1;
	}
	if (!item && lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	if (!s->keybag.encrypted)
		return 0;
	if (item)
		sim_file_key(&s->keybag, item->id, key);
	else
		memcpy(key, s->keybag.manifest_key, sizeof(key));
	st->cipher = sim_cipher(key, item != NULL);
	return st->cipher ? 0 : -1;
}

static long read_plain(struct sim_stored *st, uint8_t *out, size_t n)
{
	if (st->fd >= 0)
		return (long)read(st->fd, out, n);
	if (!st->text)
		return sim_reader_read(&st->reader, out, n);
	if (n > st->text_left)
		n = st->text_left;
	memcpy(out, st->text, n);
	st->text += n;
	st->text_left -= n;
	return (long)n;
}

long sim_stored_read(struct sim_stored *st, uint8_t *out, size_t n)
{
	size_t done = 0;

	if (!st->cipher)
		return read_plain(st, out, n);
	while (!st->ended && done + sizeof(st->plain) + 32 <= n) {
		long got = read_plain(st, st->plain, sizeof(st->plain));
		int made = 0;

		if (got < 0)
			return -1;
		st->ended = got == 0;
		if (st->ended ? !EVP_EncryptFinal_ex(st->cipher, out + done, &made)
			      : !EVP_EncryptUpdate(st->cipher, out + done, &made, st->plain,
						   (int)got))
			return -1;
		done += (size_t)made;
	}
	return (long)done;
}

void sim_stored_close(struct sim_stored *st)
{
	sim_reader_close(&st->reader);
	EVP_CIPHER_CTX_free(st->cipher);
	st->cipher = NULL;
}
