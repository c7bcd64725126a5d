// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that move data, or say where they are. The file "a" holds the pattern and is
 * open as fd; what is written goes to "b", open as fd2.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "failnth.h"

#define BLOCK		4096	/* of any file system here, or a multiple */
#define HOLE_END	(16 * BLOCK)

static struct iovec vector[2] = {
	{ buffer, DATA_SIZE / 2 }, { buffer + DATA_SIZE / 2, DATA_SIZE / 2 },
};
static unsigned char expected[2 * DATA_SIZE];
static unsigned char direct[BLOCK] __attribute__((aligned(BLOCK)));
static off_t found;

static void a_cold(void)
{
	file_a_open();
	must(!fsync(fd), "fsync");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	memset(buffer, 0, DATA_SIZE);
}

static void b_new(void)
{
	a_cold();
	memcpy(buffer, pattern, DATA_SIZE);
	fd2 = open("b", O_CREAT | O_RDWR, 0600);
	must(fd2 != -1, "open b");
}

static void a_direct(void)
{
	a_cold();
	close(fd);
	fd = open("a", O_RDWR | O_DIRECT);
	must(fd != -1, "open directly");
	memset(direct, 'd', sizeof(direct));
}

/* Data, a hole, data. */
static void a_with_hole(void)
{
	file_a_open();
	must(!ftruncate(fd, BLOCK) &&
	     pwrite(fd, pattern, BLOCK, HOLE_END) == BLOCK, "a hole");
	found = -1;
}

/* A short transfer is not what was asked. */
static long all_of(long moved)
{
	if (moved == -1 || moved == DATA_SIZE)
		return moved;
	errno = EIO;
	return -1;
}

static bool buffer_read(void) { return !memcmp(buffer, pattern, DATA_SIZE); }
static bool b_written(void) { return holds_data("b"); }
static bool a_right(void) { return holds_data("a"); }

static long do_read(void) { return all_of(read(fd, buffer, DATA_SIZE)); }
static long do_pread(void) { return all_of(pread(fd, buffer, DATA_SIZE, 0)); }
static long do_readv(void) { return all_of(readv(fd, vector, 2)); }
static long do_preadv(void) { return all_of(preadv(fd, vector, 2, 0)); }
static long do_preadv2(void) { return all_of(preadv2(fd, vector, 2, 0, 0)); }
static long do_write(void) { return all_of(write(fd2, buffer, DATA_SIZE)); }
static long do_pwrite(void) { return all_of(pwrite(fd2, buffer, DATA_SIZE, 0)); }
static long do_writev(void) { return all_of(writev(fd2, vector, 2)); }
static long do_pwritev(void) { return all_of(pwritev(fd2, vector, 2, 0)); }
static long do_pwritev2(void) { return all_of(pwritev2(fd2, vector, 2, 0, RWF_DSYNC)); }
static long do_sendfile(void) { return all_of(sendfile(fd2, fd, NULL, DATA_SIZE)); }

static long do_copy_file_range(void)
{
	return all_of(copy_file_range(fd, NULL, fd2, NULL, DATA_SIZE, 0));
}

static int pipe_fd[2] = { -1, -1 };

static void with_pipe(void)
{
	b_new();
	if (pipe_fd[0] == -1)
		must(!pipe2(pipe_fd, O_NONBLOCK), "pipe");
	while (read(pipe_fd[0], buffer, DATA_SIZE) > 0)
		;
}

static void full_pipe(void)
{
	with_pipe();
	must(write(pipe_fd[1], pattern, DATA_SIZE) == DATA_SIZE, "fill pipe");
}

static long spliced;

static long do_splice_in(void)
{
	return spliced = splice(fd, NULL, pipe_fd[1], NULL, DATA_SIZE, 0);
}

/* As much as it said, and that is not nothing. */
static bool pipe_filled(void)
{
	return spliced > 0 && read(pipe_fd[0], buffer, DATA_SIZE) == spliced &&
	       !memcmp(buffer, pattern, spliced);
}

static long do_splice_out(void)
{
	return all_of(splice(pipe_fd[0], NULL, fd2, NULL, DATA_SIZE, 0));
}

static bool a_twice_as_long(void)
{
	memset(expected, 0, sizeof(expected));
	memcpy(expected, pattern, DATA_SIZE);
	return holds("a", expected, 2 * DATA_SIZE);
}

/* From within a block to within another one. */
static bool a_middle_zero(void)
{
	memcpy(expected, pattern, DATA_SIZE);
	memset(expected + 700, 0, 9000);
	return holds("a", expected, DATA_SIZE);
}

static long do_fallocate(void) { return fallocate(fd, 0, 0, 2 * DATA_SIZE); }

static long do_punch(void)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 700, 9000);
}

static long do_zero(void)
{
	return fallocate(fd, FALLOC_FL_ZERO_RANGE, 700, 9000);
}

static long do_seek_data(void) { return found = lseek(fd, BLOCK, SEEK_DATA); }
static long do_seek_hole(void) { return found = lseek(fd, 0, SEEK_HOLE); }
static bool found_data(void) { return found == HOLE_END; }
static bool found_hole(void) { return found == BLOCK; }

static long do_readahead(void) { return readahead(fd, 0, DATA_SIZE); }

static long do_fadvise(void)
{
	errno = posix_fadvise(fd, 0, DATA_SIZE, POSIX_FADV_WILLNEED);
	return errno ? -1 : 0;
}

static long all_direct(long moved)
{
	if (moved == -1 || moved == BLOCK)
		return moved;
	errno = EIO;
	return -1;
}

static long do_direct_write(void) { return all_direct(pwrite(fd, direct, BLOCK, 0)); }
static long do_direct_read(void) { return all_direct(pread(fd, direct, BLOCK, BLOCK)); }
static bool direct_read(void) { return !memcmp(direct, pattern + BLOCK, BLOCK); }

static bool direct_written(void)
{
	memcpy(expected, pattern, DATA_SIZE);
	memset(expected, 'd', BLOCK);
	return holds("a", expected, DATA_SIZE);
}

const struct kase data_cases[] = {
	{ "read", a_cold, do_read, buffer_read, clean, 0 },
	{ "pread64", a_cold, do_pread, buffer_read, clean, 0 },
	{ "readv", a_cold, do_readv, buffer_read, clean, 0 },
	{ "preadv", a_cold, do_preadv, buffer_read, clean, 0 },
	{ "preadv2", a_cold, do_preadv2, buffer_read, clean, 0 },
	{ "write", b_new, do_write, b_written, clean, 0 },
	{ "pwrite64", b_new, do_pwrite, b_written, clean, 0 },
	{ "writev", b_new, do_writev, b_written, clean, 0 },
	{ "pwritev", b_new, do_pwritev, b_written, clean, 0 },
	{ "pwritev2 (dsync)", b_new, do_pwritev2, b_written, clean, 0 },
	{ "sendfile", b_new, do_sendfile, b_written, clean, 0 },
	{ "copy_file_range", b_new, do_copy_file_range, b_written, clean, 0 },
	{ "splice (from file)", with_pipe, do_splice_in, pipe_filled, clean, 0 },
	{ "splice (to file)", full_pipe, do_splice_out, b_written, clean, 0 },
	{ "fallocate", file_a_open, do_fallocate, a_twice_as_long, clean, 0 },
	{ "fallocate (punch hole)", file_a_open, do_punch, a_middle_zero, clean, 0 },
	{ "fallocate (zero range)", file_a_open, do_zero, a_middle_zero, clean, 0 },
	{ "lseek (SEEK_DATA)", a_with_hole, do_seek_data, found_data, clean, 0 },
	{ "lseek (SEEK_HOLE)", a_with_hole, do_seek_hole, found_hole, clean, 0 },
	{ "readahead", a_cold, do_readahead, a_right, clean, HARMLESS },
	{ "posix_fadvise (WILLNEED)", a_cold, do_fadvise, a_right, clean, HARMLESS },
	{ "write (O_DIRECT)", a_direct, do_direct_write, direct_written, clean, 0 },
	{ "read (O_DIRECT)", a_direct, do_direct_read, direct_read, clean, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
