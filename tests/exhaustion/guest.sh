#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: memory that is really exhausted, and what becomes of the work.
#
# usage: guest.sh TYPE KIND
#
#   machine  no page is left but for atomic allocations
#   swap     likewise, and the swap area is full
#   group    the tasks' control group is at its limit, with nothing to reclaim
#   returns  as machine, but the reserve fits one request, and after some seconds
#            memory comes back
#
# The tasks under test are as any other for the OOM killer, and so are some
# bystanders that it may take instead. While nothing is left this shell sleeps.
type=$1 kind=$2
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh
group=/sys/fs/cgroup/tight
ama=/sys/kernel/debug/ama
hog=/sys/module/surety_hog/parameters

figure() {
	sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" /tmp/storm.json
}

# What fills the group cannot be reclaimed, and is all that its limit allows.
fill_group() {
	free=$(sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	sh -c "echo \$\$ >$group/cgroup.procs
	       exec /surety-bin/memory_hog $((free - 8192)) /tmp/filled" &
	filler=$!
	until [ -e /tmp/filled ]; do
		sleep 0.1
	done
	kill -STOP "$filler"
	read -r used <$group/memory.current
	echo "$used" >$group/memory.max
}

# smallest_reserve: the pages of the largest request, so that others wait for it.
smallest_reserve() {
	pages=$(awk '$1 == "ordinary" && $2 == 0 { print $4 }' $ama/reserve)
	echo $((pages / (2 + 2 * $(nproc))))
}

# load PARAMETER...: the modules, and the volume mounted.
load() {
	insmod /modules/ama_core.ko "$@" && insmod /modules/ext2mfr.ko &&
		mount -t ext2mfr -o mfr=wait /dev/vda /mnt
}

waited() {
	awk '$1 == "ordinary" { print $3 }' $ama/requests
}

# Every file has what the workers wrote, as far as they know it.
as_expected() {
	[ -s /tmp/expected ] || return 1
	(cd /mnt/storm && cut -d' ' -f3- /tmp/expected | xargs -d '\n' cksum) |
		cmp - /tmp/expected
}

mke2fs -q -F -t ext2 -b 1024 /dev/vda || exit 3
if [ "$type" = ext2mfr ]; then
	load || exit 3
	if [ "$kind" = returns ]; then
		smallest=$(smallest_reserve)
		umount /mnt && rmmod ext2mfr ama_core && load reserve_pages="$smallest" || exit 3
	fi
else
	modprobe "$type" && mount -t "$type" /dev/vda /mnt || exit 3
fi
mkdir /mnt/storm $group
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
cp /surety-bin/syscall_storm /tmp/storm
cp /surety-bin/bystanders /tmp/bystanders
echo 3 >/proc/sys/vm/drop_caches
dmesg -C

# More than the swap area holds could go there.
if [ "$kind" = swap ]; then
	mkswap /dev/vdb >/dev/null && swapon /dev/vdb || exit 3
	dd if=/dev/zero of=/tmp/to-swap bs=1M count=48 2>/dev/null || exit 3
fi
if [ "$kind" = group ]; then
	workers=16
	set -- -w 16 -n 30 -g $group -R /tmp/ready -W /tmp/go
	/tmp/bystanders 8 $group &
else
	workers=4 ops=60 limit=240	# later than the storm's
	[ "$kind" != returns ] || { ops=150 limit=5; }
	insmod /modules/test/surety_hog.ko limit=$limit || exit 3
	set -- -w 4 -n $ops -H $hog/hold
	/tmp/bystanders 8 &
fi
bystanders=$!
sleep 1
(
	echo 0 >/proc/self/oom_score_adj
	exec /tmp/storm "$@" -T 150 -s 7 -o /tmp/expected /mnt/storm >/tmp/storm.json
) &
storm=$!
if [ "$kind" = group ]; then
	until [ -e /tmp/ready ]; do
		sleep 0.1
	done
	fill_group
	: >/tmp/go
fi
wait "$storm"
if [ "$kind" = group ]; then
	kill -0 "$filler"
	kept=$?
	kill -9 "$filler"
else
	expected=N
	[ "$kind" != returns ] || expected=Y
	[ "$(cat $hog/expired)" = $expected ]
	kept=$?
	echo N >$hog/hold
	echo "# $(($(cat $hog/taken) * 4)) KiB were taken"
fi
kill "$bystanders"

said=$(cut -c1-400 /tmp/storm.json)
killed=$(dmesg | grep -c 'Killed process .*storm')
others=$(dmesg | grep -c 'Killed process .*bystanders')
echo "# $type: $(figure finished) of $workers finished, $killed killed by the OOM killer (and $others bystanders), $(figure errors) calls of $(figure calls) failed"
if [ "$type" = ext2mfr ]; then
	echo "# substituted $(cat $ama/substituted), forced charges $(cat $ama/forced_charges), underruns $(cat $ama/underruns)"
	[ "$(figure finished)" = $workers ]
	report $? "$kind: all tasks finish"
	[ "$killed" = 0 ]
	report $? "$kind: the OOM killer kills none of them"
	[ "$(figure errors)" = 0 ] && [ "$(figure mismatches)" = 0 ]
	report $? "$kind: no call fails, all data are right: $said"
	[ "$(cat $ama/underruns)" = 0 ]
	report $? "$kind: no underrun"
	if [ "$kind" = returns ]; then
		report $kept "$kind: memory came back while they were at work"
		[ "$(waited)" -gt 0 ]
		report $? "$kind: requests waited for it ($(waited))"
	else
		report $kept "$kind: memory was held until the last of them was done"
	fi
	if [ "$kind" = group ]; then
		[ "$(cat $ama/forced_charges)" -gt 0 ]
		report $? "$kind: the limit was in the way: $(tr '\n' ' ' <$group/memory.events)"
	else
		[ "$(cat $ama/substituted)" -gt 0 ]
		report $? "$kind: the reserve was needed"
	fi
	if [ "$kind" = swap ]; then
		left=$(sed -n 's/^SwapFree: *\([0-9]*\) kB/\1/p' /proc/meminfo)
		[ "$left" -lt 1024 ]
		report $? "swap: the area is full ($left KiB left)"
	fi
fi
# LWN's "too small to fail": the one that holds the directory's lock gets no memory
# and no error; the victims of the OOM killer want the lock.
if [ "$type" != ext2mfr ] && [ "$kind" = machine ]; then
	[ "$killed" -gt 0 ] && [ "$(figure finished)" -lt $workers ]
	report $? "$kind: with $type it takes killing those who wait for the lock: $killed"
fi
timeout 60 umount /mnt && e2fsck -fn /dev/vda >/tmp/fsck 2>&1
fsck=$?
[ "$type" != ext2mfr ] || report $fsck "$kind: unmounts, and e2fsck finds nothing"
[ $fsck = 0 ] || sed 's/^/# /' /tmp/fsck
if [ "$type" = ext2mfr ]; then
	mount -t ext2mfr /dev/vda /mnt
	check "$kind: nothing is lost: each file has what was written" as_expected
	diag "files compared: $(wc -l </tmp/expected)"
	umount /mnt
fi
finish
