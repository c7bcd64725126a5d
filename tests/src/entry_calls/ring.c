// SPDX-License-Identifier: GPL-2.0
/*
 * Requests by a ring with room for one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entry_calls.h"

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

void open_ring(bool async)
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
	ring.flags = async ? IOSQE_ASYNC : 0;
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

void ring_round(void)
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
