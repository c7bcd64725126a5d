// SPDX-License-Identifier: GPL-2.0
/*
 * What single system calls and a loop of file work cost in a directory.
 *
 * For guests that count instructions, where a nanosecond is one. Prints lines
 * "CALL NANOSECONDS"; each figure is the least of several rounds.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 40, REPEATS = 100 };

static int file;
static char block[4096];

static void get_parent(void)
{
	/* The cheapest call: what entering the kernel costs. */
	getppid();
}

static void open_close(void)
{
	int fd = open("file", O_RDONLY);

	if (fd < 0)
		err(1, "open");
	close(fd);
}

static void stat_path(void)
{
	struct stat status;

	if (stat("file", &status))
		err(1, "stat");
}

static void read_4k(void)
{
	if (pread(file, block, sizeof(block), 0) != sizeof(block))
		err(1, "read");
}

static void write_4k(void)
{
	if (pwrite(file, block, sizeof(block), 0) != sizeof(block))
		err(1, "write");
}

static void rename_twice(void)
{
	if (rename("file", "named") || rename("named", "file"))
		err(1, "rename");
}

static void create_unlink(void)
{
	int fd = open("work", O_CREAT | O_RDWR, 0644);

	if (fd < 0 || close(fd) || unlink("work"))
		err(1, "create and unlink");
}

static void file_work(void)
{
	int fd = open("work", O_CREAT | O_RDWR | O_TRUNC, 0644);
	int i;

	if (fd < 0)
		err(1, "create");
	for (i = 0; i < 4; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			err(1, "write");
	for (i = 0; i < 4; i++)
		if (pread(fd, block, sizeof(block), i * 4096L) != sizeof(block))
			err(1, "read");
	close(fd);
	stat_path();
	if (rename("work", "worked") || unlink("worked"))
		err(1, "rename or unlink");
}

static long round_of(void (*call)(void))
{
	struct timespec start, end;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < REPEATS; i++)
		call();
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec;
}

/*
 * One object more in use of each kind that a file needs: whether what is freed lies in the
 * slab that is allocated from next is worth hundreds of instructions, and changes with
 * every mount. Over all rounds the best place is met.
 */
static void move_on_in_slabs(void)
{
	if (open("kept", O_CREAT | O_EXCL | O_RDWR, 0644) < 0 || unlink("kept"))
		err(1, "kept");
}

static void measure(const char *name, void (*call)(void))
{
	long best = -1, taken;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		taken = round_of(call);
		if (best < 0 || taken < best)
			best = taken;
		move_on_in_slabs();
	}
	printf("%s %ld\n", name, (best + REPEATS / 2) / REPEATS);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: syscall_cost DIRECTORY");
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	file = open("file", O_CREAT | O_RDWR, 0644);
	if (file < 0)
		err(1, "file");
	memset(block, 'a', sizeof(block));
	write_4k();
	measure("getppid", get_parent);
	measure("open_close", open_close);
	measure("stat", stat_path);
	measure("read_4k", read_4k);
	measure("write_4k", write_4k);
	measure("rename_twice", rename_twice);
	measure("create_unlink", create_unlink);
	measure("file_work", file_work);
	return 0;
}
