/* SPDX-License-Identifier: EUPL-1.2 */
/* Faults by name, and questions about them. */
#include "faults.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

enum arg { NONE, MAYBE, NUMBER, MAYBE_NUMBER, NEEDED };

static const struct {
	const char *name;
	enum arg arg;
	const char *help;
} table[FAULT_COUNT] = {
	[FAULT_DENY_TRUST] = {"deny-trust", NONE, "the holder taps Don't Trust"},
	[FAULT_TRUST_PENDING] = {"trust-pending", NUMBER,
				 "=S: the trust dialog stands for S seconds"},
	[FAULT_LOCKED] = {"locked", NONE, "locked: PasswordProtected, backups end with 208"},
	[FAULT_PASSCODE_WAIT] = {"passcode-wait", NUMBER, "=S: the passcode takes S seconds"},
	[FAULT_PASSCODE_TIMEOUT] = {"passcode-timeout", MAYBE_NUMBER,
				    "[=S]: no passcode for S (3) seconds, then error 208"},
	[FAULT_NO_PASSCODE] = {"no-passcode", NONE, "no passcode is asked for (before iOS 16.1)"},
	[FAULT_UNPLUG_AT_BYTE] = {"unplug-at-byte", NUMBER,
				  "=N: unplug after N bytes of the backup"},
	[FAULT_UNPLUG_BETWEEN_FILES] = {"unplug-between-files", NUMBER,
					"=N: unplug after N uploaded files"},
	[FAULT_REPLUG] = {"replug", NUMBER, "=MS: plugged in again MS after an unplug"},
	[FAULT_STALL_AT_BYTE] = {"stall-at-byte", NUMBER, "=N: silent after N bytes of the backup"},
	[FAULT_SLOW] = {"slow", NUMBER, "=BYTES: the backup goes at BYTES per second"},
	[FAULT_HANG_UP] = {"hang-up", NEEDED, "=PLACE: close the connection after that message"},
	[FAULT_GARBAGE_PLIST] = {"garbage-plist", MAYBE, "[=PLACE]: bytes that are no plist"},
	[FAULT_DEEP_PLIST] = {"deep-plist", MAYBE, "[=PLACE]: a plist nested 10,000 deep"},
	[FAULT_HUGE_LENGTH] = {"huge-length", MAYBE, "[=PLACE]: length 0xFFFFFFF0, then silence"},
	[FAULT_MISSING_KEYS] = {"missing-keys", MAYBE,
				"[=PLACE]: the answer lacks all but its name"},
	[FAULT_WRONG_TYPES] = {"wrong-types", MAYBE, "[=PLACE]: its values have other types"},
	[FAULT_TRAVERSAL] = {"traversal", MAYBE, "[=NAME]: uploads named ../ and, if given, NAME"},
	[FAULT_HASH_MISMATCH] = {"hash-mismatch", MAYBE,
				 "[=GLOB]: other content under that file's ID"},
	[FAULT_NO_MANIFEST] = {"no-manifest", MAYBE, "[=db|plist]: not sent"},
	[FAULT_BOGUS_MANIFEST_DB] = {"bogus-manifest-db", MAYBE, "[=random|short|views]"},
	[FAULT_MANIFEST_CONTRADICTS] = {"manifest-contradicts", NEEDED,
					"=domain|path|size|absent[:GLOB]: rows say other"},
	[FAULT_MANIFEST_UDID] = {"manifest-udid", NONE, "Manifest.plist names another phone"},
	[FAULT_TWO_PHONES] = {"two-phones", MAYBE, "[=UDID]: a second phone is attached"},
	[FAULT_IMPOSTOR] = {"impostor", NONE, "TLS with a key that was never paired"},
	[FAULT_OTHER_UDID] = {"other-udid", NONE, "lockdown's UDID is not the mux's serial"},
	[FAULT_PURGE] = {"purge", NONE, "DLMessagePurgeDiskSpace, waits for an answer for ever"},
	[FAULT_NO_SPACE] = {"no-space", NONE, "whatever is free, error 105"},
	[FAULT_UNREADABLE] = {"unreadable", NEEDED, "=GLOB: 0x0B in place of the file"},
	[FAULT_UNREADABLE_MIDWAY] = {"unreadable-midway", NEEDED, "=GLOB: 0x0B in the middle"},
	[FAULT_LIST_CHECK] = {"list-check", NEEDED,
			      "=names|sizes: the host's listing must be right"},
	[FAULT_WRONG_ORDER] = {"wrong-order", NEEDED, "=upload|manifest|moves|status|end"},
	[FAULT_END_CODE] = {"end-code", NUMBER, "=N: all sent, but the end is error N"},
	[FAULT_TWICE] = {"twice", NEEDED, "=GLOB: the file is sent twice, the second time altered"},
	[FAULT_ANSWER] = {"answer", NEEDED, "=PLACE:FILE: FILE's bytes in place of that plist"},
	[FAULT_ENDLESS] = {"endless", NEEDED,
			   "=blocks|messages|dialogs: the same again and again, with no end"},
	[FAULT_NO_DISMISS] = {"no-dismiss", NONE, "nobody says that the passcode dialog is gone"},
	[FAULT_BROKEN_AFC] =
		{"broken-afc", NEEDED,
		 "=magic|length|front|number|op|flood: what is wrong in AFC's packets"},
};

int sim_fault_add(struct sim_faults *f, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const char *arg = equals ? equals + 1 : NULL;
	uint64_t number;

	for (unsigned i = 0; i < FAULT_COUNT; i++) {
		if (strlen(table[i].name) != len || memcmp(table[i].name, text, len) != 0)
			continue;
		if ((table[i].arg == NONE && arg) ||
		    ((table[i].arg == NEEDED || table[i].arg == NUMBER) && !arg) ||
		    ((table[i].arg == NUMBER || table[i].arg == MAYBE_NUMBER) && arg &&
		     sim_parse_u64(arg, &number) < 0)) {
			fprintf(stderr, "sim-iphone: fault %s%s\n", table[i].name, table[i].help);
			return -1;
		}
		if (f->n == SIM_FAULTS_MAX) {
			fprintf(stderr, "sim-iphone: too many faults\n");
			return -1;
		}
		f->list[f->n].fault = (enum sim_fault)i;
		f->list[f->n++].arg = arg;
		return 0;
	}
	fprintf(stderr, "sim-iphone: unknown fault %s\n", text);
	return -1;
}

void sim_fault_help(void)
{
	puts("\nFaults (--fault NAME[=ARG], repeatable):");
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		printf("%-21s %s\n", table[i].name, table[i].help);
}

bool sim_fault(const struct sim_faults *f, enum sim_fault fault)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->list[i].fault == fault)
			return true;
	return false;
}

const char *sim_fault_text(const struct sim_faults *f, enum sim_fault fault, const char *def)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->list[i].fault == fault)
			return f->list[i].arg ? f->list[i].arg : def;
	return NULL;
}

uint64_t sim_fault_number(const struct sim_faults *f, enum sim_fault fault, uint64_t def,
			  uint64_t off)
{
	const char *text = sim_fault_text(f, fault, "");
	uint64_t number;

	if (!text)
		return off;
	return sim_parse_u64(text, &number) < 0 ? def : number;
}

bool sim_fault_at(const struct sim_faults *f, enum sim_fault fault, const char *place,
		  const char *def)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->list[i].fault == fault &&
		    !strcmp(f->list[i].arg ? f->list[i].arg : def, place))
			return true;
	return false;
}

bool sim_fault_glob(const struct sim_faults *f, enum sim_fault fault, const char *text,
		    const char *def)
{
	for (unsigned i = 0; i < f->n; i++) {
		const char *glob = f->list[i].arg ? f->list[i].arg : def;

		if (f->list[i].fault == fault && glob && !fnmatch(glob, text, 0))
			return true;
	}
	return false;
}
