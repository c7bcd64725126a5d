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
	OP_PERCPU,	/* a chunk of per-CPU memory */
	OP_PROGRESS,
	OP_FIXED,	/* a few pages, as length, names and volume of the call say */
	NR_OPS
};

extern struct ama_client selftest_client;
extern unsigned int selftest_half;

/* One line a fact, in the form that the test harness reads. */
void selftest_report(bool good, const char *what);

/* --- tasks that hold parts of the reserve (hold.c) --- */

#define SELFTEST_HOLDERS	64	/* more than any reserve here is held by */

struct selftest_holder;

extern const struct ama_admission selftest_at_once;

struct selftest_holder *selftest_hold(struct ama_client *client,
				      const struct ama_admission *admission);
void selftest_let_go(struct selftest_holder *holder);
unsigned int selftest_exhaust(void);
void selftest_release_one(void);
void selftest_release(void);

struct ama_client *selftest_fs_begin(void);
void selftest_fs_end(struct ama_client *fs);

/* --- the tests --- */

int selftest_allocations_init(void);
void selftest_allocations_exit(void);
void selftest_allocations(void);
void selftest_percpu(void);
void selftest_admission(void);
void selftest_refusals(void);
void selftest_order(void);
void selftest_crowd(void);
void selftest_on_demand(void);

#endif /* _AMA_SELFTEST_H */
