"""Plots in SVG: groups of bars, and lines on logarithmic scales."""

from collections.abc import Mapping, Sequence
from html import escape
from math import floor, log10
from typing import NamedTuple

__all__ = ["Bar", "draw_bars", "draw_lines", "format_figure"]

_INK, _PALE, _GRID = "#24292f", "#57606a", "#d8dee4"
_OURS, _OTHER = "#0969da", "#afb8c1"
_COLOURS = (_OURS, "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#57606a", "#bf3989", "#0a3069")
_WIDTH = 860
_LEFT = 330
_RIGHT = 90
_ROW = 18


class Bar(NamedTuple):
    """One bar with its name."""

    name: str
    value: float
    is_ours: bool = False


def draw_bars(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], *, is_of_one_unit: bool = True) -> str:
    """Draw groups of bars. The scale fits most of them; a longer bar is cut and marked with an arrow.

    :param is_of_one_unit: whether all groups share one scale.
    """
    values = [bar.value for _, group in groups for bar in group]
    drawn = [_text(20, 28, title, size=16, weight="bold")]
    y = 50
    for name, group in groups:
        drawn.append(_text(20, y + 12, name, weight="bold"))
        y += _ROW + 2
        longest = _choose_scale(values if is_of_one_unit else [bar.value for bar in group])
        for bar in group:
            value = max(bar.value, 0.0)
            width = (_WIDTH - _LEFT - _RIGHT) * min(value, longest) / longest
            drawn.append(_text(_LEFT - 8, y + 12, bar.name, anchor="end", colour=_PALE))
            drawn.append(_rect(_LEFT, y + 2, width, _ROW - 5, _OURS if bar.is_ours else _OTHER))
            mark = " →" if value > longest else ""
            drawn.append(_text(_LEFT + width + 5, y + 12, format_figure(bar.value) + mark))
            y += _ROW
        y += 8
    return _svg(title, y + 10, drawn)


def draw_lines(title: str, across: str, up: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw lines through points, on logarithmic scales."""
    points = [(x, y) for line in series.values() for x, y in line if x > 0 and y > 0]
    left, right, top, bottom = 80, 620, 60, 400
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = (10 ** (floor(log10(pick(y for _, y in points))) + up) for pick, up in ((min, 0), (max, 1)))

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            left + (right - left) * log10(x / low_x) / (log10(high_x / low_x) or 1),
            bottom - (bottom - top) * log10(y / low_y) / log10(high_y / low_y),
        )

    drawn = [_text(20, 28, title, size=16, weight="bold")]
    step = low_y
    while step <= high_y * 1.001:
        y = place(low_x, step)[1]
        drawn.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>')
        drawn.append(_text(left - 8, y + 4, format_figure(step), anchor="end", colour=_PALE))
        step *= 10
    drawn += [
        _text(place(x, low_y)[0], bottom + 18, _format_amount(x), anchor="middle", colour=_PALE)
        for x in sorted({x for x, _ in points})
    ]
    drawn.append(_text((left + right) / 2, bottom + 40, across, anchor="middle"))
    drawn.append(_text(20, top - 12, up, colour=_PALE))
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in line if x > 0 and y > 0)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(_rect(right + 16, top + 22 * number - 9, 12, 12, colour))
        drawn.append(_text(right + 34, top + 22 * number + 1, name))
    return _svg(title, bottom + 60, drawn)


def format_figure(value: float) -> str:
    """Format a number with three significant digits."""
    if not value:
        return "0"
    digits = max(0, 2 - floor(log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}"


def _format_amount(value: float) -> str:
    for unit, size in (("M", 1 << 20), ("k", 1 << 10)):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _choose_scale(values: Sequence[float]) -> float:
    """Choose the length of the scale: a few very long bars would make all others look the same."""
    ordered = sorted(values)
    usual = ordered[int(len(ordered) * 0.8)] * 2
    return max(min(ordered[-1], usual), 1e-9)


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1" fill="{colour}"/>'


def _text(
    x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", colour: str = _INK, weight: str = "normal"
) -> str:
    style = f'font-size="{size}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _svg(title: str, height: float, drawn: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" '
        f'height="{height:.0f}" font-family="system-ui, sans-serif" role="img">'
    )
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", _rect(0, 0, _WIDTH, height, "#ffffff"), *drawn, "</svg>\n"]
    )
