// SPDX-License-Identifier: GPL-2.0
/*
 * Files that the cases work on: "a" exists, "b" is what a call makes, "d" is a
 * directory; fd and fd2 are what is open. All of it is gone between two calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failnth.h"

unsigned char pattern[DATA_SIZE], other_pattern[DATA_SIZE], buffer[DATA_SIZE];
int fd = -1, fd2 = -1;

void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "failnth: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Other data each time: what an earlier call left on the device is not this one's. */
void new_pattern(void)
{
	static unsigned int serial;
	unsigned int i;

	serial++;
	for (i = 0; i < DATA_SIZE; i++) {
		pattern[i] = i * 31 + i / 256;
		/* In each block, whatever the size. */
		if (i % 512 < sizeof(serial))
			pattern[i] = serial >> i % 512 * 8;
		other_pattern[i] = ~pattern[i];
	}
}

void make_file(const char *name)
{
	int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	must(file != -1, name);
	must(write(file, pattern, DATA_SIZE) == DATA_SIZE, name);
	close(file);
}

bool exists(const char *name)
{
	struct stat status;

	return !lstat(name, &status);
}

/* Those data, and no more? */
bool holds(const char *name, const unsigned char *data, size_t length)
{
	static unsigned char got[2 * DATA_SIZE + 1];
	int file = open(name, O_RDONLY);
	bool good;

	if (file == -1)
		return false;
	good = read(file, got, sizeof(got)) == (ssize_t)length &&
	       !memcmp(got, data, length);
	close(file);
	return good;
}

bool holds_data(const char *name)
{
	return holds(name, pattern, DATA_SIZE);
}

/* Leave the directory as it was found. */
void clean(void)
{
	if (fd != -1)
		close(fd);
	if (fd2 != -1)
		close(fd2);
	fd = fd2 = -1;
	unlink("a");
	unlink("b");
	rmdir("d");
}

void file_a(void)
{
	make_file("a");
}

void file_a_open(void)
{
	make_file("a");
	fd = open("a", O_RDWR);
	must(fd != -1, "open a");
}

void dir_d(void)
{
	must(!mkdir("d", 0700), "mkdir d");
}
