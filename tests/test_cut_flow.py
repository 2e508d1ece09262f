"""The cut flow is what an independent count finds, and too many losses stop the run."""

import csv

import numpy as np
import pytest
import uproot
from matplotlib.figure import Figure

from tagline.cut_flow import BEFORE, read, tally
from tagline.figures import cut_flow
from tagline.reporting.style import SETTINGS
from tagline.settings.catalogue import Dataset
from tagline.skim import skim
from tests.toys import toy_jets, write_jetclass_root

SELECTION = "pt > 580 and pt < 640 and abs(eta) < 1"


@pytest.fixture
def skims(tmp_path):
    """Two batches of two files each of one dataset, of which the last file is damaged."""
    batches = []
    for batch in range(2):
        paths = [tmp_path / f"{batch}{number}.root" for number in range(2)]
        for number, path in enumerate(paths):
            write_jetclass_root(path, toy_jets(100, seed=10 * batch + number))
        if batch == 1:
            paths[1].write_bytes(paths[1].read_bytes()[:5000])
        folder = tmp_path / "skim" / f"{batch:04d}"
        skim(
            [str(path) for path in paths],
            dataset=Dataset(files=("*",), select=SELECTION, allow_failed=1),
            folder=folder,
            processes=1,
            cache=tmp_path / "cache",
        )
        batches.append(folder)
    return batches


def test_counts_what_uproot_and_numpy_count(skims, tmp_path):
    csv_file = tmp_path / "tables" / "cut_flow.csv"
    tally({"toy": skims}, allow_failed={"toy": 1}, csv_file=csv_file)
    files = [f"{tmp_path / name}.root:tree" for name in ("00", "01", "10")]
    jets = uproot.concatenate(files, ["jet_pt", "jet_eta"], library="np")
    pt, eta = jets["jet_pt"], np.abs(jets["jet_eta"])
    left = [300, (pt > 580).sum(), ((pt > 580) & (pt < 640)).sum()]
    left.append(((pt > 580) & (pt < 640) & (eta < 1)).sum())
    assert [(step.step, step.jets) for step in read(csv_file)][:4] == list(
        zip([BEFORE, "pt > 580", "pt < 640", "abs(eta) < 1"], left, strict=True)
    )
    with csv_file.open() as file:
        assert sum(int(row["cut"]) for row in csv.DictReader(file)) == 300 - left[-1]


def test_names_the_files_that_were_lost(skims, tmp_path):
    csv_file = tmp_path / "tables" / "cut_flow.csv"
    tally({"toy": skims}, allow_failed={"toy": 1}, csv_file=csv_file)
    text = csv_file.with_suffix(".md").read_text()
    assert "| toy | 4 | 1 | 4 | 300 | 300 |" in text
    assert f"- {tmp_path / '11.root'}: " in text


def test_jobs_share_the_losses_that_a_dataset_may_have(skims, tmp_path):
    csv_file = tmp_path / "cut_flow.csv"
    with pytest.raises(ValueError, match=r"1 of the 4 files of 'toy' failed, 0 may(.|\n)*11.root"):
        tally({"toy": skims}, allow_failed={"toy": 0}, csv_file=csv_file)
    assert not csv_file.exists()


@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_cut_flow_looks_as_before(skims, tmp_path) -> Figure:
    csv_file = tmp_path / "cut_flow.csv"
    both = {"toy": skims, "first batch": skims[:1]}
    tally(both, allow_failed=dict.fromkeys(both, 1), csv_file=csv_file)
    return cut_flow.draw(read(csv_file))
