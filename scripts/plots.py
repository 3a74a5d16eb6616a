# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""plots - lines and bars as SVG, for scripts/make-report: readable on light and dark, without any other file."""

import html
import math

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 74, 172, 34, 52
# Distinct also to the colour-blind (Okabe and Ito), and on both backgrounds.
COLOURS = ["#808890", "#0f7ac0", "#e0601a", "#0a9a73", "#c9699f", "#d99b10", "#5aaee0", "#9a7bd0"]
STYLE = """
.plot { font: 12px sans-serif; } .plot text { fill: #202428; } .plot .title { font-weight: bold; font-size: 13px; }
.plot .back { fill: #ffffff; } .plot .grid { stroke: #d8dce0; stroke-width: 1; } .plot .axis { stroke: #606870; fill: none; }
.plot .line { fill: none; stroke-linejoin: round; } .plot .tick { font-size: 11px; }
.plot .small { font-size: 9.5px; }
@media (prefers-color-scheme: dark) { .plot text { fill: #e4e8ec; } .plot .back { fill: #16191d; }
.plot .grid { stroke: #343a42; } .plot .axis { stroke: #9aa2aa; } }
"""


def short(value):
    """A number for a tick or a label."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


class Scale:
    """From values to a coordinate; logarithmic where they span much."""

    def __init__(self, values, low, high, logarithmic, zero=False):
        self.log = logarithmic
        values = [value for value in values if not logarithmic or value > 0] or [1]
        self.first, self.last = min(values), max(values)
        if logarithmic:
            self.first = 10 ** math.floor(math.log10(self.first) + 1e-9) if zero else self.first
            self.last = 10 ** math.ceil(math.log10(self.last) - 1e-9) if zero else self.last
        elif zero:
            self.first, self.last = min(0, self.first), self.last * 1.05
        if self.last <= self.first:
            self.last = self.first * 10 if logarithmic else self.first + 1
        self.low, self.high = low, high

    def at(self, value):
        if self.log:
            part = math.log(max(value, self.first) / self.first) / math.log(self.last / self.first)
        else:
            part = (value - self.first) / (self.last - self.first)
        return self.low + part * (self.high - self.low)

    def ticks(self):
        if self.log:
            first, last = math.floor(math.log10(self.first)), math.ceil(math.log10(self.last))
            step = max(1, (last - first) // 7)
            return [10 ** power for power in range(first, last + 1, step)
                    if self.first * 0.999 <= 10 ** power <= self.last * 1.001]
        raw = (self.last - self.first) / 6
        size = 10 ** math.floor(math.log10(raw))
        step = next(size * by for by in (1, 2, 5, 10) if size * by >= raw)
        return [step * i for i in range(math.ceil(self.first / step), math.floor(self.last / step) + 1)]


class Picture:
    def __init__(self, title, x_label, y_label):
        self.parts = [f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
                      f'<text class="title" x="{LEFT}" y="20">{html.escape(title)}</text>']
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, "middle")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.parts.append(f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle">'
                          f'{html.escape(y_label)}</text>')
        self.title = title

    def text(self, x, y, what, anchor="start", kind="tick"):
        self.parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(what)}</text>')

    def rows(self, scale):
        for tick in scale.ticks():
            y = scale.at(tick)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            self.text(LEFT - 6, y + 4, short(tick), "end")

    def frame(self):
        self.parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')

    def legend(self, names):
        for i, name in enumerate(names):
            y = TOP + 8 + 18 * i
            self.parts.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{y - 8}" width="12" height="10" '
                              f'fill="{COLOURS[i % len(COLOURS)]}"/>')
            self.text(WIDTH - RIGHT + 30, y + 1, name)

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                f'height="{HEIGHT}" role="img" aria-label="{html.escape(self.title, True)}">'
                f'<style>{STYLE}</style>' + "\n".join(self.parts) + "</svg>")


def lines(title, x_label, y_label, series, x_log=True, y_log=True):
    """@series: {name: [(x, y)]}."""
    picture = Picture(title, x_label, y_label)
    points = [point for curve in series.values() for point in curve]
    x_scale = Scale([x for x, _ in points], LEFT + 8, WIDTH - RIGHT - 8, x_log)
    y_scale = Scale([y for _, y in points], HEIGHT - BOTTOM, TOP, y_log, zero=True)
    picture.rows(y_scale)
    shown = sorted({x for x, _ in points})
    for tick in shown if len(shown) <= 12 else x_scale.ticks():
        picture.text(x_scale.at(tick), HEIGHT - BOTTOM + 16, short(tick), "middle")
    picture.frame()
    for i, curve in enumerate(series.values()):
        colour = COLOURS[i % len(COLOURS)]
        at = [(x_scale.at(x), y_scale.at(y)) for x, y in sorted(curve)]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        wide = 2 + (len(series) - 1 - i) * 1.2      # what lies under another shows at its edges
        picture.parts.append(f'<path class="line" stroke="{colour}" stroke-width="{wide:.1f}" d="{path}"/>')
        picture.parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" fill="{colour}"/>' for x, y in at)
    picture.legend(series)
    return picture.svg()


def bars(title, y_label, groups, names, y_log=False):
    """@groups: {group: [value or None for each of @names]}."""
    picture = Picture(title, "", y_label)
    values = [value for group in groups.values() for value in group if value is not None]
    # The least of them is to be seen as well.
    scale = Scale([*values, *(value * 0.99 for value in values)], HEIGHT - BOTTOM, TOP, y_log, zero=True)
    picture.rows(scale)
    picture.frame()
    room = (WIDTH - RIGHT - LEFT) / max(1, len(groups))
    width = room * 0.84 / max(1, len(names))
    for i, (group, heights) in enumerate(groups.items()):
        left = LEFT + room * i + room * 0.08
        picture.text(left + room * 0.42, HEIGHT - BOTTOM + 16, group, "middle", "tick" if len(groups) < 9 else "small")
        for j, value in enumerate(heights):
            if value is None:
                continue
            top = min(scale.at(value), HEIGHT - BOTTOM - 1)
            picture.parts.append(f'<rect x="{left + j * width:.1f}" y="{top:.1f}" width="{max(1, width - 1):.1f}" '
                                 f'height="{HEIGHT - BOTTOM - top:.1f}" fill="{COLOURS[j % len(COLOURS)]}">'
                                 f'<title>{html.escape(f"{group}, {names[j]}: {short(value)}")}</title></rect>')
    picture.legend(names)
    return picture.svg()
