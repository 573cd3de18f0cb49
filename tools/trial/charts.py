"""The charts of a report: inline SVG by matplotlib, in the colours of the page around it.

Text stays text, so that it can be read out and searched; nothing refers to anything outside.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .figures import Figures

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"

# What matplotlib draws with, and the page's own colour that takes its place.
_INK, _FAINT = "#010203", "#010204"
_COLOURS = ("#0102a1", "#0102a2", "#0102a3", "#0102a4", "#0102a5")
_NAMES = {_INK: "var(--ink)", _FAINT: "var(--faint)"}
_NAMES |= {colour: f"var(--c{n})" for n, colour in enumerate(_COLOURS, 1)}
_DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
_HATCHES = ("", "//", "xx", "..", "--")

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.4,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
}

Draw = Callable[[Axes, Figures], None]


def _line(n: int) -> dict[str, Any]:
    """The nth line differs from others by more than its colour."""
    return {"color": _COLOURS[n % 5], "linestyle": _DASHES[n % 5]}


def _logarithmic(axis: Axis) -> None:
    """Plain numbers at 1, 2 and 5."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _legend(axes: Axes) -> None:
    """Above, where nothing is drawn."""
    axes.figure.legend(loc="outside upper left", ncols=3)


def _latency(axes: Axes, figures: Figures) -> None:
    for n, (name, values) in enumerate(figures.hops.items()):
        if values:
            axes.ecdf([max(0.001, value) for value in values], label=name, **_line(n))
    axes.set_xscale("log")
    _logarithmic(axes.xaxis)
    axes.set_xlabel("seconds")
    axes.set_ylabel("share that took no longer")
    _legend(axes)


def _faults(axes: Axes, figures: Figures) -> None:
    names = [f"{way.sender} to {way.destination}" for way in figures.ways]
    for n, what in enumerate(("lost", "duplicated", "reordered")):
        values = [getattr(way, what) or 0 for way in figures.ways]
        places = [k + 0.26 * (n - 1) for k in range(len(names))]
        axes.barh(places, values, 0.24, color=_COLOURS[n], label=what, hatch=_HATCHES[n])
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("SMS")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes)


def _effort(axes: Axes, figures: Figures) -> None:
    kinds = [kind for kind in figures.kinds if kind.ended]
    names = [kind.name for kind in kinds]
    sent = [kind.sent / kind.ended for kind in kinds]
    received = [kind.received / kind.ended for kind in kinds]
    axes.barh(names, sent, color=_COLOURS[0], label="sent")
    axes.barh(names, received, left=sent, color=_COLOURS[1], hatch="//", label="received")
    axes.set_xlabel("SMS of the handset that acts, for one action")
    axes.invert_yaxis()
    _legend(axes)


def _cost(axes: Axes, figures: Figures) -> None:
    dates = [day.date for day in figures.days]
    bars = axes.bar(dates, [day.cost for day in figures.days], 0.5, color=_COLOURS[0])
    axes.bar_label(bars, fmt="{:.2f}")
    axes.set_ylabel(figures.currency)
    axes.set_xlim(-1, max(3, len(dates)))
    axes.tick_params(axis="x", rotation=0 if len(dates) < 8 else 60)


def _times(axes: Axes) -> None:
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_xlabel("UTC")


def _moments(times: Sequence[float]) -> list[Any]:
    return [datetime.fromtimestamp(time, timezone.utc) for time in times]


def _signal(axes: Axes, figures: Figures) -> None:
    for n, (handset, points) in enumerate(figures.signal.items()):
        moments = _moments([time for time, _ in points])
        levels = [level for _, level in points]
        axes.plot(moments, levels, marker=".", label=handset, **_line(n))
    axes.set_ylabel("dBm")
    _times(axes)
    _legend(axes)


def _course(axes: Axes, figures: Figures) -> None:
    for n, (label, marker) in enumerate((("answered at once", "."), ("after repeats", "x"))):
        some = [t for t in figures.transactions if t.end is not None and (t.tries > 1) == bool(n)]
        seconds = [t.seconds for t in some]
        moments = _moments([t.begin for t in some])
        axes.plot(moments, seconds, marker, color=_COLOURS[n], label=label)
    axes.set_yscale("log")
    _logarithmic(axes.yaxis)
    axes.set_ylabel("seconds")
    _times(axes)
    _legend(axes)


# Name -> title, what there is to see for those who do not, and how it is drawn.
CHARTS: dict[str, tuple[str, str, Draw]] = {
    "latency": (
        "Latency of each hop",
        "Cumulative distribution of the time for each hop; the table has medians.",
        _latency,
    ),
    "course": (
        "Transactions over time",
        "The time that each transaction took, by when it began.",
        _course,
    ),
    "faults": (
        "Loss, duplication and reordering",
        "SMS that were lost, duplicated and reordered on each way; the table has the numbers.",
        _faults,
    ),
    "effort": (
        "SMS for a user action",
        "SMS sent and received for one action of each kind; the table has the numbers.",
        _effort,
    ),
    "cost": ("Cost per day", "What the SMS of each day cost; the table has the numbers.", _cost),
    "signal": (
        "Signal over time",
        "Received signal strength of each handset in dBm, as its modem says.",
        _signal,
    ),
}


def has(name: str, figures: Figures) -> bool:
    """Whether there is anything to draw."""
    data: dict[str, Any] = {
        "latency": any(figures.hops.values()),
        "course": any(each.end for each in figures.transactions),
        "faults": figures.ways,
        "effort": any(kind.ended for kind in figures.kinds),
        "cost": figures.days,
        "signal": figures.signal,
    }
    return bool(data[name])


def chart(name: str, figures: Figures) -> str:
    """One chart as an SVG element with title and description."""
    title, about, draw = CHARTS[name]
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        canvas = FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.set_axisbelow(True)
        draw(axes, figures)
        out = io.BytesIO()
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return _dressed(out.getvalue(), name, title, about)


def _dressed(svg: bytes, name: str, title: str, about: str) -> str:
    """The SVG with the page's colours, identities of its own, and its title."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for patch in root.iter(f"{{{_SVG}}}g"):
        if patch.get("id") in ("patch_1", "patch_2"):  # white behind figure and axes
            for child in list(patch):
                patch.remove(child)
    for each in root.iter():
        _name(each, name)
    for tag, text in (("desc", about), ("title", title)):
        child = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{tag}"})
        child.text = text
        root.insert(0, child)
    root.attrib.pop("width"), root.attrib.pop("height")
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub("|".join(_NAMES), lambda found: _NAMES[found[0]], text)


def _name(each: ElementTree.Element, name: str) -> None:
    if "id" in each.attrib:
        each.set("id", f"{name}-{each.get('id')}")
    link = each.attrib.pop(_LINK, None)
    if link:
        each.set("href", f"#{name}-{link[1:]}")
    for key, value in each.attrib.items():
        if "url(#" in value:
            each.set(key, value.replace("url(#", f"url(#{name}-"))
