// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a file, and memory that is touched for the first time in the middle of
 * a call, so that page tables are made while data are copied.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

#define HUGE	(2UL << 20)	/* covered by one page of a page table */
#define GIB	(1UL << 30)	/* by one page of pointers to these */
#define FAR	(64UL << 40)	/* nothing else is anywhere near */

static unsigned char *map, *fresh;

/*
 * Beside a page that is there already: the page table of a fault is the kernel's to
 * find, before the file system hears of it, and it tries again until it has one.
 */
static void *place_with_table(void)
{
	static unsigned char *arena;

	if (!arena) {
		arena = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(arena != MAP_FAILED, "mmap");
		arena = (void *)(((uintptr_t)arena + HUGE - 1) & ~(HUGE - 1));
		madvise(arena, HUGE, MADV_NOHUGEPAGE);
		*arena = 1;
	}
	return arena + HUGE / 2;
}

static void a_cold(void)
{
	file_a_open();
	must(!fsync(fd), "fsync");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	map = MAP_FAILED;
}

static void a_mapped(void)
{
	a_cold();
	map = mmap(place_with_table(), DATA_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, fd, 0);
	must(map != MAP_FAILED, "mmap");
}

static void unmap(void)
{
	if (map != MAP_FAILED)
		munmap(map, DATA_SIZE);
	clean();
}

static long do_mmap(void)
{
	map = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? -1 : 0;
}

static bool is_mapped(void)
{
	return map != MAP_FAILED && !memcmp(map, pattern, DATA_SIZE);
}

static long do_fault_read(void)
{
	errno = EIO;
	return memcmp(map, pattern, DATA_SIZE) ? -1 : 0;
}

static long do_fault_write(void)
{
	memcpy(map, other_pattern, DATA_SIZE);
	return 0;
}

static bool map_written(void)
{
	return holds("a", other_pattern, DATA_SIZE);
}

/* Memory without page tables of any level, at each call elsewhere. */
static void fresh_memory(void)
{
	static unsigned long nr;

	fresh = mmap((void *)(FAR + nr++ % 1024 * GIB), DATA_SIZE,
		     PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	must(fresh != MAP_FAILED, "fresh memory");
	madvise(fresh, DATA_SIZE, MADV_NOHUGEPAGE);
}

static void fresh_for_read(void)
{
	a_cold();
	fresh_memory();
}

static void fresh_for_write(void)
{
	fresh_memory();
	fd2 = open("b", O_CREAT | O_RDWR, 0600);
	must(fd2 != -1, "open b");
}

static void fresh_for_getdents(void)
{
	make_file("a");
	fresh_memory();
	fd = open(".", O_RDONLY | O_DIRECTORY);
	must(fd != -1, "open directory");
}

static void fresh_for_stat(void)
{
	make_file("a");
	fresh_memory();
}

static void fresh_for_readlink(void)
{
	must(!symlink("a", "b"), "symlink b");
	fresh_memory();
}

static void fresh_gone(void)
{
	munmap(fresh, DATA_SIZE);
	clean();
}

static long all_of(long moved)
{
	if (moved == -1 || moved == DATA_SIZE)
		return moved;
	errno = EIO;
	return -1;
}

static long do_read_fresh(void) { return all_of(read(fd, fresh, DATA_SIZE)); }
static long do_write_fresh(void) { return all_of(write(fd2, fresh, DATA_SIZE)); }
static long do_stat_fresh(void) { return syscall(SYS_stat, "a", fresh); }
static long do_readlink_fresh(void) { return readlink("b", (char *)fresh, DATA_SIZE); }
static long do_getdents_fresh(void) { return syscall(SYS_getdents64, fd, fresh, DATA_SIZE); }

static bool fresh_read(void)
{
	return !memcmp(fresh, pattern, DATA_SIZE);
}

/* What was never written to is zero. */
static bool zeroes_written(void)
{
	static const unsigned char zeroes[DATA_SIZE];

	return holds("b", zeroes, DATA_SIZE);
}

static bool fresh_has_status(void)
{
	return ((struct stat *)fresh)->st_size == DATA_SIZE;
}

static bool fresh_has_link(void)
{
	return fresh[0] == 'a' && !fresh[1];
}

/* The first entry is the directory itself: a number, a place, length, type, name. */
static bool fresh_has_entries(void)
{
	struct stat now;
	uint64_t ino;

	memcpy(&ino, fresh, sizeof(ino));
	return !fstat(fd, &now) && ino == now.st_ino && !strcmp((char *)fresh + 19, ".");
}

const struct kase memory_cases[] = {
	{ "mmap", a_cold, do_mmap, is_mapped, unmap, 0 },
	{ "page fault (read)", a_mapped, do_fault_read, is_mapped, unmap, RETRIED },
	{ "page fault (write)", a_mapped, do_fault_write, map_written, unmap, RETRIED },
	{ "read (fresh memory)", fresh_for_read, do_read_fresh, fresh_read, fresh_gone, 0 },
	{ "write (fresh memory)", fresh_for_write, do_write_fresh, zeroes_written, fresh_gone, 0 },
	{ "stat (fresh memory)", fresh_for_stat, do_stat_fresh, fresh_has_status, fresh_gone, 0 },
	{ "readlink (fresh memory)", fresh_for_readlink, do_readlink_fresh, fresh_has_link, fresh_gone, 0 },
	{ "getdents64 (fresh memory)", fresh_for_getdents, do_getdents_fresh, fresh_has_entries, fresh_gone, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
