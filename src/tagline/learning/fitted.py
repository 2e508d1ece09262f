"""Taggers that are fitted at once: their numbers solve one problem, and there are no steps."""

from abc import ABC, abstractmethod

from torch import nn

from tagline.learning.delivery import PackedJets


class Fitted(nn.Module, ABC):
    """A tagger such as a linear discriminant or boosted trees.

    It scores jets as any network does, with tensors that `fit` fills. These have the same shapes
    before and after the fit, so that a model file can be loaded into a new instance. Parameters
    are what was learned and buffers what was not.
    """

    @abstractmethod
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Fill the tensors from the training jets and their weights, on the CPU.

        Raises:
            ValueError: the jets do not suffice, with what is missing.
        """
