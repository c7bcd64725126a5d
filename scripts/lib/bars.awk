# SPDX-License-Identifier: GPL-2.0
# Lines "group,series,value" to an SVG with grouped bars. Variable: title.
function colour(i) {
	split("#999999 #4477aa #66ccee #228833 #ccbb44 #ee6677 #aa3377", c, " ")
	return c[(i - 1) % 7 + 1]
}
function text(x, y, anchor, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, s
}
{
	if (!($1 in g))
		groups[g[$1] = ++ng] = $1
	if (!($2 in s))
		series[s[$2] = ++ns] = $2
	value[$1, $2] = $3
	if ($3 > high)
		high = $3
}
END {
	bar = 14
	wide = ns * bar + 24
	width = 70 + ng * wide + 150
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"440\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"11\">\n", width
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	text(60, 20, "start", title)
	for (i = 0; i <= 5; i++) {
		y = 360 - 310 * i / 5
		printf "<line x1=\"60\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>\n", width - 150, y, y
		text(54, y + 4, "end", sprintf("%.0f", high * i / 5))
	}
	for (i = 1; i <= ng; i++) {
		x = 70 + (i - 1) * wide
		for (j = 1; j <= ns; j++) {
			if (!((groups[i], series[j]) in value))
				continue
			h = 310 * value[groups[i], series[j]] / high
			printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"><title>%s</title></rect>\n", x + (j - 1) * bar, 360 - h, bar - 2, h, colour(j), value[groups[i], series[j]]
		}
		n = split(groups[i], word, " ")
		for (k = 1; k <= n; k++)
			text(x + ns * bar / 2, 362 + 13 * k, "middle", word[k])
	}
	for (j = 1; j <= ns; j++) {
		printf "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", width - 140, 40 + 18 * j, colour(j)
		text(width - 125, 49 + 18 * j, "start", series[j])
	}
	print "</svg>"
}
