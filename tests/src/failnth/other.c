// SPDX-License-Identifier: GPL-2.0
/*
 * Directories, extended attributes, locks, and the file system as a whole.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "failnth.h"

const char *mount_device, *mount_type, *mount_options;

static char entries[4096];

static void a_open(void)
{
	make_file("a");
	fd = open("a", O_RDWR);
	must(fd != -1, "open a");
}

static void dir_open(void)
{
	make_file("a");
	fd = open(".", O_RDONLY | O_DIRECTORY);
	must(fd != -1, "open directory");
}

/* What a file system does not offer fails in every run, and at once. */
static long offered(long got)
{
	return got == -1 && (errno == EOPNOTSUPP || errno == ENOTTY ||
			     errno == ENODATA || errno == EISDIR ||
			     errno == EINVAL) ? 0 : got;
}

static bool attr_set(void)
{
	char value[16];
	long got = getxattr("a", "user.nth", value, sizeof(value));

	return got == 5 || (got == -1 && errno == EOPNOTSUPP);
}

static bool attr_gone(void)
{
	return getxattr("a", "user.nth", NULL, 0) == -1;
}

static void a_attr(void)
{
	a_open();
	offered(setxattr("a", "user.nth", "value", 5, 0));
}

static long do_setxattr(void) { return offered(setxattr("a", "user.nth", "value", 5, 0)); }
static long do_lsetxattr(void) { return offered(lsetxattr("a", "user.nth", "value", 5, 0)); }
static long do_fsetxattr(void) { return offered(fsetxattr(fd, "user.nth", "value", 5, 0)); }
static long do_getxattr(void) { return offered(getxattr("a", "user.nth", entries, 64)); }
static long do_fgetxattr(void) { return offered(fgetxattr(fd, "user.nth", entries, 64)); }
static long do_listxattr(void) { return offered(listxattr("a", entries, 256)); }
static long do_flistxattr(void) { return offered(flistxattr(fd, entries, 256)); }
static long do_removexattr(void) { return offered(removexattr("a", "user.nth")); }
static long do_fremovexattr(void) { return offered(fremovexattr(fd, "user.nth")); }

static long do_getdents(void) { return syscall(SYS_getdents, fd, entries, sizeof(entries)); }
static long do_getdents64(void) { return syscall(SYS_getdents64, fd, entries, sizeof(entries)); }

static long do_statfs(void)
{
	struct statfs status;

	return statfs(".", &status);
}

static long do_fstatfs(void)
{
	struct statfs status;

	return fstatfs(fd, &status);
}

static long do_flock(void) { return flock(fd, LOCK_EX); }

static long do_fcntl(void)
{
	struct flock whole = { .l_type = F_WRLCK };

	return fcntl(fd, F_SETLK, &whole);
}

static long do_ioctl(void)
{
	int flags;

	return offered(ioctl(fd, FS_IOC_GETFLAGS, &flags));
}

static long do_tmpfile(void)
{
	fd2 = open(".", O_TMPFILE | O_RDWR, 0600);
	return offered(fd2);
}

static void mount_point(void)
{
	must(!mkdir("d", 0700), "mkdir d");
}

static void mounted(void)
{
	mount_point();
	must(!mount(mount_device, "d", mount_type, 0, mount_options), "mount");
}

static bool is_mounted(void)
{
	return !access("d/lost+found", F_OK);
}

static bool is_unmounted(void)
{
	return !is_mounted();
}

static long do_mount(void) { return mount(mount_device, "d", mount_type, 0, mount_options); }
static long do_umount(void) { return umount("d"); }

static void unmount(void)
{
	umount("d");
	clean();
}

const struct kase other_cases[] = {
	{ "getdents", dir_open, do_getdents, NULL, clean },
	{ "getdents64", dir_open, do_getdents64, NULL, clean },
	{ "setxattr", a_open, do_setxattr, attr_set, clean },
	{ "lsetxattr", a_open, do_lsetxattr, attr_set, clean },
	{ "fsetxattr", a_open, do_fsetxattr, attr_set, clean },
	{ "getxattr", a_attr, do_getxattr, NULL, clean },
	{ "fgetxattr", a_attr, do_fgetxattr, NULL, clean },
	{ "listxattr", a_attr, do_listxattr, NULL, clean },
	{ "flistxattr", a_attr, do_flistxattr, NULL, clean },
	{ "removexattr", a_attr, do_removexattr, attr_gone, clean },
	{ "fremovexattr", a_attr, do_fremovexattr, attr_gone, clean },
	{ "statfs", NULL, do_statfs, NULL, clean },
	{ "fstatfs", a_open, do_fstatfs, NULL, clean },
	{ "flock", a_open, do_flock, NULL, clean },
	{ "fcntl (lock)", a_open, do_fcntl, NULL, clean },
	{ "ioctl (flags)", a_open, do_ioctl, NULL, clean },
	{ "open (O_TMPFILE)", NULL, do_tmpfile, NULL, clean },
	/* Only with a device to mount. */
	{ "mount", mount_point, do_mount, is_mounted, unmount },
	{ "umount", mounted, do_umount, is_unmounted, unmount },
	{ NULL }
};
