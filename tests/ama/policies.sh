#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what becomes of calls while the reserve is held in full: with
# mfr=fail each is refused before anything is touched, with mfr_timeout after
# that time.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
at=/tmp/mounted
ama=/sys/kernel/debug/ama

begin() {
	modprobe loop
	insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || return 1
	mkdir -p $at /tmp/tree/dir && mkfifo /tmp/go || return 1
	for name in file cold dir/other; do
		head -c 50000 /dev/urandom >/tmp/tree/$name
	done
	mke2fs -q -t ext2 -d /tmp/tree /tmp/image 8M
	mount -t ext2mfr -o noatime,mfr=fail "$(losetup -f --show /tmp/image)" $at
}

# All that is on the volume, as it is listed, read, and stored, but for the time at
# which the superblock was written. Not by this shell: a task that has met the
# client has a scope for every path.
volume() {
	(
		cd $at && ls -liR . && find . -type f -exec cksum {} + | sort &&
			sync -f . && {
			head -c 1072 /tmp/image
			tail -c +1077 /tmp/image
		} | cksum
	)
}

# calls_while_held: what each call came to, in /tmp/said.
calls_while_held() {
	/surety-bin/refused_calls $at </tmp/go >/tmp/said &
	caller=$!
	exec 5>/tmp/go
	until [ -s /tmp/said ]; do
		sleep 0.1
	done
	sysctl -q vm.drop_caches=3
	insmod /modules/test/ama_hold.ko leave=0 || return 1
	echo go >&5
	exec 5>&-
	wait $caller
	rmmod ama_hold
}

all_calls='create mkdir write read rename truncate unlink watch chroot'

# came_to ERROR: the calls that did.
came_to() {
	sed -n "s/^\([a-z]*\) $1 after .*/\1/p" /tmp/said | paste -sd' '
}

refused() {
	volume >/tmp/before || return 1
	calls_while_held
	check_is "policy fail: each call is refused" "$all_calls" \
		"$(came_to 'Cannot allocate memory')"
	check_is "policy fail: but closing" close "$(came_to Success)"
	volume >/tmp/after
	check "policy fail: the volume is as it was" cmp /tmp/before /tmp/after
}

# What was refused after less than the time limit.
too_soon() {
	awk '$1 != "open" && $(NF - 1) < 500' /tmp/said
}

timed() {
	mount -o remount,mfr=wait,mfr_timeout=500 $at || return 1
	check_has "the time limit is shown" "^[^ ]+ $at ext2mfr .*mfr_timeout=500" \
		"$(cat /proc/mounts)"
	calls_while_held
	check_is "a time limit: each call is refused" "$all_calls" \
		"$(came_to 'Cannot allocate memory')"
	check_is "a time limit: but closing" close "$(came_to Success)"
	check_is "a time limit: and not before 500 ms" "" "$(too_soon)"
	volume >/tmp/after
	check "a time limit: the volume is as it was" cmp /tmp/before /tmp/after
}

begin
report $? "a volume"
refused || not_ok "the volume can be read"
timed || not_ok "the volume is mounted anew"
echo go | /surety-bin/refused_calls $at >/tmp/said
check_is "with the reserve free each call succeeds" "${all_calls% chroot} close chroot" \
	"$(came_to Success)"
check_is "nothing needed more than it was granted" 0 "$(cat $ama/underruns)"
check "unmount" umount $at
check "the volume is consistent" e2fsck -fn /tmp/image
check "the modules unload" rmmod ext2mfr ama_core
losetup -D
rm -r /tmp/go /tmp/tree /tmp/image
finish
