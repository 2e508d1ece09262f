"""All substructure from two clustering histories a jet, against the calls of the FastJet wheel."""

import awkward as ak
import fastjet
import numpy as np

from benchmarks.nsubjettiness import LARGEST_RADIUS, MAX_AXES, NUM_JETS, NUM_PARTICLES, toy_jets
from benchmarks.racing import race, rates, verdict
from tagline.data.jets import Jets
from tagline.observables.history import CAMBRIDGE_AACHEN, KT, cluster, momenta_of
from tagline.observables.subjets import BETAS
from tagline.observables.substructure import Grooming, Substructure, substructure

GOAL = 15
LARGEST_DIFFERENCE = 1e-10
GROOMING = Grooming()


def fastjet_of(jets: Jets) -> dict[str, ak.Array]:
    """Return what the wheel says: a clustering with each algorithm, then a call an observable."""
    columns = {"E" if name == "energy" else name: p for name, p in jets.constituents.items()}
    particles = ak.unflatten(ak.zip(columns, with_name="Momentum4D"), NUM_PARTICLES)
    kt, cambridge = (
        fastjet.ClusterSequence(particles, fastjet.JetDefinition(algorithm, LARGEST_RADIUS))
        for algorithm in (fastjet.kt_algorithm, fastjet.cambridge_algorithm)
    )
    groomed = cambridge.exclusive_jets_softdrop_grooming(
        beta=GROOMING.beta, symmetry_cut=GROOMING.z_cut, R0=GROOMING.radius
    )
    lund = cambridge.exclusive_jets_lund_declusterings(1)
    return {
        "tau": kt.njettiness(
            measure_definition="UnnormalizedMeasure",
            axes_definition="KT_Axes",
            njets=list(range(1, MAX_AXES + 1)),
            beta=1.0,
        ),
        "d12": kt.exclusive_dmerge(1) * LARGEST_RADIUS**2,
        "d23": kt.exclusive_dmerge(2) * LARGEST_RADIUS**2,
        "soft drop mass": groomed.msoftdrop,
        "z_g": groomed.symmetrysoftdrop,
        "r_g": groomed.deltaRsoftdrop,
        "Lund Delta": ak.flatten(lund.Delta, axis=None),
        "Lund kT": ak.flatten(lund.kt, axis=None),
        "e_2": cambridge.exclusive_jets_energy_correlator(beta=1, npoint=2),
        "e_3": cambridge.exclusive_jets_energy_correlator(beta=1, npoint=3),
    }


def named(found: Substructure) -> dict[str, np.ndarray]:
    """Return the same of ours."""
    return {
        "tau": found.tau_JNA[:, :, BETAS.index(1.0)],
        "d12": found.scales_JN[:, 0] ** 2,
        "d23": found.scales_JN[:, 1] ** 2,
        "soft drop mass": found.softdrop_mass_J,
        "z_g": found.z_g_J,
        "r_g": found.r_g_J,
        "Lund Delta": found.lund.delta_S,
        "Lund kT": found.lund.kt_S,
        "e_2": found.e2_J,
        "e_3": found.e3_J,
    }


def largest_difference(jets: Jets) -> float:
    """Return the largest relative difference of any observable of any jet."""
    ours, theirs = named(substructure(jets)), fastjet_of(jets)
    differences = {name: np.abs(ours[name] / ak.to_numpy(theirs[name]) - 1).max() for name in ours}
    worst = max(differences, key=differences.__getitem__)
    if differences[worst] > LARGEST_DIFFERENCE:
        raise ValueError(f"{worst} differs from FastJet's by {differences[worst]}")
    return float(differences[worst])


def race_substructure() -> None:
    """Race for all observables; ours returns N-subjettiness for three betas, z and psi, too."""
    jets = toy_jets()
    num_J = jets.jets["num_constituents"]

    def histories() -> None:
        for power in (KT, CAMBRIDGE_AACHEN):
            cluster(momenta_of(jets), num_J, power=power)

    difference = largest_difference(jets)
    seconds = race(
        {
            "ours": lambda: substructure(jets),
            "FastJet": lambda: fastjet_of(jets),
            "both histories": histories,
        }
    )
    title = f"substructure, {NUM_PARTICLES} particles a jet (largest difference {difference:.0e})"
    print(verdict(title, seconds, ours="ours", rival="FastJet", goal=GOAL, limit="both histories"))
    print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    race_substructure()
