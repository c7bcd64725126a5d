// SPDX-License-Identifier: GPL-2.0
/*
 * Handles that outlive files and mounts, generations and the volume's label,
 * through the system calls.
 *
 * usage: attr_calls MOUNT_POINT LABEL
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int wrong;

__attribute__((format(printf, 2, 3)))
static void expect(int good, const char *fmt, ...)
{
	va_list args;

	if (good)
		return;
	va_start(args, fmt);
	fputs("wrong: ", stdout);
	vprintf(fmt, args);
	printf(" (%s)\n", strerror(errno));
	va_end(args);
	wrong++;
}

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

static int take(const char *name, struct handle *handle)
{
	int mount_id;

	handle->head.handle_bytes = MAX_HANDLE_SZ;
	return name_to_handle_at(AT_FDCWD, name, &handle->head, &mount_id, 0);
}

static int reopen(const char *root, struct handle *handle, int flags)
{
	int mount = open(root, O_RDONLY | O_DIRECTORY);
	int fd = open_by_handle_at(mount, &handle->head, flags);
	int err = errno;

	close(mount);
	errno = err;
	return fd;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		expect(0, "drop_caches");
	close(fd);
}

static void make_file(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);

	expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
	       "create %s", name);
	close(fd);
}

static void check_handles(const char *root)
{
	struct handle file, dir, gone;
	char text[16] = "", link[64], path[256];
	struct stat st;
	int fd;

	expect(!mkdir("handles", 0755) && !mkdir("handles/deep", 0755), "mkdir");
	make_file("handles/deep/file", "content");
	make_file("handles/gone", "content");
	expect(!take("handles/deep/file", &file), "handle of a file");
	expect(!take("handles/deep", &dir), "handle of a directory");
	expect(!take("handles/gone", &gone), "handle of a file that goes");
	drop_caches();

	fd = reopen(root, &file, O_RDONLY);
	expect(fd >= 0, "open a file by handle");
	expect(read(fd, text, sizeof(text)) == 7 && !strcmp(text, "content"),
	       "read it");
	close(fd);

	/* Its parents are found through "..". */
	fd = reopen(root, &dir, O_RDONLY | O_DIRECTORY);
	expect(fd >= 0, "open a directory by handle");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	memset(path, 0, sizeof(path));
	expect(readlink(link, path, sizeof(path) - 1) > 0, "path of it");
	expect(strstr(path, "handles/deep") != NULL, "path is %s", path);
	expect(!fstatat(fd, "..", &st, 0), "its parent");
	close(fd);

	/* The number of a removed file may serve another one by now. */
	expect(!unlink("handles/gone"), "unlink");
	make_file("handles/next", "other");
	fd = reopen(root, &gone, O_RDONLY);
	expect(fd < 0 && errno == ESTALE, "a removed file is stale: %d", fd);
	drop_caches();
	fd = reopen(root, &gone, O_RDONLY);
	expect(fd < 0 && errno == ESTALE, "and stays so");
}

/* Numbers that no file has, and what is not a handle. */
static void check_wrong_handles(const char *root)
{
	static const unsigned int numbers[] = { 0, 1, 5, 7, 3999, 4000000, ~0U };
	struct handle handle, bad;
	unsigned int i, words[2];
	int fd;

	expect(!take("handles/deep/file", &handle), "handle");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		bad = handle;
		memcpy(words, bad.head.f_handle, sizeof(words));
		words[0] = numbers[i];
		memcpy(bad.head.f_handle, words, sizeof(words));
		fd = reopen(root, &bad, O_RDONLY);
		expect(fd < 0 && errno == ESTALE, "inode %u is stale", numbers[i]);
	}
	bad = handle;
	bad.bytes[4] ^= 1;
	fd = reopen(root, &bad, O_RDONLY);
	expect(fd < 0 && errno == ESTALE, "another generation is stale");
	bad = handle;
	bad.head.handle_type = 77;
	expect(reopen(root, &bad, O_RDONLY) < 0, "unknown type");
	bad = handle;
	bad.head.handle_bytes = 4;
	expect(reopen(root, &bad, O_RDONLY) < 0, "half a handle");
}

static void check_version(void)
{
	struct handle handle;
	int fd = open("handles/next", O_RDWR), version = 0;
	unsigned int words[2];

	expect(!ioctl(fd, FS_IOC_GETVERSION, &version), "get the generation");
	expect(!take("handles/next", &handle), "handle");
	memcpy(words, handle.head.f_handle, sizeof(words));
	expect(words[1] == (unsigned int)version, "it is the handle's");
	version = 99;
	expect(!ioctl(fd, FS_IOC_SETVERSION, &version), "set the generation");
	version = 0;
	expect(!ioctl(fd, FS_IOC_GETVERSION, &version) && version == 99,
	       "the new generation");
	expect(ioctl(fd, FS_IOC_GETVERSION, (void *)1) && errno == EFAULT,
	       "a wrong address");
	expect(ioctl(fd, _IO('f', 250)) && errno == ENOTTY, "an unknown request");
	close(fd);
}

/* The flags by their other call: those that ext2 has no word for are refused. */
static void check_extended_flags(void)
{
	int fd = open("handles/next", O_RDWR), flags = 0;
	struct fsxattr attr = { };

	expect(!ioctl(fd, FS_IOC_FSGETXATTR, &attr) && !attr.fsx_xflags,
	       "get the extended flags");
	attr.fsx_xflags = FS_XFLAG_SYNC | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP;
	expect(!ioctl(fd, FS_IOC_FSSETXATTR, &attr), "set them");
	expect(!ioctl(fd, FS_IOC_GETFLAGS, &flags) &&
	       flags == (FS_SYNC_FL | FS_NOATIME_FL | FS_NODUMP_FL),
	       "the flags are %#x", flags);
	memset(&attr, 0, sizeof(attr));
	expect(!ioctl(fd, FS_IOC_FSGETXATTR, &attr) &&
	       attr.fsx_xflags == (FS_XFLAG_SYNC | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP),
	       "the extended flags are %#x", attr.fsx_xflags);
	attr.fsx_projid = 5;
	expect(ioctl(fd, FS_IOC_FSSETXATTR, &attr) && errno == EOPNOTSUPP,
	       "a project is refused");
	memset(&attr, 0, sizeof(attr));
	attr.fsx_xflags = FS_XFLAG_DAX;
	expect(ioctl(fd, FS_IOC_FSSETXATTR, &attr), "another file system's flag");
	attr.fsx_xflags = 0;
	expect(!ioctl(fd, FS_IOC_FSSETXATTR, &attr) && !ioctl(fd, FS_IOC_GETFLAGS, &flags) &&
	       !flags, "clear them: %#x", flags);
	close(fd);
}

static void check_label(const char *expected)
{
	char label[FSLABEL_MAX] = "", other[FSLABEL_MAX] = "new label 16 by.";
	char wide[FSLABEL_MAX] = "new label 17 byte";
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	expect(!ioctl(fd, FS_IOC_GETFSLABEL, label), "get the label");
	expect(!strcmp(label, expected), "the label is '%s'", label);
	expect(!ioctl(fd, FS_IOC_SETFSLABEL, other), "set the label");
	expect(!ioctl(fd, FS_IOC_GETFSLABEL, label) && !strcmp(label, other),
	       "the new label");
	expect(ioctl(fd, FS_IOC_SETFSLABEL, wide) && errno == EINVAL,
	       "a label that is too long");
	close(fd);
}

static void check_trim(void)
{
	struct fstrim_range range = { .len = ~0ULL };
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	expect(!ioctl(fd, FITRIM, &range) || errno == EOPNOTSUPP, "trim");
	range = (struct fstrim_range){ .start = ~0ULL, .len = 1 };
	expect(ioctl(fd, FITRIM, &range) &&
	       (errno == EINVAL || errno == EOPNOTSUPP), "trim nothing");
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1])) {
		fprintf(stderr, "usage: attr_calls MOUNT_POINT LABEL\n");
		return 2;
	}
	check_handles(argv[1]);
	check_wrong_handles(argv[1]);
	check_version();
	check_extended_flags();
	check_label(argv[2]);
	check_trim();
	return wrong ? 1 : 0;
}
