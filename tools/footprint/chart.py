"""The figures of feature sets and peers as one chart: SVG by matplotlib.

It follows the reader's light or dark scheme, its text stays text, and it says what it shows to
those who do not see it.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .measure import ON_BOARD, Figures

TITLE = "What microimps costs on a board, beside other clients"
LEGEND = "microimps in blue, other clients in grey; as on a 32-bit board"

_SVG = "http://www.w3.org/2000/svg"
# What matplotlib draws with, and the class whose colour takes its place.
_INK, _FAINT, _OURS, _THEIRS = "#010203", "#010204", "#010205", "#010206"
_STYLES = """
svg { --ink: #1f2328; --faint: #d0d7de; --ours: #0969da; --theirs: #8c959f; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e6edf3; --faint: #3d444d; --ours: #4493f8; --theirs: #7d8590; }
}
"""
_NAMES = {
    _INK: "var(--ink)",
    _FAINT: "var(--faint)",
    _OURS: "var(--ours)",
    _THEIRS: "var(--theirs)",
}
_PANELS = (
    ("flash", "Flash (.mpy)"),
    ("kept", "Heap kept after a session"),
    ("heap", "Smallest working heap"),
)
_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "footprint",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": _FAINT,
    "axes.titlecolor": _INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "text.color": _INK,
    "xtick.bottom": False,
    "xtick.labelbottom": False,
    "ytick.color": _INK,
    "ytick.left": False,
}


def rows(figures: Figures) -> list[tuple[str, bool, dict[str, float | None]]]:
    """(name, whether it is ours, octets by panel or None) from the top."""
    found = []
    for kind in ("peers", "sets"):
        for name, entry in figures[kind].items():
            small = entry.get("smallest")
            values = {
                "flash": entry["flash"],
                "kept": entry["kept"].get("32"),
                "heap": small / ON_BOARD if small else None,
            }
            title = f"{name} {entry['version']}" if kind == "peers" else name
            found.append((title, kind == "sets", values))
    return found


def _bars(axes: Axes, key: str, found: list[tuple[str, bool, dict[str, float | None]]]) -> None:
    most = max((values[key] or 0 for _, _, values in found), default=0) or 1
    for y, (_, ours, values) in enumerate(found):
        value = values[key]
        if value is None:
            axes.text(0, y, " not measured", va="center", fontsize=8, style="italic")
            continue
        axes.barh(y, value, 0.7, color=_OURS if ours else _THEIRS)
        axes.text(value, y, f" {value / 1024:.1f}", va="center", fontsize=8)
    axes.set_xlim(0, most * 1.25)
    axes.set_ylim(len(found) - 0.5, -0.5)


def chart(figures: Figures) -> str:
    """An SVG document with title and description."""
    found = rows(figures)
    with matplotlib.rc_context(_LOOK):
        figure = Figure(figsize=(9, 1.2 + 0.3 * len(found)), layout="constrained")
        canvas = FigureCanvasSVG(figure)
        panels = figure.subplots(1, len(_PANELS), sharey=True)
        for axes, (key, title) in zip(panels, _PANELS, strict=True):
            axes.set_title(f"{title}, KiB")
            _bars(axes, key, found)
        figure.suptitle(LEGEND, x=0.01, ha="left", fontsize=9)
        panels[0].set_yticks(range(len(found)), [_wrapped(name) for name, _, _ in found])
        out = io.BytesIO()
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return _dressed(out.getvalue(), found)


def _wrapped(name: str) -> str:
    # long lists of features in two lines
    if len(name) < 44:
        return name
    at = name.find(", ", len(name) // 2)
    return f"{name[: at + 1]}\n{name[at + 2 :]}"


def _told(found: list[tuple[str, bool, dict[str, float | None]]]) -> str:
    lines = []
    for name, _, values in found:
        told = (
            f"{title.lower()} " + ("not measured" if values[key] is None else _kib(values[key]))
            for key, title in _PANELS
        )
        lines.append(f"{name}: {', '.join(told)}.")
    return " ".join((f"Bars: {LEGEND}.", *lines))


def _kib(value: float | None) -> str:
    return f"{(value or 0) / 1024:.1f} KiB"


def _dressed(svg: bytes, found: list[tuple[str, bool, dict[str, float | None]]]) -> str:
    """The SVG with the scheme's colours and its title, without what matplotlib adds."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(svg)
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for patch in root.iter(f"{{{_SVG}}}g"):
        # white behind figure and axes
        if (patch.get("id") or "").startswith("patch_") and _is_white(patch):
            for child in list(patch):
                patch.remove(child)
    texts = (("style", _STYLES), ("desc", _told(found)), ("title", TITLE))
    for tag, text in texts:
        child = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"footprint-{tag}"})
        child.text = text
        root.insert(0, child)
    root.set("role", "img")
    root.set("aria-labelledby", "footprint-title footprint-desc")
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub("|".join(_NAMES), lambda hit: _NAMES[hit[0]], text) + "\n"


def _is_white(patch: ElementTree.Element) -> bool:
    return any("#ffffff" in (child.get("style") or "") for child in patch)
