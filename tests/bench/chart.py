"""A bar chart of the figures, for a person: build/bench/bench.svg.  Without any library."""
import html
import itertools
import pathlib

from figures import Figure, short

ROW, LABEL, BAR, RIGHT = 18, 430, 420, 150
COLOURS = {"ours": "#1f77b4", "other": "#9aa7b5", "ratio": "#2ca02c", "slower": "#d62728"}


def colour(figure: Figure) -> str:
    if figure.unit == "ratio":
        return COLOURS["ratio" if figure.value >= 1 else "slower"]
    others = ("noop", "none", "mod_", "glewlwyd", "oidc-provider")
    return COLOURS["other" if any(word in figure.name for word in others) else "ours"]


def text(x: int, y: int, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{html.escape(words)}</text>'


def group_of(figure: Figure) -> tuple[str, str]:
    """Bars are compared within one: the same measurement, the same unit."""
    first, second, *_ = figure.name.split("-")
    return (f"{first}-{second}" if first in ("guard", "token", "growth") else first), figure.unit


def bars(figures: list[Figure], y: int) -> list[str]:
    most = max((each.value or 0 for each in figures), default=0) or 1
    found = []
    for figure in figures:
        found.append(text(LABEL - 8, y + 13, figure.name, 'text-anchor="end"'))
        if figure.value is None:
            found.append(text(LABEL, y + 13, f"skipped: {figure.why[:70]}", 'fill="#888"'))
        else:
            width = max(1, round(BAR * figure.value / most))
            box = f'x="{LABEL}" y="{y + 3}" width="{width}" height="{ROW - 6}"'
            found.append(f'<rect {box} fill="{colour(figure)}"/>')
            found.append(text(LABEL + width + 5, y + 13, f"{short(figure.value)} {figure.unit}"))
        y += ROW
    return found


def draw(path: pathlib.Path, figures: list[Figure], title: str) -> None:
    y, body = 30, [text(10, 20, title, 'font-size="15" font-weight="bold"')]
    ordered = sorted(figures, key=group_of)
    for (name, unit), members in itertools.groupby(ordered, key=group_of):
        rows = list(members)
        y += ROW
        body.append(text(10, y + 13, f"{name} {unit}", 'font-weight="bold"'))
        y += ROW
        body += bars(rows, y)
        y += ROW * len(rows)
    width, height = LABEL + BAR + RIGHT, y + ROW
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n'
    )
    path.write_text(head + "\n".join(body) + "\n</svg>\n")
