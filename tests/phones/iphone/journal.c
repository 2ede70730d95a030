/* SPDX-License-Identifier: EUPL-1.2 */
/* The journal: whole lines, appended with one write each, so that threads never mix. */
#include "journal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

int sim_journal_open(struct sim *s, const char *path)
{
	s->journal_fd = -1;
	if (!path)
		return 0;
	s->journal_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return s->journal_fd < 0 ? -1 : 0;
}

void sim_journal(struct sim *s, const char *format, ...)
{
	static const char hex[] = "0123456789abcdef";
	char text[4096], line[4 * sizeof(text) + 1];
	size_t n = 0;
	va_list ap;

	if (s->journal_fd < 0)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p >= 0x20 && *p < 0x7f && *p != '\\') {
			line[n++] = (char)*p;
			continue;
		}
		line[n++] = '\\';
		line[n++] = 'x';
		line[n++] = hex[*p >> 4];
		line[n++] = hex[*p & 15];
	}
	line[n++] = '\n';
	if (write(s->journal_fd, line, n) != (ssize_t)n)
		fputs("sim-iphone: journal: short write\n", stderr);
}
