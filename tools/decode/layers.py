"""What was found in an input: layers, each with what is inside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, indent, tostring

from ..message import Message


@dataclass
class Layer:
    """One layer of an input, such as a short message.

    title: what it is; facts: its fields, as name and value; text: what it says, where that is
    text; message: a CSP message; document: other XML; fault: why it, or what is in it, could not
    be read, with the octet; inner: what it carries.
    """

    title: str
    facts: dict[str, str] = field(default_factory=dict)
    text: str = ""
    message: Message | None = None
    document: Element | None = None
    fault: str = ""
    inner: list[Layer] = field(default_factory=list)

    @property
    def xml(self) -> str:
        """The message or the document, indented, or ""."""
        root = self.message.root if self.message is not None else self.document
        if root is None:
            return ""
        indent(root)
        return tostring(root, encoding="unicode")


def messages(layers: list[Layer]) -> Iterator[Message]:
    """All CSP messages, in the order in which they were met."""
    for layer in layers:
        if layer.message is not None:
            yield layer.message
        yield from messages(layer.inner)


def faults(layers: list[Layer]) -> Iterator[str]:
    """All that could not be read."""
    for layer in layers:
        if layer.fault:
            yield f"{layer.title}: {layer.fault}"
        yield from faults(layer.inner)


def lines(layers: list[Layer], depth: int = 0) -> Iterator[str]:
    """The layers for a reader, two blanks deeper for each."""
    margin = "  " * depth
    for layer in layers:
        yield margin + layer.title
        within = margin + "  "
        yield from (f"{within}{name}: {value}" for name, value in layer.facts.items())
        yield from (within + line for line in layer.text.splitlines())
        yield from (within + line for line in layer.xml.splitlines())
        if layer.fault:
            yield f"{within}cannot be read: {layer.fault}"
        yield from lines(layer.inner, depth + 1)


def plain(layers: list[Layer]) -> list[dict[str, Any]]:
    """The layers as lists, dicts and strings, for JSON; what is empty is left out."""
    out = []
    for layer in layers:
        found: dict[str, Any] = {
            "title": layer.title,
            **{name.replace(" ", "_"): value for name, value in layer.facts.items()},
            "text": layer.text,
            "xml": layer.xml,
            "fault": layer.fault,
            "inner": plain(layer.inner),
        }
        out.append({name: value for name, value in found.items() if value})
    return out
