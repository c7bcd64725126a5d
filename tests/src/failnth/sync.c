// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that make data durable: the data must then be on the device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

static unsigned char *map;

static void a_mapped_dirty(void)
{
	file_a_open();
	must(!fsync(fd), "fsync");
	map = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "mmap");
	memcpy(map, other_pattern, DATA_SIZE);
}

static void unmap(void)
{
	munmap(map, DATA_SIZE);
	clean();
}

static bool a_durable(void) { return on_device("a", pattern); }
static bool map_durable(void) { return on_device("a", other_pattern); }

static long do_fsync(void) { return fsync(fd); }
static long do_fdatasync(void) { return fdatasync(fd); }
static long do_syncfs(void) { return syncfs(fd); }
/* The library's returns nothing. */
static long do_sync(void) { return syscall(SYS_sync); }
static long do_sync_file_range(void) { return sync_file_range(fd, 0, 0, 7); }
static long do_msync(void) { return msync(map, DATA_SIZE, MS_SYNC); }

static long do_close(void) { return close(fd); }

static bool is_closed(void)
{
	return fcntl(fd, F_GETFD) == -1 && errno == EBADF && holds_data("a");
}

const struct kase sync_cases[] = {
	{ "fsync", file_a_open, do_fsync, a_durable, clean, DIRTY },
	{ "fdatasync", file_a_open, do_fdatasync, a_durable, clean, DIRTY },
	{ "syncfs", file_a_open, do_syncfs, a_durable, clean, DIRTY },
	{ "sync", file_a_open, do_sync, a_durable, clean, DIRTY },
	{ "sync_file_range", file_a_open, do_sync_file_range, a_durable, clean, DIRTY },
	{ "msync", a_mapped_dirty, do_msync, map_durable, unmap, DIRTY },
	{ "close", file_a_open, do_close, is_closed, clean, DIRTY },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
