/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls that the gate knows.
 */
#ifndef _AMA_GATE_H
#define _AMA_GATE_H

#include <surety/ama.h>

/* A call's argument, counted from 0; none is what a table leaves out. */
#define AMA_NO_ARG	0
#define AMA_ARG(nr)	((nr) + 1)

enum {
	AMA_BLOCKS_NEVER,
	AMA_BLOCKS_STREAM,	/* one of its files may be a pipe or a socket */
	AMA_BLOCKS_FLOCK,	/* unless its second argument has LOCK_NB or LOCK_UN */
	AMA_BLOCKS_FCNTL,	/* when its second argument is F_SETLKW or the like */
};

/**
 * struct ama_syscall - how a system call names its file and its size
 * @name:      without the architecture's prefix
 * @gate:      class of the call
 * @fd:        argument that is an open file, or AMA_NO_ARG
 * @second_fd: likewise, for calls with two files
 * @dirfd:     argument that a relative path starts from; AMA_NO_ARG: the
 *             current directory
 * @path:      argument that is a path, or AMA_NO_ARG
 * @bytes:     argument that is the length of the transfer, or AMA_NO_ARG
 * @pos:       argument that is the place in the file; AMA_NO_ARG: the file's own
 * @may_block: whether it can wait for what others do, AMA_BLOCKS_*
 * @resumable: a transfer cut short in the middle of a request is taken up again:
 *             buffer, length and place follow the file
 * @always:    concerns every file system
 * @never_refused: the caller could not make anything of it: runs without the gate's
 *             scope then
 */
struct ama_syscall {
	const char *name;
	enum ama_gate gate;
	u8 fd;
	u8 second_fd;
	u8 dirfd;
	u8 path;
	u8 bytes;
	u8 pos;
	u8 may_block;
	bool resumable;
	bool always;
	bool never_refused;
};

extern const struct ama_syscall ama_syscalls[];
extern const unsigned int ama_nr_syscalls;

#endif /* _AMA_GATE_H */
