/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/states.h"

#include <string.h>

#include "desktop/ui.h"

static const struct {
	const char *state, *title, *remedy;
} states[] = {
	{"no-device", N_("No phone is seen"),
	 N_("Plug the phone in and unlock it. If nothing happens: try another cable, since some "
	    "only charge. Keten keeps looking by itself.")},
	{"debugging-off", N_("USB debugging is switched off"),
	 N_("On the phone: Settings, Developer options, USB debugging. If there are no Developer "
	    "options: Settings, About phone, tap the build number seven times. Its holder does "
	    "this.")},
	{"no-permission", N_("This account may not open the phone"),
	 N_("Ask the administrator to install Keten's udev rule, then plug the phone in again.")},
	{"busy", N_("Another program holds the phone"),
	 N_("Close it, often an adb server (adb kill-server). Keten goes on by itself.")},
	{"several", N_("More than one phone is plugged in"),
	 N_("Choose the right one from the list, or unplug the others.")},
	{"chosen-gone", N_("The chosen phone is gone"),
	 N_("Plug it in again, or choose the one that is there.")},
	{"connecting", N_("Keten greets the phone"), N_("Leave it plugged in and unlocked.")},
	{"waiting-for-tap", N_("The phone asks its holder"),
	 N_("On the phone: compare the fingerprint with the one below, then tap Allow. Leave "
	    "\"Always allow\" unticked. If they tapped Deny, press Stop; to be asked again, they "
	    "unplug it and plug it in.")},
	{"not-authorised-yet", N_("The phone is there"),
	 N_("It will ask its holder to allow this station when you start.")},
	{"authorised", N_("The phone is ready"), N_("Leave it plugged in and unlocked.")},
	{"revoked", N_("The phone asks again"),
	 N_("It no longer accepts the key of this case. Tap Allow on the phone.")},
	{"offline", N_("The phone does not answer"),
	 N_("Unlock it, unplug it and plug it in again.")},
	{"wrong-mode", N_("The phone is in a service mode"),
	 N_("Restart it normally and unlock it.")},
	{"unsupported", N_("This phone can't be read"),
	 N_("It asks for a connection that Keten does not speak. Note make, model and version, and "
	    "ask for support.")},
	{"waiting-for-trust", N_("The iPhone asks: Trust This Computer?"),
	 N_("Its holder taps Trust and types the phone's code on the phone. Keten never sees that "
	    "code.")},
	{"trust-refused", N_("The holder tapped Don't Trust"),
	 N_("That is their decision. To ask again, unplug the phone and plug it in.")},
	{"locked", N_("The phone is locked"), N_("Its holder unlocks it and leaves it unlocked.")},
	{"waiting-for-passcode", N_("The iPhone asks for its code"),
	 N_("Its holder types the code on the phone to allow the backup. Keten never sees it.")},
	{"preparing", N_("The iPhone prepares what it will send"),
	 N_("This can take minutes. Leave it plugged in and unlocked.")},
	{"receiving", N_("The iPhone sends its backup"),
	 N_("What is not asked for passes by and is kept nowhere. Leave it plugged in and "
	    "unlocked.")},
	{"no-engine", N_("Keten can't look for phones"),
	 N_("A part of the program is missing or broke off. Nothing was touched. Ask the "
	    "administrator to "
	    "install Keten again.")},
	{"no-look", N_("Keten can't look for phones"),
	 N_("Ask the administrator whether this account may use USB devices. Keten keeps trying by "
	    "itself.")},
	{"wrong-device", N_("This is another phone"),
	 N_("The mandate names one phone, and this is not it. Plug in the right one, or ask for "
	    "another mandate.")},
};

static const struct {
	const char *outcome, *words;
} outcomes[] = {
	{"acquired", N_("taken")},	  {"absent", N_("the phone says it has none")},
	{"refused", N_("refused")},	  {"failed", N_("failed")},
	{"partial", N_("taken in part")},
};

/* Why a reading ended before its time: the words of keten's log. */
static const struct {
	const char *reason, *words;
} reasons[] = {
	{"stopped", N_("It was stopped, or its program was ended.")},
	{"phone-not-there", N_("The phone was not there.")},
	{"phone-refused", N_("The phone did not let this station in.")},
	{"phone-lost", N_("The phone went away.")},
	{"refused", N_("The mandate does not allow it.")},
	{"storage", N_("There was no room, or the disk did not take it.")},
	{"failed", N_("It failed; the record says how.")},
	{"cut-off", N_("The program was cut off.")},
	{"", N_("The program was cut off.")},
};

static const struct {
	const char *step, *words;
} steps[] = {
	{"start", N_("Getting ready")},
	{"connect", N_("Connecting")},
	{"open", N_("Opening")},
	{"acquire", N_("Reading from the phone")},
	{"import", N_("Reading")},
	{"parse", N_("Making sense of what was taken")},
	{"report", N_("Writing the report")},
	{"package", N_("Sealing the package")},
};

const char *kd_state_title(const char *state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return _(states[i].title);
	return state;
}

const char *kd_state_remedy(const char *state, const char *fallback)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return _(states[i].remedy);
	return fallback != NULL ? fallback : "";
}

const char *kd_outcome(const char *outcome)
{
	for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++)
		if (strcmp(outcomes[i].outcome, outcome) == 0)
			return _(outcomes[i].words);
	return outcome;
}

const char *kd_step(const char *step)
{
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		if (strcmp(steps[i].step, step) == 0)
			return _(steps[i].words);
	return step;
}

const char *kd_stop_reason(const char *reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (strcmp(reasons[i].reason, reason) == 0)
			return _(reasons[i].words);
	return reason;
}
