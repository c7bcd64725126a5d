#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: time allocations of every size from gcma, CMA and the baselines,
# in every state of memory. Runs under busybox as well. Disk: /dev/vda.
#
# usage: guest.sh LOAD   (none, files or build)
#
# Prints lines "T ALLOCATOR STATE LOAD BYTES NS" or "T ... failed NS".
#
# Many functions are called by the name that rounds() is given:
# shellcheck disable=SC2317,SC2086
load=$1
sizes=${GCMA_BENCH_SIZES:-65536 262144 1048576 4194304 16777216 67108864}
count=${GCMA_BENCH_COUNT:-30}
# Most seconds for one allocator and size, for those that take their time.
limit=${GCMA_BENCH_SECONDS:-60}
area_mib=128
# Each of three files, which together are larger than the page cache.
file_mib=230
debug=/sys/kernel/debug
PATH=$PATH:/surety-bin
export DM_DISABLE_UDEV=1
round=0
loads=

say() {
	echo "# $*"
}

figure() {
	awk -v name="$1" '$1 == name { print $2 }' $debug/gcma/bench/usage
}

# Take the next file through the page cache: what was emptied fills up again.
read_next() {
	cat "/mnt/file$((round % 3))" >/dev/null
	round=$((round + 1))
}

# Until nearly every lent page holds a cached block.
fill() {
	for _ in 1 2 3 4 5 6; do
		read_next
		[ "$(figure cached_pages)" -lt "$(($(figure lent_pages) * 97 / 100))" ] || return
	done
	say "only $(figure cached_pages) of $(figure lent_pages) lent pages hold cached blocks"
}

set_up() {
	modprobe dm-mod 2>/dev/null
	insmod /modules/dmem.ko || exit 1
	mount -t configfs configfs /sys/kernel/config 2>/dev/null
	insmod /modules/gcma.ko areas=bench:${area_mib}M zeroed_pool=0 || exit 1
	dmsetup create d --table "0 $(blockdev --getsz /dev/vda) dmem /dev/vda 0 0"
	mkfs.ext4 -q -F -b 4096 /dev/mapper/d
	mkdir -p /mnt
	mount -t ext4 /dev/mapper/d /mnt || exit 1
	for i in 0 1 2; do
		dd if=/dev/zero of=/mnt/file$i bs=1M count=$file_mib 2>/dev/null
	done
	sync
	insmod /modules/test/bitmap_client.ko
	insmod /modules/test/gcma_client.ko
	insmod /modules/test/cma_client.ko
	# For alloc_contig_range(): the movable zone, where nothing pinned gets to.
	range=$(awk '/^Node/ { movable = $4 == "Movable" } movable && $1 == "start_pfn:" { print $2 }' /proc/zoneinfo)
	insmod /modules/test/contig_client.ko phys=$((range * 4096))
	fill
	say "state: $(grep CmaFree /proc/meminfo), $(figure cached_pages) of $((area_mib * 256)) pages cached"
}

# named ALLOCATOR STATE BYTES: give lines of nanoseconds their names.
named() {
	sed "s/^/T $1 $2 $load $3 /"
}

# How many buffers of a size fit the area, at most $2.
batch() {
	n=$((area_mib * 1048576 / $1))
	[ "$n" -le "$2" ] || n=$2
	echo "$n"
}

# by_client NAME STATE BYTES N: a driver allocates N buffers and releases them.
by_client() {
	echo "$(($3 / 4096)) $4" >$debug/"$1"_client/alloc
	named "$1" "$2" "$3" <$debug/"$1"_client/times
	echo 1 >$debug/"$1"_client/release
}

# by_heap NAME HEAP STATE BYTES N: a process does.
by_heap() {
	gcma_bench "$2" "$4" "$5" | named "$1" "$3" "$4"
}

# rounds BYTES PREPARE MEASURE...: in batches that fit, prepared anew each time.
rounds() {
	bytes=$1 prepare=$2
	shift 2
	left=$count
	until=$(($(date +%s) + limit))
	while [ "$left" -gt 0 ] && [ "$(date +%s)" -lt $until ]; do
		n=$(batch "$bytes" "$left")
		$prepare
		"$@" "$bytes" "$n"
		left=$((left - n))
	done
}

# Both areas are full of the file's pages; each takes its turn.
full_area() {
	by_client gcma full "$1" "$2"
	by_client cma pagecache "$1" "$2"
	by_client contig pagecache "$1" "$2"
}

full_heap() {
	by_heap gcma-heap bench full "$1" "$2"
	by_heap cma-heap reserved pagecache "$1" "$2"
}

wait_zeroed() {
	for _ in $(seq 600); do
		[ "$(figure zeroed_pages)" -lt "$1" ] || return
		sleep 0.1
	done
	say "the pool was not filled in time"
}

all_zeroed() {
	wait_zeroed $((area_mib * 256))
}

measure_idle() {
	for size in $sizes; do
		rounds "$size" : by_client bitmap empty
		echo 1 >$debug/gcma/bench/force_empty
		rounds "$size" : by_client gcma empty
		rounds "$size" fill full_area
		rounds "$size" fill full_heap
	done
	echo 100 >$debug/gcma/bench/zeroed_pool
	for size in $sizes; do
		rounds "$size" all_zeroed by_heap gcma-heap bench prezeroed
	done
	echo 0 >$debug/gcma/bench/zeroed_pool
}

# The crowd goes home; its memory is back when the shell has reaped it.
disperse() {
	[ -n "$crowd" ] || return 0
	kill -9 "$crowd"
	wait "$crowd" 2>/dev/null
	crowd=
}

# crowd KIND [COUNT]: memory of a process in the place of the page cache, half of
# it left, so that what is moved away has somewhere to go.
crowd() {
	disperse
	kind=$1
	shift
	mib=$(awk '/^MemAvailable/ { print int($2 * 85 / 102400) }' /proc/meminfo)
	: >/tmp/ready
	gcma_load "$kind" "$mib" "$@" >/tmp/ready &
	crowd=$!
	for _ in $(seq 600); do
		grep -q ready /tmp/ready && return
		sleep 0.1
	done
	say "gcma_load $kind did not get ready"
}

crowd_anon() {
	crowd anon
}

crowd_pinned() {
	crowd pin 256
}

measure_crowded() {
	crowd=
	# Each takes seconds: fewer of the largest.
	all=$count
	for size in $sizes; do
		[ "$size" -lt 67108864 ] || [ "$count" -lt 10 ] || count=10
		rounds "$size" crowd_anon by_client cma anonymous
		rounds "$size" crowd_pinned by_client cma pinned
	done
	count=$all
	disperse
}

start_load() {
	case $load in
	files)
		mkdir -p /mnt/a /mnt/b
		gcma_load files /mnt/a & loads="$loads $!"
		gcma_load files /mnt/b & loads="$loads $!"
		;;
	build)
		gcma_load build & loads="$loads $!"
		gcma_load build & loads="$loads $!"
		;;
	esac
	# What is read meanwhile fills what was emptied.
	while :; do read_next; done &
	loads="$loads $!"
}

settle() {
	sleep 1
}

measure_loaded() {
	for size in $sizes; do
		rounds "$size" : by_client bitmap empty
		rounds "$size" settle by_client gcma full
		rounds "$size" settle by_heap gcma-heap bench full
		rounds "$size" settle by_client cma pagecache
		rounds "$size" settle by_heap cma-heap reserved pagecache
	done
	echo 50 >$debug/gcma/bench/zeroed_pool
	for size in $sizes; do
		rounds "$size" settle by_heap gcma-heap bench prezeroed
	done
}

set_up
if [ "$load" = none ]; then
	measure_idle
	measure_crowded
else
	start_load
	measure_loaded
	# shellcheck disable=SC2086 # a list of numbers
	kill -9 $loads
fi
sed 's/^/# /' $debug/gcma/bench/stats
exit 0
