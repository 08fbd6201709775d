"""One HTML page that needs no network: style, script and pictures inside, and nothing else may run."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from topokit.report.drawings import draw
from topokit.report.findings import Findings, spread
from topokit.report.summary import summarise
from topokit.report.widgets import between_runs, distances, input_maps

SECTIONS = (
    ("runs", "Runs"),
    ("accuracy", "Accuracy"),
    ("degrees", "Degrees"),
    ("power-law", "Power law"),
    ("shells", "k-shells"),
    ("dormant", "Dormant neurons"),
    ("effective", "Edges on paths"),
    ("rank", "Rank evolution"),
    ("input-map", "Input maps"),
    ("distance", "Topological distance"),
    ("edges", "Edges born and dropped"),
    ("attachment", "Do the rich get richer?"),
    ("cite", "How to cite"),
)


def page(findings: Findings, *, title: str) -> str:
    """The page as HTML; whatever comes from the runs is escaped.

    Parameters
    ----------
    findings : Findings
        What `topokit.report.findings.find` returned.
    title : str
        Heading and window title.
    """
    template = environment().get_template("page.html")
    return template.render(title=title, sections=SECTIONS, **assets(), **_content(findings))


def _content(findings: Findings) -> dict[str, Any]:
    most = findings.options.distance_frames
    moments = {run.label: spread(run.series, most).moments for run in findings.runs}
    matrices = findings.of("distances")
    return {
        "summary": summarise(findings),
        "drawings": draw(findings),
        "maps": input_maps(findings.of("input_map")),
        "within": distances(matrices, {label: moments[label] for label in matrices}),
        "between": between_runs(findings.between),
        "between_reason": findings.between if isinstance(findings.between, str) else "",
    }


@cache
def environment() -> Environment:
    """Where the pages' templates are; whatever is put into them is escaped."""
    environment = Environment(
        loader=PackageLoader("topokit.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["numeric"] = _is_numeric
    return environment


def _is_numeric(cell: object) -> bool:
    """Whether a table sets the cell to the right: numbers, and the dash of a missing one."""
    return re.fullmatch(r"(< )?[-−]?\d[\d.,e+-]*( %| of [\d,]+)?|–", str(cell)) is not None


def assets(style: Sequence[str] = ("page.css",), script: str = "page.js") -> dict[str, str]:
    """Style and script of a page with the hashes by which its security policy knows them.

    Parameters
    ----------
    style : sequence of str
        Files of the templates' folder, one after the other.
    script : str
        Such a file; none if empty.
    """
    texts = {"style": "".join(map(_text, style)), "script": _text(script) if script else ""}
    hashes = {name: b64encode(sha256(text.encode()).digest()).decode("ascii") for name, text in texts.items()}
    return texts | {f"{name}_hash": f"sha256-{digest}" for name, digest in hashes.items()}


def _text(file: str) -> str:
    loader = environment().loader
    assert loader is not None, "the environment is made with a loader"
    return loader.get_source(environment(), file)[0]
