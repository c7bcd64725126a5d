// SPDX-License-Identifier: GPL-2.0
/*
 * Splice what comes from a pipe on standard input to the file on standard output.
 *
 * usage: splice_in <PIPE >FILE
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	ssize_t moved;

	do
		moved = splice(0, NULL, 1, NULL, 1 << 20, 0);
	while (moved > 0);
	if (moved < 0)
		perror("splice_in");
	return moved < 0;
}
