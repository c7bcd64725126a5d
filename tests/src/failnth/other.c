// SPDX-License-Identifier: GPL-2.0
/*
 * Directories, handles, locks, flags of a file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

/* What getdents and getdents64 tell of a name. */
struct entry {
	unsigned long ino;
	unsigned long next;
	unsigned short length;
	char name[];
};

struct entry64 {
	uint64_t ino;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

static const char * const names[] = { ".", "..", "lost+found", "a" };
#define ALL_NAMES	((1 << 4) - 1)

static char entries[4096];
static long length;

static void dir_open(void)
{
	make_file("a");
	length = 0;
	fd = open(".", O_RDONLY | O_DIRECTORY);
	must(fd != -1, "open directory");
}

/* Which of the names it is, with the right number; 0: none. */
static unsigned int known(const char *name, uint64_t ino)
{
	struct stat now;
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (!strcmp(name, names[i]))
			/* Above the root there is what it is mounted on. */
			return i == 1 || (!lstat(name, &now) && now.st_ino == ino) ?
			       1 << i : 0;
	return 0;
}

static bool told_all(bool wide)
{
	unsigned int seen = 0, one;
	long at;

	for (at = 0; at < length;) {
		const struct entry *e = (const void *)(entries + at);
		const struct entry64 *e64 = (const void *)(entries + at);

		one = wide ? known(e64->name, e64->ino) : known(e->name, e->ino);
		/* Each of them once. */
		if (!one || seen & one)
			return false;
		seen |= one;
		at += wide ? e64->length : e->length;
	}
	return seen == ALL_NAMES;
}

static bool told_entries(void) { return told_all(false); }
static bool told_entries64(void) { return told_all(true); }

static long do_getdents(void)
{
	return length = syscall(SYS_getdents, fd, entries, sizeof(entries));
}

static long do_getdents64(void)
{
	return length = syscall(SYS_getdents64, fd, entries, sizeof(entries));
}

static struct {
	struct file_handle handle;
	unsigned char bytes[MAX_HANDLE_SZ];
} a_handle;
static struct stat a_status;

static void new_handle(void)
{
	dir_open();
	must(!stat("a", &a_status), "stat a");
	memset(&a_handle, 0, sizeof(a_handle));
	a_handle.handle.handle_bytes = MAX_HANDLE_SZ;
}

static long do_name_to_handle(void)
{
	int mount_id;

	return name_to_handle_at(AT_FDCWD, "a", &a_handle.handle, &mount_id, 0);
}

static void with_handle(void)
{
	new_handle();
	do_name_to_handle();
}

static long do_open_by_handle(void)
{
	return fd2 = open_by_handle_at(fd, &a_handle.handle, O_RDONLY);
}

static bool opened_a(void)
{
	struct stat now;

	return fd2 != -1 && !fstat(fd2, &now) && now.st_ino == a_status.st_ino &&
	       pread(fd2, buffer, DATA_SIZE, 0) == DATA_SIZE &&
	       !memcmp(buffer, pattern, DATA_SIZE);
}

static bool handle_leads_to_a(void)
{
	return a_handle.handle.handle_bytes != MAX_HANDLE_SZ &&
	       do_open_by_handle() != -1 && opened_a();
}

/* Would somebody else be refused the lock now? */
static bool flocked(void)
{
	int other = open("a", O_RDWR);
	bool refused = other != -1 && flock(other, LOCK_EX | LOCK_NB);

	close(other);
	return refused;
}

static bool locked(void)
{
	struct flock whole = { .l_type = F_WRLCK };
	int other = open("a", O_RDWR);
	bool refused = other != -1 && !fcntl(other, F_OFD_GETLK, &whole) &&
		       whole.l_type == F_WRLCK && whole.l_pid == getpid();

	/* Closing it would end the process's locks as well, which is what clean() does. */
	close(other);
	return refused;
}

static long do_flock(void) { return flock(fd, LOCK_EX); }

static long do_fcntl(void)
{
	struct flock whole = { .l_type = F_WRLCK };

	return fcntl(fd, F_SETLK, &whole);
}

static unsigned int flags;

static void a_flags(void)
{
	file_a_open();
	flags = FS_NOATIME_FL;
	must(!ioctl(fd, FS_IOC_SETFLAGS, &flags), "flags");
	flags = 0;
}

static long do_getflags(void) { return ioctl(fd, FS_IOC_GETFLAGS, &flags); }
static bool told_flags(void) { return flags == FS_NOATIME_FL; }

static long do_setflags(void)
{
	unsigned int want = FS_NOATIME_FL;

	flags = 0;
	return ioctl(fd, FS_IOC_SETFLAGS, &want);
}

static bool flags_set(void)
{
	return !do_getflags() && told_flags();
}

static long do_tmpfile(void)
{
	return fd2 = open(".", O_TMPFILE | O_RDWR, 0600);
}

static bool has_tmpfile(void)
{
	struct stat now;

	return fd2 != -1 && !fstat(fd2, &now) && S_ISREG(now.st_mode) &&
	       !now.st_nlink && pwrite(fd2, "x", 1, 0) == 1;
}

const struct kase other_cases[] = {
	{ "getdents", dir_open, do_getdents, told_entries, clean, 0 },
	{ "getdents64", dir_open, do_getdents64, told_entries64, clean, 0 },
	{ "name_to_handle_at", new_handle, do_name_to_handle, handle_leads_to_a, clean, 0 },
	{ "open_by_handle_at", with_handle, do_open_by_handle, opened_a, clean, 0 },
	{ "flock", file_a_open, do_flock, flocked, clean, 0 },
	{ "fcntl (lock)", file_a_open, do_fcntl, locked, clean, 0 },
	{ "ioctl (get flags)", a_flags, do_getflags, told_flags, clean, 0 },
	{ "ioctl (set flags)", file_a_open, do_setflags, flags_set, clean, 0 },
	{ "open (O_TMPFILE)", NULL, do_tmpfile, has_tmpfile, clean, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
