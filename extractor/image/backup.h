/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The seam for encrypted backups: who has the holder's key gives one of these to kt_image_open()
 * (struct kt_img_opt). Without it an encrypted backup is refused.
 */
#ifndef KT_IMAGE_BACKUP_H
#define KT_IMAGE_BACKUP_H

#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct kt_rdat;

struct kt_backup_key {
	/*
	 * The plain bytes of Manifest.db. cipher lives until close(); *plain is filled (its size
	 * too). 0; KT_E_REFUSED: wrong key; KT_E_FORMAT.
	 */
	int (*manifest)(void *arg, const struct kt_rdat *cipher, struct kt_rdat *plain,
			struct kt_err *err);
	/*
	 * The plain bytes of one file. record: its column "file" of Manifest.db (protection class,
	 * wrapped key, size); cipher lives until close().
	 */
	int (*file)(void *arg, const uint8_t *record, size_t n, const struct kt_rdat *cipher,
		    struct kt_rdat *plain, struct kt_err *err);
	/* Ends what manifest() or file() gave. */
	void (*close)(void *arg, struct kt_rdat *plain);
	void *arg;
};

#endif
