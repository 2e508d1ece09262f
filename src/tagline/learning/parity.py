"""Parity: an exported network against the one it was made from, on jets of all lengths."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.networks.layers import positions
from tagline.networks.padded_network import arrays_of

TOLERANCE = 1e-4  # of differences of logits, in units of the largest of the jet, or of 1
BATCH_SIZES = (1, 2, 7, 64)
LARGEST_OF_LONGEST = 7  # jets; the pairs of more of the longest ones fill the memory
SPARE_SLOTS = 3
ERRORS_ONLY = 3  # severity of the runtime's messages


@dataclass(frozen=True)
class Check:
    """One batch of jets in both.

    Args:
        jets: which jets.
        batch_size: how many.
        num_slots: places for the constituents of each.
        largest_logit: the largest absolute value.
        largest_difference: of logits, over the largest absolute value of those of the jet, or 1 if
            that is more: a logit near zero is a sum that cancels, rounded like the others.
    """

    jets: str
    batch_size: int
    num_slots: int
    largest_logit: float
    largest_difference: float


def compare(
    onnx_file: Path, network: nn.Module, inputs: Inputs, jets: PackedJets
) -> dict[str, Any]:
    """Return all checks as JSON.

    Raises:
        ValueError: a difference is larger than TOLERANCE, or not a number.
    """
    session = session_of(onnx_file)
    checks = [
        check(session, network, inputs, batch, num_slots=batch.longest + spare, jets=chosen)
        for chosen, batch in batches_of(jets, inputs)
        for spare in (0, SPARE_SLOTS)
    ]
    for each in checks:
        if not each.largest_difference <= TOLERANCE:
            raise ValueError(
                f"{onnx_file.name} and the network differ by {each.largest_difference:.2g} of the "
                f"logits of {each.batch_size} jets ({each.jets}); allowed is {TOLERANCE:g}"
            )
    return {
        "tolerance": TOLERANCE,
        "largest_difference": max(each.largest_difference for each in checks),
        "checks": [asdict(each) for each in checks],
        "versions": {name: version(name) for name in ("onnx", "onnxruntime", "onnxscript")},
    }


def session_of(onnx_file: Path) -> onnxruntime.InferenceSession:
    """Load an exported network, to run in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    return onnxruntime.InferenceSession(onnx_file, options, providers=["CPUExecutionProvider"])


def batches_of(jets: PackedJets, inputs: Inputs) -> Iterator[tuple[str, Batch]]:
    """Yield batches of all sizes: as they are, the longest, without, with one, with some left.

    Those whose constituents are linked keep all or none.
    """
    longest_J = jets.num_constituents_J.argsort(descending=True, stable=True)
    for size in BATCH_SIZES:
        rows_B = torch.arange(size) % len(jets)
        batch = jets.take(rows_B)
        yield "as they are", batch
        if not inputs.constituent_features:
            continue
        if size <= LARGEST_OF_LONGEST:
            yield "the longest", jets.take(longest_J[rows_B])
        num_B = batch.num_constituents_B
        yield "without constituents", shortened(batch, torch.zeros_like(num_B))
        if inputs.are_linked:
            continue
        yield "with one constituent", shortened(batch, num_B.clamp(max=1))
        yield "shortened", shortened(batch, num_B * torch.arange(size) // size)


def shortened(batch: Batch, num_B: Tensor) -> Batch:
    """Return the jets with their first so many constituents."""
    kept_P = positions(batch) < num_B[batch.jet_of_constituent_P]
    return replace(
        batch,
        constituents_PF=batch.constituents_PF[kept_P],
        jet_of_constituent_P=batch.jet_of_constituent_P[kept_P],
        num_constituents_B=num_B,
    )


@torch.inference_mode()
def check(
    session: onnxruntime.InferenceSession,
    network: nn.Module,
    inputs: Inputs,
    batch: Batch,
    *,
    num_slots: int,
    jets: str,
) -> Check:
    """Compare the logits of a batch; what is not a number in empty slots must not matter."""
    expected_BC = network(batch).double().numpy()
    arrays = arrays_of(batch, inputs, num_slots=num_slots, filler=torch.nan)
    (logits_BC,) = session.run(["logits"], {name: array.numpy() for name, array in arrays.items()})
    unit_B1 = np.abs(expected_BC).max(axis=1, keepdims=True).clip(min=1)
    difference_BC = np.abs(logits_BC - expected_BC) / unit_B1
    return Check(
        jets=jets,
        batch_size=len(batch),
        num_slots=num_slots,
        largest_logit=float(np.abs(expected_BC).max()),
        largest_difference=float(difference_BC.max()),
    )
