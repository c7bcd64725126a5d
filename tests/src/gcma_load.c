// SPDX-License-Identifier: GPL-2.0
/*
 * States of memory and loads for measuring allocators.
 *
 *	gcma_load anon MIB       every other page of that much anonymous memory
 *	gcma_load pin MIB COUNT  the same, COUNT of the pages pinned in pipes
 *	gcma_load build          like a compilation: short processes that fill and
 *	                         leave memory, and write small files, until killed
 *	gcma_load files DIR      create, write, read, rename and remove files in
 *	                         DIR until killed
 *
 * The first two print a line when they are ready and stay until killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
#define MEGABYTE (1024UL * 1024)

static char *fill(unsigned long mib)
{
	char *p = mmap(NULL, mib * MEGABYTE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, mib * MEGABYTE, MADV_NOHUGEPAGE);
	for (unsigned long i = 0; i < mib * MEGABYTE; i += PAGE)
		p[i] = i / PAGE;
	return p;
}

/* Spread over the memory, so that some are wherever one looks. */
static void pin(char *p, unsigned long mib, unsigned long count)
{
	unsigned long step = mib * MEGABYTE / count / (2 * PAGE) * (2 * PAGE);
	int ends[2];

	for (unsigned long i = 0; i < count; i++) {
		struct iovec page = { .iov_base = p + i * step,
				      .iov_len = PAGE };

		if (i % 16 == 0 && pipe(ends)) {
			perror("pipe");
			exit(1);
		}
		if (vmsplice(ends[1], &page, 1, 0) != (ssize_t)PAGE) {
			perror("vmsplice");
			exit(1);
		}
	}
}

static void leave_half(char *p, unsigned long mib)
{
	for (unsigned long i = PAGE; i < mib * MEGABYTE; i += 2 * PAGE)
		madvise(p + i, PAGE, MADV_DONTNEED);
}

static void stay(void)
{
	printf("ready\n");
	fflush(stdout);
	pause();
}

static void touch_file(const char *dir, unsigned int nr, size_t bytes)
{
	static char block[65536];
	char name[256], other[256];
	int fd;

	snprintf(name, sizeof(name), "%s/file%u", dir, nr);
	snprintf(other, sizeof(other), "%s/done%u", dir, nr);
	fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
	if (fd < 0)
		return;
	memset(block, nr, sizeof(block));
	for (size_t i = 0; i < bytes; i += sizeof(block))
		if (write(fd, block, sizeof(block)) < 0)
			break;
	if (nr % 8 == 0)
		fsync(fd);
	lseek(fd, 0, SEEK_SET);
	while (read(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	rename(name, other);
}

static void files(const char *dir)
{
	char name[256];

	for (unsigned int nr = 0;; nr++) {
		touch_file(dir, nr % 64, (1 + nr * 7 % 16) * 65536);
		if (nr % 5 == 0) {
			snprintf(name, sizeof(name), "%s/done%u", dir, nr % 64);
			unlink(name);
		}
	}
}

static void build(void)
{
	for (unsigned int nr = 0;; nr++) {
		pid_t child = fork();

		if (!child) {
			fill(12 + nr * 5 % 24);
			touch_file("/tmp", nr % 16, 65536);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	unsigned long mib = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (argc == 3 && !strcmp(argv[1], "anon")) {
		leave_half(fill(mib), mib);
		stay();
	} else if (argc == 4 && !strcmp(argv[1], "pin")) {
		char *p = fill(mib);

		pin(p, mib, strtoul(argv[3], NULL, 0));
		leave_half(p, mib);
		stay();
	} else if (argc == 3 && !strcmp(argv[1], "files")) {
		files(argv[2]);
	} else if (argc == 2 && !strcmp(argv[1], "build")) {
		build();
	}
	return 2;
}
