"""LDA: two themes, found without labels, that the words of a jet are drawn from.

Dillon, Faroughy and Kamenik, "Uncovering latent jet substructure", 2019,
https://arxiv.org/abs/1904.04200. The model is Latent Dirichlet Allocation of Blei, Ng and Jordan
2003, its inference that of Hoffman, Blei and Bach 2010.
"""

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_matrix
from sklearn.decomposition import LatentDirichletAllocation
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets, batches
from tagline.learning.fitted import Fitted
from tagline.networks.layers import jet_sum
from tagline.observables.frames import Array, Indices
from tagline.settings.strict import Strict

JETS_A_BATCH = 4096


class Config(Strict):
    """How the themes are found. The Dirichlet priors are 1/2, for samples of equal classes."""

    passes: int = Field(5, gt=0, description="over the training jets")
    batch_size: int = Field(1024, gt=0, description="jets between two changes of the themes")
    restarts: int = Field(
        4, gt=0, description="fits from other random themes; the most likely one counts"
    )


class Tagger(Fitted):
    """The likelihood ratio of a jet's words: two parameters a word, some 184k in 1902.09914.

    The score is sum_w log p(w | signal) / p(w | background), in units of its deviation in the
    training jets, which keeps the softmax from saturating. The themes have no names: the authors
    tell the signal by its distributions, the masses of the top and of its W. Here it is the theme
    whose declustered subjets are heavier on average.
    """

    log_probability_2V: nn.Parameter
    deviation: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        if inputs.constituent_features != ("word",):
            raise ValueError(
                f"LDA reads words; it got {', '.join(inputs.constituent_features) or 'none'}"
            )
        if inputs.num_classes != 2:
            raise ValueError(f"LDA has two themes; the task has {inputs.num_classes} classes")
        self.config = config
        self.mass_V = inputs.statistics["mass"]
        self.log_probability_2V = nn.Parameter(torch.zeros(2, len(self.mass_V)))
        self.register_buffer("deviation", torch.ones(()))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC; a jet without words is as likely to be of either theme."""
        ratio_V = self.log_probability_2V[1] - self.log_probability_2V[0]
        ratio_P1 = ratio_V[batch.constituents_PF[:, 0].long(), None]
        return F.pad(jet_sum(ratio_P1, batch) / self.deviation, (1, 0))

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Find the themes; labels are not read.

        Raises:
            ValueError: a weight is negative, or no jet has a declustering.
        """
        if (train.weight_J < 0).any():
            raise ValueError("LDA needs weights that are not negative")
        if not self.mass_V.any():
            raise ValueError("LDA needs declusterings, and no training jet has any")
        themes_2V = self._themes(train, np.random.default_rng(seed))
        mass_2 = (themes_2V @ self.mass_V) / (themes_2V @ (self.mass_V > 0))
        log_2V = np.log(themes_2V[np.argsort(mass_2)])
        self.log_probability_2V.copy_(torch.from_numpy(log_2V))
        self.deviation.fill_(1)
        ratio_J = torch.cat([self(batch)[:, 1] for batch in batches(train, JETS_A_BATCH)])
        self.deviation.copy_(ratio_J.std() if ratio_J.std() > 0 else torch.ones(()))

    def _themes(self, train: PackedJets, random: np.random.Generator) -> Array:
        """Return the probabilities of words in each theme of the most likely fit."""
        ends_J = np.concatenate([[0], train.num_constituents_J.cumsum(0).numpy()])
        words_P = train.constituents_PF[:, 0].long().numpy()
        shape = len(train), len(self.mass_V)
        corpus = csr_matrix((np.ones(len(words_P)), words_P, ends_J), shape=shape)
        corpus.sum_duplicates()
        corpus = corpus[_drawn(train.weight_J.double().numpy(), random)]
        fits = [
            LatentDirichletAllocation(
                n_components=2,
                learning_method="online",
                max_iter=self.config.passes,
                batch_size=self.config.batch_size,
                random_state=int(state),
            ).fit(corpus)
            for state in random.integers(2**31, size=self.config.restarts)
        ]
        best = max(fits, key=lambda fitted: fitted.score(corpus))
        themes_2V: Array = best.components_ / best.components_.sum(axis=1, keepdims=True)
        return themes_2V


def _drawn(weight_J: Array, random: np.random.Generator) -> Indices:
    """Return rows of jets in random order, each as often as its weight over the mean says.

    That is rounded up or down: the sum of all before, and a random start, decide which.
    """
    ends_J = np.floor(np.cumsum(weight_J / weight_J.mean()) + random.uniform())
    times_J = np.diff(ends_J, prepend=0).astype(np.int64)
    rows: Indices = random.permutation(np.repeat(np.arange(len(weight_J)), times_J))
    return rows
