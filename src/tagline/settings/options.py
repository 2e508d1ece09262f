"""What the options of a plugin tell before a file is read, or the plugin is imported."""

from tagline.settings.strict import Strict


class ReaderOptions(Strict):
    """Options of a reader."""

    @property
    def has_constituents(self) -> bool:
        """Whether its jets have constituents; those of tables of observables have none."""
        return True

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """Names of the columns that jets may have besides the common ones."""
        return ()


class RepresentationOptions(Strict):
    """Parameters of a representation."""

    @property
    def needs_constituents(self) -> bool:
        """Whether it is made of the constituents of jets."""
        return True

    @property
    def jet_columns(self) -> tuple[str, ...]:
        """Names of the columns of jets that it is made of, where they are its parameters."""
        return ()
