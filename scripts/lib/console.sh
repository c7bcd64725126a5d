# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the kernel says when something is wrong. Reports begin a line, after the
# time stamp (and the task, where the kernel prints it).

CONSOLE_STAMP='^(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\])?(\[ *[TC][0-9]+\])? *'
CONSOLE_REPORTS=(
	'WARNING: '
	'BUG: '
	'BUG [a-zA-Z0-9_-]+ '
	'kernel BUG at '
	'Oops: '
	'Kernel panic'
	'general protection fault'
	'divide error: '
	'invalid opcode: '
	'watchdog: .*hard LOCKUP'
	'Unable to handle kernel'
	'UBSAN: '
	'KASAN: '
	'KFENCE: '
	'INFO: task .* blocked for more than'
	'INFO: (trying to register|possible|rcu|lockdep|HARDIRQ|SOFTIRQ)'
	'rcu: INFO: .*(stall|kthread)'
	'watchdog: BUG'
	'workqueue: .*(lockup|hogged)'
	'kmemleak: unreferenced object'
	'kmemleak: .*suspected memory leak'
	'(list_add|list_del) corruption'
	'page dumped because'
	'Bad page state'
	'page_owner: .*leak'
	'Slab .*: .*remaining'
	'ODEBUG: '
	'Trying to vfree'
	'VFS: Busy inodes'
	'unregister_netdevice: waiting'
	'irq [0-9]+: nobody cared'
)

# console_reports FILE...: the first lines of every report that is found.
console_reports() {
	local pattern
	pattern=$(IFS='|'; echo "${CONSOLE_REPORTS[*]}")
	cat "$@" 2>/dev/null | tr -d '\r' | grep -aE "$CONSOLE_STAMP($pattern)"
}

# The lines around the first report, for people.
console_first_report() {
	local pattern log
	pattern=$(IFS='|'; echo "${CONSOLE_REPORTS[*]}")
	for log; do
		tr -d '\r' 2>/dev/null <"$log" |
			grep -aE -m 1 -B 3 -A 40 "$CONSOLE_STAMP($pattern)" && return
	done
}

# console_only PATTERN FILE...: is that all that is reported?
console_only() {
	local pattern=$1
	shift
	! console_reports "$@" | grep -qavE "$CONSOLE_STAMP($pattern)"
}

# QEMU before 8.1 can lose the race between translating code and another
# processor's patching it: it then executes the breakpoint of the patching though
# that is gone from memory. Is that all that the reports are about?
console_stale_translation() {
	local logs
	logs=$(cat "$@" 2>/dev/null | tr -d '\r')
	console_stale_entry "$@" || console_stale_branch "$@"
}

# At a function's entry, which belongs to whoever hooks functions, the breakpoint
# is executed for ever, and tasks wait for that processor.
console_stale_entry() {
	console_only '(BUG: )?(watchdog: BUG: soft lockup|rcu: INFO|INFO: rcu|INFO: task .* blocked|workqueue)' "$@" &&
		grep -qa 'watchdog: BUG: soft lockup' <<<"$logs" &&
		grep -qaE 'RIP: 0010:[a-zA-Z0-9_.]+\+0x0/' <<<"$logs" &&
		! grep -aE 'RIP: 0010:' <<<"$logs" | grep -qavE '\+0x0/' &&
		grep -qa 'Code: .*<0f> 1f 44 00 00' <<<"$logs"
}

# At a branch that is switched by patching, nobody knows of the breakpoint: an
# oops behind the first byte of an instruction that does nothing, or jumps.
console_stale_branch() {
	console_only 'Oops: int3: |Kernel panic - not syncing: Fatal exception' "$@" &&
		grep -qa 'Oops: int3: ' <<<"$logs" && awk '
			/RIP: 0010:/ { kernel = 1 }
			/RIP: 0033:/ { kernel = 0 }
			kernel && /Code: / {
				seen = 1
				if (!/ (66 <90>|0f <1f> 44 00 00|e[89b] <[0-9a-f]+>)/)
					other = 1
			}
			END { exit other || !seen }' <<<"$logs"
}
