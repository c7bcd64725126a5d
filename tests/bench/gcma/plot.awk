# SPDX-License-Identifier: GPL-2.0
# CSV to an SVG: latency (logarithmic) by size (logarithmic), a line for each
# allocator and state. Variables: load; column of the CSV and its name, what.
function log10(x) { return log(x) / log(10) }
function xpos(bytes) { return 90 + 560 * (log(bytes) - log(lowx)) / (log(highx) - log(lowx)) }
function ypos(ns) { return 430 - 390 * (log10(ns) - lowy) / (highy - lowy) }
function text(x, y, anchor, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, s
}
function size(bytes) {
	return bytes >= 1048576 ? bytes / 1048576 " MiB" : bytes / 1024 " KiB"
}
function duration(e) {
	return e >= 9 ? 10 ^ (e - 9) " s" : e >= 6 ? 10 ^ (e - 6) " ms" : e >= 3 ? 10 ^ (e - 3) " us" : 10 ^ e " ns"
}
NR > 1 && $3 == load && $column != "" && $column > 0 {
	name = $1 ", " $2
	clock = $12
	if (!(name in first)) {
		first[name] = 1
		names[++n] = name
	}
	ns[name, $4] = $column
	if (!($4 in seen)) {
		seen[$4] = 1
		sizes[++m] = $4
	}
	low = low == "" || $column < low ? $column : low
	high = $column + 0 > high + 0 ? $column : high
}
END {
	split("#d62728 #1f77b4 #2ca02c #9467bd #ff7f0e #8c564b #e377c2 #17becf #7f7f7f #bcbd22", colour, " ")
	for (i = 1; i < m; i++)
		for (j = i + 1; j <= m; j++)
			if (sizes[j] + 0 < sizes[i] + 0) {
				swap = sizes[i]; sizes[i] = sizes[j]; sizes[j] = swap
			}
	lowx = sizes[1]; highx = m > 1 ? sizes[m] : sizes[1] * 2
	lowy = int(log10(low)); highy = int(log10(high)) + 1
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"900\" height=\"490\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"12\">"
	print "<rect width=\"900\" height=\"490\" fill=\"white\"/>"
	text(370, 22, "middle", what " latency of an allocation, " (load == "none" ? "idle" : "load: " load) (clock == "instructions" ? " (1 ns = 1 instruction)" : ""))
	for (e = lowy; e <= highy; e++) {
		printf "<line x1=\"90\" x2=\"650\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", ypos(10 ^ e), ypos(10 ^ e)
		text(84, ypos(10 ^ e) + 4, "end", duration(e))
	}
	for (i = 1; i <= m; i++)
		text(xpos(sizes[i]), 450, "middle", size(sizes[i]))
	text(370, 474, "middle", "size")
	for (i = 1; i <= n; i++) {
		points = ""
		for (j = 1; j <= m; j++)
			if ((names[i], sizes[j]) in ns)
				points = points sprintf("%.1f,%.1f ", xpos(sizes[j]), ypos(ns[names[i], sizes[j]]))
		printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", points, colour[(i - 1) % 10 + 1]
		printf "<line x1=\"668\" x2=\"692\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>\n", 40 + 20 * i, 40 + 20 * i, colour[(i - 1) % 10 + 1]
		text(700, 44 + 20 * i, "start", names[i])
	}
	print "</svg>"
}
