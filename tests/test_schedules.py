"""The course of the learning rate, against formulas and torch's schedulers."""

import math

import pytest
import torch

from tagline.learning.schedules import learning_rate
from tagline.settings.training import Training
from tests.tasks import taggers

# LorentzNet-release, logs/top/pretrained/train-result.json, epochs 4 to 34.
LORENTZNET_RATES = [
    *(1e-3, 8.535534e-4, 5e-4, 1.464466e-4),
    *(1e-3, 9.619398e-4, 8.535534e-4, 6.913417e-4, 5e-4, 3.086583e-4, 1.464466e-4, 3.806023e-5),
    *(1e-3, 9.903926e-4, 9.619398e-4, 9.157348e-4, 8.535534e-4, 7.777851e-4, 6.913417e-4),
    *(5.975452e-4, 5e-4, 4.024548e-4, 3.086583e-4, 2.222149e-4, 1.464466e-4, 8.426519e-5),
    *(3.806023e-5, 9.607360e-6, 4.803680e-6, 2.401840e-6, 1.200920e-6),
]


def rates(positions, **changes):
    training = Training(**{"epochs": 4, "batch_size": 1, "learning_rate": 0.2, **changes})
    return [learning_rate(training, position) / 0.2 for position in positions]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("step", [1, 1, 0.5, 0.5]),
        ("cosine", [(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]),
    ],
)
def test_learning_rate_follows_its_schedule(schedule, expected):
    assert rates(range(4), schedule=schedule, step_epochs=2) == pytest.approx(expected)


def test_the_learning_rate_changes_within_epochs_where_the_schedule_is_smooth():
    assert rates([0.5], schedule="cosine")[0] < 1
    assert rates([1.9], schedule="step", step_epochs=2) == [1]


def test_flat_decay_is_that_of_weaver():
    """Its milestones are all epochs of the last 30 %, its factor their root of 0.01."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(
        optimiser, milestones=list(range(14, 20)), gamma=0.01 ** (1 / 6)
    )
    expected = []
    for _ in range(20):
        expected.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    found = rates(range(20), schedule="flat_decay", epochs=20)
    assert found == pytest.approx(expected)
    assert rates([14.9], schedule="flat_decay", epochs=20) == pytest.approx(expected[14:15])


def test_piecewise_draws_straight_lines_between_its_knots():
    knots = ((1, 0.1), (3, 1.0), (4, 0.0))
    found = rates([0, 1, 2, 3, 3.25, 4], schedule="piecewise", knots=knots)
    assert found == pytest.approx([0.1, 0.1, 0.55, 1, 0.75, 0])


def test_a_warm_up_rises_in_a_line_and_then_the_schedule_begins():
    found = rates([0, 0.5, 1, 2.5, 4], schedule="cosine", warmup_epochs=1)
    assert found == pytest.approx([0, 0.5, 1, 0.5, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "piecewise"}, "found 'piecewise' with 0 knots"),
        ({"knots": ((0, 1),)}, "found 'constant' with 1 knots"),
        ({"schedule": "piecewise", "knots": ((1, 1), (0, 1))}, r"must rise, found \[1.0, 0.0\]"),
    ],
)
def test_knots_that_make_no_schedule_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        rates([0], **changes)


def test_restarts_are_cosines_of_doubling_lengths_then_halves():
    """The course of 2307.16506: 4 epochs of warm-up, 28 of cosines, 3 of halving."""
    course = {"schedule": "restarts", "epochs": 35, "warmup_epochs": 4, "cooldown_epochs": 3}
    last = (1 + math.cos(math.pi * 15 / 16)) / 2
    found = rates([2, 4, 6, 8, 12, 16, 24, 31], **course)
    assert found == pytest.approx([0.5, 1, 0.5, 1, 0.5, 1, 0.5, last])
    found = rates([32, 32.9, 33, 34], **course)
    assert found == pytest.approx([last / 2, last / 2, last / 4, last / 8])


def test_lorentznet_is_trained_at_the_learning_rates_of_its_authors():
    training = taggers()["lorentznet"].steps
    found = [learning_rate(training, epoch) for epoch in range(4, training.epochs)]
    assert found == pytest.approx(LORENTZNET_RATES, rel=1e-6)
