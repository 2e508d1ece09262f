"""Scoring: a trained tagger's score of every jet of a split, beside what evaluation reads."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from tagline.data.jets import JETS_FILE, write_columns
from tagline.learning.delivery import batches, load
from tagline.learning.model import load_model, objective_of
from tagline.machine.matrix_products import whole_processor
from tagline.machine.memory import keep_freed_memory
from tagline.measures.scored_jets import read_jets_to_score

JETS_A_BATCH = 512

logger = logging.getLogger(__name__)


@whole_processor()
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
    keep_freed_memory()
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
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
    columns = read_jets_to_score(prepared / split_name / JETS_FILE, protected=protected)
    columns["score"] = score_J.float().cpu().numpy()
    write_columns(columns, score_file, provenance={"tagger": tagger.model_dump_json()})
    logger.info("scored %d %s jets, %.0f jets/s", len(jets), split_name, len(jets) / seconds)
