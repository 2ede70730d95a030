/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/allow.h"

#include "core/buf.h"
#include "core/err.h"
#include "core/request.h"
#include "extractor/ios/wire.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    128u
#define NAME_MAX_   255u
#define MESSAGE_MAX ((size_t)64 << 20) /* a listing of a large folder */

/* Values that Keten itself needs to talk to a phone; none says anything of its holder. */
static const struct {
	const char *domain, *key;
} own_values[] = {
	{"", "UniqueDeviceID"},
	{"", "DevicePublicKey"},
	{"", "ProductType"},
	{"", "ProductVersion"},
	{"", "TimeIntervalSince1970"}, /* its clock, beside ours */
	{"com.apple.mobile.backup", "WillEncrypt"},
	{"com.apple.disk_usage", "TotalDataCapacity"},
};

static const char *const services[] = {KT_IOS_SVC_MEDIA, KT_IOS_SVC_BACKUP, KT_IOS_SVC_NOTIFY};

/* -- small readers ---------------------------------------------------------------------------- */

/* A text member; "" when there is none, NULL when it is something else or too long. */
static const char *text_of(plist_t dict, const char *key)
{
	plist_t node = plist_dict_get_item(dict, key);
	uint64_t n = 0;
	const char *p;

	if (node == NULL)
		return "";
	if (plist_get_node_type(node) != PLIST_STRING)
		return NULL;
	p = plist_get_string_ptr(node, &n);
	return p != NULL && n < TEXT_MAX && strlen(p) == n ? p : NULL;
}

static bool text_is(plist_t dict, const char *key, const char *want)
{
	const char *p = text_of(dict, key);

	return p != NULL && *p != '\0' && want != NULL && strcmp(p, want) == 0;
}

/* Has a dictionary no members but these? */
static bool only(plist_t dict, const char *const *keys)
{
	plist_dict_iter it = NULL;
	bool ok = true;

	plist_dict_new_iter(dict, &it);
	while (ok) {
		char *key = NULL;
		size_t i = 0;

		plist_dict_next_item(dict, it, &key, NULL);
		if (key == NULL)
			break;
		while (keys[i] != NULL && strcmp(keys[i], key) != 0)
			i++;
		ok = keys[i] != NULL;
		free(key);
	}
	free(it);
	return ok;
}

static int refuse(struct kt_err *err, const char *what, const char *name)
{
	return KT_FAIL(err, KT_E_REFUSED, "not allowed towards an iPhone: %s %.60s", what, name);
}

/* -- lockdown --------------------------------------------------------------------------------- */

/* Is key one of '|'-separated keys? "A/B" stands for A. */
static bool names_key(const char *keys, const char *key)
{
	size_t n = strlen(key);

	while (*keys != '\0') {
		size_t k = strcspn(keys, "|"), top = strcspn(keys, "|/");

		if (top == n && memcmp(keys, key, n) == 0)
			return true;
		keys += k + (keys[k] == '|' ? 1 : 0);
	}
	return false;
}

static bool may_value(const struct kt_ios_allow *a, const char *domain, const char *key)
{
	for (size_t i = 0; i < sizeof(own_values) / sizeof(own_values[0]); i++)
		if (strcmp(own_values[i].domain, domain) == 0 &&
		    strcmp(own_values[i].key, key) == 0)
			return true;
	for (unsigned id = 1; id < KT_REQ_COUNT; id++) {
		const struct kt_request *q = kt_request_get(id);

		if (a->may[id] && q != NULL && q->kind == KT_REQ_KIND_VALUES &&
		    strcmp(q->source, "lockdown") == 0 && strcmp(q->domain, domain) == 0 &&
		    names_key(q->text, key))
			return true;
	}
	return false;
}

static int judge_value(const struct kt_ios_allow *a, plist_t m, struct kt_err *err)
{
	static const char *const keys[] = {"Label", "Request", "Domain", "Key", NULL};
	const char *domain = text_of(m, "Domain"), *key = text_of(m, "Key");

	/* without a key a phone gives all that it has */
	if (!only(m, keys) || domain == NULL || key == NULL || *key == '\0' ||
	    !may_value(a, domain, key))
		return refuse(err, "GetValue", key != NULL ? key : "?");
	return 0;
}

static int judge_pairing(const struct kt_ios_allow *a, plist_t m, const char *request,
			 struct kt_err *err)
{
	static const char *const keys[] = {"Label",	     "Request",		"PairRecord",
					   "PairingOptions", "ProtocolVersion", NULL};
	static const char *const parts[] = {"DeviceCertificate", "HostCertificate",
					    "RootCertificate",	 "HostID",
					    "SystemBUID",	 NULL};
	static const char *const options[] = {"ExtendedPairingErrors", NULL};
	plist_t record = plist_dict_get_item(m, "PairRecord");
	plist_t option = plist_dict_get_item(m, "PairingOptions");

	if (!only(m, keys) || record == NULL || plist_get_node_type(record) != PLIST_DICT ||
	    !only(record, parts) || !text_is(record, "HostID", a->host_id))
		return refuse(err, request, "of another pairing");
	if (option != NULL && (plist_get_node_type(option) != PLIST_DICT || !only(option, options)))
		return refuse(err, request, "with options");
	return 0;
}

static int judge_service(plist_t m, struct kt_err *err)
{
	static const char *const keys[] = {"Label", "Request", "Service", "EscrowBag", NULL};
	const char *name = text_of(m, "Service");
	bool known = false;

	for (size_t i = 0; name != NULL && i < sizeof(services) / sizeof(services[0]); i++)
		known |= strcmp(services[i], name) == 0;
	if (!known || !only(m, keys))
		return refuse(err, "StartService", name != NULL ? name : "?");
	/* the bag lets a service start on a locked phone: for the backup alone, as hosts do */
	if (plist_dict_get_item(m, "EscrowBag") != NULL && strcmp(name, KT_IOS_SVC_BACKUP) != 0)
		return refuse(err, "escrow bag for", name);
	return 0;
}

static int judge_lockdown(const struct kt_ios_allow *a, plist_t m, struct kt_err *err)
{
	static const char *const plain[] = {"Label", "Request", NULL};
	static const char *const start[] = {"Label", "Request", "HostID", "SystemBUID", NULL};
	static const char *const stop[] = {"Label", "Request", "SessionID", NULL};
	const char *request = text_of(m, "Request");

	if (request == NULL)
		return refuse(err, "a request", "without a name");
	if (strcmp(request, "QueryType") == 0 && only(m, plain))
		return 0;
	if (strcmp(request, "GetValue") == 0)
		return judge_value(a, m, err);
	if (strcmp(request, "Pair") == 0 || strcmp(request, "ValidatePair") == 0 ||
	    strcmp(request, "Unpair") == 0)
		return judge_pairing(a, m, request, err);
	if (strcmp(request, "StartSession") == 0 && only(m, start) &&
	    text_is(m, "HostID", a->host_id))
		return 0;
	if (strcmp(request, "StopSession") == 0 && only(m, stop))
		return 0;
	if (strcmp(request, "StartService") == 0)
		return judge_service(m, err);
	return refuse(err, "lockdown request", request);
}

/* -- notifications and backup ----------------------------------------------------------------- */

static int judge_notify(plist_t m, struct kt_err *err)
{
	static const char *const keys[] = {"Command", "Name", NULL};
	const char *command = text_of(m, "Command");

	if (command == NULL || !only(m, keys))
		return refuse(err, "notification command", "?");
	if (strcmp(command, "ObserveNotification") == 0 &&
	    (text_is(m, "Name", KT_IOS_PRESENTED) || text_is(m, "Name", KT_IOS_DISMISSED)))
		return 0;
	if (strcmp(command, "Shutdown") == 0)
		return 0;
	return refuse(err, "notification command", command);
}

static bool is_full_backup(const struct kt_ios_allow *a, plist_t dict)
{
	static const char *const keys[] = {"MessageName", "TargetIdentifier", "SourceIdentifier",
					   "Options", NULL};
	static const char *const option[] = {"ForceFullBackup", NULL};
	plist_t options = plist_dict_get_item(dict, "Options"), full;
	uint8_t yes = 0;

	if (!only(dict, keys) || !text_is(dict, "TargetIdentifier", a->udid) ||
	    !text_is(dict, "SourceIdentifier", a->udid) || options == NULL ||
	    plist_get_node_type(options) != PLIST_DICT || !only(options, option))
		return false;
	full = plist_dict_get_item(options, "ForceFullBackup");
	if (full == NULL || plist_get_node_type(full) != PLIST_BOOLEAN)
		return false;
	plist_get_bool_val(full, &yes);
	return yes != 0;
}

static int judge_backup_request(const struct kt_ios_allow *a, plist_t dict, struct kt_err *err)
{
	static const char *const hello[] = {"MessageName", "SupportedProtocolVersions", NULL};
	const char *name;

	if (dict == NULL || plist_get_node_type(dict) != PLIST_DICT)
		return refuse(err, "backup message", "without content");
	name = text_of(dict, "MessageName");
	if (name != NULL && strcmp(name, "Hello") == 0 && only(dict, hello))
		return 0;
	if (name != NULL && strcmp(name, "Backup") == 0 && is_full_backup(a, dict))
		return 0;
	return refuse(err, "backup message", name != NULL ? name : "?");
}

static int judge_backup(const struct kt_ios_allow *a, plist_t m, struct kt_err *err)
{
	static const char *const answers[] = {"DLMessageVersionExchange", "DLMessageStatusResponse",
					      "DLMessageDisconnect"};
	plist_t first = plist_array_get_item(m, 0);
	uint64_t n = 0;
	const char *name = first != NULL && plist_get_node_type(first) == PLIST_STRING
				   ? plist_get_string_ptr(first, &n)
				   : NULL;

	if (name == NULL)
		return refuse(err, "backup message", "without a name");
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(answers[i], name) == 0)
			return 0;
	if (strcmp(name, "DLMessageProcessMessage") == 0 && plist_array_get_size(m) == 2)
		return judge_backup_request(a, plist_array_get_item(m, 1), err);
	return refuse(err, "backup message", name);
}

int kt_ios_allow_message(const struct kt_ios_allow *a, enum kt_ios_peer peer, plist_t m,
			 struct kt_err *err)
{
	plist_type type = m != NULL ? plist_get_node_type(m) : PLIST_NONE;

	if (peer == KT_IOS_LOCKDOWN && type == PLIST_DICT)
		return judge_lockdown(a, m, err);
	if (peer == KT_IOS_NOTIFY && type == PLIST_DICT)
		return judge_notify(m, err);
	if (peer == KT_IOS_BACKUP && type == PLIST_ARRAY)
		return judge_backup(a, m, err);
	return refuse(err, "a message", "of another kind");
}

/* -- media ------------------------------------------------------------------------------------ */

/* "/", then components without ".", "..", empty ones and NUL; its first n bytes are one folder's. */
static bool is_clean(const char *path, size_t n)
{
	size_t i = 0;

	if (n < 2 || path[0] != '/' || memchr(path, '\0', n) != NULL)
		return false;
	while (i < n) {
		const char *name = path + i + 1;
		const char *end = memchr(name, '/', n - i - 1);
		size_t k = end != NULL ? (size_t)(end - name) : n - i - 1;

		if (k == 0 || k > NAME_MAX_ || (k == 1 && name[0] == '.') ||
		    (k == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		i += k + 1;
	}
	return true;
}

/* path (n bytes with the NUL at its end) is a planned folder or lies below one. */
static bool may_path(const struct kt_ios_allow *a, const char *path, size_t n)
{
	if (n == 0 || path[n - 1] != '\0' || n > KT_DEV_PATH_MAX || !is_clean(path, n - 1))
		return false;
	for (unsigned id = 1; id < KT_REQ_COUNT; id++) {
		const struct kt_request *q = kt_request_get(id);
		size_t k;

		if (!a->may[id] || q == NULL || q->kind != KT_REQ_KIND_MEDIA)
			continue;
		k = strlen(q->text);
		if (n - 1 >= k + 1 && memcmp(path + 1, q->text, k) == 0 &&
		    (path[1 + k] == '\0' || path[1 + k] == '/'))
			return true;
	}
	return false;
}

int kt_ios_allow_afc(const struct kt_ios_allow *a, uint64_t op, const void *args, size_t n,
		     struct kt_err *err)
{
	const char *p = args;
	bool ok = false;

	if (op == KT_AFC_READ_DIR || op == KT_AFC_FILE_INFO)
		ok = may_path(a, p, n);
	else if (op == KT_AFC_OPEN)
		ok = n > 8 && kt_get_le64(args) == KT_AFC_RDONLY && may_path(a, p + 8, n - 8);
	else if (op == KT_AFC_READ)
		ok = n == 16;
	else if (op == KT_AFC_SEEK)
		ok = n == 24;
	else if (op == KT_AFC_CLOSE)
		ok = n == 8;
	return ok ? 0
		  : KT_FAIL(err, KT_E_REFUSED, "not allowed: operation %u of the media service",
			    (unsigned)op);
}

/* -- sending ---------------------------------------------------------------------------------- */

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

int kt_ios_send(const struct kt_ios_allow *a, struct kt_wire *w, enum kt_ios_peer peer,
		plist_t message, int64_t deadline, struct kt_err *err)
{
	char *bytes = NULL;
	uint32_t n = 0;
	uint8_t head[4];
	int r;

	if (message == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a message");
	r = kt_ios_allow_message(a, peer, message, err);
	if (r < 0)
		return r;
	if (peer == KT_IOS_BACKUP)
		plist_to_bin(message, &bytes, &n);
	else
		plist_to_xml(message, &bytes, &n);
	if (bytes == NULL || n > MESSAGE_MAX)
		r = KT_FAIL(err, KT_E_LIMIT, "a message of %u bytes", n);
	put_be32(head, n);
	if (r == 0)
		r = kt_wire_send(w, head, sizeof(head), deadline, err);
	if (r == 0)
		r = kt_wire_send(w, bytes, n, deadline, err);
	free(bytes);
	return r;
}

int kt_ios_send_afc(const struct kt_ios_allow *a, struct kt_wire *w, uint64_t op, uint64_t number,
		    const void *args, size_t n, int64_t deadline, struct kt_err *err)
{
	static const uint8_t magic[8] = KT_AFC_MAGIC;
	uint8_t packet[KT_AFC_HEAD + 8 + KT_DEV_PATH_MAX + 1];
	int r = kt_ios_allow_afc(a, op, args, n, err);

	if (r == 0 && n > sizeof(packet) - KT_AFC_HEAD)
		r = KT_FAIL(err, KT_E_LIMIT, "a packet of %zu bytes", n);
	if (r < 0)
		return r;
	memcpy(packet, magic, sizeof(magic));
	kt_put_le64(packet + 8, KT_AFC_HEAD + n);
	kt_put_le64(packet + 16, KT_AFC_HEAD + n);
	kt_put_le64(packet + 24, number);
	kt_put_le64(packet + 32, op);
	memcpy(packet + KT_AFC_HEAD, args, n);
	return kt_wire_send(w, packet, KT_AFC_HEAD + n, deadline, err);
}

int kt_ios_send_no_file(struct kt_wire *w, const void *name, size_t n, int64_t deadline,
			struct kt_err *err)
{
	/* length, code of an error on the host, text */
	static const char no[] = "\0\0\0\x1a\x06No such file or directory";
	uint8_t head[4];
	int r;

	if (n > KT_DEV_PATH_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "the phone asks for a name of %zu bytes", n);
	put_be32(head, (uint32_t)n);
	r = kt_wire_send(w, head, sizeof(head), deadline, err);
	if (r == 0)
		r = kt_wire_send(w, name, n, deadline, err);
	return r == 0 ? kt_wire_send(w, no, sizeof(no) - 1, deadline, err) : r;
}

int kt_ios_send_no_more(struct kt_wire *w, int64_t deadline, struct kt_err *err)
{
	static const uint8_t zero[4];

	return kt_wire_send(w, zero, sizeof(zero), deadline, err);
}
