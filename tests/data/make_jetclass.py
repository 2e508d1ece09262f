"""Make jetclass.root by ROOT itself, with the branches and types of the published JetClass files.

They are those that `JetClass101.ipynb` of the authors prints: vectors without a counter, labels
of three types. Run by a Python with ROOT and NumPy: `python make_jetclass.py jetclass.root`.
"""

import sys
from array import array

import numpy as np
import ROOT

NUM_JETS = 24
IMPACT_PARAMETERS = ["d0val", "d0err", "dzval", "dzerr"]
VECTORS = {
    "float": ["px", "py", "pz", "energy", "deta", "dphi", *IMPACT_PARAMETERS, "charge"],
    "int": ["isChargedHadron", "isNeutralHadron", "isPhoton", "isElectron", "isMuon"],
}
LABELS = {
    "F": ["QCD"],
    "O": ["Hbb", "Hcc", "Hgg", "H4q", "Hqql"],
    "I": ["Zqq", "Wqq", "Tbqq", "Tbl"],
}
JETS = ["pt", "eta", "phi", "energy", "nparticles", "sdmass", "tau1", "tau2", "tau3", "tau4"]
AUX = ["genpart_eta", "genpart_phi", "genpart_pid", "genpart_pt", "truth_match"]
CODES = {"F": "f", "O": "b", "I": "i"}
KINDS = {"isChargedHadron": 1, "isNeutralHadron": 0, "isPhoton": 0, "isElectron": 1, "isMuon": 1}


def particles(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Return one massless jet; impact parameters in mm, 0 where there is no track."""
    num, axis = int(random.integers(2, 30)), random.uniform(-2, 2)
    pt = random.exponential(20, num) + 1
    eta, phi = random.normal(axis, 0.2, num), random.normal(1, 0.2, num)
    kind = random.choice(list(KINDS), num)
    charge = np.array([KINDS[name] for name in kind]) * random.choice([-1, 1], num)
    jet = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "energy": pt * np.cosh(eta),
        "charge": charge,
    }
    jet_eta, jet_phi = direction(jet)
    jet |= {"deta": (eta - jet_eta) * np.sign(jet_eta), "dphi": phi - jet_phi}
    for name, width in {"d0val": 0.5, "dzval": 1.0}.items():
        jet[name] = random.normal(0, width, num) * (charge != 0)
    for name in ("d0err", "dzerr"):
        jet[name] = random.exponential(0.5, num) * (charge != 0)
    return jet | {name: (kind == name).astype(int) for name in KINDS}


def direction(jet: dict[str, np.ndarray]) -> tuple[float, float]:
    """Return pseudorapidity and azimuth of the sum of particles."""
    px, py, pz = (jet[name].sum() for name in ("px", "py", "pz"))
    return np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)


def main(path: str) -> None:
    """Write the file."""
    random = np.random.default_rng(1)
    file = ROOT.TFile(path, "RECREATE")
    tree = ROOT.TTree("tree", "tree")
    vectors = {name: ROOT.std.vector(kind)() for kind, names in VECTORS.items() for name in names}
    for name, vector in vectors.items():
        tree.Branch(f"part_{name}", vector)
    numbers = {f"label_{name}": kind for kind, names in LABELS.items() for name in names}
    numbers |= {f"jet_{name}": "F" for name in JETS} | {f"aux_{name}": "F" for name in AUX}
    values = {name: array(CODES[kind], [0]) for name, kind in numbers.items()}
    for name, kind in numbers.items():
        tree.Branch(name, values[name], f"{name}/{kind}")
    labels = [name for name in numbers if name.startswith("label_")]
    for row in range(NUM_JETS):
        jet = particles(random)
        for name, vector in vectors.items():
            vector.clear()
            for value in jet[name].tolist():
                vector.push_back(value)
        eta, phi = direction(jet)
        pt = np.hypot(jet["px"].sum(), jet["py"].sum())
        known = {"pt": pt, "eta": eta, "phi": phi, "energy": jet["energy"].sum()}
        known |= {"nparticles": len(jet["px"]), "sdmass": random.uniform(0, 200)}
        for name in numbers:
            values[name][0] = 0
        for name, value in known.items():
            values[f"jet_{name}"][0] = value
        values[labels[row % len(labels)]][0] = 1
        tree.Fill()
    tree.Write()
    file.Close()


if __name__ == "__main__":
    main(sys.argv[1])
