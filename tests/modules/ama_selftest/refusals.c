// SPDX-License-Identifier: GPL-2.0
/*
 * Clients that must not be accepted.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "selftest.h"

static struct ama_demand nothing(const struct ama_call *call)
{
	return (struct ama_demand){ };
}

static const struct ama_op one_op[] = { { .name = "one", .bound = nothing } };
static const struct ama_op no_bound[] = { { .name = "one" } };
static const struct ama_op no_name[] = { { .bound = nothing } };

static struct file_system_type some_fs;
static const u8 past_the_end[AMA_GATES] = { 1 };

static struct {
	const char *what;
	struct ama_client client;
	int err;
} cases[] = {
	{ "a client without a name is refused",
	  { .owner = THIS_MODULE, .ops = one_op, .nr_ops = 1 }, -EINVAL },
	{ "a client without an owner is refused",
	  { .name = "x", .ops = one_op, .nr_ops = 1 }, -EINVAL },
	{ "a client without operations is refused",
	  { .name = "x", .owner = THIS_MODULE }, -EINVAL },
	{ "an operation without a bound is refused",
	  { .name = "x", .owner = THIS_MODULE, .ops = no_bound, .nr_ops = 1 }, -EINVAL },
	{ "an operation without a name is refused",
	  { .name = "x", .owner = THIS_MODULE, .ops = no_name, .nr_ops = 1 }, -EINVAL },
	{ "a file system without operations for the gate is refused",
	  { .name = "x", .owner = THIS_MODULE, .ops = one_op, .nr_ops = 1,
	    .fs_type = &some_fs }, -EINVAL },
	{ "a gate operation past the end of the table is refused",
	  { .name = "x", .owner = THIS_MODULE, .ops = one_op, .nr_ops = 1,
	    .fs_type = &some_fs, .gate_op = past_the_end }, -EINVAL },
};

void selftest_refusals(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		err = ama_client_register(&cases[i].client);
		selftest_report(err == cases[i].err, cases[i].what);
		if (!err)
			ama_client_unregister(&cases[i].client);
	}

	err = ama_client_register(&selftest_client);
	selftest_report(!err, "a complete client is accepted");
	if (err)
		return;
	selftest_report(ama_client_register(&selftest_client) == -EEXIST,
			"a second client of that name is refused");
	ama_client_unregister(&selftest_client);
}
