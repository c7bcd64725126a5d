// SPDX-License-Identifier: GPL-2.0
/*
 * Compare two block devices block by block, both read past the page cache.
 *
 * usage: dmem_compare DEVICE UNDERNEATH [OFFSET]
 *
 * OFFSET is where DEVICE begins on UNDERNEATH, in bytes. DEVICE is read 4 KiB
 * at a time, so that each block that a cache holds comes from the cache. Prints
 * the number of blocks and how many differ; exits 1 if one does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK	4096L
#define BATCH	256L

int main(int argc, char **argv)
{
	unsigned long blocks = 0, differ = 0;
	char *one, *other;
	long long at, offset;
	int fd, raw;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: dmem_compare DEVICE UNDERNEATH [OFFSET]\n");
		return 2;
	}
	offset = argc > 3 ? strtoll(argv[3], NULL, 0) : 0;
	fd = open(argv[1], O_RDONLY | O_DIRECT);
	raw = open(argv[2], O_RDONLY | O_DIRECT);
	one = aligned_alloc(BLOCK, BLOCK);
	other = aligned_alloc(BLOCK, BATCH * BLOCK);
	if (fd < 0 || raw < 0 || !one || !other) {
		perror("dmem_compare");
		return 2;
	}
	for (at = 0;; at += BATCH * BLOCK) {
		ssize_t got = pread(raw, other, BATCH * BLOCK, at + offset);
		long i;

		if (got < 0) {
			perror(argv[2]);
			return 2;
		}
		for (i = 0; i < got / BLOCK; i++) {
			ssize_t len = pread(fd, one, BLOCK, at + i * BLOCK);

			if (!len)
				break;
			if (len != BLOCK) {
				perror(argv[1]);
				return 2;
			}
			blocks++;
			if (!memcmp(one, other + i * BLOCK, BLOCK))
				continue;
			if (differ++ < 10)
				fprintf(stderr, "block %lld differs\n",
					at / BLOCK + i);
		}
		if (got < BATCH * BLOCK || i < BATCH)
			break;
	}
	printf("%lu blocks, %lu differ\n", blocks, differ);
	return !blocks || differ;
}
