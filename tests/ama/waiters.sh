#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: tasks that wait for another's lock hold nothing of the reserve,
# and are in scopes all the same.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
at=/tmp/mounted
ama=/sys/kernel/debug/ama
waiters=40
mkdir -p $at

begin() {
	modprobe loop
	insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || return 1
	mke2fs -q -t ext2 /tmp/image 8M
	mount -t ext2mfr "$(losetup -f --show /tmp/image)" $at && touch $at/file && mkfifo /tmp/go
}

credit() {
	awk '$1 == "ordinary" && $2 == 0 { print $6 }' $ama/reserve
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

all_wait() {
	for _ in $(seq 100); do
		[ "$(cat $ama/scopes)" -lt $waiters ] || return 0
		sleep 0.1
	done
	diag "$(cat $ama/scopes) tasks in scopes"
	return 1
}

all_done() {
	for pid in $pids; do
		wait "$pid" || return 1
	done
}

begin || not_ok "a volume"
whole=$(credit)
# The writer of the pipe decides how long the lock is held.
flock $at/file cat /tmp/go &
exec 5>/tmp/go
pids=$!
for _ in $(seq $waiters); do
	flock $at/file true 5>&- &
	pids="$pids $!"
done
check "$waiters tasks wait for a lock, in scopes" all_wait
check "the reserve is whole meanwhile" whole_credit
check "others are admitted" touch $at/other
exec 5>&-
all_done
report $? "each got the lock in its turn"
check "the reserve is whole again" whole_credit
check "nobody is in a scope" grep -qx 0 $ama/scopes
check "nothing needed more than it was granted" grep -qx 0 $ama/underruns
check "unmount" umount $at
check "the modules unload" rmmod ext2mfr ama_core
losetup -D
rm /tmp/go
finish
