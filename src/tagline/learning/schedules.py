"""The course of the learning rate: a function of the position, so that nothing has to be saved."""

import math
from bisect import bisect_right

from tagline.settings.training import Training

DECAYING_SHARE = 0.3  # of the epochs, in weaver-core's `flat+decay`
LAST_FACTOR = 0.01  # likewise
FIRST_COSINE = 4  # epochs, of LorentzNet (2201.08187) and PELICAN (2307.16506)


def learning_rate(training: Training, position: float) -> float:
    """Return the learning rate at a position in epochs, counted from 0."""
    warmup = training.warmup_epochs
    if position < warmup:
        return training.learning_rate * position / warmup
    return training.learning_rate * factor(training, position - warmup, training.epochs - warmup)


def factor(training: Training, position: float, epochs: float) -> float:
    """Return the factor of the learning rate so many epochs after the warm-up."""
    match training.schedule:
        case "constant":
            return 1.0
        case "step":
            return math.pow(training.step_factor, position // training.step_epochs)
        case "cosine":
            return (1 + math.cos(math.pi * position / epochs)) / 2
        case "flat_decay":
            num_decaying = max(1, int(epochs * DECAYING_SHARE))
            num_decayed = int(position) - (int(epochs) - num_decaying) + 1
            return math.pow(LAST_FACTOR, max(0, num_decayed) / num_decaying)
        case "piecewise":
            return between(training.knots, position)
        case "restarts":
            num_running = epochs - training.cooldown_epochs
            if position < num_running:
                return restarted(position)
            return restarted(num_running - 1) / math.pow(2, int(position - num_running) + 1)


def restarted(position: float) -> float:
    """Return the factor after cosines that fall to 0 in 4, 8, 16, ... epochs."""
    length = FIRST_COSINE
    while position >= length:
        position -= length
        length *= 2
    return (1 + math.cos(math.pi * position / length)) / 2


def between(knots: tuple[tuple[float, float], ...], position: float) -> float:
    """Return the value at a position by straight lines; that of the nearest end outside."""
    index = bisect_right([start for start, _ in knots], position)
    if index in (0, len(knots)):
        return knots[min(index, len(knots) - 1)][1]
    (start, first), (end, last) = knots[index - 1], knots[index]
    return first + (last - first) * (position - start) / (end - start)
