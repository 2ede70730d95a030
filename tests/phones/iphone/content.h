/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the phone would back up: a tree on the host with one folder per domain, and made-up files
 * whose bytes follow a pattern and are stored nowhere. Read-only once it is open.
 */
#ifndef SIM_IPHONE_CONTENT_H
#define SIM_IPHONE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_config;

#define SIM_ID_BYTES 20
#define SIM_BULK     "AppDomain-org.example.bulk"

enum sim_kind { SIM_FILE = 1, SIM_DIRECTORY = 2, SIM_LINK = 4 }; /* as "flags" of Manifest.db */

struct sim_entry {
	char *domain, *path; /* path "": the domain itself */
	char *host;	     /* of a file: where it lies; of a link: its target */
	enum sim_kind kind;
	uint32_t mode;
	int64_t mtime;
	uint64_t size;
};

struct sim_content {
	struct sim_entry *entries; /* of the tree, sorted */
	size_t n, room;
	uint64_t count, file_bytes, extra_bytes; /* made-up files */
	int64_t date;
	uint64_t bytes; /* of all files, plain */
	uint64_t files; /* to be uploaded */
};

/* One thing to back up. Texts point into the item or the content. */
struct sim_item {
	uint64_t index;
	const char *domain, *path, *host; /* host NULL: made up */
	enum sim_kind kind;
	uint32_t mode;
	int64_t mtime;
	uint64_t size, pattern; /* pattern: what a made-up file's bytes depend on */
	unsigned protection;	/* class of the key */
	uint8_t id[SIM_ID_BYTES];
	char id_hex[2 * SIM_ID_BYTES + 1];
	char made_path[64];
	char full[1024]; /* DOMAIN-PATH */
};

/* Bytes of an item, from its start. */
struct sim_reader {
	int fd; /* -1: by pattern */
	uint64_t pattern, off, size;
};

/* Reads the tree. 0 or -1 (said why). */
int sim_content_open(struct sim_content *c, const struct sim_config *cfg);
/* Number of items: the tree's, the made-up ones, directories and links too. */
uint64_t sim_content_items(const struct sim_content *c);
/* The item at index, in the order of the upload. */
void sim_content_item(const struct sim_content *c, uint64_t index, struct sim_item *item);

int sim_reader_open(struct sim_reader *r, const struct sim_item *item);
/* Up to n bytes; 0 at the end, -1 on an error. */
long sim_reader_read(struct sim_reader *r, void *p, size_t n);
void sim_reader_close(struct sim_reader *r);

/* The path on the phone that an upload names. buf holds n. */
const char *sim_device_path(const struct sim_item *item, char *buf, size_t n);
/* SHA-1 of some bytes. */
void sim_sha1(const void *p, size_t n, uint8_t out[SIM_ID_BYTES]);

#endif
