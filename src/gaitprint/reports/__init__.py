"""Results as terminal tables, figures and one HTML page."""
