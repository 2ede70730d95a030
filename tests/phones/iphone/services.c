/* SPDX-License-Identifier: EUPL-1.2 */
/* The list of services, and those that are little more than stubs. */
#include "services.h"

#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "sim.h"
#include "wire.h"

static const struct sim_service services[] = {
	{"com.apple.afc", sim_afc_serve},
	{"com.apple.mobile.notification_proxy", sim_np_serve},
	{"com.apple.mobilebackup2", sim_backup_serve},
	{"com.apple.mobile.installation_proxy", sim_apps_serve},
	{"com.apple.springboardservices", sim_springboard_serve},
	{"com.apple.mobile.diagnostics_relay", sim_diagnostics_serve},
};

const struct sim_service *sim_service_find(const char *name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (!strcmp(services[i].name, name))
			return &services[i];
	return NULL;
}

static void text(plist_t dict, const char *key, const char *value)
{
	plist_dict_set_item(dict, key, plist_new_string(value));
}

/* The apps are those that have a domain in the backup. */
static plist_t app_list(const struct sim *s)
{
	plist_t list = plist_new_array();

	for (size_t i = 0; i < s->content.n; i++) {
		const struct sim_entry *e = &s->content.entries[i];
		plist_t app;

		if (*e->path || strncmp(e->domain, "AppDomain-", 10) != 0)
			continue;
		app = plist_new_dict();
		text(app, "ApplicationType", "User");
		text(app, "CFBundleIdentifier", e->domain + 10);
		text(app, "CFBundleDisplayName", e->domain + 10);
		text(app, "CFBundleShortVersionString", "1.0");
		text(app, "CFBundleVersion", "1");
		plist_array_append_item(list, app);
	}
	return list;
}

static int browse(struct sim_conn *c)
{
	plist_t dict = plist_new_dict(), list = app_list(c->sim);
	uint64_t n = plist_array_get_size(list);

	text(dict, "Status", "BrowsingApplications");
	plist_dict_set_item(dict, "CurrentAmount", plist_new_uint(n));
	plist_dict_set_item(dict, "CurrentIndex", plist_new_uint(0));
	plist_dict_set_item(dict, "Total", plist_new_uint(n));
	plist_dict_set_item(dict, "CurrentList", list);
	if (sim_send_plist(c, dict, false, "Browse") < 0)
		return -1;
	dict = plist_new_dict();
	text(dict, "Status", "Complete");
	return sim_send_plist(c, dict, false, "Browse");
}

/* Anything but Browse and Lookup would install or remove. */
void sim_apps_serve(struct sim_conn *c)
{
	char command[SIM_TEXT_BYTES];
	plist_t request, answer;
	int r = 0;

	while (r == 0 && sim_recv_plist(c, &request) == 0) {
		sim_text(request, "Command", command);
		plist_free(request);
		if (!strcmp(command, "Browse")) {
			sim_journal(c->sim, "APPS Browse");
			r = browse(c);
			continue;
		}
		sim_journal(c->sim, "STATE-CHANGING APPS %s", command);
		answer = plist_new_dict();
		text(answer, "Error", "APIInternalError");
		r = sim_send_plist(c, answer, false, command);
	}
	sim_flush(c);
}

void sim_springboard_serve(struct sim_conn *c)
{
	static const char png[] = "\x89PNG\r\n\x1a\n";
	char command[SIM_TEXT_BYTES];
	plist_t request, answer;
	int r = 0;

	while (r == 0 && sim_recv_plist(c, &request) == 0) {
		bool icon = !strcmp(sim_text(request, "command", command), "getIconPNGData");

		plist_free(request);
		sim_journal(c->sim, "%sSPRINGBOARD %s", icon ? "" : "UNKNOWN ", command);
		answer = plist_new_dict();
		if (icon)
			plist_dict_set_item(answer, "pngData",
					    plist_new_data(png, sizeof(png) - 1));
		else
			text(answer, "Error", "UnknownCommand");
		r = sim_send_plist(c, answer, false, command);
	}
	sim_flush(c);
}

void sim_diagnostics_serve(struct sim_conn *c)
{
	static const char *const power[] = {"Restart", "Shutdown", "Sleep"};
	char name[SIM_TEXT_BYTES];
	plist_t request, answer;
	int r = 0;

	while (r == 0 && sim_recv_plist(c, &request) == 0) {
		bool loud = false, bye = !strcmp(sim_text(request, "Request", name), "Goodbye");

		plist_free(request);
		for (int i = 0; i < 3; i++)
			loud |= !strcmp(name, power[i]);
		sim_journal(c->sim, "%sDIAGNOSTICS %s", loud ? "STATE-CHANGING " : "", name);
		answer = plist_new_dict();
		text(answer, "Status", bye ? "Success" : loud ? "Failure" : "UnknownRequest");
		r = sim_send_plist(c, answer, false, name) < 0 || bye ? -1 : 0;
	}
	sim_flush(c);
}
