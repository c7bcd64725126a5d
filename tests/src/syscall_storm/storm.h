/* SPDX-License-Identifier: GPL-2.0 */
/*
 * syscall_storm: all file system calls, from several processes, with every
 * result and every byte checked. What the parts of the program share.
 *
 * Each worker owns a few files in a directory that all share, and keeps a copy
 * of what they must contain. Each call is such that it succeeds on a sound file
 * system with room: whatever else it returns was caused from outside. After a
 * failed call the worker no longer knows what the file holds, so that it
 * gives it up and begins another; it never calls an error a mismatch.
 */
#ifndef SYSCALL_STORM_H
#define SYSCALL_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FILES		6		/* a worker's files */
#define FILE_MAX	(160 * 1024)	/* reaches indirect blocks of any size */
#define CHUNK_MAX	(32 * 1024)	/* one transfer */
#define MAX_WORKERS	16
#define MAX_ERRORS	256		/* different (call, errno) of a worker */
#define NAME_LEN	32

/* What a call returned other than success, and how often. */
struct error_count {
	char call[16];
	int error;		/* errno; 0: fewer bytes than asked for */
	unsigned int count;
};

/* What a worker reports, in memory shared with the parent. */
struct report {
	bool finished;
	unsigned long ops;
	unsigned long calls;
	unsigned long errors;
	unsigned long mismatches;
	unsigned long untold;	/* errors beyond MAX_ERRORS kinds */
	unsigned int kinds;
	struct error_count error[MAX_ERRORS];
	char mismatch[160];	/* the first one */
};

/* Is the content of a file known? */
enum state { ABSENT, KNOWN, UNKNOWN };

struct file {
	enum state state;
	char name[NAME_LEN];
	size_t size;
	unsigned char *data;	/* FILE_MAX bytes; zero from size on */
};

/* A file of the tree that was there before. */
struct tree_file {
	uint32_t sum;
	size_t size;
	const char *path;
};

struct worker {
	unsigned int id;
	unsigned int workers;
	uint64_t random;
	unsigned int serial;		/* makes names unique */
	int pipe[2];
	struct report *report;
	struct file file[FILES];
	unsigned char *buffer;		/* FILE_MAX bytes, for reading back */
	unsigned char *direct;		/* CHUNK_MAX bytes, aligned for O_DIRECT */
	const struct tree_file *tree;
	unsigned int tree_files;
	const char *tree_root;
};

/* report.c */
extern struct worker *me;
long seen(const char *call, long result);
long seen_or(const char *call, long result, const int *allowed);
bool full(const char *call, long result, size_t wanted);
void mismatch(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_summary(const struct report *report, unsigned int workers,
		   uint64_t seed, unsigned int killed, unsigned int stuck);

/* Errors that mean "this file system does not offer it". */
extern const int unsupported[], unsupported_direct[];

/* model.c */
uint32_t draw(uint32_t below);
void fill(unsigned char *data, size_t size);
uint32_t sum_start(void);
uint32_t sum_add(uint32_t sum, const unsigned char *data, size_t size);
uint32_t sum_end(uint32_t sum, size_t size);
void fresh_name(char *name, const char *kind);
struct file *pick(enum state state);
void forget(struct file *file);
void wrote(struct file *file, size_t offset, size_t length);
void resized(struct file *file, size_t size);
void check_content(struct file *file, const unsigned char *data, size_t offset,
		   size_t length, const char *call);

/* data.c */
void op_create(void);
void op_read(void);
void op_overwrite(void);
void op_append(void);
void op_truncate(void);
void op_mmap(void);
void op_direct(void);
void op_copy(void);
void op_sync(void);
void op_fallocate(void);
void op_tree(void);

/* names.c */
void op_stat(void);
void op_attr(void);
void op_rename(void);
void op_link(void);
void op_symlink(void);
void op_mkdir(void);
void op_mknod(void);
void op_readdir(void);
void op_unlink(void);
void op_xattr(void);
void op_tmpfile(void);
void op_statfs(void);
void op_lock(void);

#endif /* SYSCALL_STORM_H */
