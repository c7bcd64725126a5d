// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that hold parts of the reserve, and a file system that is entered without
 * having passed the gate.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "selftest.h"

const struct ama_admission selftest_at_once = { .policy = AMA_FAIL };

/**
 * struct selftest_holder - a task with a scope
 * @task:      the task, with a reference: it may be gone before it is told to stop
 * @client:    whose scope it is
 * @admission: how it asks
 * @asked:     completed when it has its answer
 * @release:   completed when it shall close its scope
 * @err:       the answer
 */
struct selftest_holder {
	struct task_struct *task;
	struct ama_client *client;
	const struct ama_admission *admission;
	struct completion asked;
	struct completion release;
	int err;
};

static int hold(void *data)
{
	static const struct ama_call no_call;
	struct selftest_holder *holder = data;
	struct ama_scope scope;

	holder->err = ama_scope_open(&scope, holder->client, OP_HALF, &no_call,
				     holder->admission);
	complete(&holder->asked);
	wait_for_completion(&holder->release);
	if (!holder->err)
		ama_scope_close(&scope);
	return 0;
}

/**
 * selftest_let_go - have a task close its scope
 * @holder: what selftest_hold() returned, may be NULL
 */
void selftest_let_go(struct selftest_holder *holder)
{
	if (!holder)
		return;
	complete(&holder->release);
	kthread_stop(holder->task);
	put_task_struct(holder->task);
	kfree(holder);
}

/**
 * selftest_hold - have another task hold selftest_half pages
 * @client:    whose scope it opens
 * @admission: how it asks
 *
 * Return: the holder, or NULL if it was refused.
 */
struct selftest_holder *selftest_hold(struct ama_client *client,
				      const struct ama_admission *admission)
{
	struct selftest_holder *holder = kzalloc(sizeof(*holder), GFP_KERNEL);

	if (!holder)
		return NULL;
	holder->client = client;
	holder->admission = admission;
	init_completion(&holder->asked);
	init_completion(&holder->release);
	holder->task = kthread_create(hold, holder, "ama_holder");
	if (IS_ERR(holder->task)) {
		kfree(holder);
		return NULL;
	}
	get_task_struct(holder->task);
	wake_up_process(holder->task);
	wait_for_completion(&holder->asked);
	if (!holder->err)
		return holder;
	selftest_let_go(holder);
	return NULL;
}

static struct selftest_holder *holders[SELFTEST_HOLDERS];
static unsigned int nr_holders;

/**
 * selftest_exhaust - have the reserve held by as many as it takes
 *
 * Return: their number.
 */
unsigned int selftest_exhaust(void)
{
	while (nr_holders < SELFTEST_HOLDERS) {
		holders[nr_holders] = selftest_hold(&selftest_client, &selftest_at_once);
		if (!holders[nr_holders])
			break;
		nr_holders++;
	}
	return nr_holders;
}

/* Of those that selftest_exhaust() started. */
void selftest_release_one(void)
{
	selftest_let_go(holders[--nr_holders]);
}

void selftest_release(void)
{
	while (nr_holders)
		selftest_release_one();
}

/* --- a file system --- */

static struct file_system_type fake_fs = { .name = "ama_selftest" };
static const u8 fake_gate_ops[AMA_GATES];

static const struct ama_admission *wait_for_it(const struct super_block *sb)
{
	static const struct ama_admission wait = { .policy = AMA_WAIT };

	return &wait;
}

/**
 * selftest_fs_begin - have a client with a file system, with the same operations
 *
 * Return: the client, active; or NULL, which was reported.
 */
struct ama_client *selftest_fs_begin(void)
{
	static struct ama_client fs;

	fs = selftest_client;
	fs.name = "selftest_fs";
	fs.fs_type = &fake_fs;
	fs.gate_op = fake_gate_ops;
	fs.admission = wait_for_it;
	if (ama_client_register(&fs)) {
		selftest_report(false, "a client with a file system registers");
		return NULL;
	}
	if (!ama_client_activate(&fs))
		return &fs;
	selftest_report(false, "a client with a file system is activated");
	ama_client_unregister(&fs);
	return NULL;
}

void selftest_fs_end(struct ama_client *fs)
{
	ama_client_deactivate(fs);
	ama_client_unregister(fs);
}
