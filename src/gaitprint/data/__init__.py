"""From raw data sets to batches: readers, the store, silhouettes, sampling, loading."""
