# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Runs of the workload under injected failures: plans them, boots guests for
# them, judges what they left behind. For scripts/demo, the tests and the table
# of the benchmark.
#
# A cell is (driver, policy, level, probability) with some runs, each on a fresh
# image with a seed of its own. The runs of a cell share a guest; when it dies or
# hangs, the run it was at is counted and the others go on in a new one.
#
# Expects scripts/lib/common.sh, console.sh, tree.sh and build.sh to be read
# already.

FAULTS=$BUILD/faults
FAULTS_IMAGE_MB=${FAULTS_IMAGE_MB:-40}
FAULTS_FILES=2400
FAULTS_WORKERS=${FAULTS_WORKERS:-4}
FAULTS_OPS=${FAULTS_OPS:-100}

# One at a time in a checkout: the images and cells have fixed names.
faults_lock() {
	mkdir -p "$FAULTS"
	exec {faults_locked}>"$FAULTS.lock"
	flock -n "$faults_locked" || die "another run under injected failures uses build/faults"
}

# Tools that read the images run natively, in a view of the Debian tree.
faults_tool() {
	tree_run "$DEFAULT_SUITE" "" "$FAULTS" "$(id -u):$(id -g)" "$@"
}

# What a label means: kernel driver, how its image is made, mount options.
#   ext4-on-ext2 is how a stock Debian kernel mounts ext2.
faults_driver() {
	driver_make=$1 driver_type=$1 driver_options=
	case $1 in
	ext2mfr)
		driver_make=ext2 driver_options=mfr=$2 ;;
	ext4-on-ext2)
		driver_make=ext2 driver_type=ext4 ;;
	ext2 | ext4 | xfs | btrfs | jfs | f2fs) ;;
	*)
		die "no driver $1" ;;
	esac
}

# A real directory tree, from installed packages, and its checksums.
faults_tree() {
	[ ! -f "$FAULTS/tree.list" ] || return 0
	step "collecting a tree of $FAULTS_FILES files from installed packages"
	rm -rf "$FAULTS/tree"
	mkdir -p "$FAULTS/tree"
	(
		cd "$(tree_path "$DEFAULT_SUITE")" || exit 1
		find etc usr/include usr/share -type f -size -48k -perm -a+r |
			sort | sed -n "1,${FAULTS_FILES}p"
		find usr/include usr/share -type l | sort | head -n 40
	) | tar -C "$(tree_path "$DEFAULT_SUITE")" -cf - -T - | tar -C "$FAULTS/tree" -xf -
	(cd "$FAULTS/tree" && find . -type f | sort | sed 's,^\./,,' |
		xargs -d '\n' cksum) >"$FAULTS/tree.list.new"
	[ "$(wc -l <"$FAULTS/tree.list.new")" -ge 2000 ] || die "the Debian tree is too small"
	mv "$FAULTS/tree.list.new" "$FAULTS/tree.list"
}

# A fresh image for run $3, copied from one that is made once; ext2's block size
# goes round.
faults_image() {
	local make=$1 target=$2 run=$3 base size block=
	size=$FAULTS_IMAGE_MB
	case $make in
	ext2) block=$((1024 << run % 3)) ;;
	xfs) size=320 ;;
	btrfs) size=200 ;;
	jfs | f2fs | ext4) size=96 ;;
	esac
	base=$FAULTS/base-$make${block:+-$block}-$size.img
	if [ ! -f "$base" ]; then
		step "making an image: $make ${block:+with $block byte blocks, }$size MiB"
		truncate -s "${size}M" "$base.new"
		faults_make "$make" "/out/${base##*/}.new" "$block" ||
			die "cannot make a $make image"
		mv "$base.new" "$base"
	fi
	cp --sparse=always "$base" "$target"
}

# Only mke2fs and mkfs.btrfs fill an image; the others are filled by the guest.
faults_make() {
	case $1 in
	ext2) faults_tool mke2fs -q -F -t ext2 -b "$3" -d /out/tree "$2" ;;
	ext4) faults_tool mke2fs -q -F -t ext4 -d /out/tree "$2" ;;
	xfs) faults_tool mkfs.xfs -q "$2" ;;
	btrfs) faults_tool mkfs.btrfs -q -m single -r /out/tree "$2" ;;
	jfs) faults_tool jfs_mkfs -q "$2" ;;
	f2fs) faults_tool mkfs.f2fs -q "$2" ;;
	esac >"$FAULTS/make.log" 2>&1 || { cat "$FAULTS/make.log" >&2; return 1; }
}

# Is image $2 sound, by its own checker, without changing it?
faults_check() {
	case $1 in
	ext2 | ext4) faults_tool e2fsck -fn "$2" ;;
	xfs) faults_tool xfs_repair -n "$2" ;;
	btrfs) faults_tool btrfs check "$2" ;;
	jfs) faults_tool jfs_fsck -n -f "$2" ;;
	f2fs) faults_tool fsck.f2fs --dry-run "$2" ;;
	esac
}

# Do the files of an ext2 or ext4 image still hold what they must? The image is
# read with debugfs, which shares no code with the drivers.
faults_compare() {
	local run=$1 out=$1.unpacked same=0
	rm -rf "$out"
	mkdir "$out"
	faults_tool debugfs -R "rdump / /out/${out#"$FAULTS"/}" "/out/${run#"$FAULTS"/}.img" \
		>/dev/null 2>"$run.debugfs"
	{
		faults_same "$out" "$FAULTS/tree.list" &&
			faults_same "$out/storm" "$run.expected"
	} >"$run.compare" 2>&1 || same=1
	rm -rf "$out"
	return $same
}

# A run in which nobody came to write anything has no list.
faults_same() {
	[ -s "$2" ] || return 0
	(cd "$1" && sed 's/^[0-9]* [0-9]* //' "$2" | xargs -d '\n' cksum) | diff - "$2"
}

# figure JSON NAME: a number of the workload's summary.
faults_figure() {
	sed -n "s/.*\"$2\":\\([0-9]*\\).*/\\1/p" "$1" 2>/dev/null | head -n 1
}

# faults_judge CELL RUN: what kind of end did it have? Prints four flags:
# error abort unusable inconsistent.
faults_judge() {
	local cell=$1 run=$1/$2 error=0 abort=0 unusable=0 inconsistent=0
	local mounted=1 usable=1 unmounted=1 compared=1 underruns=0
	[ "$(faults_figure "$run.json" errors)" = 0 ] || error=1
	if [ ! -s "$run.result" ]; then
		# The guest died or hung in this run; its image was never let go.
		echo "$error 1 1 0"
		return
	fi
	# shellcheck source=/dev/null
	. "$run.result"
	[ "$mounted" = 1 ] || die "the driver does not mount its image: see $run.log"
	[ "$(faults_figure "$run.json" killed)" = 0 ] || abort=1
	grep -qaE 'kernel BUG at|Oops: |general protection fault|BUG: ' "$run.dmesg" && abort=1
	# Of ext2mfr the kernel may not report anything at all.
	if [[ ${cell##*/} == *-ext2mfr-* ]]; then
		[ "$underruns" = 0 ] && ! console_reports "$run.dmesg" >/dev/null || abort=1
	fi
	[ "$(faults_figure "$run.json" stuck)" = 0 ] && [ "$usable" = 1 ] &&
		[ "$unmounted" = 1 ] || unusable=1
	if [ "$unmounted" = 1 ]; then
		faults_check "$driver_make" "/out/${run#"$FAULTS"/}.img" >"$run.fsck" 2>&1 ||
			inconsistent=1
		case $driver_make in
		ext2 | ext4) faults_compare "$run" || inconsistent=1 ;;
		*) [ "$compared" = 1 ] || inconsistent=1 ;;
		esac
	fi
	[ "$(faults_figure "$run.json" mismatches)" = 0 ] || inconsistent=1
	echo "$error $abort $unusable $inconsistent"
}

# Boot guests until every run of the plan has begun. Each dies with us.
faults_boot() {
	local cell=$1 kernel=$2 tolerate=$3 runs=$4 run disks todo left=99 status leaks=
	[ -n "$tolerate" ] || [[ $kernel != debug-* ]] || leaks=1
	while :; do
		disks=() todo=0
		: >"$cell/plan"
		for ((run = 1; run <= runs; run++)); do
			[ ! -e "$cell/$run.begin" ] || continue
			disks+=(--disk "$cell/$run.img")
			echo "$run" >>"$cell/plan"
			todo=$((todo + 1))
		done
		[ $todo -gt 0 ] || return 0
		# A guest that does not even begin will not do so next time.
		[ $todo -lt $left ] || die "the guest does not start; see $cell/vm.log"
		left=$todo
		status=0
		setpriv --pdeathsig TERM "$REPO/scripts/vm" --kernel "$kernel" \
			--no-modules ${tolerate:+--tolerate} ${leaks:+--leaks} \
			--mem "${FAULTS_MEM:-512}" --timeout $((300 + 60 * todo)) \
			--share "$cell" "${disks[@]}" -- \
			sh tests/faults/guest.sh >>"$cell/vm.log" 2>&1 || status=$?
		# Somebody wants all of this to end.
		[ "$status" -lt 129 ] || exit "$status"
	done
}

# faults_cell KERNEL DRIVER POLICY LEVEL PROBABILITY RUNS: LEVEL is page, slab or
# both, with "kernel-" before it for the kernel's own injection; PROBABILITY in
# per cent. Sets cell_runs, cell_error, cell_abort, cell_unusable,
# cell_inconsistent, cell_injected, cell_calls, cell_errors and cell_reports.
faults_cell() {
	local kernel=$1 label=$2 policy=$3 level=$4 percent=$5 runs=$6 run flags tolerate=1
	local driver_make driver_type driver_options
	faults_driver "$label" "$policy"
	[ "$label" != ext2mfr ] || tolerate=
	local cell=$FAULTS/$kernel-$label-$policy-$level-$percent
	rm -rf "$cell"
	mkdir -p "$cell"
	for ((run = 1; run <= runs; run++)); do
		faults_image "$driver_make" "$cell/$run.img" "$run"
	done
	cp "$FAULTS/tree.list" "$cell/"
	case $driver_make in
	xfs | jfs | f2fs) tar -C "$FAULTS/tree" -cf "$cell/tree.tar" . ;;
	esac
	cat >"$cell/conf" <<-END
		type=$driver_type
		options=$driver_options
		level=$level
		percent=$percent
		workers=$FAULTS_WORKERS
		ops=$FAULTS_OPS
		seed=${FAULTS_SEED:-1}
	END
	faults_boot "$cell" "$kernel" "$tolerate" "$runs"

	cell_runs=$runs cell_error=0 cell_abort=0 cell_unusable=0 cell_inconsistent=0
	cell_injected=0 cell_calls=0 cell_errors=0
	for ((run = 1; run <= runs; run++)); do
		flags=$(faults_judge "$cell" "$run") || exit
		echo "$flags" >"$cell/$run.flags"
		faults_add "$cell/$run" "$flags"
		rm -f "$cell/$run.img"
	done
	cell_reports=$(($(console_reports "$cell"/*.dmesg | wc -l) +
		$(grep -c '^vm: failed because' "$cell/vm.log" || true)))
}

faults_add() {
	local run=$1 error abort unusable inconsistent figure
	read -r error abort unusable inconsistent <<<"$2"
	cell_error=$((cell_error + error))
	cell_abort=$((cell_abort + abort))
	cell_unusable=$((cell_unusable + unusable))
	cell_inconsistent=$((cell_inconsistent + inconsistent))
	# A run that ended early may have left none of these.
	figure=$(cat "$run.injected" 2>/dev/null) || true
	cell_injected=$((cell_injected + ${figure:-0}))
	figure=$(faults_figure "$run.json" calls)
	cell_calls=$((cell_calls + ${figure:-0}))
	figure=$(faults_figure "$run.json" errors)
	cell_errors=$((cell_errors + ${figure:-0}))
}

# faults_row KERNEL DRIVER POLICY LEVEL PROBABILITY: the cell as an object.
faults_row() {
	printf '{"kernel": "%s", "fs": "%s", "policy": "%s", "level": "%s", "probability": %s, ' \
		"$1" "$2" "$3" "$4" "$(awk "BEGIN { print $5 / 100 }")"
	printf '"runs": %d, "error": %d, "abort": %d, "unusable": %d, "inconsistent": %d, ' \
		"$cell_runs" "$cell_error" "$cell_abort" "$cell_unusable" "$cell_inconsistent"
	printf '"calls": %d, "calls_failed": %d, "injected": %d, "kernel_reports": %d}\n' \
		"$cell_calls" "$cell_errors" "$cell_injected" "$cell_reports"
}

faults_head() {
	printf '%-13s %-6s %-11s %4s %5s | %5s %5s %8s %12s | %7s %8s %8s\n' \
		"file system" policy level p runs error abort unusable inconsistent calls failed injected
	printf -- '---------------------------------------------+------------------------------------+--------------------------\n'
}

faults_line() {
	printf '%-13s %-6s %-11s %4s %5d | %5d %5d %8d %12d | %7d %8d %8d\n' "$1" "$2" "$3" \
		"$(awk "BEGIN { print $4 / 100 }")" "$cell_runs" "$cell_error" "$cell_abort" \
		"$cell_unusable" "$cell_inconsistent" "$cell_calls" "$cell_errors" "$cell_injected"
}

# faults_results FILE: rows on stdin, one a line, become an object with rows.
faults_results() {
	mkdir -p "$BUILD/results"
	{
		echo '{"rows": ['
		sed '$!s/$/,/'
		echo ']}'
	} >"$BUILD/results/$1.new"
	mv "$BUILD/results/$1.new" "$BUILD/results/$1"
}
