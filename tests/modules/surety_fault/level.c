// SPDX-License-Identifier: GPL-2.0
/*
 * The decision: does this allocation fail?
 *
 * First the filters that make an allocation eligible (flags, order, task), then
 * the schedule (space, interval, probability, times), in the order in which
 * the kernel's own fault injection applies them.  A task with fail-nth pending
 * is asked for before the task filter and the schedule, and nothing else makes
 * it fail meanwhile.
 *
 * The random sequence is a function of the seed and of how many numbers were
 * drawn, so that a run can be repeated and no generator state needs a lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/vmalloc.h>

#include "fault.h"

struct fault_level fault_page = { .name = "page" };
struct fault_level fault_slab = { .name = "slab" };

/**
 * fault_level_init() - give a level its defaults
 * @level: page or slab
 *
 * Nothing fails before a probability is set.  Unlike with the kernel's own
 * injection, no flags or orders are spared by default, since allocations that
 * may sleep are what a test is about, and no failure is logged.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int fault_level_init(struct fault_level *level)
{
	level->sites = vcalloc(FAULT_SITES, sizeof(*level->sites));
	if (!level->sites)
		return -ENOMEM;
	level->interval = 1;
	level->seed = get_random_u32();
	atomic_set(&level->times, 1);
	return 0;
}

void fault_level_free(struct fault_level *level)
{
	vfree(level->sites);
}

/**
 * fault_level_reset() - forget what was counted; the knobs stay
 * @level: page or slab; nothing should be armed
 */
void fault_level_reset(struct fault_level *level)
{
	atomic64_set(&level->calls, 0);
	atomic64_set(&level->eligible, 0);
	atomic64_set(&level->injected, 0);
	atomic64_set(&level->considered, 0);
	atomic64_set(&level->draws, 0);
	fault_entries_reset(level);
	fault_site_reset(level);
}

/* Number @n of the sequence that starts at @seed (splitmix64). */
static u32 sequence(u64 seed, u64 n)
{
	u64 z = seed + n * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) >> 32;
}

/*
 * A probe is entered through a trap that counts as NMI and as hard interrupt;
 * without those two, was it a task that asked?
 */
static bool asked_by_task(void)
{
	unsigned long count = preempt_count() - (NMI_OFFSET + HARDIRQ_OFFSET);

	return !(count & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET));
}

static bool flags_eligible(const struct fault_level *level,
			   const struct fault_request *request)
{
	if (request->gfp & __GFP_NOFAIL)
		return false;
	if (request->order < level->min_order)
		return false;
	if (level->ignore_gfp_wait && (request->gfp & __GFP_DIRECT_RECLAIM))
		return false;
	if (level->ignore_gfp_highmem && (request->gfp & __GFP_HIGHMEM))
		return false;
	return true;
}

/* ama_core's mark in the task: it is in a scope. */
#define TASK_IN_SCOPE	BIT(30)

static bool task_eligible(const struct fault_level *level)
{
	if (level->scope_filter &&
	    !(asked_by_task() && (current->trace_recursion & TASK_IN_SCOPE)))
		return false;
	return !level->task_filter || (asked_by_task() && fault_group_marked());
}

/* Of the eligible allocations: is it this one's turn? */
static bool scheduled(struct fault_level *level, unsigned int size)
{
	u32 interval = READ_ONCE(level->interval);
	u32 percent;

	if (!READ_ONCE(level->probability) || !atomic_read(&level->times))
		return false;
	if (atomic_read(&level->space) > (int)size) {
		atomic_sub(size, &level->space);
		return false;
	}
	if (interval > 1) {
		u64 n = atomic64_inc_return(&level->considered);

		if (n % interval)
			return false;
	}
	percent = mul_u32_u32(sequence(level->seed,
				       atomic64_inc_return(&level->draws)),
			      100) >> 32;
	if (percent >= READ_ONCE(level->probability))
		return false;

	/* Of several tasks that take the last time, one gets it. */
	return atomic_read(&level->times) < 0 ||
	       atomic_dec_if_positive(&level->times) >= 0;
}

static void tell(const struct fault_level *level,
		 const struct fault_request *request)
{
	if (level->verbose)
		pr_info("failing %s allocation, size=%u gfp=%#x task=%s/%d caller=%pS\n",
			level->name, request->size,
			(__force unsigned int)request->gfp, current->comm,
			current->pid, *(void **)request->regs->sp);
	if (level->verbose > 1) {
		unsigned long stack[24];

		stack_trace_print(stack, stack_trace_save(stack,
							  ARRAY_SIZE(stack), 0),
				  2);
	}
}

/**
 * fault_should_fail() - decide about an allocation and count it
 * @level:   its kind
 * @request: what is asked for
 *
 * Context: trap context, interrupts off, must not take locks.
 * Return: whether the allocation is to fail.
 */
bool fault_should_fail(struct fault_level *level,
		       const struct fault_request *request)
{
	enum fault_nth_answer nth;

	atomic64_inc(&level->calls);
	if (!flags_eligible(level, request))
		return false;

	nth = asked_by_task() ? fault_nth_ask(level) : FAULT_NTH_NONE;
	if (nth == FAULT_NTH_NONE && !task_eligible(level))
		return false;
	atomic64_inc(&level->eligible);
	if (nth == FAULT_NTH_SPARE)
		return false;
	if (nth == FAULT_NTH_NONE && !scheduled(level, request->size))
		return false;

	atomic64_inc(&level->injected);
	fault_site_record(level, request->regs);
	tell(level, request);
	return true;
}
