// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that look at a file's attributes, or change them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "failnth.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2	452
#endif

static struct stat status;
static struct statx extended;

static void known_a(void)
{
	make_file("a");
	memset(&status, 0, sizeof(status));
	memset(&extended, 0, sizeof(extended));
}

static void known_a_open(void)
{
	known_a();
	fd = open("a", O_RDONLY);
	must(fd != -1, "open a");
}

static bool told_status(void)
{
	return status.st_size == DATA_SIZE && status.st_mode == (S_IFREG | 0600) &&
	       status.st_nlink == 1 && status.st_ino;
}

static bool told_extended(void)
{
	return extended.stx_size == DATA_SIZE && extended.stx_ino &&
	       extended.stx_mode == (S_IFREG | 0600);
}

static long do_stat(void) { return syscall(SYS_stat, "a", &status); }
static long do_lstat(void) { return syscall(SYS_lstat, "a", &status); }
static long do_fstat(void) { return syscall(SYS_fstat, fd, &status); }
static long do_fstatat(void) { return fstatat(AT_FDCWD, "a", &status, 0); }
static long do_statx(void) { return statx(AT_FDCWD, "a", 0, STATX_ALL, &extended); }
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
static long do_fchmodat2(void) { return syscall(SYS_fchmodat2, AT_FDCWD, "a", 0751, 0); }

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

	return !stat("a", &now) && now.st_mtime == 123456 && now.st_atime == 5;
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

static bool a_size_13(void) { return holds("a", pattern, 13); }
static bool a_size_15000(void) { return holds("a", pattern, 15000); }
static long do_truncate(void) { return truncate("a", 13); }
static long do_ftruncate(void) { return ftruncate(fd, 15000); }

const struct kase attr_cases[] = {
	{ "stat", known_a, do_stat, told_status, clean, 0 },
	{ "lstat", known_a, do_lstat, told_status, clean, 0 },
	{ "fstat", known_a_open, do_fstat, told_status, clean, 0 },
	{ "newfstatat", known_a, do_fstatat, told_status, clean, 0 },
	{ "statx", known_a, do_statx, told_extended, clean, 0 },
	{ "access", file_a, do_access, NULL, clean, 0 },
	{ "faccessat", file_a, do_faccessat, NULL, clean, 0 },
	{ "faccessat2", file_a, do_faccessat2, NULL, clean, 0 },
	{ "chmod", file_a, do_chmod, mode_set, clean, 0 },
	{ "fchmod", file_a_open, do_fchmod, mode_set, clean, 0 },
	{ "fchmodat", file_a, do_fchmodat, mode_set, clean, 0 },
	{ "fchmodat2", file_a, do_fchmodat2, mode_set, clean, 0 },
	{ "chown", file_a, do_chown, owner_set, clean, 0 },
	{ "lchown", file_a, do_lchown, owner_set, clean, 0 },
	{ "fchown", file_a_open, do_fchown, owner_set, clean, 0 },
	{ "fchownat", file_a, do_fchownat, owner_set, clean, 0 },
	{ "utime", file_a, do_utime, times_set, clean, 0 },
	{ "utimes", file_a, do_utimes, times_set, clean, 0 },
	{ "futimesat", file_a, do_futimesat, times_set, clean, 0 },
	{ "utimensat", file_a, do_utimensat, times_set, clean, 0 },
	{ "futimens", file_a_open, do_futimens, times_set, clean, 0 },
	{ "truncate", file_a, do_truncate, a_size_13, clean, 0 },
	{ "ftruncate", file_a_open, do_ftruncate, a_size_15000, clean, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
