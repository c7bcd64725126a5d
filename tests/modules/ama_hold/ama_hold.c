// SPDX-License-Identifier: GPL-2.0
/*
 * Holds the reserve: while this module is loaded, threads of it have all of the
 * ordinary reserve's credit granted but for `leave` pages.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

#include <surety/ama.h>

#define LARGEST		4096	/* pages that one thread asks for at first */
#define MOST_HOLDERS	256

static unsigned int leave = 16;
module_param(leave, uint, 0444);
MODULE_PARM_DESC(leave, "pages that are not held (default 16)");

static struct ama_demand as_many(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { call->bytes } };
}

static const struct ama_op ops[] = {
	{ "held", 0, as_many, "as the call says" },
};

static struct ama_client client = {
	.name = "hold",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = ARRAY_SIZE(ops),
};

/**
 * struct holder - a thread with a scope
 * @task:  the thread, with a reference
 * @pages: what it asks for
 * @asked: completed when it has its answer
 * @err:   the answer
 */
struct holder {
	struct task_struct *task;
	unsigned int pages;
	struct completion asked;
	int err;
};

static struct holder holders[MOST_HOLDERS];
static unsigned int nr_holders;

static int hold(void *data)
{
	static const struct ama_admission at_once = { .policy = AMA_FAIL };
	struct holder *holder = data;
	struct ama_call call = { .bytes = holder->pages };
	struct ama_scope scope;

	holder->err = ama_scope_open(&scope, &client, 0, &call, &at_once);
	complete(&holder->asked);
	while (!kthread_should_stop())
		schedule_timeout_idle(HZ / 10);
	if (!holder->err)
		ama_scope_close(&scope);
	return 0;
}

static void let_go(struct holder *holder)
{
	if (!holder->task)
		return;
	kthread_stop(holder->task);
	put_task_struct(holder->task);
	holder->task = NULL;
}

/* Whether one more thread holds that many pages. */
static bool hold_more(unsigned int pages)
{
	struct holder *holder = &holders[nr_holders];

	holder->pages = pages;
	init_completion(&holder->asked);
	holder->task = kthread_create(hold, holder, "ama_hold");
	if (IS_ERR(holder->task)) {
		holder->task = NULL;
		return false;
	}
	get_task_struct(holder->task);
	wake_up_process(holder->task);
	wait_for_completion(&holder->asked);
	if (holder->err) {
		let_go(holder);
		return false;
	}
	nr_holders++;
	return true;
}

static void hold_all_but(unsigned int pages)
{
	unsigned int size = LARGEST;
	bool kept = hold_more(pages);

	while (size && nr_holders < MOST_HOLDERS)
		if (!hold_more(size))
			size /= 2;
	if (kept)
		let_go(&holders[0]);
}

static int __init hold_init(void)
{
	int err = ama_client_register(&client);

	if (err)
		return err;
	err = ama_client_activate(&client);
	if (err) {
		ama_client_unregister(&client);
		return err;
	}
	hold_all_but(leave);
	return 0;
}

static void __exit hold_exit(void)
{
	while (nr_holders)
		let_go(&holders[--nr_holders]);
	ama_client_deactivate(&client);
	ama_client_unregister(&client);
}

module_init(hold_init);
module_exit(hold_exit);

MODULE_DESCRIPTION("Holds the reserve of ama_core");
MODULE_LICENSE("GPL");
