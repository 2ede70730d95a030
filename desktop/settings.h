/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the administrator of a station fixes, from /etc/keten/desktop.conf: read once, shown, never
 * written. docs/user/administrator.md has every key.
 */
#ifndef KD_DESKTOP_SETTINGS_H
#define KD_DESKTOP_SETTINGS_H

#include <glib.h>
#include <stdbool.h>

#define KD_SETTINGS_FILE "/etc/keten/desktop.conf"

struct kd_settings {
	char *file;    /* where they come from; NULL: none was there */
	char *problem; /* which line is wrong and what to do, or NULL */
	char *trust;   /* folder of CA certificates, or NULL: the default of keten */
	char *cases, *out, *operator_key;
	char **tsa;	   /* addresses of time-stamp authorities, or NULL: the station's own */
	char *tsa_trust;   /* folder of anchors for time, or NULL: within trust */
	char *information; /* folder of the information sheets, or NULL */
	bool simulated;	   /* every case is marked as made with a simulated phone */
	bool may_intake, may_review;
	bool kiosk;
	char **folders;		/* kiosk: files may be chosen below these alone; never NULL */
	char *exit_word_sha256; /* kiosk: hex, or NULL: it can't be left from inside */
};

/* path NULL: the usual place. A missing file gives defaults; free with kd_settings_free(). */
void kd_settings_load(struct kd_settings *s, const char *path);
void kd_settings_free(struct kd_settings *s);
/* Prints what is wrong with a file and what to do, or the roles of this account; the exit status. */
int kd_settings_check(const char *path);
/*
 * May this file be chosen? Always, unless in kiosk mode: there below the folders of the settings and
 * the one for packages. Links are followed first.
 */
bool kd_settings_allows(const struct kd_settings *s, const char *path);
/*
 * Options of keten that follow from these settings, into args from position n; the new position.
 * trust: who is believed, at most 4 words; clock: who is asked for the time, at most 16.
 */
#define KD_TRUST_ARGS 4
#define KD_CLOCK_ARGS 16
size_t kd_settings_trust_args(const struct kd_settings *s, const char **args, size_t n);
size_t kd_settings_clock_args(const struct kd_settings *s, const char **args, size_t n);
/* Is any outside clock asked? */
bool kd_settings_has_clock(const struct kd_settings *s);
/* Kiosk: is this the word that leaves it? */
bool kd_settings_is_exit_word(const struct kd_settings *s, const char *word);

#endif
