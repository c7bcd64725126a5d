#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: memory that is really exhausted, and what becomes of the work.
#
# usage: guest.sh TYPE KIND    KIND: machine or group
type=$1 kind=$2
options=''
[ "$type" != ext2mfr ] || options=mfr=wait
status=0

result() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		status=1
	fi
}

figure() {
	sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" /tmp/storm.json
}

if [ "$type" = ext2mfr ]; then
	insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || exit 3
else
	modprobe "$type" || exit 3
fi
mke2fs -q -F -t ext2 -b 1024 /dev/vda && mount -t "$type" ${options:+-o $options} /dev/vda /mnt || exit 3
mkdir /mnt/storm
echo 3 >/proc/sys/vm/drop_caches
dmesg -C

if [ "$kind" = machine ]; then
	set -- -w 4 -n 150 -W /tmp/full
	/surety-bin/memory_hog 3000 /tmp/full &
	hog=$!
else
	# Less than what is in use by the time the tasks enter.
	mkdir /sys/fs/cgroup/tight
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	echo 1M >/sys/fs/cgroup/tight/memory.max
	set -- -w 16 -n 60 -g /sys/fs/cgroup/tight
	hog=
fi
/surety-bin/syscall_storm "$@" -T 150 -s 7 -o /tmp/expected /mnt/storm >/tmp/storm.json
said=$(cut -c1-400 /tmp/storm.json)
free=$(sed -n 's/^MemFree: *//p' /proc/meminfo)
[ -z "$hog" ] || kill -9 $hog
sleep 1

killed=$(dmesg | grep -c 'Killed process .*syscall_storm')
echo "# $type: $(figure finished) of $(figure workers) finished, $killed killed by the OOM killer, $(figure errors) calls of $(figure calls) failed, free at the end $free"
if [ "$type" = ext2mfr ]; then
	ama=/sys/kernel/debug/ama
	echo "# substituted $(cat $ama/substituted), forced charges $(cat $ama/forced_charges), underruns $(cat $ama/underruns)"
	[ "$(figure finished)" = "$(figure workers)" ]
	result $? "$kind: all tasks finish"
	[ "$killed" = 0 ]
	result $? "$kind: the OOM killer kills none of them"
	[ "$(figure errors)" = 0 ] && [ "$(figure mismatches)" = 0 ]
	result $? "$kind: no call fails, all data are right: $said"
	[ "$(cat $ama/underruns)" = 0 ]
	result $? "$kind: no underrun"
	[ "$kind" = machine ] ||
		echo "# the limit: $(tr '\n' ' ' </sys/fs/cgroup/tight/memory.events)"
fi
timeout 60 umount /mnt && e2fsck -fn /dev/vda >/tmp/fsck 2>&1
fsck=$?
[ "$type" != ext2mfr ] || result $fsck "$kind: unmounts, and e2fsck finds nothing"
[ $fsck = 0 ] || sed 's/^/# /' /tmp/fsck
exit $status
