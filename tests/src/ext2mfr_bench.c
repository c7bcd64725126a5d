// SPDX-License-Identifier: GPL-2.0
/*
 * What file system work costs, in the current directory. For guests that count
 * instructions, where a nanosecond is one. Prints lines "ROW NANOSECONDS", per
 * operation.
 *
 * Writes end with fsync, so that the whole way to the device is counted. Reads
 * are done twice: with nothing cached, and with everything cached.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE	(8 << 20)
#define SMALL_FILES	10000

/* In the guest's memory: stays when this ends. */
#define BUFFER		"/tmp/ext2mfr_bench.buffer"
#define BUFFER_SIZE	(1 << 20)

static char *buffer;
static unsigned int state = 1;

static unsigned int pick(unsigned int below)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % below;
}

/*
 * The same pages for each driver: what a large direct transfer costs depends on
 * which of the buffer's pages are neighbours.
 */
static void map_buffer(void)
{
	int fd = open(BUFFER, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, BUFFER_SIZE))
		err(1, BUFFER);
	buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd, 0);
	if (buffer == MAP_FAILED)
		err(1, BUFFER);
	close(fd);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void report(const char *what, size_t unit, double start, long operations)
{
	double each = (now() - start) / operations;

	if (unit)
		printf("%s_%zuk %.0f\n", what, unit / 1024, each);
	else
		printf("%s %.0f\n", what, each);
	fflush(stdout);
}

static void drop_caches(void)
{
	int fd;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0 || write(fd, "3", 1) != 1)
		err(1, "drop_caches");
	close(fd);
}

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags, 0644);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

static void transfer(int fd, int writing, size_t unit, off_t at)
{
	ssize_t ret = writing ? pwrite(fd, buffer, unit, at) :
				pread(fd, buffer, unit, at);

	if (ret != (ssize_t)unit)
		err(1, "%s", writing ? "write" : "read");
}

static void sequential(size_t unit, int flags, const char *prefix)
{
	long count = FILE_SIZE / unit, i;
	char what[64];
	double start;
	int fd, warm;

	unlink("seq");
	drop_caches();
	start = now();
	fd = open_file("seq", O_RDWR | O_CREAT | flags);
	for (i = 0; i < count; i++)
		transfer(fd, 1, unit, i * unit);
	fsync(fd);
	snprintf(what, sizeof(what), "%swrite", prefix);
	report(what, unit, start, count);
	for (warm = 0; warm < 2; warm++) {
		if (!warm)
			drop_caches();
		start = now();
		for (i = 0; i < count; i++)
			transfer(fd, 0, unit, i * unit);
		snprintf(what, sizeof(what), "%sread%s", prefix,
			 warm ? "_cached" : "");
		report(what, unit, start, count);
		if (flags & O_DIRECT)
			break;
	}
	close(fd);
}

/* Pages at random; larger units each once, in an order that looks so. */
static off_t random_place(size_t unit, long i)
{
	long units = FILE_SIZE / unit;

	return (off_t)(unit == 4096 ? pick(units) : i * 29 % units) * unit;
}

static void random_access(size_t unit, int flags, const char *prefix)
{
	long count = unit == 4096 ? 1000 : FILE_SIZE / unit, i;
	char what[64];
	double start;
	int fd = open_file("seq", O_RDWR | flags);

	drop_caches();
	start = now();
	for (i = 0; i < count; i++)
		transfer(fd, 0, unit, random_place(unit, i));
	snprintf(what, sizeof(what), "%srandom_read", prefix);
	report(what, unit, start, count);
	start = now();
	for (i = 0; i < count; i++)
		transfer(fd, 1, unit, random_place(unit, i));
	fsync(fd);
	snprintf(what, sizeof(what), "%srandom_write", prefix);
	report(what, unit, start, count);
	close(fd);
}

static void random_into_hole(void)
{
	long count = 1000, i;
	double start;
	int fd;

	unlink("hole");
	fd = open_file("hole", O_RDWR | O_CREAT);
	if (ftruncate(fd, FILE_SIZE))
		err(1, "ftruncate");
	start = now();
	for (i = 0; i < count; i++)
		transfer(fd, 1, 4096, (off_t)pick(FILE_SIZE / 4096) * 4096);
	fsync(fd);
	report("hole_write_4k", 0, start, count);
	close(fd);
}

static void mapped(void)
{
	int fd = open_file("seq", O_RDWR);
	volatile char *map;
	double start;
	long i;

	map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	drop_caches();
	start = now();
	for (i = 0; i < FILE_SIZE; i += 4096)
		(void)map[i];
	report("mmap_read_4k", 0, start, FILE_SIZE / 4096);
	munmap((void *)map, FILE_SIZE);
	drop_caches();
	map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	start = now();
	for (i = 0; i < FILE_SIZE; i += 4096)
		map[i]++;
	if (msync((void *)map, FILE_SIZE, MS_SYNC))
		err(1, "msync");
	report("mmap_write_4k", 0, start, FILE_SIZE / 4096);
	munmap((void *)map, FILE_SIZE);
	close(fd);
}

static const char *small_name(long i)
{
	static char name[32];

	snprintf(name, sizeof(name), "small/f%05ld", i);
	return name;
}

static void small_files(void)
{
	struct stat st;
	double start;
	long i;
	int fd;

	if (mkdir("small", 0755))
		err(1, "mkdir");
	start = now();
	for (i = 0; i < SMALL_FILES; i++) {
		fd = open_file(small_name(i), O_WRONLY | O_CREAT | O_EXCL);
		transfer(fd, 1, 1024, 0);
		close(fd);
	}
	sync();
	report("small_create", 0, start, SMALL_FILES);
	drop_caches();
	start = now();
	for (i = 0; i < SMALL_FILES; i++)
		if (stat(small_name(i * 7919 % SMALL_FILES), &st))
			err(1, "stat");
	report("small_stat", 0, start, SMALL_FILES);
	start = now();
	for (i = 0; i < SMALL_FILES; i++) {
		fd = open_file(small_name(i * 7919 % SMALL_FILES), O_RDONLY);
		transfer(fd, 0, 1024, 0);
		close(fd);
	}
	report("small_read", 0, start, SMALL_FILES);
	start = now();
	for (i = 0; i < SMALL_FILES; i++)
		if (unlink(small_name(i)))
			err(1, "unlink");
	sync();
	report("small_unlink", 0, start, SMALL_FILES);
	rmdir("small");
}

int main(void)
{
	static const size_t units[] = { 4096, 128 << 10, 1 << 20 };
	unsigned int i;

	map_buffer();
	memset(buffer, 'x', BUFFER_SIZE);
	for (i = 0; i < 3; i++)
		sequential(units[i], 0, "seq_");
	for (i = 0; i < 3; i++)
		random_access(units[i], 0, "");
	random_into_hole();
	mapped();
	for (i = 0; i < 3; i++)
		sequential(units[i], O_DIRECT, "direct_");
	for (i = 0; i < 3; i++)
		random_access(units[i], O_DIRECT, "direct_");
	small_files();
	return 0;
}
