/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What opens an encrypted iPhone backup: the key bag of its Manifest.plist with the holder's password,
 * as the functions that extractor/image asks for. Plain bytes are made in memory, piece by piece, as
 * they are read. For keten-device alone.
 */
#ifndef KT_EXTRACTOR_IOS_BACKUP_KEY_H
#define KT_EXTRACTOR_IOS_BACKUP_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "extractor/image/backup.h"

struct kt_err;
struct kt_keybag;
struct kt_mbfile;

struct kt_backup_opener {
	struct kt_keybag *bag; /* owned */
	uint8_t manifest_key[32];
	struct kt_backup_key key; /* to be given to kt_image_open(); borrows from this struct */
};

/*
 * Reads BackupKeyBag and ManifestKey of a Manifest.plist (checked by kt_plist_check() first) and opens
 * them with the password; takes seconds. 0; KT_E_REFUSED "wrong-password"; KT_E_FORMAT.
 */
int kt_backup_opener_open(struct kt_backup_opener *o, const void *manifest_plist, size_t n,
			  const void *password, size_t len, struct kt_err *err);
/* Cleanses the keys. Nothing opened with it may be in use any more. */
void kt_backup_opener_close(struct kt_backup_opener *o);
/* The key of one file, from its record in Manifest.db. 0, KT_E_FORMAT, KT_E_ABSENT. */
int kt_backup_opener_file_key(const struct kt_backup_opener *o, const struct kt_mbfile *f,
			      uint8_t key[32], struct kt_err *err);

#endif
