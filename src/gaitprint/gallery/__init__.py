"""Known people: their templates kept durably, found again, and an answer to who somebody is that may be "unknown"."""
