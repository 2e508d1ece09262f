"""The LHCb tau -> 3 mu challenge from its own files: `tagline challenge FOLDER [FEATURE ...]`.

Flavours of Physics, Kaggle (2015), https://www.kaggle.com/c/flavours-of-physics. Boosted trees
learn from every other event of the training file, from the features that are named. The starter
kit, https://github.com/yandexdataschool/flavours-of-physics-start, whose baseline reads those
named by default, reports for it a disagreement of 0.0682, a correlation of 0.00098 and a weighted
area of 0.8343.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tagline.measures.flavours_of_physics import correlation, disagreement, weighted_area
from tagline.measures.judging import Verdict
from tagline.reading.csv_tables import Array, CSVTable, read_table

TRAINING, CONTROL, BACKGROUND = "training.csv", "check_agreement.csv", "check_correlation.csv"
BASELINE = ("LifeTime", "FlightDistance", "pt")
LEAST_MUON = 0.4  # of `min_ANNmuon`, in events that count for the area
SEED = 1


def judge(folder: Path, features: Sequence[str] = BASELINE) -> Verdict:
    """Train on half of the training events, and judge the score on all others.

    Raises:
        ValueError: a file or a column is not as expected.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    training, control, background = (
        read_table(folder / name) for name in (TRAINING, CONTROL, BACKGROUND)
    )
    is_odd_J = np.arange(len(training)) % 2 == 1
    learned, counted = training.where(is_odd_J), training.where(~is_odd_J)
    counted = counted.where(counted.column("min_ANNmuon") > LEAST_MUON)
    trees = GradientBoostingClassifier(random_state=SEED)
    trees.fit(learned.stacked(features), learned.column("signal"))

    def score(events: CSVTable) -> Array:
        probability_J: Array = trees.predict_proba(events.stacked(features))[:, 1]
        return probability_J.astype(np.float32)

    is_signal_J = counted.column("signal") == 1
    return Verdict(
        disagreement(score(control), control.column("signal") == 0, control.column("weight")),
        correlation(score(background), background.column("mass")),
        weighted_area(score(counted), is_signal_J, np.ones(len(is_signal_J))),
    )


def main(arguments: list[str]) -> int:
    """Print the verdict on boosted trees; return 1 if their score is not valid."""
    parser = argparse.ArgumentParser(
        prog="tagline challenge", description="Judge boosted trees by the LHCb challenge."
    )
    parser.add_argument("folder", type=Path, help=f"of {TRAINING}, {CONTROL} and {BACKGROUND}")
    parser.add_argument("features", nargs="*", default=BASELINE, help="columns to learn from")
    options = parser.parse_args(arguments)
    verdict = judge(options.folder, options.features)
    sys.stdout.write(f"{verdict}\n")
    return 0 if verdict.is_valid else 1
