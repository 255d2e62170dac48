# SPDX-License-Identifier: MIT
"""What was measured, as tables and as JSON; and what was aimed at."""
import sys


def progress(text):
    print(text, file=sys.stderr, flush=True)


class Section:
    """Figures by measure and variant, and what they say about the aims of the project."""

    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.rows = []  # (measure, unit, {variant: figure})
        self.aims = []
        self.notes = []
        self.raw = None  # what the figures were made of

    def row(self, measure, unit, figures):
        self.rows.append((measure, unit, figures))

    def aim(self, what, figure, unit, limit, least=False):
        """`figure` None: not measured. At most `limit`, or at least."""
        reached = None if figure is None else figure >= limit if least else figure <= limit
        self.aims.append({"what": what, "figure": figure, "unit": unit, "limit": limit, "least": least, "reached": reached})

    def note(self, text):
        self.notes.append(text)

    def json(self):
        return {
            "section": self.name, "title": self.title, "aims": self.aims, "notes": self.notes,
            "rows": [{"measure": m, "unit": u, "figures": f} for m, u, f in self.rows], "raw": self.raw,
        }

    def print(self):
        print(f"\n## {self.title}\n")
        columns = []
        for _, _, figures in self.rows:
            columns += [name for name in figures if name not in columns]
        table([["", *columns], *([f"{m}, {u}" if u else m, *(shown(f.get(c), u) for c in columns)] for m, u, f in self.rows)])
        for note in self.notes:
            print(f"\n{note}")
        if self.aims:
            print()
            table([["aim", "at most", "measured", ""], *map(verdict, self.aims)])


def verdict(aim):
    limit = ("at least " if aim["least"] else "") + shown(aim["limit"], aim["unit"])
    said = {True: "reached", False: "NOT reached", None: "not measured"}[aim["reached"]]
    return [f"{aim['what']}, {aim['unit']}", limit, shown(aim["figure"], aim["unit"]), said]


def shown(figure, unit):
    if figure is None:
        return "–"
    if isinstance(figure, str):
        return figure
    if unit in ("×", "% more") or abs(figure) < 10:
        return f"{figure:.2f}"
    return f"{figure:.1f}" if abs(figure) < 1000 else f"{figure:,.0f}"


def table(lines):
    """Markdown, aligned to be read as it is."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for number, line in enumerate(lines):
        cells = [cell.ljust(widths[0]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(line)]
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
