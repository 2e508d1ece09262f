"""What a split does besides sharing out events: spectra, balance, noise."""
