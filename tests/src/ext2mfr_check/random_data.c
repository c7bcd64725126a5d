// SPDX-License-Identifier: GPL-2.0
/*
 * One file, changed through every interface at random offsets, compared with a
 * copy in memory: write, read, shared mapping, direct I/O, truncate, the modes
 * of fallocate, eviction from the page cache.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

#define LIMIT	(600 * 1024)	/* past the first pointer block of each format */
#define ALIGN	512
#define PAGE	4096

static unsigned char *model, *buffer;
static size_t size;
static int fd, direct_fd;
static uint64_t state;

/* The last operations, told when one goes wrong. */
#define TOLD 60
static struct {
	const char *what;
	size_t at, len, size;
} history[TOLD];
static unsigned int operations;

static void note(const char *what, size_t at, size_t len)
{
	history[operations % TOLD].what = what;
	history[operations % TOLD].at = at;
	history[operations % TOLD].len = len;
	history[operations % TOLD].size = size;
	operations++;
}

static void tell(void)
{
	unsigned int i;

	for (i = operations > TOLD ? operations - TOLD : 0; i < operations; i++)
		printf("# %u: %s %zu+%zu, size %zu\n", i,
		       history[i % TOLD].what, history[i % TOLD].at,
		       history[i % TOLD].len, history[i % TOLD].size);
}

static uint32_t pick(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (uint32_t)(state >> 16) % below : 0;
}

static size_t pick_length(size_t from)
{
	static const size_t scale[] = { 64, 1024, 5000, 40000, 200000 };
	size_t len = 1 + pick(scale[pick(5)]);

	return from + len > LIMIT ? LIMIT - from : len;
}

static void fill(size_t len)
{
	size_t i;
	unsigned char seed = pick(256);

	for (i = 0; i < len; i++)
		buffer[i] = seed + i * 7;
}

static void grow_to(size_t end)
{
	if (end > size)
		size = end;
}

static int write_at(const char *what, size_t at, size_t len)
{
	fill(len);
	note(what, at, len);
	EXPECT(pwrite(fd, buffer, len, at) == (ssize_t)len);
	memcpy(model + at, buffer, len);
	grow_to(at + len);
	return 0;
}

static int do_write(void)
{
	size_t at = pick(LIMIT - 1);

	return write_at("write", at, pick_length(at));
}

static int do_write_page(void)
{
	return write_at("write a page", pick(LIMIT / PAGE) * PAGE, PAGE);
}

static int do_write_in_page(void)
{
	size_t at = pick(LIMIT);

	return write_at("write in a page", at, 1 + pick(PAGE - at % PAGE));
}

static int do_append(void)
{
	if (size == LIMIT)
		return 0;
	return write_at("append", size, 1 + pick(PAGE - size % PAGE));
}

static int do_direct_write(void)
{
	size_t at = pick(LIMIT / ALIGN - 1) * ALIGN;
	size_t len = pick_length(at) / ALIGN * ALIGN;

	if (!len)
		len = ALIGN;
	fill(len);
	note("direct write", at, len);
	EXPECT(pwrite(direct_fd, buffer, len, at) == (ssize_t)len);
	memcpy(model + at, buffer, len);
	grow_to(at + len);
	return 0;
}

static int compare(int from, size_t at, size_t len, const char *how)
{
	ssize_t got = pread(from, buffer, len, at);
	size_t expected = at >= size ? 0 : size - at < len ? size - at : len;
	size_t i;

	if (got != (ssize_t)expected) {
		printf("# %s: %zd of %zu bytes at %zu, size %zu\n", how, got,
		       expected, at, size);
		return -1;
	}
	for (i = 0; i < expected; i++)
		if (buffer[i] != model[at + i]) {
			printf("# %s: byte %zu is %u, should be %u (size %zu)\n",
			       how, at + i, buffer[i], model[at + i], size);
			return -1;
		}
	return 0;
}

static int do_read(void)
{
	size_t at = pick(LIMIT - 1), len = pick_length(at);

	note("read", at, len);
	return compare(fd, at, len, "read");
}

static int do_direct_read(void)
{
	size_t at = pick(LIMIT / ALIGN - 1) * ALIGN;
	size_t len = (pick_length(at) + ALIGN - 1) / ALIGN * ALIGN;

	note("direct read", at, len);
	return compare(direct_fd, at, len, "direct read");
}

static int do_map(void)
{
	size_t at, len, base;
	unsigned char *map;

	if (!size)
		return 0;
	at = pick(size);
	len = pick_length(at);
	if (at + len > size)
		len = size - at;
	base = at & ~4095UL;
	map = mmap(NULL, at + len - base, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, base);
	EXPECT(map != MAP_FAILED);
	if (memcmp(map + at - base, model + at, len)) {
		printf("# mapping differs in %zu+%zu\n", at, len);
		return -1;
	}
	if (pick(2)) {
		fill(len);
		note("map write", at, len);
		memcpy(map + at - base, buffer, len);
		memcpy(model + at, buffer, len);
	}
	EXPECT(!munmap(map, at + len - base));
	return 0;
}

static int do_truncate(void)
{
	size_t to = pick(LIMIT);

	note("truncate", to, 0);
	EXPECT(!ftruncate(fd, to));
	if (to < size)
		memset(model + to, 0, size - to);
	size = to;
	return 0;
}

static int do_punch(void)
{
	size_t at = pick(LIMIT - 1), len = pick_length(at);

	note("punch", at, len);
	EXPECT(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len));
	memset(model + at, 0, len);
	return 0;
}

static int do_zero(void)
{
	size_t at = pick(LIMIT - 1), len = pick_length(at);
	int keep = pick(2) ? FALLOC_FL_KEEP_SIZE : 0;

	note(keep ? "zero, keeping the size" : "zero", at, len);
	if (keep && at + len > size) {
		/* Nothing behind the end can be zeroed; then nothing is. */
		EXPECT_ERR(fallocate(fd, FALLOC_FL_ZERO_RANGE | keep, at, len), EOPNOTSUPP);
		return 0;
	}
	EXPECT(!fallocate(fd, FALLOC_FL_ZERO_RANGE | keep, at, len));
	memset(model + at, 0, len);
	if (at + len > size)
		size = at + len;
	return 0;
}

static int do_allocate(void)
{
	size_t at = pick(LIMIT - 1), len = pick_length(at);

	note("allocate", at, len);
	EXPECT(!fallocate(fd, 0, at, len));
	grow_to(at + len);
	return 0;
}

static int do_flush(void)
{
	note("flush", 0, 0);
	EXPECT(!fsync(fd));
	EXPECT(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	return 0;
}

static int step(void)
{
	static int (*const ops[])(void) = {
		do_write, do_write, do_write, do_write_page, do_write_page,
		do_write_in_page, do_append, do_read, do_read, do_map, do_map,
		do_truncate, do_punch, do_zero, do_allocate,
		do_direct_write, do_direct_read, do_flush,
	};

	return ops[pick(sizeof(ops) / sizeof(*ops))]();
}

int random_data(unsigned long rounds, unsigned int seed)
{
	unsigned long i;
	struct stat st;

	state = 0x9e3779b97f4a7c15ULL * (seed + 1);
	model = calloc(1, LIMIT + 4096);
	EXPECT(model && !posix_memalign((void **)&buffer, 4096, LIMIT + 4096));
	fd = open("random", O_RDWR | O_CREAT | O_TRUNC, 0644);
	direct_fd = open("random", O_RDWR | O_DIRECT);
	EXPECT(fd >= 0 && direct_fd >= 0);
	for (i = 0; i < rounds; i++)
		if (step()) {
			tell();
			return -1;
		}
	EXPECT(!fstat(fd, &st) && (size_t)st.st_size == size);
	return compare(fd, 0, LIMIT, "last read");
}
