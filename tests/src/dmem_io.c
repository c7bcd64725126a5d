// SPDX-License-Identifier: GPL-2.0
/*
 * Time reads or writes of one size, spread over a file or a block device.
 *
 * usage: dmem_io FILE read|write direct|buffered BYTES COUNT
 *
 * Transfers go through the file in strides of an odd number of their size, so
 * that none follows its predecessor on the disk. Prints nanoseconds a transfer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Largest transfer. */
#define HUGE	(2UL << 20)

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned long bytes, count, slots, i;
	unsigned long long start;
	int fd, writing;
	char *buffer;
	off_t size;

	if (argc != 6) {
		fprintf(stderr, "usage: dmem_io FILE read|write direct|buffered BYTES COUNT\n");
		return 2;
	}
	writing = !strcmp(argv[2], "write");
	bytes = strtoul(argv[4], NULL, 0);
	count = strtoul(argv[5], NULL, 0);
	fd = open(argv[1], O_RDWR | (strcmp(argv[3], "direct") ? 0 : O_DIRECT));
	/* One huge page if there is one, so that the buffer's frames do not count. */
	buffer = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (buffer == MAP_FAILED)
		buffer = aligned_alloc(HUGE, HUGE);
	/* A block device has no st_size. */
	size = lseek(fd, 0, SEEK_END);
	if (fd < 0 || !buffer || bytes > HUGE || size < (off_t)bytes) {
		perror(argv[1]);
		return 2;
	}
	if (strcmp(argv[3], "direct"))
		posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	memset(buffer, 0x5a, bytes);
	slots = size / bytes;
	start = now();
	for (i = 0; i < count; i++) {
		off_t at = i * 37 % slots * bytes;
		ssize_t done = writing ? pwrite(fd, buffer, bytes, at) :
					 pread(fd, buffer, bytes, at);

		if (done != (ssize_t)bytes) {
			perror(argv[2]);
			return 1;
		}
	}
	if (writing && strcmp(argv[3], "direct"))
		fsync(fd);
	printf("%llu\n", (now() - start) / count);
	return 0;
}
