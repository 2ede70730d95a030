/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The shell and exec services. No command ever reaches a shell of the host: each is looked up by
 * its exact text among the files of --commands, then among a few built-in ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "phone.h"
#include "range.h"

#define FILE_MAX_BYTES (64L * 1024 * 1024)
#define ID_STDIN       0
#define ID_STDOUT      1
#define ID_STDERR      2
#define ID_EXIT	       3
#define ID_CLOSE_STDIN 4

struct shell {
	bool v2, pty, is_range, finished;
	enum sim_framing framing;
	struct sim_range range;
	/* a packet of the host, which may arrive in pieces */
	uint8_t head[5];
	size_t head_len;
	uint32_t body_left;
};

struct bytes {
	char *data;
	size_t len;
};

/* False if the file is not there. The caller frees out->data. */
static bool read_whole(int dir, const char *name, struct bytes *out)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	*out = (struct bytes){0};
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX_BYTES)
		out->data = malloc((size_t)st.st_size + 1);
	while (out->data && out->len < (size_t)st.st_size) {
		n = read(fd, out->data + out->len, (size_t)st.st_size - out->len);
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	close(fd);
	if (out->data)
		out->data[out->len] = '\0';
	return out->data != NULL;
}

static void emit(struct sim_stream *s, uint8_t id, const char *data, size_t len)
{
	struct shell *sh = s->state;

	if (sh->pty) { /* a terminal turns LF into CR LF */
		for (size_t i = 0; i < len; i++)
			sim_outq_mem(&s->out, sh->framing, ID_STDOUT,
				     data[i] == '\n' ? "\r\n" : data + i, data[i] == '\n' ? 2 : 1);
		return;
	}
	sim_outq_mem(&s->out, sh->framing, id, data, len);
}

static void finish(struct sim_stream *s, int status)
{
	struct shell *sh = s->state;
	uint8_t code = (uint8_t)status;

	if (sh->v2 && !s->phone->cfg.no_exit)
		sim_outq_mem(&s->out, SIM_FRAME_SHELL, ID_EXIT, &code, 1);
	sh->finished = true;
	s->ending = true;
}

enum token { EPOCH, EPOCH_S, UPTIME, N_TOKENS };

static void clock_text(const struct sim_config *cfg, enum token token, char *buf, size_t cap)
{
	struct timespec ts;
	long long epoch;

	clock_gettime(token == UPTIME ? CLOCK_BOOTTIME : CLOCK_REALTIME, &ts);
	epoch = (long long)ts.tv_sec + (long long)cfg->clock_offset;
	if (token == UPTIME)
		snprintf(buf, cap, "%lld.%02ld", (long long)ts.tv_sec + 12345,
			 ts.tv_nsec / 10000000);
	else if (token == EPOCH_S)
		snprintf(buf, cap, "%lld", epoch);
	else
		snprintf(buf, cap, "%lld.%09ld", epoch, ts.tv_nsec);
}

/* Sends text, with the clock tokens replaced. */
static void emit_tokens(struct sim_stream *s, const struct bytes *text)
{
	static const char *const tokens[] = {"@@EPOCH@@", "@@EPOCH_S@@", "@@UPTIME@@"};
	const char *p = text->data, *end = text->data + text->len;

	while (p < end) {
		const char *first = end;
		char value[64];
		int which = -1;

		for (int i = 0; i < N_TOKENS; i++) {
			const char *at = memmem(p, (size_t)(end - p), tokens[i], strlen(tokens[i]));

			if (at && at < first) {
				first = at;
				which = i;
			}
		}
		emit(s, ID_STDOUT, p, (size_t)(first - p));
		p = first;
		if (which < 0)
			break;
		clock_text(&s->phone->cfg, (enum token)which, value, sizeof(value));
		emit(s, ID_STDOUT, value, strlen(value));
		p += strlen(tokens[which]);
	}
}

static uint64_t read_number(int dir, const char *name)
{
	struct bytes b;
	uint64_t v = 0;

	if (!read_whole(dir, name, &b))
		return 0;
	b.data[strcspn(b.data, " \r\n")] = '\0';
	if (sim_parse_u64(b.data, &v) < 0)
		v = 0;
	free(b.data);
	return v;
}

static void run_entry(struct sim_stream *s, int dir, const char *stem)
{
	char name[300];
	struct bytes b;
	int status;

	snprintf(name, sizeof(name), "%s.delay_ms", stem);
	s->ready_ms = sim_now_ms() + (int64_t)read_number(dir, name);
	snprintf(name, sizeof(name), "%s.out", stem);
	if (read_whole(dir, name, &b))
		emit_tokens(s, &b);
	free(b.data);
	snprintf(name, sizeof(name), "%s.err", stem);
	if (read_whole(dir, name, &b))
		emit(s, ID_STDERR, b.data, b.len);
	free(b.data);
	snprintf(name, sizeof(name), "%s.exit", stem);
	status = (int)read_number(dir, name);
	finish(s, status);
}

/* Runs the entry of --commands whose text is exactly this one. False if there is none. */
static bool run_table(struct sim_stream *s, const char *command)
{
	const struct sim_config *cfg = &s->phone->cfg;
	DIR *dir = cfg->commands ? opendir(cfg->commands) : NULL;
	struct dirent *e;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);
		struct bytes b;

		if (n < 5 || strcmp(e->d_name + n - 4, ".cmd") != 0)
			continue;
		if (!read_whole(dirfd(dir), e->d_name, &b))
			continue;
		if (b.len && b.data[b.len - 1] == '\n')
			b.data[--b.len] = '\0';
		found = !strcmp(b.data, command);
		free(b.data);
		if (found) {
			e->d_name[n - 4] = '\0';
			run_entry(s, dirfd(dir), e->d_name);
		}
	}
	closedir(dir);
	return found;
}

bool sim_getprop(const struct sim_config *cfg, const char *key, char *buf, size_t cap)
{
	FILE *f = cfg->props ? fopen(cfg->props, "re") : NULL;
	size_t n = strlen(key);
	char line[1024];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		snprintf(buf, cap, "%s", line + n + 1);
		found = true;
	}
	fclose(f);
	return found;
}

static void run_getprop(struct sim_stream *s, const char *key)
{
	const struct sim_config *cfg = &s->phone->cfg;
	char value[1024] = "", line[1100];
	FILE *f;

	if (*key) {
		sim_getprop(cfg, key, value, sizeof(value));
		emit(s, ID_STDOUT, value, strlen(value));
		emit(s, ID_STDOUT, "\n", 1);
		finish(s, 0);
		return;
	}
	f = cfg->props ? fopen(cfg->props, "re") : NULL;
	while (f && fgets(value, sizeof(value), f)) {
		char *eq = strchr(value, '=');

		value[strcspn(value, "\r\n")] = '\0';
		if (!eq)
			continue;
		*eq = '\0';
		snprintf(line, sizeof(line), "[%s]: [%s]\n", value, eq + 1);
		emit(s, ID_STDOUT, line, strlen(line));
	}
	if (f)
		fclose(f);
	finish(s, 0);
}

static void run_ls(struct sim_stream *s, const char *path)
{
	struct sim_listing list;
	char text[600];
	int error = sim_storage_list(&s->phone->storage, path, &list);

	if (error) {
		snprintf(text, sizeof(text), "ls: %.400s: %s\n", path, strerror(error));
		emit(s, ID_STDERR, text, strlen(text));
	}
	for (size_t i = 0; !error && i < list.n; i++) {
		if (list.names[i][0] == '.')
			continue;
		emit(s, ID_STDOUT, list.names[i], list.lengths[i]);
		emit(s, ID_STDOUT, "\n", 1);
	}
	sim_listing_clear(&list);
	finish(s, error ? 1 : 0);
}

static bool run_builtin(struct sim_stream *s, const char *command)
{
	uint64_t status = 0;

	if (!strcmp(command, "true") || !strcmp(command, "false")) {
		finish(s, *command == 'f');
	} else if (!strncmp(command, "exit ", 5) && sim_parse_u64(command + 5, &status) == 0) {
		finish(s, (int)(status & 255));
	} else if (!strncmp(command, "echo ", 5)) {
		emit(s, ID_STDOUT, command + 5, strlen(command + 5));
		emit(s, ID_STDOUT, "\n", 1);
		finish(s, 0);
	} else if (!strncmp(command, "ls /", 4)) {
		run_ls(s, command + 3);
	} else if (!strcmp(command, "getprop") || !strncmp(command, "getprop ", 8)) {
		run_getprop(s, command[7] ? command + 8 : "");
	} else {
		return false;
	}
	return true;
}

static void run_unknown(struct sim_stream *s, const char *command)
{
	char text[512];

	sim_journal_bytes(&s->phone->journal, "UNKNOWN", command, strlen(command));
	snprintf(text, sizeof(text), "/system/bin/sh: %.*s: inaccessible or not found\n",
		 (int)(strcspn(command, " ") > 400 ? 400 : strcspn(command, " ")), command);
	emit(s, ID_STDERR, text, strlen(text));
	finish(s, 127);
}

static void run_no_range(struct sim_stream *s)
{
	static const char text[] = "dd: unknown iflag skip_bytes\n";

	emit(s, ID_STDERR, text, sizeof(text) - 1);
	finish(s, 123);
}

static int shell_open(struct sim_stream *s, const char *service)
{
	const char *command = strchr(service, ':') + 1, *changing;
	struct shell *sh = calloc(1, sizeof(*sh));
	const struct sim_config *cfg = &s->phone->cfg;
	size_t args = (size_t)(command - service);

	if (!sh)
		return -1;
	s->state = sh;
	sh->v2 = memmem(service, args, ",v2", 3) != NULL;
	sh->pty = memmem(service, args, ",pty", 4) != NULL;
	sh->framing = sh->v2 ? SIM_FRAME_SHELL : SIM_FRAME_NONE;
	sim_journal_bytes(&s->phone->journal, "SHELL", command, strlen(command));
	changing = sim_state_changing(command);
	if (changing)
		sim_journal(&s->phone->journal, "STATE-CHANGING", "%s in %s", changing, command);
	if (!strcmp(command, cfg->range_command)) {
		if (cfg->no_range)
			run_no_range(s);
		else
			sh->is_range = true;
	} else if (!run_table(s, command) && !run_builtin(s, command)) {
		run_unknown(s, command);
	}
	return 0;
}

static void stdin_bytes(struct sim_stream *s, const uint8_t *data, size_t len)
{
	struct shell *sh = s->state;

	if (sh->is_range && !sh->finished)
		sim_range_input(&sh->range, s, sh->framing, data, len);
}

static void stdin_end(struct sim_stream *s)
{
	struct shell *sh = s->state;

	if (sh->is_range && !sh->finished)
		finish(s, sim_range_end(&sh->range, s, sh->framing));
}

static int shell_input(struct sim_stream *s, const uint8_t *data, size_t len)
{
	struct shell *sh = s->state;

	if (!sh->v2) {
		stdin_bytes(s, data, len);
		return 0;
	}
	while (len) {
		size_t n;

		if (sh->head_len < 5) {
			sh->head[sh->head_len++] = *data++;
			len--;
			if (sh->head_len < 5)
				continue;
			sh->body_left = sim_get_le32(sh->head + 1);
			if (sh->head[0] == ID_CLOSE_STDIN)
				stdin_end(s);
		}
		n = sh->body_left < len ? sh->body_left : len;
		if (sh->head[0] == ID_STDIN && n)
			stdin_bytes(s, data, n);
		data += n;
		len -= n;
		sh->body_left -= (uint32_t)n;
		if (!sh->body_left)
			sh->head_len = 0;
	}
	return 0;
}

static void shell_free(struct sim_stream *s)
{
	struct shell *sh = s->state;

	if (!sh)
		return;
	sim_range_clear(&sh->range);
	free(sh);
}

const struct sim_service sim_shell_service = {
	.open = shell_open,
	.input = shell_input,
	.free = shell_free,
};
