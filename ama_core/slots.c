// SPDX-License-Identifier: GPL-2.0
/*
 * Which task has which scope.
 *
 * A task in a scope has one slot of an open-addressed table, near the place
 * that its address hashes to. Only the task itself takes, reads and releases
 * its slot, so looking a scope up takes no lock and writes nothing, and two
 * tasks share a cache line only by accident.
 */
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/log2.h>

#include "ama_core.h"

#define SLOT_BITS	ilog2(AMA_SLOTS)

struct ama_slot {
	struct task_struct *task;
	struct ama_scope *scope;
};

static struct ama_slot slots[AMA_SLOTS] ____cacheline_aligned;

static unsigned int first_slot(void)
{
	return hash_ptr(current, SLOT_BITS);
}

static unsigned int next_slot(unsigned int slot)
{
	return (slot + 1) & (AMA_SLOTS - 1);
}

/**
 * ama_slot_take - give the current task a slot and mark it as in a scope
 * @scope: its outermost scope
 *
 * Context: the task has no slot.
 * Return: the slot, or AMA_NO_SLOT if all are taken.
 */
unsigned int ama_slot_take(struct ama_scope *scope)
{
	unsigned int slot = first_slot();
	unsigned int tries;

	for (tries = 0; tries < AMA_SLOTS; tries++, slot = next_slot(slot)) {
		if (READ_ONCE(slots[slot].task))
			continue;
		if (cmpxchg(&slots[slot].task, NULL, current))
			continue;
		slots[slot].scope = scope;
		current->trace_recursion |= AMA_TASK_IN_SCOPE;
		return slot;
	}
	return AMA_NO_SLOT;
}

/**
 * ama_slot_release - the current task has left its outermost scope
 * @slot: what ama_slot_take() returned
 */
void ama_slot_release(unsigned int slot)
{
	current->trace_recursion &= ~(unsigned long)AMA_TASK_IN_SCOPE;
	slots[slot].scope = NULL;
	/* Pairs with the cmpxchg() in ama_slot_take(): empty before free. */
	smp_store_release(&slots[slot].task, NULL);
}

void ama_slot_set(unsigned int slot, struct ama_scope *scope)
{
	slots[slot].scope = scope;
}

/**
 * ama_slot_holds - is this the innermost scope of the slot's task?
 * @slot:  of the current task
 * @scope: that is thought to be
 */
bool ama_slot_holds(unsigned int slot, const struct ama_scope *scope)
{
	return slot < AMA_SLOTS && slots[slot].task == current &&
	       slots[slot].scope == scope;
}

/**
 * ama_current_scope - the innermost scope of the current task
 *
 * A free slot on the way does not end the search: it may have been taken when
 * the task looked for its own.
 *
 * Return: the scope, or NULL if the task is in none. A child that was forked
 * in a scope inherits the mark but no slot, and counts as in none.
 */
struct ama_scope *ama_current_scope(void)
{
	unsigned int slot, tries;

	if (!ama_task_in_scope())
		return NULL;
	slot = first_slot();
	for (tries = 0; tries < AMA_SLOTS; tries++, slot = next_slot(slot))
		if (READ_ONCE(slots[slot].task) == current)
			return slots[slot].scope;
	return NULL;
}

/**
 * ama_slots_taken - number of tasks in a scope now
 */
unsigned int ama_slots_taken(void)
{
	unsigned int slot, taken = 0;

	for (slot = 0; slot < AMA_SLOTS; slot++)
		taken += !!READ_ONCE(slots[slot].task);
	return taken;
}
