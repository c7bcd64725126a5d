#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh ROUNDS READS: in all, for each turn of a driver's
# In the guest: which locks had to be waited for. Counted are the functions that a lock's
# caller gets into when it cannot have it at once, with their stacks. Not the trace event
# lock:contention_begin: below a hypervisor spin locks do without its code, and
# elsewhere the first that waits does.
# Prints "run WORK DRIVER CALLS MISSED FIGURE", then the histogram of stacks, for each.
export DM_DISABLE_UDEV=1
PATH=$PATH:/surety-bin
cpus=$(nproc)
rounds=$(($1 / cpus)) reads=$(($2 / cpus))
tracing=/sys/kernel/tracing
event=$tracing/events/surety/slow

must() {
	"$@" && return
	echo "guest.sh: failed: $*" >&2
	exit 1
}

put() {
	printf '%s\n' "$2" >>"$1"
}

count_locks() {
	mount -t tracefs tracefs $tracing 2>/dev/null
	for lock in native_queued_spin_lock_slowpath queued_read_lock_slowpath queued_write_lock_slowpath \
		rwsem_down_read_slowpath rwsem_down_write_slowpath __percpu_down_read \
		__mutex_lock_slowpath __mutex_lock_killable_slowpath __mutex_lock_interruptible_slowpath \
		__lock_buffer; do
		must put $tracing/kprobe_events "p:surety/slow $lock"
	done
	# The one name until 6.3, the other since.
	for keys in common_stacktrace stacktrace; do
		put $event/trigger "hist:keys=$keys:size=16384:pause" 2>/dev/null && return
	done
	echo "guest.sh: no histogram of stacks" >&2
	exit 1
}

# Of kprobes: how often one was met within another's work.
missed() {
	awk '{ sum += $3 } END { print sum + 0 }' $tracing/kprobe_profile
}

# What says more of a driver: how often ext2mfr's scopes needed the reserve's shared heap;
# how many blocks dmem has served.
figure() {
	case $1 in
	ext2mfr) awk '/^ordinary/ { print $7 }' /sys/kernel/debug/ama/requests ;;
	dmem) dmsetup status d | awk '{ print $9 }' ;;
	*) echo 0 ;;
	esac
}

# run WORK NAME DRIVER ROUNDS
run() {
	missed=$(missed) figure=$(figure "$3")
	must test "$figure" -ge 0
	calls=$(contend "$1" "$cpus" "$4" /mnt $event/trigger $keys) || exit 1
	echo "run $2 $3 $calls $(($(missed) - missed)) $(($(figure "$3") - figure))"
	cat $event/hist
}

# volume DRIVER: each work once.
volume() {
	# Groups of 8 MiB: as many as a large volume has.
	must mke2fs -q -F -t ext2 -b 4096 -g 2048 /dev/ram0
	must mount -t "$1" -o noatime /dev/ram0 /mnt
	# Unmeasured, for warmth.
	run files warm "$1" 10 >/dev/null
	run files files "$1" "$rounds"
	run append append "$1" $((rounds * 4))
	run together one-directory "$1" $((rounds / 4))
	must umount /mnt
	must e2fsck -fn /dev/ram0 >/dev/null 2>&1
}

files() {
	must insmod /modules/ama_core.ko
	must insmod /modules/ext2mfr.ko
	must modprobe ext4
	# The RAM disk takes a lock for a block's first write.
	dd if=/dev/zero of=/dev/ram0 bs=1M 2>/dev/null
	# In turns, since what else the host does changes.
	for driver in ext2mfr ext4 ext4 ext2mfr; do
		volume $driver
	done
	must rmmod ext2mfr
	must rmmod ama_core
}

table() {
	must dmsetup load d --table "0 $size $1 /dev/ram1 0"
	must dmsetup suspend d
	must dmsetup resume d
}

drop_caches() {
	sync
	echo 1 >/proc/sys/vm/drop_caches
}

# reading WORK DRIVER: the page cache of each process holds a third of its file, or less.
reading() {
	drop_caches
	run read "$1" "$2" "$reads"
}

pages() {
	must modprobe dm-mod
	size=$(blockdev --getsz /dev/ram1)
	must dmsetup create d --table "0 $size linear /dev/ram1 0"
	must mkfs.ext4 -q -F -b 4096 -O ^has_journal /dev/mapper/d
	must mount -t ext4 -o noatime,noinit_itable /dev/mapper/d /mnt
	must put /sys/fs/cgroup/cgroup.subtree_control +memory
	for i in $(seq 0 $((cpus - 1))); do
		must mkdir "/sys/fs/cgroup/contend.$i"
		must put "/sys/fs/cgroup/contend.$i/memory.max" 4M
		must dd if=/dev/zero of="/mnt/large$i" bs=1M count=12 2>/dev/null
	done
	drop_caches
	reading mixed linear
	# A third of all files; then more than all.
	for store in mixed:4 hits:16; do
		must insmod /modules/dmem.ko "own=$((${store#*:} * cpus))M"
		table dmem
		reading "${store%:*}" dmem
		table linear
		must rmmod dmem
	done
	must umount /mnt
	must dmsetup remove d
}

must modprobe brd rd_nr=2 rd_size=131072
mkdir -p /mnt
count_locks
files
pages
