"""Jet images have the properties that 1612.01551 and 1803.00107 give them."""

import numpy as np
import pytest

from tagline.figures import mean_images
from tagline.observables.pixels import NOISE_SUPPRESSION, dense
from tagline.prepare import prepare
from tagline.representations.image import Config, Representation
from tagline.settings.catalogue import Representation as Entry
from tests.toy_splits import moved, toy_split_jets, write_toy_split

COLOUR = {"pixels": 33, "channels": "colour", "rotate": False, "flip": False}
PLAIN = dict.fromkeys(("centre", "rotate", "flip", "normalise"), False)


@pytest.fixture
def jets():
    return toy_split_jets(80, seed=4)


def images_of(jets, **config):
    """Return dense images (J, K, Y, X)."""
    representation = Representation(Config(**config))
    statistics = representation.fit(jets)
    return dense(representation.transform(jets, statistics), representation.inputs(statistics))


def test_pixels_hold_the_pt_that_numpy_bins(jets):
    images = images_of(jets, pixels=20, width=0.6, **PLAIN)
    px, py, pz = (jets.constituents[name].astype(np.float64) for name in ("px", "py", "pz"))
    pt, jet_P = np.hypot(px, py), np.repeat(np.arange(len(jets)), jets.jets["num_constituents"])
    d_eta = np.arcsinh(pz / pt) - jets.jets["eta"][jet_P]
    d_phi = np.angle(np.exp(1j * (np.arctan2(py, px) - jets.jets["phi"][jet_P])))
    for jet in range(len(jets)):
        mine = jet_P == jet
        expected, _, _ = np.histogram2d(
            d_phi[mine], d_eta[mine], bins=20, range=[[-0.3, 0.3]] * 2, weights=pt[mine]
        )
        np.testing.assert_allclose(images[jet, 0], expected, rtol=1e-5, atol=1e-5)


def test_gray_pixels_add_up_to_one(jets):
    np.testing.assert_allclose(images_of(jets).sum(axis=(1, 2, 3)), 1, rtol=1e-5)


def test_red_and_green_pixels_add_up_to_one(jets):
    images = images_of(jets, **COLOUR)
    np.testing.assert_allclose(images[:, :2].sum(axis=(1, 2, 3)), 1, rtol=1e-5)


def test_blue_pixels_count_charged_particles(jets):
    images = images_of(jets, width=4.0, **COLOUR)
    jet_P = np.repeat(np.arange(len(jets)), jets.jets["num_constituents"])
    charged = np.bincount(jet_P, jets.constituents["charge"] != 0)
    np.testing.assert_allclose(images[:, 2].sum(axis=(1, 2)), charged)


def test_heavier_halves_are_right_and_up(jets):
    images = images_of(jets)[:, 0]
    assert (images[:, 20:].sum(axis=(1, 2)) >= 0.5 - 1e-4).all()
    assert (images[:, :, 20:].sum(axis=(1, 2)) >= 0.5 - 1e-4).all()


def test_images_forget_where_the_jet_was(jets):
    elsewhere = moved(jets, d_phi=2.0, d_eta=0.5)
    differing = np.abs(images_of(elsewhere) - images_of(jets)).sum(axis=(1, 2, 3))
    assert np.mean(differing > 1e-3) < 0.1  # single-precision momenta may cross a pixel's edge


def test_zero_centred_training_images_have_mean_zero(jets):
    images = images_of(jets, zero_centre=True, **COLOUR)
    np.testing.assert_allclose(images.mean(axis=0), 0, atol=1e-6)


def test_standardised_pixels_have_deviation_one_unless_noise_is_suppressed(jets):
    plain = images_of(jets, **COLOUR)
    images = images_of(jets, zero_centre=True, standardise=True, **COLOUR)
    sigma = plain.std(axis=0, dtype=np.float64)
    expected = sigma / (sigma + NOISE_SUPPRESSION)
    np.testing.assert_allclose(images.std(axis=0), expected, rtol=1e-3, atol=1e-3)


def test_colours_need_charges(tmp_path, jets):
    del jets.constituents["charge"]
    split = write_toy_split(tmp_path / "split", train=jets)
    entry = Entry(kind="image", parameters={"channels": "colour"})
    with pytest.raises(ValueError, match="no column 'charge'"):
        prepare(
            split,
            representation=entry,
            protected=(),
            class_names=["qcd", "top"],
            folder=tmp_path / "prepared",
        )


def mean_images_of(jets, **config):
    representation = Representation(Config(**config))
    return representation.mean_images(jets, representation.fit(jets), ["qcd", "top"])


def test_mean_images_follow_the_steps_that_are_on(jets):
    titles = [step["title"] for step in mean_images_of(jets, rotate=False)["steps"]]
    assert titles == ["pixelate", "centre", "flip", "normalise"]


def test_last_mean_image_is_that_of_the_prepared_jets(jets):
    config = {"zero_centre": True, "standardise": True}
    last = mean_images_of(jets, **config)["steps"][-1]["images"]
    images = images_of(jets, **config)
    for label, name in enumerate(("qcd", "top")):
        expected = images[jets.jets["label"] == label].mean(axis=0)
        np.testing.assert_allclose(last[name], expected, rtol=1e-3, atol=1e-4)


def test_figure_has_a_panel_for_each_class_and_step(jets):
    figure = mean_images.draw({"colour": mean_images_of(jets, standardise=True, **COLOUR)})
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 3 * 2 * 4  # channels, classes, steps
