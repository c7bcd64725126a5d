// SPDX-License-Identifier: GPL-2.0
/*
 * A working set, some blocks of which are used far more often than others.
 *
 * usage: dmem_work FILE WARM USES MAPPED DISK   read blocks of a file
 *        dmem_work MIB WARM USES MAPPED DISK    change and verify anonymous memory
 *
 * Prints two lines of NAME=VALUE: for WARM uses, then for USES more. MAPPED is the
 * block device below the file or swap area (dm-0), DISK the one below that.
 */
#include <stdio.h>
#include <stdlib.h>

#include "work.h"

int main(int argc, char **argv)
{
	struct set set = { .state = 5 };
	struct figures before, after;
	int part;

	if (argc != 6) {
		fprintf(stderr, "usage: dmem_work FILE|MIB WARM USES MAPPED DISK\n");
		return 2;
	}
	if (!set_open(&set, argv[1])) {
		perror(argv[1]);
		return 2;
	}
	for (part = 2; part <= 3; part++) {
		unsigned long uses = strtoul(argv[part], NULL, 0);

		figures_take(&before, argv[4], argv[5]);
		if (!set_use(&set, uses))
			return 1;
		figures_take(&after, argv[4], argv[5]);
		figures_print(&before, &after, uses * BLOCK, set.memory);
	}
	return 0;
}
