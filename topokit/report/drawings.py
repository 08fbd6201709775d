"""The figures of a report, with the words that stand for them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from topokit import plots
from topokit.analyzers import PowerLawFit, PowerLawTest
from topokit.execute import progress
from topokit.report.findings import Findings
from topokit.report.summary import accuracy_row, metrics_of

_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure on the page.

    Attributes
    ----------
    source : str
        The picture as a data URI.
    alt : str
        What it shows, for who does not see it.
    caption : str
        What stands below it.
    wide : bool
        Whether it is as wide as a printed page, and so scrolls on a phone.
    """

    source: str
    alt: str
    caption: str
    wide: bool


def draw(findings: Findings) -> dict[str, list[Drawing]]:
    """The figures by section; a section without data has none.

    Parameters
    ----------
    findings : Findings
        What `topokit.report.findings.find` returned.
    """
    makers = (
        *(_accuracy, _degrees, _power_law, _shells, _onions, _dormant, _rank, _input_map, _distances, _drift, _edges),
        *(_survival, _attachment),
    )
    return {maker.__name__.removeprefix("_"): maker(findings) for maker in progress(makers, "drawing")}


def data_uri(content: bytes, kind: str) -> str:
    """The content as an address that needs no network; `kind` is its media type."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def _drawing(
    plot: Callable[..., Any], results: Mapping[str, Any], alt: str, caption: str, kind: str = "svg"
) -> Drawing:
    """One result is drawn alone, several as panels; pictures of many parts are smaller as 'png'."""
    picture = plot(dict(results) if len(results) > 1 else next(iter(results.values())))
    source = data_uri(plots.drawn(picture, kind, dpi=200), _MEDIA_TYPES[kind])
    return Drawing(source, f"{alt} of {', '.join(results)}", caption, plots.width(picture) > plots.COLUMN_WIDTH)


def _accuracy(findings: Findings) -> list[Drawing]:
    tables = {run.label: metrics_of(run.series) for run in findings.ordered()}
    known = {label: table for label, table in tables.items() if accuracy_row(table)}
    if not known:
        return []
    return [
        _drawing(plots.accuracy, known, "Line chart: accuracy over training", "Share of samples classified correctly.")
    ]


def _degrees(findings: Findings) -> list[Drawing]:
    everywhere, hidden = findings.of_sparse("degrees"), findings.of_sparse("hidden_degrees")
    found = []
    if everywhere:
        caption = "Last network: share of neurons with at least k connections, in and out together, per layer."
        found.append(_drawing(plots.degree_ccdf, everywhere, "Line chart: degree distributions per layer", caption))
    if hidden:
        caption = "Hidden neurons over time. The dashed line marks the largest degree."
        found.append(
            _drawing(plots.degree_grid, hidden, "Histograms: degrees of the hidden neurons over time", caption)
        )
    return found


def _power_law(findings: Findings) -> list[Drawing]:
    tests = findings.of_sparse("power_law")
    fits = {name: fit for label, test in tests.items() for name, fit in _fits(label, test, len(tests))}
    found = []
    if fits:
        caption = "Last network: the data and the fitted power law, from its smallest degree x_min on."
        found.append(_drawing(plots.power_law_fit, fits, "Line charts: fitted power laws", caption))
    if tests:
        caption = "Fits over time. Gaps are moments without a fit; below the dashed line a power law is ruled out."
        found.append(_drawing(plots.power_law_evolution, tests, "Line charts: power-law parameters", caption))
    return found


def _fits(label: str, test: PowerLawTest, runs: int) -> list[tuple[str, PowerLawFit]]:
    named = zip(test.layers, test.fits[-1], strict=True)
    return [(f"{label}, {layer}" if runs > 1 else layer, fit) for layer, fit in named if fit.n_tail]


def _shells(findings: Findings) -> list[Drawing]:
    results = findings.of_sparse("kshell")
    found = []
    for moment, words in ((0, "First network"), (-1, "Last network")):
        if any(len(result.moments) > 1 or moment for result in results.values()):
            caption = f"{words}: neurons in each shell, stacked by layer. The highest shell is the core."
            plot = partial(plots.shell_histogram, moment=moment)
            found.append(_drawing(plot, results, f"Histograms: k-shells of the {words.lower()}", caption))
    return found


def _onions(findings: Findings) -> list[Drawing]:
    """A picture for each run, and a random one for each kind of network."""
    pictures, twins = findings.of_sparse("onion"), findings.of_sparse("random_onion")
    kinds = {run.label: tuple((block.shape, block.n_edges) for block in run.last.blocks) for run in findings.runs}
    first = {kinds[label]: label for label in reversed(twins)}
    random = {"random" if len(first) == 1 else f"{label}, random": twins[label] for label in reversed(first.values())}
    if not pictures:
        return []
    caption = (
        "Last networks, and random ones with as many edges in each block. Each ring is a shell, the core fills the "
        "middle; neurons are coloured by layer, and a few edges are drawn."
    )
    return [_drawing(plots.onion, pictures | random, "Pictures: shells as rings", caption, "png")]


def _dormant(findings: Findings) -> list[Drawing]:
    results, active = findings.of("dormant"), findings.of("tau_dormant")
    found = []
    if results:
        caption = f"Hidden neurons with fewer than {findings.options.threshold} connections."
        found.append(_drawing(plots.dormant_evolution, results, "Line charts: dormant neurons", caption))
    if active:
        caption = "τ-dormant: mean activation at most τ times the layer's average (Sokar et al. 2023)."
        found.append(
            _drawing(plots.activation_evolution, active, "Line charts: neurons dormant by activation", caption)
        )
    return found


def _rank(findings: Findings) -> list[Drawing]:
    results = findings.of("rank")
    caption = "Kendall's τ-b between the degrees of the hidden neurons at all pairs of moments: 1 is the same ranking."
    return [_drawing(plots.rank_matrix, results, "Heat maps: rank correlation of degrees", caption)] if results else []


def _input_map(findings: Findings) -> list[Drawing]:
    results = findings.of("input_map")
    caption = "Connections of each input at up to five moments; each row has its own scale."
    return [_drawing(plots.input_map_grid, results, "Heat maps: connections per input", caption)] if results else []


def _distances(findings: Findings) -> list[Drawing]:
    results = findings.of("distances")
    caption = "NNSTD between all pairs of moments of a run, mean over layers: 0 same wiring, 1 nothing shared."
    return [_drawing(plots.distance_matrix, results, "Heat maps: distances within runs", caption)] if results else []


def _drift(findings: Findings) -> list[Drawing]:
    results = findings.of("drift")
    caption = "NNSTD of each recorded moment to the first one, per layer and as the mean over layers (total)."
    return (
        [_drawing(plots.distance_evolution, results, "Line charts: distance to the start", caption)] if results else []
    )


def _edges(findings: Findings) -> list[Drawing]:
    kept, turnover = findings.of("edge_changes"), findings.of("edge_turnover")
    found = []
    if kept:
        plot = partial(plots.edge_changes, value="jaccard")
        caption = "Edges shared with the first moment over those of either: 1 the same edges, 0 none in common."
        found.append(_drawing(plot, kept, "Line charts: edges shared with the start", caption))
    if turnover:
        plot = partial(plots.edge_changes, value="dropped_share")
        caption = "Share of the edges of each recorded moment that the next one had dropped."
        found.append(_drawing(plot, turnover, "Line charts: edges dropped between moments", caption))
    return found


def _survival(findings: Findings) -> list[Drawing]:
    results = findings.of_sparse("survival")
    caption = "Share of the edges that live longer than each age (Kaplan-Meier), per block and of all blocks (total)."
    return [_drawing(plots.edge_survival, results, "Line charts: survival of edges", caption)] if results else []


def _attachment(findings: Findings) -> list[Drawing]:
    results = findings.of("attachment")
    found = []
    captions = {
        "gain": "Births by degree, as multiples of degree-blind births: where they rise, the rich gain more.",
        "retention": "Deaths by degree, as multiples of degree-blind deaths: where they fall, the rich keep more.",
    }
    for kernel, caption in captions.items():
        for side, words in (("out", "where edges start"), ("in", "where edges end")) if results else ():
            plot = partial(plots.attachment, kernel=kernel, side=side)
            found.append(
                _drawing(
                    plot, results, f"Line charts: {kernel} by degree, {words},", f"{caption} At the neurons {words}."
                )
            )
    return found
