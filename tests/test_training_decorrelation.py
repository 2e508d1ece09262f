"""What acts in training: equal spectra, moments integrated exactly, an adversary that learns."""

import numpy as np
import pytest
import torch

from tagline.decorrelation import method_of
from tagline.decorrelation.moment_decomposition import polynomials
from tagline.decorrelation.planing import cells_of
from tagline.networks.posteriors import Binned, Mixture
from tagline.settings.catalogue import Decorrelation
from tests.clouds import without_particles
from tests.tasks import prepared_task, small, taggers
from tests.trainings import Run, same_weights, terminated_and_resumed

STEPS = 800


def method(name, **parameters):
    return method_of(Decorrelation(method=name, when="training", parameters=parameters))


def background_of(mass_B):
    label_B = torch.zeros(len(mass_B), dtype=torch.int64)
    return without_particles(label_B, protected_BR=mass_B[:, None])


def logits_of(score_B):
    """Return logits_BC whose signal probability this is."""
    return torch.stack([torch.zeros_like(score_B), torch.logit(score_B)], dim=1)


@pytest.fixture
def random():
    return np.random.default_rng(5)


@pytest.mark.parametrize("num_columns", [1, 2])
def test_planed_classes_have_equal_spectra(num_columns, random):
    label_J = random.integers(0, 3, 6000)
    protected_JR = random.normal(loc=label_J[:, None], scale=2.0, size=(6000, num_columns))
    weight_J = random.uniform(0.5, 2, 6000)
    planed_J = method("planing", bins=6).weight(protected_JR, label_J, weight_J)
    cell_J = cells_of(protected_JR, 6)
    spectra = [
        np.bincount(cell_J[label_J == label], planed_J[label_J == label], cell_J.max() + 1)
        for label in range(3)
    ]
    for label, spectrum in enumerate(spectra):
        assert spectrum.sum() == pytest.approx(weight_J[label_J == label].sum())
        np.testing.assert_allclose(spectrum / spectrum.sum(), spectra[0] / spectra[0].sum())


def test_planing_takes_no_jets_that_have_no_counterpart():
    protected_J1 = np.concatenate([np.arange(100.0), np.arange(50.0, 150.0)])[:, None]
    label_J = np.repeat([0, 1], 100)
    planed_J = method("planing", bins=10).weight(protected_J1, label_J, np.ones(200))
    assert not planed_J[(protected_J1[:, 0] < 40) | (protected_J1[:, 0] > 110)].any()
    assert planed_J[(protected_J1[:, 0] > 60) & (protected_J1[:, 0] < 90)].all()


def test_planing_refuses_classes_that_share_no_mass():
    protected_J1 = np.arange(100.0)[:, None]
    with pytest.raises(ValueError, match="no bin of the protected columns has jets of all"):
        method("planing", bins=2).weight(protected_J1, np.repeat([0, 1], 50), np.ones(100))


def test_cells_have_equally_many_jets(random):
    protected_JR = random.exponential(size=(960, 2))
    np.testing.assert_array_equal(np.bincount(cells_of(protected_JR, 4)), np.full(16, 60))


def moments_by_hand(score_B, mass_B, *, bins, order, cuts_C):
    """Integrate over a grid of cuts, with a polynomial fitted at each of them."""
    bin_B = np.argsort(np.argsort(mass_B)) * bins // len(mass_B)
    places_M = np.linspace(-1, 1, bins)
    below_MC = np.array(
        [(score_B[bin_B == place, None] <= cuts_C).mean(0) for place in range(bins)]
    )
    coefficients_OC = np.polyfit(places_M, below_MC, order)
    allowed_MC = np.vander(places_M, order + 1) @ coefficients_OC
    return np.mean((below_MC - allowed_MC) ** 2, axis=0).sum() * (cuts_C[1] - cuts_C[0])


@pytest.mark.parametrize("order", [0, 1, 2])
def test_moments_are_integrated_exactly(order, random):
    mass_B = random.uniform(50, 300, 400)
    score_B = np.clip(0.3 + mass_B / 1000 + random.normal(0, 0.1, 400), 0.01, 0.99)
    batch = background_of(torch.from_numpy(mass_B))
    logits_BC = logits_of(torch.from_numpy(score_B).float())
    found = method("moment_decomposition", strength=1, order=order, bins=8)
    expected = moments_by_hand(
        score_B, mass_B, bins=8, order=order, cuts_C=(np.arange(10_000) + 0.5) / 10_000
    )
    assert found.penalty(logits_BC, batch).item() == pytest.approx(expected, rel=1e-3)


def test_the_gradient_of_moments_is_that_of_their_value(random):
    mass_B = torch.from_numpy(random.uniform(50, 300, 200))
    score_B = torch.from_numpy(random.uniform(0.1, 0.9, 200)).float().requires_grad_()
    batch = background_of(mass_B)
    penalty = method("moment_decomposition", strength=100).penalty
    (gradient_B,) = torch.autograd.grad(penalty(logits_of(score_B), batch), score_B)
    direction_B = 1e-5 * torch.from_numpy(random.normal(size=200)).float()
    step = penalty(logits_of(score_B + direction_B), batch) - penalty(
        logits_of(score_B - direction_B), batch
    )
    assert step.item() == pytest.approx(2 * (gradient_B @ direction_B).item(), rel=0.05)


def test_linear_moments_allow_a_straight_line_and_no_peak():
    places = np.linspace(-1, 1, 16)
    forbidden = np.eye(16) - polynomials(16, 1).numpy()
    np.testing.assert_allclose(forbidden @ (3 + 2 * places), 0, atol=1e-12)
    assert np.linalg.norm(forbidden @ np.exp(-((places / 0.2) ** 2))) > 0.5


def trained_posterior(posterior, x_J1, y_JR):
    optimiser = torch.optim.Adam(posterior.parameters())
    for step, rows_B in enumerate(torch.randint(len(x_J1), (STEPS, 256))):
        optimiser.param_groups[0]["lr"] = 0.02 * (1 - step / STEPS)
        loss = posterior.negative_log_likelihood(x_J1[rows_B], y_JR[rows_B]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return posterior.eval()


def test_a_mixture_recovers_a_known_conditional():
    torch.manual_seed(2)
    x_J1 = torch.rand(20_000, 1)
    y_J1 = 100 + 80 * x_J1 + (5 + 20 * x_J1) * torch.randn(20_000, 1)
    posterior = trained_posterior(Mixture(1, (32,), components=3, y_JR=y_J1), x_J1, y_J1)
    at_B1 = torch.tensor([[0.2], [0.5], [0.8]])
    log_weight_BK, mean_BKR, spread_BKR = posterior.parts(at_B1)
    weight_BK = log_weight_BK.exp()
    mean_B = (weight_BK * mean_BKR[..., 0]).sum(1)
    square_B = (weight_BK * (mean_BKR[..., 0] ** 2 + spread_BKR[..., 0] ** 2)).sum(1)
    scale, centre = posterior.scale_R, posterior.centre_R
    torch.testing.assert_close(
        mean_B * scale + centre, 100 + 80 * at_B1[:, 0], rtol=0.03, atol=0.0
    )
    torch.testing.assert_close(
        (square_B - mean_B**2).sqrt() * scale, 5 + 20 * at_B1[:, 0], rtol=0.12, atol=0.0
    )


def test_bins_recover_a_known_conditional():
    torch.manual_seed(3)
    x_J1 = torch.rand(20_000, 1)
    y_J1 = torch.where(torch.rand(20_000, 1) < x_J1, 200.0, 100.0) + torch.rand(20_000, 1)
    posterior = trained_posterior(Binned(1, (32,), bins=2, y_JR=y_J1), x_J1, y_J1)
    at_B1 = torch.tensor([[0.2], [0.5], [0.8]])
    high_B = posterior.negative_log_likelihood(at_B1, torch.full((3, 1), 250.0)).neg().exp()
    torch.testing.assert_close(high_B, at_B1[:, 0], rtol=0.0, atol=0.04)


def adversary_on_toys(random, **parameters):
    """Return the gradients of an adversary's penalty for a score and for its own weights."""
    score_B = torch.from_numpy(random.uniform(0.1, 0.9, 200)).float().requires_grad_()
    mass_B1 = 100 + 50 * score_B.detach()[:, None]
    label_B = torch.arange(200) % 2
    against = method("adversary", **parameters)
    torch.manual_seed(1)
    against.begin(mass_B1.double().numpy(), label_B.numpy())
    against.epoch = 1.0
    penalty = against.penalty(logits_of(score_B), without_particles(label_B, protected_BR=mass_B1))
    weights = list(against.adversary.parameters())
    of_score, *of_weights = torch.autograd.grad(penalty, [score_B, *weights])
    return of_score, of_weights


@pytest.mark.parametrize("posterior", ["mixture", "bins"])
def test_an_adversary_pulls_the_tagger_where_it_does_not_go_itself(posterior):
    once, with_once = adversary_on_toys(np.random.default_rng(1), strength=1, posterior=posterior)
    more, with_more = adversary_on_toys(np.random.default_rng(1), strength=5, posterior=posterior)
    torch.testing.assert_close(more, 5 * once)
    assert (once[0::2] != 0).any()
    assert (once[1::2] == 0).all()  # of the signal
    for one, other in zip(with_once, with_more, strict=True):
        torch.testing.assert_close(one, other)


def test_the_tagger_feels_nothing_while_the_adversary_is_trained_before(random):
    of_score, of_weights = adversary_on_toys(random, strength=5, pretrain_epochs=2)
    assert (of_score == 0).all()
    assert any((gradient != 0).any() for gradient in of_weights)


def guessed(random, **parameters):
    """Return what an adversary loses by a mass that follows pT, after it has learned."""
    pt_B = torch.from_numpy(random.uniform(300, 600, 500)).float()
    mass_B = 0.2 * pt_B + torch.from_numpy(random.normal(0, 3, 500)).float()
    columns_BR = torch.stack([mass_B, pt_B], dim=1)[:, : 1 + len(parameters.get("told", ()))]
    label_B = torch.zeros(500, dtype=torch.int64)
    against = method("adversary", strength=1, **parameters)
    torch.manual_seed(1)
    against.begin(columns_BR.double().numpy(), label_B.numpy())
    optimiser = torch.optim.Adam(against.adversary.parameters(), lr=0.05)
    batch = without_particles(label_B, protected_BR=columns_BR)
    for _ in range(40):
        penalty = against.penalty(logits_of(torch.full((500,), 0.5)), batch)
        optimiser.zero_grad()
        penalty.backward()
        optimiser.step()
    return -penalty.item()  # the penalty is minus lambda times it


@pytest.mark.parametrize("posterior", ["mixture", "bins"])
def test_an_adversary_that_is_told_pt_guesses_the_mass_better(posterior):
    loss = {
        told: guessed(np.random.default_rng(1), told=told, posterior=posterior, components=5)
        for told in ((), ("pt",))
    }
    assert loss[("pt",)] < loss[()] - 0.5


def test_a_column_that_never_changes_tells_nothing(random):
    columns_JR = np.stack([random.uniform(50, 300, 50), np.full(50, 600.0)], axis=1)
    against = method("adversary", told=["pt"])
    against.begin(columns_JR, np.zeros(50, int))
    batch = without_particles(
        torch.zeros(50, dtype=torch.int64), protected_BR=torch.from_numpy(columns_JR).float()
    )
    assert torch.isfinite(against.penalty(torch.randn(50, 2), batch))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    representation = small(taggers()["nsubjettiness_6"].representation)
    return prepared_task(tmp_path_factory.mktemp("task"), representation, num_jets=70)


ADVERSARY = Decorrelation(
    method="adversary",
    when="training",
    parameters={"strength": 2, "pretrain_epochs": 1, "told": ["pt"]},
)


def test_the_last_epoch_of_an_adversarial_training_is_its_result(prepared, tmp_path):
    run = Run(prepared, tmp_path).train(decorrelation=ADVERSARY, epochs=4, patience=1)
    assert run.history["best_epoch"] == 3


def test_an_adversary_is_resumed_with_its_tagger(prepared, tmp_path, monkeypatch):
    training = {"decorrelation": ADVERSARY, "epochs": 3}
    undisturbed = Run(prepared, tmp_path / "undisturbed").train(**training)
    resumed = terminated_and_resumed(Run(prepared, tmp_path / "resumed"), monkeypatch, **training)
    assert same_weights(resumed, undisturbed)
    assert resumed.losses == undisturbed.losses


@pytest.mark.parametrize(("factor", "stays"), [(1e-9, True), (1.0, False)])
def test_a_tagger_that_feels_an_adversary_learns_as_slowly_as_it_is_told(
    factor, stays, prepared, tmp_path
):
    parameters = ADVERSARY.parameters | {"tagger_rate_factor": factor}
    slowed = ADVERSARY.model_copy(update={"parameters": parameters})
    training = {"decorrelation": slowed, "schedule": "constant"}
    alone = Run(prepared, tmp_path / "alone").train(epochs=1, **training)
    both = Run(prepared, tmp_path / "both").train(epochs=3, **training)
    pairs = [(alone.weights[name], both.weights[name]) for name in alone.weights]
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in pairs) == stays
