// SPDX-License-Identifier: GPL-2.0
/*
 * File operations of every kind on one file, checked against a model in memory.
 *
 * usage: dmem_stress FILE MIB SECONDS SEED [OPERATIONS]
 *
 * Goes on for SECONDS and, on a machine too slow for it in that time, until it
 * has done OPERATIONS. SIGTERM ends it as its time would.
 *
 * Random buffered, direct and mapped writes, holes, truncation, fsync and
 * advice to drop the pages; every read, whichever way, must give what the model
 * says. Prints the number of operations; exits 1 at the first difference.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096UL
#define SPAN	(64 * PAGE)	/* longest transfer */

static const char *path;
static unsigned char *model, *buffer;
static size_t capacity, size;
static int fd, direct_fd;
static unsigned long long random_state;
static unsigned long operations;
static volatile sig_atomic_t told_to_end;

static void end_soon(int signal)
{
	told_to_end = signal;
}

static unsigned long pick(unsigned long below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", path, what, strerror(errno));
	exit(2);
}

/* Contents that tell where they belong and when they were written. */
static void scribble(unsigned char *to, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = (offset + i) / 512 * 31 + operations * 7 + i % 251;
}

static void check(const unsigned char *got, size_t offset, size_t len,
		  const char *how)
{
	size_t i;

	if (!memcmp(got, model + offset, len))
		return;
	for (i = 0; got[i] == model[offset + i]; i++)
		;
	fprintf(stderr, "%s: %s differs at %zu after %lu operations: %02x, not %02x\n",
		path, how, offset + i, operations, got[i], model[offset + i]);
	exit(1);
}

static void grow(size_t end)
{
	if (end > size) {
		memset(model + size, 0, end - size);
		size = end;
	}
}

/* A random range; in whole pages for direct transfers. */
static size_t range(size_t limit, size_t *offset, size_t unit)
{
	size_t len;

	if (limit < unit)
		return 0;
	*offset = pick(limit) / unit * unit;
	len = (1 + pick(SPAN)) / unit * unit;
	if (!len)
		len = unit;
	if (*offset + len > limit)
		len = (limit - *offset) / unit * unit;
	return len;
}

static void do_write(int direct)
{
	size_t offset, len = range(capacity, &offset, direct ? PAGE : 1);

	if (!len)
		return;
	scribble(buffer, offset, len);
	if (pwrite(direct ? direct_fd : fd, buffer, len, offset) != (ssize_t)len)
		fail("write");
	if (offset > size)
		grow(offset);
	grow(offset + len);
	memcpy(model + offset, buffer, len);
}

static void do_read(int direct)
{
	size_t offset, len = range(size, &offset, direct ? PAGE : 1);
	ssize_t got;

	if (!len)
		return;
	memset(buffer, 0xa5, len);
	got = pread(direct ? direct_fd : fd, buffer, len, offset);
	if (got != (ssize_t)len)
		fail("read");
	check(buffer, offset, len, direct ? "direct read" : "read");
}

static void do_map(void)
{
	size_t offset, len = range(size, &offset, 1);
	size_t start = offset & ~(PAGE - 1);
	unsigned char *map;

	if (!len)
		return;
	map = mmap(NULL, len + offset - start, PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, start);
	if (map == MAP_FAILED)
		fail("mmap");
	check(map + offset - start, offset, len, "mapping");
	scribble(buffer, offset, len);
	memcpy(map + offset - start, buffer, len);
	memcpy(model + offset, buffer, len);
	if (pick(2) && msync(map, len + offset - start, MS_SYNC))
		fail("msync");
	munmap(map, len + offset - start);
}

static void do_punch(void)
{
	size_t offset, len = range(size, &offset, pick(2) ? PAGE : 1);

	if (!len)
		return;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
		      len)) {
		if (errno == EOPNOTSUPP)
			return;
		fail("punch");
	}
	memset(model + offset, 0, len);
}

static void do_truncate(void)
{
	size_t to = pick(capacity);

	if (pick(2))
		to &= ~(PAGE - 1);
	if (ftruncate(fd, to))
		fail("truncate");
	grow(to);
	size = to;
}

static void step(void)
{
	switch (pick(24)) {
	case 0 ... 4:
		do_write(0);
		break;
	case 5 ... 6:
		do_write(1);
		break;
	case 7 ... 13:
		do_read(0);
		break;
	case 14 ... 15:
		do_read(1);
		break;
	case 16 ... 18:
		do_map();
		break;
	case 19:
		do_punch();
		break;
	case 20:
		do_truncate();
		break;
	case 21:
		if (fsync(fd))
			fail("fsync");
		break;
	default:
		/* Reclaim as far as the pages are clean. */
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
				SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	operations++;
}

int main(int argc, char **argv)
{
	unsigned long least;
	time_t end;

	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: dmem_stress FILE MIB SECONDS SEED [OPERATIONS]\n");
		return 2;
	}
	path = argv[1];
	capacity = strtoul(argv[2], NULL, 0) << 20;
	end = time(NULL) + strtol(argv[3], NULL, 0);
	random_state = strtoull(argv[4], NULL, 0) * 0x9e3779b97f4a7c15ULL + 1;
	least = argc > 5 ? strtoul(argv[5], NULL, 0) : 0;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	direct_fd = open(path, O_RDWR | O_DIRECT);
	model = calloc(1, capacity);
	buffer = aligned_alloc(PAGE, SPAN + PAGE);
	if (fd < 0 || direct_fd < 0 || !model || !buffer)
		fail("open");
	signal(SIGTERM, end_soon);
	while (!told_to_end && (time(NULL) < end || operations < least))
		step();
	do_read(0);
	printf("%lu operations on %s\n", operations, path);
	return 0;
}
