"""The optimisers of the papers. Those that torch lacks keep all they know in their state."""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tagline.networks.heads import head_of, in_head
from tagline.settings.training import Training

RANGER_EPSILON = 1e-5  # of weaver-core, like the next two
LOOKAHEAD_STEPS = 6
LOOKAHEAD_SHARE = 0.5
SHORTEST_AVERAGE = 5.0  # of RAdam: below it, the second moment is too uncertain to divide by


def optimiser_of(training: Training, network: nn.Module) -> Optimizer:
    """Return the optimiser of a training; those of torch are fused into one kernel."""
    groups, rate, betas = groups_of(training, network), training.learning_rate, training.betas
    match training.optimiser:
        case "adam":
            return torch.optim.Adam(groups, lr=rate, betas=betas, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, betas=betas, fused=True)
        case "ranger":
            return Ranger(groups, lr=rate, betas=betas)
        case "lion":
            return Lion(groups, lr=rate, betas=betas)


def groups_of(training: Training, network: nn.Module) -> list[dict[str, Any]]:
    """Return what is trained, by how it decays and how many times faster it learns.

    With Ranger, biases, factors of norms and tokens do not decay, as in weaver-core.
    """
    head = head_of(network)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            decays = parameter.dim() > 1 or training.optimiser != "ranger"
            decay = training.weight_decay if decays else 0.0
            factor = training.head_learning_rate_factor if in_head(name, head) else 1.0
            groups.setdefault((decay, factor), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "rate_factor": factor}
        for (decay, factor), parameters in groups.items()
    ]


class _Foreach(Optimizer, ABC):
    """An optimiser that does its arithmetic on lists of tensors."""

    def step(self, closure: Any = None) -> None:  # type: ignore[override] # noqa: ANN401
        """Change all parameters that have a gradient."""
        assert closure is None
        for group in self.param_groups:
            parameters = [each for each in group["params"] if each.grad is not None]
            if parameters:
                group["num_steps"] += 1
                with torch.no_grad():
                    self.change(group, parameters, [each.grad for each in parameters])

    @abstractmethod
    def change(self, group: dict[str, Any], parameters: list[Tensor], grads: list[Tensor]) -> None:
        """Change these parameters of a group."""

    def kept(self, name: str, parameters: list[Tensor], *, zero: bool = True) -> list[Tensor]:
        """Return what is kept for each parameter under this name, at first zero or a copy."""
        for each in parameters:
            if name not in self.state[each]:
                self.state[each][name] = torch.zeros_like(each) if zero else each.clone()
        return [self.state[each][name] for each in parameters]


class Ranger(_Foreach):
    """Lookahead around RAdam, as in weaver-core.

    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2019, https://arxiv.org/abs/1908.03265;
    Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", 2019, https://arxiv.org/abs/1907.08610.
    """

    def __init__(
        self, groups: list[dict[str, Any]], *, lr: float, betas: tuple[float, float]
    ) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "num_steps": 0})

    def change(self, group: dict[str, Any], parameters: list[Tensor], grads: list[Tensor]) -> None:
        """Do one step of RAdam; after some of them, go back half the way."""
        slow = self.kept("slow", parameters, zero=False)
        self._radam(group, parameters, grads)
        if group["num_steps"] % LOOKAHEAD_STEPS == 0:
            torch._foreach_lerp_(parameters, slow, 1 - LOOKAHEAD_SHARE)
            torch._foreach_copy_(slow, parameters)

    def _radam(self, group: dict[str, Any], parameters: list[Tensor], grads: list[Tensor]) -> None:
        (beta1, beta2), steps, rate = group["betas"], group["num_steps"], group["lr"]
        first = self.kept("first_moment", parameters)
        second = self.kept("second_moment", parameters)
        torch._foreach_lerp_(first, grads, 1 - beta1)
        torch._foreach_mul_(second, beta2)
        torch._foreach_addcmul_(second, grads, grads, 1 - beta2)
        torch._foreach_mul_(parameters, 1 - rate * group["weight_decay"])
        rate /= 1 - beta1**steps
        factor = rectification(beta2, steps)
        if factor == 0:
            torch._foreach_add_(parameters, first, alpha=-rate)
        else:
            root = torch._foreach_sqrt(second)
            torch._foreach_add_(root, RANGER_EPSILON)
            torch._foreach_addcdiv_(parameters, first, root, -rate * factor)


def rectification(beta2: float, steps: int) -> float:
    """Return the factor of RAdam with the correction of the second moment, 0 where it has none."""
    remaining = beta2**steps
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * steps * remaining / (1 - remaining)
    if length < SHORTEST_AVERAGE:
        return 0.0
    shorter = (length - 4) * (length - 2) * longest
    longer = (longest - 4) * (longest - 2) * length
    return math.sqrt((1 - remaining) * shorter / longer)


class Lion(_Foreach):
    """Steps of equal size along the sign of the mean gradient.

    Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, https://arxiv.org/abs/2302.06675.
    """

    def __init__(
        self, groups: list[dict[str, Any]], *, lr: float, betas: tuple[float, float]
    ) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "num_steps": 0})

    def change(self, group: dict[str, Any], parameters: list[Tensor], grads: list[Tensor]) -> None:
        """Do one step, then update the mean."""
        beta1, beta2 = group["betas"]
        mean = self.kept("mean", parameters)
        direction = torch._foreach_lerp(mean, grads, 1 - beta1)
        torch._foreach_sign_(direction)
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(parameters, direction, alpha=-group["lr"])
        torch._foreach_lerp_(mean, grads, 1 - beta2)
