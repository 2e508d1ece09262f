"""N-subjettiness tau_1 .. tau_4 on kT axes, against fastjet-contrib in the FastJet wheel."""

import awkward as ak
import fastjet
import numpy as np

from benchmarks.racing import race, rates, verdict
from tagline.data.jets import Jets
from tagline.observables.subjets import BETAS, nsubjettiness

NUM_JETS, NUM_PARTICLES, MAX_AXES = 2_000, 60, 4
LARGEST_RADIUS = 1000.0


def toy_jets() -> Jets:
    """Return massless particles in three prongs."""
    random = np.random.default_rng(1)
    shape = (NUM_JETS, NUM_PARTICLES)
    prongs = random.normal(0, 0.3, (2, NUM_JETS, 3))
    prong = random.integers(3, size=shape)
    eta, phi = np.take_along_axis(prongs, prong[None], 2) + random.normal(0, 0.1, (2, *shape))
    pt = random.exponential(size=shape) ** 1.5 * 10
    columns = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "energy": pt * np.cosh(eta),
    }
    return Jets(
        jets={"num_constituents": np.full(NUM_JETS, NUM_PARTICLES)},
        constituents={name: column.ravel() for name, column in columns.items()},
    )


def race_nsubjettiness() -> None:
    """Race for one beta, though ours returns all three, and for three."""
    jets = toy_jets()
    columns = {"E" if name == "energy" else name: p for name, p in jets.constituents.items()}
    particles = ak.unflatten(ak.zip(columns, with_name="Momentum4D"), NUM_PARTICLES)
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, LARGEST_RADIUS)
    sequence = fastjet.ClusterSequence(particles, definition)

    def njettiness(beta: float) -> ak.Array:
        return sequence.njettiness(
            measure_definition="UnnormalizedMeasure",
            axes_definition="KT_Axes",
            njets=list(range(1, MAX_AXES + 1)),
            beta=beta,
        )

    ours = nsubjettiness(jets, MAX_AXES)
    theirs = np.stack([ak.to_numpy(njettiness(beta)) for beta in BETAS], axis=-1)
    difference = np.abs(ours / theirs - 1).max()
    if difference > 1e-6:
        raise ValueError(f"N-subjettiness differs from FastJet's by {difference}")
    seconds = race(
        {
            "ours": lambda: nsubjettiness(jets, MAX_AXES),
            "fastjet-contrib, one beta": lambda: njettiness(1.0),
            "fastjet-contrib, three betas": lambda: [njettiness(beta) for beta in BETAS],
        }
    )
    title = f"tau_1..4 of jets of {NUM_PARTICLES} particles (largest difference {difference:.0e})"
    for rival, goal in (("fastjet-contrib, one beta", 5), ("fastjet-contrib, three betas", 10)):
        print(verdict(title, seconds, ours="ours", rival=rival, goal=goal))
    print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    race_nsubjettiness()
