/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/sign/pin.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/io.h"
#include "core/spawn.h"
#include "reports/sign/p11_uri.h"

#define LINE_MAX_ 2048

extern char **environ;

static int from_terminal(const char *prompt, char *buf, int size, const char **why)
{
	KT_AUTO_FD tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	/* without a terminal OpenSSL would read from stdin, where the content is */
	if (tty < 0) {
		*why = "the key needs a passphrase or PIN and there is no terminal; use --pin-fd "
		       "or --pinentry";
		return -1;
	}
	if (EVP_read_pw_string_min(buf, 0, size, prompt, 0) != 0) {
		*why = "no passphrase or PIN was given";
		return -1;
	}
	return (int)strlen(buf);
}

static int from_fd(int fd, char *buf, int size, const char **why)
{
	size_t got = 0;

	if (kt_read_full(fd, buf, (size_t)size - 1, &got, NULL) < 0) {
		*why = "the passphrase or PIN can't be read from its descriptor";
		return -1;
	}
	for (size_t i = 0; i < got; i++)
		if (buf[i] == '\n' || buf[i] == '\r')
			got = i;
	buf[got] = '\0';
	return (int)got;
}

/* -- pinentry: lines of the Assuan protocol over two pipes -------------------------------------- */

/* One answer; data, when wanted, gets the line behind "D ". 0 for OK. */
static int answer(FILE *in, char *line, char *data, int size)
{
	while (fgets(line, LINE_MAX_, in) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "OK", 2) == 0)
			return 0;
		if (strncmp(line, "ERR", 3) == 0)
			return -1;
		if (data != NULL && strncmp(line, "D ", 2) == 0) {
			size_t n = strlen(line + 2);

			if (kt_percent_decode(line + 2, n, (unsigned char *)data, (size_t)size) < 0)
				return -1;
		}
	}
	return -1;
}

static int say(FILE *out, const char *word, const char *text)
{
	fprintf(out, "%s ", word);
	for (; *text != '\0'; text++)
		if (*text == '%' || (unsigned char)*text < ' ')
			fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
		else
			putc(*text, out);
	putc('\n', out);
	return fflush(out) == 0 ? 0 : -1;
}

static int talk(FILE *in, FILE *out, const char *prompt, char *buf, int size)
{
	char *line = malloc(LINE_MAX_);
	int r = line == NULL ? -1 : answer(in, line, NULL, 0);

	buf[0] = '\0';
	/* a program for the terminal has to be told which; others don't know the option */
	if (r == 0 && (say(out, "OPTION", "ttyname=/dev/tty") < 0 ||
		       (answer(in, line, NULL, 0) < 0 && feof(in))))
		r = -1;
	if (r == 0 && (say(out, "SETDESC", prompt) < 0 || answer(in, line, NULL, 0) < 0))
		r = -1;
	if (r == 0 && (say(out, "SETPROMPT", "PIN:") < 0 || answer(in, line, NULL, 0) < 0))
		r = -1;
	if (r == 0 &&
	    (fputs("GETPIN\n", out) < 0 || fflush(out) != 0 || answer(in, line, buf, size) < 0))
		r = -1;
	fputs("BYE\n", out);
	if (line != NULL)
		OPENSSL_cleanse(line, LINE_MAX_);
	free(line);
	return r < 0 ? r : (int)strlen(buf);
}

static int start(const char *program, int to, int from, pid_t *pid)
{
	const char *argv[] = {program, NULL};
	posix_spawn_file_actions_t fa;
	int r;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, to, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, from, STDOUT_FILENO);
	r = posix_spawn(pid, program, &fa, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	return r == 0 ? 0 : -1;
}

static int from_pinentry(const char *program, const char *prompt, char *buf, int size,
			 const char **why)
{
	static char in_buf[LINE_MAX_]; /* stdio's, so that it can be cleansed */
	int to[2] = {-1, -1}, from[2] = {-1, -1}, r = -1;
	FILE *in = NULL, *out = NULL;
	pid_t pid;

	*why = "pinentry can't be used, or nothing was typed there";
	if (program[0] != '/' || pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		goto out;
	if (start(program, to[0], from[1], &pid) < 0)
		goto out;
	kt_close_fd(&to[0]);
	kt_close_fd(&from[1]);
	in = fdopen(from[0], "r");
	out = fdopen(to[1], "w");
	if (in != NULL && out != NULL) {
		setvbuf(in, in_buf, _IOFBF, sizeof(in_buf));
		from[0] = to[1] = -1;
		r = talk(in, out, prompt, buf, size);
	}
	if (out != NULL)
		fclose(out);
	if (in != NULL)
		fclose(in);
	OPENSSL_cleanse(in_buf, sizeof(in_buf));
	kt_wait(pid);
out:
	for (int i = 0; i < 2; i++) {
		kt_close_fd(&to[i]);
		kt_close_fd(&from[i]);
	}
	return r;
}

int kt_pin_ask(const struct kt_sign_key *key, const char *prompt, char *buf, int size,
	       const char **why)
{
	buf[0] = '\0';
	if (key->passphrase_fd >= 0)
		return from_fd(key->passphrase_fd, buf, size, why);
	if (key->pinentry != NULL)
		return from_pinentry(key->pinentry, prompt, buf, size, why);
	return from_terminal(prompt, buf, size, why);
}
