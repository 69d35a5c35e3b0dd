"""Cameras against processor time and latency, as a small SVG: two curves, each with its own axis."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, INNER, DOWN = 640, 300, 60, 40, 500, 200
CPU, DELAY = "#1f6feb", "#bf3989"


def plot(title: str, counts: Sequence[int], cpu: Sequence[float], delay: Sequence[float | None]) -> str:
    """counts: cameras, rising. cpu: percent of one processor, all together. delay: ms, 95th percentile; None
    where there was no event."""
    most = max(counts)
    xs = [LEFT + INNER * count / most for count in counts]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
        f'<path d="M{LEFT} {TOP}V{TOP + DOWN}H{LEFT + INNER}V{TOP}" fill="none" stroke="#888"/>',
        *(
            f'<text x="{x:.0f}" y="{TOP + DOWN + 16}" text-anchor="middle">{n}</text>'
            for x, n in zip(xs, counts, strict=True)
        ),
        f'<text x="{LEFT + INNER / 2:.0f}" y="{TOP + DOWN + 34}" text-anchor="middle">cameras</text>',
        *_curve(xs, cpu, CPU, LEFT - 6, "end"),
        *_curve(xs, delay, DELAY, LEFT + INNER + 6, "start"),
        f'<text x="{LEFT + 10}" y="{TOP + 14}" fill="{CPU}">processor time, % of one</text>',
        f'<text x="{LEFT + 10}" y="{TOP + 30}" fill="{DELAY}">picture to event, p95, ms</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _curve(xs: Sequence[float], values: Sequence[float | None], colour: str, axis: float, anchor: str) -> list[str]:
    known = [(x, value) for x, value in zip(xs, values, strict=True) if value is not None]
    top = max((value for _, value in known), default=0.0) or 1.0
    dots = [(x, TOP + DOWN * (1 - value / top)) for x, value in known]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in dots),
        *(
            f'<text x="{axis:.0f}" y="{TOP + DOWN * (1 - share) + 4:.0f}" fill="{colour}" text-anchor="{anchor}">'
            f"{top * share:.0f}</text>"
            for share in (0, 0.5, 1)
        ),
    ]
