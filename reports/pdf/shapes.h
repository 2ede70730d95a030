/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs of text that were shaped before: every sheet is laid out twice (to count, then to draw), and a
 * table says the same few words in every row. Holds a bounded number of bytes; a run that finds no
 * room is shaped again, with the same result.
 */
#ifndef KT_REPORTS_PDF_SHAPES_H
#define KT_REPORTS_PDF_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pdf_shapes;

/* A glyph in units of its font; cluster counts from the run's first character. */
struct pdf_shape {
	uint32_t id, cluster;
	int32_t dx, dy, advance;
};

/* NULL: no memory, and also good for what follows, which then remembers nothing. */
struct pdf_shapes *pdf_shapes_new(void);
void pdf_shapes_free(struct pdf_shapes **s);

/*
 * Characters [first, first + n) of a paragraph of total, which HarfBuzz sees in their surroundings.
 * What is returned (*count glyphs) belongs to s and holds until the next call; NULL: not known.
 */
struct pdf_run {
	const uint32_t *cp;
	size_t total, first, n;
	uint16_t font;
	bool rtl;
};
const struct pdf_shape *pdf_shapes_get(const struct pdf_shapes *s, const struct pdf_run *run,
				       size_t *count);
/* Room for count glyphs of a run that is not known yet, to be filled by the caller; NULL: none left. */
struct pdf_shape *pdf_shapes_put(struct pdf_shapes *s, const struct pdf_run *run, size_t count);

#endif
