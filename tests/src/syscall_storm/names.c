// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on names, attributes and the file system as a whole.
 *
 * What an operation makes besides the worker's files, it removes; names are
 * never used twice, so that one left behind by a failure disturbs nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "storm.h"

/* Remove a name again; without it the worker could not go on as before. */
static void remove_name(const char *name)
{
	seen("unlink", unlink(name));
}

void op_stat(void)
{
	struct file *file = pick(KNOWN);
	struct statx extended;
	struct stat status;
	long long size;

	if (!file)
		return;
	switch (draw(4)) {
	case 0:
		if (seen("stat", stat(file->name, &status)) == -1)
			return;
		size = status.st_size;
		break;
	case 1:
		if (seen("lstat", lstat(file->name, &status)) == -1)
			return;
		size = status.st_size;
		break;
	case 2:
		if (seen("statx", statx(AT_FDCWD, file->name, 0,
					STATX_BASIC_STATS, &extended)) == -1)
			return;
		size = extended.stx_size;
		break;
	default:
		seen("access", access(file->name, R_OK | W_OK));
		seen("faccessat", faccessat(AT_FDCWD, file->name, F_OK, 0));
		return;
	}
	if (size != (long long)file->size)
		mismatch("size of %s is %lld, must be %zu", file->name, size,
			 file->size);
}

/* Mode, owner and times, by path or by descriptor, and read back. */
void op_attr(void)
{
	struct timespec times[2] = { { .tv_sec = 1 + draw(1 << 30) },
				     { .tv_sec = 1 + draw(1 << 30) } };
	struct file *file = pick(KNOWN);
	mode_t mode = 0600 | draw(0100);
	struct stat status;
	bool set;
	int fd;

	if (!file)
		return;
	if (draw(2)) {
		set = seen("chmod", chmod(file->name, mode)) != -1;
		seen("chown", chown(file->name, 0, 0));
		set &= seen("utimensat", utimensat(AT_FDCWD, file->name, times,
						   0)) != -1;
	} else {
		fd = seen("open", open(file->name, O_RDONLY | O_CLOEXEC));
		if (fd == -1)
			return;
		set = seen("fchmod", fchmod(fd, mode)) != -1;
		seen("fchown", fchown(fd, 0, 0));
		set &= seen("futimens", futimens(fd, times)) != -1;
		seen("close", close(fd));
	}
	if (!set || seen("stat", stat(file->name, &status)) == -1)
		return;
	if ((status.st_mode & 07777) != mode ||
	    status.st_mtim.tv_sec != times[1].tv_sec)
		mismatch("attributes of %s: mode %o, must be %o", file->name,
			 status.st_mode & 07777, mode);
}

/* Rename to a new name, or exchange two, or replace one. */
void op_rename(void)
{
	struct file *file = pick(KNOWN), *other = pick(KNOWN);
	char name[NAME_LEN];
	int done;

	if (!file)
		return;
	if (other && other != file && !draw(3)) {
		done = seen("rename", rename(file->name, other->name));
		if (done == -1) {
			forget(other);
			forget(file);
			return;
		}
		/* The other's content is gone, and its name is now ours. */
		memcpy(file->name, other->name, NAME_LEN);
		other->state = ABSENT;
		return;
	}
	fresh_name(name, "r");
	if (draw(2))
		done = seen("rename", rename(file->name, name));
	else
		done = seen("renameat2", renameat2(AT_FDCWD, file->name,
						   AT_FDCWD, name,
						   RENAME_NOREPLACE));
	if (done == -1)
		forget(file);
	else
		memcpy(file->name, name, NAME_LEN);
}

void op_link(void)
{
	struct file *file = pick(KNOWN);
	char name[NAME_LEN];
	struct stat a, b;

	if (!file)
		return;
	fresh_name(name, "l");
	if (seen("link", link(file->name, name)) == -1)
		return;
	if (seen("stat", stat(file->name, &a)) != -1 &&
	    seen("stat", stat(name, &b)) != -1 && a.st_ino != b.st_ino)
		mismatch("%s and its link differ", file->name);
	remove_name(name);
}

void op_symlink(void)
{
	char name[NAME_LEN], target[200], got[256];
	size_t length = 1 + draw(sizeof(target) - 1);
	long back;

	/* Short ones live in the inode, long ones in a block. */
	memset(target, 'a' + draw(26), length);
	target[length - 1] = '\0';
	if (!target[0])
		return;
	fresh_name(name, "s");
	if (seen("symlink", symlink(target, name)) == -1)
		return;
	back = seen("readlink", readlink(name, got, sizeof(got)));
	if (back != -1 && (back != (long)strlen(target) ||
			   memcmp(got, target, back)))
		mismatch("readlink of %s: %ld bytes of %zu or others", name,
			 back, strlen(target));
	remove_name(name);
}

/* A directory with a few names in it, then none, then gone. */
void op_mkdir(void)
{
	char directory[NAME_LEN], name[NAME_LEN + 16];
	unsigned int i, made, names = 1 + draw(4);
	int fd;

	fresh_name(directory, "d");
	if (seen("mkdir", mkdir(directory, 0755)) == -1)
		return;
	for (made = 0; made < names; made++) {
		snprintf(name, sizeof(name), "%s/%u", directory, made);
		fd = seen("open", open(name, O_CREAT | O_EXCL | O_WRONLY |
				       O_CLOEXEC, 0600));
		if (fd == -1)
			break;
		full("write", write(fd, name, strlen(name)), strlen(name));
		seen("close", close(fd));
	}
	for (i = 0; i < made; i++) {
		snprintf(name, sizeof(name), "%s/%u", directory, i);
		if (seen("unlink", unlink(name)) == -1)
			return;
	}
	/* A file that was made though open() failed would be in the way. */
	if (made == names)
		seen("rmdir", rmdir(directory));
}

void op_mknod(void)
{
	struct stat status;
	char name[NAME_LEN];

	fresh_name(name, "p");
	if (seen("mknod", mknod(name, S_IFIFO | 0600, 0)) == -1)
		return;
	if (seen("stat", stat(name, &status)) != -1 && !S_ISFIFO(status.st_mode))
		mismatch("%s is no fifo", name);
	remove_name(name);
}

/* A bit for each of the worker's files whose name is in these entries. */
static unsigned int find_names(const char *entries, long size)
{
	unsigned int i, found = 0;
	long at = 0;

	while (at < size) {
		const struct dirent64 *entry = (const void *)(entries + at);

		for (i = 0; i < FILES; i++)
			if (me->file[i].state == KNOWN &&
			    !strcmp(me->file[i].name, entry->d_name))
				found |= 1u << i;
		at += entry->d_reclen;
	}
	return found;
}

void op_readdir(void)
{
	unsigned int i, found = 0;
	char entries[4096];
	long got;
	int fd;

	fd = seen("open", open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd == -1)
		return;
	do {
		got = seen("getdents", syscall(SYS_getdents64, fd, entries,
					       sizeof(entries)));
		if (got > 0)
			found |= find_names(entries, got);
	} while (got > 0);
	for (i = 0; !got && i < FILES; i++)
		if (me->file[i].state == KNOWN && !(found & 1u << i))
			mismatch("%s is not in its directory",
				 me->file[i].name);
	seen("close", close(fd));
}

/* Give a file up: any, or one of which a failure left us in the dark. */
void op_unlink(void)
{
	static const int gone[] = { ENOENT, 0 };
	struct file *file = pick(UNKNOWN);

	if (!file && !draw(4))
		file = pick(KNOWN);
	if (!file)
		return;
	if (seen_or("unlink", unlink(file->name),
		    file->state == UNKNOWN ? gone : NULL) != -1 ||
	    errno == ENOENT)
		file->state = ABSENT;
	else
		forget(file);
}

void op_xattr(void)
{
	static const int none[] = { EOPNOTSUPP, ENODATA, 0 };
	struct file *file = pick(KNOWN);
	char value[64], got[64], list[256];
	size_t size = 1 + draw(sizeof(value));
	long back;

	if (!file)
		return;
	fill((unsigned char *)value, size);
	if (seen_or("setxattr", setxattr(file->name, "user.storm", value, size,
					 0), none) == -1)
		return;
	back = seen("getxattr", getxattr(file->name, "user.storm", got,
					 sizeof(got)));
	if (back != -1 && ((size_t)back != size || memcmp(got, value, size)))
		mismatch("attribute of %s differs", file->name);
	seen("listxattr", listxattr(file->name, list, sizeof(list)));
	seen("removexattr", removexattr(file->name, "user.storm"));
}

void op_tmpfile(void)
{
	char text[] = "gone with its descriptor", got[sizeof(text)];
	int fd = seen_or("tmpfile", open(".", O_TMPFILE | O_RDWR | O_CLOEXEC,
					 0600), unsupported);

	if (fd == -1)
		return;
	if (full("write", write(fd, text, sizeof(text)), sizeof(text)) &&
	    full("pread", pread(fd, got, sizeof(got), 0), sizeof(got)) &&
	    memcmp(text, got, sizeof(got)))
		mismatch("nameless file differs");
	seen("close", close(fd));
}

void op_statfs(void)
{
	struct statfs status;
	int fd;

	if (seen("statfs", statfs(".", &status)) != -1 &&
	    status.f_bfree > status.f_blocks)
		mismatch("more blocks free than there are");
	fd = seen("open", open(".", O_RDONLY | O_CLOEXEC));
	if (fd == -1)
		return;
	seen("fstatfs", fstatfs(fd, &status));
	seen("close", close(fd));
}

void op_lock(void)
{
	struct flock whole = { .l_type = F_WRLCK };
	struct file *file = pick(KNOWN);
	int fd, flags;

	if (!file)
		return;
	fd = seen("open", open(file->name, O_RDWR | O_CLOEXEC));
	if (fd == -1)
		return;
	if (seen("flock", flock(fd, LOCK_EX)) != -1)
		seen("flock", flock(fd, LOCK_UN));
	if (seen("fcntl", fcntl(fd, F_SETLK, &whole)) != -1) {
		whole.l_type = F_UNLCK;
		seen("fcntl", fcntl(fd, F_SETLK, &whole));
	}
	seen_or("ioctl", ioctl(fd, FS_IOC_GETFLAGS, &flags), unsupported);
	seen("close", close(fd));
}
