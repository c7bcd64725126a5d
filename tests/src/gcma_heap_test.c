// SPDX-License-Identifier: GPL-2.0
/*
 * Does a DMA-BUF heap behave as the kernel's heaps do?
 *
 *	gcma_heap_test HEAP [HUGE]
 *
 * HEAP is a file of /dev/dma_heap, HUGE is 1 if huge mappings are expected.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGABYTE	(1024UL * 1024)
#define HUGE_BYTES	(2 * MEGABYTE)

static int failures;

static void judge(bool ok, const char *what)
{
	printf("%s - heap: %s\n", ok ? "ok" : "not ok", what);
	failures += !ok;
}

/* The whole of the ioctl, as a program could send it. */
static int request(int heap, uint64_t len, uint32_t fd, uint32_t fd_flags,
		   uint64_t heap_flags)
{
	struct dma_heap_allocation_data data = {
		.len = len, .fd = fd, .fd_flags = fd_flags,
		.heap_flags = heap_flags,
	};

	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
}

static int allocate(int heap, uint64_t len)
{
	return request(heap, len, 0, O_RDWR | O_CLOEXEC, 0);
}

static void *map(int fd, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool sync_cpu(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_RW };

	return !ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
}

static bool all_zero(const uint64_t *p, size_t len)
{
	for (size_t i = 0; i < len / sizeof(*p); i++)
		if (p[i])
			return false;
	return true;
}

static void test_refusals(int heap)
{
	static const struct {
		const char *what;
		uint64_t len;
		uint32_t fd, fd_flags;
		uint64_t heap_flags;
		int error;
	} table[] = {
		{ "a length of 0 is refused", 0, 0, O_RDWR, 0, -EINVAL },
		{ "a length that wraps is refused", UINT64_MAX, 0, O_RDWR, 0,
		  -EINVAL },
		{ "a descriptor given by the caller is refused", MEGABYTE, 5,
		  O_RDWR, 0, -EINVAL },
		{ "unknown descriptor flags are refused", MEGABYTE, 0,
		  O_RDWR | O_APPEND, 0, -EINVAL },
		{ "unknown heap flags are refused", MEGABYTE, 0, O_RDWR, 1,
		  -EINVAL },
		{ "more than the area has is refused", 1ULL << 40, 0, O_RDWR, 0,
		  -ENOMEM },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		judge(request(heap, table[i].len, table[i].fd, table[i].fd_flags,
			      table[i].heap_flags) == table[i].error,
		      table[i].what);
	judge(ioctl(heap, _IOWR(DMA_HEAP_IOC_MAGIC, 7, uint64_t), &heap) == -1 &&
	      errno == EINVAL, "an unknown command is refused");
	judge(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, NULL) == -1 && errno == EFAULT,
	      "a bad address is refused");
}

/* The result cannot be written: nothing may stay allocated. */
static void test_unwritable(int heap, size_t size)
{
	struct dma_heap_allocation_data *data;
	int i, error = 0;

	data = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*data = (struct dma_heap_allocation_data){ .len = size,
						   .fd_flags = O_RDWR };
	mprotect(data, 4096, PROT_READ);
	for (i = 0; i < 8 && !error; i++)
		if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, data) != -1 ||
		    errno != EFAULT)
			error = 1;
	judge(!error, "a result that cannot be written leaves nothing behind");
	munmap(data, 4096);
}

static void test_descriptor(int heap)
{
	int fd = allocate(heap, 5000);
	int plain = request(heap, 4096, 0, O_RDONLY, 0);
	void *p;

	judge(fd >= 0 && lseek(fd, 0, SEEK_END) == 8192,
	      "a length is rounded up to pages, and seeking tells it");
	judge(fcntl(fd, F_GETFD) & FD_CLOEXEC, "O_CLOEXEC is honoured");
	judge(plain >= 0 && !(fcntl(plain, F_GETFD) & FD_CLOEXEC),
	      "and its absence too");
	judge((fcntl(plain, F_GETFL) & O_ACCMODE) == O_RDONLY,
	      "the access mode is honoured");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, plain, 0);
	judge(p == MAP_FAILED && errno == EACCES,
	      "a read-only buffer cannot be mapped for writing");
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	judge(p == MAP_FAILED, "a private mapping is refused");
	p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	judge(p == MAP_FAILED, "a mapping beyond the end is refused");
	close(fd);
	close(plain);
}

static void test_contents(int heap)
{
	size_t len = 3 * MEGABYTE + 4096;
	int fd = allocate(heap, len);
	uint32_t *p, *again, *part;
	bool ok = true;

	p = fd < 0 ? NULL : map(fd, len);
	if (!p) {
		judge(false, "a buffer can be mapped");
		return;
	}
	judge(sync_cpu(fd, DMA_BUF_SYNC_START), "access by the CPU begins");
	judge(all_zero((void *)p, len), "a new buffer is zeroed");
	for (size_t i = 0; i < len / 4; i++)
		p[i] = i * 2654435761u;
	judge(sync_cpu(fd, DMA_BUF_SYNC_END), "access by the CPU ends");
	judge(!sync_cpu(fd, 0xff00), "unknown synchronisation flags are refused");

	again = map(fd, len);
	part = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 3 * MEGABYTE);
	for (size_t i = 0; i < len / 4; i++)
		ok = ok && again[i] == (uint32_t)(i * 2654435761u);
	ok = ok && part[7] == (uint32_t)((3 * MEGABYTE / 4 + 7) * 2654435761u);
	judge(ok, "a second mapping, and one of the end, show the same");
	munmap(p, len);
	munmap(again, len);
	munmap(part, 4096);
	close(fd);

	fd = allocate(heap, len);
	p = map(fd, len);
	judge(p && all_zero((void *)p, len),
	      "what a closed buffer held is not seen in the next");
	munmap(p, len);
	close(fd);
}

/* A child gets the buffer by a socket; the parent closes its own. */
static bool send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1;
}

static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static void test_sharing(int heap)
{
	int pair[2], fd = allocate(heap, MEGABYTE), status = -1;
	char *p = map(fd, MEGABYTE);
	pid_t child;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fflush(stdout);
	child = fork();
	if (!child) {
		int got = receive_fd(pair[1]);
		char *q = map(got, MEGABYTE);

		if (!q || strcmp(q + 4096, "from the parent"))
			_exit(1);
		strcpy(q + 8192, "from the child");
		_exit(0);
	}
	strcpy(p + 4096, "from the parent");
	send_fd(pair[0], fd);
	close(fd);
	waitpid(child, &status, 0);
	judge(!status && !strcmp(p + 8192, "from the child"),
	      "processes share a buffer sent by a socket; a mapping keeps it");
	munmap(p, MEGABYTE);
	close(pair[0]);
	close(pair[1]);
}

/* Page size with which an address is mapped, from the faults it takes. */
static long faults_of(void *p, size_t len)
{
	char *c = p;
	long before, after;
	FILE *f;

	f = fopen("/proc/self/stat", "r");
	if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %ld", &before) != 1)
		return -1;
	fclose(f);
	for (size_t i = 0; i < len; i += 4096)
		((volatile char *)c)[i] = 1;
	f = fopen("/proc/self/stat", "r");
	if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %ld", &after) != 1)
		return -1;
	fclose(f);
	return after - before;
}

static void test_huge(int heap, bool expected)
{
	size_t len = 8 * MEGABYTE;
	int fd = allocate(heap, len);
	char *space, *at, *p;
	long faults;

	space = mmap(NULL, len + HUGE_BYTES, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at = (char *)(((uintptr_t)space + HUGE_BYTES - 1) & -HUGE_BYTES);
	p = mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED) {
		judge(false, "a buffer is mapped at an aligned address");
		return;
	}
	madvise(p, len, MADV_HUGEPAGE);
	faults = faults_of(p, len);
	printf("# %ld page faults for %zu MiB\n", faults, len / MEGABYTE);
	if (expected)
		judge(faults >= 0 && faults <= 16,
		      "an aligned mapping is made of huge pages");
	else
		printf("ok - heap: huge mappings # SKIP this kernel maps raw frames page by page\n");
	/* Part of a huge page goes, the rest stays. */
	munmap(p + MEGABYTE, MEGABYTE);
	p[0] = 5;
	p[2 * MEGABYTE] = 6;
	judge(p[0] == 5 && p[2 * MEGABYTE] == 6,
	      "unmapping part of a mapping leaves the rest");
	if (!fork()) {
		_exit(p[0] == 5 && p[3 * MEGABYTE] == 1 ? 0 : 1);
	} else {
		int status = -1;

		wait(&status);
		judge(!status, "a forked child sees the mapping");
	}
	munmap(space, len + HUGE_BYTES);
	close(fd);
}

int main(int argc, char **argv)
{
	char path[128];
	int heap;

	if (argc < 2) {
		fprintf(stderr, "usage: gcma_heap_test HEAP [HUGE]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/dev/dma_heap/%s", argv[1]);
	heap = open(path, O_RDONLY | O_CLOEXEC);
	judge(heap >= 0, "the device can be opened");
	if (heap < 0)
		return 1;
	test_refusals(heap);
	test_unwritable(heap, 12 * MEGABYTE);
	test_descriptor(heap);
	test_contents(heap);
	test_sharing(heap);
	test_huge(heap, argc > 2 && !strcmp(argv[2], "1"));
	close(heap);
	return failures ? 1 : 0;
}
