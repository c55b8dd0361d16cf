"""The vocabulary of gait recognition: sequences, skeletons, embeddings, distances, configuration and errors."""
