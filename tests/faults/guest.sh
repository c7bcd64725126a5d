#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: the runs that /share/plan names, as /share/conf says. Run N has
# the Nth of the disks; it leaves in /share
#
#   N.begin     it was started
#   N.json      what the workload saw
#   N.injected  allocations that were made to fail
#   N.expected  what its files must contain
#   N.dmesg     what the kernel said meanwhile
#   N.result    how it ended; written last
#
# A run is armed, the workload exposes itself, and everything is disarmed before
# anything else is looked at.
# shellcheck disable=SC2154,SC2016
set -u
# type, options, level, percent, workers, ops and seed
# shellcheck source=/dev/null
. /share/conf

debug=/sys/kernel/debug
most=1000000000
case $level in
kernel-*)
	page=$debug/fail_page_alloc slab=$debug/failslab
	mark=/proc/self/make-it-fail
	;;
*)
	page=$debug/surety_fault/page slab=$debug/surety_fault/slab
	mark=$debug/surety_fault/make-it-fail
	;;
esac

load() {
	modprobe "$1" 2>/dev/null || insmod "/modules/$1.ko" || exit 3
}

prepare() {
	case $level in
	kernel-*) ;;
	*) insmod /modules/test/surety_fault.ko || exit 3 ;;
	esac
	if [ "$type" = ext2mfr ]; then
		insmod /modules/ama_core.ko guard=page,memcg,slab || exit 3
		insmod /modules/ext2mfr.ko || exit 3
	else
		load "$type"
	fi
	for dir in "$page" "$slab"; do
		echo 0 >"$dir/probability"
		echo -1 >"$dir/times"
		echo 1 >"$dir/interval"
		echo 0 >"$dir/verbose"
		echo 1 >"$dir/task-filter"
		echo 0 >"$dir/ignore-gfp-wait"
	done
	echo 0 >"$page/ignore-gfp-highmem"
	echo 0 >"$page/min-order"
}

# arm SEED, disarm
arm() {
	for dir in "$page" "$slab"; do
		[ ! -e "$dir/seed" ] || { echo 1 >"$dir/reset"; echo "$1" >"$dir/seed"; }
	done
	case $level in
	*slab) dirs=$slab ;;
	*page) dirs=$page ;;
	*) dirs="$page $slab" ;;
	esac
	for dir in $dirs; do
		# The kernel's own counts nothing but what is left of these.
		[ -e "$dir/injected" ] || echo $most >"$dir/times"
		echo "$percent" >"$dir/probability"
	done
}

disarm() {
	echo 0 >"$page/probability"
	echo 0 >"$slab/probability"
}

injected() {
	count=0
	for dir in $dirs; do
		if [ -e "$dir/injected" ]; then
			count=$((count + $(cat "$dir/injected")))
		else
			count=$((count + most - $(cat "$dir/times")))
		fi
	done
	echo $count
}

# bounded SECONDS COMMAND...: leaves a command behind that does not end by then,
# since what hangs in the kernel cannot be killed.
bounded() {
	tenths=$(($1 * 10))
	shift
	rm -f /run/status
	("$@"; echo $? >/run/status) &
	until [ -s /run/status ]; do
		[ $tenths -gt 0 ] || return 124
		tenths=$((tenths - 1))
		sleep 0.1
	done
	read -r status </run/status
	return "$status"
}

# Can it still be used, with all the memory one could want?
usable() {
	mkdir /mnt/check && echo content >/mnt/check/file && sync &&
		mv /mnt/check/file /mnt/check/other &&
		[ "$(cat /mnt/check/other)" = content ] &&
		ls /mnt/storm >/dev/null &&
		rm -r /mnt/check
}

# Drivers whose images cannot be filled or read from outside.
fill() {
	if [ -e /share/tree.tar ] && ! tar -C /mnt -xf /share/tree.tar; then
		echo "the image is too small"
		return 1
	fi
	mkdir /mnt/storm && sync && echo 3 >/proc/sys/vm/drop_caches
}

compare() {
	case $type in
	xfs | btrfs | jfs | f2fs) ;;
	*) return 0 ;;
	esac
	mount -t "$type" -o ro "$1" /mnt || return 1
	(
		cd /mnt || exit 1
		sed 's/^[0-9]* [0-9]* //' /share/tree.list | xargs -d '\n' cksum |
			cmp -s - /share/tree.list || exit 1
		[ -s "/share/$run.expected" ] || exit 0
		cd storm || exit 1
		sed 's/^[0-9]* [0-9]* //' "/share/$run.expected" | xargs -d '\n' cksum |
			cmp -s - "/share/$run.expected"
	)
	same=$?
	bounded 40 umount /mnt
	return $same
}

one_run() {
	run=$1 disk=$2
	mounted=0 usable=0 unmounted=0 compared=1
	touch "/share/$run.begin"
	dmesg -C
	if mount -t "$type" ${options:+-o "$options"} "$disk" /mnt && fill; then
		mounted=1
		arm $((seed * 1000 + run))
		/surety-bin/syscall_storm -w "$workers" -n "$ops" -s $((seed * 1000 + run)) \
			-m "$mark" -t /share/tree.list -o "/share/$run.expected" -T 90 \
			/mnt/storm >"/share/$run.json"
		disarm
		injected >"/share/$run.injected"
		# Where that hung, this will as well.
		limit=40
		bounded 40 usable && usable=1
		[ $? != 124 ] || limit=5
		bounded $limit umount /mnt && unmounted=1
		if [ $unmounted = 1 ]; then
			compare "$disk" || compared=0
		fi
	fi >"/share/$run.log" 2>&1
	dmesg >"/share/$run.dmesg"
	cat "$page/sites" "$slab/sites" >"/share/$run.sites" 2>/dev/null
	# Where unmounting failed this may never end.
	[ $unmounted = 0 ] || sync
	{
		echo "mounted=$mounted"
		echo "usable=$usable"
		echo "unmounted=$unmounted"
		echo "compared=$compared"
		echo "underruns=$(cat $debug/ama/underruns 2>/dev/null || echo 0)"
	} >"/share/$run.result"
	# What cannot be unmounted would be in the way of the others.
	[ $unmounted = 1 ] || [ $mounted = 0 ]
}

# The letter of disk number $1.
disk() {
	# shellcheck disable=SC2059 # the format is the letter, in octal
	printf "/dev/vd\\$(printf %o $((97 + $1)))"
}

prepare
number=0
while read -r run; do
	one_run "$run" "$(disk $number)" || exit 0
	number=$((number + 1))
done </share/plan
