"""HTTP service and web page: upload or record a walk, enroll, identify, verify, and manage who is known."""
