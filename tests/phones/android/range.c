/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPERAND_MAX 131072

static void complain(struct sim_stream *s, enum sim_framing framing, const char *what,
		     const char *reason)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "dd: %s: %s\n", what, reason);

	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	sim_outq_mem(&s->out, framing, 2, text, (size_t)n);
}

struct triple {
	const char *path;
	uint64_t skip, count;
	bool has_count;
};

/* NULL, or the operand that is none of if=, skip=, count= with a plain number. */
static const char *read_triple(const struct sim_range *r, size_t n, struct triple *t)
{
	*t = (struct triple){0};
	for (size_t i = 0; i < n; i++) {
		const char *op = r->operand[i];

		if (!strncmp(op, "if=", 3)) {
			t->path = op + 3;
		} else if (!strncmp(op, "skip=", 5)) {
			if (sim_parse_u64(op + 5, &t->skip) < 0)
				return op;
		} else if (!strncmp(op, "count=", 6)) {
			if (sim_parse_u64(op + 6, &t->count) < 0)
				return op;
			t->has_count = true;
		} else {
			return op;
		}
	}
	return NULL;
}

static void run_dd(struct sim_range *r, struct sim_stream *s, enum sim_framing framing, size_t n)
{
	struct sim_phone *p = s->phone;
	const char *bad;
	struct triple t;
	int fd, error;
	struct stat st;

	bad = read_triple(r, n, &t);
	if (bad) {
		bool writes = !strncmp(bad, "of=", 3) || !strncmp(bad, "seek=", 5);

		sim_journal_bytes(&p->journal, writes ? "STATE-CHANGING" : "UNKNOWN", bad,
				  strlen(bad));
		complain(s, framing, bad, "refused by the simulator");
		r->failed = true;
		return;
	}
	if (!t.path) /* dd reads its own stdin, which xargs made /dev/null */
		return;
	if (!t.has_count)
		t.count = UINT64_MAX;
	sim_journal(&p->journal, "RANGE", "%s %llu %llu", t.path, (unsigned long long)t.skip,
		    (unsigned long long)t.count);
	error = sim_storage_open_file(&p->storage, t.path, true, &fd);
	if (error) {
		complain(s, framing, t.path, strerror(error));
		r->failed = true;
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		complain(s, framing, t.path, "read error: Is a directory");
		r->failed = true;
		close(fd);
		return;
	}
	sim_storage_mark_read(&p->storage, t.path);
	if (t.skip > INT64_MAX || !t.count)
		close(fd);
	else
		sim_outq_file(&s->out, framing, 1, fd, t.skip, t.count);
}

static void drop_operands(struct sim_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(r->operand[i]);
	memmove(&r->operand[0], &r->operand[n], (4 - n) * sizeof(r->operand[0]));
	r->n -= n;
}

static void add_operand(struct sim_range *r, struct sim_stream *s, enum sim_framing framing)
{
	size_t need = s->phone->cfg.range_eager ? 3 : 4;

	r->operand[r->n++] = r->partial;
	r->partial = NULL;
	r->partial_len = 0;
	if (r->n < need)
		return;
	run_dd(r, s, framing, 3);
	drop_operands(r, 3);
}

void sim_range_input(struct sim_range *r, struct sim_stream *s, enum sim_framing framing,
		     const uint8_t *data, size_t len)
{
	while (len) {
		const uint8_t *nul = memchr(data, 0, len);
		size_t n = nul ? (size_t)(nul - data) : len;
		char *grown;

		if (r->partial_len + n > OPERAND_MAX)
			return;
		grown = realloc(r->partial, r->partial_len + n + 1);
		if (!grown)
			return;
		r->partial = grown;
		memcpy(r->partial + r->partial_len, data, n);
		r->partial_len += n;
		r->partial[r->partial_len] = '\0';
		data += n;
		len -= n;
		if (nul) {
			add_operand(r, s, framing);
			data++;
			len--;
		}
	}
}

int sim_range_end(struct sim_range *r, struct sim_stream *s, enum sim_framing framing)
{
	if (r->partial_len)
		add_operand(r, s, framing);
	if (r->n)
		run_dd(r, s, framing, r->n);
	drop_operands(r, r->n);
	return r->failed ? 123 : 0;
}

void sim_range_clear(struct sim_range *r)
{
	drop_operands(r, r->n);
	free(r->partial);
	r->partial = NULL;
	r->partial_len = 0;
}
