// SPDX-License-Identifier: GPL-2.0
/*
 * More anonymous memory than there is, every page verified.
 *
 * usage: dmem_swap MIB ROUNDS
 *
 * Each page says which one it is and in which round it was written. Rounds go
 * over the pages in different orders; a part of the pages is only read, so that
 * swapped-in pages are dropped without being written again.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	4096UL

static unsigned long word(unsigned long page, unsigned long round,
			  unsigned long i)
{
	return (page * 0x9e3779b97f4a7c15UL ^ round << 40) + i;
}

int main(int argc, char **argv)
{
	unsigned long pages, rounds, round, n, i, wrong = 0;
	unsigned long *memory, *written;

	if (argc != 3) {
		fprintf(stderr, "usage: dmem_swap MIB ROUNDS\n");
		return 2;
	}
	pages = strtoul(argv[1], NULL, 0) << 20 >> 12;
	rounds = strtoul(argv[2], NULL, 0);
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	written = calloc(pages, sizeof(*written));
	if (memory == MAP_FAILED || !written) {
		perror("dmem_swap");
		return 2;
	}
	for (round = 1; round <= rounds; round++) {
		for (n = 0; n < pages; n++) {
			unsigned long page = round % 2 ? n :
					     (n * 7919 + round) % pages;
			unsigned long *p = memory + page * (PAGE / sizeof(*p));

			for (i = 0; written[page] && i < PAGE / sizeof(*p); i++)
				if (p[i] != word(page, written[page], i))
					break;
			if (written[page] && i < PAGE / sizeof(*p))
				wrong++;
			if (round > 1 && page % 3)
				continue;
			written[page] = round;
			for (i = 0; i < PAGE / sizeof(*p); i++)
				p[i] = word(page, round, i);
		}
	}
	printf("%lu pages, %lu rounds, %lu wrong\n", pages, rounds, wrong);
	return !!wrong;
}
