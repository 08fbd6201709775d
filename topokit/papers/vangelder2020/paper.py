"""Van Gelder et al. 2020, Deconstructing the Structure of Sparse Neural Networks: what wiring is worth by itself."""

from __future__ import annotations

from functools import partial

from topokit.papers.paper import Item, Paper
from topokit.papers.recipes.degree_paths import draw_paths, measure_paths
from topokit.papers.recipes.four_algorithms import draw_algorithms, measure_algorithms
from topokit.papers.recipes.freezing_epochs import draw_freezing, measure_freezing
from topokit.papers.recipes.structure_accuracies import draw_structures, measure_structures
from topokit.papers.recipes.zeroing_sensitivity import draw_zeroing, measure_zeroing
from topokit.papers.vangelder2020.training import DEGREES, FROZEN, GRAPHS, ON_MNIST, RETRAINED, ROUNDS
from topokit.papers.vangelder2020.verdicts import (
    judge_algorithms,
    judge_freezing,
    judge_paths,
    judge_structures,
    judge_zeroing,
)

_TRAINING = (
    "The paper gives no learning rate, epochs or batch size: taken here are the public ones of one of its authors for "
    "sparse networks on CIFAR-10 (SGD with momentum 0.9, 0.1 on half a cosine, 100 epochs of batches of 256, weight "
    "decay 5e-4), the cosine in halvings."
)
_MLP = "The paper does not describe its network for MNIST: taken here is 784-300-100-10."
_NO_NUMBERS = "The paper has no numbers beside its figures: only orders are compared."
_LAYERS = (
    "How the edges are spread over the layers is told of DNW alone (the same share in each): taken for all methods, so "
    "that only which edges there are differs. RigL as published gives small layers more."
)
_GPU = "At scale 'paper' a job for a GPU (--device cuda): on one core a run takes about 90 hours."

ALGORITHMS = Item(
    name="alg",
    title="The four algorithms, one change of a small layer each",
    says="Random graphs never change. IMP trains, sets the smallest p % of the weights to 0, takes the others back to "
    "their initial values and trains again. DNW uses the largest p % of the weights of each layer in every step while "
    "gradients move all of them, so that edges return. RigL, every n steps until T_end, drops the k smallest weights "
    "and grows the k edges of largest gradient; k falls.",
    measure=partial(measure_algorithms, graphs=GRAPHS),
    draw=draw_algorithms,
    judge=judge_algorithms,
    scales={"exact": "one layer of 64 possible edges, no training"},
    remarks=[
        "RigL may grow an edge again that it has just dropped; the paper does not say that it may not.",
        "DNW frozen after epoch 0 is no random graph: its edges are the largest initial weights.",
    ],
)

FIG1 = Item(
    name="fig1",
    title="Accuracy against sparsity when structure stays and weights are drawn anew",
    says="ResNet-18 on CIFAR-10 with the structure that an algorithm found and new random weights, three seeds: LT "
    "graphs are similar to random graphs, DNW and RigL graphs above them, the more so the sparser.",
    measure=partial(measure_structures, retrained=RETRAINED, graphs=GRAPHS, densities=tuple(ROUNDS.values())),
    draw=draw_structures,
    judge=judge_structures,
    scales={
        "quick": "an MLP (784-300-100-10) on 10,000 images of MNIST instead of ResNet-18 on CIFAR-10, 10 of 100 epochs "
        "(4 in each of 21 rounds of IMP), 3 of 6 sparsities, 3 seeds",
        "paper": "ResNet-18 on CIFAR-10, 100 epochs, six sparsities from 48.8 to 98.85 %, 3 seeds",
    },
    experiments=[*RETRAINED.values()],
    remarks=[
        _NO_NUMBERS,
        _TRAINING,
        _LAYERS,
        "Which sparsities the figure has is not told in the text: taken are those of pruning by a fifth a round, after "
        "3, 7, 10, 14, 17 and 20 rounds, so that one chain of IMP comes by all of them.",
        "One structure an algorithm and three seeds of weights, as the caption reads; how much the structures of other "
        "runs differ does not show in its error bars.",
        "An MLP on MNIST has pixels that never vary: there even pruning after training finds out which inputs matter, "
        "which a random graph does not. Convolutions have no such inputs.",
        _GPU,
    ],
)

FIG2 = Item(
    name="fig2",
    title="Accuracy when trained networks lose further edges",
    says="A fully connected network on MNIST, 90.5 % sparse, three seeds: when the smallest weights go first, random "
    "graphs fall faster than LT, DNW and RigL graphs; in random order DNW and LT lie slightly above RigL and random.",
    measure=partial(measure_zeroing, trained=ON_MNIST, graphs=GRAPHS),
    draw=draw_zeroing,
    judge=judge_zeroing,
    scales={
        "quick": "10,000 of 60,000 images, 10 of 100 epochs, 5 of 11 rounds of training for IMP, 3 seeds",
        "paper": "784-300-100-10 on MNIST, 100 epochs (in each of 11 rounds for IMP), 3 seeds",
    },
    experiments=[*ON_MNIST.values()],
    minutes=1.4,
    remarks=[
        _NO_NUMBERS,
        _TRAINING,
        _MLP,
        "A sparsity of 90.5 % is none that pruning by a fifth a round comes by (89.3, 91.4 %): here every round of IMP "
        "takes the share that leads there, 21 % in each of ten.",
        "The paper does not say whether the order of weights runs within layers or over all of them: here over all.",
        "Compared is the accuracy kept on average over all shares removed; three random orders a run.",
    ],
)

FIG3 = Item(
    name="fig3",
    title="In-degree of neurons over training with DNW",
    says="A small fully connected network on MNIST, 90.5 % sparse: the in-degree after the first epoch correlates "
    "strongly with the final one; most of the structural change happens in the first epoch, and the rest amplifies it: "
    "high in-degrees rise, low ones fall.",
    measure=partial(measure_paths, experiment=DEGREES),
    draw=draw_paths,
    judge=judge_paths,
    scales={
        "quick": "8 of 100 epochs, 3 seeds where the paper shows one network",
        "paper": "784-300-100-10 on MNIST, 100 epochs, 3 seeds where the paper shows one network",
    },
    experiments=[DEGREES],
    minutes=0.2,
    remarks=[
        _TRAINING,
        _MLP,
        "The paper calls a correlation strong by eye; here that is a rank correlation (Spearman) of 0.7 or more, "
        "beside the one that as many changes would leave if they were blind to degrees.",
        "A correlation alone does not show that the first epoch determines degrees: edges that stay keep it up by "
        "themselves. What blind changes cannot do is amplify: they leave a slope below 1.",
    ],
)

FIG4 = Item(
    name="fig4",
    title="Accuracy of DNW whose structure is frozen after k epochs",
    says="ResNet-18 on CIFAR-10, three seeds: after the first few epochs, further training with DNW yields diminishing "
    "returns; if compute is unbounded, DNW to completion is still best.",
    measure=partial(measure_freezing, experiment=FROZEN),
    draw=draw_freezing,
    judge=judge_freezing,
    scales={
        "quick": "an MLP (784-300-100-10) on 10,000 images of MNIST instead of ResNet-18 on CIFAR-10, with 4.4 % of "
        "the edges, 10 of 100 epochs (of 40 steps, not 196), frozen after 0, 1, 2, 3, 5 and 10, 3 seeds",
        "paper": "ResNet-18 on CIFAR-10, with 9.5 % of the edges, 100 epochs, nine freezing epochs, 3 seeds",
    },
    experiments=[FROZEN],
    remarks=[
        _NO_NUMBERS,
        _TRAINING,
        _LAYERS,
        "The sparsity is not told: taken is that of the other figures, 90.5 %.",
        "Frozen after epoch 0, the edges are the largest initial weights; frozen at the end, this is DNW.",
        "The first few epochs are taken to be three.",
        _GPU,
    ],
)

PAPER = Paper(
    key="vangelder2020",
    label="Van Gelder et al. 2020",
    title="Deconstructing the Structure of Sparse Neural Networks",
    items=[ALGORITHMS, FIG1, FIG2, FIG3, FIG4],
)
