// SPDX-License-Identifier: GPL-2.0
/*
 * Walk a file system of unknown state and change it. Every call may fail; what
 * matters is that it returns, and that the kernel survives.
 */
#define _GNU_SOURCE
#include <dirent.h>
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

static void look_at_file(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	void *map;

	if (fd < 0)
		return;
	if (pread(fd, buffer, sizeof(buffer), 0) < 0)
		budget--;
	if (pread(fd, buffer, 4096, st->st_size / 2) < 0)
		budget--;
	if (pread(fd, buffer, 4096, st->st_size - 1) < 0)
		budget--;
	lseek(fd, 0, SEEK_HOLE);
	lseek(fd, st->st_size / 2, SEEK_DATA);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map != MAP_FAILED)
		munmap(map, 4096);
	close(fd);
}

static void change_file(const char *path, const struct stat *st)
{
	int fd;

	switch (pick(8)) {
	case 0:
		unlink(path);
		return;
	case 1:
		if (truncate(path, st->st_size / 2))
			budget--;
		return;
	case 2:
		setxattr(path, "user.fuzz", buffer, pick(200), 0);
		return;
	case 3:
		fd = open(path, O_RDWR | O_NONBLOCK);
		if (fd < 0)
			return;
		if (pwrite(fd, buffer, 5000, pick(100000)) < 0)
			budget--;
		if (pwrite(fd, buffer, 100, st->st_size) < 0)
			budget--;
		close(fd);
		return;
	}
}

static void walk(const char *path, unsigned int depth)
{
	struct dirent *entry;
	char child[4096];
	struct stat st;
	DIR *dir;

	if (depth > 12 || !(dir = opendir(path)))
		return;
	while (budget > 0 && (entry = readdir(dir))) {
		budget--;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(child, sizeof(child), "%s/%s", path,
			     entry->d_name) >= (int)sizeof(child))
			continue;
		if (lstat(child, &st))
			continue;
		listxattr(child, buffer, sizeof(buffer));
		getxattr(child, "user.one", buffer, sizeof(buffer));
		if (S_ISDIR(st.st_mode)) {
			walk(child, depth + 1);
			if (pick(4) == 0)
				rmdir(child);
		} else if (S_ISREG(st.st_mode)) {
			look_at_file(child, &st);
			change_file(child, &st);
		} else if (S_ISLNK(st.st_mode)) {
			if (readlink(child, buffer, sizeof(buffer)) < 0)
				budget--;
		}
	}
	closedir(dir);
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
		if (fd >= 0) {
			if (write(fd, buffer, pick(sizeof(buffer))) < 0)
				budget = 1;
			fsync(fd);
			close(fd);
		}
		rename(a, b);
		link(b, a);
	}
	snprintf(a, sizeof(a), "%s/fuzz-dir", root);
	snprintf(b, sizeof(b), "%s/dir/fuzz-dir", root);
	mkdir(a, 0755);
	rename(a, b);
	symlink("fuzz", a);
}

void exercise(const char *root)
{
	struct statvfs st;

	budget = 600;
	statvfs(root, &st);
	walk(root, 0);
	change_tree(root);
	sync();
	walk(root, 0);
}
