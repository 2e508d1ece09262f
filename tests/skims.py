"""Skims of a few files in this process."""

import zlib

from tagline.reading.ledger import read_ledger
from tagline.settings.catalogue import Dataset
from tagline.skim import skim


def skim_into(place, files, **options):
    """Skim files into the folder `skim` of a place, with a cache beside it, and return it."""
    dataset = Dataset(files=("*",), **options)
    skim(files, dataset=dataset, folder=place / "skim", processes=1, cache=place / "cache")
    return place / "skim"


def ledger_of(folder):
    return read_ledger(folder / "ledger.json")


def adler_of(server, url):
    """Return the checksum of what a web server of `http_server` has at a URL."""
    return f"adler32:{zlib.adler32(server.files[url.removeprefix(server.url(''))]):08x}"
