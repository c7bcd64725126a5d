// SPDX-License-Identifier: GPL-2.0
/*
 * One operation on a file of the current directory, over and over, for a
 * profile of exact instruction counts (scripts/profile).
 *
 * usage: op_loop OPERATION COUNT
 *
 * The second serial line is told when the loop begins ('B') and ends ('E'); who
 * counts answers when he is ready.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define LINE		"/dev/ttyS1"
#define FILE_BYTES	(8 << 20)
#define SMALL_FILES	400
#define TREE_FILES	400

static char *buffer;
static int file, direct;

static unsigned int pick(unsigned int below)
{
	static unsigned int state = 1;

	state = state * 1103515245 + 12345;
	return (state >> 8) % below;
}

static void expect(ssize_t got, ssize_t wanted)
{
	if (got != wanted)
		err(1, "the operation");
}

static off_t in_turn(size_t unit)
{
	static off_t next;

	next += unit;
	return next % FILE_BYTES;
}

static off_t anywhere(void)
{
	return (off_t)pick(FILE_BYTES / 4096) * 4096;
}

static const char *small_name(unsigned int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "small/f%05u", i);
	return name;
}

/* In directories of its own each tenth, by absolute path. */
static const char *tree_name(unsigned int i)
{
	static char name[64];

	snprintf(name, sizeof(name), "/mnt/tree/d%02u/f%05u", i / 10, i);
	return name;
}

static void read_4k(void) { expect(pread(file, buffer, 4096, in_turn(4096)), 4096); }
static void write_4k(void) { expect(pwrite(file, buffer, 4096, in_turn(4096)), 4096); }
static void random_read_4k(void) { expect(pread(file, buffer, 4096, anywhere()), 4096); }
static void random_write_4k(void) { expect(pwrite(file, buffer, 4096, anywhere()), 4096); }
static void direct_read_4k(void) { expect(pread(direct, buffer, 4096, in_turn(4096)), 4096); }
static void direct_write_4k(void) { expect(pwrite(direct, buffer, 4096, in_turn(4096)), 4096); }
static void direct_read_128k(void) { expect(pread(direct, buffer, 131072, in_turn(131072)), 131072); }
static void direct_write_128k(void) { expect(pwrite(direct, buffer, 131072, in_turn(131072)), 131072); }
static void direct_write_1024k(void) { expect(pwrite(direct, buffer, 1 << 20, in_turn(1 << 20)), 1 << 20); }

/* Each piece once, as long as there are some. */
static void random_read_128k(void)
{
	static unsigned int next;
	off_t at = (off_t)(next++ * 37 % (FILE_BYTES / 131072)) * 131072;

	expect(pread(file, buffer, 131072, at), 131072);
}

static void small_read(void)
{
	static unsigned int next;
	int fd = open(small_name(next++ * 7919 % SMALL_FILES), O_RDONLY);

	expect(pread(fd, buffer, 1024, 0), 1024);
	close(fd);
}

/* The same, where names and inodes are known already. */
static void known_read(void)
{
	static int known;
	struct stat st;
	unsigned int i;

	for (i = 0; !known && i < SMALL_FILES; i++)
		expect(stat(small_name(i), &st), 0);
	known = 1;
	small_read();
}

/* As cat reads a file of a tree. */
static void cat_file(void)
{
	static unsigned int next;
	struct stat st;
	ssize_t got;
	int fd = open(tree_name(next++ * 7919 % TREE_FILES), O_RDONLY);

	expect(fstat(fd, &st), 0);
	expect(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	do
		got = read(fd, buffer, 131072);
	while (got > 0);
	expect(got, 0);
	close(fd);
}

/* As find lists a directory of a tree. */
static void list_directory(void)
{
	static unsigned int next;
	char name[32];
	DIR *dir;

	snprintf(name, sizeof(name), "/mnt/tree/d%02u", next++ % (TREE_FILES / 10));
	dir = opendir(name);
	while (readdir(dir))
		;
	closedir(dir);
}

/* Inodes that only their times made dirty, as reading leaves them, are written. */
static void sync_times(void)
{
	static time_t when = 1000;
	unsigned int i;

	when++;
	for (i = 0; i < TREE_FILES; i++) {
		struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

		expect(utimensat(AT_FDCWD, tree_name(i), times, 0), 0);
	}
	expect(syncfs(file), 0);
}

static void hole_write_4k(void)
{
	static int hole = -1;

	if (hole < 0) {
		hole = open("hole", O_RDWR | O_CREAT, 0644);
		expect(ftruncate(hole, FILE_BYTES), 0);
	}
	expect(pwrite(hole, buffer, 4096, anywhere()), 4096);
}

/* 32 pages in holes, not side by side, and then written out. */
static void write_out_pages(void)
{
	static off_t at;
	unsigned int i;
	int fd = open("scattered", O_RDWR | O_CREAT, 0644);

	for (i = 0; i < 32; i++)
		expect(pwrite(fd, buffer, 4096, at += 8192), 4096);
	expect(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE |
			       SYNC_FILE_RANGE_WAIT_AFTER), 0);
	close(fd);
}

static void stat_file(void)
{
	struct stat st;

	expect(stat("file", &st), 0);
}

static void open_close(void)
{
	expect(close(open("file", O_RDONLY)), 0);
}

static const struct {
	const char *name;
	void (*run)(void);
	int cold;		/* nothing shall be cached when it begins */
} operations[] = {
	{ "read_4k", read_4k, 0 },
	{ "write_4k", write_4k, 0 },
	{ "cold_read_4k", read_4k, 1 },
	{ "random_read_4k", random_read_4k, 1 },
	{ "random_write_4k", random_write_4k, 1 },
	{ "random_read_128k", random_read_128k, 1 },
	{ "direct_read_4k", direct_read_4k, 0 },
	{ "direct_write_4k", direct_write_4k, 0 },
	{ "direct_read_128k", direct_read_128k, 0 },
	{ "direct_write_128k", direct_write_128k, 0 },
	{ "direct_write_1024k", direct_write_1024k, 0 },
	{ "small_read", small_read, 1 },
	{ "known_read", known_read, 1 },
	{ "cat_file", cat_file, 1 },
	{ "list_directory", list_directory, 1 },
	{ "sync_times", sync_times, 0 },
	{ "hole_write_4k", hole_write_4k, 1 },
	{ "write_out_pages", write_out_pages, 0 },
	{ "stat", stat_file, 0 },
	{ "open_close", open_close, 0 },
};

static void write_all(const char *name, int flags, size_t bytes)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
	size_t at;

	if (fd < 0)
		err(1, "%s", name);
	for (at = 0; at < bytes; at += bytes < 1 << 20 ? bytes : 1 << 20)
		expect(pwrite(fd, buffer, bytes < 1 << 20 ? bytes : 1 << 20, at),
		       bytes < 1 << 20 ? bytes : 1 << 20);
	close(fd);
}

static void prepare(int cold)
{
	unsigned int i;
	int drop;

	write_all("file", 0, FILE_BYTES);
	mkdir("small", 0755);
	for (i = 0; i < SMALL_FILES; i++)
		write_all(small_name(i), 0, 1024);
	mkdir("tree", 0755);
	for (i = 0; i < TREE_FILES; i++) {
		char directory[64];

		snprintf(directory, sizeof(directory), "tree/d%02u", i / 10);
		mkdir(directory, 0755);
		write_all(tree_name(i), 0, 1 + i * 7919 % 14000);
	}
	file = open("file", O_RDWR);
	direct = open("file", O_RDWR | O_DIRECT);
	sync();
	drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (cold)
		expect(write(drop, "3", 1), 1);
	close(drop);
}

static int open_line(void)
{
	int fd = open(LINE, O_RDWR | O_NOCTTY);
	struct termios raw;

	if (fd < 0 || tcgetattr(fd, &raw))
		err(1, LINE);
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw))
		err(1, LINE);
	return fd;
}

static void tell(int line, char what)
{
	char answer;

	expect(write(line, &what, 1), 1);
	expect(read(line, &answer, 1), 1);
}

int main(int argc, char **argv)
{
	long i, count = argc == 3 ? atol(argv[2]) : 0;
	size_t op;
	int line;

	for (op = 0; count > 0 && op < sizeof(operations) / sizeof(*operations); op++) {
		if (strcmp(operations[op].name, argv[1]))
			continue;
		if (posix_memalign((void **)&buffer, 4096, 1 << 20))
			err(1, "memory");
		line = open_line();
		memset(buffer, 'x', 1 << 20);
		prepare(operations[op].cold);
		for (i = 0; i < 8; i++)
			operations[op].run();
		tell(line, 'B');
		for (i = 0; i < count; i++)
			operations[op].run();
		tell(line, 'E');
		return 0;
	}
	fprintf(stderr, "usage: op_loop OPERATION COUNT; operations:");
	for (op = 0; op < sizeof(operations) / sizeof(*operations); op++)
		fprintf(stderr, " %s", operations[op].name);
	fprintf(stderr, "\n");
	return 2;
}
