// SPDX-License-Identifier: GPL-2.0
/* Refuses to be loaded, for the test of what the runner does then. */
#include <linux/errno.h>
#include <linux/module.h>

static int __init refuse_init(void)
{
	return -EUCLEAN;
}

module_init(refuse_init);
MODULE_DESCRIPTION("Refuses to be loaded, for the tests of the test runner");
MODULE_LICENSE("GPL");
