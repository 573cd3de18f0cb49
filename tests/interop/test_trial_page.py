"""The sample report of a trial, as it stands in docs/, in a real browser; needs nothing else."""

import re
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from conftest import ROOT, need

SAMPLE = ROOT / "docs" / "trial-sample.html"
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Checker(HTMLParser):
    """Every tag closed by its own, every identity once, nothing fetched from anywhere."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.fetched, self.scripts = [], [], [], 0

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.ids += [named["id"]] if "id" in named else []
        self.scripts += tag in ("script", "iframe", "object")
        for name in ("src", "href", "xlink:href", "srcset"):
            if not (named.get(name) or "#").startswith("#"):
                self.fetched.append((tag, named[name]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"


def test_well_formed_and_self_contained():
    text = SAMPLE.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert not checker.open and not checker.fetched and not checker.scripts
    assert len(checker.ids) == len(set(checker.ids)) > 50
    references = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", text))
    assert {one or other for one, other in references} <= set(checker.ids)
    assert "@import" not in text and "url(http" not in text
    assert SAMPLE.stat().st_size < 400_000


def test_charts_have_titles():
    charts = re.findall(r"<svg.*?</svg>", SAMPLE.read_text(encoding="utf-8"), re.S)
    assert len(charts) >= 7
    for chart in charts:
        root = ElementTree.fromstring(chart)
        names = root.get("aria-labelledby").split()
        titles = {each.get("id"): each.text for each in root if each.get("id") in names}
        assert root.get("role") == "img" and len(titles) == len(names) and all(titles.values())


@pytest.mark.interop
def test_in_a_browser(tmp_path):
    """Light and dark differ, nothing is wider than the window, and there is something to see."""
    chromium = need("chromium")
    probe = tmp_path / "probe.html"
    script = """<script>onload = () => {
        const colours = getComputedStyle(document.body), width = innerWidth
        const boxes = [...document.querySelectorAll("figure svg")].map(
            each => each.getBoundingClientRect())
        document.title = [
            colours.backgroundColor, colours.color, boxes.length,
            boxes.every(box => box.height > 100 && box.width <= width),
            document.documentElement.scrollWidth <= width].join("|")
    }</script>"""
    probe.write_text(SAMPLE.read_text(encoding="utf-8").replace("</body>", script + "</body>"))
    seen = set()
    for scheme in (0, 1):  # dark, light
        done = subprocess.run(
            [
                *(
                    chromium,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                ),
                *(f"--user-data-dir={tmp_path}/{scheme}", "--proxy-server=127.0.0.1:9"),
                *("--window-size=1000,2000", f"--blink-settings=preferredColorScheme={scheme}"),
                *("--dump-dom", probe.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=100,
        )
        title = re.search(r"<title>(.*?)</title>", done.stdout)[1].split("|")
        assert title[2:] == ["6", "true", "true"], title
        seen.add((title[0], title[1]))
    assert len(seen) == 2 and len({colour for pair in seen for colour in pair}) == 4
