/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The "file" column of Manifest.db: an NSKeyedArchiver property list of an MBFile. Written by hand,
 * binary, because a million of them through a general library would take minutes.
 */
#ifndef SIM_IPHONE_MBFILE_H
#define SIM_IPHONE_MBFILE_H

#include <stddef.h>
#include <stdint.h>

#define SIM_MBFILE_MAX 4096

struct sim_mbfile {
	const char *path, *target; /* target: of a link, else NULL */
	uint64_t size, inode, mode, mtime, ctime, btime, protection;
	const uint8_t *digest; /* 20 bytes or NULL */
	const uint8_t *key;    /* 44 bytes or NULL */
};

/* Bytes written to out (SIM_MBFILE_MAX), 0 when it does not fit. */
size_t sim_mbfile_encode(const struct sim_mbfile *f, uint8_t *out);

#endif
