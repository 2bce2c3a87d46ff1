"""A bar chart as SVG, written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, LEFT, RIGHT, ROW, TOP = 720, 130, 90, 26, 44


@dataclass(frozen=True)
class Bar:
    """A bar, what stands beside it, and where the mark of its target is, if it has one."""

    label: str
    value: float
    text: str
    mark: float | None = None


def write_bars(path: Path, title: str, bars: Sequence[Bar]) -> None:
    """Write horizontal bars, longest value across; readable on light and on dark pages."""
    longest = max(max(bar.value, bar.mark or 0) for bar in bars) or 1
    scale = (WIDTH - LEFT - RIGHT) / longest
    height = TOP + ROW * len(bars) + 12
    style = 'font-family="system-ui, sans-serif" font-size="13" fill="#808080"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {style}>',
        f"<title>{escape(title)}</title>",
        f'<text x="12" y="24" font-weight="bold">{escape(title)}</text>',
    ]
    for place, bar in enumerate(bars):
        y = TOP + ROW * place
        length = bar.value * scale
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="18" rx="2" fill="#2f7ed8"/>',
            f'<text x="{LEFT + length + 6:.1f}" y="{y + 14}">{escape(bar.text)}</text>',
        ]
        if bar.mark is not None:
            x = LEFT + bar.mark * scale
            parts.append(f'<path d="M{x:.1f} {y - 3}v24" stroke="#d9822b" stroke-width="2"/>')
    path.write_text("\n".join([*parts, "</svg>", ""]), "utf-8")
