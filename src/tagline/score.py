"""Scoring: a trained tagger's score of every jet of a split, beside what evaluation reads."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from tagline.delivery import batches, load
from tagline.jets import JETS_FILE, read_columns, write_columns
from tagline.memory import keep_freed
from tagline.model import load_model, objective_of

JETS_A_BATCH = 512
COLUMNS = ("event_id", "jet_index", "label", "weight", "pt")

logger = logging.getLogger(__name__)


def score(
    model_file: Path,
    prepared: Path,
    *,
    split_name: str,
    protected: Sequence[str],
    score_file: Path,
    threads: int,
) -> None:
    """Write one row a jet: identity, label, weight, pt, protected columns and the score."""
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        keep_freed()
    network, tagger, inputs = load_model(model_file)
    network.to(device)
    objective = objective_of(tagger)
    jets = load(prepared / split_name, inputs, protected=protected).to(device)
    started = time.perf_counter()
    with torch.inference_mode():
        score_J = torch.cat(
            [objective.score(network(batch)) for batch in batches(jets, JETS_A_BATCH)]
        )
    seconds = time.perf_counter() - started
    names = dict.fromkeys((*COLUMNS, *protected))
    columns = read_columns(prepared / split_name / JETS_FILE, names=list(names))
    columns["score"] = score_J.float().cpu().numpy()
    write_columns(columns, score_file, provenance={"tagger": tagger.model_dump_json()})
    logger.info("scored %d %s jets, %.0f jets/s", len(jets), split_name, len(jets) / seconds)
