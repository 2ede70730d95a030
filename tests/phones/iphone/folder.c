/* SPDX-License-Identifier: EUPL-1.2 */
/* Info.plist is the host's work in truth, so here too: it holds what a host would have copied. */
#include "folder.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"
#include "manifest.h"
#include "sim.h"
#include "stored.h"

#define BUF_BYTES ((size_t)256 << 10)

static int write_stored(struct sim *s, const struct sim_item *item, int db, int dirfd,
			const char *name)
{
	struct sim_stored *st = malloc(sizeof(*st));
	uint8_t *buf = malloc(BUF_BYTES);
	KT_AUTO_FD fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	long n = -1;

	if (st && buf && fd >= 0 && sim_stored_open(st, s, item, db) == 0) {
		while ((n = sim_stored_read(st, buf, BUF_BYTES)) > 0)
			if (kt_write_full(fd, buf, (size_t)n, NULL) < 0)
				break;
		sim_stored_close(st);
	}
	if (n != 0)
		perror(name);
	free(st);
	free(buf);
	return n == 0 ? 0 : -1;
}

static int write_plist(int dirfd, const char *name, plist_t node, bool binary)
{
	char *bytes = NULL;
	uint32_t n = 0;
	int r;

	if (binary)
		plist_to_bin(node, &bytes, &n);
	else
		plist_to_xml(node, &bytes, &n);
	plist_free(node);
	r = bytes ? kt_file_write(dirfd, name, bytes, n, 0644, NULL) : -1;
	free(bytes);
	return r;
}

static plist_t info_plist(const struct sim *s)
{
	static const struct {
		const char *name, *key;
	} copies[] = {
		{"Build Version", "BuildVersion"},
		{"Device Name", "DeviceName"},
		{"Display Name", "DeviceName"},
		{"ICCID", "IntegratedCircuitCardIdentity"},
		{"IMEI", "InternationalMobileEquipmentIdentity"},
		{"MEID", "MobileEquipmentIdentifier"},
		{"Phone Number", "PhoneNumber"},
		{"Product Type", "ProductType"},
		{"Product Version", "ProductVersion"},
		{"Serial Number", "SerialNumber"},
		{"Target Identifier", "UniqueDeviceID"},
		{"Unique Identifier", "UniqueDeviceID"},
	};
	plist_t dict = plist_new_dict(), apps = plist_new_array();

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		bool no;
		plist_t value = sim_values_get(s, 0, "", copies[i].key, true, &no);

		if (value)
			plist_dict_set_item(dict, copies[i].name, value);
	}
	for (size_t i = 0; i < s->content.n; i++)
		if (!*s->content.entries[i].path &&
		    !strncmp(s->content.entries[i].domain, "AppDomain-", 10))
			plist_array_append_item(
				apps, plist_new_string(s->content.entries[i].domain + 10));
	plist_dict_set_item(dict, "Installed Applications", apps);
	plist_dict_set_item(dict, "Last Backup Date",
			    plist_new_date((int32_t)(s->content.date - 978307200), 0));
	plist_dict_set_item(dict, "Product Name", plist_new_string("iPhone"));
	plist_dict_set_item(dict, "Target Type", plist_new_string("Device"));
	plist_dict_set_item(dict, "GUID", plist_new_string("53494D0000004000800000000000001D"));
	plist_dict_set_item(dict, "iTunes Version", plist_new_string("12.13"));
	return dict;
}

static bool omitted(const struct sim *s, const struct sim_item *item)
{
	for (unsigned i = 0; i < s->cfg.omits; i++)
		if (!fnmatch(s->cfg.omit[i], item->full, 0))
			return true;
	return sim_fault_glob(&s->cfg.faults, FAULT_UNREADABLE, item->full, NULL);
}

static int write_files(struct sim *s, int dir)
{
	for (uint64_t i = 0; i < sim_content_items(&s->content); i++) {
		char name[64];
		struct sim_item item;

		sim_content_item(&s->content, i, &item);
		if (item.kind != SIM_FILE || omitted(s, &item))
			continue;
		snprintf(name, sizeof(name), "%.2s", item.id_hex);
		mkdirat(dir, name, 0755);
		snprintf(name, sizeof(name), "%.2s/%s", item.id_hex, item.id_hex);
		if (write_stored(s, &item, -1, dir, name) < 0)
			return -1;
	}
	return 0;
}

static int write_manifest(struct sim *s, int dir)
{
	const char *missing = sim_fault_text(&s->cfg.faults, FAULT_NO_MANIFEST, "both");
	int r = 0;

	if (!missing || !strcmp(missing, "db"))
		r = write_plist(dir, "Manifest.plist", sim_manifest_plist(s, 0), true);
	if (r == 0 && (!missing || !strcmp(missing, "plist"))) {
		KT_AUTO_FD db = sim_manifest_db(s);

		r = db < 0 ? -1 : write_stored(s, NULL, db, dir, "Manifest.db");
	}
	return r;
}

int sim_folder_write(struct sim *s)
{
	char path[4096], udid[64];
	KT_AUTO_FD dir = -1;

	sim_udid(s, 0, udid);
	mkdir(s->cfg.write_backup, 0755);
	snprintf(path, sizeof(path), "%s/%s", s->cfg.write_backup, udid);
	mkdir(path, 0755);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		perror(path);
		return -1;
	}
	if (write_files(s, dir) < 0 || write_manifest(s, dir) < 0 ||
	    write_plist(dir, "Info.plist", info_plist(s), false) < 0 ||
	    write_plist(dir, "Status.plist", sim_status_plist(s, "finished"), true) < 0) {
		fprintf(stderr, "sim-iphone: %s: not written\n", path);
		return -1;
	}
	return 0;
}
