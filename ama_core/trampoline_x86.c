// SPDX-License-Identifier: GPL-2.0
/*
 * Trampolines that ftrace's direct calls enter, on x86-64.
 *
 * A hooked function begins with a call to its trampoline. Unless the task is in
 * a scope the trampoline returns at once: that is four instructions, and they
 * touch one word of the task. Otherwise it drops the return into the function
 * and jumps to the guard with the function's own arguments and one more that
 * tells where the function goes on; the guard then stands in its place, and
 * returns to its caller.
 *
 * The stack is not laid out as objtool expects of a function, and does not need
 * to be: none of this calls anything while it is so.
 */
#include <linux/objtool.h>
#include <linux/stringify.h>
#include <asm/ibt.h>
#include <asm/linkage.h>
#include <asm/nospec-branch.h>

#include "ama_core.h"
#include "compat_ama.h"

#ifndef ASM_ENDBR
#define ASM_ENDBR ""
#endif

#define BEGIN(name)					\
	".globl " name "\n"				\
	".type " name ", @function\n"			\
	".p2align 4\n"					\
	name ":\n"					\
	ASM_ENDBR

#define END(name)					\
	".size " name ", . - " name "\n"

/* r11 carries nothing at a function's entry. */
#define RETURN_IF_NOT_IN_SCOPE				\
	"	movq %%gs:" COMPAT_CURRENT_SYMBOL "+%c[task], %%r11\n"	\
	"	testl %[mark], %c[recursion](%%r11)\n"	\
	"	jnz 1f\n"				\
	ASM_RET						\
	"1:\n"

#define SLAB_TRAMPOLINE(nr)				\
	BEGIN("ama_trampoline_slab" nr)			\
	RETURN_IF_NOT_IN_SCOPE				\
	"	addq $8, %%rsp\n"			\
	"	movl $" nr ", %%r9d\n"			\
	"	jmp ama_guard_slab\n"			\
	END("ama_trampoline_slab" nr)

/*
 * The gate is asked with the registers of the system call and which function
 * it is, the way of asking being that in which the call names its file. It takes
 * over and is told the verdict, which came in two registers, or the call goes on.
 */
#define GATE_TRAMPOLINE(kind)				\
	BEGIN("ama_trampoline_gate_" kind)		\
	"	pushq %%rdi\n"				\
	"	movq 8(%%rsp), %%rsi\n"			\
	"	call ama_gate_wants_" kind "\n"		\
	"	popq %%rdi\n"				\
	"	testq %%rax, %%rax\n"			\
	"	jnz 1f\n"				\
	ASM_RET						\
	"1:	popq %%rsi\n"				\
	"	movq %%rdx, %%rcx\n"			\
	"	movq %%rax, %%rdx\n"			\
	"	jmp ama_gate_run\n"			\
	END("ama_trampoline_gate_" kind)

/* Never called: only a function can give an asm statement its operands. */
static void __used ama_trampolines(void)
{
	asm volatile(
		".pushsection .text.trampolines, \"ax\", @progbits\n"
		BEGIN("ama_trampoline_alloc_pages")
		RETURN_IF_NOT_IN_SCOPE
		"	popq %%r8\n"
		"	jmp ama_guard_alloc_pages\n"
		END("ama_trampoline_alloc_pages")
		BEGIN("ama_trampoline_charge")
		RETURN_IF_NOT_IN_SCOPE
		"	popq %%rcx\n"
		"	jmp ama_guard_charge\n"
		END("ama_trampoline_charge")
		SLAB_TRAMPOLINE("0") SLAB_TRAMPOLINE("1")
		SLAB_TRAMPOLINE("2") SLAB_TRAMPOLINE("3")
		SLAB_TRAMPOLINE("4") SLAB_TRAMPOLINE("5")
		SLAB_TRAMPOLINE("6") SLAB_TRAMPOLINE("7")
		SLAB_TRAMPOLINE("8") SLAB_TRAMPOLINE("9")
		SLAB_TRAMPOLINE("10") SLAB_TRAMPOLINE("11")
		GATE_TRAMPOLINE("fd") GATE_TRAMPOLINE("path")
		GATE_TRAMPOLINE("at") GATE_TRAMPOLINE("other")
		/*
		 * To the place in r9, which is in the middle of a function, where
		 * an indirect call may not land: push it and return to it.
		 */
		BEGIN("ama_hook_call")
		"	pushq %%r9\n"
		ASM_RET
		END("ama_hook_call")
		".popsection\n"
		: : [task] "i" (COMPAT_CURRENT_OFFSET),
		    [recursion] "i" (offsetof(struct task_struct, trace_recursion)),
		    [mark] "i" (AMA_TASK_IN_SCOPE));
}

STACK_FRAME_NON_STANDARD(ama_trampoline_alloc_pages);
STACK_FRAME_NON_STANDARD(ama_trampoline_charge);
STACK_FRAME_NON_STANDARD(ama_trampoline_gate_fd);
STACK_FRAME_NON_STANDARD(ama_trampoline_gate_path);
STACK_FRAME_NON_STANDARD(ama_trampoline_gate_at);
STACK_FRAME_NON_STANDARD(ama_trampoline_gate_other);
STACK_FRAME_NON_STANDARD(ama_hook_call);

#define DECLARE_SLAB_TRAMPOLINE(nr)			\
	void ama_trampoline_slab##nr(void);		\
	STACK_FRAME_NON_STANDARD(ama_trampoline_slab##nr)

DECLARE_SLAB_TRAMPOLINE(0);
DECLARE_SLAB_TRAMPOLINE(1);
DECLARE_SLAB_TRAMPOLINE(2);
DECLARE_SLAB_TRAMPOLINE(3);
DECLARE_SLAB_TRAMPOLINE(4);
DECLARE_SLAB_TRAMPOLINE(5);
DECLARE_SLAB_TRAMPOLINE(6);
DECLARE_SLAB_TRAMPOLINE(7);
DECLARE_SLAB_TRAMPOLINE(8);
DECLARE_SLAB_TRAMPOLINE(9);
DECLARE_SLAB_TRAMPOLINE(10);
DECLARE_SLAB_TRAMPOLINE(11);

void (* const ama_slab_trampolines[AMA_SLAB_HOOKS])(void) = {
	ama_trampoline_slab0, ama_trampoline_slab1, ama_trampoline_slab2,
	ama_trampoline_slab3, ama_trampoline_slab4, ama_trampoline_slab5,
	ama_trampoline_slab6, ama_trampoline_slab7, ama_trampoline_slab8,
	ama_trampoline_slab9, ama_trampoline_slab10, ama_trampoline_slab11,
};
