"""Distance correlation with its gradient: all pairs against O(N log N), at the size of a batch."""

import numpy as np
import torch
from torch import Tensor

from benchmarks.racing import race, verdict
from tagline.decorrelation.disco import squared_distance_correlation

GOALS = {1024: 7.0, 4096: 100.0}


def all_pairs(score_B: Tensor, mass_B: Tensor, weight_B: Tensor) -> Tensor:
    """Return dCorr^2 as its definition says, in the precision of the training."""
    p_B = weight_B / weight_B.sum()
    centred = []
    for column_B in (score_B, mass_B):
        distance_BB = (column_B[:, None] - column_B[None]).abs()
        mean_B = distance_BB @ p_B
        centred.append(distance_BB - mean_B[:, None] - mean_B[None] + p_B @ mean_B)
    a_BB, b_BB = centred
    covariance, variance_a, variance_b = (
        p_B @ (first_BB * second_BB) @ p_B
        for first_BB, second_BB in ((a_BB, b_BB), (a_BB, a_BB), (b_BB, b_BB))
    )
    return covariance / torch.sqrt(variance_a * variance_b)


def race_batch(num_jets: int, goal: float) -> None:
    """Race value and gradient of one batch of background."""
    random = torch.Generator().manual_seed(num_jets)
    score_B = torch.rand(num_jets, generator=random).requires_grad_()
    mass_B = 100 * score_B.detach() ** 2 + 50 * torch.rand(num_jets, generator=random)
    weight_B = torch.ones(num_jets)

    def ours() -> tuple[Tensor, Tensor]:
        value = squared_distance_correlation(score_B, mass_B, weight_B)
        return value, torch.autograd.grad(value, score_B)[0]

    def naive() -> tuple[Tensor, Tensor]:
        value = all_pairs(score_B, mass_B, weight_B)
        return value, torch.autograd.grad(value, score_B)[0]

    (value, gradient_B), (naive_value, naive_gradient_B) = ours(), naive()
    torch.testing.assert_close(value, naive_value, rtol=1e-4, atol=0)
    scale = naive_gradient_B.abs().max().item()
    torch.testing.assert_close(gradient_B, naive_gradient_B, rtol=0, atol=1e-4 * scale)

    def two_sorts() -> None:
        np.argsort(score_B.detach().numpy())
        np.argsort(mass_B.numpy())

    seconds = race({"ours": ours, "all pairs": naive, "two sorts": two_sorts}, rounds=9)
    title = f"distance correlation and gradient, {num_jets} jets"
    print(verdict(title, seconds, ours="ours", rival="all pairs", goal=goal, limit="two sorts"))
    print(", ".join(f"{name} {1e3 * time:.2f} ms" for name, time in seconds.items()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for num_jets, goal in GOALS.items():
        race_batch(num_jets, goal)
