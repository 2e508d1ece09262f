"""Batches of four-momenta, and Lorentz transformations of them, for tests of networks."""

import torch
from torch import Tensor

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs

MOMENTA = ("energy", "px", "py", "pz")
METRIC = torch.diag(torch.tensor([1.0, -1, -1, -1], dtype=torch.float64))
COUNTS = (7, 0, 4, 1)
BEAMS_25 = torch.tensor([[2**0.5, 0, 0, 1, 1], [2**0.5, 0, 0, -1, 1]], dtype=torch.float64)


def inputs_of(*, beams: bool, max_constituents: int = 9) -> Inputs:
    """Describe the batches of `jets_of`."""
    features = (*MOMENTA, "is_beam") if beams else MOMENTA
    return Inputs(constituent_features=features, max_constituents=max_constituents)


def jets_of(*, beams: bool = False, counts: tuple[int, ...] = COUNTS, seed: int = 1) -> Batch:
    """Return jets of massless particles in float64, with energies of tens of GeV."""
    generator = torch.Generator().manual_seed(seed)
    jets = []
    for num in counts:
        axis_3 = torch.tensor([1.0, 0.5, 0.3], dtype=torch.float64)
        noise_N3 = torch.randn(num, 3, generator=generator, dtype=torch.float64)
        size_N1 = 5 + 60 * torch.rand(num, 1, generator=generator, dtype=torch.float64)
        p_N3 = size_N1 * (axis_3 + 0.2 * noise_N3)
        p_N4 = torch.cat([p_N3.norm(dim=1, keepdim=True), p_N3], dim=1)
        if beams:
            p_N4 = torch.cat([BEAMS_25, torch.cat([p_N4, torch.zeros(num, 1)], dim=1)])
        jets.append(p_N4)
    return packed(jets)


def packed(jets: list[Tensor]) -> Batch:
    """Put the particles of jets behind each other."""
    num_B = torch.tensor([len(jet) for jet in jets])
    num_jets = len(jets)
    return Batch(
        constituents_PF=torch.cat(jets),
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=torch.zeros(num_jets, 0),
        label_B=torch.arange(num_jets) % 2,
        weight_B=torch.ones(num_jets),
        protected_BR=torch.zeros(num_jets, 1),
    )


def lorentz_transformation(*, seed: int, rapidity: float = 1.0) -> Tensor:
    """Return a boost in a random direction between two random rotations: (4, 4)."""
    generator = torch.Generator().manual_seed(seed)
    return _rotation(generator) @ boost_along_beam(rapidity) @ _rotation(generator)


def boost_along_beam(rapidity: float) -> Tensor:
    """Return the boost that adds this rapidity: (4, 4)."""
    boost_44 = torch.eye(4, dtype=torch.float64)
    cosh, sinh = torch.tensor(rapidity).double().cosh(), torch.tensor(rapidity).double().sinh()
    boost_44[0, 0] = boost_44[3, 3] = cosh
    boost_44[0, 3] = boost_44[3, 0] = sinh
    return boost_44


def rotation_about_beam(angle: float) -> Tensor:
    """Return the rotation by this angle in the transverse plane: (4, 4)."""
    rotation_44 = torch.eye(4, dtype=torch.float64)
    cos, sin = torch.tensor(angle).double().cos(), torch.tensor(angle).double().sin()
    rotation_44[1, 1] = rotation_44[2, 2] = cos
    rotation_44[1, 2], rotation_44[2, 1] = -sin, sin
    return rotation_44


def transformed(batch: Batch, matrix_44: Tensor, *, beams_too: bool) -> Batch:
    """Return the same jets seen by another observer, with beams that move along or stay."""
    x_PF = batch.constituents_PF.clone()
    moves_P = torch.ones(len(x_PF), dtype=torch.bool)
    if x_PF.shape[1] > 4 and not beams_too:
        moves_P = x_PF[:, 4] == 0
    x_PF[moves_P, :4] = x_PF[moves_P, :4] @ matrix_44.T
    return Batch(**(vars(batch) | {"constituents_PF": x_PF}))


def _rotation(generator: torch.Generator) -> Tensor:
    """Return a random rotation of space: (4, 4)."""
    matrix_33 = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    rotation_44 = torch.eye(4, dtype=torch.float64)
    rotation_44[1:, 1:] = matrix_33 * torch.det(matrix_33).sign()
    return rotation_44
