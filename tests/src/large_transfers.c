// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers of many pieces, and what they say they did.
 *
 * usage: large_transfers DIRECTORY
 *
 * Makes each transfer with one call, then goes on from what it returned until all
 * is done. Prints for each "NAME RETURNED right" if after the first call the file
 * was as long as that says (or as long as before, and that), and in the end all
 * data are right; or what was wrong. Exit status: 0 if all is right.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE	(2UL << 20)
#define HEAD	1000		/* what is there when something is appended */
#define VECTORS	5

static unsigned char *data, *back;

static ssize_t by_write(int fd, size_t done)
{
	return write(fd, data + done, SIZE - done);
}

static ssize_t by_writev(int fd, size_t done)
{
	size_t part = (SIZE - done) / VECTORS;
	struct iovec vector[VECTORS];
	int i;

	for (i = 0; i < VECTORS; i++) {
		vector[i].iov_base = data + done + i * part;
		vector[i].iov_len = part;
	}
	vector[VECTORS - 1].iov_len = SIZE - done - (VECTORS - 1) * part;
	return writev(fd, vector, VECTORS);
}

static int source;

static ssize_t by_copy(int fd, size_t done)
{
	loff_t from = done;

	return copy_file_range(source, &from, fd, NULL, SIZE - done, 0);
}

static const struct transfer {
	const char *name;
	ssize_t (*move)(int fd, size_t done);
	bool append;
} transfers[] = {
	{ "write", by_write, false },
	{ "append", by_write, true },
	{ "writev", by_writev, false },
	{ "copy_file_range", by_copy, false },
};

static bool as_long_as(int fd, size_t size, const char *when)
{
	struct stat status;

	if (fstat(fd, &status))
		err(1, "fstat");
	if ((size_t)status.st_size == size)
		return true;
	printf("size %s is %ld, must be %zu\n", when, (long)status.st_size, size);
	return false;
}

static bool has_data(int fd, size_t at)
{
	size_t done = 0;
	ssize_t got;

	while (done < SIZE && (got = pread(fd, back + done, SIZE - done, at + done)) > 0)
		done += got;
	if (done == SIZE && !memcmp(data, back, SIZE))
		return true;
	printf("other data\n");
	return false;
}

static bool run(const struct transfer *transfer)
{
	size_t head = transfer->append ? HEAD : 0, done;
	int fd = open(transfer->name, O_CREAT | O_TRUNC | O_RDWR |
		      (transfer->append ? O_APPEND : 0), 0600);
	ssize_t first, more;
	bool right;

	printf("%s ", transfer->name);
	if (fd < 0 || write(fd, data, head) != (ssize_t)head)
		err(1, "%s", transfer->name);
	first = transfer->move(fd, 0);
	printf("%zd ", first);
	if (first <= 0) {
		printf("%s\n", strerror(errno));
		return false;
	}
	right = as_long_as(fd, head + first, "after the first call");
	for (done = first; right && done < SIZE; done += more) {
		more = transfer->move(fd, done);
		if (more <= 0) {
			printf("then %s\n", strerror(errno));
			return false;
		}
	}
	right = right && as_long_as(fd, head + SIZE, "in the end") && has_data(fd, head);
	close(fd);
	if (right)
		printf("right\n");
	return right;
}

int main(int argc, char **argv)
{
	bool right = true;
	unsigned int i;

	data = malloc(SIZE);
	back = malloc(SIZE);
	if (argc != 2 || !data || !back)
		errx(2, "usage: large_transfers DIRECTORY");
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	for (i = 0; i < SIZE; i++)
		data[i] = i * 37 + i / 251;
	memset(back, 0, SIZE);
	source = open("source", O_CREAT | O_TRUNC | O_RDWR, 0600);
	if (source < 0 || write(source, data, SIZE) != SIZE)
		err(1, "source");
	for (i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++)
		right &= run(&transfers[i]);
	return !right;
}
