// SPDX-License-Identifier: GPL-2.0
/*
 * entry_calls: a file system entered by ways other than native system calls.
 *
 * usage: entry_calls io_uring|io_uring-async|ia32 DIRECTORY ROUNDS
 *
 *   io_uring        requests that the kernel tries at once
 *   io_uring-async  requests that a worker thread carries out
 *   ia32            32-bit system calls, by their gate: int 0x80 takes them from
 *                   a 64-bit program too, if its pointers fit
 *
 * Makes files and directories, writes, reads back and compares, renames and
 * removes. Each call must succeed. Exit status: 0 all did; 1 not so, said on
 * standard output; 2 could not be run; 3 this kernel has no such way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE	(96 * 1024)	/* beyond the direct blocks */

/* Static, so that 32 bits hold their addresses. */
static unsigned char data[SIZE], back[SIZE];
static char target[4096];
static struct statx status;
static unsigned long calls, failures;

static long told(const char *what, long result, long want)
{
	calls++;
	if (result == want || (want < 0 && result >= 0))
		return result;
	if (failures++ < 10)
		printf("# %s: %ld (%s), want %ld\n", what, result,
		       result < 0 ? strerror(-result) : "success", want);
	return result;
}

#define ANY	(-1)		/* not negative */

static void compare(const char *what)
{
	calls++;
	if (!memcmp(data, back, SIZE))
		return;
	failures++;
	printf("# %s: other data\n", what);
}

/* --- a ring with room for one request --- */

static struct ring {
	int fd;
	unsigned char *sq, *cq;
	struct io_uring_params params;
	struct io_uring_sqe *entry;
	unsigned int flags;
} ring;

static void *map_ring(size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring.fd, what);

	if (at == MAP_FAILED) {
		perror("entry_calls: ring");
		exit(2);
	}
	return at;
}

static void open_ring(unsigned int flags)
{
	struct io_uring_params *p = &ring.params;

	ring.fd = syscall(__NR_io_uring_setup, 1, p);
	if (ring.fd == -1) {
		perror("entry_calls: io_uring_setup");
		exit(2);
	}
	ring.sq = map_ring(p->sq_off.array + p->sq_entries * sizeof(uint32_t),
			   IORING_OFF_SQ_RING);
	ring.cq = map_ring(p->cq_off.cqes +
			   p->cq_entries * sizeof(struct io_uring_cqe),
			   IORING_OFF_CQ_RING);
	ring.entry = map_ring(sizeof(*ring.entry), IORING_OFF_SQES);
	ring.flags = flags;
}

static uint32_t *word(unsigned char *base, uint32_t offset)
{
	return (uint32_t *)(base + offset);
}

/* One request from its submission to its completion. */
static long submit(const struct io_uring_sqe *request)
{
	const struct io_sqring_offsets *sq = &ring.params.sq_off;
	const struct io_cqring_offsets *cq = &ring.params.cq_off;
	struct io_uring_cqe *done;
	uint32_t head;

	*ring.entry = *request;
	ring.entry->flags |= ring.flags;
	*word(ring.sq, sq->array) = 0;
	__atomic_add_fetch(word(ring.sq, sq->tail), 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) == -1) {
		perror("entry_calls: io_uring_enter");
		exit(2);
	}
	head = *word(ring.cq, cq->head);
	done = (struct io_uring_cqe *)(ring.cq + cq->cqes) +
	       (head & *word(ring.cq, cq->ring_mask));
	__atomic_store_n(word(ring.cq, cq->head), head + 1, __ATOMIC_RELEASE);
	return done->res;
}

static long ring_file(int op, int fd, const void *address, unsigned int length,
		      uint64_t offset)
{
	return submit(&(struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (uintptr_t)address,
		.len = length, .off = offset,
	});
}

static void ring_round(void)
{
	const int here = AT_FDCWD;
	long fd;

	fd = told("openat", submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT, .fd = here, .addr = (uintptr_t)"a",
		.open_flags = O_CREAT | O_TRUNC | O_RDWR, .len = 0600 }), ANY);
	if (fd < 0)
		return;
	told("write", ring_file(IORING_OP_WRITE, fd, data, SIZE, 0), SIZE);
	told("fsync", ring_file(IORING_OP_FSYNC, fd, NULL, 0, 0), 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	memset(back, 0, SIZE);
	told("read", ring_file(IORING_OP_READ, fd, back, SIZE, 0), SIZE);
	compare("read");
	told("statx", ring_file(IORING_OP_STATX, here, "a", STATX_BASIC_STATS,
				(uintptr_t)&status), 0);
	told("mkdirat", ring_file(IORING_OP_MKDIRAT, here, "d", 0700, 0), 0);
	told("linkat", submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_LINKAT, .fd = here, .addr = (uintptr_t)"a",
		.addr2 = (uintptr_t)"d/l", .len = here }), 0);
	told("symlinkat", submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_SYMLINKAT, .fd = here,
		.addr = (uintptr_t)target, .addr2 = (uintptr_t)"s" }), 0);
	told("renameat", submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_RENAMEAT, .fd = here, .addr = (uintptr_t)"s",
		.addr2 = (uintptr_t)"d/s", .len = here }), 0);
	told("close", ring_file(IORING_OP_CLOSE, fd, NULL, 0, 0), 0);
	told("unlinkat", ring_file(IORING_OP_UNLINKAT, here, "d/s", 0, 0), 0);
	told("unlinkat", ring_file(IORING_OP_UNLINKAT, here, "d/l", 0, 0), 0);
	told("unlinkat", submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_UNLINKAT, .fd = here,
		.addr = (uintptr_t)"d", .unlink_flags = AT_REMOVEDIR }), 0);
	told("unlinkat", ring_file(IORING_OP_UNLINKAT, here, "a", 0, 0), 0);
}

/* --- 32-bit calls --- */

#ifdef __x86_64__
enum {
	IA32_READ = 3, IA32_WRITE = 4, IA32_OPEN = 5, IA32_CLOSE = 6,
	IA32_LINK = 9, IA32_UNLINK = 10, IA32_LSEEK = 19, IA32_RENAME = 38,
	IA32_MKDIR = 39, IA32_RMDIR = 40, IA32_SYMLINK = 83,
	IA32_READLINK = 85, IA32_TRUNCATE = 92, IA32_FSYNC = 118,
	IA32_WRITEV = 146, IA32_PREAD64 = 180, IA32_STAT64 = 195,
	IA32_GETDENTS64 = 220, IA32_SETXATTR = 226, IA32_GETXATTR = 229,
	IA32_OPENAT = 295,
};

static long ia32(int call, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
		 uintptr_t e)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(call), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)result;
}

static void no_ia32(int signal __attribute__((unused)))
{
	_exit(3);
}

#define IA32(call, a, b, c, d, e) \
	ia32(call, (uintptr_t)(a), (uintptr_t)(b), (uintptr_t)(c), \
	     (uintptr_t)(d), (uintptr_t)(e))

static struct { uint32_t base, length; } vector[2];
static char a_name[] = "a", d_name[] = "d", l_name[] = "d/l", s_name[] = "s",
	    r_name[] = "d/s", x_name[] = "user.name", dot[] = ".";

static void ia32_round(void)
{
	long fd, dir;

	/* What a kernel without them does to the first such call. */
	signal(SIGSEGV, no_ia32);
	fd = told("open", IA32(IA32_OPEN, a_name, O_CREAT | O_TRUNC | O_RDWR,
			       0600, 0, 0), ANY);
	if (fd < 0)
		return;
	told("write", IA32(IA32_WRITE, fd, data, SIZE / 2, 0, 0), SIZE / 2);
	vector[0].base = (uintptr_t)data + SIZE / 2;
	vector[0].length = SIZE / 4;
	vector[1].base = (uintptr_t)data + SIZE / 4 * 3;
	vector[1].length = SIZE / 4;
	told("writev", IA32(IA32_WRITEV, fd, vector, 2, 0, 0), SIZE / 2);
	told("fsync", IA32(IA32_FSYNC, fd, 0, 0, 0, 0), 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	memset(back, 0, SIZE);
	told("lseek", IA32(IA32_LSEEK, fd, 0, SEEK_SET, 0, 0), 0);
	told("read", IA32(IA32_READ, fd, back, SIZE / 2, 0, 0), SIZE / 2);
	told("pread64", IA32(IA32_PREAD64, fd, back + SIZE / 2, SIZE / 2,
			     SIZE / 2, 0), SIZE / 2);
	compare("read");
	told("close", IA32(IA32_CLOSE, fd, 0, 0, 0, 0), 0);
	told("stat64", IA32(IA32_STAT64, a_name, &status, 0, 0, 0), 0);
	told("setxattr", IA32(IA32_SETXATTR, a_name, x_name, data, 100, 0), 0);
	told("getxattr", IA32(IA32_GETXATTR, a_name, x_name, back, 100, 0), 100);
	told("mkdir", IA32(IA32_MKDIR, d_name, 0700, 0, 0, 0), 0);
	told("link", IA32(IA32_LINK, a_name, l_name, 0, 0, 0), 0);
	told("symlink", IA32(IA32_SYMLINK, target, s_name, 0, 0, 0), 0);
	told("readlink", IA32(IA32_READLINK, s_name, back, SIZE, 0, 0),
	     (long)strlen(target));
	told("rename", IA32(IA32_RENAME, s_name, r_name, 0, 0, 0), 0);
	dir = told("openat", IA32(IA32_OPENAT, AT_FDCWD, dot,
				  O_RDONLY | O_DIRECTORY, 0, 0), ANY);
	told("getdents64", IA32(IA32_GETDENTS64, dir, back, SIZE, 0, 0), ANY);
	told("close", IA32(IA32_CLOSE, dir, 0, 0, 0, 0), 0);
	told("truncate", IA32(IA32_TRUNCATE, a_name, 13, 0, 0, 0), 0);
	told("unlink", IA32(IA32_UNLINK, r_name, 0, 0, 0, 0), 0);
	told("unlink", IA32(IA32_UNLINK, l_name, 0, 0, 0, 0), 0);
	told("rmdir", IA32(IA32_RMDIR, d_name, 0, 0, 0, 0), 0);
	told("unlink", IA32(IA32_UNLINK, a_name, 0, 0, 0, 0), 0);
}
#else
static void ia32_round(void)
{
	fprintf(stderr, "entry_calls: this machine has no 32-bit calls\n");
	exit(2);
}
#endif

int main(int argc, char **argv)
{
	void (*make_round)(void) = ring_round;
	unsigned long rounds, nr;
	unsigned int i;

	rounds = argc == 4 ? strtoul(argv[3], NULL, 0) : 0;
	if (!rounds) {
		fprintf(stderr, "usage: entry_calls io_uring|io_uring-async|ia32 DIRECTORY ROUNDS\n");
		return 2;
	}
	if (!strcmp(argv[1], "io_uring"))
		open_ring(0);
	else if (!strcmp(argv[1], "io_uring-async"))
		open_ring(IOSQE_ASYNC);
	else if (!strcmp(argv[1], "ia32"))
		make_round = ia32_round;
	else
		return 2;
	if (chdir(argv[2])) {
		perror(argv[2]);
		return 2;
	}
	for (i = 0; i < SIZE; i++)
		data[i] = i * 37 + i / 251;
	memset(target, 't', 900);
	for (nr = 0; nr < rounds; nr++)
		make_round();
	printf("# %s: %lu calls, %lu failed\n", argv[1], calls, failures);
	return failures != 0;
}
