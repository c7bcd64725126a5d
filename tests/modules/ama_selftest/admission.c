// SPDX-License-Identifier: GPL-2.0
/*
 * Who is admitted, who waits, who is turned away.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "selftest.h"

static const struct ama_call no_call;

static const struct ama_admission fail_at_once = { .policy = AMA_FAIL };
static const struct ama_admission wait_a_little = {
	.policy = AMA_WAIT, .timeout_ms = 50,
};

static int open_half(struct ama_scope *scope, const struct ama_admission *admission)
{
	return ama_scope_open(scope, &selftest_client, OP_HALF, &no_call, admission);
}

static void beyond_reach(void)
{
	const struct ama_call beyond = { .arg = &beyond };
	struct ama_scope scope;
	int err = ama_scope_open(&scope, &selftest_client, OP_HUGE, &beyond, NULL);

	selftest_report(err == -ENOMEM, "a demand that can never be met fails at once");
	if (!err)
		ama_scope_close(&scope);
}

static void nesting(void)
{
	struct ama_scope outer, inner;
	unsigned int granted;

	if (ama_scope_open(&outer, &selftest_client, OP_SMALL, &no_call, NULL)) {
		selftest_report(false, "a scope opens");
		return;
	}
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_SMALL, &no_call,
					&fail_at_once),
			"a scope opens inside a scope");
	granted = ama_scope_left();
	selftest_report(granted == 16, "the inner scope draws on the outer one's grant");
	ama_scope_close(&inner);
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_HALF, &no_call,
					&fail_at_once) &&
			ama_scope_left() == selftest_half,
			"the grant grows to what the inner scope can need");
	ama_scope_close(&inner);
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_PROGRESS, &no_call,
					&fail_at_once) &&
			ama_scope_left() == 16,
			"progress inside a scope has a grant of its own");
	ama_scope_close(&inner);
	selftest_report(ama_scope_left() == selftest_half,
			"closing it brings the outer grant back");
	ama_scope_close(&outer);
	selftest_report(ama_scope_left() == UINT_MAX, "outside of scopes nothing is counted");
}

/* --- tasks that hold parts of the reserve --- */

struct holder {
	struct task_struct *task;
	struct completion admitted;
	struct completion release;
	int err;
};

static int hold(void *data)
{
	struct holder *holder = data;
	struct ama_scope scope;

	holder->err = open_half(&scope, &fail_at_once);
	complete(&holder->admitted);
	wait_for_completion(&holder->release);
	if (!holder->err)
		ama_scope_close(&scope);
	return 0;
}

static struct holder *start_holder(void)
{
	struct holder *holder = kzalloc(sizeof(*holder), GFP_KERNEL);

	if (!holder)
		return NULL;
	init_completion(&holder->admitted);
	init_completion(&holder->release);
	holder->task = kthread_run(hold, holder, "ama_holder");
	if (IS_ERR(holder->task)) {
		kfree(holder);
		return NULL;
	}
	/* It may be gone before it is told to stop. */
	get_task_struct(holder->task);
	wait_for_completion(&holder->admitted);
	return holder;
}

static void stop_holder(struct holder *holder)
{
	complete(&holder->release);
	kthread_stop(holder->task);
	put_task_struct(holder->task);
	kfree(holder);
}

#define MOST_HOLDERS 64
static struct holder *holders[MOST_HOLDERS];

/* Have the reserve held by as many as it takes; the last one was refused. */
static unsigned int exhaust(void)
{
	unsigned int nr = 0;

	while (nr < MOST_HOLDERS) {
		holders[nr] = start_holder();
		if (!holders[nr])
			break;
		if (holders[nr]->err) {
			stop_holder(holders[nr]);
			break;
		}
		nr++;
	}
	return nr;
}

static void release(unsigned int nr)
{
	while (nr)
		stop_holder(holders[--nr]);
}

static void exhaustion(void)
{
	unsigned int nr = exhaust();
	unsigned long start;
	struct ama_scope scope;

	selftest_report(nr >= 2 && nr < MOST_HOLDERS, "the reserve can be held in full");
	selftest_report(open_half(&scope, &fail_at_once) == -ENOMEM,
			"with policy fail a request is refused at once");
	start = jiffies;
	selftest_report(open_half(&scope, &wait_a_little) == -ENOMEM &&
			time_after_eq(jiffies, start + msecs_to_jiffies(40)),
			"with a time limit a request waits, then is refused");
	selftest_report(!ama_scope_open(&scope, &selftest_client, OP_PROGRESS, &no_call, NULL),
			"progress is admitted while the ordinary reserve is held in full");
	ama_scope_close(&scope);
	release(nr);
	selftest_report(!open_half(&scope, &fail_at_once),
			"what was released can be granted again");
	ama_scope_close(&scope);
}

/* --- first come, first served --- */

#define NR_QUEUED 64
static atomic_t turn;

struct queued {
	struct task_struct *task;
	struct ama_call all;	/* asks for so much that only one can have it */
	int place;		/* in which it came */
	int served;		/* in which it was admitted */
};

static struct queued queue[NR_QUEUED];

static int queue_up(void *data)
{
	struct queued *me = data;
	struct ama_scope scope;

	if (ama_scope_open(&scope, &selftest_client, OP_BYTES, &me->all, NULL))
		return 0;
	me->served = atomic_inc_return(&turn);
	ama_scope_close(&scope);
	return 0;
}

/* A task is in the queue when it sleeps there; one being woken is not yet. */
static void wait_until_queued(struct queued *who)
{
	while (!READ_ONCE(who->served) &&
	       !(READ_ONCE(who->task->__state) & TASK_UNINTERRUPTIBLE))
		usleep_range(200, 400);
}

static void in_order(void)
{
	unsigned int i, nr = exhaust(), started, late = 0;

	atomic_set(&turn, 0);
	for (started = 0; started < NR_QUEUED; started++) {
		struct queued *who = &queue[started];

		*who = (struct queued){
			.place = started + 1,
			.all.bytes = nr * selftest_half * PAGE_SIZE,
		};
		who->task = kthread_run(queue_up, who, "ama_queued");
		if (IS_ERR(who->task))
			break;
		get_task_struct(who->task);
		wait_until_queued(who);
	}
	release(nr);
	for (i = 0; i < started; i++) {
		kthread_stop(queue[i].task);
		put_task_struct(queue[i].task);
		late += queue[i].served != queue[i].place;
	}
	selftest_report(started == NR_QUEUED && atomic_read(&turn) == NR_QUEUED,
			"64 tasks compete for a reserve that fits one: all are served");
	selftest_report(!late, "they are served in the order in which they came");
}

static void pieces(void)
{
	const struct ama_call piece = { .bytes = 8 * PAGE_SIZE };
	const struct ama_call large = { .bytes = (8 + selftest_half) * PAGE_SIZE };
	struct ama_scope scope;
	unsigned int nr;

	if (ama_scope_open(&scope, &selftest_client, OP_BYTES, &piece, NULL))
		return;
	selftest_report(ama_scope_extend(OP_BYTES, &piece) && ama_scope_left() == 8,
			"a grant that was not used covers the next piece");
	nr = exhaust();
	selftest_report(!ama_scope_extend(OP_BYTES, &large),
			"an extension that the reserve cannot cover is refused");
	release(nr);
	selftest_report(!ama_scope_renew(&scope, &piece, NULL) && ama_scope_left() == 8,
			"a scope can be renewed between pieces");
	ama_scope_close(&scope);
}

/* --- a file system that is entered without having passed the gate --- */

static struct file_system_type fake_fs = { .name = "ama_selftest" };
static const u8 fake_gate_ops[AMA_GATES];

static const struct ama_admission *wait_for_it(const struct super_block *sb)
{
	static const struct ama_admission wait = { .policy = AMA_WAIT };

	return &wait;
}

static void entered_with_locks(void)
{
	struct ama_client fs = selftest_client;
	struct ama_scope scope;
	unsigned int nr;

	fs.name = "selftest_fs";
	fs.fs_type = &fake_fs;
	fs.gate_op = fake_gate_ops;
	fs.admission = wait_for_it;
	if (ama_client_register(&fs)) {
		selftest_report(false, "a client with a file system registers");
		return;
	}
	if (!ama_client_activate(&fs)) {
		nr = exhaust();
		selftest_report(!ama_scope_open(&scope, &fs, OP_SMALL, &no_call, NULL),
				"an entry that may hold locks does not wait for those who want them");
		ama_scope_close(&scope);
		selftest_report(ama_scope_open(&scope, &fs, OP_SMALL, &no_call,
					       &fail_at_once) == -ENOMEM,
				"with policy fail it is refused");
		release(nr);
		ama_client_deactivate(&fs);
	}
	ama_client_unregister(&fs);
}

void selftest_admission(void)
{
	beyond_reach();
	nesting();
	exhaustion();
	pieces();
	in_order();
	entered_with_locks();
}
