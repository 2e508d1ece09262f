"""No decorrelation: the tagger as it is."""

from tagline.decorrelation import BaseDecorrelation
from tagline.settings.strict import Strict


class Config(Strict):
    """Nothing to choose."""


class Decorrelation(BaseDecorrelation):
    """None of the hooks does anything."""

    def __init__(self, config: Config) -> None:
        self.config = config
