"""How hard the synthetic walkers are to tell apart, and what each constant of their difficulty does.

    python -m benchmarks.walker_difficulty
    python -m benchmarks.walker_difficulty --subjects 60 --seed 1

A linear method that trains in seconds (principal components, then linear discriminants, on gait energy images of all
walks of the training people) identifies the others under the protocol casia-b. Each row changes one constant.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from gaitprint.cli.synth_walks import TRAINING_SHARE
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.progress import track
from gaitprint.data.gei import gait_energy_image
from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.synth.walkers import WalkerDifficulty, WalkSpec, casia_b_walks, render_walk_views

VARIANTS: tuple[dict[str, float], ...] = (
    {},
    {"between_person": 0.8},
    {"walk_to_walk": 1.5},
    {"bag": 0.5},
    {"coat": 0.7},
)
COMPONENTS = 150


def energy_images(spec: WalkSpec) -> list[NDArray[np.float32]]:
    """The gait energy images of one walk, flattened, one a view."""
    silhouettes = [walk.silhouettes for walk in render_walk_views(spec)]
    return [gait_energy_image(align_silhouettes(raw)[0]).ravel() for raw in silhouettes if raw is not None]


def recognise(subjects: int, seed: int, difficulty: WalkerDifficulty, pool: ProcessPoolExecutor) -> dict[str, float]:
    """Rank-1 of people whom the linear method never saw, by condition, identical views excluded."""
    specs = casia_b_walks(subjects, seed, difficulty=difficulty)
    rendered = track(pool.map(energy_images, specs, chunksize=8), str(asdict(difficulty)), total=len(specs))
    images = np.array(list(rendered), np.float32)  # [walks, views, pixels]
    labels = [(spec.subject, spec.condition, view) for spec in specs for view in spec.views]
    people, conditions, views = (np.array(column) for column in zip(*labels, strict=True))
    flat = images.reshape(len(labels), -1)
    training = people.astype(int) <= round(subjects * TRAINING_SHARE)
    principal = PCA(COMPONENTS, random_state=0).fit(flat[training])
    linear = LinearDiscriminantAnalysis().fit(principal.transform(flat[training]), people[training])
    values = linear.transform(principal.transform(flat[~training])).astype(np.float32)
    embeddings = EmbeddingSet(values[:, None], people[~training], conditions[~training], views[~training])
    evaluation = evaluate_embeddings(embeddings, "casia-b", details=False)
    return {condition.name: condition.rank1 or 0.0 for condition in evaluation.conditions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", type=int, default=124)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    table = Table("difficulty", "NM", "BG", "CL", title=f"{arguments.subjects} people, seed {arguments.seed}")
    with ProcessPoolExecutor() as pool:
        for changes in VARIANTS:
            figures = recognise(arguments.subjects, arguments.seed, WalkerDifficulty(**changes), pool)
            name = ", ".join(f"{key} = {value}" for key, value in changes.items()) or "default"
            table.add_row(name, *(f"{figures[condition]:.1%}" for condition in ("NM", "BG", "CL")))
    Console().print(table)


if __name__ == "__main__":
    main()
