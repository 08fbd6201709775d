"""Dense layers, embeddings and normalisation."""

from __future__ import annotations

from topokit.loaders.formats.keras_files.graph import Step
from topokit.loaders.formats.keras_files.slots import slots_of
from topokit.loaders.graph import Weight


def dense(step: Step) -> list[str]:
    return step.add("linear", weights=step.weight("kernel", "io"))


def einsum_dense(step: Step) -> list[str]:
    """Axes of the kernel that the input has and the output has not are sources; the other way round, targets."""
    parts = str(step.config.get("equation", "")).replace(" ", "").replace("...", "").replace("->", ",").split(",")
    if len(parts) != 3:
        return step.unknown()
    taken, kernel, made = parts
    axes = "".join(
        "i" if c in taken and c not in made else "o" if c in made and c not in taken else "?" for c in kernel
    )
    sources = "".join(c for c, letter in zip(kernel, axes, strict=True) if letter == "i")
    targets = "".join(c for c, letter in zip(kernel, axes, strict=True) if letter == "o")
    if "?" in axes or not sources or not targets:
        return step.unknown()
    weights = step.weight("kernel", axes)
    if taken.endswith(sources) and made.endswith(targets):
        return step.add("linear", weights=weights)
    if len(sources) == len(targets) == 1 and taken.index(sources) - len(taken) == made.index(targets) - len(made):
        return step.add("linear", weights=weights, axis=taken.index(sources) - len(taken))
    return step.unknown()


def embedding(step: Step) -> list[str]:
    return step.add("embedding", weights=step.weight("embeddings", "io"))


def norm(step: Step) -> list[str]:
    axis = step.config.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    if len(axes) != 1 or type(axes[0]) is not int:
        return step.add("pass")
    slot = "scale" if step.layer.kind == "RMSNormalization" else "gamma"
    tensor = step.weights.named(slot, slots_of(step.layer.kind, step.config))
    weights = {} if tensor is None else {"scale": Weight(tensor, "o")}
    return step.add("norm", weights=weights, axis=axes[0])


def unchanged(step: Step) -> list[str]:
    """Neuron by neuron."""
    return step.add("pass", step.inputs[:1])


_PLAIN = (
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU", "Dropout", "SpatialDropout1D"),
    *(
        "SpatialDropout2D",
        "SpatialDropout3D",
        "GaussianDropout",
        "GaussianNoise",
        "AlphaDropout",
        "Masking",
        "Identity",
    ),
    *("ActivityRegularization", "Rescaling", "Normalization", "UnitNormalization", "QuantizeLayer"),
)

TRANSLATORS = {
    "Dense": dense,
    "EinsumDense": einsum_dense,
    "Embedding": embedding,
    **dict.fromkeys(("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"), norm),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization", "RMSNormalization", "SyncBatchNormalization"), norm),
    **dict.fromkeys(_PLAIN, unchanged),
}
