// SPDX-License-Identifier: GPL-2.0
/*
 * entry_calls: a file system entered by ways other than native system calls.
 *
 * usage: entry_calls io_uring|io_uring-async|ia32 DIRECTORY ROUNDS
 *
 *   io_uring        requests that the kernel tries at once
 *   io_uring-async  requests that a worker thread carries out
 *   ia32            32-bit system calls; prints how often each of the kernel's
 *                   functions that a scope is due for was called
 *
 * Makes files and directories, writes, reads back and compares, renames and
 * removes. Each call must succeed. Exit status: 0 all did; 1 not so, said on
 * standard output; 2 could not be run; 3 this kernel has no such way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry_calls.h"

unsigned char data[SIZE], back[SIZE];
char target[4096];
struct statx status;
static unsigned long calls, failures;

long told(const char *what, long result, long want)
{
	calls++;
	if (result == want || (want < 0 && result >= 0))
		return result;
	if (failures++ < 10)
		printf("# %s: %ld (%s), want %ld\n", what, result,
		       result < 0 ? strerror(-result) : "success", want);
	return result;
}

void compare(const char *what)
{
	calls++;
	if (!memcmp(data, back, SIZE))
		return;
	failures++;
	printf("# %s: other data\n", what);
}

int main(int argc, char **argv)
{
	void (*make_round)(void) = ring_round;
	unsigned long rounds, nr;
	unsigned int i;

	rounds = argc == 4 ? strtoul(argv[3], NULL, 0) : 0;
	if (!rounds) {
		fprintf(stderr, "usage: entry_calls io_uring|io_uring-async|ia32 DIRECTORY ROUNDS\n");
		return 2;
	}
	if (!strcmp(argv[1], "io_uring"))
		open_ring(false);
	else if (!strcmp(argv[1], "io_uring-async"))
		open_ring(true);
	else if (!strcmp(argv[1], "ia32"))
		make_round = ia32_round;
	else
		return 2;
	if (chdir(argv[2])) {
		perror(argv[2]);
		return 2;
	}
	for (i = 0; i < SIZE; i++)
		data[i] = i * 37 + i / 251;
	memset(target, 't', 900);
	for (nr = 0; nr < rounds; nr++)
		make_round();
	if (make_round == ia32_round)
		ia32_print_made();
	printf("# %s: %lu calls, %lu failed\n", argv[1], calls, failures);
	return failures != 0;
}
