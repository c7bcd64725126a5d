# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# In the guest: what the scripts beside this file share.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh
# Read by those scripts.
# shellcheck disable=SC2034
gcma=/sys/kernel/debug/gcma

# figure FILE NAME: a value of a debugfs file.
figure() {
	awk -v name="$2" '$1 == name { print $2 }' "$gcma/$1"
}

# load PARAMETER...: gcma alone, anew.
load() {
	rmmod gcma 2>/dev/null
	modprobe configfs 2>/dev/null
	insmod /modules/gcma.ko "$@"
}

# refused MESSAGE PARAMETER...: loading fails, says why, and leaves nothing.
refused() {
	message=$1
	shift
	dmesg -C
	if load "$@" 2>/dev/null; then
		report 1 "refused: $*"
		return
	fi
	dmesg | grep -q "$message"
	report $? "refused, saying \"$message\": $*"
}

# run_test TEST AREA [OPS [SEED]]: of the kernel's side, see tests/modules/gcma_test.
run_test() {
	echo "$*" >/sys/kernel/debug/gcma_test/run || not_ok "$* (exit status of the test)"
	cat /sys/kernel/debug/gcma_test/result
}

# Wait until a command succeeds, ten seconds at most.
wait_for() {
	within 10 "$@"
}

# hold BYTES [COUNT]: a process that holds buffers of the heap "video"; its
# number is in $holder.
hold() {
	/surety-bin/gcma_hold video "$@" >/tmp/hold &
	holder=$!
	wait_for grep -q holding /tmp/hold
}

# The process that holds buffers dies.
let_go() {
	kill -9 "$holder"
	wait "$holder" 2>/dev/null
}

# same DESCRIPTION ACTUAL EXPECTED
same() {
	check_is "$1: $3" "$3" "$2"
}

# capture FRAMES: video of a stock driver in buffers of the heap, with every allocator
# it has: 1 wants memory that is contiguous for the device, 0 maps it for the CPU.
capture() {
	if ! modprobe vivid n_devs=2 allocators=1,0 node_types=0x1,0x1 2>/dev/null; then
		skip "video capture into buffers of the heap" "this kernel has no vivid"
		return
	fi
	for video in /dev/video0 /dev/video1; do
		/surety-bin/gcma_capture $video /dev/dma_heap/video "$1" || tests_failed=1
	done
	wait_for rmmod vivid
	report $? "the video driver unloads"
}

tracing=/sys/kernel/tracing

# watch_claims: have the kernel tell of each range of frames that is taken from
# it and given back to it, and of each migration, whoever asks, but the kernel's
# own threads that do so at any time.
watch_claims() {
	take=$(awk '$3 ~ /^alloc_contig_range(_noprof)?$/ { print $3; exit }' /proc/kallsyms)
	{
		echo "p:claims/asked $take first=%di:u64 end=%si:u64"
		echo "r:claims/answered $take error=\$retval:s32"
		echo 'p:claims/returned free_contig_range first=%di:u64 nr=%si:u64'
		echo 'p:claims/migrated migrate_pages'
	} >$tracing/kprobe_events
	echo 'comm != "kcompactd0" && comm != "khugepaged"' >$tracing/events/claims/migrated/filter
	echo 8192 >$tracing/buffer_size_kb
	echo 1 >$tracing/events/claims/enable
	true >$tracing/trace
}

# events NAME: how many of one kind so far.
events() {
	grep -c " $1: " $tracing/trace
}

# all_returned: is every frame that was taken since watch_claims back, and none
# of a boot reservation held? Says how many in $returned.
all_returned() {
	returned=$(awk '
		function value(name) {
			match($0, name "=-?[0-9]+")
			# A number: as strings 9 would not be below 10.
			return substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) + 0
		}
		/ asked: / { first = value("first"); end = value("end") }
		/ answered: .*error=0$/ {
			for (; first < end; first++) {
				twice += held[first]
				held[first] = 1
				taken++
			}
		}
		/ returned: / {
			first = value("first")
			end = first + value("nr")
			for (; first < end; first++) {
				unasked += !held[first]
				held[first] = 0
				back++
			}
		}
		/^overrun: / { lost += $2 }
		END {
			printf "%d pages taken, %d returned, %d taken twice, %d returned twice%s\n",
				taken, back, twice, unasked, lost ? ", events lost" : ""
			exit !taken || taken != back || twice || unasked || lost
		}' $tracing/trace $tracing/per_cpu/cpu*/stats) && ! grep -q gcma /proc/iomem
}
