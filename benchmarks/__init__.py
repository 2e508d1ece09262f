"""Races against the alternatives; each module prints its ratios."""
