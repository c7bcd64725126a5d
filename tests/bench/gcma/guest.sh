#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: time allocations of every size from gcma, CMA and the baselines,
# in every state of memory. Runs under busybox as well. Disk: /dev/vda.
#
# usage: guest.sh LOAD   (none, files, build, counted-files or counted-build)
#
# Prints lines "T ALLOCATOR STATE LOAD BYTES NS" or "T ... failed NS", and for gcma's
# heap "Z ALLOCATOR STATE LOAD BYTES PAGES PAGES": zeroed before, and on demand.
#
# Many functions are called by the name that rounds() is given:
# shellcheck disable=SC2317,SC2086
load=$1
sizes=${GCMA_BENCH_SIZES:-65536 262144 1048576 4194304 16777216 67108864}
# Allocations of each kind: of sizes up to 1 MiB, and of larger ones.
small_count=${GCMA_BENCH_SMALL_COUNT:-100}
count=${GCMA_BENCH_COUNT:-30}
# Seconds after which a kind and size has gone wrong.
limit=${GCMA_BENCH_SECONDS:-900}
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

# so_far NAME: a figure that only grows.
so_far() {
	awk -v name="$1" '$1 == name { print $2 }' $debug/gcma/bench/stats
}

# named ALLOCATOR STATE BYTES: give lines of nanoseconds their names.
named() {
	sed "s/^/T $1 $2 $load $3 /"
}

# batch BYTES MOST: how many buffers of a size fit the space, at most so many.
space_mib=$area_mib
batch() {
	n=$((space_mib * 1048576 / $1))
	[ "$n" -gt 0 ] || n=1
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
	before=$(so_far prezeroed_pages) now=$(so_far zeroed_on_demand_pages)
	gcma_bench "$2" "$4" "$5" | named "$1" "$3" "$4"
	[ "$1" != gcma-heap ] || echo "Z $1 $3 $load $4" \
		"$(($(so_far prezeroed_pages) - before))" \
		"$(($(so_far zeroed_on_demand_pages) - now))"
}

# rounds BYTES PREPARE MEASURE...: in batches that fit, prepared anew each time,
# until all are done. Without them all the benchmark fails, but shows what it has.
rounds() {
	bytes=$1 prepare=$2
	shift 2
	left=$count
	[ "$bytes" -gt 1048576 ] || left=$small_count
	until=$(($(date +%s) + limit))
	while [ "$left" -gt 0 ]; do
		if [ "$(date +%s)" -ge $until ]; then
			echo "SHORT $load: $* $bytes: $left left after $limit s"
			return
		fi
		n=$(batch "$bytes" "$left")
		$prepare "$bytes" "$n"
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

# Until the pool holds the next batch, or after two minutes.
wait_zeroed() {
	for _ in $(seq 1200); do
		[ "$(figure zeroed_pages)" -lt "$1" ] || return
		sleep 0.1
	done
	say "the pool was not filled in time: $(figure zeroed_pages) of $1 pages"
}

all_zeroed() {
	wait_zeroed $((area_mib * 256))
}

batch_zeroed() {
	wait_zeroed $(($1 * $2 / 4096))
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
	for size in $sizes; do
		rounds "$size" crowd_anon by_client cma anonymous
		rounds "$size" crowd_pinned by_client cma pinned
	done
	disperse
}

start_load() {
	case ${load#counted-} in
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

# Nobody whom the load would interrupt: what is left is what an allocation itself
# waits for. Who has been started stays as he is.
go_first() {
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	chrt -f -p 1 $$ || exit 1
}

# The plain reservation beside it, in the same second: what it takes at most is
# what the machine does to the guest.
gcma_beside_floor() {
	by_client bitmap empty "$1" "$2"
	by_client gcma full "$1" "$2"
}

measure_first() {
	for size in $sizes; do
		rounds "$size" settle gcma_beside_floor
		rounds "$size" settle by_client cma pagecache
	done
}

measure_loaded() {
	for size in $sizes; do
		rounds "$size" settle gcma_beside_floor
		rounds "$size" settle by_heap gcma-heap bench full
		rounds "$size" settle by_client cma pagecache
		rounds "$size" settle by_heap cma-heap reserved pagecache
	done
	# No batch takes more than the pool holds.
	echo 50 >$debug/gcma/bench/zeroed_pool
	space_mib=$((area_mib / 2))
	for size in $sizes; do
		rounds "$size" batch_zeroed by_heap gcma-heap bench prezeroed
	done
}

set_up
case $load in
none)
	measure_idle
	measure_crowded
	;;
counted-*)
	start_load
	go_first
	measure_first
	;;
*)
	start_load
	measure_loaded
	;;
esac
[ -z "$loads" ] || kill -9 $loads
sed 's/^/# /' $debug/gcma/bench/stats
exit 0
