"""The comparison of generated jets with published ones."""

import awkward as ak
import numpy as np
import pytest
import uproot

from tagline.figures import samples
from tagline.generate.validate import (
    QUANTILES,
    compare,
    quantities,
    read_quantities,
    table,
    validate,
)
from tagline.settings.recipes import Reference


@pytest.fixture
def files(tmp_path):
    """Return two ROOT files of massless constituents."""
    random = np.random.default_rng(1)
    paths = [tmp_path / "0000.root", tmp_path / "0001.root"]
    for path in paths:
        counts = random.integers(5, 40, 500)
        pt, eta, phi = (
            random.exponential(20, counts.sum()) + 0.1,
            random.normal(0, 0.2, counts.sum()),
            random.normal(0, 0.2, counts.sum()),
        )
        order = np.lexsort([-pt, np.repeat(np.arange(500), counts)])
        pt, eta, phi = pt[order], eta[order], phi[order]
        columns = {
            "px": pt * np.cos(phi),
            "py": pt * np.sin(phi),
            "pz": pt * np.sinh(eta),
            "energy": pt * np.cosh(eta),
        }
        part = ak.zip({name: ak.unflatten(column, counts) for name, column in columns.items()})
        with uproot.recreate(path) as file:
            file.mktree("tree", {"part": part.type}).extend({"part": part})
    return paths


def reference_of(files, *, factor=1.0, jets=1000, names=("num_constituents", "mass", "girth")):
    values = read_quantities(files, max_constituents=128)
    return Reference(
        source="here",
        jets=jets,
        max_constituents=128,
        quantities={
            name: {
                "mean": values[name].mean() * factor,
                "quantiles": tuple(np.quantile(values[name], QUANTILES) * factor),
            }
            for name in names
        },
    )


def test_quantities_of_two_particles_follow_their_formulas():
    pt, eta, phi = np.array([300.0, 100.0]), np.array([0.2, 0.5]), np.array([3.0, -3.1])
    columns = (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta))
    found = quantities(*columns, counts=np.array([2]))
    mass = np.sqrt(2 * 300 * 100 * (np.cosh(0.3) - np.cos(6.1)))
    assert found["mass"] == pytest.approx([mass])
    assert found["num_constituents"] == pytest.approx([2])
    assert found["softest_pt"] == pytest.approx([100])
    assert found["leading_pt_fraction"] == pytest.approx(300 / found["pt"])
    separation = np.hypot(0.3, 2 * np.pi - 6.1)
    assert found["girth"][0] == pytest.approx(2 * 0.75 * 0.25 * separation, rel=0.02)


def test_the_massless_mass_keeps_rapidities_and_drops_masses():
    pt, rapidity, phi, mass = np.array([30.0, 20.0]), np.array([0.1, -0.2]), np.zeros(2), 5.0
    transverse = np.hypot(pt, mass)
    columns = (pt, phi, transverse * np.sinh(rapidity), transverse * np.cosh(rapidity))
    found = quantities(*columns, counts=np.array([2]))
    assert found["massless_mass"] == pytest.approx([np.sqrt(2 * 600 * (np.cosh(0.3) - 1))])
    assert found["mass"] > found["massless_mass"] + mass


def test_jets_agree_with_themselves(files):
    result = validate(files, reference_of(files))
    assert result["agrees"]
    assert result["jets"] == 1000
    assert all(each["ratio"] == pytest.approx(1) for each in result["quantities"].values())


def test_medians_beyond_the_tolerance_disagree(files):
    result = validate(files, reference_of(files, factor=1 / 1.08))
    assert result["quantities"]["num_constituents"]["agrees"]
    assert not result["quantities"]["mass"]["agrees"]
    assert not result["agrees"]


def test_the_uncertainty_of_a_ratio_is_that_of_resampling(files):
    random = np.random.default_rng(2)
    values = np.sort(random.normal(100, 10, 100_000))
    medians = [np.median(random.choice(values, 400)) for _ in range(500)]
    reference = reference_of(files, names=("mass",)).quantities["mass"]
    normal = reference.model_copy(
        update={"quantiles": tuple(np.quantile(values, QUANTILES)), "mean": 100.0}
    )
    result = compare(values, normal, num_published=400)
    assert result["ratio_error"] == pytest.approx(np.std(medians) / 100, rel=0.1)


def test_only_leading_constituents_count(files):
    few = reference_of(files).model_copy(update={"max_constituents": 7})
    result = validate(files, few)
    assert result["quantities"]["num_constituents"]["ours"][-1] == 7


def test_an_unknown_quantity_is_refused_by_name(files):
    reference = reference_of(files)
    wrong = reference.model_copy(update={"quantities": {"width": reference.quantities["girth"]}})
    with pytest.raises(ValueError, match=r"\['width'\]; known are num_constituents, pt"):
        validate(files, wrong)


def test_the_table_has_a_line_a_quantity(files):
    lines = table({"mine": validate(files, reference_of(files))}).splitlines()
    assert len(lines) == 2 + 3
    assert lines[2].startswith("| mine | num_constituents |")


def test_the_figure_has_a_panel_a_quantity_and_a_legend(files):
    result = validate(files, reference_of(files))
    figure = samples.draw({"mine": result, "yours": result})
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_xlabel() for axes in shown] == ["constituents", "jet mass [GeV]", "girth"]
