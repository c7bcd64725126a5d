// SPDX-License-Identifier: GPL-2.0
/*
 * Which tasks the task filter lets through: all in a marked process group.
 *
 * The kernel's /proc/PID/make-it-fail needs a member in task_struct, which a
 * stock kernel lacks.  A process group does as well: children inherit it, and
 * a shell or setpgid() makes one.
 *
 * The table holds a reference on each marked group's struct pid, so that its
 * address cannot come to mean another group.  Probes only compare addresses.
 */
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "fault.h"

static struct pid *groups[FAULT_GROUPS];
static DEFINE_MUTEX(groups_lock);	/* protects writing to groups[] */

/* Has every member of the group gone? */
static bool group_empty(struct pid *group)
{
	bool empty;

	rcu_read_lock();
	empty = !pid_task(group, PIDTYPE_PGID);
	rcu_read_unlock();
	return empty;
}

static void group_drop(unsigned int i)
{
	struct pid *group = groups[i];

	WRITE_ONCE(groups[i], NULL);
	put_pid(group);
}

/**
 * fault_group_mark() - let the caller's process group through the task filter
 *
 * Groups of which no task is left are forgotten on this occasion.
 *
 * Context: may sleep.
 * Return: 0, or -ENOSPC when too many groups are marked.
 */
int fault_group_mark(void)
{
	struct pid *group = get_task_pid(current, PIDTYPE_PGID);
	int i, free = -1;

	mutex_lock(&groups_lock);
	for (i = 0; i < FAULT_GROUPS; i++) {
		if (groups[i] == group)
			break;
		if (groups[i] && group_empty(groups[i]))
			group_drop(i);
		if (!groups[i] && free < 0)
			free = i;
	}
	if (i < FAULT_GROUPS)
		put_pid(group);
	else if (free >= 0)
		WRITE_ONCE(groups[free], group);
	mutex_unlock(&groups_lock);

	if (i < FAULT_GROUPS || free >= 0)
		return 0;
	put_pid(group);
	return -ENOSPC;
}

/**
 * fault_group_unmark() - the caller's process group is spared again
 *
 * Context: may sleep.
 */
void fault_group_unmark(void)
{
	struct pid *group = task_pgrp(current);
	unsigned int i;

	mutex_lock(&groups_lock);
	for (i = 0; i < FAULT_GROUPS; i++)
		if (groups[i] && groups[i] == group)
			group_drop(i);
	mutex_unlock(&groups_lock);
}

/**
 * fault_group_marked() - is the current task's process group marked?
 *
 * Context: any; takes no lock. A task that has already let go of its signal
 * structure belongs to no group.
 */
bool fault_group_marked(void)
{
	const struct signal_struct *signal = READ_ONCE(current->signal);
	const struct pid *group;
	unsigned int i;

	if (!signal)
		return false;
	group = READ_ONCE(signal->pids[PIDTYPE_PGID]);
	if (!group)
		return false;
	for (i = 0; i < FAULT_GROUPS; i++)
		if (READ_ONCE(groups[i]) == group)
			return true;
	return false;
}

/** fault_group_exit() - forget all groups; no probe runs any more */
void fault_group_exit(void)
{
	unsigned int i;

	for (i = 0; i < FAULT_GROUPS; i++)
		if (groups[i])
			group_drop(i);
}
