#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: every other allocation of every task that is in a scope fails,
# whoever the task is: programs, workers of a ring, the kernel's own threads.
# This shell leaves the volume to the programs that it starts: who has been on it
# has a scope for every path, and its programs are read from elsewhere.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh

debug=/sys/kernel/debug
trace=/sys/kernel/tracing
fault=$debug/surety_fault
at=/mnt
percent=50	# of allocations that fail

switch() {
	for level in page slab; do
		echo "$1" >$fault/$level/probability
	done
}

# injected: failures so far, both levels.
injected() {
	echo $(($(cat $fault/page/injected) + $(cat $fault/slab/injected)))
}

# under_failure WHAT COMMAND...: must succeed, and failures must have fallen.
under_failure() {
	what=$1
	shift
	before=$(injected)
	echo >$trace/trace
	switch $percent
	"$@"
	code=$?
	switch 0
	cp $trace/trace /tmp/trace
	fell=$(($(injected) - before))
	if [ $code = 3 ]; then
		skip "$what" "this kernel does not have them"
	elif [ $code = 0 ] && [ $fell -gt 0 ]; then
		ok "$what ($fell failures)"
	else
		not_ok "$what (status $code, $fell failures)"
	fi
}

# served OPERATION TASK: pages that the reserve gave, in the case before, to that
# operation of tasks of such a name.
served() {
	grep -cE "^ *$2-[0-9]+ .* ama_substitute: client=ext2mfr op=$1 " /tmp/trace
}

# Blocks that lie so far apart that each has a pointer block of its own.
scatter() {
	for nr in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		dd if=/tmp/source of="$at/scattered" bs=1k count=1 skip=$((nr + $1)) \
			seek=$((nr * 300)) conv=notrunc 2>/dev/null || return 1
	done
}

# 32-bit calls of all kinds; how often each was made is kept.
calls_of_32_bits() {
	/surety-bin/entry_calls ia32 $at/dir 20 >/tmp/said
	said=$?
	grep '^#' /tmp/said
	sed -n 's/^made //p' /tmp/said >/tmp/made
	return $said
}

# not_gated: those of /tmp/made of which the gate has seen fewer. A function of the
# kernel may have one of several prefixes, of which only one is called; sync, which
# has no arguments, is the same for all.
not_gated() {
	awk 'FNR == NR {
		name = $1
		sub(/^__x64_sys_sync$/, "__ia32_sys_sync", name)
		if (sub(/^__ia32_(compat_)?sys_(ia32_)?/, "", name))
			seen[name] += $2
		next
	}
	{ made[$1] += $2 }
	END {
		for (name in made)
			if (!made[name] || seen[name] + 0 < made[name])
				print name, seen[name] + 0 " of " made[name]
	}' $debug/ama/gate /tmp/made
}

written() {
	tries=0
	while [ "$(awk '/^Dirty:/ { print $2 }' /proc/meminfo)" -gt 64 ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || return 1
		sleep 0.1
	done
}

tell_failures() {
	for level in page slab; do
		echo "$1" >$fault/$level/verbose
	done
}

# calls_of OPERATION
calls_of() {
	awk -v op="$1" '$1 == op { print $3 }' $debug/ama/clients/ext2mfr/ops
}

# The flusher threads write, nobody asks them to. They begin when there is
# something for them, and who meets a failure then is told in the log.
write_behind() {
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs
	dd if=/tmp/source of="$at/behind" bs=64k 2>/dev/null && scatter 100 || return 1
	inodes=$(calls_of write_inode)
	tell_failures 1
	echo 10 >/proc/sys/vm/dirty_writeback_centisecs
	written
	late=$?
	tell_failures 0
	inodes=$(($(calls_of write_inode) - inodes))
	flushing=$(dmesg | grep -c 'surety_fault: failing .* task=kworker')
	return $late
}

# Inodes and pages go when the kernel wants, files that have no name with them; the
# last one when its task ends.
evict() {
	gone=
	for nr in 1 2 3 4 5 6 7 8 9; do
		gone="$gone $at/gone$nr"
		cp /tmp/source "$at/gone$nr" || return 1
	done
	# shellcheck disable=SC2086 # a list
	rm $gone
	sleep 600 3<"$at/scattered" &
	# A shell until it has the file open and is on its way.
	until [ "$(cat /proc/$!/comm)" = sleep ]; do
		:
	done
	rm "$at/scattered"
	echo 3 >/proc/sys/vm/drop_caches
	kill $!
	wait $! 2>/dev/null
	cmp /tmp/source "$at/behind"
}

# A loop device's worker reads and writes the file.
loop() {
	cp /tmp/source /tmp/inner/file && sync -f /tmp/inner/file || return 1
	echo 3 >/proc/sys/vm/drop_caches
	cmp /tmp/source /tmp/inner/file
}

modprobe -a loop ext4 2>/dev/null
insmod /modules/test/surety_fault.ko &&
	insmod /modules/ama_core.ko guard=page,memcg,slab &&
	insmod /modules/ext2mfr.ko || exit 3
echo 1 >$trace/events/ama/ama_substitute/enable
for level in page slab; do
	echo 1 >$fault/$level/scope-filter
	echo -1 >$fault/$level/times
done
echo 10 >/proc/sys/vm/dirty_writeback_centisecs
echo 5 >/proc/sys/vm/dirty_expire_centisecs
mke2fs -q -F -t ext2 -b 1024 /dev/vda && mount -t ext2mfr /dev/vda $at || exit 3
mkdir $at/dir /tmp/inner
dd if=/dev/urandom of=/tmp/source bs=64k count=30 2>/dev/null

under_failure "io_uring, tried at once" /surety-bin/entry_calls io_uring $at/dir 20
under_failure "io_uring, by worker threads" /surety-bin/entry_calls io_uring-async $at/dir 20
under_failure "32-bit system calls" calls_of_32_bits
if [ "$code" != 3 ]; then
	check_is "each of $(wc -l </tmp/made) 32-bit calls has a scope each time" "" "$(not_gated)"
fi
scatter 0 && sync && echo 3 >/proc/sys/vm/drop_caches || exit 3
percent=100
under_failure "written behind by the flusher threads" write_behind
check "... who met failures themselves ($flushing)" test "$flushing" -gt 0
check "... and wrote inodes in scopes of their own ($inodes)" test "$inodes" -ge 2
under_failure "evicted, and read back" evict
pages=$(served evict sleep)
check "... by the last task that had a file open ($pages pages of the reserve)" test "$pages" -gt 0
percent=50
truncate -s 8M $at/image && mke2fs -q -F -t ext4 $at/image &&
	device=$(losetup -f --show $at/image) &&
	mount -t ext4 "$device" /tmp/inner || exit 3
under_failure "a loop device's worker thread" loop
umount /tmp/inner
losetup -d "$device"
check "no underrun" test "$(cat $debug/ama/underruns)" = 0
diag "functions in which failures fell: $(sort -u $fault/page/sites $fault/slab/sites | wc -l)"
check "unmounts" umount $at
check "e2fsck finds nothing" e2fsck -fn /dev/vda
check "ext2mfr unloads" rmmod ext2mfr
finish
