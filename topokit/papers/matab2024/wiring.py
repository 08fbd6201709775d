"""Matab et al. 2024, how the wiring of an MLP evolves as its edges grow at random, by gradient or by momentum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from topokit.papers.experiment import Experiment, Scale
from topokit.papers.matab2024.degree_verdicts import (
    judge_alternatives,
    judge_distance,
    judge_power_laws,
    judge_spread,
)
from topokit.papers.matab2024.training import GROWERS, MLP_CIFAR, MLP_FASHION
from topokit.papers.matab2024.untrained import XMIN
from topokit.papers.matab2024.wiring_verdicts import (
    judge_attachment,
    judge_dormant,
    judge_heatmaps,
    judge_hop,
    judge_input,
    judge_ranks,
    judge_shells,
)
from topokit.papers.paper import Figures, Item, Tables, no_figures
from topokit.papers.recipes.attachment_exponents import draw_attachment, measure_attachment
from topokit.papers.recipes.degree_distributions import draw_distributions, measure_distributions
from topokit.papers.recipes.distribution_curves import draw_distance, measure_distance
from topokit.papers.recipes.dormant_neurons import draw_dormant, measure_dormant
from topokit.papers.recipes.input_heatmaps import draw_heatmaps, measure_heatmaps
from topokit.papers.recipes.power_laws import draw_power_laws, measure_alternatives, measure_power_laws
from topokit.papers.recipes.rank_matrices import draw_ranks, measure_ranks
from topokit.papers.recipes.shells import draw_shells, measure_last_shells
from topokit.papers.verdicts import Verdict

CIFAR_SUFFIX = "-cifar10"

_FASHION = (
    "Made from Fashion-MNIST, whose results come with topokit, by the protocol of the thesis, which shows CIFAR-10; "
    f"the same item with the ending {CIFAR_SUFFIX} is made from CIFAR-10.",
)
_OTHER_DEGREES = (
    "With 784 inputs in place of 3,072 the hidden neurons start with 60 and 65 connections in place of 174 and 105: "
    "110 lies above all first degrees here and among them in the thesis.",
)
_ENDS = "The frame nearest to each epoch is shown; the wiring changes every 0.95 epochs (1.14 on CIFAR-10)."


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of the thesis whatever the data set; attributes as in `topokit.papers.Item`."""

    name: str
    title: str
    says: str
    measure: Callable[..., Tables]
    judge: Callable[[Tables, Scale], Sequence[Verdict]]
    draw: Callable[[Tables], Figures] = no_figures
    minutes: float = 0.5
    remarks: Sequence[str] = ()
    of_110: bool = False

    def on_fashion(self) -> Item:
        """From networks that learn Fashion-MNIST."""
        remarks = (*_FASHION, *(_OTHER_DEGREES if self.of_110 else ()), *self.remarks)
        return self._item(self.name, self.title, MLP_FASHION, remarks, dict(MLP_FASHION.what))

    def on_cifar(self) -> Item:
        """From networks that learn CIFAR-10, as in the thesis; at full length only."""
        scales = {"paper": MLP_CIFAR.what["paper"]}
        return self._item(f"{self.name}{CIFAR_SUFFIX}", f"{self.title}, on CIFAR-10", MLP_CIFAR, self.remarks, scales)

    def _item(
        self, name: str, title: str, experiment: Experiment, remarks: Sequence[str], scales: Mapping[Any, str]
    ) -> Item:
        return Item(
            name=name,
            title=title,
            says=self.says,
            measure=partial(self.measure, experiment=experiment, growers=GROWERS),
            draw=self.draw,
            judge=self.judge,
            scales=scales,
            experiments=[experiment],
            minutes=self.minutes,
            remarks=remarks,
        )


SPREAD = Figure(
    name="fig5",
    title="Degrees of the hidden neurons during training",
    says="Degrees at epochs 2, 75, 150, 225 and 300, and where they end. Gradient and momentum regrowth spread them "
    "within a few updates and then widen and narrow them; random regrowth widens them slowly and all along. All move "
    "towards a power law.",
    measure=measure_distributions,
    draw=draw_distributions,
    judge=judge_spread,
    remarks=(_ENDS,),
)

DISTANCE = Figure(
    name="fig6",
    title="How the distance D between data and power law is found",
    says="D is the largest distance between the distribution function of the degrees from x_min on and that of the "
    "power law fitted to them.",
    measure=partial(measure_distance, xmin=XMIN),
    draw=draw_distance,
    judge=judge_distance,
    minutes=0.1,
    of_110=True,
)

POWER_LAWS = Figure(
    name="fig7",
    title="Power-law fits over training: α, σ, D and p",
    says="All parameters stabilise; 2 < α < 3; σ and D fall; p rises fast for gradient and momentum, slowly for random "
    "regrowth, which passes the threshold only with more updates. 'We provide statistical evidence that the "
    "connections of hidden neurons will eventually follow a power law, regardless of the chosen regrow strategy.'",
    measure=partial(measure_power_laws, xmin=XMIN),
    draw=draw_power_laws,
    judge=judge_power_laws,
    minutes=1.5,
    of_110=True,
    remarks=(
        "'Reject if p < 0.95' rejects 95 % of true power laws (item 'rule'); Clauset et al. reject below 0.1, which "
        "section 4.6 quotes. Both are printed.",
        "2 < α < 3 is no evidence of a power law (item 'threshold').",
        "The layers are pooled as in the thesis, and fitted one by one besides, for they have different means.",
        "p from 100 replicates at about 45 moments, and at about 12 of each layer; moments of one run are one "
        "trajectory, so their p-values describe it and do not add up.",
    ),
)

HEATMAPS = Figure(
    name="fig8",
    title="Connections of the input pixels during training",
    says="Random regrowth spreads the connections over the image, symmetrically and evenly; gradient and momentum "
    "regrowth concentrate them on a very small part of it.",
    measure=partial(measure_heatmaps, hop=1),
    draw=partial(draw_heatmaps, label="Connections (mean over seeds)"),
    judge=judge_heatmaps,
    minutes=0.1,
    remarks=(_ENDS, "Channels of a pixel are summed."),
)

DORMANT = Figure(
    name="fig9a",
    title="Hidden neurons with fewer than 10 connections",
    says="Gradient and momentum regrowth make neurons dormant sooner; random regrowth does so much later. The number "
    "stabilises whatever the regrowth.",
    measure=partial(measure_dormant, threshold=10),
    draw=partial(draw_dormant, threshold=10),
    judge=partial(judge_dormant, threshold=10),
    remarks=(
        "Neurons of hidden 2 keep their 10 edges to the output layer, which is full: none of them can fall below 10, "
        "so the figure is about hidden 1 alone.",
    ),
)

BELOW_110 = Figure(
    name="fig9b",
    title="Hidden neurons with fewer than 110 connections",
    says="As Fig. 9a with the threshold that serves as x_min in the fits.",
    measure=partial(measure_dormant, threshold=XMIN),
    draw=partial(draw_dormant, threshold=XMIN),
    judge=partial(judge_dormant, threshold=XMIN),
    of_110=True,
    remarks=(
        "In the thesis 110 is inside the first degrees: about 350 of the 512 neurons of hidden 2 are below it before "
        "training (item 'threshold').",
    ),
)

SHELLS = Figure(
    name="fig12",
    title="Shells after training",
    says="Neurons gather in the core at the end of each distribution; gradient and momentum regrowth make denser "
    "cores, and isolate neurons: those in the lowest shell, 0 in hidden 1 and 10 in hidden 2.",
    measure=measure_last_shells,
    draw=draw_shells,
    judge=judge_shells,
    minutes=0.1,
    remarks=(
        "A neuron of hidden 2 in shell 10 has no input any more; its shell is 10 because the output layer is full.",
    ),
)

INPUT_DEGREES = Figure(
    name="fig18",
    title="Degrees of the input neurons during training",
    says="The degrees of the input layer are distributed otherwise than those of the hidden layers.",
    measure=partial(measure_distributions, layers="input"),
    draw=draw_distributions,
    judge=judge_input,
    remarks=(_ENDS, "Appendix G calls this figure 19; its own caption is that of Fig. 18."),
)

SECOND_HOP = Figure(
    name="fig19",
    title="The first hidden layer mapped back to the input",
    says="A heatmap of the first hidden layer, mapped back to the input.",
    measure=partial(measure_heatmaps, hop=2, digits=0),
    draw=partial(draw_heatmaps, label="Paths of two edges (mean over seeds)"),
    judge=judge_hop,
    minutes=0.1,
    remarks=(
        "How it is mapped is not told. Here a pixel counts the edges that leave the neurons of hidden 1 which it "
        "reaches: the paths of two edges that start at it.",
        _ENDS,
    ),
)

RANKS = Figure(
    name="fig20",
    title="Rank correlation of degrees between moments of training",
    says="Kendall's correlation of the degrees, from 0 to 1, from before training to its end. With random regrowth "
    "they correlate more near the end; with gradient and momentum regrowth they resemble their end earlier.",
    measure=measure_ranks,
    draw=draw_ranks,
    judge=judge_ranks,
    minutes=0.2,
    remarks=(
        "It correlates the degrees of the same neurons, not their distributions, as Appendix I has it. Hidden neurons, "
        "tau-b for ties; the thesis does not say which neurons.",
    ),
)

ATTACHMENT = Figure(
    name="attachment",
    title="Whether neurons with many connections gain more and keep theirs",
    says="The Neural Selection Hypothesis: hidden layers show preferential attachment, 'indicating that the "
    "survivability of a neuron is mostly determined by the number of connections it has', whatever the regrowth; "
    "gradient and momentum accelerate it.",
    measure=measure_attachment,
    draw=draw_attachment,
    judge=judge_attachment,
    minutes=2,
    remarks=(
        "The thesis infers attachment from the shape of the degrees; here births and deaths of edges are counted at "
        "every update, against updates that are blind to degree.",
        "Growth at random is blind by construction: there the rich can only get richer by keeping more.",
    ),
)

ALTERNATIVES = Figure(
    name="alternatives",
    title="The power law against other laws at the end of training",
    says="Left for future work: likelihood-ratio tests of the power law against the lognormal, the exponential and the "
    "truncated power law.",
    measure=partial(measure_alternatives, xmin=XMIN),
    judge=judge_alternatives,
    of_110=True,
    minutes=0.5,
)

FIGURES = {
    figure.name: figure
    for figure in (
        SPREAD,
        DISTANCE,
        POWER_LAWS,
        HEATMAPS,
        DORMANT,
        BELOW_110,
        SHELLS,
        INPUT_DEGREES,
        SECOND_HOP,
        RANKS,
        ATTACHMENT,
        ALTERNATIVES,
    )
}


def both(name: str) -> list[Item]:
    """A figure on Fashion-MNIST and on CIFAR-10."""
    return [FIGURES[name].on_fashion(), FIGURES[name].on_cifar()]
