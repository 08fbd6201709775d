"""What networks that take images have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from topokit.dag import LayeredDAG
from topokit.errors import ConfigError
from topokit.recording import network_from_module
from topokit.training.config import TrainConfig
from topokit.training.masks import Masks
from topokit.training.models.classifier import Classifier


class ImageModel(Classifier):
    """A network of convolutions, as its authors describe it; subclasses make its modules and say how they follow.

    Made within ``torch.device("meta")`` it has shapes and no numbers.

    Parameters
    ----------
    config : TrainConfig
        Its ``activation`` has to be 'relu', its ``dropout`` 0.
    input_shape : tuple of int
        Shape of one sample: ``(height, width)`` or ``(channels, height, width)``.
    n_classes : int
        Number of outputs.
    rng : torch.Generator
        Nothing is drawn from it. Weights and biases are 0 until `topokit.training.models.init`; batch normalisation
        starts as the identity.

    Raises
    ------
    ConfigError
        The samples are no images, or are too small for the network; or another activation or dropout is asked for.
    """

    smallest_side: int = 1
    samples_at_once = 256

    def __init__(
        self, config: TrainConfig, *, input_shape: Sequence[int], n_classes: int, rng: torch.Generator
    ) -> None:
        super().__init__()
        if config.activation != "relu" or config.dropout:
            raise ConfigError(
                f"model {config.model!r} has rectified units and no dropout: "
                f"activation {config.activation!r} and dropout {config.dropout:g} are for model mlp"
            )
        self.input_shape = self._image_shape(config.model, input_shape)
        with torch.device("meta"):
            self.build(n_classes)
        if torch.get_default_device().type != "meta":
            _settle(self)

    @abstractmethod
    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""

    @abstractmethod
    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of images (n_samples, channels, height, width)."""

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of x (n_samples, n_features)."""
        return self.scores(x.view(-1, *self.input_shape))

    def undecayed(self) -> frozenset[str]:
        """None: weight decay acts on all parameters, batch normalisation's too."""
        return frozenset()

    def network(self, masks: Masks) -> LayeredDAG:
        """The wiring with its weights: channels and units, with convolutions' taps and the identities of shortcuts."""
        return network_from_module(self, masks=masks)

    def _image_shape(self, name: str, shape: Sequence[int]) -> tuple[int, int, int]:
        if len(shape) not in (2, 3):
            raise ConfigError(f"model {name!r} takes images, not samples of shape {tuple(shape)}: choose model mlp")
        channels, height, width = (1, *shape)[-3:]
        if min(height, width) < self.smallest_side:
            raise ConfigError(
                f"model {name!r} takes images of {self.smallest_side} x {self.smallest_side} pixels or more, "
                f"not {height} x {width}: choose another model or data set"
            )
        return channels, height, width


def _settle(model: nn.Module) -> None:
    """Allocate it, and set what the constructors of its modules would draw from the global generator."""
    model.float().to_empty(device="cpu")
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
            elif isinstance(module, nn.Conv2d | nn.Linear):
                for parameter in module.parameters():
                    parameter.zero_()
