// SPDX-License-Identifier: GPL-2.0
/*
 * Does on purpose what the runner of the tests must notice: a warning, a bug, a
 * hang, a task that waits for ever, and the mistakes that only a debug kernel's
 * checkers see. Loading does it; what is chosen by the parameter `what`.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *what = "none";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "none, warn, bug, hang, hung-task, leak, use-after-free, lock-order");

static void warn(void)
{
	WARN(1, "surety_trouble was asked for it\n");
}

static void bug(void)
{
	BUG();
}

static void hang(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* Longer than three periods of a hung-task detector that is set to 5 s. */
static void hung_task(void)
{
	schedule_timeout_uninterruptible(16 * HZ);
}

static void leak(void)
{
	int i;

	/* Several, since one address may linger in a register or on the stack. */
	for (i = 0; i < 16; i++) {
		void *lost = kmalloc(128, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

static void use_after_free(void)
{
	char *gone = kmalloc(64, GFP_KERNEL);

	if (!gone)
		return;
	kfree(gone);
	OPTIMIZER_HIDE_VAR(gone);
	WRITE_ONCE(gone[3], 1);
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static const struct {
	const char *name;
	void (*make)(void);
} troubles[] = {
	{ "warn", warn },
	{ "bug", bug },
	{ "hang", hang },
	{ "hung-task", hung_task },
	{ "leak", leak },
	{ "use-after-free", use_after_free },
	{ "lock-order", lock_order },
};

static int __init trouble_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(troubles); i++)
		if (!strcmp(what, troubles[i].name))
			troubles[i].make();
	return 0;
}

static void __exit trouble_exit(void)
{
}

module_init(trouble_init);
module_exit(trouble_exit);
MODULE_DESCRIPTION("Faults on purpose, for the tests of the test runner");
MODULE_LICENSE("GPL");
