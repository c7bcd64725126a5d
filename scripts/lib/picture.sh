# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Pictures of results: SVG is written by awk, PNG made of it by librsvg.

# picture_bars TITLE SVG: lines "group,series,value" as grouped bars.
picture_bars() {
	awk -F, -v title="$1" -f "$REPO/scripts/lib/bars.awk" >"$2"
}

# picture_png NAME...: build/results/NAME.png of each NAME.svg. Where this machine
# has no rsvg-convert it is fetched for a copy of the Debian tree.
picture_png() {
	local name
	if command -v rsvg-convert >/dev/null; then
		for name; do
			rsvg-convert -o "$BUILD/results/$name.png" "$BUILD/results/$name.svg"
		done
		return
	fi
	tree_need "$DEFAULT_SUITE"
	# shellcheck disable=SC2016 # for the inner shell
	logged "$BUILD/results/picture.log" tree_run "$DEFAULT_SUITE" "" "$BUILD/results" 0:0 sh -c '
		apt-get -q update && apt-get -q -y --no-install-recommends install librsvg2-bin fonts-dejavu-core &&
		for name; do rsvg-convert -o "/out/$name.png" "/out/$name.svg" || exit 1; done' sh "$@" ||
		say "no PNG: rsvg-convert (librsvg2-bin) cannot be had"
}
