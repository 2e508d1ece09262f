"""Efficiencies of a million scores and their bootstrap, against scikit-learn."""

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from benchmarks.racing import race, verdict
from tagline.measures import roc

NUM_JETS = 1_000_000
REPLICAS = 100
GRID = np.round(np.linspace(0.05, 1.0, 96), 2)


def race_million() -> None:
    """Race one measurement, and one bootstrap replica."""
    random = np.random.default_rng(1)
    label_J = random.integers(0, 2, NUM_JETS)
    score_J = (1 / (1 + np.exp(-random.normal(2 * label_J - 1, 1)))).astype(np.float32)
    is_signal_J, weight_J = label_J == 1, np.ones(NUM_JETS)
    ordered = roc.order(score_J, is_signal_J)

    def ours() -> tuple[float, np.ndarray]:
        found = roc.efficiencies(roc.order(score_J, is_signal_J), weight_J, GRID)
        return found.auc, found.background_efficiency_E

    def sklearn() -> tuple[float, np.ndarray]:
        fpr, tpr, _ = roc_curve(label_J, score_J, drop_intermediate=False)
        return roc_auc_score(label_J, score_J), np.interp(GRID, tpr, fpr)

    def our_replica() -> None:
        roc.efficiencies(ordered, roc.poisson_counts(NUM_JETS, random) * weight_J, GRID)

    def sklearn_replica() -> None:
        rows_J = random.integers(0, NUM_JETS, NUM_JETS)
        fpr, tpr, _ = roc_curve(label_J[rows_J], score_J[rows_J], drop_intermediate=False)
        np.interp(GRID, tpr, fpr)
        roc_auc_score(label_J[rows_J], score_J[rows_J])

    (auc, efficiency_E), (expected_auc, expected_efficiency_E) = ours(), sklearn()
    np.testing.assert_allclose(auc, expected_auc, rtol=1e-12)
    np.testing.assert_allclose(efficiency_E, expected_efficiency_E, rtol=1e-4)

    seconds = race({"ours": ours, "scikit-learn": sklearn, "a sort": lambda: np.sort(score_J)})
    title = "efficiencies and AUC of 1 M scores"
    print(verdict(title, seconds, ours="ours", rival="scikit-learn", goal=10, limit="a sort"))
    print(", ".join(f"{name} {1e3 * time:.1f} ms" for name, time in seconds.items()))
    seconds = race({"ours": our_replica, "scikit-learn": sklearn_replica})
    title = "one bootstrap replica of 1 M scores"
    print(verdict(title, seconds, ours="ours", rival="scikit-learn", goal=50))
    print(", ".join(f"{name} {1e3 * time:.1f} ms" for name, time in seconds.items()))


if __name__ == "__main__":
    race_million()
