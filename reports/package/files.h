/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to reports/package: the list of files of a package under construction. */
#ifndef KT_PACKAGE_FILES_H
#define KT_PACKAGE_FILES_H

#include <stdbool.h>

#include "core/hash.h"
#include "reports/package/package.h"
#include "reports/package/zip_write.h"

struct kt_pkg_file {
	char *name;	/* owned */
	char *title;	/* owned; of an attachment */
	char *path;	/* owned; below the case folder; NULL: bytes */
	uint8_t *bytes; /* owned */
	size_t nbytes;
	bool stated; /* sha256 is what the index says: to be confirmed */
	bool written;
	uint8_t kind; /* enum kt_pkg_kind */
	uint8_t sha256[KT_SHA256_LEN];
	uint8_t *sha512; /* owned; tag files only */
	uint64_t off, size;
	uint32_t crc;
};

struct kt_package {
	int case_fd; /* borrowed */
	struct kt_pkg_file *file;
	size_t n, cap;
	uint64_t stated_bytes; /* of the objects, by the index */
	char case_id[65], mandate_id[73];
	enum kt_pkg_type type;
	bool sealed;			 /* has keys/release.json */
	char (*concerns)[KT_SHA256_HEX]; /* owned; ascending */
	size_t nconcerns;
};

/* Appends an empty row for the name; NULL and an error when it can't be. Borrowed. */
struct kt_pkg_file *kt_pkg_file_add(struct kt_package *pkg, const char *name, struct kt_err *err);

#endif
