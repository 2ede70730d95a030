/* SPDX-License-Identifier: EUPL-1.2 */
/* What lockdownd's GetValue knows: a table of invented defaults, changed by settings. */
#ifndef SIM_IPHONE_VALUES_H
#define SIM_IPHONE_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include <plist/plist.h>

#define SIM_VALUES_MAX 160

struct sim;

struct sim_value {
	const char *domain, *key; /* domain "": the root domain */
	char type;		  /* s text, b boolean, i integer, r real */
	const char *text;
	bool removed;
};

struct sim_values {
	struct sim_value list[SIM_VALUES_MAX];
	unsigned n;
	long long clock_offset; /* phone clock minus host clock, seconds */
};

void sim_values_init(struct sim_values *v);
/*
 * "[DOMAIN:]KEY=VALUE" or an alias (udid, serial, name, imei, iccid, clock-offset). A known key
 * keeps its type, another becomes text; an empty value removes it. 0 or -1. Copies what it keeps.
 */
int sim_values_set(struct sim_values *v, const char *setting);
/* Settings from a file, one a line, # comments. 0 or -1 (said why). */
int sim_values_file(struct sim_values *v, const char *path);
/* Text of a value, or "". */
const char *sim_values_text(const struct sim_values *v, const char *domain, const char *key);
/* The UDID as lockdown tells it, of phone 0 or 1. buf holds 64. */
const char *sim_udid(const struct sim *s, unsigned device, char *buf);
/* The same as the mux tells it. */
const char *sim_mux_serial(const struct sim *s, unsigned device, char *buf);

/*
 * One value (caller frees), or NULL when there is none. paired false: *prohibited tells whether
 * only a paired host may know.
 */
plist_t sim_values_get(const struct sim *s, unsigned device, const char *domain, const char *key,
		       bool paired, bool *prohibited);
/* All of a domain as a dict, never NULL. */
plist_t sim_values_domain(const struct sim *s, unsigned device, const char *domain, bool paired);

#endif
