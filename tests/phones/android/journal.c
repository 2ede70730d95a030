/* SPDX-License-Identifier: EUPL-1.2 */
#include "journal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384

int sim_journal_open(struct sim_journal *j, const char *path)
{
	j->fd = -1;
	if (!path)
		return 0;
	j->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return j->fd < 0 ? -1 : 0;
}

void sim_journal_close(struct sim_journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

void sim_journal_bytes(struct sim_journal *j, const char *word, const void *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *p = text;
	char line[LINE_MAX_BYTES];
	size_t n;

	if (j->fd < 0)
		return;
	n = (size_t)snprintf(line, 64, len ? "%s " : "%s", word);
	for (size_t i = 0; i < len && n < sizeof(line) - 8; i++) {
		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\') {
			line[n++] = (char)p[i];
			continue;
		}
		line[n++] = '\\';
		line[n++] = 'x';
		line[n++] = hex[p[i] >> 4];
		line[n++] = hex[p[i] & 15];
	}
	line[n++] = '\n';
	if (write(j->fd, line, n) != (ssize_t)n)
		fputs("sim-android: journal: short write\n", stderr);
}

void sim_journal(struct sim_journal *j, const char *word, const char *format, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	sim_journal_bytes(j, word, text, (size_t)n);
}
