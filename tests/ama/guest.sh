#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: everything that can be asked of ama_core without a file system.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh
debug=/sys/kernel/debug/ama
fault=/sys/kernel/debug/surety_fault
selftest=/sys/kernel/debug/ama_selftest
hooks=/sys/kernel/debug/tracing/enabled_functions

trace=/sys/kernel/tracing

# events PATTERN: how many were traced.
events() {
	grep -cE "$1" /tmp/trace
}

traced() {
	echo 0 >$trace/events/ama/enable
	cat $trace/trace >/tmp/trace
	echo >$trace/trace
	diag "$(for name in scope_open scope_close wait_start wait_finish substitute; do
		echo "ama_$name: $(events "ama_$name:")"
	done)"
	[ "$(events 'ama_scope_close: client=[^ ]+ op=[^ ]+ bound=')" -gt 0 ] &&
		[ "$(events 'ama_scope_open: .* errno=0$')" = "$(events ama_scope_close:)" ] &&
		[ "$(events 'ama_scope_open: .* errno=-12$')" -gt 0 ] &&
		[ "$(events ama_wait_start:)" -ge 64 ] &&
		[ "$(events ama_wait_start:)" = "$(events ama_wait_finish:)" ] &&
		[ "$(events ama_substitute:)" -ge 5 ]
}

# The lines that the selftest wrote to the log.
verdicts() {
	dmesg -c >/tmp/log
	sed -n 's/.*ama_selftest: \(\(not \)\?ok - \)/\1/p' /tmp/log >/tmp/verdicts
	cat /tmp/verdicts
	grep -q '^ok' /tmp/verdicts && ! grep -q '^not' /tmp/verdicts
	report $? "$1"
}

hooked() {
	grep -cE '^(__alloc_[a-z]*_?pages[a-z_]*|try_charge_memcg|__x64_sys_openat) ' $hooks
}

reserve_full() {
	awk 'NR > 1 && $5 != $4 { bad = 1 } END { exit bad }' $debug/reserve
}

unhooked() {
	[ "$(hooked)" = 0 ]
}

# The refill's worker does that.
given_back() {
	[ "$(cat $debug/memory_kib)" = 0 ]
}

# fail_all FILTER: all allocations that the filter names, until fail_none.
fail_all() {
	for level in page slab; do
		echo 0 >$fault/$level/ignore-gfp-wait
		echo 1 >"$fault/$level/$1"
		echo -1 >$fault/$level/times
		echo 100 >$fault/$level/probability
	done
}

fail_none() {
	for level in page slab; do
		echo 0 >$fault/$level/probability
		echo 0 >$fault/$level/task-filter
		echo 0 >$fault/$level/scope-filter
	done
}

# Write to a file of the selftest by a task all of whose allocations fail.
with_failing_allocations() {
	fail_all task-filter
	# Nothing but builtins on open files: 9p does not survive failures.
	setsid sh -c "exec 3>\$1 4>$fault/make-it-fail
		      echo 1 >&4; echo 1 >&3; echo 0 >&4" sh "$selftest/$1" &
	wait $!
	fail_none
}

# Likewise, while those of all tasks in a scope fail.
with_failing_scopes() {
	fail_all scope-filter
	echo 1 >"$selftest/$1"
	fail_none
}

# handed_out RESERVE: pages so far.
handed_out() {
	awk -v name="$1" '$1 == name { print $5 }' $debug/requests
}

# Who waits for the ordinary reserve is not overtaken, page by page.
on_demand() {
	ordinary=$(handed_out ordinary) fallback=$(handed_out fallback)
	with_failing_scopes on_demand
	verdicts "pages on demand"
	check_is "... do not come from the reserve that another task waits for" \
		"0 4" "$(($(handed_out ordinary) - ordinary)) $(($(handed_out fallback) - fallback))"
}

# A chunk of per-CPU memory takes more than the reserve has on its own account.
insmod /modules/ama_core.ko guard=page,memcg,slab reserve_pages=1536
report $? "ama_core loads"
[ "$(hooked)" = 0 ]
report $? "without an active client nothing is hooked"

echo 1 >$trace/events/ama/enable
dmesg -C
insmod /modules/test/ama_selftest.ko
report $? "a client registers and is activated"
verdicts "admission and refusals"
for order in 0 2; do
	want=$(awk -v order=$order '$1 == "ordinary" && $2 == order { print $4; exit }' $debug/reserve)
	grep -q "request for 65535 pages of order $order can never be met by the ordinary reserve of $want: refused" /tmp/log
	report $? "the log names the order that is out of reach ($order) and what there is of it"
done
[ "$(hooked)" -ge 3 ]
report $? "with an active client the hooks are in"
rmmod ama_core 2>/dev/null
[ $? != 0 ]
report $? "ama_core cannot be unloaded under a client"
[ "$(cat $debug/underruns)" = 0 ]
report $? "no underrun"

insmod /modules/test/surety_fault.ko || tests_failed=1
with_failing_allocations allocations
verdicts "every kind of allocation while all fail"
echo 1 >$trace/events/percpu/percpu_create_chunk/enable
with_failing_allocations percpu
verdicts "per-CPU memory while all fails"
grep -q percpu_create_chunk: $trace/trace
report $? "... and a chunk was made for it"
echo 0 >$trace/events/percpu/percpu_create_chunk/enable
with_failing_scopes crowd
verdicts "a crowd that takes pages"
on_demand
[ "$(cat $debug/substituted)" -ge 5 ]
report $? "the reserve gave what the allocator did not ($(cat $debug/substituted) pages)"
[ "$(cat $debug/underruns)" = 0 ]
report $? "no underrun"
within 30 reserve_full
report $? "the reserve is full again"
[ "$(cat $debug/scopes)" = 0 ]
report $? "no scope is left open"

check "trace points tell of each scope, wait and substitution" traced
rmmod surety_fault
rmmod ama_selftest
report $? "the client unloads"
within 30 unhooked
report $? "some time after the last client the hooks are out"
within 30 given_back
report $? "and the reserve's memory is given back"

for _ in 1 2 3 4 5; do
	rmmod ama_core && insmod /modules/ama_core.ko || break
	insmod /modules/test/ama_selftest.ko tests=N && rmmod ama_selftest || break
done
rmmod ama_core
report $? "loading and unloading in turn"

for bad in guard=pages guard=page,,slab reserve_pages=-1 reserve_pages=x; do
	insmod /modules/ama_core.ko $bad 2>/dev/null
	[ $? != 0 ]
	report $? "refused: $bad"
	rmmod ama_core 2>/dev/null
done
insmod /modules/ama_core.ko no_such_parameter=1
dmesg | tail -n 3 | grep -q "unknown parameter"
report $? "an unknown parameter is named in the log"
rmmod ama_core

insmod /modules/ama_core.ko guard=off && insmod /modules/test/ama_selftest.ko tests=N
report $? "guard=off is accepted"
[ "$(hooked)" = 0 ]
report $? "and hooks nothing"
rmmod ama_selftest && rmmod ama_core
report $? "and unloads"

echo 0 >/proc/sys/kernel/ftrace_enabled
insmod /modules/ama_core.ko
insmod /modules/test/ama_selftest.ko tests=N 2>/dev/null
[ $? != 0 ] && dmesg | grep -q "ama_core: cannot hook"
report $? "where tracing is switched off, activation is refused and says why"
echo 1 >/proc/sys/kernel/ftrace_enabled
insmod /modules/test/ama_selftest.ko tests=N
! echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled
report $? "while the hooks are in tracing cannot be switched off"
rmmod ama_selftest && rmmod ama_core
report $? "unloads"
finish
