/* SPDX-License-Identifier: EUPL-1.2 */
#include "manifest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <sqlite3.h>

#include "mbfile.h"
#include "sim.h"

static const char schema[] =
	"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096;"
	"CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT,"
	" flags INTEGER, file BLOB);"
	"CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB); BEGIN";
static const char indexes[] = "COMMIT; CREATE INDEX FilesDomainIdx ON Files(domain);"
			      "CREATE INDEX FilesRelativePathIdx ON Files(relativePath);"
			      "CREATE INDEX FilesFlagsIdx ON Files(flags)";

bool sim_content_swapped(const struct sim *s, const struct sim_item *item)
{
	return item->kind == SIM_FILE &&
	       sim_fault_glob(&s->cfg.faults, FAULT_HASH_MISMATCH, item->full,
			      "RootDomain-Library/Caches/locationd/clients.plist");
}

/* What the fault manifest-contradicts=WHAT[:GLOB] does to this item, or "". */
static const char *contradiction(const struct sim *s, const struct sim_item *item, char *buf,
				 size_t n)
{
	const char *arg = sim_fault_text(&s->cfg.faults, FAULT_MANIFEST_CONTRADICTS, NULL);
	const char *colon = arg ? strchr(arg, ':') : NULL;
	struct sim_faults one = {.n = 1};

	buf[0] = '\0';
	if (!arg || item->kind != SIM_FILE)
		return buf;
	one.list[0].fault = FAULT_MANIFEST_CONTRADICTS;
	one.list[0].arg = colon ? colon + 1 : "*";
	if (sim_fault_glob(&one, FAULT_MANIFEST_CONTRADICTS, item->full, NULL))
		snprintf(buf, n, "%.*s", colon ? (int)(colon - arg) : 99, arg);
	return buf;
}

static int digest_of(const struct sim_item *item, uint8_t out[SIM_ID_BYTES])
{
	uint8_t buf[65536];
	EVP_MD_CTX *h = EVP_MD_CTX_new();
	struct sim_reader r;
	long n = -1;

	if (h && EVP_DigestInit_ex(h, EVP_sha1(), NULL) && sim_reader_open(&r, item) == 0) {
		while ((n = sim_reader_read(&r, buf, sizeof(buf))) > 0)
			EVP_DigestUpdate(h, buf, (size_t)n);
		sim_reader_close(&r);
		EVP_DigestFinal_ex(h, out, NULL);
	}
	EVP_MD_CTX_free(h);
	return n < 0 ? -1 : 0;
}

static int insert(struct sim *s, sqlite3_stmt *st, const struct sim_item *item)
{
	uint8_t blob[SIM_MBFILE_MAX], digest[SIM_ID_BYTES], key[SIM_KEY_BYTES];
	uint8_t wrapped[4 + SIM_WRAPPED_BYTES];
	const char *domain = item->domain, *path = item->path;
	struct sim_mbfile f = {.path = item->path,
			       .size = item->size,
			       .inode = 1000 + item->index,
			       .mode = item->mode,
			       .mtime = (uint64_t)item->mtime,
			       .ctime = (uint64_t)item->mtime,
			       .btime = (uint64_t)item->mtime - 60,
			       .protection = item->protection};
	char what[32];
	size_t n;
	int r;

	contradiction(s, item, what, sizeof(what));
	if (!strcmp(what, "absent"))
		return 0;
	if (!strcmp(what, "domain"))
		domain = "HomeDomain";
	if (!strcmp(what, "path"))
		f.path = path = "Library/SMS/sms.db";
	if (!strcmp(what, "size"))
		f.size += 1;
	if (item->kind == SIM_LINK)
		f.target = item->host;
	if (item->kind == SIM_FILE && digest_of(item, digest) == 0)
		f.digest = digest;
	if (item->kind == SIM_FILE && s->keybag.encrypted) {
		sim_file_key(&s->keybag, item->id, key);
		sim_wrapped_key(&s->keybag, item->protection, key, wrapped);
		f.key = wrapped;
	}
	n = sim_mbfile_encode(&f, blob);
	if (!n)
		return -1;
	sqlite3_bind_text(st, 1, item->id_hex, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, domain, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, path, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 4, (int)item->kind);
	sqlite3_bind_blob(st, 5, blob, (int)n, SQLITE_STATIC);
	r = sqlite3_step(st);
	sqlite3_reset(st);
	return r == SQLITE_DONE ? 0 : -1;
}

static int fill(struct sim *s, const char *name)
{
	static const char sql[] = "INSERT OR REPLACE INTO Files VALUES (?,?,?,?,?)";
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int r = -1;

	if (sqlite3_open(name, &db) == SQLITE_OK &&
	    sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
		r = 0;
		for (uint64_t i = 0; r == 0 && i < sim_content_items(&s->content); i++) {
			struct sim_item item;

			sim_content_item(&s->content, i, &item);
			r = insert(s, st, &item);
		}
		if (r == 0 && sqlite3_exec(db, indexes, NULL, NULL, NULL) != SQLITE_OK)
			r = -1;
		if (r == 0 &&
		    !strcmp(sim_fault_text(&s->cfg.faults, FAULT_BOGUS_MANIFEST_DB, "") ?: "",
			    "views"))
			sqlite3_exec(db,
				     "ALTER TABLE Files RENAME TO Real; CREATE VIEW Files AS SELECT"
				     " fileID, domain, randomblob(1000000) AS relativePath, flags,"
				     " file FROM Real",
				     NULL, NULL, NULL);
	}
	if (r < 0)
		fprintf(stderr, "sim-iphone: Manifest.db: %s\n", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return r;
}

/* The bogus kinds: not a database at all, or one that is cut. */
static int spoil(const struct sim *s, int fd)
{
	const char *how = sim_fault_text(&s->cfg.faults, FAULT_BOGUS_MANIFEST_DB, "random");
	uint8_t noise[8192];

	if (!how)
		return 0;
	if (!strcmp(how, "short"))
		return ftruncate(fd, 4096);
	if (strcmp(how, "random") != 0)
		return 0;
	sim_derive(noise, sizeof(noise), s->cfg.seed, "noise");
	return ftruncate(fd, 0) < 0 || pwrite(fd, noise, sizeof(noise), 0) < 0 ? -1 : 0;
}

int sim_manifest_db(struct sim *s)
{
	const char *tmp = getenv("TMPDIR");
	char dir[4096], name[4112];
	int fd = -1;

	snprintf(dir, sizeof(dir), "%s/sim-iphone-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		perror(dir);
		return -1;
	}
	snprintf(name, sizeof(name), "%s/Manifest.db", dir);
	if (fill(s, name) == 0)
		fd = open(name, O_RDWR | O_CLOEXEC);
	unlink(name);
	rmdir(dir);
	if (fd >= 0 && spoil(s, fd) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The values that Manifest.plist repeats from lockdown. */
static plist_t lockdown_values(const struct sim *s, unsigned device)
{
	static const char *const keys[] = {"BuildVersion",   "DeviceName",   "ProductType",
					   "ProductVersion", "SerialNumber", "UniqueDeviceID"};
	plist_t dict = plist_new_dict();
	char udid[64];

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool no;
		plist_t value = sim_values_get(s, device, "", keys[i], true, &no);

		if (value)
			plist_dict_set_item(dict, keys[i], value);
	}
	if (sim_fault(&s->cfg.faults, FAULT_MANIFEST_UDID)) {
		sim_udid(s, device, udid);
		udid[0] = udid[0] == 'F' ? 'E' : 'F';
		plist_dict_set_item(dict, "UniqueDeviceID", plist_new_string(udid));
	}
	return dict;
}

/* One entry per app that has a domain. */
static plist_t applications(const struct sim *s)
{
	plist_t dict = plist_new_dict();

	for (size_t i = 0; i < s->content.n; i++) {
		const struct sim_entry *e = &s->content.entries[i];
		plist_t app;

		if (*e->path || strncmp(e->domain, "AppDomain-", 10) != 0)
			continue;
		app = plist_new_dict();
		plist_dict_set_item(app, "CFBundleIdentifier", plist_new_string(e->domain + 10));
		plist_dict_set_item(app, "CFBundleVersion", plist_new_string("1"));
		plist_dict_set_item(app, "ContainerContentClass",
				    plist_new_string("Data/Application"));
		plist_dict_set_item(dict, e->domain + 10, app);
	}
	return dict;
}

/* Seconds since 2001-01-01, which is where plist dates begin. */
static plist_t date(const struct sim *s)
{
	return plist_new_date((int32_t)(s->content.date - 978307200), 0);
}

plist_t sim_manifest_plist(const struct sim *s, unsigned device)
{
	const struct sim_keybag *k = &s->keybag;
	plist_t dict = plist_new_dict();
	uint8_t wrapped[4 + SIM_WRAPPED_BYTES];

	plist_dict_set_item(dict, "Applications", applications(s));
	if (k->encrypted) {
		plist_dict_set_item(dict, "BackupKeyBag",
				    plist_new_data((const char *)k->bag, k->bag_len));
		sim_wrapped_key(k, SIM_MANIFEST_CLASS, k->manifest_key, wrapped);
		plist_dict_set_item(dict, "ManifestKey",
				    plist_new_data((const char *)wrapped, sizeof(wrapped)));
	}
	plist_dict_set_item(dict, "Date", date(s));
	plist_dict_set_item(dict, "IsEncrypted", plist_new_bool(k->encrypted));
	plist_dict_set_item(dict, "Lockdown", lockdown_values(s, device));
	plist_dict_set_item(dict, "SystemDomainsVersion", plist_new_string("24.0"));
	plist_dict_set_item(dict, "Version", plist_new_string("10.0"));
	plist_dict_set_item(dict, "WasPasscodeSet",
			    plist_new_bool(!sim_fault(&s->cfg.faults, FAULT_NO_PASSCODE)));
	return dict;
}

plist_t sim_status_plist(const struct sim *s, const char *snapshot_state)
{
	plist_t dict = plist_new_dict();

	plist_dict_set_item(dict, "BackupState", plist_new_string("new"));
	plist_dict_set_item(dict, "Date", date(s));
	plist_dict_set_item(dict, "IsFullBackup", plist_new_bool(1));
	plist_dict_set_item(dict, "SnapshotState", plist_new_string(snapshot_state));
	plist_dict_set_item(dict, "UUID", plist_new_string("53494D00-0000-4000-8000-0000000000B1"));
	plist_dict_set_item(dict, "Version", plist_new_string("3.3"));
	return dict;
}
