/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_STORAGE_H
#define SIM_ANDROID_STORAGE_H

/*
 * The phone's file tree: / and /storage hold a few fixed entries, shared storage is a directory
 * of the host. Paths are resolved by the kernel below that directory (openat2, RESOLVE_BENEATH),
 * so no link and no ".." leads out of it. Opens for reading only; never writes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct sim_config;

struct sim_storage {
	const struct sim_config *cfg;
	int root;	      /* O_PATH descriptor of the host directory, or -1 */
	uint64_t *read_paths; /* hashes of paths that were read, for --change-after-read */
	size_t n_read, cap_read;
};

struct sim_listing {
	char **names;
	size_t *lengths; /* names may hold NUL */
	size_t n, cap;
};

int sim_storage_open(struct sim_storage *s, const struct sim_config *cfg);
void sim_storage_close(struct sim_storage *s);

/* 0 or an errno. Faults that change size or time are applied here. */
int sim_storage_stat(struct sim_storage *s, const char *path, bool follow, struct stat *st);

/* Opens a regular file (or, with any set, a directory too) for reading. 0 or an errno. */
int sim_storage_open_file(struct sim_storage *s, const char *path, bool any, int *fd);

/* Remembers that path was read. */
void sim_storage_mark_read(struct sim_storage *s, const char *path);

/* The names of a directory, "." and ".." included. 0 or an errno. */
int sim_storage_list(struct sim_storage *s, const char *path, struct sim_listing *list);
void sim_listing_clear(struct sim_listing *list);

#endif
