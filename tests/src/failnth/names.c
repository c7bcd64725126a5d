// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on names and attributes. The file "a" exists in all of them, "b" is what
 * a call makes, "d" a directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "failnth.h"

static char long_target[100];

static void file_a(void)
{
	make_file("a");
}

static void file_a_open(void)
{
	make_file("a");
	fd = open("a", O_RDWR);
	must(fd != -1, "open a");
}

static void dir_d(void)
{
	must(!mkdir("d", 0700), "mkdir d");
}

static void link_b(void)
{
	must(!symlink("a", "b"), "symlink b");
}

static void link_to_a(void)
{
	make_file("a");
	link_b();
}

static void long_link_b(void)
{
	memset(long_target, 'x', sizeof(long_target) - 1);
	must(!symlink(long_target, "b"), "symlink b");
}

static bool b_made(void) { return exists("b"); }
static bool d_made(void) { return exists("d"); }
static bool a_gone(void) { return !exists("a"); }
static bool d_gone(void) { return !exists("d"); }
static bool a_is_b(void) { return !exists("a") && exists("b"); }

static long keep(long got)
{
	fd2 = got;
	return got;
}

static long do_open(void) { return keep(open("a", O_RDONLY)); }
static long do_openat(void) { return keep(openat(AT_FDCWD, "a", O_RDWR)); }
static long do_open_create(void) { return keep(open("b", O_CREAT | O_EXCL | O_RDWR, 0600)); }
static long do_open_trunc(void) { return keep(open("a", O_WRONLY | O_TRUNC)); }
static long do_creat(void) { return keep(creat("b", 0600)); }
static long do_opendir(void) { return keep(open(".", O_RDONLY | O_DIRECTORY)); }
static long do_mkdir(void) { return mkdir("d", 0700); }
static long do_mkdirat(void) { return mkdirat(AT_FDCWD, "d", 0700); }
static long do_mknod(void) { return mknod("b", S_IFIFO | 0600, 0); }
static long do_mknodat(void) { return mknodat(AT_FDCWD, "b", S_IFREG | 0600, 0); }
static long do_unlink(void) { return unlink("a"); }
static long do_unlinkat(void) { return unlinkat(AT_FDCWD, "a", 0); }
static long do_rmdir(void) { return rmdir("d"); }
static long do_unlinkat_dir(void) { return unlinkat(AT_FDCWD, "d", AT_REMOVEDIR); }
static long do_rename(void) { return rename("a", "b"); }
static long do_renameat(void) { return renameat(AT_FDCWD, "a", AT_FDCWD, "b"); }
static long do_renameat2(void) { return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE); }
static long do_link(void) { return link("a", "b"); }
static long do_linkat(void) { return linkat(AT_FDCWD, "a", AT_FDCWD, "b", 0); }
static long do_symlink(void) { return symlink("a", "b"); }
static long do_symlinkat(void) { return symlinkat(long_target[0] ? long_target : "a", AT_FDCWD, "b"); }

static long do_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };

	return keep(syscall(SYS_openat2, AT_FDCWD, "a", &how, sizeof(how)));
}

static long do_readlink(void)
{
	char got[8];

	return readlink("b", got, sizeof(got)) == 1 ? 0 : -1;
}

static long do_readlinkat(void)
{
	char got[128];

	return readlinkat(AT_FDCWD, "b", got, sizeof(got)) ==
	       sizeof(long_target) - 1 ? 0 : -1;
}

static long do_follow(void)
{
	return keep(open("b", O_RDONLY));
}

/* A call that succeeded must also tell the truth. */
static long size_is(long long size)
{
	errno = EIO;
	return size == DATA_SIZE ? 0 : -1;
}

static struct stat status;

static long do_stat(void) { return stat("a", &status) ? -1 : size_is(status.st_size); }
static long do_lstat(void) { return lstat("a", &status) ? -1 : size_is(status.st_size); }
static long do_fstat(void) { return fstat(fd, &status) ? -1 : size_is(status.st_size); }

static long do_fstatat(void)
{
	return fstatat(AT_FDCWD, "a", &status, 0) ? -1 : size_is(status.st_size);
}

static long do_statx(void)
{
	struct statx extended;

	return statx(AT_FDCWD, "a", 0, STATX_ALL, &extended) ? -1 :
	       size_is(extended.stx_size);
}

static long do_access(void) { return access("a", R_OK); }
static long do_faccessat(void) { return syscall(SYS_faccessat, AT_FDCWD, "a", R_OK); }
static long do_faccessat2(void) { return syscall(SYS_faccessat2, AT_FDCWD, "a", R_OK, AT_EACCESS); }

static bool mode_set(void)
{
	struct stat now;

	return !stat("a", &now) && (now.st_mode & 07777) == 0751;
}

static long do_chmod(void) { return chmod("a", 0751); }
static long do_fchmod(void) { return fchmod(fd, 0751); }
static long do_fchmodat(void) { return fchmodat(AT_FDCWD, "a", 0751, 0); }

static bool owner_set(void)
{
	struct stat now;

	return !stat("a", &now) && now.st_uid == 12 && now.st_gid == 34;
}

static long do_chown(void) { return chown("a", 12, 34); }
static long do_lchown(void) { return lchown("a", 12, 34); }
static long do_fchown(void) { return fchown(fd, 12, 34); }
static long do_fchownat(void) { return fchownat(AT_FDCWD, "a", 12, 34, 0); }

static bool times_set(void)
{
	struct stat now;

	return !stat("a", &now) && now.st_mtime == 123456;
}

static const struct timeval times[2] = { { 5, 0 }, { 123456, 0 } };
static const struct timespec spec[2] = { { 5, 0 }, { 123456, 0 } };

static long do_utime(void)
{
	static const struct utimbuf old = { 5, 123456 };

	return syscall(SYS_utime, "a", &old);
}

static long do_utimes(void) { return syscall(SYS_utimes, "a", times); }
static long do_futimesat(void) { return syscall(SYS_futimesat, AT_FDCWD, "a", times); }
static long do_utimensat(void) { return utimensat(AT_FDCWD, "a", spec, 0); }
static long do_futimens(void) { return futimens(fd, spec); }
static long do_chdir(void) { return chdir("d"); }

static void undo_chdir(void)
{
	/* In the new directory or not: the one above holds both. */
	if (!exists("d"))
		must(!chdir(".."), "chdir ..");
	clean();
}

const struct kase name_cases[] = {
	{ "open", file_a, do_open, NULL, clean },
	{ "openat", file_a, do_openat, NULL, clean },
	{ "openat2", file_a, do_openat2, NULL, clean },
	{ "open (O_CREAT)", NULL, do_open_create, b_made, clean },
	{ "open (O_TRUNC)", file_a, do_open_trunc, NULL, clean },
	{ "open (directory)", NULL, do_opendir, NULL, clean },
	{ "open (symlink)", link_to_a, do_follow, NULL, clean },
	{ "creat", NULL, do_creat, b_made, clean },
	{ "mkdir", NULL, do_mkdir, d_made, clean },
	{ "mkdirat", NULL, do_mkdirat, d_made, clean },
	{ "mknod", NULL, do_mknod, b_made, clean },
	{ "mknodat", NULL, do_mknodat, b_made, clean },
	{ "unlink", file_a, do_unlink, a_gone, clean },
	{ "unlinkat", file_a, do_unlinkat, a_gone, clean },
	{ "rmdir", dir_d, do_rmdir, d_gone, clean },
	{ "unlinkat (directory)", dir_d, do_unlinkat_dir, d_gone, clean },
	{ "rename", file_a, do_rename, a_is_b, clean },
	{ "renameat", file_a, do_renameat, a_is_b, clean },
	{ "renameat2", file_a, do_renameat2, a_is_b, clean },
	{ "link", file_a, do_link, b_made, clean },
	{ "linkat", file_a, do_linkat, b_made, clean },
	{ "symlink", NULL, do_symlink, NULL, clean },
	{ "readlink", link_b, do_readlink, NULL, clean },
	{ "readlinkat (long)", long_link_b, do_readlinkat, NULL, clean },
	{ "symlinkat (long)", NULL, do_symlinkat, NULL, clean },
	{ "stat", file_a, do_stat, NULL, clean },
	{ "lstat", file_a, do_lstat, NULL, clean },
	{ "fstat", file_a_open, do_fstat, NULL, clean },
	{ "newfstatat", file_a, do_fstatat, NULL, clean },
	{ "statx", file_a, do_statx, NULL, clean },
	{ "access", file_a, do_access, NULL, clean },
	{ "faccessat", file_a, do_faccessat, NULL, clean },
	{ "faccessat2", file_a, do_faccessat2, NULL, clean },
	{ "chmod", file_a, do_chmod, mode_set, clean },
	{ "fchmod", file_a_open, do_fchmod, mode_set, clean },
	{ "fchmodat", file_a, do_fchmodat, mode_set, clean },
	{ "chown", file_a, do_chown, owner_set, clean },
	{ "lchown", file_a, do_lchown, owner_set, clean },
	{ "fchown", file_a_open, do_fchown, owner_set, clean },
	{ "fchownat", file_a, do_fchownat, owner_set, clean },
	{ "utime", file_a, do_utime, times_set, clean },
	{ "utimes", file_a, do_utimes, times_set, clean },
	{ "futimesat", file_a, do_futimesat, times_set, clean },
	{ "utimensat", file_a, do_utimensat, times_set, clean },
	{ "futimens", file_a_open, do_futimens, times_set, clean },
	{ "chdir", dir_d, do_chdir, NULL, undo_chdir },
	{ NULL }
};
