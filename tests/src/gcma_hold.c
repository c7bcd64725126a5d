// SPDX-License-Identifier: GPL-2.0
/*
 * Hold DMA-BUFs of a heap until killed.
 *
 *	gcma_hold HEAP BYTES [COUNT]
 *
 * Prints a line when all are there, or fails.
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct dma_heap_allocation_data data;
	unsigned long bytes, count, i;
	char path[128];
	char *p;
	int heap;

	if (argc < 3)
		return 2;
	bytes = strtoul(argv[2], NULL, 0);
	count = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
	snprintf(path, sizeof(path), "/dev/dma_heap/%s", argv[1]);
	heap = open(path, O_RDONLY);
	if (heap < 0) {
		perror(path);
		return 1;
	}
	for (i = 0; i < count; i++) {
		data = (struct dma_heap_allocation_data){ .len = bytes,
							  .fd_flags = O_RDWR };
		if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data)) {
			perror("allocation");
			return 1;
		}
		p = mmap(NULL, bytes, PROT_WRITE, MAP_SHARED, data.fd, 0);
		if (p != MAP_FAILED)
			p[bytes - 1] = 1;
	}
	close(heap);
	printf("holding\n");
	fflush(stdout);
	pause();
	return 0;
}
