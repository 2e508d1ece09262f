"""Transfer: a network begins with the weights of another training, and part of it stays frozen."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import filter as matching
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tagline.data.inputs import Inputs
from tagline.learning.model import Weights
from tagline.networks.heads import head_of, in_head
from tagline.settings.training import StartFrom

SHOWN = 5  # names in a message
FEATURES = ("constituent_features", "jet_features")
MOMENTS = ("running_mean", "running_var")


def begin(network: nn.Module, source: Path, start_from: StartFrom, inputs: Inputs) -> None:
    """Load weights into a network, but for a new head, and freeze what is to stay.

    Statistics of the training set, such as mean images, come along: the weights know no others.

    Raises:
        ValueError: the weights are of another network, with what differs.
    """
    weights = weights_of(source, inputs)
    adapted = getattr(network, "adapted", None)  # of taggers that take weights from elsewhere
    if adapted is not None:
        weights = adapted(weights)
    head = head_of(network) if start_from.new_head else ()
    weights = {name: tensor for name, tensor in weights.items() if not in_head(name, head)}
    require_same(network, weights, head, source=source)
    network.load_state_dict(weights, strict=False)
    freeze(network, start_from.freeze, except_for=head)


def weights_of(source: Path, inputs: Inputs) -> Weights:
    """Read a model of ours or a state dict from elsewhere.

    Raises:
        ValueError: it is none, or its model reads other features.
    """
    try:
        contents = torch.load(source, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError) as error:
        raise ValueError(f"{source}: cannot be read as weights: {error}") from None
    if isinstance(contents, dict) and {"weights", "inputs"} <= set(contents):
        _require_features(contents["inputs"], inputs, source)
        contents = contents["weights"]
    elif isinstance(contents, dict) and "state_dict" in contents:
        contents = contents["state_dict"]
    if not isinstance(contents, dict) or not all(
        isinstance(tensor, Tensor) for tensor in contents.values()
    ):
        raise ValueError(f"{source}: neither a model nor a state dict of names and tensors")
    return dict(contents)


def _require_features(described: Mapping[str, Any], inputs: Inputs, source: Path) -> None:
    for name in FEATURES:
        theirs, ours = tuple(described[name]), getattr(inputs, name)
        if theirs != ours:
            raise ValueError(
                f"{source}: its {name} are {', '.join(theirs) or 'none'}, "
                f"those of this tagger {', '.join(ours) or 'none'}"
            )


def require_same(
    network: nn.Module, weights: Weights, head: tuple[str, ...], *, source: Path
) -> None:
    """Raise ValueError unless the weights are all those of a network but of a new head.

    Buffers that are no moments of a norm may be missing, since only our models have them.
    """
    own = network.state_dict()
    buffers = {name for name, _ in network.named_buffers() if not name.endswith(MOMENTS)}
    missing = [name for name in own if not in_head(name, head) and name not in weights]
    missing = [name for name in missing if name not in buffers]
    if missing:
        raise ValueError(f"{source}: it lacks {_shown(missing)}")
    if unknown := [name for name in weights if name not in own]:
        raise ValueError(f"{source}: this network has no {_shown(unknown)}")
    for name, tensor in weights.items():
        if tensor.shape != own[name].shape:
            hint = "; set `new_head: true`" if in_head(name, head_of(network)) else ""
            raise ValueError(
                f"{source}: {name} has the shape {tuple(tensor.shape)}, "
                f"in this network {tuple(own[name].shape)}{hint}"
            )


def freeze(network: nn.Module, patterns: Sequence[str], *, except_for: tuple[str, ...]) -> None:
    """Let the parameters that a pattern matches have no gradient, but for a new head.

    Raises:
        ValueError: a pattern matches none, or nothing is left to be trained.
    """
    parameters = dict(network.named_parameters())
    for pattern in patterns:
        matched = matching(parameters, pattern)
        if not matched:
            modules = dict.fromkeys(name.split(".")[0] for name in parameters)
            raise ValueError(
                f"start_from.freeze: {pattern!r} matches no parameter; they are in "
                f"{', '.join(modules)}"
            )
        for name in matched:
            if not in_head(name, except_for):
                parameters[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise ValueError(f"start_from.freeze: {', '.join(patterns)} leave nothing to be trained")


def rest_frozen_norms(network: nn.Module) -> None:
    """Let batch norms whose parameters are frozen keep their moments and use them."""
    for module in network.modules():
        parameters = list(module.parameters(recurse=False))
        is_frozen = parameters and not any(each.requires_grad for each in parameters)
        if isinstance(module, _BatchNorm) and is_frozen:
            module.eval()


def _shown(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
