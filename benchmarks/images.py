"""Jet images: particles to dense arrays, against numpy, in a buffer that is used again."""

from collections.abc import Callable

import numpy as np

from benchmarks.racing import race, rates, verdict
from tagline.observables import pixels

NUM_PARTICLES = 60
WIDTH = 1.6
JETS_A_ROUND = 8_192


def race_images(side: int, num_jets: int) -> None:
    """Race at one size of image and of buffer: a training batch, or much more than the caches."""
    random = np.random.default_rng(side)
    num_J = np.full(num_jets, NUM_PARTICLES)
    jet_P = np.repeat(np.arange(num_jets), num_J)
    x_P, y_P = random.normal(0, 0.25, (2, len(jet_P)))
    pt_P = random.exponential(10, len(jet_P)).astype(np.float32)
    ours_JKS, added_JKS, binned_JKS = np.empty((3, num_jets, 1, side**2), np.float32)

    def ours() -> None:
        pixel_P = pixels.pixel_of(x_P, y_P, side, WIDTH)
        pixels.scatter(pixel_P, pt_P[:, None], num_J, ours_JKS)

    def add_at() -> None:
        column_P = np.floor((x_P / WIDTH + 0.5) * side).astype(np.int64)
        row_P = np.floor((y_P / WIDTH + 0.5) * side).astype(np.int64)
        inside_P = (column_P >= 0) & (column_P < side) & (row_P >= 0) & (row_P < side)
        flat_P = ((jet_P * side + row_P) * side + column_P)[inside_P]
        added_JKS.view(np.uint8).fill(0)
        np.add.at(added_JKS.reshape(-1), flat_P, pt_P[inside_P])

    def histogram2d() -> None:
        square = [[-WIDTH / 2, WIDTH / 2]] * 2
        for jet in range(num_jets):
            mine = slice(jet * NUM_PARTICLES, (jet + 1) * NUM_PARTICLES)
            binned, _, _ = np.histogram2d(
                y_P[mine], x_P[mine], bins=side, range=square, weights=pt_P[mine]
            )
            binned_JKS[jet, 0] = binned.ravel()

    def non_empty() -> None:
        pixel_P = pixels.pixel_of(x_P, y_P, side, WIDTH)
        pixels.collect(pixel_P, pt_P[:, None].astype(np.float64), num_J, side**2)

    contenders: dict[str, Callable[[], object]] = {
        "ours": ours,
        "np.add.at": add_at,
        "np.histogram2d": histogram2d,
        "list of non-empty pixels": non_empty,
        "memset": lambda: ours_JKS.view(np.uint8).fill(0),
    }
    repeats = JETS_A_ROUND // num_jets
    seconds = race({name: repeated(run, repeats) for name, run in contenders.items()})
    ours()
    np.testing.assert_allclose(ours_JKS, added_JKS, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ours_JKS, binned_JKS, rtol=1e-4, atol=1e-3)
    title = f"{side}x{side} images, {num_jets} jets of {NUM_PARTICLES} particles"
    for rival, goal in (("np.histogram2d", 100), ("np.add.at", 3)):
        print(verdict(title, seconds, ours="ours", rival=rival, goal=goal, limit="memset"))
    print(rates(seconds, JETS_A_ROUND))


def repeated(run: Callable[[], object], times: int) -> Callable[[], object]:
    """Return a function that does it so many times."""

    def run_repeatedly() -> None:
        for _ in range(times):
            run()

    return run_repeatedly


if __name__ == "__main__":
    for num_jets in (256, JETS_A_ROUND):
        for side in (33, 40):
            race_images(side, num_jets)
