// SPDX-License-Identifier: GPL-2.0
/*
 * The probes: where they stand and how a function is made to fail.
 *
 * A probe replaces the first instruction behind the function's tracing site
 * (the call to fentry, perhaps preceded by an endbr).  At that point the stack
 * and the argument registers are still as the caller left them, so that
 * returning to the caller takes no more than the return address and a result.
 *
 * A post_handler, though it has nothing to do, keeps the kernel from turning
 * the probe into a jump, in which the instruction pointer cannot be changed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <compat_fault.h>

#include "fault.h"

#define FENTRY_SIZE	5	/* a call, or the no-op of that size */
#define ENDBR_SIZE	4

#define FAULT_ENTRIES	(ARRAY_SIZE(compat_fault_page) + \
			 ARRAY_SIZE(compat_fault_slab))

static struct fault_entry entries[FAULT_ENTRIES];

/* Is this an allocation of the entry's level at all?  Fill in the request. */
static bool read_request(const struct compat_fault_entry *what,
			 struct pt_regs *regs, struct fault_request *request)
{
	unsigned long size = regs_get_kernel_argument(regs, what->size_arg);

	*request = (struct fault_request) {
		.gfp = (__force gfp_t)regs_get_kernel_argument(regs,
							       what->gfp_arg),
		.regs = regs,
	};
	switch (what->size) {
	case COMPAT_FAULT_ORDER:
		request->order = size;
		request->size = 1U << min_t(unsigned long, size, 31);
		return true;
	case COMPAT_FAULT_CACHE:
		request->size = kmem_cache_size((struct kmem_cache *)size);
		return true;
	case COMPAT_FAULT_BYTES:
		/* Larger ones are pages, and nothing is no allocation. */
		request->size = size;
		return size && size <= KMALLOC_MAX_CACHE_SIZE;
	}
	return false;
}

static int entry_pre_handler(struct kprobe *probe, struct pt_regs *regs)
{
	struct fault_entry *entry = container_of(probe, struct fault_entry,
						 probe);
	struct fault_request request;

	if (!read_request(entry->what, regs, &request))
		return 0;
	atomic64_inc(&entry->calls);
	if (!fault_should_fail(entry->level, &request))
		return 0;

	regs_set_return_value(regs, entry->what->failure);
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(unsigned long);
	return 1;	/* do not run the instruction under the probe */
}
NOKPROBE_SYMBOL(entry_pre_handler);

static void entry_post_handler(struct kprobe *probe, struct pt_regs *regs,
			       unsigned long flags)
{
}
NOKPROBE_SYMBOL(entry_post_handler);

static bool is_fentry(const u8 *code)
{
	static const u8 nop[FENTRY_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	static const u8 call = 0xe8;

	return *code == call || !memcmp(code, nop, sizeof(nop));
}

/* The kernel exports no symbol lookup; a disabled probe finds the address. */
static u8 *function_address(const char *symbol)
{
	struct kprobe probe = {
		.symbol_name = symbol,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int err = register_kprobe(&probe);
	u8 *address = (u8 *)probe.addr;

	if (err)
		return ERR_PTR(err);
	unregister_kprobe(&probe);
	return address;
}

static int entry_arm(struct fault_entry *entry)
{
	u8 *code = function_address(entry->what->symbol);
	int err;

	if (IS_ERR(code)) {
		pr_err("%s: cannot be probed (%ld)\n", entry->what->symbol,
		       PTR_ERR(code));
		return PTR_ERR(code);
	}
	if (!is_fentry(code))
		code += ENDBR_SIZE;
	if (!is_fentry(code)) {
		pr_err("%s: no tracing site at its entry\n",
		       entry->what->symbol);
		return -ENXIO;
	}

	entry->probe = (struct kprobe) {
		.addr = (kprobe_opcode_t *)code + FENTRY_SIZE,
		.pre_handler = entry_pre_handler,
		.post_handler = entry_post_handler,
	};
	err = register_kprobe(&entry->probe);
	if (err)
		pr_err("%s: no probe behind its tracing site (%d)\n",
		       entry->what->symbol, err);
	return err;
}

/**
 * fault_entries_arm() - place all probes, or none
 *
 * Context: may sleep.
 * Return: 0, or the error of the first function that cannot be probed.
 */
int fault_entries_arm(void)
{
	unsigned int i, pages = ARRAY_SIZE(compat_fault_page);
	int err;

	for (i = 0; i < FAULT_ENTRIES; i++) {
		bool page = i < pages;

		entries[i].what = page ? &compat_fault_page[i] :
					 &compat_fault_slab[i - pages];
		entries[i].level = page ? &fault_page : &fault_slab;
		err = entry_arm(&entries[i]);
		if (err)
			goto disarm;
	}
	return 0;

disarm:
	while (i--)
		unregister_kprobe(&entries[i].probe);
	return err;
}

/**
 * fault_entries_disarm() - remove all probes
 *
 * Context: may sleep; no handler runs any more when it returns.
 */
void fault_entries_disarm(void)
{
	unsigned int i = FAULT_ENTRIES;

	while (i--)
		unregister_kprobe(&entries[i].probe);
}

void fault_entries_reset(const struct fault_level *level)
{
	unsigned int i;

	for (i = 0; i < FAULT_ENTRIES; i++)
		if (entries[i].level == level)
			atomic64_set(&entries[i].calls, 0);
}

/**
 * fault_entries_show() - one line a function: name, calls, calls missed
 * @m:     where to
 * @level: whose functions
 *
 * A call is missed when it happens inside another probe's handler.
 */
void fault_entries_show(struct seq_file *m, const struct fault_level *level)
{
	unsigned int i;

	for (i = 0; i < FAULT_ENTRIES; i++)
		if (entries[i].level == level)
			seq_printf(m, "%s %lld %lu\n", entries[i].what->symbol,
				   atomic64_read(&entries[i].calls),
				   entries[i].probe.nmissed);
}
