"""Gradients of a tagger's log-odds with respect to what it reads: saliency, and integrated ones.

Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013, https://arxiv.org/abs/1312.6034;
Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", 2017, https://arxiv.org/abs/1703.01365.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from captum.attr import IntegratedGradients, Saliency
from torch import Tensor

from tagline.networks.padded_network import PaddedNetwork

STEPS = 32  # of the path from the baseline, at the nodes of Gauss and Legendre
JETS_AT_ONCE = 256  # steps of all jets count
COUNTED = "num_constituents"

Arrays = Mapping[str, Tensor]


@dataclass(frozen=True)
class Gradients:
    """Of some jets, by name of the array.

    Args:
        saliency: absolute value of the gradient, shaped as the array.
        integrated: (x - baseline) times the mean gradient between both, shaped as the array.
        difference_B: of the log-odds of the jets and of the baseline.
        gap_B: what the integrated gradients miss of it when they are added up.
    """

    saliency: dict[str, Tensor]
    integrated: dict[str, Tensor]
    difference_B: Tensor
    gap_B: Tensor


class LogOdds:
    """The signal's log(p / (1 - p)) as a function of the arrays that can vary."""

    def __init__(self, network: PaddedNetwork, names: tuple[str, ...]) -> None:
        self.network = network
        self.names = names

    def __call__(self, *arrays: Tensor) -> Tensor:
        """Return log_odds_B of arrays in the order of the names, then the numbers if any."""
        names = (*self.names, COUNTED)
        logits_BC, _ = self.network(**dict(zip(names, arrays, strict=False)))
        log_odds_B: Tensor = logits_BC[:, -1] - logits_BC[:, :-1].logsumexp(1)
        for array in arrays[: len(self.names)]:  # autograd wants all of them in the graph
            log_odds_B = log_odds_B + (0 * array).flatten(1).sum(1)
        return log_odds_B


def gradients(network: PaddedNetwork, arrays: Arrays, baselines: Arrays) -> Gradients:
    """Return all gradients of some jets.

    Args:
        network: the network, in evaluation mode.
        arrays: what it reads; constituents in empty slots get no gradient.
        baselines: of each array but the numbers, for each jet or for all (first dimension 1).
    """
    names = tuple(name for name in arrays if name != COUNTED)
    fixed = tuple(arrays[name] for name in arrays if name == COUNTED)
    function = LogOdds(network, names)
    inputs = tuple(arrays[name].clone().requires_grad_() for name in names)
    starts = tuple(baselines[name].expand_as(arrays[name]) for name in names)
    saliency = Saliency(function).attribute(inputs, additional_forward_args=fixed)
    integrated, gap_B = IntegratedGradients(function).attribute(
        inputs,
        starts,
        additional_forward_args=fixed,
        n_steps=STEPS,
        internal_batch_size=max(JETS_AT_ONCE, len(inputs[0])),
        return_convergence_delta=True,
    )
    with torch.no_grad():
        difference_B = function(*inputs, *fixed) - function(*starts, *fixed)
    return Gradients(
        saliency=dict(_detached(names, saliency)),
        integrated=dict(_detached(names, integrated)),
        difference_B=difference_B,
        gap_B=gap_B.detach(),
    )


def _detached(names: tuple[str, ...], tensors: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in zip(names, tensors, strict=True):
        yield name, tensor.detach()
