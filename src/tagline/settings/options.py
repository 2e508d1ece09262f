"""What the options of a plugin tell before a file is read, or the plugin is imported."""

from tagline.settings.strict import Strict


class ReaderOptions(Strict):
    """Options of a reader."""

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """Names of the columns that jets may have besides the common ones."""
        return ()
