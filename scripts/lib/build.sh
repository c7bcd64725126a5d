# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Modules and test programs. Each kernel has a copy of the sources of its own in
# build/modules/KERNEL/src, since Kbuild leaves its objects beside the sources:
#
#   build/modules/KERNEL/ko         NAME.ko, stripped, for the guest's /modules
#   build/modules/KERNEL/ko/test    the test-only modules
#   build/modules/KERNEL/build.log  what the compiler said
#   build/bin/                      tests/src/NAME.c and NAME/*.c, for the guest's
#                                   /surety-bin

BUILD_SOURCES='Kbuild compat include ama_core ext2mfr dmem gcma tests/modules'

build_sources() {
	local part
	cd "$REPO" || return 1
	for part in $BUILD_SOURCES; do
		[ ! -e "$part" ] || find "$part" -type f \
			! -name '*.o' ! -name '*.cmd' ! -name '*.ko' ! -name '*.mod*' \
			! -name '*.symvers' ! -name '*.order' ! -path 'compat/features.*'
	done
}

# Changes whenever a source or the kernel does.
build_state() {
	(
		cd "$REPO" || exit 1
		build_sources | sort | xargs -d '\n' stat -c '%n %Y %s'
		cat "$(kernel_path "$1")/origin" "$(kernel_path "$1")/release"
	) | hash_of
}

# Copy what changed, with its time stamps, and remove what is gone.
build_copy() {
	local target=$1 file
	mkdir -p "$target"
	build_sources | sort >"$target/../sources.new"
	if [ -f "$target/../sources" ]; then
		comm -13 "$target/../sources.new" "$target/../sources" | while read -r file; do
			rm -f "$target/$file"
		done
	fi
	mv "$target/../sources.new" "$target/../sources"
	(cd "$REPO" && xargs -d '\n' cp -u --preserve=timestamps --parents -t "$target") <"$target/../sources"
}

build_run() {
	local kernel=$1 out=$2
	shift 2
	tree_run "$(kernel_suite "$kernel")" "$(kernel_path "$kernel")/root" "$out" \
		"$(id -u):$(id -g)" "$@"
}

build_kernel_locked() {
	local kernel=$1 out=$BUILD/modules/$1 state
	state=$(build_state "$kernel")
	[ "$state" != "$(cat "$out/state" 2>/dev/null)" ] || return 0
	rm -f "$out/state"
	step "building the modules for $kernel"
	build_copy "$out/src"
	LOGGED_LINES=40 logged "$out/build.log" build_run "$kernel" "$out" \
		sh /surety/scripts/lib/make-modules "$(kernel_release "$kernel")" || return 1
	grep -E 'warning:|WARNING: modpost' "$out/build.log" >&2 || true
	echo "$state" >"$out/state"
}

# build_kernel NAME: nothing happens when nothing changed.
build_kernel() {
	kernel_need "$1"
	mkdir -p "$BUILD/modules/$1"
	with_lock "$BUILD/modules/$1/lock" build_kernel_locked "$1" ||
		die "the modules do not build for $1"
}

build_programs_locked() {
	local state out=$BUILD/bin
	state=$(cd "$REPO" && find tests/src include -type f -printf '%p %T@ %s\n' | sort | hash_of)
	[ "$state" != "$(cat "$out.state" 2>/dev/null)" ] || return 0
	step "building the test programs"
	logged "$out.log" tree_run "$DEFAULT_SUITE" "" "$out" "$(id -u):$(id -g)" \
		sh /surety/scripts/lib/make-programs || return 1
	grep 'warning:' "$out.log" >&2 || true
	echo "$state" >"$out.state"
}

build_programs() {
	mkdir -p "$BUILD/bin"
	tree_need "$DEFAULT_SUITE"
	with_lock "$BUILD/bin.lock" build_programs_locked || die "the test programs do not build"
}
