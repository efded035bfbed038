"""The figures of a run as one SVG: how many times our time each peer takes, and how time and memory grow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from benchmarks.comparison import Comparison, Peer
from benchmarks.contenders.contender import Form
from benchmarks.growth import Growth
from benchmarks.report import Report, number_text

WIDTH: Final = 960
LEFT: Final = 250
LABEL: Final = 150
BAR: Final = 13
GAP: Final = 14
PANEL: Final = 260
"""Height of a panel of growth."""

COLORS: Final = {
    "Polars": "#0b6fb8",
    "DuckDB": "#c79a00",
    "chDB": "#c2410c",
    "NumPy": "#3f7d3a",
    "numexpr": "#7a4fa3",
}
MEASURES: Final = {
    "counts_s": ("counts", "#0b6fb8"),
    "planes_s": ("planes", "#c2410c"),
    "memory_bytes": ("memory", "#3f7d3a"),
}


def draw(report: Report) -> str:
    """The chart as the text of an SVG file."""
    bars, height = _bars(report.comparisons)
    parts = [*bars]
    for index, growth in enumerate(report.growth):
        parts += _growth(growth, 60 + index * (WIDTH // 2), height + 40)
    height += (PANEL + 80) * bool(report.growth)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    return "\n".join([head, *parts, "</svg>\n"])


def _bars(comparisons: Sequence[Comparison]) -> tuple[list[str], int]:
    """A group of bars a comparison, on a logarithmic scale, and where they end."""
    largest = max((peer.ratio.median for each in comparisons for peer in each.peers), default=10.0)
    scale = (WIDTH - LEFT - LABEL) / math.log10(max(largest, 10.0) * 10)

    def place(ratio: float) -> float:
        return LEFT + max(0.0, math.log10(max(ratio, 0.1) * 10)) * scale

    parts = [_text(10, 20, "Times our time (logarithmic; lighter: given codes)", 14)]
    top, begun = 40.0, 30.0
    for comparison in comparisons:
        parts.append(_text(LEFT - 8, top + 10, _title(comparison), anchor="end"))
        for peer in comparison.peers:
            parts += _bar(peer, top, place)
            top += BAR
        top += GAP
    for power in range(-1, math.floor(math.log10(max(largest, 10.0))) + 1):
        x = place(10.0**power)
        parts.insert(1, _line(x, begun, x, top, "#222222" if power == 0 else "#dddddd"))
        parts.append(_text(x, top + 12, f"{10.0**power:g}×", anchor="middle"))
    return parts, int(top) + 24


def _bar(peer: Peer, top: float, place: Callable[[float], float]) -> Iterator[str]:
    engine = peer.measured.name.partition(",")[0]
    color, end = COLORS.get(engine, "#666666"), place(peer.ratio.median)
    opacity = 0.45 if peer.measured.form is Form.PREPARED else 1
    width = max(1.0, end - LEFT)
    yield (
        f'<rect x="{LEFT}" y="{top:.1f}" width="{width:.1f}" height="{BAR - 2}" fill="{color}" '
        f'fill-opacity="{opacity}"/>'
    )
    label = f"{number_text(peer.ratio.median)}× {peer.measured.name}"
    yield _text(end + 4, top + 9, label, 9)


def _title(comparison: Comparison) -> str:
    raw = "" if comparison.ours.name == "segmentd" else " (raw)"
    return f"{comparison.name}{raw}, {_short(comparison.rows)}"


def _short(rows: int) -> str:
    return f"{rows / 1e6:g} M" if rows >= 1_000_000 else f"{rows / 1e3:g} k"


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where a panel of logarithms lies, and what its corners stand for."""

    left: float
    top: float
    lowest: tuple[float, float]
    highest: tuple[float, float]

    def place(self, size: float, value: float) -> tuple[float, float]:
        """The point of a size and of a value, each from its lowest to its highest."""
        across, up = (
            (math.log10(each) - math.log10(low)) / max(math.log10(high) - math.log10(low), 1e-9)
            for each, low, high in zip((size, value), self.lowest, self.highest, strict=True)
        )
        return self.left + across * (WIDTH // 2 - 120), self.top + (1 - up) * (PANEL - 40)


def _growth(growth: Growth, left: float, top: float) -> Iterator[str]:
    """Each measure relative to its first point, on logarithmic axes: a slope of one is in proportion."""
    sizes = [point.size for point in growth.points]
    relative = {
        name: [getattr(point, name) / getattr(growth.points[0], name) for point in growth.points] for name in MEASURES
    }
    tallest = max(max(values) for values in relative.values())
    lowest = min(min(values) for values in relative.values())
    axes = _Axes(left, top + 20, (sizes[0], lowest), (sizes[-1], max(tallest, lowest * 2)))
    yield _text(left, top, f"Growth along {growth.along}: times the first point (power)", 12)
    for size in sizes:
        x, _ = axes.place(size, 1)
        yield _line(x, top + 20, x, top + PANEL - 20, "#eeeeee")
        yield _text(x, top + PANEL - 6, _short(size) if size >= 1_000_000 else f"{size:,}", 9, "middle")
    for index, (name, (label, color)) in enumerate(MEASURES.items()):
        points = [axes.place(size, value) for size, value in zip(sizes, relative[name], strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        for x, y in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'
        legend = f"{label}: {number_text(relative[name][-1])}× ({growth.exponent(name):.2f})"
        yield f'<rect x="{left + 8}" y="{top + 24 + 15 * index:.1f}" width="10" height="10" fill="{color}"/>'
        yield _text(left + 22, top + 33 + 15 * index, legend, 10)


def _text(x: float, y: float, text: str, size: int = 11, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="#222222">{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'
