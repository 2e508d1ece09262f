"""Boosting to uniformity on the Dalitz sample of the uBoost paper, beside what is published.

`python -m benchmarks.dalitz [name ...]` trains with the settings of `BoostingToUniformity.ipynb`
of hep_ml, https://github.com/arogozhnikov/hep_ml, on its 75,000 of the 100,000 decays, and
measures on the others. The sample is `dalitz/dalitzdata.root` of that repository's branch `data`,
in the folder that TAGLINE_REAL_DATA names.
"""

import os
import sys
import time
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import uproot
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.measures import uniformity
from tagline.taggers import boosted_trees, flatness_boosting, uboost

SAMPLE = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data")) / "dalitz/dalitzdata.root"
FEATURES, DALITZ = ("Y1", "Y2", "Y3"), ("M2AB", "M2AC")
SPLIT_SEED = 42  # of the notebook, which tests on a quarter
EFFICIENCIES = (0.5, 0.4, 0.3, 0.2, 0.1)
TREES = {"trees": 150, "leaves": 16, "depth": 4, "smallest_leaf": 0}
STEPS = 12  # of the efficiency of uBoost


class Published(NamedTuple):
    """What the notebook prints."""

    deviation: float
    distance: float


@dataclass(frozen=True)
class Measured:
    """How uniform signal is over the Dalitz plot, and what it cost.

    Args:
        deviation: standard deviation of efficiencies in 10 x 10 bins.
        distance: Cramer-von Mises distance in neighbourhoods of 50.
        area: under the ROC curve.
        seconds: of one core, to train.
    """

    deviation: float
    distance: float
    area: float
    seconds: float


@dataclass(frozen=True)
class Decays:
    """Decays with what a tagger sees and the place in the Dalitz plot."""

    features_JG: np.ndarray
    dalitz_JR: np.ndarray
    label_J: np.ndarray

    def take(self, rows: np.ndarray) -> "Decays":
        """Return some of the decays."""
        return Decays(self.features_JG[rows], self.dalitz_JR[rows], self.label_J[rows])

    def packed(self) -> PackedJets:
        """Return them as jets without constituents, of weight one."""
        none_J = torch.zeros(len(self.label_J), dtype=torch.int64)
        return PackedJets(
            constituents_PF=torch.zeros(0, 0),
            first_constituent_J=none_J,
            num_constituents_J=none_J,
            features_JG=torch.from_numpy(self.features_JG.astype(np.float32)),
            label_J=torch.from_numpy(self.label_J),
            weight_J=torch.ones(len(none_J)),
            protected_JR=torch.from_numpy(self.dalitz_JR.astype(np.float32)),
            event_id_J=none_J,
        )


USUAL = boosted_trees.Config(patience=150, **TREES)
NEIGHBOURS = flatness_boosting.Config(
    uniform="signal", loss="neighbours", neighbours=10, learning_rate=0.4, **TREES
)
FLAT = flatness_boosting.Config(
    uniform="signal", strength=3.0, power=1.3, neighbours=100, neighbourhoods=5000, **TREES
)
UBOOST = uboost.Config(
    uniform="signal",
    efficiencies=tuple(np.arange(1, STEPS + 1) / (STEPS + 1)),
    neighbours=50,
    smoothing=10 / STEPS,
    **TREES,
)
INPUTS = Inputs(jet_features=FEATURES)
TAGGERS = {
    "gradient boosting": partial(boosted_trees.Tagger, USUAL, INPUTS),
    "uGB+knnAda": partial(flatness_boosting.Tagger, NEIGHBOURS, INPUTS),
    "uGB+FL": partial(flatness_boosting.Tagger, FLAT, INPUTS),
    "uBoost": partial(uboost.Tagger, UBOOST, INPUTS),
}
PUBLISHED = {
    "gradient boosting": Published(0.1325, 0.0225),
    "uGB+knnAda": Published(0.0880, 0.0130),
    "uGB+FL": Published(0.0424, 0.0052),
    "uBoost": Published(0.0556, 0.0064),
}


def read() -> Decays:
    """Return all decays of the sample."""
    with uproot.open(SAMPLE) as file:
        columns = file["tree"].arrays(library="np")
    return Decays(
        np.column_stack([columns[name] for name in FEATURES]),
        np.column_stack([columns[name] for name in DALITZ]),
        columns["labels"].astype(np.int64),
    )


@cache
def splits() -> tuple[Decays, Decays]:
    """Return the decays to train on and those to test on."""
    decays = read()
    train, test = train_test_split(np.arange(len(decays.label_J)), random_state=SPLIT_SEED)
    return decays.take(train), decays.take(test)


def measured(name: str, *, seed: int) -> Measured:
    """Train one tagger, and measure it on the test decays."""
    train, test = splits()
    tagger, start = TAGGERS[name](), time.process_time()
    tagger.fit(train.packed(), seed=seed)
    seconds = time.process_time() - start
    score_J = scores(tagger.eval(), test)
    is_signal_J = test.label_J == 1
    signal_J, plane_JR = score_J[is_signal_J], test.dalitz_JR[is_signal_J]
    weight_J = np.ones(len(signal_J))
    return Measured(
        deviation=uniformity.standard_deviation_of_efficiencies(
            signal_J, weight_J, uniformity.bins(plane_JR, 10), efficiencies=EFFICIENCIES
        ),
        distance=uniformity.cramer_von_mises(
            signal_J, weight_J, uniformity.neighbourhoods(plane_JR, 50)
        ),
        area=float(roc_auc_score(test.label_J, score_J)),
        seconds=seconds,
    )


@torch.inference_mode()
def scores(tagger: Fitted, decays: Decays) -> np.ndarray:
    """Return the log odds of signal."""
    jets = decays.packed()
    parts = torch.arange(len(jets)).split(4096)
    logits_JC = torch.cat([tagger(jets.take(rows_B)) for rows_B in parts]).double().numpy()
    return logits_JC[:, 1] - logits_JC[:, 0]


def main(names: list[str]) -> None:
    """Print a row for each tagger, or for those named."""
    torch.set_num_threads(1)
    print("| tagger | SDE | published | CvM | published | AUC | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in names or PUBLISHED:
        found, published = measured(name, seed=1), PUBLISHED[name]
        print(
            f"| {name} | {found.deviation:.4f} | {published.deviation:.4f} "
            f"| {found.distance:.4f} | {published.distance:.4f} "
            f"| {found.area:.3f} | {found.seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
