#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest that counts instructions: what reserved memory gives back. A working
# set larger than memory is used, while an area for contiguous allocations is kept;
# then buffers are taken from it. The set is a file on a disk as slow as an SD card,
# or anonymous memory that is swapped to such a disk, or to zram.
#
# usage: giveback.sh files|swap|zram reserved|cma|dmem
#
# Lines: "WORK work way seconds MiB/s disk_MiB", "ALLOC work way bytes nanoseconds".
# The disk is null_blk in memory, which is filled before anything is measured: what
# is left is the machine's memory.
work=$1
way=$2
area_mib=${DMEM_BENCH_AREA:-64}
disk_mib=240
uses=${DMEM_BENCH_USES:-6000}
debug=/sys/kernel/debug
PATH=$PATH:/surety-bin
export DM_DISABLE_UDEV=1

# map NAME DISK [OPTIONS]: with the cache or without.
map() {
	size=$(blockdev --getsz "$2")
	if [ "$way" = dmem ]; then
		dmsetup create "$1" --table "0 $size dmem $2 0${3:+ $3}"
	else
		dmsetup create "$1" --table "0 $size linear $2 0"
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
	insmod /modules/dmem.ko
	case $way in
	reserved | dmem)
		insmod /modules/gcma.ko "areas=bench:${area_mib}M" zeroed_pool=0 || exit 1
		insmod /modules/test/gcma_client.ko
		client=gcma
		;;
	cma)
		insmod /modules/test/cma_client.ko
		client=cma
		;;
	esac
}

# measured SET DISK WARM: past so many uses of it before.
measured() {
	echo "WORK $work $way $(dmem_work "$1" "$3" "$uses" "$2")"
}

files() {
	slow_disk nullb1 "$disk_mib"
	map d /dev/nullb1
	mkfs.ext4 -q -F -b 4096 -O ^has_journal /dev/mapper/d
	mkdir -p /mnt
	mount -o noatime /dev/mapper/d /mnt || exit 1
	dd if=/dev/zero of=/mnt/file bs=1M count="$set_mib" 2>/dev/null
	sync
	echo 1 >/proc/sys/vm/drop_caches
	measured /mnt/file nullb1 "$uses"
}

# swap_to DISK: every page is verified whenever it is used. All of them are new to
# the swap area at first, and are written to it before anything is measured.
swap_to() {
	map d "/dev/$1" "1 swap"
	mkswap /dev/mapper/d >/dev/null && swapon /dev/mapper/d || exit 1
	measured "$set_mib" "$1" $((uses * 5))
}

swap() {
	slow_disk nullb1 "$disk_mib"
	swap_to nullb1
}

# The disk is not used, but takes as much memory as in the other works.
zram() {
	slow_disk nullb1 "$disk_mib"
	echo "${disk_mib}M" >/sys/block/zram0/disksize
	swap_to zram0
}

# Contiguous buffers out of what the file's pages filled.
allocate() {
	for bytes in 1048576 4194304 16777216; do
		echo "$((bytes / 4096)) 3" >"$debug/${client}_client/alloc"
		sed "s/^/ALLOC $work $way $bytes /" "$debug/${client}_client/times"
		echo 1 >"$debug/${client}_client/release"
	done
}

mount -t configfs configfs /sys/kernel/config 2>/dev/null
area
free -m | sed 's/^/# /'
case $work in
files) set_mib=224 ;;
swap) set_mib=288 ;;
zram) set_mib=256 ;;
*) exit 2 ;;
esac
$work
allocate
[ ! -e $debug/dmem/stores ] || sed 's/^/# /' $debug/dmem/stores
grep -E '^(MemTotal|CmaTotal)' /proc/meminfo | sed 's/^/# /'
exit 0
