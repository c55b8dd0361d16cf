"""Pictures and videos in, drawn videos out, and where in them somebody walks."""
