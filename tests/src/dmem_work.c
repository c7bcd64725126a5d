// SPDX-License-Identifier: GPL-2.0
/*
 * A working set: read blocks of a file, some of them far more often than others.
 *
 * usage: dmem_work FILE READS SEED
 *
 * Which block comes next follows a power law over the file, and the favourites
 * lie all over it. Prints seconds, and mebibytes a second, of all reads.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	16384UL

/* Steepness: the share u of the blocks that are read most gets u^(1/STEEP). */
#define STEEP	3

/* Odd, so that ranks are spread over the file without a block left out. */
#define SPREAD	0x9e3779b1UL

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double random_share(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) / (double)(1ULL << 53);
}

int main(int argc, char **argv)
{
	static char block[BLOCK];
	uint64_t state;
	unsigned long reads, blocks, mask, i;
	struct stat st;
	double began, seconds;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: dmem_work FILE READS SEED\n");
		return 2;
	}
	reads = strtoul(argv[2], NULL, 0);
	state = strtoul(argv[3], NULL, 0) * 2 + 1;
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[1]);
		return 2;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	blocks = st.st_size / BLOCK;
	for (mask = 1; mask < blocks; mask *= 2)
		;
	mask--;
	began = now();
	for (i = 0; i < reads; i++) {
		double share = random_share(&state);
		double rank = blocks;
		unsigned long at;

		for (int power = 0; power < STEEP; power++)
			rank *= share;
		at = rank;
		/* A permutation of 0..mask; those past the end are drawn anew. */
		do
			at = at * SPREAD & mask;
		while (at >= blocks);
		if (pread(fd, block, BLOCK, at * BLOCK) != (ssize_t)BLOCK) {
			perror("read");
			return 1;
		}
	}
	seconds = now() - began;
	printf("%.3f %.3f\n", seconds, reads * BLOCK / seconds / 1048576);
	return 0;
}
