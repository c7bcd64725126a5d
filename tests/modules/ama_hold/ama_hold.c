// SPDX-License-Identifier: GPL-2.0
/*
 * Holds the reserve: while this module is loaded, threads of it have all of the
 * ordinary reserve's credit granted but for `leave` pages. Writing the parameter
 * holds anew; -1 lets go of all.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

#include <surety/ama.h>

#define LARGEST		4096	/* pages that one thread asks for at first */
#define MOST_HOLDERS	256

#define NOTHING_HELD	(-1)

static int leave = 16;
static bool loaded;	/* before that there is nothing to hold */

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

static void let_all_go(void)
{
	while (nr_holders)
		let_go(&holders[--nr_holders]);
}

/* The parameters' lock is held. */
static int leave_set(const char *text, const struct kernel_param *param)
{
	int err = param_set_int(text, param);

	if (err || !loaded)
		return err;
	let_all_go();
	if (leave != NOTHING_HELD)
		hold_all_but(leave);
	return 0;
}

static const struct kernel_param_ops leave_ops = {
	.set = leave_set,
	.get = param_get_int,
};
module_param_cb(leave, &leave_ops, &leave, 0644);
MODULE_PARM_DESC(leave, "pages that are not held (default 16); -1: nothing is");

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
	kernel_param_lock(THIS_MODULE);
	if (leave != NOTHING_HELD)
		hold_all_but(leave);
	loaded = true;
	kernel_param_unlock(THIS_MODULE);
	return 0;
}

static void __exit hold_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	loaded = false;
	let_all_go();
	kernel_param_unlock(THIS_MODULE);
	ama_client_deactivate(&client);
	ama_client_unregister(&client);
}

module_init(hold_init);
module_exit(hold_exit);

MODULE_DESCRIPTION("Holds the reserve of ama_core");
MODULE_LICENSE("GPL");
