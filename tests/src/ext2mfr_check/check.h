/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A checker of what a file system does through system calls. It prints test
 * lines; a thing that is not as expected ends its test with a remark.
 */
#ifndef EXT2MFR_CHECK_H
#define EXT2MFR_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Ends the test (a function that returns 0 or -1) unless @cond holds. */
#define EXPECT(cond) do {						\
	if (!(cond)) {							\
		printf("# %s:%d: %s (errno %s)\n", __FILE__, __LINE__,	\
		       #cond, strerror(errno));				\
		return -1;						\
	}								\
} while (0)

/* The call fails with just this error. */
#define EXPECT_ERR(call, err) do {					\
	errno = 0;							\
	EXPECT((call) == -1 && errno == (err));				\
} while (0)

struct test {
	const char *name;
	int (*run)(void);
};

extern const struct test name_tests[];
extern const struct test data_tests[];
extern const struct test limit_tests[];
int make_longest(void);
int longest_is_whole(void);
int random_data(unsigned long rounds, unsigned int seed);
int random_names(unsigned long rounds, unsigned int seed);

#endif /* EXT2MFR_CHECK_H */
