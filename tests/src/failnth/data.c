// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that move data or make it durable. The file "a" holds the pattern and is
 * open as fd; what is written goes to "b", open as fd2.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "failnth.h"

static struct iovec vector[2] = {
	{ buffer, DATA_SIZE / 2 }, { buffer + DATA_SIZE / 2, DATA_SIZE / 2 },
};
static unsigned char *map;
static unsigned char direct[4096] __attribute__((aligned(4096)));

static void a_cold(void)
{
	make_file("a");
	fd = open("a", O_RDWR);
	must(fd != -1 && !fsync(fd), "open a");
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

static void a_dirty(void)
{
	make_file("a");
	fd = open("a", O_RDWR);
	must(fd != -1, "open a");
}

static void a_mapped(void)
{
	a_cold();
	map = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "mmap");
}

static void a_direct(void)
{
	a_cold();
	close(fd);
	fd = open("a", O_RDWR | O_DIRECT);
	memset(direct, 'd', sizeof(direct));
}

/* All of it, as the pattern says? A short transfer is not what was asked. */
static long read_all(long got)
{
	if (got == -1)
		return -1;
	errno = EIO;
	return got == DATA_SIZE && !memcmp(buffer, pattern, DATA_SIZE) ? 0 : -1;
}

static long write_all(long put)
{
	if (put == -1)
		return -1;
	errno = EIO;
	return put == DATA_SIZE ? 0 : -1;
}

static bool b_written(void) { return holds_data("b"); }

static long do_read(void) { return read_all(read(fd, buffer, DATA_SIZE)); }
static long do_pread(void) { return read_all(pread(fd, buffer, DATA_SIZE, 0)); }
static long do_readv(void) { return read_all(readv(fd, vector, 2)); }
static long do_preadv(void) { return read_all(preadv(fd, vector, 2, 0)); }
static long do_preadv2(void) { return read_all(preadv2(fd, vector, 2, 0, 0)); }
static long do_write(void) { return write_all(write(fd2, buffer, DATA_SIZE)); }
static long do_pwrite(void) { return write_all(pwrite(fd2, buffer, DATA_SIZE, 0)); }
static long do_writev(void) { return write_all(writev(fd2, vector, 2)); }
static long do_pwritev(void) { return write_all(pwritev(fd2, vector, 2, 0)); }
static long do_pwritev2(void) { return write_all(pwritev2(fd2, vector, 2, 0, RWF_DSYNC)); }
static long do_sendfile(void) { return write_all(sendfile(fd2, fd, NULL, DATA_SIZE)); }

static long do_copy_file_range(void)
{
	return write_all(copy_file_range(fd, NULL, fd2, NULL, DATA_SIZE, 0));
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

static long do_splice_in(void)
{
	return splice(fd, NULL, pipe_fd[1], NULL, DATA_SIZE, 0) > 0 ? 0 : -1;
}

static long do_splice_out(void)
{
	return write_all(splice(pipe_fd[0], NULL, fd2, NULL, DATA_SIZE, 0));
}

static bool a_short(void) { return !holds_data("a"); }
static long do_truncate(void) { return truncate("a", 13); }
static long do_ftruncate(void) { return ftruncate(fd, 15000); }
static long do_fsync(void) { return fsync(fd); }
static long do_fdatasync(void) { return fdatasync(fd); }
static long do_syncfs(void) { return syncfs(fd); }
static long do_sync(void) { sync(); return 0; }
static long do_sync_file_range(void) { return sync_file_range(fd, 0, 0, 7); }
static long do_msync(void) { return msync(map, DATA_SIZE, MS_SYNC); }

static long do_fallocate(void)
{
	long got = fallocate(fd, 0, 0, 2 * DATA_SIZE);

	return got && errno == EOPNOTSUPP ? 0 : got;
}

static long do_mmap(void)
{
	map = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? -1 : 0;
}

static long do_fault_read(void)
{
	errno = EIO;
	return memcmp(map, pattern, DATA_SIZE) ? -1 : 0;
}

static long do_fault_write(void)
{
	memset(map, 'm', DATA_SIZE);
	return 0;
}

static bool map_written(void)
{
	return pread(fd, buffer, DATA_SIZE, 0) == DATA_SIZE &&
	       buffer[0] == 'm' && buffer[DATA_SIZE - 1] == 'm';
}

static void dirty_map(void)
{
	a_mapped();
	memset(map, 'm', DATA_SIZE);
}

static void unmap(void)
{
	if (map && map != MAP_FAILED)
		munmap(map, DATA_SIZE);
	map = NULL;
	clean();
}

static long do_direct_write(void)
{
	long got = fd == -1 ? 0 : pwrite(fd, direct, sizeof(direct), 0);

	if (got == -1 && errno == EINVAL)	/* not offered here */
		return 0;
	errno = got >= 0 ? EIO : errno;
	return fd == -1 || got == (long)sizeof(direct) ? 0 : -1;
}

static long do_direct_read(void)
{
	long got = fd == -1 ? 0 : pread(fd, direct, sizeof(direct), 4096);

	if (got == -1 && errno == EINVAL)
		return 0;
	errno = got >= 0 ? EIO : errno;
	return fd == -1 || (got == (long)sizeof(direct) &&
			    !memcmp(direct, pattern + 4096, sizeof(direct))) ?
	       0 : -1;
}

static long do_close(void)
{
	long got = close(fd);

	fd = -1;
	return got;
}

const struct kase data_cases[] = {
	{ "read", a_cold, do_read, NULL, clean },
	{ "pread64", a_cold, do_pread, NULL, clean },
	{ "readv", a_cold, do_readv, NULL, clean },
	{ "preadv", a_cold, do_preadv, NULL, clean },
	{ "preadv2", a_cold, do_preadv2, NULL, clean },
	{ "write", b_new, do_write, b_written, clean },
	{ "pwrite64", b_new, do_pwrite, b_written, clean },
	{ "writev", b_new, do_writev, b_written, clean },
	{ "pwritev", b_new, do_pwritev, b_written, clean },
	{ "pwritev2 (dsync)", b_new, do_pwritev2, b_written, clean },
	{ "sendfile", b_new, do_sendfile, b_written, clean },
	{ "copy_file_range", b_new, do_copy_file_range, b_written, clean },
	{ "splice (from file)", with_pipe, do_splice_in, NULL, clean },
	{ "splice (to file)", full_pipe, do_splice_out, b_written, clean },
	{ "truncate", a_dirty, do_truncate, a_short, clean },
	{ "ftruncate", a_dirty, do_ftruncate, a_short, clean },
	{ "fsync", a_dirty, do_fsync, NULL, clean },
	{ "fdatasync", a_dirty, do_fdatasync, NULL, clean },
	{ "syncfs", a_dirty, do_syncfs, NULL, clean },
	{ "sync", a_dirty, do_sync, NULL, clean },
	{ "sync_file_range", a_dirty, do_sync_file_range, NULL, clean },
	{ "fallocate", a_dirty, do_fallocate, NULL, clean },
	{ "mmap", a_cold, do_mmap, NULL, unmap },
	{ "page fault (read)", a_mapped, do_fault_read, NULL, unmap },
	{ "page fault (write)", a_mapped, do_fault_write, map_written, unmap },
	{ "msync", dirty_map, do_msync, NULL, unmap },
	{ "write (O_DIRECT)", a_direct, do_direct_write, NULL, clean },
	{ "read (O_DIRECT)", a_direct, do_direct_read, NULL, clean },
	{ "close", a_dirty, do_close, NULL, clean },
	{ NULL }
};
