"""HTTP service and web page: upload or record a walk, enrol, identify, verify, and manage who is known."""
