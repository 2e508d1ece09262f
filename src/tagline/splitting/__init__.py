"""What a split is made of besides sharing out events: its index, spectra, balance, noise."""
