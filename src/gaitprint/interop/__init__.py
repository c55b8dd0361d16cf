"""What others wrote, in and out: weights of other frameworks."""
