"""The page of a trial: one HTML file that needs nothing else."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import jinja2

from .charts import CHARTS, chart, has
from .figures import HOPS, Figures, Spread, shown
from .transactions import meaning

_STEP = 22  # of a ladder, in pixels


def page(figures: Figures) -> str:
    """The report as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"shown": shown, "date": _date, "known": _known, "meaning": meaning}
    charts = {
        name: jinja2.utils.markupsafe.Markup(chart(name, figures))
        for name in CHARTS
        if has(name, figures)
    }
    hops = [(name, about, Spread.of(figures.hops[name])) for name, about in HOPS.items()]
    template = environment.get_template("page.html")
    return template.render(f=figures, charts=charts, titles=CHARTS, hops=hops, step=_STEP)


def _date(time: float | None) -> str:
    if time is None:
        return "-"
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _known(value: object) -> object:
    return "–" if value is None else value
