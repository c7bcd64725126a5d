// SPDX-License-Identifier: GPL-2.0
/*
 * All processors at once open and close scopes, and take pages of the reserve.
 *
 * Writing "scope", "page" or "drain" to the parameter `run` has each processor do that
 * `loops` times, at the same time as the others, and returns when all have: open
 * and close a scope; also take a page in it, with pauses in which the worker
 * that puts pages back can run; the same without, so that the reserve is used up and
 * requests wait. What is of interest are the reserve's own counts before and after.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include <surety/ama.h>

#define PAGES	64	/* what a scope asks for */
#define BURST	32	/* pages between two pauses */

static unsigned int loops = 20000;
module_param(loops, uint, 0644);
MODULE_PARM_DESC(loops, "how often each processor does it (default 20000)");

static struct ama_demand some_pages(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { PAGES } };
}

static const struct ama_op ops[] = {
	{ "measured", 0, some_pages, "more than is taken" },
};

static struct ama_client client = {
	.name = "scaling",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = ARRAY_SIZE(ops),
};

/**
 * struct crew - the tasks of one run
 * @take_page: a page for each scope, else none
 * @pause:     now and then
 * @go:        all have been made
 * @done:      completed by each task
 */
struct crew {
	bool take_page;
	bool pause;
	struct completion go;
	struct completion done;
};

/* No node is allowed: the reserve has to give it. */
static void take_page(void)
{
	static nodemask_t nowhere;
	struct page *page = __alloc_pages(GFP_NOWAIT, 0, numa_mem_id(), &nowhere);

	if (page)
		__free_page(page);
}

static int work(void *data)
{
	static const struct ama_call no_call;
	struct crew *crew = data;
	unsigned int i;

	wait_for_completion(&crew->go);
	for (i = 0; i < loops; i++) {
		struct ama_scope scope;

		if (ama_scope_open(&scope, &client, 0, &no_call, NULL))
			break;
		if (crew->take_page)
			take_page();
		ama_scope_close(&scope);
		cond_resched();
		if (crew->pause && !(i % BURST))
			usleep_range(4000, 8000);
	}
	/* Out of this module by the time that it can be unloaded. */
	kthread_complete_and_exit(&crew->done, 0);
}

static int run_crew(struct crew *crew)
{
	int cpu, i, made = 0;

	init_completion(&crew->go);
	init_completion(&crew->done);
	for_each_online_cpu(cpu) {
		struct task_struct *task;

		task = kthread_create_on_cpu(work, crew, cpu, "scaling/%u");
		if (IS_ERR(task))
			break;
		wake_up_process(task);
		made++;
	}
	complete_all(&crew->go);
	for (i = 0; i < made; i++)
		wait_for_completion(&crew->done);
	return made == num_online_cpus() ? 0 : -ENOMEM;
}

static bool ready;

static int set_run(const char *text, const struct kernel_param *param)
{
	struct crew *crew;
	int err;

	if (!ready || (!sysfs_streq(text, "scope") && !sysfs_streq(text, "page") &&
		       !sysfs_streq(text, "drain")))
		return -EINVAL;
	crew = kzalloc(sizeof(*crew), GFP_KERNEL);
	if (!crew)
		return -ENOMEM;
	crew->take_page = !sysfs_streq(text, "scope");
	crew->pause = sysfs_streq(text, "page");
	err = run_crew(crew);
	kfree(crew);
	return err;
}

static const struct kernel_param_ops run_ops = { .set = set_run };
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "write scope, page or drain");

static int __init scaling_init(void)
{
	int err = ama_client_register(&client);

	if (err)
		return err;
	err = ama_client_activate(&client);
	if (err) {
		ama_client_unregister(&client);
		return err;
	}
	ready = true;
	return 0;
}

static void __exit scaling_exit(void)
{
	ama_client_deactivate(&client);
	ama_client_unregister(&client);
}

module_init(scaling_init);
module_exit(scaling_exit);

MODULE_DESCRIPTION("Scopes and reserve pages on all processors at once");
MODULE_LICENSE("GPL");
