#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: tasks that wait for what another does whenever it likes (give up a
# lock, fill a pipe, thaw a volume) hold nothing of the reserve meanwhile, are
# served when they need it, and keep nobody waiting.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
at=/tmp/mounted
ama=/sys/kernel/debug/ama
waiters=40
! in_short || waiters=12

begin() {
	modprobe loop
	insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || return 1
	mkdir -p $at $at-2
	mke2fs -q -t ext2 /tmp/image 16M && cp /tmp/image /tmp/image-2
	mount -t ext2mfr "$(losetup -f --show /tmp/image)" $at &&
		mount -t ext2mfr "$(losetup -f --show /tmp/image-2)" $at-2 &&
		touch $at/file && mkfifo /tmp/go
}

credit() {
	awk '$2 == 0 { sum += $6 } END { print sum }' $ama/reserve
}

# What has been substituted meanwhile is on its way back.
whole_credit() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(credit)" != "$whole" ] || return 0
		sleep 0.2
	done
	diag "credit: $(credit) of $whole"
	return 1
}

# start COMMAND...: with its own copy of the words, and without the pipe's writer.
pids=
start() {
	(
		exec 5>&-
		"$@"
	) &
	pids="$pids $!"
}

# Tasks of these that sleep in the kernel. Without starting a program for each,
# which is slow on a kernel that checks everything.
count_asleep() {
	asleep=0
	for pid in $pids; do
		state=
		while read -r key state _; do
			[ "$key" != State: ] || break
		done <"/proc/$pid/status"
		case $state in
		[SD]) asleep=$((asleep + 1)) ;;
		esac
	done 2>/dev/null
}

all_asleep() {
	for _ in $(seq 100); do
		count_asleep
		[ $asleep -lt $waiters ] || return 0
		sleep 0.1
	done
	diag "$asleep of $waiters asleep"
	return 1
}

all_done() {
	failed=0
	for pid in $pids; do
		wait "$pid" || failed=1
	done
	pids=
	return $failed
}

# while_waiting WHAT: the waiters have been started.
while_waiting() {
	check "$1: $waiters tasks wait" all_asleep
	check "$1: the reserve is whole meanwhile" whole_credit
	check "$1: others are admitted" timeout 20 touch $at-2/other
}

# served WHAT: what they waited for has happened.
served() {
	all_done
	report $? "$1: each was served"
	check "$1: the reserve is whole again" whole_credit
	check_is "$1: nobody is in a scope" 0 "$(cat $ama/scopes)"
}

locks() {
	# The writer of the pipe decides how long the lock is held.
	flock $at/file cat /tmp/go &
	holder=$!
	exec 5>/tmp/go
	for _ in $(seq $waiters); do
		start flock $at/file true
	done
	while_waiting "a lock"
	exec 5>&-
	served "a lock"
	wait $holder
}

write_from_pipe() {
	/surety-bin/splice_in </tmp/go >"$at/spliced$1"
}

pipes() {
	exec 5<>/tmp/go
	for nr in $(seq $waiters); do
		start write_from_pipe "$nr"
	done
	while_waiting "an empty pipe"
	head -c 300000 /dev/zero >&5
	exec 5>&-
	served "an empty pipe"
	check_is "an empty pipe: what came is written" 300000 \
		"$(cat $at/spliced* | wc -c)"
}

write_file() {
	head -c 20000 /dev/zero >"$at/frozen$1"
}

freezing() {
	fsfreeze -f $at
	for nr in $(seq $waiters); do
		start write_file "$nr"
	done
	while_waiting "a frozen volume"
	check "a frozen volume: it is thawed" timeout 60 fsfreeze -u $at
	served "a frozen volume"
	check_is "a frozen volume: all is written" $((waiters * 20000)) \
		"$(cat $at/frozen* | wc -c)"
}

begin
report $? "two volumes"
whole=$(credit)
locks
pipes
freezing
check_is "nothing needed more than it was granted" 0 "$(cat $ama/underruns)"
check "unmount" umount $at $at-2
check "the modules unload" rmmod ext2mfr ama_core
losetup -D
rm /tmp/go
finish
