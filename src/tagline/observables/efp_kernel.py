"""Energy flow polynomials by a program of products, run for each jet at its own size.

So the matrices of a jet stay in the cache, and most of the time goes into products of them, which
BLAS does.
"""

import math
from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

from tagline.machine.compiled import compiled
from tagline.observables.frames import Array, Indices

Real = npt.NDArray[np.floating]


class Operation(IntEnum):
    """How a piece is made of others: a number n, a vector v, a weight w, a matrix A, B or C."""

    SUM = auto()  # n = sum_i w_i v_i
    ATTACH = auto()  # w_i = w'_i v_i
    APPLY = auto()  # v_i = sum_j A_ij w_j
    PARALLEL = auto()  # C_ij = A_ij B_ij
    SERIES = auto()  # C_ij = sum_k A_ik w_k B_kj
    TRANSPOSE = auto()  # C_ij = A_ji
    PRODUCT = auto()  # n = n' n'', for graphs that do not hang together


@compiled
def fill(
    values_JG: Array,
    particles_3P: Array,
    num_J: Indices,
    beta: float,
    program_S5: Indices,
    matrices: Real,
    vectors: Real,
) -> None:
    """Fill in the numbers of each jet.

    Args:
        values_JG: the result.
        particles_3P: share of the momentum, rapidity and azimuth of each particle.
        num_J: particles of each jet.
        beta: power of the angles.
        program_S5: steps, see `efp_plan.Plan`.
        matrices: memory for all matrices of the largest jet, in the precision of the arithmetic.
        vectors: likewise.
    """
    begin = 0
    num_matrices, num_vectors = matrices.shape[0], vectors.shape[0]
    for jet in range(len(num_J)):
        num = num_J[jet]
        if num > 0:
            share_N, rapidity_N, phi_N = particles_3P[:, begin : begin + num]
            matrices_KQ = matrices.ravel()[: num_matrices * num**2].reshape(num_matrices, num**2)
            vectors_KN = vectors.ravel()[: num_vectors * num].reshape(num_vectors, num)
            vectors_KN[0] = share_N
            _fill_angles(matrices_KQ[1], rapidity_N, phi_N, beta)
            _run(program_S5, matrices_KQ, vectors_KN, values_JG[jet])
        begin += num


@compiled
def _fill_angles(theta_Q: Real, rapidity_N: Array, phi_N: Array, beta: float) -> None:
    """Fill in theta, by square roots where beta is 2, 1, 1/2, 1/4 and so on."""
    num = len(phi_N)
    for i in range(num):
        for j in range(num):
            d_rapidity = rapidity_N[i] - rapidity_N[j]
            d_phi = math.pi - abs(abs(phi_N[i] - phi_N[j]) - math.pi)
            theta_Q[i * num + j] = d_rapidity * d_rapidity + d_phi * d_phi
    power = beta / 2
    while power <= 0.5:
        power *= 2
        for pair in range(len(theta_Q)):
            theta_Q[pair] = math.sqrt(theta_Q[pair])
    if power != 1:
        for pair in range(len(theta_Q)):
            theta_Q[pair] **= power


@compiled
def _run(program_S5: Indices, matrices_KQ: Real, vectors_KN: Real, numbers_G: Array) -> None:
    """Do the steps of a program, see `Operation`."""
    num_matrices, num = len(matrices_KQ), vectors_KN.shape[1]
    matrices_KNN = matrices_KQ.reshape(num_matrices, num, num)
    for step in range(len(program_S5)):
        operation, out, a, b, c = program_S5[step]
        if operation == Operation.SUM:
            numbers_G[out] = np.dot(vectors_KN[a], vectors_KN[b])
        elif operation == Operation.PRODUCT:
            numbers_G[out] = numbers_G[a] * numbers_G[b]
        elif operation == Operation.APPLY:
            np.dot(matrices_KNN[a], vectors_KN[b], vectors_KN[out])
        elif operation == Operation.PARALLEL:
            _multiply(matrices_KQ[a], matrices_KQ[b], matrices_KQ[out])
        elif operation == Operation.ATTACH:
            _multiply(vectors_KN[a], vectors_KN[b], vectors_KN[out])
        elif operation == Operation.SERIES:
            _scale_columns(matrices_KNN[a], vectors_KN[b], matrices_KNN[0])
            np.dot(matrices_KNN[0], matrices_KNN[c], matrices_KNN[out])
        else:
            matrices_KNN[out] = matrices_KNN[a].T


@compiled
def _multiply(one_Q: Real, other_Q: Real, out_Q: Real) -> None:
    for position in range(len(out_Q)):
        out_Q[position] = one_Q[position] * other_Q[position]


@compiled
def _scale_columns(matrix_NN: Real, factor_N: Real, out_NN: Real) -> None:
    for i in range(len(factor_N)):
        for j in range(len(factor_N)):
            out_NN[i, j] = matrix_NN[i, j] * factor_N[j]
