/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of ama_core from within the kernel, through its public interface only.
 */
#ifndef _AMA_SELFTEST_H
#define _AMA_SELFTEST_H

#include <linux/printk.h>
#include <surety/ama.h>

/* Operations of the test's client. */
enum {
	OP_SMALL,	/* a few pages of each order */
	OP_HALF,	/* half of the reserve's order-0 pages */
	OP_HUGE,	/* more than any reserve has */
	OP_BYTES,	/* as many pages as the call says bytes */
	OP_PROGRESS,
	NR_OPS
};

extern struct ama_client selftest_client;
extern unsigned int selftest_half;

/* One line a fact, in the form that the test harness reads. */
void selftest_report(bool good, const char *what);

int selftest_allocations_init(void);
void selftest_allocations_exit(void);
void selftest_allocations(void);
void selftest_admission(void);
void selftest_refusals(void);

#endif /* _AMA_SELFTEST_H */
