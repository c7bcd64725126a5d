/* SPDX-License-Identifier: GPL-2.0 */
/*
 * entry_calls: a file system entered by ways other than native system calls.
 *
 *   main.c  which way, and what came of it
 *   ring.c  io_uring
 *   ia32.c  32-bit system calls
 */
#ifndef ENTRY_CALLS_H
#define ENTRY_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE	(96 * 1024)	/* beyond the direct blocks */
#define ANY	(-1)		/* any result that is no error */

/* main.c; static, so that 32 bits hold their addresses. */
extern unsigned char data[SIZE], back[SIZE];
extern char target[4096];
extern struct statx status;
long told(const char *what, long result, long want);
void compare(const char *what);

/* ring.c */
void open_ring(bool async);
void ring_round(void);

/* ia32.c */
void ia32_round(void);
void ia32_print_made(void);

#endif /* ENTRY_CALLS_H */
