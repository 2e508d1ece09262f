"""What a run is told: the typed configuration, checked before the first job."""
