// SPDX-License-Identifier: GPL-2.0
/*
 * Whom an error of background writeback reaches. What is written at OFFSET of FILE,
 * which is cached, must not get to the device; everything else must.
 *
 * usage: late_errors fsync|msync|close FILE OFFSET
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE	4096

static const char *path;
static off_t offset;

/* @got is what a call returned, @want the error that it must have, or 0. */
static void expect(const char *what, int got, int want)
{
	int err = got ? errno : 0;

	if (err == want)
		return;
	printf("%s: %s instead of %s\n", what, strerror(err), strerror(want));
	exit(1);
}

static int reopen(void)
{
	int fd = open(path, O_RDWR);

	expect("open", fd < 0, 0);
	return fd;
}

static void write_in_background(int fd)
{
	static const char block[SIZE] = "what is lost";

	expect("write", pwrite(fd, block, SIZE, offset) != SIZE, 0);
	sync();
}

static void by_fsync(void)
{
	int fd = reopen(), other = reopen(), late;

	write_in_background(fd);
	expect("fsync", fsync(fd), EIO);
	late = reopen();
	expect("fsync once more", fsync(fd), 0);
	expect("fdatasync of another descriptor", fdatasync(other), EIO);
	expect("fdatasync of that once more", fdatasync(other), 0);
	expect("fsync of one that was opened later", fsync(late), 0);
}

static void by_msync(void)
{
	char *map;
	int fd = reopen();

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	expect("mmap", map == MAP_FAILED, 0);
	map[7]++;
	expect("msync", msync(map, SIZE, MS_SYNC), EIO);
	expect("msync once more", msync(map, SIZE, MS_SYNC), 0);
	map[7]++;
	sync();
	expect("msync behind the background", msync(map, SIZE, MS_SYNC), EIO);
}

static void by_close(void)
{
	int fd = reopen(), copy, other = reopen();

	write_in_background(fd);
	copy = dup(fd);
	expect("close", close(fd), EIO);
	expect("fsync of its copy", fsync(copy), EIO);
	expect("close of the copy, which was told", close(copy), 0);
	expect("close of another descriptor", close(other), EIO);

	fd = reopen();
	expect("close of one that was opened later", close(fd), 0);
	write_in_background(reopen());
	fd = reopen();
	expect("close while nobody was told", close(fd), EIO);
	fd = reopen();
	expect("fsync behind that", fsync(fd), EIO);
	expect("close behind that", close(fd), 0);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	path = argv[2];
	offset = strtol(argv[3], NULL, 0);
	if (!strcmp(argv[1], "fsync"))
		by_fsync();
	else if (!strcmp(argv[1], "msync"))
		by_msync();
	else
		by_close();
	return 0;
}
