/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of gcma's in-kernel interface; see main.c. */
#ifndef _GCMA_TEST_H
#define _GCMA_TEST_H

#include <linux/types.h>

#include <surety/gcma.h>

/**
 * struct test_run - one run of a test
 * @area:  area to test in, held
 * @pages: its size
 * @ops:   how many allocations and releases on each CPU, for the model
 * @seed:  of the random numbers
 * @len:   bytes of the result so far, lines "ok - ..." and "not ok - ..."
 * @fails: number of the latter
 */
struct test_run {
	struct gcma_area *area;
	unsigned long pages;
	unsigned int ops;
	u32 seed;
	size_t len;
	unsigned int fails;
};

__printf(3, 4)
void test_judge(struct test_run *run, bool ok, const char *what, ...);

int test_model(struct test_run *run);
int test_refusals(struct test_run *run);
int test_alignment(struct test_run *run);
int test_worst(struct test_run *run);

#endif /* _GCMA_TEST_H */
