"""Networks that tell jets apart: one file an architecture, each with a `Config` and a `Tagger`."""
