"""The features of particles, against formulas and the published preprocessing."""

import numpy as np
import pytest

from tagline.representations.cloud import FEATURES, Config, Representation
from tests.tasks import representations
from tests.toy_splits import moved, toy_split_jets


@pytest.fixture
def jets():
    return toy_split_jets(40, seed=2)


def prepare(jets, **config):
    return Representation(Config(**config)).transform(jets, {})


def of_jet(jets, number):
    """Return pT, eta, phi and energy of the constituents of one jet."""
    one = jets.take(np.array([number])).constituents
    px, py, pz, energy = (one[name].astype(np.float64) for name in ("px", "py", "pz", "energy"))
    pt = np.hypot(px, py)
    return pt, np.arctanh(pz / np.hypot(pt, pz)), np.arctan2(py, px), energy


def test_features_of_particlenet(jets):
    """The seven of 1902.08570, table 1."""
    prepared = prepare(jets)
    pt, eta, phi, energy = of_jet(jets, 5)
    jet = {name: float(column[5]) for name, column in jets.jets.items()}
    momentum = jet["pt"] * np.cosh(jet["eta"])
    d_eta = eta - jet["eta"]
    d_phi = np.angle(np.exp(1j * (phi - jet["phi"])))
    expected = {
        "log_pt": np.log(pt),
        "log_energy": np.log(energy),
        "log_relative_pt": np.log(pt / jet["pt"]),
        "log_relative_energy": np.log(energy / np.hypot(momentum, jet["mass"])),
        "d_eta": d_eta,
        "d_phi": d_phi,
        "d_r": np.hypot(d_eta, d_phi),
    }
    found = prepared.take(np.array([5])).constituents
    assert found.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-4, atol=1e-5, err_msg=name)


def test_features_of_the_particle_transformer_are_shifted_scaled_and_clipped(jets):
    """The numbers of data/TopLandscape/top_kin.yaml, and four-momenta as they are."""
    names = ["log_pt", "log_relative_energy", "d_r", "d_eta", "px", "energy"]
    prepared = prepare(jets, features=names, standardise=True).take(np.array([5])).constituents
    plain = prepare(jets, features=names).take(np.array([5])).constituents
    expected = plain | {
        "log_pt": (plain["log_pt"] - 1.7) * 0.7,
        "log_relative_energy": (plain["log_relative_energy"] + 4.7) * 0.7,
        "d_r": np.clip((plain["d_r"] - 0.2) * 4, -5, 5),
    }
    for name, column in expected.items():
        np.testing.assert_allclose(prepared[name], column, rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(plain["energy"], of_jet(jets, 5)[3], rtol=1e-6)


def test_the_particle_transformer_sees_eta_grow_away_from_the_middle(jets):
    """As utils/convert_top_datasets.py of its authors has it, where an eta of zero is positive."""
    jets.jets["eta"][:3] = 0
    parameters = representations()["particle_transformer_cloud"].parameters
    found = prepare(jets, **parameters)
    d_eta = prepare(jets, features=["d_eta"], max_constituents=parameters["max_constituents"])
    sign = np.sign(jets.jets["eta"])
    sign[sign == 0] = 1
    jet = np.repeat(np.arange(len(jets)), found.jets["num_constituents"])
    expected = d_eta.constituents["d_eta"] * sign[jet]
    assert (sign < 0).any()
    np.testing.assert_allclose(found.constituents["outward_d_eta"], expected, rtol=1e-6)


def test_every_declared_feature_can_be_prepared(jets):
    prepared = prepare(jets, features=list(FEATURES))
    assert tuple(prepared.constituents) == tuple(FEATURES)


def test_fractions_of_pt_add_up_to_one(jets):
    prepared = prepare(jets, features=["pt_fraction"], max_constituents=20)
    jet_P = np.repeat(np.arange(len(jets)), prepared.jets["num_constituents"])
    totals = np.bincount(jet_P, prepared.constituents["pt_fraction"])
    np.testing.assert_allclose(totals, 1, rtol=1e-5)


def test_keeps_the_configured_number_of_leading_particles(jets):
    prepared = prepare(jets, features=["scaled_pt"], max_constituents=3)
    hardest = np.sort(of_jet(jets, 7)[0])[::-1][:3]
    found = prepared.take(np.array([7])).constituents["scaled_pt"]
    np.testing.assert_allclose(found, hardest, rtol=1e-6)


def test_pfn_input_forgets_position_and_orientation(jets):
    config = {"features": ["eta", "phi"], "frame": "centroid", "rotate": True, "flip": True}
    found = prepare(moved(jets, d_phi=1.3, d_eta=0.4), **config)
    for name, column in prepare(jets, **config).constituents.items():
        np.testing.assert_allclose(found.constituents[name], column, atol=1e-4)


def test_topodnn_input_is_translated_rotated_and_flipped(jets):
    """The steps of 1704.02124, one jet at a time, with the rotation as a matrix."""
    prepared = prepare(
        jets,
        features=["scaled_pt", "eta", "phi"],
        max_constituents=30,
        frame="leading",
        rotate=True,
        flip=True,
        pt_scale=1679.1593231,
    )
    for number in range(len(jets)):
        pt, eta, phi, _ = (column[:30] for column in of_jet(jets, number))
        pt = pt / 1679.1593231
        eta, phi = eta - eta[0], phi - phi[0]
        px, transverse = pt * np.cos(phi), np.stack([pt * np.sin(phi), pt * np.sinh(eta)])
        down, across = -transverse[:, 1], np.array([transverse[1, 1], -transverse[0, 1]])
        py, pz = np.stack([down, across]) @ transverse / np.hypot(*down)
        pt = np.hypot(px, py)
        eta, phi = np.arctanh(pz / np.hypot(pt, pz)), np.arctan2(py, px)
        eta = eta if (pt * eta).sum() >= 0 else -eta
        found = prepared.take(np.array([number])).constituents
        np.testing.assert_allclose(found["scaled_pt"], pt, rtol=1e-5)
        np.testing.assert_allclose(found["eta"], eta, atol=1e-5)
        np.testing.assert_allclose(found["phi"], phi, atol=1e-5)
