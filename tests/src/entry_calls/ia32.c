// SPDX-License-Identifier: GPL-2.0
/*
 * 32-bit system calls, by their gate: int 0x80 takes them from a 64-bit program too,
 * if its pointers fit.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry_calls.h"

#ifdef __x86_64__
/*
 * Their numbers, which no header gives to a 64-bit program, and the kernel's
 * functions without prefixes; none where no scope is due at the gate.
 */
#define CALLS(X)							\
	X(READ, 3, "read") X(WRITE, 4, "write") X(OPEN, 5, "open")	\
	X(CLOSE, 6, "close") X(CREAT, 8, "creat") X(LINK, 9, "link")	\
	X(UNLINK, 10, "unlink") X(CHDIR, 12, "chdir")			\
	X(MKNOD, 14, "mknod") X(CHMOD, 15, "chmod")			\
	X(LCHOWN16, 16, "lchown16") X(OLDSTAT, 18, "stat")		\
	X(LSEEK, 19, NULL) X(OLDFSTAT, 28, "fstat")			\
	X(UTIME, 30, "utime32") X(ACCESS, 33, "access")			\
	X(SYNC, 36, "sync") X(RENAME, 38, "rename")			\
	X(MKDIR, 39, "mkdir") X(RMDIR, 40, "rmdir")			\
	X(SYMLINK, 83, "symlink") X(OLDLSTAT, 84, "lstat")		\
	X(READLINK, 85, "readlink") X(OLDREADDIR, 89, "old_readdir")	\
	X(TRUNCATE, 92, "truncate") X(FTRUNCATE, 93, "ftruncate")	\
	X(FCHMOD, 94, "fchmod") X(FCHOWN16, 95, "fchown16")		\
	X(STATFS, 99, "statfs") X(FSTATFS, 100, "fstatfs")		\
	X(STAT, 106, "newstat") X(LSTAT, 107, "newlstat")		\
	X(FSTAT, 108, "newfstat") X(FSYNC, 118, "fsync")		\
	X(IOCTL, 54, NULL)						\
	X(FCHDIR, 133, "fchdir") X(GETDENTS, 141, "getdents")		\
	X(FLOCK, 143, "flock") X(READV, 145, "readv")			\
	X(WRITEV, 146, "writev") X(FDATASYNC, 148, "fdatasync")		\
	X(PREAD64, 180, "pread64") X(PWRITE64, 181, "pwrite64")		\
	X(CHOWN16, 182, "chown16") X(SENDFILE, 187, "sendfile")		\
	X(MMAP2, 192, "mmap_pgoff") X(TRUNCATE64, 193, "truncate64")	\
	X(FTRUNCATE64, 194, "ftruncate64") X(STAT64, 195, "stat64")	\
	X(LSTAT64, 196, "lstat64") X(FSTAT64, 197, "fstat64")		\
	X(LCHOWN, 198, "lchown") X(FCHOWN, 207, "fchown")		\
	X(CHOWN, 212, "chown") X(GETDENTS64, 220, "getdents64")		\
	X(FCNTL64, 221, "fcntl64") X(READAHEAD, 225, "readahead")	\
	X(SETXATTR, 226, "setxattr") X(LSETXATTR, 227, "lsetxattr")	\
	X(FSETXATTR, 228, "fsetxattr") X(GETXATTR, 229, "getxattr")	\
	X(LGETXATTR, 230, "lgetxattr") X(FGETXATTR, 231, "fgetxattr")	\
	X(LISTXATTR, 232, "listxattr") X(LLISTXATTR, 233, "llistxattr")	\
	X(FLISTXATTR, 234, "flistxattr")				\
	X(REMOVEXATTR, 235, "removexattr")				\
	X(LREMOVEXATTR, 236, "lremovexattr")				\
	X(FREMOVEXATTR, 237, "fremovexattr")				\
	X(SENDFILE64, 239, "sendfile64") X(FADVISE64, 250, "fadvise64")	\
	X(STATFS64, 268, "statfs64") X(FSTATFS64, 269, "fstatfs64")	\
	X(UTIMES, 271, "utimes_time32")					\
	X(FADVISE64_64, 272, "fadvise64_64") X(OPENAT, 295, "openat")	\
	X(MKDIRAT, 296, "mkdirat") X(MKNODAT, 297, "mknodat")		\
	X(FCHOWNAT, 298, "fchownat")					\
	X(FUTIMESAT, 299, "futimesat_time32")				\
	X(FSTATAT64, 300, "fstatat64") X(UNLINKAT, 301, "unlinkat")	\
	X(RENAMEAT, 302, "renameat") X(LINKAT, 303, "linkat")		\
	X(SYMLINKAT, 304, "symlinkat") X(READLINKAT, 305, "readlinkat")	\
	X(FCHMODAT, 306, "fchmodat") X(FACCESSAT, 307, "faccessat")	\
	X(SPLICE, 313, "splice")					\
	X(SYNC_FILE_RANGE, 314, "sync_file_range")			\
	X(UTIMENSAT, 320, "utimensat_time32")				\
	X(FALLOCATE, 324, "fallocate") X(PREADV, 333, "preadv")		\
	X(PWRITEV, 334, "pwritev")					\
	X(NAME_TO_HANDLE, 341, "name_to_handle_at")			\
	X(OPEN_BY_HANDLE, 342, "open_by_handle_at")			\
	X(SYNCFS, 344, "syncfs") X(RENAMEAT2, 353, "renameat2")		\
	X(COPY_FILE_RANGE, 377, "copy_file_range")			\
	X(PREADV2, 378, "preadv2") X(PWRITEV2, 379, "pwritev2")		\
	X(STATX, 383, "statx") X(UTIMENSAT64, 412, "utimensat")		\
	X(OPENAT2, 437, "openat2") X(FACCESSAT2, 439, "faccessat2")

#define NUMBER(name, number, function)	IA32_##name = number,
enum {
	CALLS(NUMBER)
};

#define FUNCTION(name, number, function)	[number] = function,
static const char * const functions[] = {
	CALLS(FUNCTION)
};

#define NR_CALLS	(sizeof(functions) / sizeof(functions[0]))
static unsigned long made[NR_CALLS];

static long ia32(int call, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
		 uintptr_t e, uintptr_t f)
{
	register uintptr_t sixth asm("r12") = f;
	long result;

	made[call]++;
	/* The sixth argument is in the frame pointer; below the stack is the red zone. */
	asm volatile("sub $128, %%rsp\n\t"
		     "push %%rbp\n\t"
		     "mov %%r12, %%rbp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "add $128, %%rsp"
		     : "=a"(result)
		     : "a"(call), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(sixth)
		     : "r8", "r9", "r10", "r11", "memory", "cc");
	/* An address may have the highest bit set. */
	return (uint32_t)result > -4096U ? (int)result : (long)(uint32_t)result;
}

static void no_ia32(int signal __attribute__((unused)))
{
	_exit(3);
}

#define IA32_6(call, a, b, c, d, e, f) \
	ia32(IA32_##call, (uintptr_t)(a), (uintptr_t)(b), (uintptr_t)(c), \
	     (uintptr_t)(d), (uintptr_t)(e), (uintptr_t)(f))

/* A call that must have that result. */
#define WANT_6(want, call, a, b, c, d, e, f) \
	told(#call, IA32_6(call, a, b, c, d, e, f), want)
#define WANT(want, call, a, b, c, d, e)	WANT_6(want, call, a, b, c, d, e, 0)

#define HERE	AT_FDCWD
#define HALF	(SIZE / 2)
#define NAME	"user.name"

static struct { uint32_t base, length; } vector[2];
static const struct { int32_t seconds, parts; } times[2] = { { 5, 0 }, { 123456, 0 } };
static const struct { int64_t seconds, parts; } times64[2] = { { 5, 0 }, { 123456, 0 } };
static const int32_t old_times[2] = { 5, 123456 };

static void aim_vector(unsigned char *at)
{
	vector[0].base = (uintptr_t)at;
	vector[1].base = (uintptr_t)at + SIZE / 4;
	vector[0].length = SIZE / 4;
	vector[1].length = SIZE / 4;
}

static void forget(int fd)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	memset(back, 0, SIZE);
}

static void write_all_ways(int fd)
{
	WANT(HALF, WRITE, fd, data, HALF, 0, 0);
	aim_vector(data + HALF);
	WANT(HALF, WRITEV, fd, vector, 2, 0, 0);
	WANT(HALF, PWRITE64, fd, data, HALF, 0, 0);
	WANT(HALF, PWRITEV, fd, vector, 2, HALF, 0);
	WANT_6(HALF, PWRITEV2, fd, vector, 2, HALF, 0, 0);
	WANT_6(0, SYNC_FILE_RANGE, fd, 0, 0, SIZE, 0, 7);
	WANT(0, FDATASYNC, fd, 0, 0, 0, 0);
	WANT(0, SYNCFS, fd, 0, 0, 0, 0);
	WANT(0, SYNC, 0, 0, 0, 0, 0);
	WANT(0, FSYNC, fd, 0, 0, 0, 0);
}

static void read_all_ways(int fd)
{
	forget(fd);
	WANT(0, READAHEAD, fd, 0, 0, SIZE, 0);
	WANT(0, FADVISE64, fd, 0, 0, SIZE, POSIX_FADV_WILLNEED);
	WANT_6(0, FADVISE64_64, fd, 0, 0, SIZE, 0, POSIX_FADV_WILLNEED);
	WANT(0, LSEEK, fd, 0, SEEK_SET, 0, 0);
	WANT(HALF, READ, fd, back, HALF, 0, 0);
	aim_vector(back + HALF);
	WANT(HALF, READV, fd, vector, 2, 0, 0);
	compare("read and readv");
	forget(fd);
	WANT(HALF, PREAD64, fd, back, HALF, 0, 0);
	WANT(HALF, PREADV, fd, vector, 2, HALF, 0);
	compare("pread and preadv");
	forget(fd);
	WANT(HALF, PREAD64, fd, back, HALF, 0, 0);
	WANT_6(HALF, PREADV2, fd, vector, 2, HALF, 0, 0);
	compare("preadv2");
}

static void map(int fd)
{
	const void *at;
	long address;

	forget(fd);
	address = WANT_6(ANY, MMAP2, 0, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (address < 0)
		return;
	at = (const void *)address;
	memcpy(back, at, SIZE);
	munmap((void *)at, SIZE);
	compare("mmap");
}

/* From file to file, and by way of a pipe. */
static void move(int from)
{
	int pipe_fd[2] = { -1, -1 };
	long to = WANT(ANY, CREAT, "copy", 0600, 0, 0, 0);
	static uint64_t place;

	place = 0;
	WANT(HALF, SENDFILE, to, from, &place, HALF, 0);
	place = HALF;
	WANT(HALF, SENDFILE64, to, from, &place, HALF, 0);
	WANT(0, CLOSE, to, 0, 0, 0, 0);
	to = WANT(ANY, OPEN, "copy", O_RDWR, 0, 0, 0);
	forget(to);
	WANT(HALF, PREAD64, to, back, HALF, 0, 0);
	WANT(HALF, PREAD64, to, back + HALF, HALF, HALF, 0);
	compare("sendfile");
	told("pipe", pipe(pipe_fd), 0);
	place = 0;
	told("fill", write(pipe_fd[1], data, 4096), 4096);
	WANT_6(4096, SPLICE, pipe_fd[0], 0, to, &place, 4096, 0);
	place = 0;
	WANT_6(ANY, COPY_FILE_RANGE, from, &place, to, 0, 4096, 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	WANT_6(0, FALLOCATE, to, 0, SIZE, 0, 8192, 0);
	WANT(0, FTRUNCATE, to, SIZE, 0, 0, 0);
	WANT(0, FTRUNCATE64, to, 100, 0, 0, 0);
	WANT(0, FLOCK, to, 2, 0, 0, 0);
	WANT(ANY, FCNTL64, to, F_GETFL, 0, 0, 0);
	WANT(0, CLOSE, to, 0, 0, 0, 0);
	WANT(0, TRUNCATE64, "copy", 50, 0, 0, 0);
	WANT(0, UNLINKAT, HERE, "copy", 0, 0, 0);
}

static void look(int fd)
{
	WANT(0, OLDSTAT, "a", back, 0, 0, 0);
	WANT(0, OLDLSTAT, "a", back, 0, 0, 0);
	WANT(0, OLDFSTAT, fd, back, 0, 0, 0);
	WANT(0, STAT, "a", back, 0, 0, 0);
	WANT(0, LSTAT, "a", back, 0, 0, 0);
	WANT(0, FSTAT, fd, back, 0, 0, 0);
	WANT(0, STAT64, "a", back, 0, 0, 0);
	WANT(0, LSTAT64, "a", back, 0, 0, 0);
	WANT(0, FSTAT64, fd, back, 0, 0, 0);
	WANT(0, FSTATAT64, HERE, "a", back, 0, 0);
	WANT(0, STATX, HERE, "a", 0, STATX_ALL, &status);
	told("size by statx", status.stx_size, SIZE);
	WANT(0, ACCESS, "a", R_OK, 0, 0, 0);
	WANT(0, FACCESSAT, HERE, "a", R_OK, 0, 0);
	WANT(0, FACCESSAT2, HERE, "a", R_OK, AT_EACCESS, 0);
	WANT(0, STATFS, ".", back, 0, 0, 0);
	WANT(0, FSTATFS, fd, back, 0, 0, 0);
	/* The size of what the kernel fills in. */
	WANT(0, STATFS64, ".", 84, back, 0, 0);
	WANT(0, FSTATFS64, fd, 84, back, 0, 0);
}

static void check_owner(const char *what, unsigned int owner)
{
	struct stat now;

	told(what, stat("a", &now) ? -1 : (long)now.st_uid, owner);
}

static void check_time(const char *what)
{
	static const struct timespec forgotten[2];
	struct stat now;

	told(what, stat("a", &now) ? -1 : (long)now.st_mtime, 123456);
	told("utimensat", utimensat(HERE, "a", forgotten, 0), 0);
}

static void change(int fd)
{
	struct stat now;

	WANT(0, CHMOD, "a", 0640, 0, 0, 0);
	WANT(0, FCHMOD, fd, 0604, 0, 0, 0);
	WANT(0, FCHMODAT, HERE, "a", 0751, 0, 0);
	told("mode", stat("a", &now) ? -1 : (long)(now.st_mode & 07777), 0751);
	WANT(0, CHOWN, "a", 1, 1, 0, 0);
	check_owner("chown", 1);
	WANT(0, LCHOWN, "a", 2, 1, 0, 0);
	check_owner("lchown", 2);
	WANT(0, FCHOWN, fd, 3, 1, 0, 0);
	check_owner("fchown", 3);
	WANT(0, CHOWN16, "a", 4, 1, 0, 0);
	check_owner("chown16", 4);
	WANT(0, LCHOWN16, "a", 5, 1, 0, 0);
	check_owner("lchown16", 5);
	WANT(0, FCHOWN16, fd, 6, 1, 0, 0);
	check_owner("fchown16", 6);
	WANT(0, FCHOWNAT, HERE, "a", 7, 1, 0);
	check_owner("fchownat", 7);
	WANT(0, UTIME, "a", old_times, 0, 0, 0);
	check_time("utime");
	WANT(0, UTIMES, "a", times, 0, 0, 0);
	check_time("utimes");
	WANT(0, FUTIMESAT, HERE, "a", times, 0, 0);
	check_time("futimesat");
	WANT(0, UTIMENSAT, HERE, "a", times, 0, 0);
	check_time("utimensat");
	WANT(0, UTIMENSAT64, HERE, "a", times64, 0, 0);
	check_time("utimensat_time64");
}

static void requests(int fd)
{
	static const uint32_t nodump = FS_NODUMP_FL, generation = 77;
	static struct fsxattr wide;
	static uint32_t found;

	WANT(0, IOCTL, fd, FS_IOC32_SETFLAGS, &nodump, 0, 0);
	WANT(0, IOCTL, fd, FS_IOC32_GETFLAGS, &found, 0, 0);
	told("flags", found, nodump);
	WANT(0, IOCTL, fd, FS_IOC_FSGETXATTR, &wide, 0, 0);
	told("flags, wide", wide.fsx_xflags, FS_XFLAG_NODUMP);
	WANT(0, IOCTL, fd, FS_IOC32_SETVERSION, &generation, 0, 0);
	WANT(0, IOCTL, fd, FS_IOC32_GETVERSION, &found, 0, 0);
	told("generation", found, generation);
}

static void attributes(int fd)
{
	WANT(0, SETXATTR, "a", NAME, data, 100, 0);
	WANT(100, GETXATTR, "a", NAME, back, 100, 0);
	WANT(100, LGETXATTR, "a", NAME, back, 100, 0);
	WANT(100, FGETXATTR, fd, NAME, back, 100, 0);
	told("value", memcmp(back, data, 100), 0);
	WANT(sizeof(NAME), LISTXATTR, "a", back, 100, 0, 0);
	WANT(sizeof(NAME), LLISTXATTR, "a", back, 100, 0, 0);
	WANT(sizeof(NAME), FLISTXATTR, fd, back, 100, 0, 0);
	WANT(0, REMOVEXATTR, "a", NAME, 0, 0, 0);
	WANT(0, LSETXATTR, "a", NAME, data, 100, 0);
	WANT(0, LREMOVEXATTR, "a", NAME, 0, 0, 0);
	WANT(0, FSETXATTR, fd, NAME, data, 100, 0);
	WANT(0, FREMOVEXATTR, fd, NAME, 0, 0, 0);
}

static void handles(int directory)
{
	static union {
		struct file_handle handle;
		unsigned char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} found;
	static int mount_id;
	long fd;

	found.handle.handle_bytes = MAX_HANDLE_SZ;
	WANT(0, NAME_TO_HANDLE, HERE, "a", &found, &mount_id, 0);
	fd = WANT(ANY, OPEN_BY_HANDLE, directory, &found, O_RDONLY, 0, 0);
	WANT(0, CLOSE, fd, 0, 0, 0, 0);
}

static void make_names(void)
{
	WANT(0, MKDIR, "d", 0700, 0, 0, 0);
	WANT(0, MKDIRAT, HERE, "d/e", 0700, 0, 0);
	WANT(0, MKNOD, "d/n", S_IFIFO | 0600, 0, 0, 0);
	WANT(0, MKNODAT, HERE, "d/m", S_IFREG | 0600, 0, 0);
	WANT(0, LINK, "a", "d/l", 0, 0, 0);
	WANT(0, LINKAT, HERE, "a", HERE, "d/k", 0);
	WANT(0, SYMLINK, target, "s", 0, 0, 0);
	WANT(0, SYMLINKAT, target, HERE, "t", 0, 0);
	WANT((long)strlen(target), READLINK, "s", back, SIZE, 0, 0);
	WANT((long)strlen(target), READLINKAT, HERE, "t", back, SIZE, 0);
	WANT(0, RENAME, "s", "d/s", 0, 0, 0);
	WANT(0, RENAMEAT, HERE, "t", HERE, "d/t", 0);
	WANT(0, RENAMEAT2, HERE, "d/t", HERE, "d/u", 1);
}

static void list(void)
{
	long directory = WANT(ANY, OPENAT, HERE, ".", O_RDONLY | O_DIRECTORY, 0, 0);

	handles(directory);
	WANT(ANY, GETDENTS64, directory, back, SIZE, 0, 0);
	WANT(0, LSEEK, directory, 0, SEEK_SET, 0, 0);
	WANT(ANY, GETDENTS, directory, back, SIZE, 0, 0);
	WANT(0, LSEEK, directory, 0, SEEK_SET, 0, 0);
	WANT(1, OLDREADDIR, directory, back, 1, 0, 0);
	WANT(0, CHDIR, "d", 0, 0, 0, 0);
	WANT(0, FCHDIR, directory, 0, 0, 0, 0);
	WANT(0, CLOSE, directory, 0, 0, 0, 0);
}

static void remove_names(void)
{
	static const char * const names[] = { "d/u", "d/s", "d/k", "d/l", "d/m", "d/n", "a" };
	unsigned int i;

	WANT(0, TRUNCATE, "a", 13, 0, 0, 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		WANT(0, UNLINK, names[i], 0, 0, 0, 0);
	WANT(0, RMDIR, "d/e", 0, 0, 0, 0);
	WANT(0, RMDIR, "d", 0, 0, 0, 0);
}

void ia32_round(void)
{
	static const uint64_t how[3] = { O_RDWR };
	long fd;

	/* What a kernel without them does to the first such call. */
	signal(SIGSEGV, no_ia32);
	fd = WANT(ANY, OPEN, "a", O_CREAT | O_TRUNC | O_RDWR, 0600, 0, 0);
	if (fd < 0)
		return;
	write_all_ways(fd);
	WANT(0, CLOSE, fd, 0, 0, 0, 0);
	fd = WANT(ANY, OPENAT2, HERE, "a", how, sizeof(how), 0);
	read_all_ways(fd);
	map(fd);
	move(fd);
	look(fd);
	change(fd);
	attributes(fd);
	requests(fd);
	WANT(0, CLOSE, fd, 0, 0, 0, 0);
	make_names();
	list();
	remove_names();
}

/* What the gate must have seen, and how often. */
void ia32_print_made(void)
{
	unsigned int i;

	for (i = 0; i < NR_CALLS; i++)
		if (functions[i])
			printf("made %s %lu\n", functions[i], made[i]);
}
#else
void ia32_round(void)
{
	fprintf(stderr, "entry_calls: this machine has no 32-bit calls\n");
	exit(2);
}

void ia32_print_made(void)
{
}
#endif
