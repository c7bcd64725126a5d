// SPDX-License-Identifier: GPL-2.0
/* Looking at a file, and changing it. */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "fuzz.h"

#define PAGE	4096

static char buffer[16384] __attribute__((aligned(PAGE)));
static sigjmp_buf no_page;

static void map_extents(int fd, const char *path)
{
	static union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 16 * sizeof(struct fiemap_extent)];
	} request;

	memset(&request, 0, sizeof(request));
	request.map.fm_length = FIEMAP_MAX_OFFSET;
	request.map.fm_flags = FIEMAP_FLAG_SYNC;
	request.map.fm_extent_count = 16;
	worked(READ, "fiemap", path, ioctl(fd, FS_IOC_FIEMAP, &request.map));
}

void look_at_file(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	void *map;

	if (!worked(LOOKUP, "open", path, fd))
		return;
	worked(READ, "pread", path, pread(fd, buffer, sizeof(buffer), 0));
	worked(READ, "pread", path, pread(fd, buffer, PAGE, st->st_size / 2));
	if (st->st_size)
		worked(READ, "pread", path, pread(fd, buffer, PAGE, st->st_size - 1));
	worked(SEEK, "lseek", path, lseek(fd, 0, SEEK_HOLE));
	worked(SEEK, "lseek", path, lseek(fd, st->st_size / 2, SEEK_DATA));
	/* It writes the file out first. */
	if (pick(4) == 0)
		map_extents(fd, path);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (worked(NEVER_FAILS, "mmap", path, map == MAP_FAILED ? -1 : 0))
		munmap(map, PAGE);
	worked(NEVER_FAILS, "close", path, close(fd));
}

static int open_to_write(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | flags);

	return worked(OPEN_WRITE, "open", path, fd) ? fd : -1;
}

static void write_buffered(const char *path, const struct stat *st)
{
	int fd = open_to_write(path, 0);

	if (fd < 0)
		return;
	worked(WRITE, "pwrite", path, pwrite(fd, buffer, 5000, pick(100000)));
	worked(WRITE, "pwrite", path, pwrite(fd, buffer, 100, st->st_size));
	worked(SYNC, "close", path, close(fd));
}

static void transfer_directly(const char *path, const struct stat *st)
{
	off_t end = (st->st_size + PAGE - 1) / PAGE * PAGE;
	int fd = open_to_write(path, O_DIRECT);

	if (fd < 0)
		return;
	worked(READ, "direct read", path, pread(fd, buffer, 2 * PAGE, 0));
	worked(WRITE, "direct write", path,
	       pwrite(fd, buffer, PAGE, pick(20) * PAGE));
	if (end >= 0)
		worked(WRITE, "direct write", path, pwrite(fd, buffer, PAGE, end));
	worked(SYNC, "close", path, close(fd));
}

static void change_space(const char *path, const struct stat *st)
{
	static const int modes[] = {
		0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
	};
	int fd = open_to_write(path, 0), mode = modes[pick(3)];
	off_t at = pick(4) ? pick(60000) : st->st_size / 2;

	if (fd < 0)
		return;
	worked(WRITE, "fallocate", path, fallocate(fd, mode, at, 1 + pick(20000)));
	worked(SYNC, "close", path, close(fd));
}

static void on_no_page(int signal)
{
	(void)signal;
	siglongjmp(no_page, 1);
}

/* A store that finds no page is told so by a signal. */
static void store_mapped(const char *path, const struct stat *st)
{
	off_t at = st->st_size / 2 / PAGE * PAGE;
	struct sigaction action = { .sa_handler = on_no_page };
	int fd = open_to_write(path, 0);
	char *map;

	if (fd < 0)
		return;
	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	if (worked(NEVER_FAILS, "mmap", path, map == MAP_FAILED ? -1 : 0)) {
		sigaction(SIGBUS, &action, NULL);
		if (!sigsetjmp(no_page, 1)) {
			map[0] = 1;
			map[PAGE] = 2;
		}
		worked(SYNC, "msync", path, msync(map, 2 * PAGE, MS_SYNC));
		munmap(map, 2 * PAGE);
	}
	worked(SYNC, "close", path, close(fd));
}

static void set_list(const char *path)
{
	/* As in linux/posix_acl_xattr.h: user, user 1000, group, mask, others. */
	struct {
		uint32_t version;
		struct {
			uint16_t tag;
			uint16_t perm;
			uint32_t id;
		} entries[5];
	} list = { htole32(2), {
		{ htole16(1), htole16(6), htole32(~0U) },
		{ htole16(2), htole16(pick(8)), htole32(1000) },
		{ htole16(4), htole16(4), htole32(~0U) },
		{ htole16(16), htole16(7), htole32(~0U) },
		{ htole16(32), htole16(4), htole32(~0U) },
	} };

	worked(SET_ATTR, "setxattr (list)", path,
	       setxattr(path, "system.posix_acl_access", &list, sizeof(list), 0));
}

static void change_attributes(const char *path)
{
	switch (pick(4)) {
	case 0:
		worked(SET_ATTR, "setxattr", path,
		       setxattr(path, "user.fuzz", buffer, pick(200), 0));
		return;
	case 1:
		worked(REMOVE_ATTR, "removexattr", path,
		       removexattr(path, "trusted.one"));
		return;
	case 2:
		worked(REMOVE_ATTR, "removexattr (list)", path,
		       removexattr(path, "system.posix_acl_access"));
		return;
	default:
		set_list(path);
	}
}

/* What the next one is exchanged with. */
static char last[4096];

/* On another image such a path may lead through what is no directory. */
void forget_files(void)
{
	*last = '\0';
}

/* Exchange the file with the one that came before it. */
static void exchange(const char *path)
{
	if (*last)
		worked(SWAP, "exchange", path,
		       renameat2(AT_FDCWD, path, AT_FDCWD, last, RENAME_EXCHANGE));
	snprintf(last, sizeof(last), "%s", path);
}

static void resize(const char *path, const struct stat *st)
{
	worked(RESIZE, "truncate", path, truncate(path, st->st_size / 2));
	if (pick(2))
		worked(RESIZE, "truncate", path,
		       truncate(path, st->st_size / 2 + pick(9000)));
}

void change_file(const char *path, const struct stat *st)
{
	switch (pick(10)) {
	case 0:
		worked(REMOVE, "unlink", path, unlink(path));
		return;
	case 1:
		write_buffered(path, st);
		break;
	case 2:
		transfer_directly(path, st);
		break;
	case 3:
	case 4:
		change_space(path, st);
		break;
	case 5:
		store_mapped(path, st);
		break;
	case 6:
	case 7:
		change_attributes(path);
		break;
	case 8:
		exchange(path);
		break;
	}
	resize(path, st);
}
