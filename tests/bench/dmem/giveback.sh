#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest that counts instructions: what reserved memory gives back. A working
# set larger than memory is used, while an area for contiguous allocations is kept;
# then buffers are taken from it. The set is a file on a disk as slow as an SD card,
# or anonymous memory that is swapped to such a disk, or to zram.
#
# usage: giveback.sh files|swap|zram reserved|cma|dmem [POLICY]
#
# Lines: "WARM work way policy NAME=VALUE...", "WORK ..." likewise, and
# "ALLOC work way policy bytes nanoseconds". The disk is null_blk in memory, which
# is filled before anything is measured: what is left is the machine's memory.
# Its throttle counts the guest's time, which QEMU's, by the host's clock, does not.
work=$1
way=$2
policy=${3:--}
area_mib=${DMEM_BENCH_AREA:-64}
disk_mib=400
uses=${DMEM_BENCH_USES:-25000}
debug=/sys/kernel/debug
PATH=$PATH:/surety-bin
export DM_DISABLE_UDEV=1

# What follows would measure something else.
must() {
	"$@" && return
	echo "giveback.sh: failed: $*" >&2
	exit 1
}

# map NAME DISK [OPTIONS]: with the cache or without.
map() {
	size=$(blockdev --getsz "$2")
	if [ "$way" = dmem ]; then
		must dmsetup create "$1" --table "0 $size dmem $2 0${3:+ $3}"
	else
		must dmsetup create "$1" --table "0 $size linear $2 0"
	fi
}

# slow_disk NAME MIB: half a millisecond a request, 20 MB a second, as an SD card.
slow_disk() {
	mkdir "/sys/kernel/config/nullb/$1"
	for setting in "size $2" "blocksize 4096" "memory_backed 1" "irqmode 2" \
		"completion_nsec 500000" "mbps 20"; do
		echo "${setting#* }" >"/sys/kernel/config/nullb/$1/${setting% *}"
	done
	echo 1 >"/sys/kernel/config/nullb/$1/power"
	echo 0 >"/sys/block/$1/queue/add_random"
	dd if=/dev/zero of="/dev/$1" bs=1M oflag=direct 2>/dev/null
}

area() {
	must insmod /modules/dmem.ko
	case $way in
	reserved | dmem)
		must insmod /modules/gcma.ko "areas=bench:${area_mib}M" zeroed_pool=0
		must insmod /modules/test/gcma_client.ko
		client=gcma
		;;
	cma)
		must insmod /modules/test/cma_client.ko
		client=cma
		;;
	esac
}

# measured SET DISK: after as many uses for warmth, by which time every way is in
# its steady state. Nothing that setting up left in the cache is counted.
measured() {
	[ "$way" != dmem ] || must dmsetup message d 0 drop
	must dmem_work "$1" "$uses" "$uses" dm-0 "$2" >/tmp/work
	sed "1s/^/WARM $work $way $policy /; 2s/^/WORK $work $way $policy /" /tmp/work
}

files() {
	slow_disk nullb1 "$disk_mib"
	map d /dev/nullb1
	must mkfs.ext4 -q -F -b 4096 -O ^has_journal /dev/mapper/d
	mkdir -p /mnt
	must mount -o noatime,noinit_itable /dev/mapper/d /mnt
	dd if=/dev/zero of=/mnt/file bs=1M count="$set_mib" 2>/dev/null
	sync
	echo 1 >/proc/sys/vm/drop_caches
	measured /mnt/file nullb1
}

# swap_to DISK: every page is verified whenever it is used.
swap_to() {
	map d "/dev/$1" "1 swap"
	must mkswap /dev/mapper/d >/dev/null
	must swapon /dev/mapper/d
	measured "$set_mib" "$1"
}

swap() {
	slow_disk nullb1 "$disk_mib"
	swap_to nullb1
}

# What unpacking a page as dmem_work has them costs: direct reads of such pages, and
# of pages that were never written, which zram needs not unpack.
unpacking() {
	echo 1 >/proc/sys/vm/nr_hugepages
	head -c 2048 /dev/urandom >/tmp/page
	head -c 2048 /dev/zero >>/tmp/page
	for _ in $(seq 10); do
		cat /tmp/page /tmp/page >/tmp/pages
		mv /tmp/pages /tmp/page
	done
	must dd if=/tmp/page of=/dev/zram0 bs=1M oflag=direct 2>/dev/null
	must dmem_io /dev/zram0 read direct 4096 27 | sed 's/^/# unpacked page of zram, ns /'
	echo 1 >/sys/block/zram0/reset
	echo "${set_mib}M" >/sys/block/zram0/disksize
	must dmem_io /dev/zram0 read direct 4096 27 | sed 's/^/# empty page of zram, ns /'
	echo 0 >/proc/sys/vm/nr_hugepages
	rm /tmp/page
}

# The disk is not used, but takes memory; less than in the other works, since what is
# swapped stays in memory, packed. The swap area is as large as the set, so that the
# kernel gives up what zram holds of pages that are in memory again. With a larger set
# no way gets far: zram cannot take more when memory is out.
zram() {
	slow_disk nullb1 $((disk_mib - 10))
	echo "${set_mib}M" >/sys/block/zram0/disksize
	unpacking
	swap_to zram0
}

# Contiguous buffers out of what the file's pages filled.
allocate() {
	for bytes in 1048576 4194304 16777216; do
		echo "$((bytes / 4096)) 3" >"$debug/${client}_client/alloc"
		sed "s/^/ALLOC $work $way $policy $bytes /" "$debug/${client}_client/times"
		echo 1 >"$debug/${client}_client/release"
	done
}

mount -t configfs configfs /sys/kernel/config 2>/dev/null
area
[ "$policy" = - ] || must sh -c "echo $policy >$debug/dmem/policy"
free -m | sed 's/^/# /'
case $work in
files) set_mib=384 ;;
swap) set_mib=288 ;;
zram) set_mib=240 ;;
*) exit 2 ;;
esac
$work
allocate
sed 's/^/# /' $debug/dmem/stores
grep -E '^(MemTotal|CmaTotal)' /proc/meminfo | sed 's/^/# /'
exit 0
