/* SPDX-License-Identifier: EUPL-1.2 */
/* render-views DIR: has the sandboxed keten-render draw every view of DIR/report.json, as `keten report` does. */
#include <fcntl.h>
#include <stdio.h>

#include "cli/steps.h"
#include "core/err.h"

int main(int argc, char **argv)
{
	struct kt_err err = {0};
	int dir = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir < 0) {
		fprintf(stderr, "usage: render-views DIR (with report.json in it)\n");
		return 2;
	}
	if (kt_report_views(dir, &err) == 0)
		return 0;
	fprintf(stderr, "render-views: %s\n", kt_err_text(&err));
	return 1;
}
