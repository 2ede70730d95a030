/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * com.apple.mobile.notification_proxy: hosts observe names and post names. A notification is told
 * by number: each connection looks at the list of those sent since it last looked, so that its
 * TLS is used by its own thread alone.
 */
#include <stdio.h>
#include <string.h>

#include "journal.h"
#include "services.h"
#include "sim.h"
#include "wire.h"

#define OBSERVED_MAX 32
#define RECENT	     16

static const char *recent[RECENT]; /* of constants; guarded by the simulator's lock */

void sim_np_relay(struct sim *s, const char *name)
{
	pthread_mutex_lock(&s->lock);
	recent[s->relays % RECENT] = name;
	s->relays++;
	pthread_mutex_unlock(&s->lock);
	sim_journal(s, "PHONE notifies %s", name);
}

static bool observes(char names[OBSERVED_MAX][SIM_TEXT_BYTES], unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int tell(struct sim_conn *c, const char *command, const char *name)
{
	plist_t dict = plist_new_dict();

	plist_dict_set_item(dict, "Command", plist_new_string(command));
	if (name)
		plist_dict_set_item(dict, "Name", plist_new_string(name));
	return sim_send_plist(c, dict, false, command);
}

/* One request. 1: the host says goodbye. */
static int request(struct sim_conn *c, char names[OBSERVED_MAX][SIM_TEXT_BYTES], unsigned *n)
{
	char command[SIM_TEXT_BYTES], name[SIM_TEXT_BYTES];
	plist_t dict;

	if (sim_recv_plist(c, &dict) < 0)
		return -1;
	sim_text(dict, "Command", command);
	sim_text(dict, "Name", name);
	plist_free(dict);
	if (!strcmp(command, "ObserveNotification")) {
		sim_journal(c->sim, "NP Observe %s", name);
		if (*n < OBSERVED_MAX)
			memcpy(names[(*n)++], name, sizeof(name));
		return 0;
	}
	if (!strcmp(command, "PostNotification")) {
		sim_journal(c->sim, "NP Post %s", name);
		return 0;
	}
	if (!strcmp(command, "Shutdown")) {
		sim_journal(c->sim, "NP Shutdown");
		tell(c, "ProxyDeath", NULL);
		return 1;
	}
	sim_journal(c->sim, "UNKNOWN NP %s", command);
	return 0;
}

void sim_np_serve(struct sim_conn *c)
{
	char names[OBSERVED_MAX][SIM_TEXT_BYTES];
	struct sim *s = c->sim;
	unsigned n = 0;
	uint64_t seen;

	pthread_mutex_lock(&s->lock);
	seen = s->relays;
	pthread_mutex_unlock(&s->lock);
	for (;;) {
		const char *name = NULL;

		pthread_mutex_lock(&s->lock);
		if (seen < s->relays)
			name = recent[seen++ % RECENT];
		pthread_mutex_unlock(&s->lock);
		while (name && sim_fault_at(&s->cfg.faults, FAULT_ENDLESS, "dialogs", ""))
			if (tell(c, "RelayNotification", names[0]) < 0 ||
			    tell(c, "RelayNotification", names[1]) < 0)
				return;
		if (name && observes(names, n, name) && tell(c, "RelayNotification", name) < 0)
			return;
		if (name)
			continue;
		if (sim_wait(c, 50) && request(c, names, &n) != 0)
			break;
	}
	sim_flush(c);
}
