/* SPDX-License-Identifier: EUPL-1.2 */
/* What may be sent to an iPhone, and above all what may not. */
#include "core/err.h"
#include "core/request.h"
#include "extractor/ios/allow.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define UDID "00008110-00AB12CD34EF5678"
#define HOST "11111111-2222-4333-8444-555555555555"

static bool may[KT_REQ_COUNT];
static const struct kt_ios_allow allow = {.may = may, .udid = UDID, .host_id = HOST};

static int plan(void **state)
{
	(void)state;
	memset(may, 0, sizeof(may));
	may[KT_REQ_LOCKDOWN] = may[KT_REQ_IOS_DCIM] = true;
	return 0;
}

/* Takes m over. */
static int judge(enum kt_ios_peer peer, plist_t m)
{
	struct kt_err err = {0};
	int r = kt_ios_allow_message(&allow, peer, m, &err);

	plist_free(m);
	assert_true(r == 0 || (r == KT_E_REFUSED && err.n > 0));
	return r;
}

static plist_t dict(const char *k1, const char *v1, const char *k2, const char *v2, const char *k3,
		    const char *v3)
{
	plist_t d = plist_new_dict();

	plist_dict_set_item(d, k1, plist_new_string(v1));
	if (k2 != NULL)
		plist_dict_set_item(d, k2, plist_new_string(v2));
	if (k3 != NULL)
		plist_dict_set_item(d, k3, plist_new_string(v3));
	return d;
}

#define ASK(...) judge(KT_IOS_LOCKDOWN, dict(__VA_ARGS__))

static void test_requests(void **state)
{
	static const char *const never[] = {
		"SetValue",   "RemoveValue",  "EnterRecovery",	 "Activate",
		"Deactivate", "ResetPairing", "CUPairingCreate", "",
		"querytype",
	};

	(void)state;
	assert_int_equal(ASK("Request", "QueryType", "Label", "keten", NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(ASK("Request", never[i], NULL, NULL, NULL, NULL), KT_E_REFUSED);
	assert_int_equal(ASK("Label", "keten", NULL, NULL, NULL, NULL), KT_E_REFUSED);
	/* nothing rides along */
	assert_int_equal(ASK("Request", "QueryType", "Value", "x", NULL, NULL), KT_E_REFUSED);
	assert_int_equal(judge(KT_IOS_LOCKDOWN, plist_new_array()), KT_E_REFUSED);
}

static int value(const char *domain, const char *key)
{
	return ASK("Request", "GetValue", "Key", key, *domain != '\0' ? "Domain" : NULL, domain);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(value("", "UniqueDeviceID"), 0);
	assert_int_equal(value("", "SerialNumber"), 0);
	assert_int_equal(value("com.apple.mobile.backup", "WillEncrypt"), 0);
	/* of a row that is not planned, of no row, without a key: all that the phone has */
	assert_int_equal(value("com.apple.mobile.backup", "CloudBackupEnabled"), KT_E_REFUSED);
	assert_int_equal(value("com.apple.fmip", "IsAssociated"), KT_E_REFUSED);
	assert_int_equal(value("", "SerialNumbe"), KT_E_REFUSED);
	assert_int_equal(value("", ""), KT_E_REFUSED);
	assert_int_equal(ASK("Request", "GetValue", NULL, NULL, NULL, NULL), KT_E_REFUSED);
	may[KT_REQ_LOCKDOWN_BACKUP] = true;
	assert_int_equal(value("com.apple.mobile.backup", "CloudBackupEnabled"), 0);
	assert_int_equal(value("", "CloudBackupEnabled"), KT_E_REFUSED);
	may[KT_REQ_LOCKDOWN] = false;
	assert_int_equal(value("", "SerialNumber"), KT_E_REFUSED);
	may[KT_REQ_LOCKDOWN] = true;
	may[KT_REQ_LOCKDOWN_BACKUP] = false;
}

static int pairing(const char *request, const char *host, const char *extra)
{
	plist_t m = dict("Request", request, "ProtocolVersion", "2", NULL, NULL);
	plist_t record = dict("HostID", host, "SystemBUID", "x", extra, "y");

	plist_dict_set_item(m, "PairRecord", record);
	return judge(KT_IOS_LOCKDOWN, m);
}

static void test_pairing(void **state)
{
	(void)state;
	assert_int_equal(pairing("Pair", HOST, NULL), 0);
	assert_int_equal(pairing("Unpair", HOST, NULL), 0);
	/* somebody else's pairing is not ours to end */
	assert_int_equal(pairing("Unpair", "99999999-2222-4333-8444-555555555555", NULL),
			 KT_E_REFUSED);
	assert_int_equal(pairing("Pair", HOST, "RootPrivateKey"), KT_E_REFUSED);
	assert_int_equal(ASK("Request", "Pair", NULL, NULL, NULL, NULL), KT_E_REFUSED);
	assert_int_equal(ASK("Request", "StartSession", "HostID", HOST, NULL, NULL), 0);
	assert_int_equal(ASK("Request", "StartSession", "HostID", "other", NULL, NULL),
			 KT_E_REFUSED);
}

static int service(const char *name, bool escrow)
{
	plist_t m = dict("Request", "StartService", "Service", name, NULL, NULL);

	if (escrow)
		plist_dict_set_item(m, "EscrowBag", plist_new_data("bag", 3));
	return judge(KT_IOS_LOCKDOWN, m);
}

static void test_services(void **state)
{
	static const char *const never[] = {
		"com.apple.mobile.diagnostics_relay", "com.apple.mobile.installation_proxy",
		"com.apple.mobile.house_arrest",      "com.apple.crashreportcopymobile",
		"com.apple.mobilebackup2.something",  "com.apple.misagent",
		"com.apple.mobile.MCInstall",	      "com.apple.afc2",
		"com.apple.mobile.screenshotr",	      "",
	};

	(void)state;
	assert_int_equal(service(KT_IOS_SVC_MEDIA, false), 0);
	assert_int_equal(service(KT_IOS_SVC_NOTIFY, false), 0);
	assert_int_equal(service(KT_IOS_SVC_BACKUP, true), 0);
	assert_int_equal(
		ASK("Request", "StartService", "Service", KT_IOS_SVC_MEDIA, "Options", "x"),
		KT_E_REFUSED);
	/* the bag opens services of a locked phone: for the backup alone */
	assert_int_equal(service(KT_IOS_SVC_MEDIA, true), KT_E_REFUSED);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(service(never[i], false), KT_E_REFUSED);
}

static void test_notifications(void **state)
{
	(void)state;
	assert_int_equal(judge(KT_IOS_NOTIFY, dict("Command", "ObserveNotification", "Name",
						   KT_IOS_PRESENTED, NULL, NULL)),
			 0);
	assert_int_equal(judge(KT_IOS_NOTIFY, dict("Command", "PostNotification", "Name",
						   KT_IOS_PRESENTED, NULL, NULL)),
			 KT_E_REFUSED);
	assert_int_equal(judge(KT_IOS_NOTIFY, dict("Command", "ObserveNotification", "Name",
						   "com.apple.springboard.lockstate", NULL, NULL)),
			 KT_E_REFUSED);
}

static plist_t process(plist_t d)
{
	plist_t m = plist_new_array();

	plist_array_append_item(m, plist_new_string("DLMessageProcessMessage"));
	plist_array_append_item(m, d);
	return m;
}

static plist_t backup(const char *name, const char *source, const char *option, bool yes)
{
	plist_t d = dict("MessageName", name, "TargetIdentifier", UDID, "SourceIdentifier", source);
	plist_t options = plist_new_dict();

	plist_dict_set_item(options, option, plist_new_bool(yes));
	plist_dict_set_item(d, "Options", options);
	return process(d);
}

static void test_backup(void **state)
{
	static const char *const never[] = {
		"Restore", "ChangePassword", "EraseDevice", "EnableCloudBackup", "Info",
		"List",	   "Unback",	     "Extract",	    "Migrate",
	};
	static const char *const messages[] = {"DLMessageUploadFiles", "DLMessageDownloadFiles",
					       "DLMessagePing", ""};
	plist_t m;

	(void)state;
	assert_int_equal(judge(KT_IOS_BACKUP, backup("Backup", UDID, "ForceFullBackup", true)), 0);
	assert_int_equal(judge(KT_IOS_BACKUP, backup("Backup", UDID, "ForceFullBackup", false)),
			 KT_E_REFUSED);
	assert_int_equal(judge(KT_IOS_BACKUP, backup("Backup", UDID, "NewPassword", true)),
			 KT_E_REFUSED);
	assert_int_equal(judge(KT_IOS_BACKUP, backup("Backup", "other", "ForceFullBackup", true)),
			 KT_E_REFUSED);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(
			judge(KT_IOS_BACKUP, backup(never[i], UDID, "ForceFullBackup", true)),
			KT_E_REFUSED);
	assert_int_equal(
		judge(KT_IOS_BACKUP, process(dict("MessageName", "Hello", NULL, NULL, NULL, NULL))),
		0);
	assert_int_equal(judge(KT_IOS_BACKUP, process(dict("MessageName", "Hello", "NewPassword",
							   "x", NULL, NULL))),
			 KT_E_REFUSED);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		m = plist_new_array();
		plist_array_append_item(m, plist_new_string(messages[i]));
		assert_int_equal(judge(KT_IOS_BACKUP, m), KT_E_REFUSED);
	}
	m = plist_new_array();
	plist_array_append_item(m, plist_new_string("DLMessageStatusResponse"));
	assert_int_equal(judge(KT_IOS_BACKUP, m), 0);
}

static int path(uint64_t op, const char *p)
{
	return kt_ios_allow_afc(&allow, op, p, strlen(p) + 1, NULL);
}

static int open_with(uint64_t mode, const char *p)
{
	uint8_t args[300];

	kt_put_le64(args, mode);
	memcpy(args + 8, p, strlen(p) + 1);
	return kt_ios_allow_afc(&allow, KT_AFC_OPEN, args, 8 + strlen(p) + 1, NULL);
}

static void test_media(void **state)
{
	static const char *const outside[] = {
		"/",	    "/DCI",	  "/DCIMX/a",  "/PhotoData/Photos.sqlite",
		"DCIM/a",   "/DCIM/../x", "/DCIM/./x", "/DCIM//x",
		"/DCIM/a/", "/dcim/a",	  "",	       "/com.apple.itunes.lock_sync",
	};
	static const uint8_t number[24];

	(void)state;
	assert_int_equal(path(KT_AFC_READ_DIR, "/DCIM"), 0);
	assert_int_equal(path(KT_AFC_FILE_INFO, "/DCIM/100APPLE/IMG_0001.HEIC"), 0);
	assert_int_equal(open_with(1, "/DCIM/100APPLE/IMG_0001.HEIC"), 0);
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		assert_int_equal(path(KT_AFC_READ_DIR, outside[i]), KT_E_REFUSED);
		assert_int_equal(path(KT_AFC_FILE_INFO, outside[i]), KT_E_REFUSED);
		assert_int_equal(open_with(1, outside[i]), KT_E_REFUSED);
	}
	/* for reading alone; a text without its end is none */
	for (uint64_t mode = 0; mode < 8; mode++)
		assert_int_equal(open_with(mode, "/DCIM/a"), mode == 1 ? 0 : KT_E_REFUSED);
	assert_int_equal(kt_ios_allow_afc(&allow, KT_AFC_READ_DIR, "/DCIM", 5, NULL), KT_E_REFUSED);
	/* of all 64 operations only six, and those with the arguments that they have */
	for (uint64_t op = 0; op < 64; op++)
		for (size_t n = 0; n <= sizeof(number); n += 8) {
			bool ok = (op == KT_AFC_READ && n == 16) ||
				  (op == KT_AFC_SEEK && n == 24) || (op == KT_AFC_CLOSE && n == 8);

			assert_int_equal(kt_ios_allow_afc(&allow, op, number, n, NULL),
					 ok ? 0 : KT_E_REFUSED);
		}
	may[KT_REQ_IOS_DCIM] = false;
	assert_int_equal(path(KT_AFC_READ_DIR, "/DCIM"), KT_E_REFUSED);
	may[KT_REQ_IOS_DCIM] = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),      cmocka_unit_test(test_values),
		cmocka_unit_test(test_pairing),	      cmocka_unit_test(test_services),
		cmocka_unit_test(test_notifications), cmocka_unit_test(test_backup),
		cmocka_unit_test(test_media),
	};

	return cmocka_run_group_tests(tests, plan, NULL);
}
