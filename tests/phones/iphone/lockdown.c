/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lockdownd, port 62078: plists with a big-endian length; plain text until StartSession, then TLS,
 * plain text again after StopSession. Every answer repeats the name of the request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "pairing.h"
#include "services.h"
#include "sim.h"
#include "tls.h"
#include "wire.h"

struct session {
	struct sim_conn *c;
	const struct sim_pair *pair; /* of the session, NULL outside one */
	char id[40];
	enum { STAY, START_TLS, END_TLS, LEAVE } then;
};

struct handler {
	const char *name;
	void (*run)(struct session *l, plist_t request, plist_t answer);
};

static void error(plist_t answer, const char *text)
{
	plist_dict_set_item(answer, "Error", plist_new_string(text));
}

static void query_type(struct session *l, plist_t request, plist_t answer)
{
	(void)request;
	sim_journal(l->c->sim, "LOCKDOWN QueryType");
	plist_dict_set_item(answer, "Type", plist_new_string("com.apple.mobile.lockdown"));
}

static void get_value(struct session *l, plist_t request, plist_t answer)
{
	char domain[SIM_TEXT_BYTES], key[SIM_TEXT_BYTES];
	const struct sim *s = l->c->sim;
	bool prohibited = false;
	plist_t value;

	sim_text(request, "Domain", domain);
	sim_text(request, "Key", key);
	sim_journal(l->c->sim, "LOCKDOWN GetValue domain=%s key=%s", domain, key);
	if (*domain)
		plist_dict_set_item(answer, "Domain", plist_new_string(domain));
	if (*key)
		plist_dict_set_item(answer, "Key", plist_new_string(key));
	value = *key ? sim_values_get(s, l->c->device, domain, key, l->pair, &prohibited)
		     : sim_values_domain(s, l->c->device, domain, l->pair);
	if (value)
		plist_dict_set_item(answer, "Value", value);
	else
		error(answer, prohibited ? "GetProhibited" : "MissingValue");
}

/* Why a host may not pair now, or NULL. */
static const char *dialog(struct sim *s)
{
	const struct sim_faults *f = &s->cfg.faults;
	int64_t wait = (int64_t)sim_fault_number(f, FAULT_TRUST_PENDING, 0, 0) * 1000000;
	int64_t asked;

	if (sim_fault(f, FAULT_LOCKED))
		return "PasswordProtected";
	pthread_mutex_lock(&s->lock);
	if (!s->trust_asked_us)
		s->trust_asked_us = sim_now_us();
	asked = s->trust_asked_us;
	pthread_mutex_unlock(&s->lock);
	if (sim_now_us() - asked < wait)
		return "PairingDialogResponsePending";
	return sim_fault(f, FAULT_DENY_TRUST) ? "UserDeniedPairing" : NULL;
}

static void pair(struct session *l, plist_t request, plist_t answer)
{
	plist_t record = plist_dict_get_item(request, "PairRecord");
	struct sim *s = l->c->sim;
	char host[SIM_TEXT_BYTES];
	const char *no;

	sim_journal(s, "LOCKDOWN Pair host=%s", sim_text(record, "HostID", host));
	no = dialog(s);
	if (no) {
		error(answer, no);
		return;
	}
	if (!record || sim_pair_add(s, record) < 0) {
		sim_journal(s, "PROTOCOL LOCKDOWN Pair with an incomplete record");
		error(answer, "InvalidPairRecord");
		return;
	}
	plist_dict_set_item(answer, "EscrowBag",
			    plist_new_data((const char *)s->escrow, sizeof(s->escrow)));
}

static void validate_pair(struct session *l, plist_t request, plist_t answer)
{
	char host[SIM_TEXT_BYTES];

	sim_text(plist_dict_get_item(request, "PairRecord"), "HostID", host);
	sim_journal(l->c->sim, "LOCKDOWN ValidatePair host=%s", host);
	if (!sim_pair_find(l->c->sim, host))
		error(answer, "InvalidHostID");
}

static void unpair(struct session *l, plist_t request, plist_t answer)
{
	char host[SIM_TEXT_BYTES];

	sim_text(plist_dict_get_item(request, "PairRecord"), "HostID", host);
	sim_journal(l->c->sim, "LOCKDOWN Unpair host=%s", host);
	if (!sim_pair_remove(l->c->sim, host))
		error(answer, "InvalidHostID");
}

static void start_session(struct session *l, plist_t request, plist_t answer)
{
	struct sim *s = l->c->sim;
	const struct sim_pair *found;
	char host[SIM_TEXT_BYTES];

	sim_text(request, "HostID", host);
	sim_journal(s, "LOCKDOWN StartSession host=%s", host);
	found = sim_pair_find(s, host);
	if (!found) {
		error(answer, "InvalidHostID");
		return;
	}
	if (l->pair) {
		error(answer, "SessionActive");
		return;
	}
	l->pair = found;
	snprintf(l->id, sizeof(l->id), "53494D00-0000-0000-0000-%012llX",
		 (unsigned long long)sim_now_us());
	plist_dict_set_item(answer, "SessionID", plist_new_string(l->id));
	plist_dict_set_item(answer, "EnableSessionSSL", plist_new_bool(1));
	l->then = START_TLS;
}

static void stop_session(struct session *l, plist_t request, plist_t answer)
{
	char id[SIM_TEXT_BYTES];

	sim_journal(l->c->sim, "LOCKDOWN StopSession");
	if (!l->pair || strcmp(sim_text(request, "SessionID", id), l->id) != 0) {
		error(answer, "SessionInactive");
		return;
	}
	l->pair = NULL;
	l->then = END_TLS;
}

static uint16_t open_port(struct sim *s, const struct sim_service *service,
			  const struct sim_pair *p)
{
	uint16_t number;

	pthread_mutex_lock(&s->lock);
	number = (uint16_t)(SIM_PORT_FIRST + s->next_port);
	s->ports[s->next_port] = (struct sim_port){number, service, p};
	s->next_port = (s->next_port + 1) % SIM_PORTS;
	pthread_mutex_unlock(&s->lock);
	return number;
}

static const char *escrow_state(const struct sim *s, plist_t request)
{
	plist_t node = plist_dict_get_item(request, "EscrowBag");
	char *data = NULL;
	uint64_t n = 0;
	bool same;

	if (!node || plist_get_node_type(node) != PLIST_DATA)
		return "no";
	plist_get_data_val(node, &data, &n);
	same = data && n == sizeof(s->escrow) && !memcmp(data, s->escrow, sizeof(s->escrow));
	free(data);
	return same ? "yes" : "wrong";
}

static void start_service(struct session *l, plist_t request, plist_t answer)
{
	struct sim *s = l->c->sim;
	const struct sim_service *service;
	char name[SIM_TEXT_BYTES];

	sim_text(request, "Service", name);
	sim_journal(s, "LOCKDOWN StartService %s escrow=%s", name, escrow_state(s, request));
	service = sim_service_find(name);
	if (!l->pair) {
		error(answer, "SessionInactive");
	} else if (sim_fault(&s->cfg.faults, FAULT_LOCKED)) {
		error(answer, "PasswordProtected");
	} else if (!service) {
		error(answer, "InvalidService");
	} else {
		plist_dict_set_item(answer, "Service", plist_new_string(name));
		plist_dict_set_item(answer, "Port", plist_new_uint(open_port(s, service, l->pair)));
		plist_dict_set_item(answer, "EnableServiceSSL", plist_new_bool(1));
	}
}

static void goodbye(struct session *l, plist_t request, plist_t answer)
{
	(void)request;
	sim_journal(l->c->sim, "LOCKDOWN Goodbye");
	plist_dict_set_item(answer, "Result", plist_new_string("Success"));
	l->then = LEAVE;
}

/* Everything that would change the phone: told apart, and refused. */
static void changing(struct session *l, plist_t request, plist_t answer)
{
	char name[SIM_TEXT_BYTES], domain[SIM_TEXT_BYTES], key[SIM_TEXT_BYTES];

	sim_journal(l->c->sim, "STATE-CHANGING LOCKDOWN %s domain=%s key=%s",
		    sim_text(request, "Request", name), sim_text(request, "Domain", domain),
		    sim_text(request, "Key", key));
	error(answer, "SetProhibited");
}

static const struct handler handlers[] = {
	{"QueryType", query_type},
	{"GetValue", get_value},
	{"Pair", pair},
	{"ValidatePair", validate_pair},
	{"Unpair", unpair},
	{"StartSession", start_session},
	{"StopSession", stop_session},
	{"StartService", start_service},
	{"Goodbye", goodbye},
	{"SetValue", changing},
	{"RemoveValue", changing},
	{"EnterRecovery", changing},
	{"Activate", changing},
	{"Deactivate", changing},
	{"ResetPairing", changing},
	{"CUPairingCreate", changing},
};

static int answer_one(struct session *l, plist_t request)
{
	char name[SIM_TEXT_BYTES];
	plist_t answer = plist_new_dict();
	size_t i;

	sim_text(request, "Request", name);
	plist_dict_set_item(answer, "Request", plist_new_string(name));
	for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(handlers[i].name, name))
			break;
	if (i < sizeof(handlers) / sizeof(handlers[0])) {
		handlers[i].run(l, request, answer);
	} else {
		sim_journal(l->c->sim, "UNKNOWN LOCKDOWN %s", name);
		error(answer, "InvalidRequest");
	}
	return sim_send_plist(l->c, answer, false, name);
}

void sim_lockdown_serve(struct sim_conn *c)
{
	struct session l = {.c = c};

	for (;;) {
		plist_t request;
		int r;

		l.then = STAY;
		if (sim_recv_plist(c, &request) < 0)
			break;
		r = answer_one(&l, request);
		plist_free(request);
		if (r < 0 || l.then == LEAVE)
			break;
		if (l.then == START_TLS && sim_tls_accept(c, l.pair) < 0)
			break;
		if (l.then == END_TLS)
			sim_tls_end(c);
	}
}
