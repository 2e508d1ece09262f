"""Comparison of generated jets with a published sample, of which the quantiles are known."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from tagline.generate.particles import Floats, Integers, wrapped
from tagline.generate.write import TREE
from tagline.settings.recipes import Quantiles, Reference

log = logging.getLogger(__name__)

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOLERANCE = 0.05  # of a median
TOLERANCE_OF_COUNTS = 0.10
NUM_BINS = 40
SIGMA_PER_QUARTILE_RANGE = 1 / 1.349  # of a normal distribution
MEDIAN_ERROR_PER_SIGMA = 1.2533  # sqrt(pi / 2), times 1 / sqrt(jets)

Validation = dict[str, Any]


def validate(root_files: Sequence[Path], reference: Reference) -> Validation:
    """Compare the jets of ROOT files with a published sample, quantity by quantity.

    A median agrees where it is within 5 % of the published one, or 10 % for counts.

    Raises:
        ValueError: the reference names a quantity that is not computed here.
    """
    values = read_quantities(root_files, max_constituents=reference.max_constituents)
    unknown = reference.quantities.keys() - values.keys()
    if unknown:
        raise ValueError(f"no quantities {sorted(unknown)}; known are {', '.join(values)}")
    compared = {
        name: compare(values[name], published, num_published=reference.jets)
        for name, published in reference.quantities.items()
    }
    for name, result in compared.items():
        result["tolerance"] = TOLERANCE_OF_COUNTS if name.startswith("num_") else TOLERANCE
        result["agrees"] = abs(result["ratio"] - 1) <= result["tolerance"]
        log.info("%s: median %.4g of the published one", name, result["ratio"])
    return {
        "source": reference.source,
        "published_jets": reference.jets,
        "jets": len(values["pt"]),
        "agrees": all(result["agrees"] for result in compared.values()),
        "quantities": compared,
    }


def compare(values: Floats, published: Quantiles, *, num_published: int) -> Validation:
    """Return quantiles of both, the ratio of medians with its uncertainty, and our histogram."""
    ours = np.quantile(values, QUANTILES)
    ratio = ours[2] / published.quantiles[2]
    error = np.hypot(
        relative_error_of_median(ours, len(values)),
        relative_error_of_median(np.array(published.quantiles), num_published),
    )
    edges = bin_edges(published, whole=bool(np.all(values == np.rint(values))))
    return {
        "published": list(published.quantiles),
        "ours": ours.tolist(),
        "published_mean": published.mean,
        "mean": float(values.mean()),
        "ratio": float(ratio),
        "ratio_error": float(ratio * error),
        "edges": edges.tolist(),
        "counts": np.histogram(values, edges)[0].tolist(),
    }


def relative_error_of_median(quantiles: Floats, num_jets: int) -> float:
    """Return the statistical uncertainty of a median over the median, from the quartiles."""
    sigma = (quantiles[3] - quantiles[1]) * SIGMA_PER_QUARTILE_RANGE
    return float(MEDIAN_ERROR_PER_SIGMA * sigma / np.sqrt(num_jets) / quantiles[2])


def bin_edges(published: Quantiles, *, whole: bool) -> Floats:
    """Return bins that reach beyond the outer published quantiles by half of their distance.

    Bins of whole numbers hold equally many of them.
    """
    low, *_, high = published.quantiles
    margin = (high - low) / 2
    first, last = max(low - margin, 0), high + margin
    if not whole:
        return np.linspace(first, last, NUM_BINS + 1)
    step = np.ceil((last - first) / NUM_BINS)
    return np.arange(np.floor(first) - 0.5, last + step, step)


def read_quantities(root_files: Sequence[Path], *, max_constituents: int) -> dict[str, Floats]:
    """Return the quantities of all jets, from their leading constituents."""
    branches = [f"part_{axis}" for axis in ("px", "py", "pz", "energy")]
    arrays = uproot.concatenate([{str(file): TREE} for file in root_files], branches, library="ak")
    counts = np.minimum(ak.to_numpy(ak.num(arrays[branches[0]])), max_constituents)
    columns = [
        ak.to_numpy(ak.flatten(arrays[name][:, :max_constituents])).astype(np.float64)
        for name in branches
    ]
    return quantities(*columns, counts=counts)


def quantities(
    px: Floats, py: Floats, pz: Floats, energy: Floats, *, counts: Integers
) -> dict[str, Floats]:
    """Return the quantities of jets from the columns of their constituents, hardest first.

    Girth is the mean distance from the jet axis in (eta, phi), weighted with pT. The massless mass
    is that of massless constituents with the rapidities of ours, for samples published as pT,
    rapidity and azimuth.
    """
    jet = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts

    def total(column: Floats) -> Floats:
        return np.bincount(jet, column, minlength=len(counts)).astype(np.float64)

    pt, rapidity = np.hypot(px, py), np.arctanh(pz / energy)
    jet_px, jet_py, jet_pz = total(px), total(py), total(pz)
    jet_pt, jet_phi = np.hypot(jet_px, jet_py), np.arctan2(jet_py, jet_px)
    jet_eta = np.arcsinh(jet_pz / jet_pt)
    deta, dphi = np.arcsinh(pz / pt) - jet_eta[jet], wrapped(np.arctan2(py, px) - jet_phi[jet])
    massless = total(pt * np.cosh(rapidity)), jet_pt, total(pt * np.sinh(rapidity))
    return {
        "num_constituents": counts.astype(np.float64),
        "pt": jet_pt,
        "mass": mass(total(energy), jet_pt, jet_pz),
        "massless_mass": mass(*massless),
        "abs_eta": np.abs(jet_eta),
        "girth": total(pt * np.hypot(deta, dphi)) / total(pt),
        "leading_pt_fraction": pt[first] / jet_pt,
        "softest_pt": pt[first + counts - 1],
    }


def mass(energy: Floats, pt: Floats, pz: Floats) -> Floats:
    """Return the invariant mass, 0 where rounding makes its square negative."""
    square: Floats = energy**2 - pt**2 - pz**2
    return np.sqrt(np.maximum(square, 0))


def table(validations: Mapping[str, Validation]) -> str:
    """Return the comparison of datasets with published samples as a Markdown table."""
    lines = [
        "| dataset | quantity | published median | median here | ratio | within |",
        "|---|---|---|---|---|---|",
    ]
    for dataset, validation in validations.items():
        for name, result in validation["quantities"].items():
            verdict = "yes" if result["agrees"] else "**no**"
            lines.append(
                f"| {dataset} | {name} | {result['published'][2]:.4g} | {result['ours'][2]:.4g} "
                f"| {result['ratio']:.3f} ± {result['ratio_error']:.3f} "
                f"| {result['tolerance']:.0%}: {verdict} |"
            )
    return "\n".join(lines) + "\n"
