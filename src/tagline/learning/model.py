"""A trained tagger as one file: its weights, with its configuration and inputs inside."""

import io
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from tagline.artefacts import provenance
from tagline.artefacts.files import whole_file
from tagline.data.inputs import Inputs
from tagline.objectives import BaseObjective
from tagline.settings import plugins
from tagline.settings.catalogue import Tagger

Weights = dict[str, Tensor]


def build(tagger: Tagger, inputs: Inputs) -> nn.Module:
    """Return the network of a catalogue entry with fresh weights."""
    plugin = plugins.load("taggers", tagger.architecture)
    tagger_of = partial(plugin.Tagger, plugin.Config(**tagger.parameters))
    return objective_of(tagger).network(tagger_of, inputs)


def objective_of(tagger: Tagger) -> BaseObjective:
    """Return what the tagger is trained for."""
    plugin = plugins.load("objectives", tagger.objective)
    parameters = plugin.Config(**tagger.objective_parameters)
    objective: BaseObjective = plugin.Objective(parameters)
    return objective


def num_parameters(network: nn.Module) -> int:
    """Count the trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def save_model(path: Path, *, weights: Weights, tagger: Tagger, inputs: Inputs) -> None:
    """Write a trained tagger."""
    described = asdict(inputs)
    described["statistics"] = {
        name: torch.from_numpy(array) for name, array in inputs.statistics.items()
    }
    contents = {"tagger": tagger.model_dump(mode="json"), "inputs": described, "weights": weights}
    serialised = io.BytesIO()  # torch's own writer does not say that a disk is full
    torch.save(contents | provenance.entry(), serialised)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(serialised.getvalue())


def load_model(path: Path) -> tuple[nn.Module, Tagger, Inputs]:
    """Return the network ready to score, its catalogue entry and its inputs."""
    contents = torch.load(path, weights_only=True)
    tagger = Tagger(**contents["tagger"])
    described = contents["inputs"]
    statistics = {name: tensor.numpy() for name, tensor in described.pop("statistics").items()}
    inputs = Inputs(**described, statistics=statistics)
    network = build(tagger, inputs)
    network.load_state_dict(contents["weights"])
    return network.eval(), tagger, inputs
