"""Tagline: from ROOT files to a published comparison of jet taggers."""

__version__ = "0.1.0"
