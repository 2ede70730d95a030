/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/lockdown.h"

#include "core/err.h"
#include "extractor/image/plist.h"
#include "extractor/ios/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL	  "keten"
#define POLITE_MS 2000

static plist_t request(const char *name)
{
	plist_t m = plist_new_dict();

	plist_dict_set_item(m, "Label", plist_new_string(LABEL));
	plist_dict_set_item(m, "Request", plist_new_string(name));
	return m;
}

static int64_t reply_ms(const struct kt_lockdown *l)
{
	return l->link->reply_ms > 0 ? l->link->reply_ms : KT_LOCKDOWN_REPLY_MS;
}

/* Sends m (used up) and takes the answer, whatever it says. *answer is the caller's. */
static int ask(struct kt_lockdown *l, plist_t m, int64_t ms, plist_t *answer, struct kt_err *err)
{
	int64_t deadline = kt_wire_now() + ms;
	int r = kt_ios_send(&l->link->allow, &l->w, KT_IOS_LOCKDOWN, m, deadline, err);

	plist_free(m);
	*answer = NULL;
	l->error[0] = '\0';
	if (r == 0)
		r = kt_msg_read_dict(&l->w, answer, deadline, err);
	if (r == 0)
		kt_msg_text(*answer, "Error", l->error, sizeof(l->error));
	return r;
}

/* The same; an "Error" in the answer is KT_E_REFUSED. */
static int ask_ok(struct kt_lockdown *l, plist_t m, plist_t *answer, struct kt_err *err)
{
	int r = ask(l, m, reply_ms(l), answer, err);

	if (r == 0 && l->error[0] != '\0') {
		plist_free(*answer);
		*answer = NULL;
		r = KT_FAIL(err, KT_E_REFUSED, "the phone says %s", l->error);
	}
	return r;
}

int kt_lockdown_open(struct kt_lockdown *l, struct kt_ios_link *link, struct kt_err *err)
{
	plist_t answer = NULL;
	char type[64];
	int fd, r;

	memset(l, 0, sizeof(*l));
	l->link = link;
	l->w.fd = -1;
	fd = kt_mux_connect(link->phone.handle, KT_LOCKDOWN_PORT, err);
	if (fd < 0)
		return fd;
	r = kt_wire_open(&l->w, fd, link->watch, err);
	if (r == 0)
		r = ask_ok(l, request("QueryType"), &answer, err);
	if (r < 0)
		return r;
	if (strcmp(kt_msg_text(answer, "Type", type, sizeof(type)), "com.apple.mobile.lockdown") !=
	    0)
		r = KT_FAIL(err, KT_E_FORMAT, "what answers is no lockdown service");
	plist_free(answer);
	return r;
}

void kt_lockdown_close(struct kt_lockdown *l)
{
	plist_t m, answer = NULL;

	if (l->session[0] != '\0' && l->w.fd >= 0) {
		m = request("StopSession");
		plist_dict_set_item(m, "SessionID", plist_new_string(l->session));
		ask(l, m, POLITE_MS, &answer, NULL);
		plist_free(answer);
	}
	l->session[0] = '\0';
	kt_wire_close(&l->w);
}

int kt_lockdown_session(struct kt_lockdown *l, struct kt_err *err)
{
	const struct kt_pair *p = &l->link->pair;
	plist_t m = request("StartSession"), answer = NULL;
	struct kt_err why = {0};
	int r;

	plist_dict_set_item(m, "HostID", plist_new_string(p->host_id));
	plist_dict_set_item(m, "SystemBUID", plist_new_string(p->buid));
	r = ask_ok(l, m, &answer, &why);
	if (r == KT_E_REFUSED && strcmp(l->error, "InvalidHostID") == 0)
		return KT_FAIL(err, KT_E_ABSENT, "the phone does not know this pairing");
	if (r < 0)
		return KT_FAIL(err, r, "%s", kt_err_text(&why));
	kt_msg_text(answer, "SessionID", l->session, sizeof(l->session));
	r = kt_msg_bool(answer, "EnableSessionSSL");
	plist_free(answer);
	if (l->session[0] == '\0')
		return KT_FAIL(err, KT_E_FORMAT, "a session without a name");
	/* a session in plain text would prove nothing about who answers */
	if (r != 1)
		return KT_FAIL(err, KT_E_REFUSED, "impostor: the phone wants no TLS");
	return kt_wire_tls(&l->w, p, kt_wire_now() + reply_ms(l), err);
}

int kt_lockdown_value(struct kt_lockdown *l, const char *domain, const char *key, plist_t *value,
		      struct kt_err *err)
{
	plist_t m = request("GetValue"), answer = NULL, node;
	struct kt_err why = {0};
	int r;

	*value = NULL;
	if (*domain != '\0')
		plist_dict_set_item(m, "Domain", plist_new_string(domain));
	plist_dict_set_item(m, "Key", plist_new_string(key));
	r = ask(l, m, reply_ms(l), &answer, &why);
	if (r < 0)
		return KT_FAIL(err, r, "%s: %s", key, kt_err_text(&why));
	node = plist_dict_get_item(answer, "Value");
	if (node != NULL && l->error[0] == '\0')
		*value = kt_plist_single(node);
	plist_free(answer);
	return *value != NULL
		       ? 0
		       : KT_FAIL(err, KT_E_ABSENT, "the phone gives no %s (%s)", key, l->error);
}

int kt_lockdown_text(struct kt_lockdown *l, const char *domain, const char *key, char *out,
		     size_t size, struct kt_err *err)
{
	struct kt_err why = {0};
	plist_t value;
	uint64_t n = 0;
	const char *p;
	int r = kt_lockdown_value(l, domain, key, &value, &why);

	out[0] = '\0';
	if (r < 0)
		return r == KT_E_ABSENT ? 0 : KT_FAIL(err, r, "%s", kt_err_text(&why));
	p = plist_get_node_type(value) == PLIST_STRING ? plist_get_string_ptr(value, &n) : NULL;
	if (p != NULL && n < size && strlen(p) == n)
		memcpy(out, p, (size_t)n + 1);
	plist_free(value);
	return 0;
}

/* -- pairing ---------------------------------------------------------------------------------- */

static plist_t pairing(struct kt_lockdown *l, const char *name)
{
	plist_t m = request(name), record = kt_pair_public(&l->link->pair);
	plist_t options = plist_new_dict();

	if (record == NULL) {
		plist_free(m);
		plist_free(options);
		return NULL;
	}
	plist_dict_set_item(options, "ExtendedPairingErrors", plist_new_bool(1));
	plist_dict_set_item(m, "PairRecord", record);
	plist_dict_set_item(m, "PairingOptions", options);
	plist_dict_set_item(m, "ProtocolVersion", plist_new_string("2"));
	return m;
}

int kt_lockdown_pair(struct kt_lockdown *l, struct kt_err *err)
{
	plist_t answer = NULL, bag;
	uint64_t n = 0;
	const char *p = NULL;
	int r = ask_ok(l, pairing(l, "Pair"), &answer, err);

	if (r < 0)
		return r;
	bag = plist_dict_get_item(answer, "EscrowBag");
	if (bag != NULL && plist_get_node_type(bag) == PLIST_DATA)
		p = plist_get_data_ptr(bag, &n);
	if (p != NULL && n > 0)
		r = kt_pair_set_escrow(&l->link->pair, p, (size_t)n, err);
	plist_free(answer);
	return r;
}

int kt_lockdown_unpair(struct kt_lockdown *l, struct kt_err *err)
{
	plist_t answer = NULL;
	int r = ask_ok(l, pairing(l, "Unpair"), &answer, err);

	if (r == 0)
		plist_free(answer);
	return r;
}

/* -- services --------------------------------------------------------------------------------- */

static int start(struct kt_lockdown *l, const char *name, uint16_t *port, bool *tls,
		 struct kt_err *err)
{
	const struct kt_pair *p = &l->link->pair;
	plist_t m = request("StartService"), answer = NULL;
	uint64_t number;
	int r;

	plist_dict_set_item(m, "Service", plist_new_string(name));
	if (strcmp(name, KT_IOS_SVC_BACKUP) == 0 && p->escrow != NULL)
		plist_dict_set_item(m, "EscrowBag",
				    plist_new_data((const char *)p->escrow, p->escrow_len));
	r = ask_ok(l, m, &answer, err);
	if (r < 0)
		return r;
	number = kt_msg_number(answer, "Port", 0);
	*tls = kt_msg_bool(answer, "EnableServiceSSL") == 1;
	plist_free(answer);
	if (number == 0 || number > UINT16_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "a service without a port");
	*port = (uint16_t)number;
	return 0;
}

int kt_ios_service(struct kt_ios_link *link, const char *name, struct kt_wire *w, char *error,
		   struct kt_err *err)
{
	struct kt_err why = {0};
	struct kt_lockdown l;
	uint16_t port = 0;
	bool tls = false;
	int fd, r;

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	r = kt_lockdown_open(&l, link, &why);
	if (r == 0)
		r = kt_lockdown_session(&l, &why);
	if (r == 0)
		r = start(&l, name, &port, &tls, &why);
	if (error != NULL)
		snprintf(error, sizeof(l.error), "%s", l.error);
	kt_lockdown_close(&l);
	if (r == 0) {
		fd = kt_mux_connect(link->phone.handle, port, &why);
		r = fd < 0 ? fd : kt_wire_open(w, fd, link->watch, &why);
	}
	/* a real phone wants TLS for each of ours since iOS 5; without it nobody has proved who he is */
	if (r == 0 && !tls)
		r = KT_FAIL(&why, KT_E_REFUSED, "impostor: a service without TLS");
	if (r == 0)
		r = kt_wire_tls(w, &link->pair, kt_wire_now() + KT_LOCKDOWN_REPLY_MS, &why);
	if (r == 0)
		return 0;
	kt_wire_close(w);
	return KT_FAIL(err, r, "%s: %s", name, kt_err_text(&why));
}
