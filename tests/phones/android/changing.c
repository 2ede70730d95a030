/* SPDX-License-Identifier: EUPL-1.2 */

/* Which shell commands would change a phone. Errs on the side of saying yes. */
#include <string.h>

#include "phone.h"

#define WORD_MAX 64

/* One word that is never right, or a word and the second word that makes it wrong. */
static const struct {
	const char *first, *second;
} bad[] = {
	{"rm", NULL},
	{"rmdir", NULL},
	{"mv", NULL},
	{"cp", NULL},
	{"mkdir", NULL},
	{"touch", NULL},
	{"ln", NULL},
	{"chmod", NULL},
	{"chown", NULL},
	{"tee", NULL},
	{"truncate", NULL},
	{"mount", NULL},
	{"umount", NULL},
	{"reboot", NULL},
	{"setprop", NULL},
	{"input", NULL},
	{"am", NULL},
	{"svc", NULL},
	{"kill", NULL},
	{"stop", NULL},
	{"start", NULL},
	{"monkey", NULL},
	{"bmgr", NULL},
	{"bu", NULL},
	{"screencap", NULL},
	{"screenrecord", NULL},
	{"uiautomator", NULL},
	{"sqlite3", NULL},
	{"bugreport", NULL},
	{"bugreportz", NULL},
	{"settings", "put"},
	{"settings", "delete"},
	{"settings", "reset"},
	{"content", "insert"},
	{"content", "update"},
	{"content", "delete"},
	{"content", "call"},
	{"pm", "install"},
	{"pm", "uninstall"},
	{"pm", "grant"},
	{"pm", "revoke"},
	{"pm", "clear"},
	{"pm", "disable"},
	{"pm", "enable"},
	{"pm", "hide"},
	{"wifi", "start-scan"},
	{"wifi", "set-wifi-enabled"},
	{"wifi", "connect-network"},
	{"wifi", "add-network"},
	{"wifi", "forget-network"},
	{"logcat", "-c"},
	{"sed", "-i"},
	{"date", "-s"},
	{"wm", "size"},
	{"wm", "density"},
	{"battery", "set"},
	{"battery", "unplug"},
	{"batterystats", "--reset"},
	{"device_config", "put"},
};

static const char separators[] = " \t\n;|&()`{}'\"";

/* Copies the next word of *p. False at the end. */
static bool next_word(const char **p, char word[WORD_MAX])
{
	size_t n;

	*p += strspn(*p, separators);
	if (!**p)
		return false;
	n = strcspn(*p, separators);
	memset(word, 0, WORD_MAX);
	memcpy(word, *p, n < WORD_MAX ? n : WORD_MAX - 1);
	*p += n;
	return true;
}

/* A redirection into anything but /dev/null or another descriptor. */
static bool redirects(const char *command)
{
	const char *p = command;

	while ((p = strchr(p, '>')) != NULL) {
		p += strspn(p, "> ");
		if (*p != '&' && strncmp(p, "/dev/null", 9) != 0)
			return true;
	}
	return false;
}

const char *sim_state_changing(const char *command)
{
	char word[WORD_MAX], before[WORD_MAX] = "";
	const char *p = command;

	if (redirects(command))
		return "redirection";
	if (strstr(command, "of=/"))
		return "of=";
	while (next_word(&p, word)) {
		const char *base = strrchr(word, '/') ? strrchr(word, '/') + 1 : word;

		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			if (bad[i].second
				    ? !strcmp(before, bad[i].first) && !strcmp(base, bad[i].second)
				    : !strcmp(base, bad[i].first))
				return bad[i].first;
		}
		memcpy(before, word, sizeof(before));
	}
	return NULL;
}
