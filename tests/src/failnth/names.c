// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on names: opening, making, removing, linking, renaming.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

/* Too long for an inode. */
static char long_target[100];
static char got[128];
static ino_t d_ino;

static void link_b(void)
{
	memset(got, 0, sizeof(got));
	must(!symlink("a", "b"), "symlink b");
}

static void link_to_a(void)
{
	make_file("a");
	link_b();
}

static void long_name(void)
{
	memset(long_target, 'x', sizeof(long_target) - 1);
	memset(got, 0, sizeof(got));
}

static void long_link_b(void)
{
	long_name();
	must(!symlink(long_target, "b"), "symlink b");
}

static void dir_d_known(void)
{
	struct stat status;

	dir_d();
	fd = open("d", O_RDONLY | O_DIRECTORY);
	must(fd != -1 && !fstat(fd, &status), "open d");
	d_ino = status.st_ino;
}

static bool is_kind(const char *name, mode_t mode)
{
	struct stat status;

	return !lstat(name, &status) && status.st_mode == mode;
}

static bool leads_to(const char *target)
{
	char now[128] = "";

	return readlink("b", now, sizeof(now) - 1) == (long)strlen(target) &&
	       !strcmp(now, target);
}

/* Through what was opened one gets at the data. */
static bool reads_a(void)
{
	return fd2 != -1 && pread(fd2, buffer, DATA_SIZE, 0) == DATA_SIZE &&
	       !memcmp(buffer, pattern, DATA_SIZE);
}

static bool opened_directory(void)
{
	struct stat status;

	return fd2 != -1 && !fstat(fd2, &status) && S_ISDIR(status.st_mode);
}

static bool is_linked(void)
{
	struct stat a, b;

	return !lstat("a", &a) && !lstat("b", &b) && a.st_ino == b.st_ino &&
	       a.st_nlink == 2;
}

static bool a_is_b(void) { return !exists("a") && holds_data("b"); }
static bool a_gone(void) { return !exists("a"); }
static bool d_gone(void) { return !exists("d"); }
static bool d_made(void) { return is_kind("d", S_IFDIR | 0700); }
static bool b_empty(void) { return is_kind("b", S_IFREG | 0600) && holds("b", pattern, 0); }
static bool b_opened(void) { return fd2 != -1 && b_empty(); }
static bool b_fifo(void) { return is_kind("b", S_IFIFO | 0600); }
static bool a_emptied(void) { return fd2 != -1 && holds("a", pattern, 0); }
static bool b_symlink(void) { return leads_to("a"); }
static bool b_long_symlink(void) { return leads_to(long_target); }
static bool told_link(void) { return !strcmp(got, "a"); }
static bool told_long_link(void) { return !strcmp(got, long_target); }

static bool is_in_d(void)
{
	struct stat status;

	return !stat(".", &status) && status.st_ino == d_ino;
}

static long keep(long result)
{
	return fd2 = result;
}

static long do_open(void) { return keep(open("a", O_RDONLY)); }
static long do_openat(void) { return keep(openat(AT_FDCWD, "a", O_RDWR)); }
static long do_open_create(void) { return keep(open("b", O_CREAT | O_EXCL | O_RDWR, 0600)); }
static long do_open_trunc(void) { return keep(open("a", O_WRONLY | O_TRUNC)); }
static long do_follow(void) { return keep(open("b", O_RDONLY)); }
static long do_creat(void) { return keep(syscall(SYS_creat, "b", 0600)); }
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
static long do_symlinkat(void) { return symlinkat(long_target, AT_FDCWD, "b"); }
static long do_readlink(void) { return readlink("b", got, sizeof(got) - 1); }
static long do_readlinkat(void) { return readlinkat(AT_FDCWD, "b", got, sizeof(got) - 1); }
static long do_chdir(void) { return chdir("d"); }
static long do_fchdir(void) { return fchdir(fd); }

static long do_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };

	return keep(syscall(SYS_openat2, AT_FDCWD, "a", &how, sizeof(how)));
}

static void undo_chdir(void)
{
	/* In the new directory or not: the one above holds both. */
	if (!exists("d"))
		must(!chdir(".."), "chdir ..");
	clean();
}

const struct kase name_cases[] = {
	{ "open", file_a, do_open, reads_a, clean, 0 },
	{ "openat", file_a, do_openat, reads_a, clean, 0 },
	{ "openat2", file_a, do_openat2, reads_a, clean, 0 },
	{ "open (O_CREAT)", NULL, do_open_create, b_opened, clean, 0 },
	{ "open (O_TRUNC)", file_a, do_open_trunc, a_emptied, clean, 0 },
	{ "open (directory)", NULL, do_opendir, opened_directory, clean, 0 },
	{ "open (symlink)", link_to_a, do_follow, reads_a, clean, 0 },
	{ "creat", NULL, do_creat, b_opened, clean, 0 },
	{ "mkdir", NULL, do_mkdir, d_made, clean, 0 },
	{ "mkdirat", NULL, do_mkdirat, d_made, clean, 0 },
	{ "mknod", NULL, do_mknod, b_fifo, clean, 0 },
	{ "mknodat", NULL, do_mknodat, b_empty, clean, 0 },
	{ "unlink", file_a, do_unlink, a_gone, clean, 0 },
	{ "unlinkat", file_a, do_unlinkat, a_gone, clean, 0 },
	{ "rmdir", dir_d, do_rmdir, d_gone, clean, 0 },
	{ "unlinkat (directory)", dir_d, do_unlinkat_dir, d_gone, clean, 0 },
	{ "rename", file_a, do_rename, a_is_b, clean, 0 },
	{ "renameat", file_a, do_renameat, a_is_b, clean, 0 },
	{ "renameat2", file_a, do_renameat2, a_is_b, clean, 0 },
	{ "link", file_a, do_link, is_linked, clean, 0 },
	{ "linkat", file_a, do_linkat, is_linked, clean, 0 },
	{ "symlink", NULL, do_symlink, b_symlink, clean, 0 },
	{ "readlink", link_b, do_readlink, told_link, clean, 0 },
	{ "readlinkat (long)", long_link_b, do_readlinkat, told_long_link, clean, 0 },
	{ "symlinkat (long)", long_name, do_symlinkat, b_long_symlink, clean, 0 },
	{ "chdir", dir_d_known, do_chdir, is_in_d, undo_chdir, 0 },
	{ "fchdir", dir_d_known, do_fchdir, is_in_d, undo_chdir, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
