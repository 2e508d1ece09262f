"""Verdicts: what a measured number says about the published one, and what to keep in mind."""

import numpy as np

from tagline.compare import Combined, Comparison, Key
from tagline.settings.published import Published, PublishedNumber

AGREEMENT = 2.0  # standard deviations
# Half a unit of the last printed digit: papers print AUC and accuracy to three decimals.
ROUNDING = {"auc": 5e-4, "accuracy": 5e-4, "rejection_at_0.3": 0.5, "rejection_at_0.5": 0.5}
ROUNDING_OF_PARAMETERS = 0.02  # relative; small networks are printed to 1000
SAME_SIZE = 0.1  # training sets that differ by a smaller share are called equal


def verdict(comparison: Comparison, key: Key, metric: str) -> str:
    """Compare with the published number, if there is one, and name differences in the training."""
    found = comparison.published(key, metric)
    if found is None:
        return ""
    published, number = found
    measured = comparison.value(key, metric)
    if metric == "parameters":
        return _compare_sizes(measured.value, number.value)
    caveats = []
    if comparison.legend.tasks[key.task].is_generated:
        caveats.append("own simulated jets")
    caveats += _training_size(comparison.train_jets(key), published)
    caveats += [number.caveat] if number.caveat else []
    return "; ".join([_compare(measured, number), *caveats])


def _compare(measured: Combined, number: PublishedNumber) -> str:
    """Say whether two numbers agree, counting the standard deviations between them."""
    if not np.isfinite(measured.value):
        return "above" if measured.low > number.value else "only a lower limit"
    difference = measured.value - number.value
    own = measured.value - measured.low if difference > 0 else measured.high - measured.value
    uncertainty = np.hypot(own, np.hypot(number.uncertainty or 0.0, ROUNDING[number.metric]))
    deviations = difference / uncertainty
    if abs(deviations) <= AGREEMENT:
        return f"agrees ({deviations:+.1f} sigma)"
    return f"{'above' if difference > 0 else 'below'} ({deviations:+.1f} sigma)"


def _compare_sizes(parameters: float, published: float) -> str:
    ratio = parameters / published
    if abs(ratio - 1) <= ROUNDING_OF_PARAMETERS:
        return "agrees"
    return f"{'larger' if ratio > 1 else 'smaller'} ({ratio:.2f} times)"


def _training_size(train_jets: int, published: Published) -> list[str]:
    if not train_jets:
        return ["not trained"]
    ratio = published.train_jets / train_jets
    if abs(ratio - 1) <= SAME_SIZE:
        return []
    share = f"1/{ratio:.0f} of" if ratio >= 1.5 else f"{1 / ratio:.2g} times"
    return [f"trained on {share} the jets"]
