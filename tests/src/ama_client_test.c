// SPDX-License-Identifier: GPL-2.0
/*
 * Append entries to ama_client's ledger while allocations are made to fail.
 *
 * usage: ama_client_test MARK COUNT
 *
 * MARK is the file that exposes a task to injected failures; the ledger's file
 * is opened before. Prints how many of COUNT writes failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEDGER	"/sys/kernel/debug/ama_client/append"

static int need(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	return fd;
}

int main(int argc, char **argv)
{
	unsigned long i, count, failed = 0;
	char text[1000];
	int ledger, mark;

	if (argc != 3) {
		fprintf(stderr, "usage: ama_client_test MARK COUNT\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 0);
	memset(text, 'x', sizeof(text));
	ledger = need(LEDGER);
	mark = need(argv[1]);
	setpgid(0, 0);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) || write(mark, "1", 1) != 1)
		return 2;
	for (i = 0; i < count; i++) {
		size_t size = 1 + i * 7 % sizeof(text);

		failed += write(ledger, text, size) != (ssize_t)size;
	}
	if (write(mark, "0", 1) != 1)
		return 2;
	printf("%lu\n", failed);
	return 0;
}
