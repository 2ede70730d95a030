/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What goes wrong, on purpose. A fault has a name and perhaps an argument; some may be given
 * several times. README.md lists them with what a good host must do.
 */
#ifndef SIM_IPHONE_FAULTS_H
#define SIM_IPHONE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_FAULTS_MAX 32

enum sim_fault {
	FAULT_DENY_TRUST,
	FAULT_TRUST_PENDING,
	FAULT_LOCKED,
	FAULT_PASSCODE_WAIT,
	FAULT_PASSCODE_TIMEOUT,
	FAULT_NO_PASSCODE,
	FAULT_UNPLUG_AT_BYTE,
	FAULT_UNPLUG_BETWEEN_FILES,
	FAULT_REPLUG,
	FAULT_STALL_AT_BYTE,
	FAULT_SLOW,
	FAULT_HANG_UP,
	FAULT_GARBAGE_PLIST,
	FAULT_DEEP_PLIST,
	FAULT_HUGE_LENGTH,
	FAULT_MISSING_KEYS,
	FAULT_WRONG_TYPES,
	FAULT_TRAVERSAL,
	FAULT_HASH_MISMATCH,
	FAULT_NO_MANIFEST,
	FAULT_BOGUS_MANIFEST_DB,
	FAULT_MANIFEST_CONTRADICTS,
	FAULT_MANIFEST_UDID,
	FAULT_TWO_PHONES,
	FAULT_IMPOSTOR,
	FAULT_OTHER_UDID,
	FAULT_PURGE,
	FAULT_NO_SPACE,
	FAULT_UNREADABLE,
	FAULT_UNREADABLE_MIDWAY,
	FAULT_LIST_CHECK,
	FAULT_WRONG_ORDER,
	FAULT_END_CODE,
	FAULT_TWICE,
	FAULT_ANSWER,
	FAULT_ENDLESS,
	FAULT_NO_DISMISS,
	FAULT_BROKEN_AFC,
	FAULT_COUNT
};

struct sim_faults {
	struct {
		enum sim_fault fault;
		const char *arg; /* NULL: none given */
	} list[SIM_FAULTS_MAX];
	unsigned n;
};

/* "name" or "name=arg"; text must outlive f. 0 or -1 (said why on stderr). */
int sim_fault_add(struct sim_faults *f, const char *text);
void sim_fault_help(void);

bool sim_fault(const struct sim_faults *f, enum sim_fault fault);
/* Argument of the first, def when it has none; NULL when the fault is not set. */
const char *sim_fault_text(const struct sim_faults *f, enum sim_fault fault, const char *def);
/* Its number, def when it has none, and `off` when the fault is not set. */
uint64_t sim_fault_number(const struct sim_faults *f, enum sim_fault fault, uint64_t def,
			  uint64_t off);
/* Is it set for this place? One without argument stands for the place def. */
bool sim_fault_at(const struct sim_faults *f, enum sim_fault fault, const char *place,
		  const char *def);
/* Does one of its patterns (a shell glob; none given: def) match? def NULL: nothing. */
bool sim_fault_glob(const struct sim_faults *f, enum sim_fault fault, const char *text,
		    const char *def);

#endif
