// SPDX-License-Identifier: GPL-2.0
/*
 * Append entries to a client's ledger while allocations are made to fail.
 *
 * usage: ama_client_test MARK COUNT [LEDGER TEXT]
 *
 * MARK is the file that exposes a task to injected failures; the ledger's file
 * is opened before. Prints how many of COUNT writes failed. Without LEDGER it is
 * ama_client's, and the texts differ in length.
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

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: ama_client_test MARK COUNT [LEDGER TEXT]\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 0);
	memset(text, 'x', sizeof(text));
	ledger = need(argc == 5 ? argv[3] : LEDGER);
	mark = need(argv[1]);
	setpgid(0, 0);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) || write(mark, "1", 1) != 1)
		return 2;
	for (i = 0; i < count; i++) {
		size_t size = argc == 5 ? strlen(argv[4]) : 1 + i * 7 % sizeof(text);

		failed += write(ledger, argc == 5 ? argv[4] : text, size) != (ssize_t)size;
	}
	if (write(mark, "0", 1) != 1)
		return 2;
	printf("%lu\n", failed);
	return 0;
}
