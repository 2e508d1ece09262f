"""From files, local or far, to jets that pass: what readers and the skim share."""
