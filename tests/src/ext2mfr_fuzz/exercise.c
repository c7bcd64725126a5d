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
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "fuzz.h"

static char buffer[16384];
static int budget;

static void look_at(const char *path, unsigned int depth);

static void walk(const char *path, unsigned int depth)
{
	struct dirent *entry;
	char child[4096];
	DIR *dir;

	if (depth > 12)
		return;
	dir = opendir(path);
	if (!worked(LOOKUP, "opendir", path, dir ? 0 : -1))
		return;
	while (budget > 0) {
		budget--;
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			worked(READ, "readdir", path, errno ? -1 : 0);
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

	if (!worked(LOOKUP, "lstat", path, lstat(path, &st)))
		return;
	worked(GET_ATTR, "listxattr", path, llistxattr(path, buffer, sizeof(buffer)));
	worked(GET_ATTR, "getxattr", path,
	       lgetxattr(path, "trusted.one", buffer, sizeof(buffer)));
	if (S_ISDIR(st.st_mode)) {
		walk(path, depth + 1);
		if (pick(4) == 0)
			worked(REMOVE_DIR, "rmdir", path, rmdir(path));
	} else if (S_ISREG(st.st_mode)) {
		look_at_file(path, &st);
		change_file(path, &st);
	} else if (S_ISLNK(st.st_mode)) {
		worked(READ_LINK, "readlink", path,
		       readlink(path, buffer, sizeof(buffer)));
	}
}

static int is_directory(const char *path)
{
	struct stat st;

	return worked(LOOKUP, "lstat", path, lstat(path, &st)) && S_ISDIR(st.st_mode);
}

static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	if (!worked(ENTER, "creat", path, fd))
		return;
	worked(WRITE, "write", path, write(fd, buffer, pick(sizeof(buffer))));
	worked(SYNC, "fsync", path, fsync(fd));
	worked(SYNC, "close", path, close(fd));
}

static void change_tree(const char *root)
{
	char a[256], b[256], dir[256];
	unsigned int i;

	snprintf(dir, sizeof(dir), "%s/dir", root);
	if (!is_directory(dir))
		snprintf(dir, sizeof(dir), "%s", root);
	for (i = 0; i < 6; i++) {
		snprintf(a, sizeof(a), "%s/fuzz-%u", root, i);
		snprintf(b, sizeof(b), "%.200s/fuzz-%u-moved", dir, i);
		make_file(a);
		worked(RENAME, "rename", a, rename(a, b));
		worked(ENTER, "link", b, link(b, a));
	}
	snprintf(a, sizeof(a), "%s/fuzz-dir", root);
	snprintf(b, sizeof(b), "%.200s/fuzz-dir-moved", dir);
	worked(ENTER, "mkdir", a, mkdir(a, 0755));
	worked(RENAME, "rename", a, rename(a, b));
	worked(ENTER, "symlink", a, symlink("fuzz", a));
	snprintf(a, sizeof(a), "%s/many", root);
	worked(SWAP, "exchange", a,
	       renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
}

static void use_volume(const char *root)
{
	struct fstrim_range range = { .len = UINT64_MAX };
	struct statvfs st;
	int fd;

	worked(NEVER_FAILS, "statvfs", root, statvfs(root, &st));
	fd = open(root, O_RDONLY);
	if (worked(NEVER_FAILS, "open", root, fd)) {
		worked(TRIM, "trim", root, ioctl(fd, FITRIM, &range));
		worked(SYNC, "syncfs", root, syncfs(fd));
		close(fd);
	}
	worked(REMOUNT, "remount ro", root,
	       mount(NULL, root, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	worked(REMOUNT, "remount rw", root, mount(NULL, root, NULL, MS_REMOUNT, NULL));
}

int exercise(const char *root)
{
	budget = 600;
	strange_results = 0;
	forget_files();
	walk(root, 0);
	change_tree(root);
	use_volume(root);
	walk(root, 0);
	return strange_results;
}
