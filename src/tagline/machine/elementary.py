"""Functions of one float32 that compiled loops are made of, so simple that loops become vectors.

They are as exact as those of PyTorch, but take a number through several of them before the next.
"""

import numpy as np

from tagline.machine.compiled import in_vectors

f32 = np.float32

SMALLEST_EXPONENT = f32(-87)
LOG2_E = f32(1.44269504)
LN2, REST_OF_LN2 = f32(0.693359375), f32(-2.12194440e-4)
EXPONENT_BIAS, MANTISSA_BITS = np.int32(127), np.int32(23)
SQRT_HALF, DENSITY_AT_ZERO = f32(0.70710678), f32(0.39894228)


@in_vectors
def exp(x: f32) -> f32:
    """Return e^x to a relative 1.2e-7, for x below 88; the polynomial is that of Cephes' expf."""
    x = max(x, SMALLEST_EXPONENT)
    power = np.floor(x * LOG2_E + f32(0.5))
    rest = x - power * LN2 - power * REST_OF_LN2
    series = f32(1.9875691500e-4)
    series = series * rest + f32(1.3981999507e-3)
    series = series * rest + f32(8.3334519073e-3)
    series = series * rest + f32(4.1665795894e-2)
    series = series * rest + f32(1.6666665459e-1)
    series = series * rest + f32(5.0000001201e-1)
    series = series * rest * rest + rest + f32(1)
    power_of_two = np.int32((np.int32(power) + EXPONENT_BIAS) << MANTISSA_BITS)
    return series * power_of_two.view(f32)  # type: ignore[no-any-return]


@in_vectors
def normal(x: f32) -> tuple[f32, f32]:
    """Return the distribution function and the density of the standard normal distribution.

    GELU(x) is x times the former. Abramowitz and Stegun, equation 7.1.26: exact to 1.5e-7.
    """
    distance = abs(x) * SQRT_HALF
    bell = exp(-distance * distance)
    t = f32(1) / (f32(1) + f32(0.3275911) * distance)
    series = f32(1.061405429)
    series = series * t + f32(-1.453152027)
    series = series * t + f32(1.421413741)
    series = series * t + f32(-0.284496736)
    series = series * t + f32(0.254829592)
    tail = f32(0.5) * series * t * bell
    return tail if x < f32(0) else f32(1) - tail, bell * DENSITY_AT_ZERO
