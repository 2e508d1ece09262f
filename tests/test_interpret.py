"""What is said of a tagger's decisions, against networks whose reasons are known."""

import numpy as np
import pytest
import torch
from torch import nn

from tagline.data.inputs import PLACES, Inputs, read_inputs
from tagline.interpret import interpret, some
from tagline.interpretation.attribution_maps import attributions_of
from tagline.interpretation.attributions import Attributions, read_attributions
from tagline.interpretation.explained import explained
from tagline.interpretation.gradients import gradients
from tagline.interpretation.permutations import auc, auc_drops
from tagline.learning.delivery import PackedJets
from tagline.learning.model import build, objective_of, save_model
from tagline.networks.layers import Pixels
from tagline.networks.padded_network import PaddedNetwork
from tests.clouds import random_cloud, randomise
from tests.tasks import prepared_task, small, taggers

SUPERVISED = objective_of(taggers()["pfn"])
CLOUD = Inputs(constituent_features=("pt_fraction", "eta", "phi"), max_constituents=20)
FAST = ("nsubjettiness_6", "efn", "cnn")
COUNTS = [3, 0, 7, 1, 5]


def jets_of(batch, *, num_features=0):
    """Return a batch as the jets of a split."""
    num_J = batch.num_constituents_B
    generator = torch.Generator().manual_seed(2)
    return PackedJets(
        constituents_PF=batch.constituents_PF,
        first_constituent_J=num_J.cumsum(0) - num_J,
        num_constituents_J=num_J,
        features_JG=torch.randn(len(num_J), num_features, generator=generator),
        label_J=batch.label_B,
        weight_J=batch.weight_B,
        protected_JR=batch.protected_BR,
        event_id_J=torch.arange(len(num_J)),
    )


def padded(network, inputs):
    return PaddedNetwork(network, SUPERVISED, inputs).eval()


class Linear(nn.Module):
    """The log-odds of two classes is a known linear function of the features of a jet."""

    def __init__(self, weight):
        super().__init__()
        self.weight_G = torch.tensor(weight)

    def forward(self, batch):
        logit_B = batch.features_BG @ self.weight_G
        return torch.stack([-logit_B, logit_B], dim=1) / 2


class SumOfFirst(nn.Module):
    """Looks at the first feature of constituents alone."""

    def forward(self, batch):
        total_B = torch.zeros(len(batch)).index_add(
            0, batch.jet_of_constituent_P, batch.constituents_PF[:, 0].square()
        )
        return torch.stack([torch.zeros_like(total_B), total_B], dim=1)


def test_a_linear_network_is_explained_by_its_weights():
    inputs = Inputs(jet_features=("a", "b", "c"))
    jets = jets_of(random_cloud([0] * 20, num_features=0), num_features=3)
    weight = [2.0, -1.0, 0.0]
    found = explained(padded(Linear(weight), inputs), jets)
    expected_JG = (jets.features_JG - jets.features_JG.mean(0)) * torch.tensor(weight)
    np.testing.assert_allclose(found.integrated_JG, expected_JG, atol=1e-5)
    np.testing.assert_allclose(found.gap_J, 0, atol=1e-5)


def test_integrated_gradients_add_up_to_the_difference_of_the_log_odds():
    inputs = CLOUD
    torch.manual_seed(1)
    network = randomise(build(taggers()["transformer"], inputs))
    found = explained(padded(network, inputs), jets_of(random_cloud(COUNTS, num_features=3)))
    sum_J = np.zeros(len(COUNTS))
    np.add.at(sum_J, np.repeat(np.arange(len(COUNTS)), COUNTS), found.integrated_PF.sum(1))
    np.testing.assert_allclose(sum_J, found.difference_J, rtol=1e-3, atol=1e-4)
    assert np.abs(found.difference_J).max() > 0.01


def test_the_gap_is_what_is_missing_where_gradients_are_not_followed():
    class Detached(SumOfFirst):
        def forward(self, batch):
            return super().forward(batch) + super().forward(batch).detach()

    jets = jets_of(random_cloud(COUNTS, num_features=3))
    found = attributions_of(
        explained(padded(Detached(), CLOUD), jets), CLOUD, ("qcd", "top"), auc_drops={}
    )
    assert found.gap == pytest.approx(0.5, rel=1e-3)


def test_a_network_without_gradients_is_all_gap():
    class Fixed(SumOfFirst):
        def forward(self, batch):
            return super().forward(batch).detach()

    jets = jets_of(random_cloud(COUNTS, num_features=3))
    found = explained(padded(Fixed(), CLOUD), jets)
    assert not found.integrated_PF.any()
    np.testing.assert_allclose(found.gap_J, -found.difference_J, rtol=1e-4)


def test_what_is_not_read_gets_nothing():
    jets = jets_of(random_cloud(COUNTS, num_features=3))
    found = explained(padded(SumOfFirst(), CLOUD), jets)
    assert not found.integrated_PF[:, 1:].any()
    assert not found.saliency_PF[:, 1:].any()
    expected_P = jets.constituents_PF[:, 0].double().square()  # from zero: pt_fraction
    np.testing.assert_allclose(found.integrated_PF[:, 0], expected_P, rtol=1e-4)


def test_jets_without_constituents_are_explained_by_nothing():
    network = padded(build(taggers()["pfn"], CLOUD), CLOUD)
    found = explained(network, jets_of(random_cloud([0, 0], num_features=3)))
    assert not found.difference_J.any()
    assert not found.gap_J.any()
    assert found.integrated_PF.shape == (0, 3)


def test_empty_slots_get_nothing_whatever_is_in_them():
    generator = torch.Generator().manual_seed(1)
    x_BNF = torch.randn(2, 4, 3, generator=generator)
    arrays = {"constituents": x_BNF, "num_constituents": torch.tensor([3, 1])}
    network = padded(randomise(build(taggers()["pfn"], CLOUD)), CLOUD)
    found = gradients(network, arrays, {"constituents": torch.zeros(1, 1, 3)})
    for each in (found.saliency, found.integrated):
        assert not each["constituents"][0, 3:].any()
        assert not each["constituents"][1, 1:].any()
        assert each["constituents"][0, :3].any()


def test_the_particle_transformer_is_differentiable_through_its_pairs():
    inputs = Inputs(
        constituent_features=("d_eta", "d_phi", "d_r", "px", "py", "pz", "energy"),
        max_constituents=20,
    )
    batch = random_cloud(COUNTS, num_features=7)
    batch.constituents_PF[:, 6] = 1 + batch.constituents_PF[:, 3:6].norm(dim=1)
    network = randomise(build(taggers()["particle_transformer"], inputs))
    found = explained(padded(network, inputs), jets_of(batch))
    assert np.isfinite(found.integrated_PF).all()
    assert found.integrated_PF[:, 3:6].any()
    assert np.abs(found.gap_J).mean() < 0.05 * np.abs(found.difference_J).mean()


def image_jets():
    """Return two jets with pixels (row, column, value) of 4 x 4."""
    batch = random_cloud([2, 1], num_features=3)
    batch.constituents_PF = torch.tensor([[0.0, 1.0, 5.0], [3.0, 3.0, 2.0], [2.0, 0.0, 7.0]])
    batch.label_B = torch.tensor([0, 1])
    return jets_of(batch)


def image_inputs():
    zeros = np.zeros((1, 4, 4))
    return Inputs(
        constituent_features=("row", "column", "gray"),
        max_constituents=4,
        image_shape=(1, 4, 4),
        statistics={"mean": zeros, "scale": zeros + 1},
    )


def test_pixels_are_explained_where_they_are():
    class OnePixel(nn.Module):
        def __init__(self):
            super().__init__()
            self.pixels = Pixels(image_inputs())

        def forward(self, batch):
            value_B = self.pixels(batch)[:, 0, 0, 1] + 3 * self.pixels(batch)[:, 0, 2, 2]
            return torch.stack([torch.zeros_like(value_B), value_B], dim=1)

    found = attributions_of(
        explained(padded(OnePixel(), image_inputs()), image_jets()),
        image_inputs(),
        ("qcd", "top"),
        auc_drops={},
    )
    attribution, saliency = np.zeros((4, 4)), np.zeros((4, 4))
    attribution[0, 1] = 5
    saliency[0, 1], saliency[2, 2] = 1, 3  # also of pixels that are empty
    np.testing.assert_allclose(found.pixels["qcd"].attribution[0], attribution, atol=1e-5)
    np.testing.assert_allclose(found.pixels["qcd"].saliency[0], saliency, atol=1e-5)
    assert not np.any(found.pixels["top"].attribution)
    assert found.pixels["top"].mean[0][2][0] == 7
    assert found.channels == ("gray",)


def test_ranks_and_the_plane_show_where_the_sum_comes_from():
    jets = jets_of(random_cloud(COUNTS, num_features=3))
    found = attributions_of(
        explained(padded(SumOfFirst(), CLOUD), jets), CLOUD, ("qcd", "top"), auc_drops={}
    )
    total = sum(np.dot(maps.by_rank, maps.jets_by_rank) for maps in found.constituents.values())
    in_plane = sum(
        np.sum(maps.plane) * found.num_jets[name] for name, maps in found.constituents.items()
    )
    expected = jets.constituents_PF[:, 0].square().sum()
    assert total == pytest.approx(float(expected), rel=1e-4)
    assert in_plane == pytest.approx(float(expected), rel=0.2)  # but for those outside


def test_beams_are_left_as_they_are():
    inputs = Inputs(
        constituent_features=("energy", "px", "py", "pz", "is_beam"), max_constituents=20
    )
    batch = random_cloud([4, 6], num_features=5)
    batch.constituents_PF[:, 4] = 0
    batch.constituents_PF[[0, 1, 4, 5], 4] = 1
    found = explained(padded(SumOfFirst(), inputs), jets_of(batch))
    is_beam_P = batch.constituents_PF[:, 4] > 0
    assert not found.integrated_PF[is_beam_P].any()
    maps = attributions_of(found, inputs, ("qcd", "top"), auc_drops={}).constituents
    assert sum(each.jets_by_rank[0] for each in maps.values()) == 2
    assert sum(sum(each.jets_by_rank) for each in maps.values()) == 6


def separable_jets(num=400):
    """Return jets of which the feature `all` knows the class, and `none` does not."""
    batch = random_cloud([0] * num, num_features=0)
    jets = jets_of(batch, num_features=2)
    jets.features_JG[:, 0] = batch.label_B + 0.1 * jets.features_JG[:, 0]
    return jets


def test_a_feature_that_carries_all_is_worth_all_and_another_nothing():
    inputs, jets = Inputs(jet_features=("all", "none")), separable_jets()
    network = padded(Linear([1.0, 0.0]), inputs)
    drops = auc_drops(
        lambda disturbed: disturbed.features_JG @ torch.tensor([1.0, 0.0]),
        jets,
        inputs,
        permutations=3,
        random=np.random.default_rng(1),
    )
    assert drops["all"].mean() == pytest.approx(0.5, abs=0.05)  # what is left is chance
    assert not drops["none"].any()
    found = attributions_of(explained(network, jets), inputs, ("qcd", "top"), auc_drops=drops)
    assert found.features["all"].attribution > 0.1
    assert found.features["none"].attribution == 0


@pytest.mark.parametrize("label", [0, 1])
def test_jets_of_one_class_have_no_auc_to_lose(label):
    jets = separable_jets(num=4)
    jets.label_J[:] = label
    with pytest.raises(ValueError, match=f"two classes, found those of {label} alone"):
        auc(jets.features_JG[:, 0], jets)


def test_what_says_where_a_constituent_is_stays():
    inputs = Inputs(constituent_features=("pt_fraction", "left", "depth"), max_constituents=20)
    jets = jets_of(random_cloud(COUNTS, num_features=3))
    seen = []

    class Watching(SumOfFirst):
        def forward(self, batch):
            seen.append(batch.constituents_PF[:, 1:].detach())
            return super().forward(batch)

    explained(padded(Watching(), inputs), jets)
    for places_P2 in seen:
        assert torch.isin(places_P2, jets.constituents_PF[:, 1:]).all()
    drops = auc_drops(
        lambda _: torch.zeros(len(COUNTS)),
        jets,
        inputs,
        permutations=1,
        random=np.random.default_rng(1),
    )
    assert list(drops) == ["pt_fraction"]


def test_a_feature_of_constituents_is_exchanged_between_jets():
    jets = jets_of(random_cloud([5] * 200, num_features=3))
    jets.constituents_PF[:, 1] += 3 * torch.repeat_interleave(jets.label_J, 5)
    drops = auc_drops(
        lambda disturbed: disturbed.constituents_PF[:, 1].view(-1, 5).sum(1),
        jets,
        CLOUD,
        permutations=3,
        random=np.random.default_rng(1),
    )
    assert drops["eta"].mean() > 0.4
    assert not drops["phi"].any()


def test_the_auc_is_that_of_the_last_class_against_the_first():
    jets = separable_jets(40)
    assert auc(jets.label_J.float(), jets) == 1
    assert auc(torch.zeros(40), jets) == 0.5


def test_some_jets_are_spread_over_all():
    chosen = some(jets_of(random_cloud(list(range(100)), num_features=3)), 5)
    assert chosen.num_constituents_J.tolist() == [0, 25, 50, 74, 99]
    assert chosen.event_id_J.tolist() == [0, 25, 50, 74, 99]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_finds_the_same():
    network = padded(randomise(build(taggers()["pfn"], CLOUD)), CLOUD)
    jets = jets_of(random_cloud(COUNTS, num_features=3))
    expected = explained(network, jets)
    found = explained(network.cuda(), jets.to(torch.device("cuda")))
    np.testing.assert_allclose(found.integrated_PF, expected.integrated_PF, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in FAST else pytest.mark.slow)
        for name in sorted(taggers())
    ],
)
def test_writes_what_the_figures_read(name, tmp_path):
    tagger = taggers()[name]
    prepared = prepared_task(tmp_path, small(tagger.representation), num_jets=12)
    found = _interpreted(tagger, prepared, tmp_path)
    inputs = read_inputs(prepared / "inputs.json")
    assert sum(found.num_jets.values()) == 12
    assert bool(found.pixels) == (inputs.image_shape is not None)
    if not found.pixels:
        names = {*inputs.jet_features, *inputs.constituent_features}
        assert set(found.features) == names - set(PLACES)
        assert bool(found.constituents) == bool(inputs.constituent_features)


def _interpreted(tagger, prepared, folder) -> Attributions:
    inputs = read_inputs(prepared / "inputs.json")
    torch.manual_seed(1)
    weights = build(tagger, inputs).state_dict()
    save_model(folder / "model.pt", weights=weights, tagger=tagger, inputs=inputs)
    interpret(
        folder / "model.pt",
        prepared,
        class_names=("qcd", "top"),
        seed=1,
        attributions_file=folder / "1.json",
        threads=1,
    )
    return read_attributions(folder / "1.json")
