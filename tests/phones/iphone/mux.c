/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * usbmuxd's plist protocol: a header of four little-endian words (length with the header, version
 * 1, message 8 for a plist, tag) and an XML plist. After a Connect that succeeded, the socket is
 * the connection to the phone's port.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "journal.h"
#include "pairing.h"
#include "services.h"
#include "sim.h"
#include "tls.h"
#include "wire.h"

#define HEADER	    16
#define MESSAGE_MAX (1U << 20)

enum { MUX_OK = 0, MUX_BAD_COMMAND = 1, MUX_BAD_DEVICE = 2, MUX_REFUSED = 3, MUX_BAD_VERSION = 6 };

struct mux {
	struct sim_conn *c;
	uint32_t tag;
	enum { STAY, LISTEN, CONNECTED } then;
	uint16_t port;
};

static uint64_t device_id(const struct sim *s, unsigned device)
{
	return 1 + device + 10 * (uint64_t)s->plugs;
}

static int send_message(struct mux *m, plist_t node, const char *place)
{
	uint8_t head[HEADER] = {0};
	char *bytes = NULL;
	uint32_t n = 0;
	int r = sim_plist_bytes(m->c, node, false, place, &bytes, &n);

	plist_free(node);
	kt_put_le32(head, HEADER + n);
	if (sim_fault_at(&m->c->sim->cfg.faults, FAULT_HUGE_LENGTH, place, "GetValue"))
		kt_put_le32(head, 0xfffffff0U);
	head[4] = 1;
	head[8] = 8;
	kt_put_le32(head + 12, m->tag);
	if (r == 0)
		r = sim_write(m->c, head, HEADER) < 0 || sim_write(m->c, bytes, n) < 0
			    ? -1
			    : sim_sent(m->c, place);
	free(bytes);
	return r;
}

static int result(struct mux *m, uint64_t number, const char *place)
{
	plist_t node = plist_new_dict();

	plist_dict_set_item(node, "MessageType", plist_new_string("Result"));
	plist_dict_set_item(node, "Number", plist_new_uint(number));
	return send_message(m, node, place);
}

static plist_t attached(const struct sim *s, unsigned device)
{
	plist_t node = plist_new_dict(), properties = plist_new_dict();
	char serial[64];

	plist_dict_set_item(properties, "ConnectionSpeed", plist_new_uint(480000000));
	plist_dict_set_item(properties, "ConnectionType", plist_new_string("USB"));
	plist_dict_set_item(properties, "DeviceID", plist_new_uint(device_id(s, device)));
	plist_dict_set_item(properties, "LocationID", plist_new_uint(0x10000 + device));
	plist_dict_set_item(properties, "ProductID", plist_new_uint(0x12a8));
	plist_dict_set_item(properties, "SerialNumber",
			    plist_new_string(sim_mux_serial(s, device, serial)));
	plist_dict_set_item(node, "DeviceID", plist_new_uint(device_id(s, device)));
	plist_dict_set_item(node, "MessageType", plist_new_string("Attached"));
	plist_dict_set_item(node, "Properties", properties);
	return node;
}

static unsigned device_count(const struct sim *s)
{
	if (s->unplugged)
		return 0;
	return sim_fault(&s->cfg.faults, FAULT_TWO_PHONES) ? 2 : 1;
}

static int list_devices(struct mux *m, plist_t request)
{
	plist_t node = plist_new_dict(), list = plist_new_array();

	(void)request;
	for (unsigned i = 0; i < device_count(m->c->sim); i++)
		plist_array_append_item(list, attached(m->c->sim, i));
	plist_dict_set_item(node, "DeviceList", list);
	return send_message(m, node, "ListDevices");
}

static int listen_events(struct mux *m, plist_t request)
{
	(void)request;
	m->then = LISTEN;
	return result(m, MUX_OK, "Listen");
}

static int connect_port(struct mux *m, plist_t request)
{
	struct sim *s = m->c->sim;
	uint64_t id = sim_number(request, "DeviceID", 0);
	uint16_t port = ntohs((uint16_t)sim_number(request, "PortNumber", 0));
	bool open = port == SIM_PORT_LOCKDOWN;
	unsigned device;

	for (device = 0; device < device_count(s) && device_id(s, device) != id; device++)
		;
	if (device == device_count(s))
		return result(m, MUX_BAD_DEVICE, "Connect");
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < SIM_PORTS; i++)
		if (s->ports[i].number && s->ports[i].number == port)
			open = true;
	pthread_mutex_unlock(&s->lock);
	if (!open)
		return result(m, MUX_REFUSED, "Connect");
	m->c->device = device;
	m->port = port;
	m->then = CONNECTED;
	return result(m, MUX_OK, "Connect");
}

static int read_buid(struct mux *m, plist_t request)
{
	plist_t node = plist_new_dict();

	(void)request;
	plist_dict_set_item(node, "BUID", plist_new_string(SIM_BUID));
	return send_message(m, node, "ReadBUID");
}

static int read_record(struct mux *m, plist_t request)
{
	char id[SIM_TEXT_BYTES];
	plist_t node, data;

	data = sim_record_get(m->c->sim, sim_text(request, "PairRecordID", id));
	if (!data)
		return result(m, 2, "ReadPairRecord");
	node = plist_new_dict();
	plist_dict_set_item(node, "PairRecordData", data);
	return send_message(m, node, "ReadPairRecord");
}

static int save_record(struct mux *m, plist_t request)
{
	char id[SIM_TEXT_BYTES];
	int r = sim_record_put(m->c->sim, sim_text(request, "PairRecordID", id),
			       plist_dict_get_item(request, "PairRecordData"));

	return result(m, r < 0 ? 22 : MUX_OK, "SavePairRecord");
}

static int delete_record(struct mux *m, plist_t request)
{
	char id[SIM_TEXT_BYTES];
	bool was = sim_record_delete(m->c->sim, sim_text(request, "PairRecordID", id));

	return result(m, was ? MUX_OK : 2, "DeletePairRecord");
}

static const struct {
	const char *name;
	int (*run)(struct mux *m, plist_t request);
} handlers[] = {
	{"ListDevices", list_devices},	     {"Listen", listen_events},
	{"Connect", connect_port},	     {"ReadBUID", read_buid},
	{"ReadPairRecord", read_record},     {"SavePairRecord", save_record},
	{"DeletePairRecord", delete_record},
};

static int answer_one(struct mux *m, plist_t request)
{
	char name[SIM_TEXT_BYTES], id[SIM_TEXT_BYTES];

	sim_text(request, "MessageType", name);
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (strcmp(handlers[i].name, name) != 0)
			continue;
		if (!strcmp(name, "Connect"))
			sim_journal(m->c->sim, "MUX Connect device=%llu port=%u",
				    (unsigned long long)sim_number(request, "DeviceID", 0),
				    ntohs((uint16_t)sim_number(request, "PortNumber", 0)));
		else
			sim_journal(m->c->sim, "MUX %s %s", name,
				    sim_text(request, "PairRecordID", id));
		return handlers[i].run(m, request);
	}
	sim_journal(m->c->sim, "UNKNOWN MUX %s", name);
	return result(m, MUX_BAD_COMMAND, name);
}

/* Tells of phones that come and go until the client leaves. */
static void tell_events(struct mux *m)
{
	const struct sim *s = m->c->sim;
	unsigned told = 0;
	uint64_t ids[2] = {0, 0};

	m->tag = 0;
	while (!m->c->broken) {
		unsigned now = device_count(s);

		if (told && (!now || ids[0] != device_id(s, 0))) {
			for (unsigned i = 0; i < told; i++) {
				plist_t node = plist_new_dict();

				plist_dict_set_item(node, "MessageType",
						    plist_new_string("Detached"));
				plist_dict_set_item(node, "DeviceID", plist_new_uint(ids[i]));
				send_message(m, node, "Detached");
			}
			told = 0;
		}
		for (; told < now; told++) {
			ids[told] = device_id(s, told);
			send_message(m, attached(s, told), "Attached");
		}
		if (sim_wait(m->c, 50))
			break;
	}
}

/* The socket is now the phone's port. */
static void enter_port(struct mux *m)
{
	struct sim_conn *c = m->c;
	struct sim *s = c->sim;
	struct sim_port port = {0};

	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < SIM_PORTS; i++) {
		if (s->ports[i].number != m->port || m->port == SIM_PORT_LOCKDOWN)
			continue;
		port = s->ports[i];
		s->ports[i].number = 0;
	}
	c->to_phone = true;
	c->next = s->conns;
	s->conns = c;
	if (s->unplugged)
		c->broken = true;
	pthread_mutex_unlock(&s->lock);
	if (m->port == SIM_PORT_LOCKDOWN)
		sim_lockdown_serve(c);
	else if (port.service && sim_tls_accept(c, port.pair) == 0)
		port.service->serve(c);
}

static int read_message(struct mux *m, plist_t *request)
{
	uint8_t head[HEADER];
	uint32_t n;
	char *bytes;

	*request = NULL;
	if (sim_read(m->c, head, HEADER) < 0)
		return -1;
	n = kt_get_le32(head);
	m->tag = kt_get_le32(head + 12);
	if (n < HEADER || n > MESSAGE_MAX)
		return -1;
	bytes = malloc(n);
	if (bytes && sim_read(m->c, bytes, n - HEADER) == 0 && kt_get_le32(head + 4) == 1 &&
	    kt_get_le32(head + 8) == 8)
		plist_from_memory(bytes, n - HEADER, request);
	free(bytes);
	if (!*request) {
		sim_journal(m->c->sim, "PROTOCOL MUX message %u of version %u",
			    kt_get_le32(head + 8), kt_get_le32(head + 4));
		result(m, MUX_BAD_VERSION, "version");
		return -1;
	}
	return 0;
}

void sim_mux_serve(struct sim_conn *c)
{
	struct mux m = {.c = c};
	plist_t request;

	while (m.then == STAY && read_message(&m, &request) == 0) {
		int r = answer_one(&m, request);

		plist_free(request);
		if (r < 0)
			return;
	}
	if (m.then == LISTEN)
		tell_events(&m);
	if (m.then == CONNECTED)
		enter_port(&m);
}
