"""Tagline: from ROOT files to a published comparison of jet taggers.

The modules here are the stages, one for each rule of the workflow; `generate` is one, too. Plugins
are the files of `datasets`, `representations`, `taggers`, `objectives`, `decorrelation`,
`combinations`, `figures` and `toys`. Below them, each on what is behind it: `interpretation`
and `reporting`; `learning` and `splitting`; `networks`, `measures` and `reading`; `observables`;
`settings`; `data`; `artefacts`, `accounting` and `machine`.
"""

__version__ = "0.1.0"
