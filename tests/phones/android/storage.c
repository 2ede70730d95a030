/* SPDX-License-Identifier: EUPL-1.2 */
#include "storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"

#define SHARED	     "/storage/emulated/0"
#define HOSTILE_TEXT "hostile\n"

struct hostile {
	const char *name;
	size_t len;
	bool legal; /* possible as a single name of a real file */
};

#define H(text, legal)                                                                             \
	{                                                                                          \
		text, sizeof(text) - 1, legal                                                      \
	}
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct hostile hostile[] = {
	H("../../etc/passwd", false),
	H("/etc/passwd", false),
	H("a/b", false),
	H("", false),
	H("./", false),
	H("nul\0name", false),
	H(A50 A50 A50 A50 A50 A50, false),    /* 300 bytes */
	H(A50 A50 A50 A50 A50 "aaaaa", true), /* 255 bytes */
	H("...", true),
	H(".. ", true),
	H("line\nbreak.jpg", true),
	H("tab\tand\rreturn", true),
	H("bad\xff\xfeutf8.jpg", true),
	H("$(reboot)", true),
	H("; rm -rf .jpg", true),
	H("`id`.jpg", true),
	H("-rf", true),
	H("bidi\xe2\x80\xaegpj.exe", true),
	H("esc\x1b[31mred.jpg", true),
	H("quote'\"\\.jpg", true),
	H("<script>alert(1)</script>.jpg", true),
	H("CON.jpg", true),
};

/* How the three names of shared storage, and what stands above it, look. */
enum place { BELOW, FIXED_DIR, FIXED_LINK, DENIED, NOWHERE };

static bool has_prefix(const char *path, const char *prefix, const char **rest)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0 || (path[n] && path[n] != '/'))
		return false;
	*rest = path + n;
	return true;
}

/* For BELOW, *rel is the path relative to the host directory, "." for itself. */
static enum place locate(const char *path, const char **rel)
{
	static const char *const links[] = {"/sdcard", "/storage/self/primary"};
	static const char *const dirs[] = {"/", "/storage", "/storage/self", "/storage/emulated"};
	static const char *const denied[] = {"/data", "/cache", "/metadata", "/mnt"};
	const char *rest;
	bool found = has_prefix(path, SHARED, &rest);

	for (size_t i = 0; !found && i < 2; i++) {
		found = has_prefix(path, links[i], &rest);
		if (found && !*rest) {
			*rel = ".";
			return FIXED_LINK;
		}
	}
	if (found) {
		while (*rest == '/')
			rest++;
		*rel = *rest ? rest : ".";
		return BELOW;
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (has_prefix(path, dirs[i], &rest) && (!*rest || !rest[1]))
			return FIXED_DIR;
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (has_prefix(path, denied[i], &rest))
			return DENIED;
	return !strcmp(path, "/") ? FIXED_DIR : NOWHERE;
}

static int open_below(const struct sim_storage *s, const char *rel, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (s->root < 0) {
		errno = ENOENT;
		return -1;
	}
	fd = syscall(SYS_openat2, s->root, rel, &how, sizeof(how));
	if (fd < 0 && errno == EXDEV)
		errno = EACCES;
	return (int)fd;
}

int sim_storage_open(struct sim_storage *s, const struct sim_config *cfg)
{
	*s = (struct sim_storage){.cfg = cfg, .root = -1};
	if (!cfg->storage)
		return 0;
	s->root = open(cfg->storage, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->root < 0 ? -1 : 0;
}

void sim_storage_close(struct sim_storage *s)
{
	if (s->root >= 0)
		close(s->root);
	s->root = -1;
	free(s->read_paths);
	s->read_paths = NULL;
	s->n_read = s->cap_read = 0;
}

static uint64_t path_hash(const char *rel)
{
	uint64_t h = 14695981039346656037u;

	while (*rel)
		h = (h ^ (uint8_t)*rel++) * 1099511628211u;
	return h;
}

void sim_storage_mark_read(struct sim_storage *s, const char *path)
{
	const char *rel;

	if (!s->cfg->change_after_read || locate(path, &rel) != BELOW)
		return;
	if (s->n_read == s->cap_read) {
		size_t cap = s->cap_read ? 2 * s->cap_read : 64;
		uint64_t *grown = realloc(s->read_paths, cap * sizeof(*grown));

		if (!grown)
			return;
		s->read_paths = grown;
		s->cap_read = cap;
	}
	s->read_paths[s->n_read++] = path_hash(rel);
}

static bool was_read(const struct sim_storage *s, const char *rel)
{
	uint64_t h = path_hash(rel);

	for (size_t i = 0; i < s->n_read; i++)
		if (s->read_paths[i] == h)
			return true;
	return false;
}

static bool is_hostile(const struct sim_storage *s, const char *rel)
{
	const char *slash = strrchr(rel, '/');
	const char *name = slash ? slash + 1 : rel;

	if (!s->cfg->hostile_names)
		return false;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		if (hostile[i].legal && !strcmp(hostile[i].name, name))
			return true;
	return false;
}

static void apply_faults(const struct sim_storage *s, const char *rel, struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return;
	if (was_read(s, rel)) {
		st->st_size++;
		st->st_mtim.tv_sec++;
	}
	st->st_size += s->cfg->lie_size;
	if (st->st_size < 0)
		st->st_size = 0;
}

int sim_storage_stat(struct sim_storage *s, const char *path, bool follow, struct stat *st)
{
	const char *rel = ".";
	enum place place = locate(path, &rel);
	int fd, r = 0;

	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	if (place == FIXED_LINK && !follow) {
		st->st_mode = S_IFLNK | 0644;
		st->st_size = 21;
		return 0;
	}
	if (place == FIXED_DIR) {
		st->st_mode = S_IFDIR | 0755;
		return 0;
	}
	if (place == DENIED || place == NOWHERE)
		return place == DENIED ? EACCES : ENOENT;
	fd = open_below(s, rel, O_PATH | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0 || fstat(fd, st) < 0)
		r = errno;
	if (fd >= 0)
		close(fd);
	if (r == ENOENT && is_hostile(s, rel)) {
		st->st_mode = S_IFREG | 0660;
		st->st_size = sizeof(HOSTILE_TEXT) - 1;
		r = 0;
	}
	if (!r)
		apply_faults(s, rel, st);
	return r;
}

static int open_hostile(int *fd)
{
	*fd = memfd_create("hostile", MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, HOSTILE_TEXT, sizeof(HOSTILE_TEXT) - 1) < 0)
		return EIO;
	return 0;
}

int sim_storage_open_file(struct sim_storage *s, const char *path, bool any, int *fd)
{
	const char *rel = ".";
	enum place place = locate(path, &rel);
	struct stat st;

	*fd = -1;
	if (!strcmp(path, "/dev/null")) {
		*fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *fd < 0 ? errno : 0;
	}
	if (place == FIXED_DIR)
		return EISDIR;
	if (place == DENIED || place == NOWHERE)
		return place == DENIED ? EACCES : ENOENT;
	*fd = open_below(s, rel, O_RDONLY | O_NONBLOCK);
	if (*fd < 0)
		return errno == ENOENT && is_hostile(s, rel) ? open_hostile(fd) : errno;
	if (fstat(*fd, &st) == 0 && (S_ISREG(st.st_mode) || (any && S_ISDIR(st.st_mode))))
		return 0;
	close(*fd);
	*fd = -1;
	return S_ISDIR(st.st_mode) ? EISDIR : EACCES;
}

static int add_name(struct sim_listing *list, const char *name, size_t len)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		char **names = realloc(list->names, cap * sizeof(*names));
		size_t *lengths;

		if (!names)
			return ENOMEM;
		list->names = names;
		lengths = realloc(list->lengths, cap * sizeof(*lengths));
		if (!lengths)
			return ENOMEM;
		list->lengths = lengths;
		list->cap = cap;
	}
	list->names[list->n] = malloc(len + 1);
	if (!list->names[list->n])
		return ENOMEM;
	memcpy(list->names[list->n], name, len);
	list->names[list->n][len] = '\0';
	list->lengths[list->n++] = len;
	return 0;
}

void sim_listing_clear(struct sim_listing *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->names[i]);
	free(list->names);
	free(list->lengths);
	*list = (struct sim_listing){0};
}

static int list_fixed(const char *path, struct sim_listing *list)
{
	static const char *const above[][3] = {
		{"/storage/emulated", "0", NULL},
		{"/storage/self", "primary", NULL},
		{"/storage", "emulated", "self"},
	};
	const char *rest;
	int r;

	r = add_name(list, ".", 1);
	r = r ? r : add_name(list, "..", 2);
	for (size_t i = 0; i < 3; i++) {
		if (!has_prefix(path, above[i][0], &rest))
			continue;
		r = r ? r : add_name(list, above[i][1], strlen(above[i][1]));
		if (above[i][2])
			r = r ? r : add_name(list, above[i][2], strlen(above[i][2]));
		return r;
	}
	r = r ? r : add_name(list, "sdcard", 6);
	return r ? r : add_name(list, "storage", 7);
}

int sim_storage_list(struct sim_storage *s, const char *path, struct sim_listing *list)
{
	const char *rel = ".";
	enum place place = locate(path, &rel);
	struct dirent *e;
	int fd, r = 0;
	DIR *dir;

	*list = (struct sim_listing){0};
	if (s->cfg->unreadable && !strcmp(path, s->cfg->unreadable))
		return EACCES;
	if (place == FIXED_DIR)
		return list_fixed(path, list);
	if (place == DENIED || place == NOWHERE)
		return place == DENIED ? EACCES : ENOENT;
	fd = open_below(s, rel, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return ENOMEM;
	}
	while (!r && (e = readdir(dir)) != NULL)
		r = add_name(list, e->d_name, strlen(e->d_name));
	closedir(dir);
	for (size_t i = 0; !r && s->cfg->hostile_names && i < sizeof(hostile) / sizeof(hostile[0]);
	     i++)
		r = add_name(list, hostile[i].name, hostile[i].len);
	if (r)
		sim_listing_clear(list);
	return r;
}
