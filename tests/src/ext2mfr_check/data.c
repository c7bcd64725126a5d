// SPDX-License-Identifier: GPL-2.0
/*
 * Data: sizes, holes, appending, reserving, mappings, direct I/O.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static int open_new(const char *name, int flags)
{
	return open(name, O_RDWR | O_CREAT | O_EXCL | flags, 0644);
}

static int test_sparse(void)
{
	const off_t far = (off_t)15 << 30;
	char byte = 'x';
	struct stat st;
	int fd = open_new("a", 0);

	EXPECT(fd >= 0 && pwrite(fd, &byte, 1, far) == 1);
	EXPECT(!fstat(fd, &st) && st.st_size == far + 1);
	EXPECT(st.st_blocks <= 5 * 8);
	EXPECT(pread(fd, &byte, 1, far / 2) == 1 && byte == 0);
	EXPECT(pread(fd, &byte, 1, far) == 1 && byte == 'x');
	EXPECT(lseek(fd, 0, SEEK_DATA) > far - 65536);
	EXPECT(lseek(fd, 0, SEEK_HOLE) == 0);
	EXPECT(lseek(fd, far, SEEK_HOLE) == far + 1);
	EXPECT(!ftruncate(fd, 0) && !fstat(fd, &st) && !st.st_blocks);
	return close(fd);
}

/* The trees' end with blocks of 1 and 2 KiB; 2 TiB of blocks, the trees' own among
 * them, with 4 KiB.
 */
static int is_size_limit(off_t size)
{
	struct statvfs fs;

	EXPECT(!statvfs(".", &fs));
	switch (fs.f_bsize) {
	case 1024:
		EXPECT(size == 17247252480);
		break;
	case 2048:
		EXPECT(size == 275415851008);
		break;
	default:
		EXPECT(size > (off_t)2045 << 30 && size < (off_t)1 << 41);
	}
	return 0;
}

static off_t size_limit(int fd)
{
	off_t low = 0, high = (off_t)1 << 45, mid;

	while (low < high) {
		mid = (low + high + 1) / 2;
		if (ftruncate(fd, mid))
			high = mid - 1;
		else
			low = mid;
	}
	return low;
}

static int test_size_limit(void)
{
	int fd = open_new("a", 0);
	off_t limit;

	EXPECT(fd >= 0);
	limit = size_limit(fd);
	printf("# files end at %lld bytes\n", (long long)limit);
	EXPECT(!is_size_limit(limit));
	EXPECT(!ftruncate(fd, limit));
	EXPECT(pwrite(fd, "x", 1, limit - 1) == 1);
	EXPECT_ERR(pwrite(fd, "x", 1, limit), EFBIG);
	return close(fd);
}

enum { EDGES = 8 };

/* Where each level of pointers begins and ends, the last bytes of the longest file that
 * ext4.ko opens, and those of a file of @size bytes.
 */
static unsigned int edges_of(off_t size, off_t *edges)
{
	const off_t ext4_limit = 2194719883264;
	off_t block, at, span = 1;
	unsigned int i, nr = 0;
	struct statvfs fs;

	if (statvfs(".", &fs))
		return 0;
	block = fs.f_bsize;
	at = 12 * block;
	for (i = 0; i < 3; i++) {
		edges[nr++] = at - block;
		edges[nr++] = at;
		span *= block / 4;
		at += span * block;
	}
	if (size > ext4_limit)
		edges[nr++] = ext4_limit - sizeof(size);
	edges[nr++] = size - sizeof(size);
	return nr;
}

/* At each of the edges it holds its own place. */
int longest_is_whole(void)
{
	int fd = open("longest", O_RDONLY);
	off_t edges[EDGES], size, found;
	unsigned int i, nr;

	EXPECT(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	nr = edges_of(size, edges);
	EXPECT(nr >= 7);
	for (i = 0; i < nr; i++) {
		EXPECT(pread(fd, &found, sizeof(found), edges[i]) == sizeof(found));
		EXPECT(found == edges[i]);
	}
	return close(fd);
}

int make_longest(void)
{
	int fd = open_new("longest", 0), caches;
	off_t edges[EDGES], size;
	unsigned int i, nr;

	EXPECT(fd >= 0);
	size = size_limit(fd);
	EXPECT(!is_size_limit(size) && !ftruncate(fd, size));
	nr = edges_of(size, edges);
	for (i = 0; i < nr; i++)
		EXPECT(pwrite(fd, &edges[i], sizeof(*edges), edges[i]) ==
		       sizeof(*edges));
	EXPECT(!fsync(fd) && !close(fd));
	caches = open("/proc/sys/vm/drop_caches", O_WRONLY);
	EXPECT(caches >= 0 && write(caches, "3", 1) == 1 && !close(caches));
	return longest_is_whole();
}

static int test_append(void)
{
	int fd = open_new("a", O_APPEND), i, status;
	struct stat st;
	pid_t pid[4];

	EXPECT(fd >= 0);
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		EXPECT(pid[i] >= 0);
		if (!pid[i]) {
			char line[100];
			int n;

			memset(line, 'a' + i, sizeof(line));
			for (n = 0; n < 200; n++)
				if (write(fd, line, sizeof(line)) != 100)
					_exit(1);
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		EXPECT(waitpid(pid[i], &status, 0) == pid[i] && !status);
	EXPECT(!fstat(fd, &st) && st.st_size == 4 * 200 * 100);
	for (i = 0; i < 800; i++) {
		char line[100];
		size_t n;

		EXPECT(pread(fd, line, 100, i * 100) == 100);
		for (n = 1; n < 100; n++)
			EXPECT(line[n] == line[0]);
	}
	return close(fd);
}

/* Transfers of several pieces. */
static int test_large(void)
{
	const size_t len = 3 << 20;
	unsigned char *out = malloc(len), *in = malloc(len);
	int fd = open_new("a", 0);
	size_t i;

	EXPECT(out && in && fd >= 0);
	for (i = 0; i < len; i++)
		out[i] = i * 31 + (i >> 12);
	EXPECT(write(fd, out, len) == (ssize_t)len && !fsync(fd));
	EXPECT(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT(pread(fd, in, len, 0) == (ssize_t)len && !memcmp(in, out, len));
	free(out);
	free(in);
	return close(fd);
}

/* A write whose source ends in the middle leaves no stale bytes behind. */
static int short_copy(int fd, off_t start)
{
	char *map = mmap(NULL, 3 * 65536, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), byte;
	struct stat st;
	ssize_t got;
	off_t at;

	EXPECT(map != MAP_FAILED);
	memset(map, 'y', 65536);
	EXPECT(!munmap(map + 65536, 65536));
	EXPECT(!ftruncate(fd, 0) && !ftruncate(fd, 1 << 20));
	got = pwrite(fd, map, 2 * 65536, start);
	EXPECT(got > 0 && got <= 65536);
	for (at = 0; at < 1 << 20; at += 511) {
		EXPECT(pread(fd, &byte, 1, at) == 1);
		EXPECT(byte == (at >= start && at < start + got ? 'y' : 0));
	}
	EXPECT(!fstat(fd, &st) && st.st_blocks * 512 <= 65536 + 8192);
	EXPECT_ERR(pwrite(fd, map + 65536, 100, 0), EFAULT);
	return munmap(map, 3 * 65536);
}

/* In the middle of a page and of a block as well. */
static int test_short_copy(void)
{
	static const off_t start[] = { 8192, 8192 + 1024, 8192 + 1500 };
	int fd = open_new("a", 0);
	size_t i;

	EXPECT(fd >= 0);
	for (i = 0; i < sizeof(start) / sizeof(*start); i++)
		EXPECT(!short_copy(fd, start[i]));
	return close(fd);
}

/* A page whose source is not to be had, where the file is as long as before. */
static int page_without_source(int fd, const char *nowhere, off_t at)
{
	struct stat before, after;

	EXPECT(!fstat(fd, &before));
	EXPECT_ERR(pwrite(fd, nowhere, 4096, at), EFAULT);
	EXPECT(!fstat(fd, &after) && after.st_size == before.st_size &&
	       after.st_blocks == before.st_blocks);
	return 0;
}

/* A page of which the source has the first 2000 bytes; the rest of @page is 'y'. */
static int page_with_half_a_source(int fd, const char *page, off_t at)
{
	char seen[4096];
	size_t i;

	EXPECT(pwrite(fd, page + 4096 - 2000, 4096, at) == 2000);
	EXPECT(pread(fd, seen, 2000, at) == 2000 && !memcmp(seen, page, 2000));
	EXPECT(!ftruncate(fd, 1 << 20) && pread(fd, seen, 4096, at) == 4096);
	for (i = 2000; i < 4096; i++)
		EXPECT(!seen[i]);
	return 0;
}

/* A page that is written from a mapping of itself. */
static int page_from_itself(int fd, off_t at)
{
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	struct stat st;
	char seen[4096];

	EXPECT(map != MAP_FAILED);
	EXPECT(pwrite(fd, map, 4096, at) == 4096);
	EXPECT(!fstat(fd, &st) && st.st_blocks);
	memset(map, 'z', 4096);
	EXPECT(!madvise(map, 4096, MADV_DONTNEED));
	EXPECT(pwrite(fd, map, 4000, at + 96) == 4000);
	EXPECT(pread(fd, seen, 4096, at) == 4096 && !memcmp(seen, map, 4096) &&
	       seen[0] == 'z' && seen[4095] == 'z');
	return munmap(map, 4096);
}

/* In a hole, and at the end. */
static int test_page_sources(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_new("a", 0);

	EXPECT(fd >= 0 && page != MAP_FAILED && !munmap(page + 4096, 4096));
	memset(page, 'y', 4096);
	EXPECT(!page_without_source(fd, page + 4096, 0));
	EXPECT(!page_with_half_a_source(fd, page, 0));
	EXPECT(!page_without_source(fd, page + 4096, 65536));
	EXPECT(!page_without_source(fd, page + 4096, 1 << 20));
	EXPECT(!page_with_half_a_source(fd, page, 131072));
	EXPECT(!page_with_half_a_source(fd, page, (1 << 20) - 4096));
	EXPECT(!ftruncate(fd, 0) && !ftruncate(fd, 1 << 20));
	EXPECT(!page_from_itself(fd, 8192));
	munmap(page, 4096);
	return close(fd);
}

static int test_allocate(void)
{
	int fd = open_new("a", 0);
	struct stat st;
	char buffer[4096];
	size_t i;

	EXPECT(fd >= 0 && !fallocate(fd, 0, 0, 100000));
	EXPECT(!fstat(fd, &st) && st.st_size == 100000);
	EXPECT(st.st_blocks * 512 >= 100000);
	EXPECT(pread(fd, buffer, 4096, 50000) == 4096);
	for (i = 0; i < 4096; i++)
		EXPECT(!buffer[i]);
	EXPECT_ERR(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 200000), EOPNOTSUPP);
	EXPECT_ERR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096),
		   EOPNOTSUPP);
	EXPECT_ERR(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096), EOPNOTSUPP);
	EXPECT_ERR(fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, 4096), EOPNOTSUPP);
	EXPECT(!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
	EXPECT(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  100000));
	EXPECT(!fstat(fd, &st) && st.st_size == 100000 && !st.st_blocks);
	return close(fd);
}

static int test_fiemap(void)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[8];
	} f = { .map = { .fm_length = ~0ULL, .fm_extent_count = 8 } };
	int fd = open_new("a", 0);
	char block[8192] = "x";

	EXPECT(fd >= 0 && !ioctl(fd, FS_IOC_FIEMAP, &f));
	EXPECT(!f.map.fm_mapped_extents);
	f.map.fm_length = ~0ULL;
	EXPECT(pwrite(fd, block, 8192, 0) == 8192);
	EXPECT(pwrite(fd, block, 8192, 65536) == 8192 && !fsync(fd));
	EXPECT(!ioctl(fd, FS_IOC_FIEMAP, &f));
	EXPECT(f.map.fm_mapped_extents == 2);
	EXPECT(f.extents[0].fe_logical == 0 && f.extents[0].fe_length == 8192);
	EXPECT(f.extents[1].fe_logical == 65536);
	EXPECT(f.extents[1].fe_flags & FIEMAP_EXTENT_LAST);
	return close(fd);
}

static int test_direct(void)
{
	void *buffer;
	int fd = open_new("a", O_DIRECT);
	struct stat st;

	EXPECT(fd >= 0 && !posix_memalign(&buffer, 4096, 1 << 20));
	memset(buffer, 'd', 1 << 20);
	EXPECT(write(fd, buffer, 1 << 20) == 1 << 20);
	EXPECT(pwrite(fd, buffer, 4096, 3 << 20) == 4096);
	EXPECT(!fstat(fd, &st) && st.st_size == (3 << 20) + 4096);
	EXPECT(pwrite(fd, buffer, 8192, 2 << 20) == 8192);
	memset(buffer, 0, 1 << 20);
	EXPECT(pread(fd, buffer, 8192, 2 << 20) == 8192);
	EXPECT(((char *)buffer)[0] == 'd' && ((char *)buffer)[8191] == 'd');
	EXPECT(pread(fd, buffer, 4096, (2 << 20) + 8192) == 4096);
	EXPECT(((char *)buffer)[0] == 0);
	free(buffer);
	return close(fd);
}

/* Two writers side by side: each file stays in few pieces. */
static int test_contiguous(void)
{
	struct fiemap map = { .fm_length = ~0ULL };
	int a = open_new("a", 0), b = open_new("b", 0), i;
	char block[4096] = "x";

	EXPECT(a >= 0 && b >= 0);
	for (i = 0; i < 512; i++)
		EXPECT(write(a, block, 4096) == 4096 &&
		       write(b, block, 4096) == 4096);
	EXPECT(!fsync(a) && !ioctl(a, FS_IOC_FIEMAP, &map));
	printf("# 2 MiB written beside another file: %u extents\n",
	       map.fm_mapped_extents);
	EXPECT(map.fm_mapped_extents <= 24);
	EXPECT(!close(a));
	return close(b);
}

const struct test data_tests[] = {
	{ "sparse files, SEEK_DATA and SEEK_HOLE", test_sparse },
	{ "the largest file", test_size_limit },
	{ "four processes append", test_append },
	{ "transfers of several pieces", test_large },
	{ "a write whose source faults in the middle", test_short_copy },
	{ "a page whose source is missing, in part or the page itself", test_page_sources },
	{ "fallocate: modes that the format has", test_allocate },
	{ "fiemap", test_fiemap },
	{ "direct I/O, over holes and past the end", test_direct },
	{ "two writers side by side stay contiguous", test_contiguous },
	{ }
};
