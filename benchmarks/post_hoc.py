"""A million jets, decorrelated afterwards from mass and pt: seconds to fit and to transform."""

import time

import numpy as np

from tagline.decorrelation import BaseDecorrelation, conditional_flow, knn, quantile_regression
from tagline.measures.logits import scores_of

NUM_JETS = 1_000_000
GOAL = 60.0  # CPU seconds of one core to fit and to transform all of them
EFFICIENCY, TOLERANCE = 0.16, 0.02
METHODS: dict[str, BaseDecorrelation] = {
    "kNN": knn.Decorrelation(knn.Config(efficiency=EFFICIENCY)),
    "quantile regression": quantile_regression.Decorrelation(
        quantile_regression.Config(efficiency=EFFICIENCY)
    ),
    "conditional flow": conditional_flow.Decorrelation(conditional_flow.Config()),
}


def main() -> None:
    """Time one fit and one transformation of each method, and check that background is flat."""
    random = np.random.default_rng(1)
    label_J = np.arange(NUM_JETS) % 2
    pt_J = random.uniform(500, 800, NUM_JETS)
    mass_J = pt_J * random.beta(2, 6, NUM_JETS)
    logit_J = 2 * np.exp(-0.5 * ((mass_J - 172) / 40) ** 2) + pt_J / 300 + 3 * label_J
    score_J = scores_of(logit_J - 5 + random.logistic(0, 1, NUM_JETS))
    protected_JR = np.stack([mass_J, pt_J], axis=1)
    rows_J = label_J == 0
    for name, method in METHODS.items():
        start = time.process_time()
        fitted = method.fit(score_J[rows_J], protected_JR[rows_J], np.ones(rows_J.sum()))
        middle = time.process_time()
        decorrelated_J = method.transform(score_J, protected_JR, fitted)
        end = time.process_time()
        check_flat(decorrelated_J[rows_J], mass_J[rows_J])
        reached = "reached" if end - start <= GOAL else "MISSED"
        spent = f"fit {middle - start:.1f} s, transform {end - middle:.1f} s"
        print(f"{name}, {NUM_JETS:,} jets: {spent} (goal {GOAL:g} s {reached})")


def check_flat(score_J: np.ndarray, mass_J: np.ndarray) -> None:
    """Fail unless one cut passes the efficiency in each of ten slices of mass."""
    passes_J = score_J > np.quantile(score_J, 1 - EFFICIENCY)
    slice_J = np.digitize(mass_J, np.quantile(mass_J, np.linspace(0, 1, 11)[1:-1]))
    shares = np.bincount(slice_J, passes_J) / np.bincount(slice_J)
    np.testing.assert_allclose(shares, EFFICIENCY, atol=TOLERANCE)


if __name__ == "__main__":
    main()
