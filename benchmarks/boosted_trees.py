"""Scoring with 500 trees: flat 32-bit indices against gathers, and scikit-learn's own loop."""

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.taggers.boosted_trees import Config, Tagger

NUM_JETS, NUM_FEATURES, JETS_A_BATCH = 8192, 10, 512
CONFIG = Config(patience=500)  # all of them grow


def toy_jets() -> PackedJets:
    """Return jets with features of which some tell the class."""
    random = np.random.default_rng(1)
    features_JG = random.normal(size=(NUM_JETS, NUM_FEATURES)).astype(np.float32)
    label_J = features_JG[:, 0] * features_JG[:, 1] + random.normal(size=NUM_JETS) > 0
    none_J = torch.zeros(NUM_JETS, dtype=torch.int64)
    return PackedJets(
        constituents_PF=torch.zeros(0, 0),
        first_constituent_J=none_J,
        num_constituents_J=none_J,
        features_JG=torch.from_numpy(features_JG),
        label_J=torch.from_numpy(label_J.astype(np.int64)),
        weight_J=torch.ones(NUM_JETS),
        protected_JR=torch.zeros(NUM_JETS, 0),
        event_id_J=none_J,
    )


def gathered(tagger: Tagger, batch: Batch) -> Tensor:
    """Return logits_BC by gathers from each jet's features with the usual 64-bit indices."""
    x_BG = batch.features_BG
    feature_M, left_M, right_M, root_T = (
        getattr(tagger.forest, name).long()
        for name in ("feature_M", "left_M", "right_M", "root_T")
    )
    node_BT = root_T.expand(len(batch), -1)
    for _ in range(CONFIG.depth):
        is_above_BT = x_BG.gather(1, feature_M[node_BT]) > tagger.forest.number_M[node_BT]
        node_BT = torch.where(is_above_BT, right_M[node_BT], left_M[node_BT])
    logit_B = tagger.forest.number_M[node_BT].sum(1) + tagger.start_C
    return torch.stack([torch.zeros_like(logit_B), logit_B], dim=1)


def forest(jets: PackedJets) -> HistGradientBoostingClassifier:
    """Return as many trees of the same size in scikit-learn."""
    grown = HistGradientBoostingClassifier(
        max_iter=CONFIG.trees, max_depth=CONFIG.depth, early_stopping=False
    )
    return grown.fit(jets.features_JG.numpy(), jets.label_J.numpy())


def main() -> None:
    """Race, and check that both give the same logits."""
    torch.set_num_threads(1)
    jets = toy_jets()
    names = tuple(f"x{column}" for column in range(NUM_FEATURES))
    tagger = Tagger(CONFIG, Inputs(jet_features=names))
    tagger.fit(jets, seed=1)
    taken = [jets.take(rows_B) for rows_B in torch.arange(NUM_JETS).split(JETS_A_BATCH)]
    theirs, features_JG = forest(jets), jets.features_JG.numpy()
    with torch.inference_mode():
        torch.testing.assert_close(tagger(taken[0]), gathered(tagger, taken[0]))
        seconds = race(
            {
                "flat": lambda: [tagger(batch) for batch in taken],
                "gathers": lambda: [gathered(tagger, batch) for batch in taken],
                "scikit-learn": lambda: theirs.decision_function(features_JG),
            }
        )
    print(
        verdict(
            f"{CONFIG.trees} trees, {NUM_JETS} jets",
            seconds,
            ours="flat",
            rival="gathers",
            goal=2,
            limit="scikit-learn",
        )
    )
    print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
