/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * On a narrow screen a table's head is out of sight and each cell says what it holds. The words are
 * part of the style sheet, so they are put into it in the language of the page.
 */
#include "reports/render/html_i.h"

static const struct {
	const char *cell, *label;
} labels[] = {
	{".obs th", N_("No.")},
	{".obs td:nth-child(2)", N_("Time")},
	{".obs td:nth-child(3)", N_("Latitude, longitude")},
	{".obs td:nth-child(4)", N_("Accuracy")},
	{".obs td:nth-child(5)", N_("Basis")},
	{".obs td:nth-child(6)", N_("What the source says")},
	{".obs td:nth-child(7)", N_("Where it stands")},
	{".sources td:nth-child(2)", N_("Outcome")},
	{".gaps td:nth-child(2)", N_("Outcome")},
	{".sources td:nth-child(3)", N_("Observations")},
	{".sources td:nth-child(4)", N_("of these with position")},
	{".sources td:nth-child(5)", N_("Withheld")},
	{".sources td:nth-child(6)", N_("Not reported")},
	{".sources td:nth-child(7)", N_("In words")},
	{".taken td:nth-child(2)", N_("Asked for")},
	{".taken td:nth-child(3)", N_("Outcome")},
	{".taken td:nth-child(4)", N_("Objects")},
	{".taken td:nth-child(5)", N_("Stored")},
	{".taken td:nth-child(6)", N_("Size at the source")},
	{".gaps td:nth-child(3)", N_("What a gap here can mean")},
	{".whole td:nth-child(2)", N_("Object")},
	{".whole td:nth-child(4)", N_("Records withheld")},
	{".reasons td:nth-child(2)", N_("Reason")},
	{".whole td:nth-child(3)", N_("Reason")},
	{".reasons td:nth-child(3)", N_("Count")},
	{".statements td:nth-child(2)", N_("Value")},
	{".statements td:nth-child(3)", N_("Where it stands")},
	{".objects td:nth-child(2)", N_("Path")},
	{".objects td:nth-child(3)", N_("Stored")},
	{".objects td:nth-child(4)", N_("SHA-256 of what was stored")},
	{".totals td:nth-child(2)", N_("Days")},
	{".totals td:nth-child(3)", N_("Observations")},
	{".totals td:nth-child(4)", N_("First")},
	{".totals td:nth-child(5)", N_("Last")},
	{".stays th", N_("No.")},
	{".stays td:nth-child(2)", N_("Where")},
	{".stays td:nth-child(3)", N_("From")},
	{".stays td:nth-child(4)", N_("Until")},
	{".stays td:nth-child(5)", N_("Days")},
	{".stays td:nth-child(6)", N_("Observations")},
	{".stays td:nth-child(7)", N_("Longest gap")},
	{".stays td:nth-child(8)", N_("Source")},
	{".places th", N_("No.")},
	{".places td:nth-child(2)", N_("Latitude, longitude")},
	{".places td:nth-child(3)", N_("Where")},
	{".places td:nth-child(4)", N_("Days")},
	{".places td:nth-child(5)", N_("Observations")},
	{".places td:nth-child(6)", N_("First and last")},
	{".places td:nth-child(7)", N_("Sources")},
	{".pairs td:nth-child(2)", N_("Pairs")},
	{".pairs td:nth-child(3)", N_("From and until")},
	{".pairs td:nth-child(4)", N_("First pair")},
	{".pairs td:nth-child(5)", N_("Apart")},
	{".cameras td:nth-child(2)", N_("Pictures")},
	{".cameras td:nth-child(3)", N_("of these with position")},
	{".cameras td:nth-child(4)", N_("This phone's")},
	{"table.claim td:nth-child(1)", N_("Fits")},
	{"table.claim td:nth-child(2)", N_("Does not fit")},
	{"table.claim td:nth-child(3)", N_("Not determined")},
};

void put_css(struct kt_buf *b, enum kt_lang lang)
{
	kt_buf_puts(b, html_css);
	kt_buf_puts(b, "@media(max-width:44rem){");
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		kt_buf_printf(b, "%s::before{content:\"%s \"}", labels[i].cell,
			      kt_tr(lang, labels[i].label));
	kt_buf_puts(b, "}\n");
}
