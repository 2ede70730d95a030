/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/image/facts.h"

#include "core/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SERIAL_MAX 128u

static const struct {
	long type;
	const char *name;
} systems[] = {
	{MSDOS_SUPER_MAGIC, "FAT"}, {0x2011bab0, "exFAT"},
	{0x7366746e, "NTFS"},	    {0x5346544e, "NTFS"},
	{EXT4_SUPER_MAGIC, "ext4"}, {0xf2f52010, "F2FS"},
	{0x58465342, "XFS"},	    {0x9123683e, "Btrfs"},
	{0x65735546, "FUSE"},	    {0x9660, "ISO 9660"},
	{0x15013346, "UDF"},	    {TMPFS_MAGIC, "tmpfs"},
	{0x482b, "HFS+"},	    {0x6969, "NFS"},
	{0x73717368, "SquashFS"},   {0x794c7630, "overlay"},
	{0xff534d42, "CIFS"},
};

static const char *system_name(long type)
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (systems[i].type == type)
			return systems[i].name;
	return NULL;
}

/* First line of a small file, printable bytes only. */
static bool read_line(const char *path, char *out, size_t size)
{
	KT_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;
	size_t k = 0;

	if (n <= 0)
		return false;
	while (k < (size_t)n && out[k] >= ' ' && out[k] <= '~')
		k++;
	while (k > 0 && out[k - 1] == ' ')
		k--;
	out[k] = '\0';
	return k > 0;
}

/* The device's folder in /sys, then its parents: a USB, MMC or NVMe device has its serial there. */
static bool find_serial(dev_t dev, char *out, size_t size)
{
	char at[PATH_MAX], path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if (realpath(path, at) == NULL)
		return false;
	while (strlen(at) > strlen("/sys/devices/")) {
		char *slash;

		snprintf(path, sizeof(path), "%s/serial", at);
		if (read_line(path, out, size))
			return true;
		slash = strrchr(at, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
	}
	return false;
}

/* The name in /dev/disk/by-uuid that leads to the device. */
static bool find_volume(dev_t dev, char *out, size_t size)
{
	DIR *d = opendir("/dev/disk/by-uuid");
	const struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		struct stat st;

		found = fstatat(dirfd(d), e->d_name, &st, 0) == 0 && S_ISBLK(st.st_mode) &&
			st.st_rdev == dev;
		if (found)
			snprintf(out, size, "%.*s", (int)size - 1, e->d_name);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static void read_name(int fd, struct kt_img_facts *f)
{
	char link[64], path[PATH_MAX];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || path[0] != '/')
		return;
	path[n] = '\0';
	base = strrchr(path, '/') + 1;
	if (strlen(base) < sizeof(f->name))
		memcpy(f->name, base, strlen(base) + 1);
}

void kt_img_facts_read(int fd, struct kt_img_facts *f)
{
	char serial[SERIAL_MAX] = "not known", volume[SERIAL_MAX] = "not known";
	struct statfs fs;
	struct statvfs vfs;
	struct stat st;
	const char *name;
	size_t n;

	memset(f, 0, sizeof(*f));
	read_name(fd, f);
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0 || fstatvfs(fd, &vfs) < 0) {
		snprintf(f->text, sizeof(f->text), "file system: not known");
		return;
	}
	name = system_name((long)fs.f_type);
	if (name != NULL)
		n = (size_t)snprintf(f->text, sizeof(f->text), "file system: %s", name);
	else
		n = (size_t)snprintf(f->text, sizeof(f->text), "file system: type 0x%lx",
				     (unsigned long)fs.f_type);
	find_serial(st.st_dev, serial, sizeof(serial));
	find_volume(st.st_dev, volume, sizeof(volume));
	snprintf(f->text + n, sizeof(f->text) - n,
		 ", %llu bytes, mounted %s; serial of the device: %.100s; volume: %.100s",
		 (unsigned long long)vfs.f_blocks * vfs.f_frsize,
		 (vfs.f_flag & ST_RDONLY) != 0 ? "read-only" : "read-write", serial, volume);
}
