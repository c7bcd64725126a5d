#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest that counts instructions: what reserved memory gives back. A working
# set larger than memory is read from a disk as slow as an SD card, while an
# area for contiguous allocations is kept; then buffers are taken from it.
#
# usage: giveback.sh reserved|cma|dmem
#
# Lines: "WORK way seconds MiB/s disk_MiB", "ALLOC way bytes nanoseconds". The disk
# is null_blk in memory, which is filled before anything is measured: what is left
# is the machine's memory.
way=$1
area_mib=${DMEM_BENCH_AREA:-64}
disk_mib=240
file_mib=${DMEM_BENCH_FILE:-224}
reads=${DMEM_BENCH_READS:-6000}
debug=/sys/kernel/debug
PATH=$PATH:/surety-bin
export DM_DISABLE_UDEV=1

# map NAME DISK: with the cache or without.
map() {
	size=$(blockdev --getsz "$2")
	if [ "$way" = dmem ]; then
		dmsetup create "$1" --table "0 $size dmem $2 0"
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

# MiB that a disk has read so far.
disk_read() {
	awk '{ print int($3 / 2048) }' "/sys/block/$1/stat"
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

work() {
	mkfs.ext4 -q -F -b 4096 -O ^has_journal /dev/mapper/d
	mkdir -p /mnt
	mount -o noatime /dev/mapper/d /mnt || exit 1
	dd if=/dev/zero of=/mnt/file bs=1M count="$file_mib" 2>/dev/null
	sync
	echo 1 >/proc/sys/vm/drop_caches
	dmem_work /mnt/file "$reads" 1 >/tmp/warm
	before=$(disk_read nullb1)
	# shellcheck disable=SC2046 # two figures
	echo "WORK $way $(dmem_work /mnt/file "$reads" 2) $(($(disk_read nullb1) - before))"
}

# Contiguous buffers out of what the file's pages filled.
allocate() {
	for bytes in 1048576 4194304 16777216; do
		echo "$((bytes / 4096)) 3" >"$debug/${client}_client/alloc"
		sed "s/^/ALLOC $way $bytes /" "$debug/${client}_client/times"
		echo 1 >"$debug/${client}_client/release"
	done
}

mount -t configfs configfs /sys/kernel/config 2>/dev/null
area
slow_disk nullb1 $disk_mib
map d /dev/nullb1
free -m | sed 's/^/# /'
work
allocate
[ ! -e $debug/dmem/stores ] || sed 's/^/# /' $debug/dmem/stores
grep -E '^(MemTotal|CmaTotal)' /proc/meminfo | sed 's/^/# /'
exit 0
