/* SPDX-License-Identifier: GPL-2.0 */
/*
 * failnth: every file system call with each of its allocations failing in turn.
 *
 *   main.c     options, the tables of calls one after the other
 *   attempt.c  one call with one failure, and what is made of it
 *   inject.c   failures, and a reserve that is held
 *   image.c    what is on the device
 *   files.c    what the cases share
 *   the rest   tables of calls
 */
#ifndef FAILNTH_H
#define FAILNTH_H

#include <stdbool.h>
#include <stddef.h>

#define DATA_SIZE	20000	/* beyond the direct blocks of 1 KiB ones */

/**
 * enum kase_flags - what is particular about a case
 * @DIRTY:    is about what is not yet on the device: nothing may sync before it
 * @RETRIED:  ends only when it succeeds: not tried while it would be refused
 * @HARMLESS: its check holds whether or not the call was made
 * @MOUNTS:   needs a second device
 */
enum kase_flags { DIRTY = 1, RETRIED = 2, HARMLESS = 4, MOUNTS = 8 };

/**
 * struct kase - a system call to try
 * @name:    of the call
 * @prepare: makes what the call needs; nothing fails meanwhile; may be NULL
 * @call:    the call alone; less than 0 with errno if it failed
 * @done:    did it have its effect, and is what it told true? NULL: it has none
 * @undo:    removes that and what @prepare made; must bear with either outcome
 * @flags:   see above
 */
struct kase {
	const char *name;
	void (*prepare)(void);
	long (*call)(void);
	bool (*done)(void);
	void (*undo)(void);
	unsigned int flags;
};

/* Each ends with an entry without a name. */
extern const struct kase name_cases[], attr_cases[], xattr_cases[], data_cases[],
	sync_cases[], memory_cases[], other_cases[], volume_cases[];

/* main.c */
extern const char *mount_device, *mount_type, *mount_options;

/* attempt.c */
struct totals {
	unsigned long cases, calls, injected, failed, refused, bad, unfinished;
};

extern struct totals totals;
extern unsigned int limit;	/* allocations of a call that are tried */
extern unsigned int every;	/* how manieth case is tried */
extern bool may_refuse, must_finish;
void drop_caches_each_time(void);
void attempt_all(const struct kase *kase, bool held);
void print_spared(bool held);

/* inject.c */
void inject_open(const char *name);
bool inject_open_hold(const char *name);
bool can_repeat(void);
void arm(unsigned int n, unsigned int failures);
bool injected(unsigned int *failures_left);
void hold(int leave);

/* image.c */
void image_add(const char *device);
void image_remember(void);
void image_forget(void);
bool image_same(void);
bool on_device(const char *name, const unsigned char *data);

/* files.c: for the cases */
extern unsigned char pattern[DATA_SIZE], other_pattern[DATA_SIZE], buffer[DATA_SIZE];
extern int fd, fd2;
void must(bool good, const char *what);
void new_pattern(void);
void make_file(const char *name);
bool exists(const char *name);
bool holds(const char *name, const unsigned char *data, size_t length);
bool holds_data(const char *name);
void clean(void);
void file_a(void);
void file_a_open(void);
void dir_d(void);

#endif /* FAILNTH_H */
