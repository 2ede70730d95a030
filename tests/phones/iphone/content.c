/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The tree is read once; made-up files are computed from their number each time they are asked
 * for, so that a million of them cost nothing. Order of the upload: half of the made-up files, the
 * tree, the big file, the other half.
 */
#include "content.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "config.h"
#include "core/hash.h"

/* Where a domain lies on the phone. A snapshot mount is shown for some, as in logs of real ones. */
static const struct {
	const char *domain, *device;
} roots[] = {
	{"HomeDomain", "/var/mobile"},
	{"CameraRollDomain", "/.ba/mobile"},
	{"MediaDomain", "/.ba/mobile"},
	{"RootDomain", "/.b/7/root"},
	{"SystemPreferencesDomain", "/var/preferences"},
	{"WirelessDomain", "/var/wireless"},
	{"HealthDomain", "/var/mobile/Library"},
	{"DatabaseDomain", "/var/db"},
	{"KeychainDomain", "/var/Keychains"},
	{"ManagedPreferencesDomain", "/var/Managed Preferences"},
	{"InstallDomain", "/var/installd"},
};

void sim_sha1(const void *p, size_t n, uint8_t out[SIM_ID_BYTES])
{
	EVP_Digest(p, n, out, NULL, EVP_sha1(), NULL);
}

static struct sim_entry *new_entry(struct sim_content *c)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		struct sim_entry *p = realloc(c->entries, room * sizeof(*p));

		if (!p)
			return NULL;
		c->entries = p;
		c->room = room;
	}
	memset(&c->entries[c->n], 0, sizeof(c->entries[c->n]));
	return &c->entries[c->n++];
}

/* One thing of the tree; what is neither file, folder nor link is passed over. 0 or -1. */
static int add(struct sim_content *c, const char *host, const char *domain, const char *path)
{
	struct sim_entry *e;
	char target[4096];
	struct stat st;
	ssize_t n;

	if (lstat(host, &st) < 0) {
		perror(host);
		return -1;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	e = new_entry(c);
	if (!e)
		return -1;
	e->domain = strdup(domain);
	e->path = strdup(path);
	e->mode = (uint32_t)st.st_mode;
	e->mtime = (int64_t)st.st_mtime;
	if (S_ISREG(st.st_mode)) {
		e->kind = SIM_FILE;
		e->size = (uint64_t)st.st_size;
		e->host = strdup(host);
		c->files++;
		c->bytes += e->size;
	} else if (S_ISDIR(st.st_mode)) {
		e->kind = SIM_DIRECTORY;
	} else {
		e->kind = SIM_LINK;
		n = readlink(host, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		e->host = strdup(target);
	}
	return e->domain && e->path ? 0 : -1;
}

/* Adds what lies in a folder; folders found are entries too and are read in their turn. */
static int add_children(struct sim_content *c, const char *top, const char *domain,
			const char *path)
{
	char dir[4096], host[8192], child[4096];
	const struct dirent *d;
	DIR *handle;
	int r = 0;

	snprintf(dir, sizeof(dir), "%s/%s%s%s", top, domain, *path ? "/" : "", path);
	handle = opendir(dir);
	if (!handle) {
		perror(dir);
		return -1;
	}
	while (r == 0 && (d = readdir(handle))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(host, sizeof(host), "%s/%s", dir, d->d_name);
		if (snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", d->d_name) >=
		    (int)sizeof(child))
			continue;
		r = add(c, host, domain, child);
	}
	closedir(handle);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct sim_entry *x = a, *y = b;
	int r = strcmp(x->domain, y->domain);

	return r ? r : strcmp(x->path, y->path);
}

static int read_tree(struct sim_content *c, const char *top)
{
	const struct dirent *d;
	DIR *handle = opendir(top);
	char host[4096];
	int r = 0;

	if (!handle) {
		perror(top);
		return -1;
	}
	while (r == 0 && (d = readdir(handle))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(host, sizeof(host), "%s/%s", top, d->d_name);
		r = add(c, host, d->d_name, "");
	}
	closedir(handle);
	/* entries grow while they are walked: that is the queue of folders still to be read */
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		char *domain = c->entries[i].domain, *path = c->entries[i].path;

		if (c->entries[i].kind == SIM_DIRECTORY)
			r = add_children(c, top, domain, path);
	}
	if (r == 0 && c->n)
		qsort(c->entries, c->n, sizeof(c->entries[0]), compare);
	return r;
}

int sim_content_open(struct sim_content *c, const struct sim_config *cfg)
{
	memset(c, 0, sizeof(*c));
	c->count = cfg->count;
	c->file_bytes = cfg->file_bytes;
	c->extra_bytes = cfg->extra_bytes;
	c->date = (int64_t)cfg->date;
	if (cfg->backup && read_tree(c, cfg->backup) < 0)
		return -1;
	c->files += c->count + (c->extra_bytes ? 1 : 0);
	c->bytes += c->extra_bytes + c->count * (c->file_bytes ? c->file_bytes : 96);
	return 0;
}

uint64_t sim_content_items(const struct sim_content *c)
{
	return c->n + c->count + (c->extra_bytes ? 1 : 0);
}

static void made_up(const struct sim_content *c, uint64_t number, struct sim_item *item)
{
	item->domain = SIM_BULK;
	item->kind = SIM_FILE;
	item->mode = 0100644;
	item->mtime = c->date - 86400 - (int64_t)(number % 1000000);
	item->pattern = number + 1;
	if (number == c->count) {
		snprintf(item->made_path, sizeof(item->made_path), "Documents/bulk.bin");
		item->size = c->extra_bytes;
	} else {
		snprintf(item->made_path, sizeof(item->made_path),
			 "Documents/%04llu/item-%07llu.dat", (unsigned long long)(number / 1000),
			 (unsigned long long)number);
		item->size = c->file_bytes ? c->file_bytes : 64 + number % 64;
	}
	item->path = item->made_path;
}

static void of_tree(const struct sim_entry *e, struct sim_item *item)
{
	item->domain = e->domain;
	item->path = e->path;
	item->host = e->host;
	item->kind = e->kind;
	item->mode = e->mode;
	item->mtime = e->mtime;
	item->size = e->size;
}

void sim_content_item(const struct sim_content *c, uint64_t index, struct sim_item *item)
{
	uint64_t first = c->count / 2;

	/* not the buffers: that would be most of the time with a million items */
	memset(item, 0, offsetof(struct sim_item, made_path));
	item->index = index;
	if (index < first)
		made_up(c, index, item);
	else if (index < first + c->n)
		of_tree(&c->entries[index - first], item);
	else if (c->extra_bytes && index == first + c->n)
		made_up(c, c->count, item);
	else
		made_up(c, index - c->n - (c->extra_bytes ? 1 : 0), item);
	item->protection = !strcmp(item->domain, "HealthDomain")       ? 2
			   : !strcmp(item->domain, "CameraRollDomain") ? 4
								       : 3;
	snprintf(item->full, sizeof(item->full), "%s-%s", item->domain, item->path);
	sim_sha1(item->full, strlen(item->full), item->id);
	kt_hex(item->id, SIM_ID_BYTES, item->id_hex);
}

int sim_reader_open(struct sim_reader *r, const struct sim_item *item)
{
	*r = (struct sim_reader){.fd = -1, .pattern = item->pattern, .size = item->size};
	if (!item->host)
		return 0;
	r->fd = open(item->host, O_RDONLY | O_CLOEXEC);
	return r->fd < 0 ? -1 : 0;
}

long sim_reader_read(struct sim_reader *r, void *p, size_t n)
{
	uint8_t *to = p;
	char mark[40];

	if (r->fd >= 0)
		return (long)read(r->fd, p, n);
	if (n > r->size - r->off)
		n = (size_t)(r->size - r->off);
	/* a byte depends on its place and the file's number; 8 at a time for the big file */
	for (size_t i = 0; i < n; i++) {
		uint64_t word =
			((r->off + i) >> 3) * 0x9e3779b97f4a7c15U ^ r->pattern * 0x2545f491U;

		if (((r->off + i) & 7) == 0 && n - i >= 8) {
			memcpy(to + i, &word, 8);
			i += 7;
		} else {
			to[i] = (uint8_t)(word >> (8 * ((r->off + i) & 7)));
		}
	}
	/* each begins with a word that a test can search for where it must not be */
	snprintf(mark, sizeof(mark), "SIM-CANARY %llu\n", (unsigned long long)r->pattern);
	for (size_t i = 0; i < n && r->off + i < strlen(mark); i++)
		to[i] = (uint8_t)mark[r->off + i];
	r->off += n;
	return (long)n;
}

void sim_reader_close(struct sim_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

const char *sim_device_path(const struct sim_item *item, char *buf, size_t n)
{
	static const struct {
		const char *prefix, *place;
	} containers[] = {
		{"AppDomain-", "Data/Application"},
		{"AppDomainPlugin-", "Data/PluginKitPlugin"},
		{"AppDomainGroup-", "Shared/AppGroup"},
	};
	uint8_t h[SIM_ID_BYTES];

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (!strcmp(item->domain, roots[i].domain)) {
			snprintf(buf, n, "%s/%s", roots[i].device, item->path);
			return buf;
		}
	for (size_t i = 0; i < 3; i++)
		if (!strncmp(item->domain, containers[i].prefix, strlen(containers[i].prefix))) {
			/* the container's UUID says nothing of the bundle */
			sim_sha1(item->domain, strlen(item->domain), h);
			snprintf(buf, n,
				 "/.ba/mobile/Containers/%s/%02X%02X%02X%02X-%02X%02X-4%01X%02X-"
				 "8%01X%02X-%02X%02X%02X%02X%02X%02X/%s",
				 containers[i].place, h[0], h[1], h[2], h[3], h[4], h[5], h[6] & 15,
				 h[7], h[8] & 15, h[9], h[10], h[11], h[12], h[13], h[14], h[15],
				 item->path);
			return buf;
		}
	snprintf(buf, n, "/var/mobile/Library/%s/%s", item->domain, item->path);
	return buf;
}
