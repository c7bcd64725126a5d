// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls through which a task reaches a file system.
 *
 * Not here, because they bypass or outlive the call: io_uring's workers, page
 * faults, writeback, reclaim, kernel threads, NFS export. The file system opens
 * its scopes for these itself. Nor lseek, which needs memory only where the file
 * system's entry sees it. Nor ioctl: thawing a volume must not wait for
 * those who wait for it to be thawed.
 */
#include <linux/kernel.h>

#include "gate.h"

#define CALL(call, class, ...)	{ .name = call, .gate = class, ##__VA_ARGS__ }
#define ON_FD_AT(call, class, nr)	CALL(call, class, .fd = AMA_ARG(nr))
#define ON_FD(call, class)		ON_FD_AT(call, class, 0)
#define ON_FDS(call, class, other, length)				\
	CALL(call, class, .fd = AMA_ARG(0), .second_fd = AMA_ARG(other),	\
	     .bytes = AMA_ARG(length), .may_block = AMA_BLOCKS_STREAM)
#define TRANSFER(call, class, length, again)				\
	CALL(call, class, .fd = AMA_ARG(0), .bytes = length, .resumable = again)
#define TRANSFER_AT(call, class)						\
	CALL(call, class, .fd = AMA_ARG(0), .bytes = AMA_ARG(2),		\
	     .pos = AMA_ARG(3), .resumable = true)
#define ON_PATH(call, class, nr)	CALL(call, class, .path = AMA_ARG(nr))
#define ON_PATH_AT(call, class, from, nr)				\
	CALL(call, class, .dirfd = AMA_ARG(from), .path = AMA_ARG(nr))
#define ON_ALL(call, class)		CALL(call, class, .always = true)

const struct ama_syscall ama_syscalls[] = {
	ON_PATH("open", AMA_GATE_OPEN, 0),
	ON_PATH("creat", AMA_GATE_OPEN, 0),
	ON_PATH_AT("openat", AMA_GATE_OPEN, 0, 1),
	ON_PATH_AT("openat2", AMA_GATE_OPEN, 0, 1),
	ON_PATH("mkdir", AMA_GATE_NAMESPACE, 0),
	ON_PATH_AT("mkdirat", AMA_GATE_NAMESPACE, 0, 1),
	ON_PATH("mknod", AMA_GATE_NAMESPACE, 0),
	ON_PATH_AT("mknodat", AMA_GATE_NAMESPACE, 0, 1),
	ON_PATH("unlink", AMA_GATE_NAMESPACE, 0),
	ON_PATH_AT("unlinkat", AMA_GATE_NAMESPACE, 0, 1),
	ON_PATH("rmdir", AMA_GATE_NAMESPACE, 0),
	ON_PATH("rename", AMA_GATE_NAMESPACE, 0),
	ON_PATH_AT("renameat", AMA_GATE_NAMESPACE, 0, 1),
	ON_PATH_AT("renameat2", AMA_GATE_NAMESPACE, 0, 1),
	ON_PATH("link", AMA_GATE_NAMESPACE, 1),
	ON_PATH_AT("linkat", AMA_GATE_NAMESPACE, 2, 3),
	ON_PATH("symlink", AMA_GATE_NAMESPACE, 1),
	ON_PATH_AT("symlinkat", AMA_GATE_NAMESPACE, 1, 2),

	ON_PATH("readlink", AMA_GATE_LOOKUP, 0),
	ON_PATH_AT("readlinkat", AMA_GATE_LOOKUP, 0, 1),
	ON_PATH("stat", AMA_GATE_LOOKUP, 0),
	ON_PATH("lstat", AMA_GATE_LOOKUP, 0),
	ON_PATH("newstat", AMA_GATE_LOOKUP, 0),
	ON_PATH("newlstat", AMA_GATE_LOOKUP, 0),
	ON_PATH("stat64", AMA_GATE_LOOKUP, 0),
	ON_PATH("lstat64", AMA_GATE_LOOKUP, 0),
	ON_PATH_AT("newfstatat", AMA_GATE_LOOKUP, 0, 1),
	ON_PATH_AT("fstatat64", AMA_GATE_LOOKUP, 0, 1),
	ON_PATH_AT("statx", AMA_GATE_LOOKUP, 0, 1),
	ON_PATH("access", AMA_GATE_LOOKUP, 0),
	ON_PATH_AT("faccessat", AMA_GATE_LOOKUP, 0, 1),
	ON_PATH_AT("faccessat2", AMA_GATE_LOOKUP, 0, 1),
	ON_PATH("statfs", AMA_GATE_LOOKUP, 0),
	ON_PATH("statfs64", AMA_GATE_LOOKUP, 0),
	ON_PATH("chdir", AMA_GATE_LOOKUP, 0),
	ON_PATH("chroot", AMA_GATE_LOOKUP, 0),
	/* What it makes for a watch is more than a lookup's demand has room for. */
	ON_PATH("inotify_add_watch", AMA_GATE_OPEN, 1),
	ON_PATH_AT("name_to_handle_at", AMA_GATE_LOOKUP, 0, 1),
	ON_FD("open_by_handle_at", AMA_GATE_OPEN),

	ON_PATH("chmod", AMA_GATE_ATTR, 0),
	ON_PATH_AT("fchmodat", AMA_GATE_ATTR, 0, 1),
	ON_PATH_AT("fchmodat2", AMA_GATE_ATTR, 0, 1),
	ON_FD("fchmod", AMA_GATE_ATTR),
	ON_PATH("chown", AMA_GATE_ATTR, 0),
	ON_PATH("lchown", AMA_GATE_ATTR, 0),
	ON_PATH_AT("fchownat", AMA_GATE_ATTR, 0, 1),
	ON_FD("fchown", AMA_GATE_ATTR),
	ON_PATH("utime", AMA_GATE_ATTR, 0),
	ON_PATH("utimes", AMA_GATE_ATTR, 0),
	ON_PATH_AT("futimesat", AMA_GATE_ATTR, 0, 1),
	ON_PATH_AT("utimensat", AMA_GATE_ATTR, 0, 1),
	/* Of 32-bit programs: short user numbers, times of 32 bits. */
	ON_PATH("chown16", AMA_GATE_ATTR, 0),
	ON_PATH("lchown16", AMA_GATE_ATTR, 0),
	ON_FD("fchown16", AMA_GATE_ATTR),
	ON_PATH("utime32", AMA_GATE_ATTR, 0),
	ON_PATH("utimes_time32", AMA_GATE_ATTR, 0),
	ON_PATH_AT("futimesat_time32", AMA_GATE_ATTR, 0, 1),
	ON_PATH_AT("utimensat_time32", AMA_GATE_ATTR, 0, 1),
	ON_PATH("truncate", AMA_GATE_ATTR, 0),
	ON_FD("ftruncate", AMA_GATE_ATTR),
	ON_PATH("truncate64", AMA_GATE_ATTR, 0),
	ON_FD("ftruncate64", AMA_GATE_ATTR),
	ON_PATH("setxattr", AMA_GATE_ATTR, 0),
	ON_PATH("lsetxattr", AMA_GATE_ATTR, 0),
	ON_FD("fsetxattr", AMA_GATE_ATTR),
	ON_PATH_AT("setxattrat", AMA_GATE_ATTR, 0, 1),
	ON_PATH("removexattr", AMA_GATE_ATTR, 0),
	ON_PATH("lremovexattr", AMA_GATE_ATTR, 0),
	ON_FD("fremovexattr", AMA_GATE_ATTR),
	ON_PATH_AT("removexattrat", AMA_GATE_ATTR, 0, 1),
	ON_PATH("getxattr", AMA_GATE_ATTR, 0),
	ON_PATH("lgetxattr", AMA_GATE_ATTR, 0),
	ON_FD("fgetxattr", AMA_GATE_ATTR),
	ON_PATH_AT("getxattrat", AMA_GATE_ATTR, 0, 1),
	ON_PATH("listxattr", AMA_GATE_ATTR, 0),
	ON_PATH("llistxattr", AMA_GATE_ATTR, 0),
	ON_FD("flistxattr", AMA_GATE_ATTR),
	ON_PATH_AT("listxattrat", AMA_GATE_ATTR, 0, 1),

	TRANSFER("read", AMA_GATE_READ, AMA_ARG(2), true),
	TRANSFER_AT("pread64", AMA_GATE_READ),
	TRANSFER("readv", AMA_GATE_READ, AMA_NO_ARG, false),
	TRANSFER("preadv", AMA_GATE_READ, AMA_NO_ARG, false),
	TRANSFER("preadv2", AMA_GATE_READ, AMA_NO_ARG, false),
	TRANSFER("write", AMA_GATE_WRITE, AMA_ARG(2), true),
	TRANSFER_AT("pwrite64", AMA_GATE_WRITE),
	TRANSFER("writev", AMA_GATE_WRITE, AMA_NO_ARG, false),
	TRANSFER("pwritev", AMA_GATE_WRITE, AMA_NO_ARG, false),
	TRANSFER("pwritev2", AMA_GATE_WRITE, AMA_NO_ARG, false),
	ON_FDS("sendfile64", AMA_GATE_READ, 1, 3),
	ON_FDS("sendfile", AMA_GATE_READ, 1, 3),
	ON_FDS("splice", AMA_GATE_WRITE, 2, 4),
	ON_FDS("copy_file_range", AMA_GATE_WRITE, 2, 4),
	ON_FD("fallocate", AMA_GATE_WRITE),
	ON_FD("readahead", AMA_GATE_READ),
	ON_FD("fadvise64", AMA_GATE_READ),
	ON_FD("fadvise64_64", AMA_GATE_READ),

	ON_FD("getdents", AMA_GATE_READDIR),
	ON_FD("getdents64", AMA_GATE_READDIR),
	ON_FD("old_readdir", AMA_GATE_READDIR),

	ON_FD("fsync", AMA_GATE_SYNC),
	ON_FD("fdatasync", AMA_GATE_SYNC),
	ON_FD("sync_file_range", AMA_GATE_SYNC),
	ON_FD("syncfs", AMA_GATE_SYNC),
	ON_ALL("sync", AMA_GATE_SYNC),

	ON_FD("newfstat", AMA_GATE_FILE),
	ON_FD("fstat", AMA_GATE_FILE),
	ON_FD("fstat64", AMA_GATE_FILE),
	ON_FD("fstatfs", AMA_GATE_FILE),
	ON_FD("fstatfs64", AMA_GATE_FILE),
	ON_FD("fchdir", AMA_GATE_FILE),
	CALL("flock", AMA_GATE_FILE, .fd = AMA_ARG(0), .may_block = AMA_BLOCKS_FLOCK),
	CALL("fcntl", AMA_GATE_FILE, .fd = AMA_ARG(0), .may_block = AMA_BLOCKS_FCNTL),
	CALL("fcntl64", AMA_GATE_FILE, .fd = AMA_ARG(0), .may_block = AMA_BLOCKS_FCNTL),
	CALL("close", AMA_GATE_FILE, .fd = AMA_ARG(0), .never_refused = true),
	ON_FD_AT("mmap", AMA_GATE_MAP, 4),
	ON_FD_AT("mmap_pgoff", AMA_GATE_MAP, 4),

	ON_PATH("mount", AMA_GATE_MOUNT, 1),
	ON_PATH("umount", AMA_GATE_MOUNT, 0),
	ON_PATH("oldumount", AMA_GATE_MOUNT, 0),
	ON_PATH_AT("move_mount", AMA_GATE_MOUNT, 2, 3),
};

const unsigned int ama_nr_syscalls = ARRAY_SIZE(ama_syscalls);
