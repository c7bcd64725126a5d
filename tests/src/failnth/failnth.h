/* SPDX-License-Identifier: GPL-2.0 */
/*
 * failnth: every file system call with each of its allocations failing in turn.
 */
#ifndef FAILNTH_H
#define FAILNTH_H

#include <stdbool.h>

#define DATA_SIZE	20000	/* beyond the direct blocks of 1 KiB ones */

/* Where the mount cases find something to mount. */
extern const char *mount_device, *mount_type, *mount_options;

/**
 * struct kase - a system call to try
 * @name:    of the call
 * @prepare: makes what the call needs; nothing fails meanwhile; may be NULL
 * @call:    the call alone; less than 0 with errno if it failed
 * @done:    did it have its effect, on names and data? NULL: not to be seen
 * @undo:    removes that and what @prepare made; must bear with either outcome
 */
struct kase {
	const char *name;
	void (*prepare)(void);
	long (*call)(void);
	bool (*done)(void);
	void (*undo)(void);
};

/* Each ends with an entry without a name. */
extern const struct kase name_cases[], data_cases[], other_cases[];

/* For the cases: complains and ends the program. */
void must(bool good, const char *what);
void make_file(const char *name);
bool exists(const char *name);
bool holds_data(const char *name);
void clean(void);

extern unsigned char pattern[DATA_SIZE], buffer[DATA_SIZE];
extern int fd, fd2;

#endif /* FAILNTH_H */
