// SPDX-License-Identifier: GPL-2.0
/*
 * How long a DMA-BUF heap takes to allocate.
 *
 *	gcma_bench HEAP BYTES COUNT
 *
 * Allocates COUNT buffers, keeps them until it ends, and prints the nanoseconds
 * of each ioctl, or "failed" and the nanoseconds.
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned long bytes, count;
	char path[128];
	int heap;

	if (argc != 4)
		return 2;
	bytes = strtoul(argv[2], NULL, 0);
	count = strtoul(argv[3], NULL, 0);
	snprintf(path, sizeof(path), "/dev/dma_heap/%s", argv[1]);
	heap = open(path, O_RDONLY);
	if (heap < 0) {
		perror(path);
		return 1;
	}
	while (count--) {
		struct dma_heap_allocation_data data = {
			.len = bytes, .fd_flags = O_RDWR | O_CLOEXEC,
		};
		uint64_t began = now();
		int err = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data);
		uint64_t ns = now() - began;

		printf("%s%llu\n", err ? "failed " : "", (unsigned long long)ns);
	}
	return 0;
}
