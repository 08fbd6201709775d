"""Do the rich get richer? Whether neurons with many edges gain more of the new ones and keep more of theirs."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from topokit import execute
from topokit.analyzers.edge_lives.attachment_fit import blind_exponents, fit_exponent, no_fit
from topokit.analyzers.edge_lives.attachment_kernel import DegreeKernel, KernelBin, kernel_bins
from topokit.analyzers.edge_lives.attachment_verdict import combined, judge, of_lasting_births
from topokit.analyzers.edge_lives.degree_exposure import DegreeLaw, Kernel, NeuronEvents, gather, neuron_events
from topokit.analyzers.edge_lives.history import series_over_time
from topokit.analyzers.edge_lives.other_end import laws_of_ends
from topokit.analyzers.multiple_tests import holm
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Moment, Series
from topokit.errors import ParameterError

RESAMPLES = 1000

KERNELS: tuple[Kernel, Kernel] = ("gain", "retention")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Attachment(Result):
    """Gain and retention by degree, at both ends of every block.

    Attributes
    ----------
    moments : tuple of Moment
        When the T networks were.
    confidence : float
        Of all intervals; 1 - confidence is the level of the verdicts.
    shift : float
        What is added to degrees before the power is taken.
    updates_between : int or None
        Most updates of the wiring between two networks; None where that is not known.
    kernels : tuple of DegreeKernel
        By block, end (sources, targets) and kernel (gain, retention).
    """

    plot_name: ClassVar[str] = "attachment"

    moments: tuple[Moment, ...]
    confidence: float
    shift: float
    updates_between: int | None
    kernels: tuple[DegreeKernel, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """A row per block, end and kernel: block, layer, side, kernel, updates, events, at_zero, exponent, std_error,
        low, high (Wald), updates_low, updates_high (bootstrap over updates), neurons_low, neurons_high (neurons as
        clusters), blind_mean, blind_sd, z, p_value, p_rank, p_holm, verdict, reason.

        Exponents above 0 favour neurons of high degree, of gain and of retention alike. p_holm is p_value corrected
        for all rows (Holm 1979)."""
        corrected = holm([one.p_value for one in self.kernels])
        pairs = zip(self.kernels, corrected, strict=True)
        return pd.DataFrame([self._row(one, p_holm) for one, p_holm in pairs])

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row per block and end: block, layer, side, gain, gain_verdict, retention, retention_verdict, verdict.

        The last is that of both where they agree or one of them says nothing, and "mixed" where they oppose."""
        rows = self.frame
        table = rows[rows["kernel"] == "gain"][["block", "layer", "side"]].reset_index(drop=True)
        for kernel in KERNELS:
            part = rows[rows["kernel"] == kernel]
            table[kernel], table[f"{kernel}_verdict"] = part["exponent"].to_numpy(), part["verdict"].to_numpy()
        pairs = zip(table["gain_verdict"], table["retention_verdict"], strict=True)
        return table.assign(verdict=[combined(*pair) for pair in pairs])

    @property
    def bins(self) -> pd.DataFrame:
        """The kernels without any law: block, layer, side, kernel, low_degree, high_degree, mean_degree, exposure
        (vacant pairs or edges, over all updates), events, expected (of updates blind to degree at this end), ratio of
        the two, low, high (exact Poisson limits), blind_low, blind_high (limits of the ratio when updates are blind).

        Ratios of gain above 1 and ratios of retention (of losses) below 1 favour neurons of that degree. They are over
        all updates, so where degrees spread with time they rise less steeply than the exponent, which compares neurons
        of the same update."""
        columns = ["block", "layer", "side", "kernel", *KernelBin._fields]
        rows = [(one.block, one.layer, one.side, one.kernel, *part) for one in self.kernels for part in one.bins]
        return pd.DataFrame(rows, columns=columns)

    def scalars(self) -> dict[str, float]:
        """The exponents of gain and retention by block and end."""
        return last_numbers(self.frame, ("exponent",), ("block", "side", "kernel"))

    def _row(self, one: DegreeKernel, p_holm: float) -> dict[str, Any]:
        verdict, reason = judge(one.fit, p_holm, 1 - self.confidence)
        if one.kernel == "gain":
            verdict, reason = of_lasting_births(verdict, reason, self.updates_between)
        limits = {
            f"{name}{end}": value
            for name, pair in (("", one.fit.wald), ("updates_", one.fit.updates), ("neurons_", one.fit.neurons))
            for end, value in zip(("low", "high"), pair, strict=True)
        }
        some = len(one.blind) > 1
        return {
            "block": one.block,
            "layer": one.layer,
            "side": one.side,
            "kernel": one.kernel,
            "updates": one.updates,
            "events": one.events,
            "at_zero": one.at_zero,
            "exponent": one.fit.exponent,
            "std_error": one.fit.std_error,
            **limits,
            "blind_mean": float(one.blind.mean()) if some else np.nan,
            "blind_sd": float(one.blind.std(ddof=1)) if some else np.nan,
            "z": one.z,
            "p_value": one.p_value,
            "p_rank": one.p_rank,
            "p_holm": p_holm,
            "verdict": verdict,
            "reason": reason,
        }


def attachment(
    source: Any,
    *,
    shift: float = 0.0,
    replicates: int = 200,
    confidence: float = 0.95,
    updates_between: int | None = None,
    rng: Random = 0,
    executor: Executor | None = None,
) -> Attachment:
    """Test whether rich neurons get richer: whether births and deaths of edges depend on degree.

    At an update the neurons at one end of a block have degrees k_j; b_j edges come to them and x_j go. A neuron can
    gain as many edges as it has vacant pairs, n_other - k_j, and lose k_j, which is the exposure. Gain is the rate of
    births per vacant pair and retention the inverse rate of deaths per edge, both relative to a level of the update:

        gain ~ (k + shift)^a,    deaths ~ (k + shift)^-a,

    so that a = 0 is blind to degree and a > 0 favours the rich at both. With a shift of 0, neurons without edges, to
    which no power law gives a rate, are left out of the exponent of gain; `.bins` shows them. Pairs are drawn without
    replacement at these rates, whose chance is 1 - exp(-rate), so the exponent maximises a binomial likelihood with a
    complementary log-log link and a level for each update, which stands for the numbers of births and deaths.
    Preferential attachment proper, in which births per neuron are in proportion to degree, is a = 1; below it the rich
    gain more than others and grow more slowly than in proportion.

    Three intervals differ in what they take as independent: all events (Wald), blocks of updates (bootstrap; none with
    fewer than 8 updates), or neurons (sandwich), which covers neurons that are favoured throughout for reasons of their
    own. The verdict speaks for or against the rich only where all three lie on that side of 0 and degree-blind updates
    rarely come as far.
    Those start at each update from the recorded network and have its numbers of births and deaths, births on any
    vacant pair and deaths of any edge, as far as this end is concerned. A verdict is on association with degree in this
    run; it names no cause.

    Births and deaths are those between two networks of the series. An edge dropped and grown at once has not moved,
    and with several updates between networks, births are those that lasted until the next one, so that gain holds
    early retention too: in a SET run, whose growth is blind, exponents of gain rise from 0 to between 0.3 and 0.5 when
    only every tenth update is looked at. Record every update; where that was not done, no verdict on gain is given, and
    where it is not known, the reason says so.

    Where the other end of a block prefers some neurons, those with many edges have theirs to these already, and what is
    vacant is less in demand. Both ends are therefore fitted together: each pair counts as much as neurons of the degree
    at its other end gain, and each edge as much as these lose. Without that, an end blind to degree opposite to one
    that gains with an exponent of 1 came out at -0.3 where updates move a fifth of the edges. What the other
    end prefers for reasons other than degree is only partly allowed for. Blocks that allow some pairs only, such as
    grouped ones, are not weighted so.

    Parameters
    ----------
    source : Series, or list of networks
        At least two networks over the same layers; each is read once.
    shift : float
        Added to all degrees, at least 0; with 1, neurons without edges count too.
    replicates : int
        Degree-blind replicates, at least 20.
    confidence : float
        Of the intervals.
    updates_between : int, optional
        Updates of the wiring between two networks; read from recordings that say so unless given.
    rng : int or numpy.random.Generator
        Seed or source of randomness; each kernel has a stream of its own, so executors do not change the result.
    executor : concurrent.futures.Executor, optional
        Where to fit and simulate the kernels; this process unless given.

    Returns
    -------
    Attachment
        With `.frame`, `.verdicts` and `.bins`.

    Raises
    ------
    InsufficientDataError
        A single network, or no block with weights.
    IncompatibleNetworksError
        Networks with other layers or blocks.
    ParameterError
        A negative shift, too few replicates, no update between networks, a confidence that is no share, or steps
        or epochs that descend.

    References
    ----------
    Jeong et al. (2003) and Newman (2001), the kernel; Pham et al. (2015), exposure; Prentice and Gloeckler (1978), the
    likelihood; Künsch (1989), the bootstrap of blocks; Phipson and Smyth (2010), the p-value.
    """
    if not 0 <= shift < np.inf:
        raise ParameterError(f"shift={shift}: give 0 or a number above it, such as 1")
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence={confidence}: give a share between 0 and 1")
    count = whole_number("replicates", replicates, 20, "give at least 20, for a spread that can be trusted")
    series = series_over_time(source, "attachment")
    between = updates_between
    if between is not None:
        between = whole_number("updates_between", between, 1, "give the number of updates, 1 where all are there")
    events = neuron_events(series, "births and deaths")
    tasks = [task for pair in zip(events[::2], events[1::2], strict=True) for task in _tasks(pair, shift)]
    work = partial(_analysed, shift=shift, replicates=count, confidence=confidence)
    streams = generator_of(rng).spawn(len(tasks))
    items = [(*task, stream) for task, stream in zip(tasks, streams, strict=True)]
    parameters: dict[str, Any] = {
        "shift": shift,
        "replicates": count,
        "confidence": confidence,
        "updates_between": between,
    }
    return Attachment(
        meta=Meta("attachment", {**parameters, "rng": rng_label(rng)}, ANALYZER_REFERENCES["attachment"]),
        moments=series.moments,
        confidence=confidence,
        shift=shift,
        updates_between=_recorded_updates(series) if between is None else between,
        kernels=tuple(execute.map(work, items, executor, label="attachment")),
    )


def _recorded_updates(series: Series) -> int | None:
    """Most updates between two frames of a recording; None where that, or any frame, does not count them."""
    updates = getattr(series, "updates", None)
    return None if updates is None or None in updates else int(np.diff(updates).max())


def _tasks(
    ends: tuple[NeuronEvents, NeuronEvents], shift: float
) -> list[tuple[NeuronEvents, Kernel, DegreeLaw | None]]:
    """Both kernels of both ends of a block, each with the law of the other end."""
    laws = {kernel: laws_of_ends(ends, kernel, shift) for kernel in KERNELS}
    return [(events, kernel, laws[kernel][1 - side]) for side, events in enumerate(ends) for kernel in KERNELS]


def _analysed(
    item: tuple[NeuronEvents, Kernel, DegreeLaw | None, np.random.Generator],
    *,
    shift: float,
    replicates: int,
    confidence: float,
) -> DegreeKernel:
    events, kernel, other, rng = item
    described = partial(DegreeKernel, events.block, events.layer, events.side, kernel)
    if not events.limit:
        fit = no_fit("the block allows some pairs only and does not say how many of each neuron")
        return described(0, int(events.hits(kernel).sum()), 0, fit, np.empty(0), ())
    cells = gather(events, kernel, least=0 if shift > 0 else 1, other=other)
    at_zero = int(events.births[events.degrees == 0].sum()) if kernel == "gain" else 0
    counts = len(cells.updates), int(cells.hits.sum()), at_zero
    fit = fit_exponent(events, kernel, shift=shift, confidence=confidence, resamples=RESAMPLES, rng=rng, other=other)
    blind = np.empty(0)
    if not fit.reason:
        drawn = blind_exponents(cells, kernel, shift=shift, replicates=replicates, rng=rng)
        blind = drawn[np.isfinite(drawn)]
    bins = kernel_bins(gather(events, kernel, least=0, other=other), confidence)
    return described(*counts, fit, blind, tuple(bins))
