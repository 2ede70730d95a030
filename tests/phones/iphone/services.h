/* SPDX-License-Identifier: EUPL-1.2 */
/* The services behind lockdownd. Each runs one connection to its end, in the caller's thread. */
#ifndef SIM_IPHONE_SERVICES_H
#define SIM_IPHONE_SERVICES_H

#include <stdint.h>

struct sim;
struct sim_conn;

struct sim_service {
	const char *name;
	void (*serve)(struct sim_conn *c);
};

/* NULL when the phone has no such service. */
const struct sim_service *sim_service_find(const char *name);

void sim_mux_serve(struct sim_conn *c);
void sim_lockdown_serve(struct sim_conn *c);
void sim_afc_serve(struct sim_conn *c);
void sim_np_serve(struct sim_conn *c);
void sim_backup_serve(struct sim_conn *c);
void sim_apps_serve(struct sim_conn *c);
void sim_springboard_serve(struct sim_conn *c);
void sim_diagnostics_serve(struct sim_conn *c);

/* Sends a notification to every client that observes it. */
void sim_np_relay(struct sim *s, const char *name);

#endif
