// SPDX-License-Identifier: GPL-2.0
/*
 * How the guard and the gate get into the kernel's functions: ftrace's direct
 * calls. Nothing is patched by hand; the kernel keeps the books on who hooks
 * what and refuses a second one (a live patch, a tracer's program) on the same
 * function.
 *
 * A trampoline may be on some task's stack after its hooks are out. It never
 * sleeps while it is, so waiting for each task to have slept or left the kernel
 * (RCU tasks) is enough.
 */
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <asm/ibt.h>
#include <asm/text-patching.h>

#include "ama_core.h"
#include "compat_ama.h"

static unsigned long lookup_name;

/**
 * ama_symbols_init - find out where the kernel looks up its symbols
 *
 * No such function is exported; a probe that is never enabled tells.
 *
 * Return: 0 or an error of the probe's registration.
 */
int ama_symbols_init(void)
{
	struct kprobe probe = {
		.symbol_name = "kallsyms_lookup_name",
		.flags = KPROBE_FLAG_DISABLED,
	};
	int err = register_kprobe(&probe);

	if (err) {
		pr_err(AMA_LOG "cannot find the kernel's symbols (%d); the kernel needs CONFIG_KPROBES and CONFIG_KALLSYMS\n",
		       err);
		return err;
	}
	lookup_name = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

/**
 * ama_symbol - the address of a kernel function
 * @name: of the function
 *
 * Return: the address, 0 if there is no such function.
 */
unsigned long ama_symbol(const char *name)
{
	return ama_hook_call((unsigned long)name, 0, 0, 0, 0, lookup_name);
}

/* A function may begin with a landing mark for indirect calls, or its remains. */
static unsigned int landing_mark(unsigned long address)
{
#ifdef CONFIG_X86_KERNEL_IBT
	if (is_endbr(*(u32 *)address))
		return ENDBR_INSN_SIZE;
#endif
	return 0;
}

/**
 * ama_hook_resolve - find a hook's function
 * @hook: of which @symbol is set
 *
 * Return: 0; -ENOENT if there is no such function and the hook is not optional.
 */
int ama_hook_resolve(struct ama_hook *hook)
{
	hook->address = ama_symbol(hook->symbol);
	if (!hook->address) {
		if (hook->optional)
			return 0;
		pr_err(AMA_LOG "this kernel has no function %s(), which the guard needs\n",
		       hook->symbol);
		return -ENOENT;
	}
	hook->body = hook->address + landing_mark(hook->address) +
		     MCOUNT_INSN_SIZE;
	return 0;
}

static void say_why_not(const struct ama_hook_group *group, int err)
{
	const char *why = "ftrace refused";

	if (err == -EBUSY)
		why = "kernel.ftrace_enabled is 0, or a live patch, a BPF program or a tracer is on it";
	else if (err == -ENODEV || err == -EINVAL)
		why = "the kernel cannot trace it";
	pr_err(AMA_LOG "cannot hook %s()%s: %s (%d)\n", group->hooks[0].symbol,
	       group->nr > 1 ? " and the functions like it" : "", why, err);
}

static int select_functions(struct ama_hook_group *group)
{
	unsigned int i, selected = 0;
	int err;

	for (i = 0; i < group->nr; i++) {
		if (!group->hooks[i].address)
			continue;
		err = ftrace_set_filter_ip(&group->ops, group->hooks[i].address, 0, 0);
		if (err) {
			pr_err(AMA_LOG "cannot trace %s() (%d)\n",
			       group->hooks[i].symbol, err);
			return err;
		}
		selected++;
	}
	return selected ? 0 : -ENOENT;
}

/* With tracing switched off ftrace accepts hooks and leaves them out. */
static bool took_effect(const struct ama_hook_group *group)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++)
		if (group->hooks[i].address &&
		    *(u8 *)(group->hooks[i].body - MCOUNT_INSN_SIZE) != CALL_INSN_OPCODE)
			return false;
	return true;
}

/**
 * ama_hook_group_arm - put hooks in
 * @group: resolved; not armed
 *
 * From here on the hooks cannot be switched off behind our back by
 * kernel.ftrace_enabled.
 *
 * Context: may sleep.
 * Return: 0 (also if the kernel has none of the functions) or a negative error,
 * which was logged.
 */
int ama_hook_group_arm(struct ama_hook_group *group)
{
	int err;

	memset(&group->ops, 0, sizeof(group->ops));
	err = select_functions(group);
	if (err == -ENOENT)
		return 0;
	if (!err)
		err = compat_register_direct(&group->ops, group->trampoline);
	if (!err && !took_effect(group)) {
		compat_unregister_direct(&group->ops, group->trampoline);
		err = -EBUSY;
	}
	if (err) {
		say_why_not(group, err);
		ftrace_free_filter(&group->ops);
		return err;
	}
	group->ops.flags |= FTRACE_OPS_FL_PERMANENT;
	group->armed = true;
	return 0;
}

/**
 * ama_hook_group_disarm - take hooks out
 * @group: may be unarmed
 *
 * Tasks may still be in the trampoline when this returns; before the code goes
 * away synchronize_rcu_tasks() must have been called.
 */
void ama_hook_group_disarm(struct ama_hook_group *group)
{
	if (!group->armed)
		return;
	compat_unregister_direct(&group->ops, group->trampoline);
	ftrace_free_filter(&group->ops);
	group->armed = false;
}
