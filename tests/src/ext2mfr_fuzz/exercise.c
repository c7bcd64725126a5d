// SPDX-License-Identifier: GPL-2.0
/*
 * Walk a file system of unknown state and change it. Every call may fail, by
 * what damage explains; what matters is that it returns, and that the kernel
 * survives.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "fuzz.h"

static char buffer[16384];
static int budget;
static int strange;

/* What damage, and the ways in which these calls are used, can lead to. No memory,
 * descriptor or file system state is among it.
 */
static const int explained[] = {
	EUCLEAN, EIO, EROFS, ENOSPC, ENOENT, EEXIST, ENOTEMPTY, ENOTDIR, EISDIR,
	EPERM, ENODATA, ERANGE, EFBIG, EMLINK, EINVAL, ENXIO, ELOOP,
};

/* Look at a call's result; returns whether it succeeded. */
static int worked(const char *call, const char *path, long result)
{
	unsigned int i;

	if (result >= 0)
		return 1;
	for (i = 0; i < sizeof(explained) / sizeof(*explained); i++)
		if (errno == explained[i])
			return 0;
	printf("# %s %s: %s\n", call, path, strerror(errno));
	strange++;
	return 0;
}

static void look_at_file(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	void *map;

	if (!worked("open", path, fd))
		return;
	worked("pread", path, pread(fd, buffer, sizeof(buffer), 0));
	worked("pread", path, pread(fd, buffer, 4096, st->st_size / 2));
	if (st->st_size)
		worked("pread", path, pread(fd, buffer, 4096, st->st_size - 1));
	worked("lseek", path, lseek(fd, 0, SEEK_HOLE));
	worked("lseek", path, lseek(fd, st->st_size / 2, SEEK_DATA));
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (worked("mmap", path, map == MAP_FAILED ? -1 : 0))
		munmap(map, 4096);
	worked("close", path, close(fd));
}

static void change_file(const char *path, const struct stat *st)
{
	int fd;

	switch (pick(8)) {
	case 0:
		worked("unlink", path, unlink(path));
		return;
	case 1:
		worked("truncate", path, truncate(path, st->st_size / 2));
		return;
	case 2:
		worked("setxattr", path,
		       setxattr(path, "user.fuzz", buffer, pick(200), 0));
		return;
	case 3:
		fd = open(path, O_RDWR | O_NONBLOCK);
		if (!worked("open", path, fd))
			return;
		worked("pwrite", path, pwrite(fd, buffer, 5000, pick(100000)));
		worked("pwrite", path, pwrite(fd, buffer, 100, st->st_size));
		worked("close", path, close(fd));
		return;
	}
}

static void look_at(const char *path, unsigned int depth);

static void walk(const char *path, unsigned int depth)
{
	struct dirent *entry;
	char child[4096];
	DIR *dir;

	if (depth > 12)
		return;
	dir = opendir(path);
	if (!worked("opendir", path, dir ? 0 : -1))
		return;
	while (budget > 0) {
		budget--;
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			worked("readdir", path, errno ? -1 : 0);
			break;
		}
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    snprintf(child, sizeof(child), "%s/%s", path,
			     entry->d_name) < (int)sizeof(child))
			look_at(child, depth);
	}
	closedir(dir);
}

static void look_at(const char *path, unsigned int depth)
{
	struct stat st;

	if (!worked("lstat", path, lstat(path, &st)))
		return;
	worked("listxattr", path, llistxattr(path, buffer, sizeof(buffer)));
	worked("getxattr", path,
	       lgetxattr(path, "trusted.one", buffer, sizeof(buffer)));
	if (S_ISDIR(st.st_mode)) {
		walk(path, depth + 1);
		if (pick(4) == 0)
			worked("rmdir", path, rmdir(path));
	} else if (S_ISREG(st.st_mode)) {
		look_at_file(path, &st);
		change_file(path, &st);
	} else if (S_ISLNK(st.st_mode)) {
		worked("readlink", path,
		       readlink(path, buffer, sizeof(buffer)));
	}
}

static void change_tree(const char *root)
{
	char a[256], b[256];
	unsigned int i;
	int fd;

	for (i = 0; i < 12; i++) {
		snprintf(a, sizeof(a), "%s/fuzz-%u", root, i);
		snprintf(b, sizeof(b), "%s/dir/fuzz-%u-moved", root, i);
		fd = open(a, O_RDWR | O_CREAT, 0644);
		if (worked("creat", a, fd)) {
			worked("write", a,
			       write(fd, buffer, pick(sizeof(buffer))));
			worked("fsync", a, fsync(fd));
			worked("close", a, close(fd));
		}
		worked("rename", a, rename(a, b));
		worked("link", b, link(b, a));
	}
	snprintf(a, sizeof(a), "%s/fuzz-dir", root);
	snprintf(b, sizeof(b), "%s/dir/fuzz-dir", root);
	worked("mkdir", a, mkdir(a, 0755));
	worked("rename", a, rename(a, b));
	worked("symlink", a, symlink("fuzz", a));
}

int exercise(const char *root)
{
	struct statvfs st;

	budget = 600;
	strange = 0;
	worked("statvfs", root, statvfs(root, &st));
	walk(root, 0);
	change_tree(root);
	sync();
	walk(root, 0);
	return strange;
}
