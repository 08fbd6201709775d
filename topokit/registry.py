"""Names to code: what topokit can read, measure, train, draw and reproduce.

A new format, analyzer, method, model, data set, plot or paper is one file and one line here. Packages of third
parties add theirs with an entry point in the group ``topokit.<table>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from topokit.errors import UnknownNameError


class Registry(Mapping[str, str]):
    """A table of names and where their code lives, ``"module:object"``.

    Parameters
    ----------
    kind : str
        What one entry is, in the singular; the entry-point group is ``topokit.<kind>s``.
    entries : mapping of str to str
        The entries topokit itself brings.
    """

    def __init__(self, kind: str, entries: Mapping[str, str]) -> None:
        self.kind = kind
        self._own = dict(entries)

    @cached_property
    def _entries(self) -> dict[str, str]:
        others = {point.name: point.value for point in entry_points(group=f"topokit.{self.kind}s")}
        return {**others, **self._own}

    def __getitem__(self, name: str) -> str:
        if name not in self._entries:
            raise UnknownNameError(self.kind, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def load(self, name: str) -> Any:
        """Import and return the object of that name; `UnknownNameError` lists the near names."""
        module, _, attribute = self[name].partition(":")
        return getattr(import_module(module), attribute)


FORMATS = Registry(
    "format",
    {
        "safetensors": "topokit.loaders.formats.safetensors:FORMAT",
        "gguf": "topokit.loaders.formats.gguf:FORMAT",
        "hf-shards": "topokit.loaders.formats.hf_shards:FORMAT",
        "coreml": "topokit.loaders.formats.coreml:FORMAT",
        "torch-export": "topokit.loaders.formats.torch_export:FORMAT",
        "onnx": "topokit.loaders.formats.onnx:FORMAT",
        "keras": "topokit.loaders.formats.keras:FORMAT",
        "keras-h5": "topokit.loaders.formats.keras_h5:FORMAT",
        "keras-shards": "topokit.loaders.formats.keras_shards:FORMAT",
        "hdf5": "topokit.loaders.formats.hdf5:FORMAT",
        "matlab": "topokit.loaders.formats.matlab:FORMAT",
        "matlab-hdf5": "topokit.loaders.formats.matlab_hdf5:FORMAT",
        "npy": "topokit.loaders.formats.npy:FORMAT",
        "npz": "topokit.loaders.formats.npz:FORMAT",
        "pickle": "topokit.loaders.formats.pickle:FORMAT",
        "joblib": "topokit.loaders.formats.joblib:FORMAT",
        "skops": "topokit.loaders.formats.skops:FORMAT",
        "flax-msgpack": "topokit.loaders.formats.flax_msgpack:FORMAT",
        "orbax": "topokit.loaders.formats.orbax:FORMAT",
        "paddle": "topokit.loaders.formats.paddle:FORMAT",
        "paddle-inference": "topokit.loaders.formats.paddle_inference:FORMAT",
        "scipy-sparse": "topokit.loaders.formats.scipy_sparse:FORMAT",
        "scipy-sparse-folder": "topokit.loaders.formats.scipy_sparse_folder:FORMAT",
        "tflite": "topokit.loaders.formats.tflite:FORMAT",
        "torch-zip": "topokit.loaders.formats.torch_zip:FORMAT",
        "torch-legacy": "topokit.loaders.formats.torch_legacy:FORMAT",
        "torchscript": "topokit.loaders.formats.torchscript:FORMAT",
        "torch-dcp": "topokit.loaders.formats.torch_dcp:FORMAT",
        "tf-checkpoint": "topokit.loaders.formats.tf_checkpoint:FORMAT",
        "graphdef": "topokit.loaders.formats.graphdef:FORMAT",
        "savedmodel": "topokit.loaders.formats.savedmodel:FORMAT",
        "tfjs": "topokit.loaders.formats.tfjs:FORMAT",
        "matrix-market": "topokit.loaders.formats.matrix_market:FORMAT",
        "edge-list": "topokit.loaders.formats.edge_list:FORMAT",
        "graphml": "topokit.loaders.formats.graphml:FORMAT",
        "gexf": "topokit.loaders.formats.gexf:FORMAT",
        "archive": "topokit.loaders.formats.archived:FORMAT",
    },
)

ANALYZERS = Registry(
    "analyzer",
    {
        "degrees": "topokit.analyzers.degrees:degrees",
        "power_law": "topokit.analyzers.power_law:power_law",
        "kshell": "topokit.analyzers.kshell:kshell",
        "onion_layers": "topokit.analyzers.onion_layers:onion_layers",
        "weighted_kshell": "topokit.analyzers.weighted_kshell:weighted_kshell",
        "bipartite_core": "topokit.analyzers.bipartite_core:bipartite_core",
        "shell_layout": "topokit.analyzers.shell_layout:shell_layout",
        "dormant": "topokit.analyzers.dormant:dormant",
        "tau_dormant": "topokit.analyzers.tau_dormant:tau_dormant",
        "dormancy_join": "topokit.analyzers.dormancy_join:dormancy_join",
        "effective_sparsity": "topokit.analyzers.effective_sparsity:effective_sparsity",
        "rank_evolution": "topokit.analyzers.rank_evolution:rank_evolution",
        "input_map": "topokit.analyzers.input_map:input_map",
        "nnstd": "topokit.analyzers.nnstd:nnstd",
        "nnstd_matrix": "topokit.analyzers.nnstd_sets:nnstd_matrix",
        "nnstd_between": "topokit.analyzers.nnstd_sets:nnstd_between",
        "nnstd_against": "topokit.analyzers.nnstd_sets:nnstd_against",
        "nnstd_consecutive": "topokit.analyzers.nnstd_sets:nnstd_consecutive",
        "nnstd_chance": "topokit.analyzers.nnstd_chance:nnstd_chance",
        "nnstd_chance_matrix": "topokit.analyzers.nnstd_chance_matrix:nnstd_chance_matrix",
        "edge_changes": "topokit.analyzers.edge_changes:edge_changes",
        "attachment": "topokit.analyzers.attachment:attachment",
        "exploration": "topokit.analyzers.exploration:exploration",
        "degree_inequality": "topokit.analyzers.degree_inequality:degree_inequality",
        "degree_persistence": "topokit.analyzers.degree_persistence:degree_persistence",
        "edge_survival": "topokit.analyzers.edge_survival:edge_survival",
        "hierarchy": "topokit.analyzers.hierarchy:hierarchy",
        "against_null": "topokit.analyzers.against_null:against_null",
        "input_significance": "topokit.analyzers.input_significance:input_significance",
        "input_change": "topokit.analyzers.input_change:input_change",
        "input_correlation": "topokit.analyzers.input_correlation:input_correlation",
        "moran": "topokit.analyzers.moran:moran",
        "network_map": "topokit.analyzers.network_map:network_map",
        "mantel": "topokit.analyzers.mantel:mantel",
        "accuracy_law": "topokit.analyzers.accuracy_law:accuracy_law",
    },
)

METHODS = Registry(
    "method",
    {
        "dense": "topokit.training.methods.dense:DENSE",
        "static": "topokit.training.methods.static:STATIC",
        "set": "topokit.training.methods.set:SET",
        "rigl": "topokit.training.methods.rigl:RIGL",
        "snfs": "topokit.training.methods.snfs:SNFS",
        "snip": "topokit.training.methods.snip:SNIP",
        "grasp": "topokit.training.methods.grasp:GRASP",
        "synflow": "topokit.training.methods.synflow:SYNFLOW",
        "snfs-masked": "topokit.training.methods.snfs:SNFS_MASKED",
        "random-gradient": "topokit.training.methods.mixed:RANDOM_GRADIENT",
        "random-momentum": "topokit.training.methods.mixed:RANDOM_MOMENTUM",
        "gradient-random": "topokit.training.methods.mixed:GRADIENT_RANDOM",
        "gradient-momentum": "topokit.training.methods.mixed:GRADIENT_MOMENTUM",
        "momentum-random": "topokit.training.methods.mixed:MOMENTUM_RANDOM",
        "momentum-gradient": "topokit.training.methods.mixed:MOMENTUM_GRADIENT",
        "dnw": "topokit.training.methods.dnw:DNW",
        "dnw-frozen": "topokit.training.methods.dnw:DNW_FROZEN",
        "gradual": "topokit.training.methods.gradual:GRADUAL_MAGNITUDE",
        "one-shot": "topokit.training.methods.one_shot:ONE_SHOT",
        "imp": "topokit.training.methods.imp:IMP",
    },
)

PROFILES = Registry(
    "profile",
    {
        "set-keras": "topokit.training.profiles.set_keras:PROFILE",
        "set-scipy": "topokit.training.profiles.set_scipy:PROFILE",
        "rigl": "topokit.training.profiles.rigl:PROFILE",
        "nowak": "topokit.training.profiles.nowak:PROFILE",
        "dnw": "topokit.training.profiles.dnw:PROFILE",
        "imp": "topokit.training.profiles.imp:PROFILE",
        "gmp-tf": "topokit.training.profiles.gmp_tf:PROFILE",
        "radix": "topokit.training.profiles.radix:PROFILE",
        "set-rbm": "topokit.training.profiles.set_rbm:PROFILE",
    },
)

MODELS = Registry(
    "model",
    {
        "mlp": "topokit.training.models.mlp:MLP",
        "lenet-300-100": "topokit.training.models.lenet:lenet_300_100",
        "lenet-5": "topokit.training.models.lenet:LeNet5",
        "lenet-5-caffe": "topokit.training.models.lenet:LeNet5Caffe",
        "lenet-300-100-rectified": "topokit.training.models.rectified:rectified_300_100",
        "lenet-5-rectified": "topokit.training.models.rectified:RectifiedLeNet5",
        "lenet-5-rectified-x2": "topokit.training.models.rectified:RectifiedLeNet5Times2",
        "lenet-5-rectified-x10": "topokit.training.models.rectified:RectifiedLeNet5Times10",
        "lenet-5-rectified-x100": "topokit.training.models.rectified:RectifiedLeNet5Times100",
        "convnet": "topokit.training.models.convnet:ConvNet",
        "cifar-resnet-18": "topokit.training.models.resnet:CifarResNet18",
        "cifar-resnet-20": "topokit.training.models.resnet:CifarResNet20",
        "cifar-resnet-50": "topokit.training.models.resnet:CifarResNet50",
        "cifar-resnet-56": "topokit.training.models.resnet:CifarResNet56",
        "resnet-50": "topokit.training.models.resnet:ResNet50",
        "vgg-16": "topokit.training.models.vgg:VGG16",
        "rbm": "topokit.training.models.rbm:RBM",
    },
)

DATASETS = Registry(
    "dataset",
    {
        "digits": "topokit.training.data.digits:DIGITS",
        "mnist": "topokit.training.data.mnist:MNIST",
        "fashion-mnist": "topokit.training.data.mnist:FASHION_MNIST",
        "cifar-10": "topokit.training.data.cifar:CIFAR_10",
        "cifar-100": "topokit.training.data.cifar:CIFAR_100",
    },
)

PLOTS = Registry(
    "plot",
    {
        "degree_ccdf": "topokit.plots.degree_ccdf:degree_ccdf",
        "degree_grid": "topokit.plots.degree_grid:degree_grid",
        "power_law_evolution": "topokit.plots.power_law_evolution:power_law_evolution",
        "power_law_fit": "topokit.plots.power_law_fit:power_law_fit",
        "power_analysis": "topokit.plots.power_analysis:power_analysis",
        "shell_histogram": "topokit.plots.shell_histogram:shell_histogram",
        "shell_drawing": "topokit.plots.shell_drawing:shell_drawing",
        "onion": "topokit.plots.onion:onion",
        "onion_spectrum": "topokit.plots.onion_spectrum:onion_spectrum",
        "bipartite_cores": "topokit.plots.bipartite_cores:bipartite_cores",
        "dormant_evolution": "topokit.plots.dormant_evolution:dormant_evolution",
        "activation_dormancy": "topokit.plots.activation_dormancy:activation_dormancy",
        "activation_evolution": "topokit.plots.activation_evolution:activation_evolution",
        "dormancy_scatter": "topokit.plots.dormancy_scatter:dormancy_scatter",
        "dormancy_auc": "topokit.plots.dormancy_auc:dormancy_auc",
        "effective_sparsity": "topokit.plots.effective_sparsity:effective_sparsity",
        "rank_matrix": "topokit.plots.rank_matrix:rank_matrix",
        "input_map": "topokit.plots.input_map:input_map",
        "input_map_grid": "topokit.plots.input_map_grid:input_map_grid",
        "input_z_map": "topokit.plots.input_z_map:input_z_map",
        "moran_evolution": "topokit.plots.moran_evolution:moran_evolution",
        "input_correlation": "topokit.plots.input_correlation:input_correlation",
        "null_comparison": "topokit.plots.null_comparison:null_comparison",
        "distance_chance": "topokit.plots.distance_chance:distance_chance",
        "edge_changes": "topokit.plots.edge_changes:edge_changes",
        "edge_survival": "topokit.plots.edge_survival:edge_survival",
        "exploration": "topokit.plots.exploration:exploration",
        "degree_inequality": "topokit.plots.degree_inequality:degree_inequality",
        "degree_persistence": "topokit.plots.degree_persistence:degree_persistence",
        "attachment": "topokit.plots.attachment:attachment",
        "distance_layers": "topokit.plots.distance_layers:distance_layers",
        "distance_matrix": "topokit.plots.distance_matrix:distance_matrix",
        "group_distances": "topokit.plots.group_distances:group_distances",
        "dendrogram": "topokit.plots.dendrogram:dendrogram",
        "network_map": "topokit.plots.network_map:network_map",
        "mantel": "topokit.plots.mantel:mantel",
        "distance_evolution": "topokit.plots.distance_evolution:distance_evolution",
        "accuracy": "topokit.plots.accuracy:accuracy",
        "accuracy_law": "topokit.plots.accuracy_law:accuracy_law",
        "sweep": "topokit.plots.sweep:sweep",
        "pruning_sensitivity": "topokit.plots.pruning_sensitivity:pruning_sensitivity",
    },
)

PAPERS = Registry(
    "paper",
    {
        "liu2020": "topokit.papers.liu2020:PAPER",
        "vangelder2020": "topokit.papers.vangelder2020:PAPER",
        "alford2019": "topokit.papers.alford2019:PAPER",
        "vanengers2021": "topokit.papers.vanengers2021:PAPER",
        "matab2024": "topokit.papers.matab2024:PAPER",
    },
)

TABLES = {
    "formats": FORMATS,
    "analyzers": ANALYZERS,
    "methods": METHODS,
    "profiles": PROFILES,
    "models": MODELS,
    "datasets": DATASETS,
    "plots": PLOTS,
    "papers": PAPERS,
}
