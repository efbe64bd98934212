"""
A bar chart of the figures, for a person: build/bench/bench.svg.  Ratios come first, left or right of 1
on a logarithmic scale; then the figures themselves, in the order in which they were measured.
"""
import html
import math
import pathlib

from figures import Figure, short

ROW, LABEL, BAR, RIGHT, MIDDLE = 16, 400, 420, 170, 210
OURS, OTHER, MORE, LESS = "#1f77b4", "#9aa7b5", "#2ca02c", "#d62728"
OTHERS = ("noop", "none", "mod_", "glewlwyd", "oidc-provider")  # in their names
GROUPED_BY = {"lighttpd": 1, "guard": 3, "token": 3, "growth": 2}  # so many words of their names
WIDEST = 100  # a ratio beyond it is drawn as this one


def words(x: int, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y + 12}" {more}>{html.escape(text)}</text>'


def box(x: float, y: int, width: float, colour: str) -> str:
    size = f'width="{max(1, round(width))}" height="{ROW - 5}"'
    return f'<rect x="{round(x)}" y="{y + 2}" {size} fill="{colour}"/>'


def label(figure: Figure, y: int) -> str:
    return words(LABEL - 8, y, figure.name, 'text-anchor="end"')


def ratio_bar(figure: Figure, y: int) -> list[str]:
    bounded = min(max(figure.value, 1 / WIDEST), WIDEST)
    width = MIDDLE * math.log(bounded) / math.log(WIDEST)
    one = LABEL + MIDDLE
    bar = box(one, y, width, MORE) if width >= 0 else box(one + width, y, -width, LESS)
    value = words(LABEL + BAR + 8, y, short(figure.value))
    line = f'<line x1="{one}" x2="{one}" y1="{y}" y2="{y + ROW}" stroke="#444"/>'
    return [label(figure, y), bar, line, value]


def value_bar(figure: Figure, y: int, most: float) -> list[str]:
    if figure.value is None:
        return [label(figure, y), words(LABEL, y, f"skipped: {figure.why[:80]}", 'fill="#888"')]
    width = BAR * figure.value / most
    colour = OTHER if any(word in figure.name for word in OTHERS) else OURS
    value = words(round(LABEL + width) + 5, y, f"{short(figure.value)} {figure.unit}")
    return [label(figure, y), box(LABEL, y, width, colour), value]


def group_of(figure: Figure) -> str:
    """Bars are as long as they are beside others of the same measurement and unit."""
    parts = figure.name.split("-")
    name = "-".join(parts[: GROUPED_BY.get(parts[0], 2)])
    return f"{name}, {figure.unit}" if figure.unit else name


def draw(path: pathlib.Path, figures: list[Figure], title: str) -> None:
    ratios = [each for each in figures if each.unit == "ratio"]
    groups: dict[str, list[Figure]] = {}
    for each in figures:
        if each.unit != "ratio":
            groups.setdefault(group_of(each), []).append(each)
    body, y = [words(10, 6, title, 'font-size="15" font-weight="bold"')], 2 * ROW
    for each in ratios:
        body += ratio_bar(each, y)
        y += ROW
    for members in groups.values():
        y += ROW // 2
        most = max((each.value or 0 for each in members), default=0) or 1
        for each in members:
            body += value_bar(each, y, most)
            y += ROW
    size = f'width="{LABEL + BAR + RIGHT}" height="{y + ROW}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    white = '<rect width="100%" height="100%" fill="white"/>'
    path.write_text("\n".join([head, white, *body, "</svg>"]) + "\n")
