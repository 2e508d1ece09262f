"""Score an ONNX network that was made elsewhere, on jets that were prepared here."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import Tensor

from tagline.artefacts.files import write_json
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs, read_inputs
from tagline.data.jets import JETS_FILE, write_columns
from tagline.learning.delivery import batches, load
from tagline.measures.scored_jets import read_jets_to_score, require_probabilities
from tagline.networks.layers import Pixels, padded
from tagline.settings.contenders import Onnx, OnnxInput, Outside
from tagline.settings.strict import did_you_mean

JETS_A_BATCH = 512
# what inputs of these names take where the entry does not say
BY_CONVENTION = {
    "constituents": OnnxInput(takes="constituents"),
    "num_constituents": OnnxInput(takes="num_constituents"),
    "mask": OnnxInput(takes="mask"),
    "features": OnnxInput(takes="jet_features"),
}
TYPES = {
    "tensor(float)": torch.float32,
    "tensor(double)": torch.float64,
    "tensor(float16)": torch.float16,
    "tensor(int64)": torch.int64,
    "tensor(int32)": torch.int32,
    "tensor(bool)": torch.bool,
}

log = logging.getLogger(__name__)


def score_onnx(
    onnx_file: Path,
    prepared: Path,
    *,
    outside: Outside,
    protected: Sequence[str],
    outputs: Mapping[str, Path],
    history_file: Path,
    threads: int,
) -> None:
    """Write the score tables of both splits and a history.

    Args:
        onnx_file: the network.
        prepared: folder of the prepared jets.
        outside: entry of the catalogue.
        protected: columns that the score must not sculpt.
        outputs: where each split's table goes.
        history_file: where the history goes.
        threads: of the CPU.
    """
    assert outside.onnx is not None
    inputs = read_inputs(prepared / "inputs.json")
    network = Network(onnx_file, outside.onnx, inputs, threads=threads)
    for name, output in outputs.items():
        jets = load(prepared / name, inputs, protected=())
        started = time.perf_counter()
        score_J = np.concatenate([network(batch) for batch in batches(jets, JETS_A_BATCH)])
        seconds = time.perf_counter() - started
        hint = "say `logits: true` if the output is not a probability"
        require_probabilities(score_J, source=f"{onnx_file}, {name} jets", hint=hint)
        columns = read_jets_to_score(prepared / name / JETS_FILE, protected=protected)
        made = {"outside": outside.model_dump_json()}
        write_columns(columns | {"score": score_J.astype(np.float32)}, output, provenance=made)
        log.info("scored %d %s jets, %.0f jets/s", len(score_J), name, len(score_J) / seconds)
    sizes = {"num_parameters": outside.num_parameters, "train_jets": outside.train_jets}
    write_json(sizes, history_file)


class Network:
    """An ONNX file as a function of a batch."""

    def __init__(self, file: Path, entry: Onnx, inputs: Inputs, *, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        self.file = file
        self.entry = entry
        self.inputs = inputs
        self.declared = {one.name: one for one in self.session.get_inputs()}
        self.takes = self._taken()
        self.output = self._named_output()

    def __call__(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return score_B."""
        num_slots = self._num_slots(batch)
        feed = {
            name: self._array(name, taken, batch, num_slots).numpy()
            for name, taken in self.takes.items()
        }
        (output,) = self.session.run([self.output], feed)
        return self._probability(np.asarray(output, np.float64))

    def _taken(self) -> dict[str, OnnxInput]:
        """Return what each input takes.

        Raises:
            ValueError: an input is not declared, or it is not in the file.
        """
        known = list(self.declared)
        for name in self.entry.inputs:
            if name not in known:
                raise ValueError(f"{self.file}: no input {name!r}: {did_you_mean(name, known)}")
        taken = BY_CONVENTION | self.entry.inputs
        for name, one in self.declared.items():
            if name not in taken:
                raise ValueError(f"{self.file}: say in `inputs` what its input {name!r} takes")
            if isinstance(one.shape[0], int):
                raise ValueError(
                    f"{self.file}: input {name!r} is for batches of {one.shape[0]}: "
                    "export it with a dynamic first axis"
                )
            self._require_columns(taken[name])
        return {name: taken[name] for name in known}

    def _require_columns(self, taken: OnnxInput) -> None:
        is_of_jets = taken.takes == "jet_features"
        known = list(self.inputs.jet_features if is_of_jets else self.inputs.constituent_features)
        for name in taken.columns:
            if name not in known:
                raise ValueError(
                    f"{self.file}: {self.entry.representation!r} has no {name!r}: "
                    f"{did_you_mean(name, known)}"
                )

    def _named_output(self) -> str:
        known = [one.name for one in self.session.get_outputs()]
        if self.entry.output and self.entry.output not in known:
            raise ValueError(
                f"{self.file}: no output {self.entry.output!r}: "
                f"{did_you_mean(self.entry.output, known)}"
            )
        return self.entry.output or known[0]

    def _num_slots(self, batch: Batch) -> int:
        """Return how many constituents a jet is padded to: as the file says, or as the longest.

        Raises:
            ValueError: the file has too few.
        """
        longest = batch.longest
        sizes = [
            self.declared[name].shape[-1 if taken.layout == "BFN" else 1]
            for name, taken in self.takes.items()
            if taken.takes in ("constituents", "mask")
        ]
        fixed = min((size for size in sizes if isinstance(size, int)), default=longest)
        if fixed < longest:
            raise ValueError(
                f"{self.file}: it takes {fixed} constituents, but a jet of "
                f"{self.entry.representation!r} has {longest}"
            )
        return fixed

    def _array(self, name: str, taken: OnnxInput, batch: Batch, num_slots: int) -> Tensor:
        """Return what an input takes of a batch, in the type and number of axes of the file."""
        rank = len(self.declared[name].shape)
        array: Tensor
        match taken.takes:
            case "constituents":
                x_BNF = padded(batch, num_slots)
                array = self._chosen(x_BNF, self.inputs.constituent_features, taken)
                array = array.transpose(1, 2) if taken.layout == "BFN" else array
            case "mask":
                array = torch.arange(num_slots) < batch.num_constituents_B[:, None]
                if rank == 3:
                    array = array.unsqueeze(1 if taken.layout == "BFN" else 2)
            case "num_constituents":
                array = batch.num_constituents_B.reshape(-1, *[1] * (rank - 1))
            case "jet_features":
                array = self._chosen(batch.features_BG, self.inputs.jet_features, taken)
            case "image":
                array = Pixels(self.inputs)(batch)
        return array.to(TYPES[self.declared[name].type]).contiguous()

    def _chosen(self, values: Tensor, names: Sequence[str], taken: OnnxInput) -> Tensor:
        """Return the columns of the last axis that an input names, all if it names none."""
        if not taken.columns:
            return values
        return values[..., [names.index(column) for column in taken.columns]]

    def _probability(self, output: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return score_B of an output (B), (B, 1) or (B, C)."""
        output_BC = output.reshape(len(output), -1)
        num_columns = output_BC.shape[1]
        if not -num_columns <= self.entry.signal < num_columns:
            raise ValueError(
                f"{self.file}: output {self.output!r} has {num_columns} columns, "
                f"`signal` is {self.entry.signal}"
            )
        probability_BC = torch.from_numpy(output_BC)
        if self.entry.logits and num_columns == 1:
            probability_BC = probability_BC.sigmoid()
        elif self.entry.logits:
            probability_BC = probability_BC.softmax(1)
        score_B: npt.NDArray[np.float64] = probability_BC[:, self.entry.signal].numpy()
        return score_B
