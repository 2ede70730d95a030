/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Files the careful way: whole reads and writes, atomic replacement, directories synced, always
 * close-on-exec, always relative to a directory descriptor. Anyone may use it.
 */
#ifndef KT_CORE_IO_H
#define KT_CORE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct kt_buf;
struct kt_err;

void kt_close_fd(int *fd); /* for __attribute__((cleanup)); -1 is fine */
void kt_close_file(FILE **f);
#define KT_AUTO_FD   __attribute__((cleanup(kt_close_fd))) int
#define KT_AUTO_FILE __attribute__((cleanup(kt_close_file))) FILE *

/* Writes all n bytes (EINTR and short writes handled). 0 or KT_E_STORAGE. */
int kt_write_full(int fd, const void *p, size_t n, struct kt_err *err);
/* Two pieces in one writev. */
int kt_write2_full(int fd, const void *a, size_t an, const void *b, size_t bn, struct kt_err *err);
/* Reads until n bytes or end of file; *got gets the count. 0 or KT_E_STORAGE. */
int kt_read_full(int fd, void *p, size_t n, size_t *got, struct kt_err *err);
int kt_pread_full(int fd, void *p, size_t n, uint64_t off, size_t *got, struct kt_err *err);

/* Appends a whole file to b. 0, KT_E_ABSENT when there is none, KT_E_LIMIT above max, KT_E_STORAGE. */
int kt_file_read(int dirfd, const char *name, size_t max, struct kt_buf *b, struct kt_err *err);
/* Appends all of an open file, from its start. As above. */
int kt_fd_read(int fd, size_t max, struct kt_buf *b, struct kt_err *err);
/* The same from a path given by a person. */
int kt_path_read(const char *path, size_t max, struct kt_buf *b, struct kt_err *err);
/*
 * Replaces dirfd/name with these bytes: temporary name, fsync, rename, and the folder that holds the
 * name is synced, whichever it is: after 0 both are on the disk. 0 or KT_E_STORAGE. mode is masked
 * with the umask.
 */
int kt_file_write(int dirfd, const char *name, const void *p, size_t n, mode_t mode,
		  struct kt_err *err);
/* The same where nothing may be replaced: KT_E_USAGE when that name exists. */
int kt_file_write_new(int dirfd, const char *name, const void *p, size_t n, mode_t mode,
		      struct kt_err *err);
/*
 * Renames inside one folder and never replaces: 0, KT_E_USAGE when to exists, KT_E_STORAGE. Not
 * synced yet.
 */
int kt_rename_new(int dirfd, const char *from, const char *to, struct kt_err *err);
/* fsync that treats every failure as final. */
int kt_sync_fd(int fd, struct kt_err *err);
/*
 * Syncs the folder that holds dirfd/name, so that a name which came or went survives a power cut. 0;
 * KT_E_REFUSED: that folder may not be read, so it can't be synced; KT_E_STORAGE.
 */
int kt_sync_parent(int dirfd, const char *name, struct kt_err *err);
/*
 * Opens the directory; with create it is made when missing (one level, mode 0700) and its name is on the
 * disk, as far as we may read what it lies in. One that is there keeps its mode. fd or negative code.
 */
int kt_dir_open(int dirfd, const char *name, bool create, struct kt_err *err);
/*
 * What we write is for its owner alone, unless it lies in a folder that somebody set up to be shared:
 * set-group-ID and with these bits for its group too, or with a default ACL. Then the open file gets this
 * mode (0640, 0660), on the disk. 0 or KT_E_STORAGE.
 */
int kt_share(int dirfd, int fd, mode_t mode, struct kt_err *err);
/* Removes a folder with all that is in it, as far as that goes; for folders that this program made. */
void kt_tree_remove(const char *path);
/* Removes a folder of plain files, as far as that goes; for folders that this program made. */
void kt_dir_remove_files(int dirfd, const char *name);
/* The code for an errno of storage: KT_E_STORAGE, or KT_E_ABSENT for ENOENT. */
int kt_errno_code(int e);

#endif
