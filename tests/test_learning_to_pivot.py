"""The toy of Learning to Pivot: the score of a class stops following what its features follow.

Louppe, Kagan and Cranmer (2016), arXiv:1611.01046, section 5.1: one class is normal around (0, 0)
with a correlation, the other around (1, 1 + z), and z is normal itself. The tagger has 20 tanh and
20 ReLU, the adversary 5 normal distributions. Both learn in the same steps here, the adversary
five times faster, where the paper takes 500 of its steps to one of the tagger's.
"""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score
from torch import nn

from tagline.decorrelation import method_of
from tagline.settings.catalogue import Decorrelation
from tests.clouds import without_particles

STEPS, BATCH = 1000, 512
LEARNING_RATE = 3e-3
CORRELATED = np.linalg.cholesky([[1, -0.5], [-0.5, 1]])


class Sample(NamedTuple):
    x_J2: torch.Tensor
    label_J: torch.Tensor  # 0 follows z, as the background of a decorrelation does
    z_J1: torch.Tensor


def draw(num_jets: int, *, seed: int, z: float | None = None) -> Sample:
    random = np.random.default_rng(seed)
    label_J = np.arange(num_jets) % 2
    z_J = random.normal(size=num_jets) if z is None else np.full(num_jets, z)
    normal_J2 = random.normal(size=(num_jets, 2))
    following_J2 = normal_J2 + np.stack([np.ones(num_jets), 1 + z_J], axis=1)
    x_J2 = np.where(label_J[:, None] == 0, following_J2, normal_J2 @ CORRELATED.T)
    return Sample(
        torch.from_numpy(x_J2).float(),
        torch.from_numpy(label_J),
        torch.from_numpy(z_J[:, None]).float(),
    )


def trained_tagger(*, strength: float) -> nn.Module:
    torch.manual_seed(1)
    sample = draw(40_000, seed=1)
    tagger = nn.Sequential(
        nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 2)
    )
    parameters = {
        "strength": strength,
        "components": 5,
        "hidden": (20, 20),
        "learning_rate_factor": 5,
    }
    method = method_of(Decorrelation(method="adversary", when="training", parameters=parameters))
    method.begin(sample.z_J1.numpy(), sample.label_J.numpy())
    optimiser = torch.optim.Adam(
        [
            {"params": tagger.parameters(), "lr": LEARNING_RATE},
            {
                "params": method.adversary.parameters(),
                "lr": LEARNING_RATE * method.adversary_rate,
            },
        ]
    )
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1 / STEPS, total_iters=STEPS)
    for rows_B in torch.randint(len(sample.x_J2), (STEPS, BATCH)):
        logits_BC, label_B = tagger(sample.x_J2[rows_B]), sample.label_J[rows_B]
        batch = without_particles(label_B, protected_BR=sample.z_J1[rows_B])
        loss = nn.functional.cross_entropy(logits_BC, label_B) + method.penalty(logits_BC, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return tagger


@torch.inference_mode()
def scores(tagger: nn.Module, sample: Sample) -> np.ndarray:
    return tagger(sample.x_J2).softmax(dim=1)[:, 1].numpy()


def largest_distance(tagger: nn.Module) -> float:
    """Return the largest KS distance of the scores of the class that follows z, at -1, 0 and 1."""
    low, middle, high = (scores(tagger, draw(20_000, seed=2, z=z))[::2] for z in (-1.0, 0.0, 1.0))
    return max(
        ks_2samp(one, other).statistic
        for one, other in ((low, middle), (middle, high), (low, high))
    )


def area(tagger: nn.Module) -> float:
    sample = draw(20_000, seed=3)
    return roc_auc_score(sample.label_J, scores(tagger, sample))


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_the_score_pivots_at_the_cost_of_separation():
    plain, pivotal = (trained_tagger(strength=strength) for strength in (0, 10))
    assert largest_distance(plain) > 0.4
    assert largest_distance(pivotal) < 0.13
    assert 0.7 < area(pivotal) < area(plain) - 0.03
