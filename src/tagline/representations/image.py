"""A jet as an image of its pT in the eta-phi plane, stored as its non-empty pixels.

Gray: Pulling Out All the Tops with Computer Vision and Deep Learning, Macaluso and Shih 2018,
https://arxiv.org/abs/1803.00107. Colour: Deep learning in color, Komiske et al. 2017,
https://arxiv.org/abs/1612.01551: red is charged pT, green neutral pT, blue the number of charged
particles.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal

import numpy as np
from pydantic import Field

from tagline.data.inputs import Inputs, Statistics
from tagline.data.jets import Jets, concatenate
from tagline.data.stored_jets import InPieces
from tagline.observables import frames, pixels
from tagline.observables.frames import Array, Indices, Particles
from tagline.representations import BaseRepresentation
from tagline.settings.options import RepresentationOptions


class Config(RepresentationOptions):
    """The grid, the channels and the steps; each step can be switched off."""

    pixels: int = Field(40, gt=0, description="rows, and columns")
    width: float = Field(1.6, gt=0, description="extent of the image in eta and in phi [rad]")
    channels: Literal["gray", "colour"] = "gray"
    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")
    centre: bool = Field(True, description="pT-weighted centroid at the origin, not the jet axis")
    rotate: bool = Field(True, description="principal axis vertical")
    flip: bool = Field(True, description="heavier halves right and up")
    normalise: bool = Field(True, description="pT adds up to one (gray, or red + green)")
    zero_centre: bool = Field(False, description="subtract the mean training image")
    standardise: bool = Field(False, description="divide by sigma + 1e-5 of the training images")


CHANNELS = {"gray": ("gray",), "colour": ("red", "green", "blue")}
NUM_PT_CHANNELS = {"gray": 1, "colour": 2}
STEPS = ("centre", "rotate", "flip", "normalise")
PIECES_IN_MEAN_IMAGES = 6  # 49,152 jets


class Representation(BaseRepresentation):
    """The non-empty pixels of each jet: row, column and one value a channel."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.channels = CHANNELS[config.channels]

    def reads(self) -> tuple[str, ...]:
        """Name the constituent columns that are read: colours need the charge."""
        charge = ("charge",) if self.config.channels == "colour" else ()
        return super().reads() + charge

    def fit(self, train: InPieces) -> Statistics:
        """Return `mean` and `scale` of each pixel of the training images."""
        mean_KYX, mean_square_KYX = self._moments(train)
        return pixels.statistics(
            mean_KYX,
            mean_square_KYX,
            zero_centre=self.config.zero_centre,
            standardise=self.config.standardise,
        )

    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return one row a non-empty pixel; the tagger's first layer applies the statistics."""
        del statistics
        pixel_Q, values_QK, num_J = self._images(jets)
        row_Q, column_Q = np.divmod(pixel_Q, self.config.pixels)
        columns = {"row": row_Q, "column": column_Q}
        columns |= dict(zip(self.channels, values_QK.T, strict=True))
        return Jets(
            jets={"num_constituents": num_J.astype(np.int32)},
            constituents={name: column.astype(np.float32) for name, column in columns.items()},
        )

    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe the pixels."""
        return Inputs(
            constituent_features=("row", "column", *self.channels),
            max_constituents=min(self.config.max_constituents, self.config.pixels**2),
            image_shape=(len(self.channels), self.config.pixels, self.config.pixels),
            statistics=statistics,
        )

    def mean_images(
        self, train: InPieces, statistics: Statistics, class_names: Sequence[str]
    ) -> dict[str, Any]:
        """Return the mean image of each class, raw and after each step that is switched on."""
        sample = concatenate(list(islice(train.pieces(), PIECES_IN_MEAN_IMAGES)))
        classes = {
            name: sample.take(np.flatnonzero(sample.jets["label"] == label))
            for label, name in enumerate(class_names)
        }
        images = {
            title: {name: steps._moments(jets)[0] for name, jets in classes.items()}
            for title, steps in self._growing()
        }
        if self.config.zero_centre or self.config.standardise:
            images["standardise"] = {
                name: (image_KYX - statistics["mean"]) / statistics["scale"]
                for name, image_KYX in list(images.values())[-1].items()
            }
        return {
            "width": self.config.width,
            "channels": self.channels,
            "num_jets": {name: len(jets) for name, jets in classes.items()},
            "steps": [
                {"title": title, "images": {name: image.tolist() for name, image in step.items()}}
                for title, step in images.items()
            ],
        }

    def _growing(self) -> Iterator[tuple[str, "Representation"]]:
        """Yield this representation without its steps, then with one more at a time."""
        off = dict.fromkeys(STEPS, False)
        yield "pixelate", Representation(self.config.model_copy(update=off))
        for step in STEPS:
            if getattr(self.config, step):
                del off[step]
                yield step, Representation(self.config.model_copy(update=off))

    def _moments(self, jets: InPieces) -> Array:
        """Return the mean and the mean square of each pixel: (2, K, Y, X)."""
        side, num_jets = self.config.pixels, 0
        sums_2KS = np.zeros((2, len(self.channels), side**2))
        for piece in jets.pieces():
            pixel_Q, values_QK, _ = self._images(piece)
            sums_2KS[0] += pixels.sums(pixel_Q, values_QK, num_pixels=side**2)
            sums_2KS[1] += pixels.sums(pixel_Q, values_QK**2, num_pixels=side**2)
            num_jets += len(piece)
        return sums_2KS.reshape(2, -1, side, side) / max(num_jets, 1)

    def _images(self, jets: Jets) -> tuple[Indices, Array, Indices]:
        """Return the non-empty pixels (Q,), their values (Q, K) and their number in each jet."""
        particles = frames.leading(jets, self.config.max_constituents)
        particles = self._in_frame(frames.around_jet_axis(particles, jets))
        pixel_P = pixels.pixel_of(
            particles.eta_P, particles.phi_P, self.config.pixels, self.config.width
        )
        values_PK = self._values(particles, jets)
        pixel_Q, values_QK, num_J = pixels.collect(
            pixel_P, values_PK, particles.num_J, self.config.pixels**2
        )
        if self.config.normalise:
            pixels.normalise(values_QK[:, : NUM_PT_CHANNELS[self.config.channels]], num_J)
        return pixel_Q, values_QK, num_J

    def _in_frame(self, particles: Particles) -> Particles:
        if self.config.centre:
            particles = frames.centred(particles)
        if self.config.rotate:
            particles = frames.upright(particles)
        if self.config.flip:
            particles = frames.reflected(particles)
        return particles

    def _values(self, particles: Particles, jets: Jets) -> Array:
        """Return what each particle adds to each channel: (P, K)."""
        if self.config.channels == "gray":
            return particles.pt_P[:, None]
        charged_P = jets.constituents["charge"][particles.row_P] != 0
        return np.stack(
            [particles.pt_P * charged_P, particles.pt_P * ~charged_P, charged_P], axis=1
        )
