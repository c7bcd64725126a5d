// SPDX-License-Identifier: GPL-2.0
/*
 * Which errors damage explains, call by call. No memory, descriptor or file system
 * state is among them, and none that is another call's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "fuzz.h"

#define DAMAGE	EUCLEAN, EIO
#define CHANGE	DAMAGE, EROFS, EPERM

int strange_results;

/* Zero ends a row. */
static const int explained[CLASSES][12] = {
	[NEVER_FAILS] = { 0 },
	/* A name may be there twice. */
	[LOOKUP] = { DAMAGE, ENOENT },
	[OPEN_WRITE] = { CHANGE, ENOENT },
	[READ] = { DAMAGE },
	[SEEK] = { DAMAGE, ENXIO },
	[WRITE] = { CHANGE, ENOSPC, EFBIG },
	[RESIZE] = { CHANGE, EFBIG },
	[SYNC] = { DAMAGE },
	[READ_LINK] = { DAMAGE },
	[GET_ATTR] = { DAMAGE, ENODATA },
	[REMOVE_ATTR] = { CHANGE, ENODATA, ENOSPC },
	[SET_ATTR] = { CHANGE, ENOSPC },
	[REMOVE] = { CHANGE, ENOENT },
	[REMOVE_DIR] = { CHANGE, ENOENT, ENOTEMPTY },
	[ENTER] = { CHANGE, ENOSPC, EMLINK, ENOENT, EEXIST },
	[RENAME] = { CHANGE, ENOSPC, EMLINK, ENOENT },
	[SWAP] = { CHANGE, EMLINK, ENOENT },
	[REMOUNT] = { DAMAGE, EROFS },
	[TRIM] = { DAMAGE, EROFS },
};

/* Look at a call's result; returns whether it succeeded. */
int worked(enum call_class class, const char *call, const char *path, long result)
{
	const int *expected;

	if (result >= 0)
		return 1;
	for (expected = explained[class]; *expected; expected++)
		if (errno == *expected)
			return 0;
	printf("# %s %s: %s\n", call, path, strerror(errno));
	strange_results++;
	return 0;
}
