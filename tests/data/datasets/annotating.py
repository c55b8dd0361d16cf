"""Makes photographs with annotated people: pictures with a dot at each joint, and files as each data set has them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import savemat

SIZE = (240, 320)  # height, width


def places(count: int, seed: int = 0) -> np.ndarray:
    """Whole pixels [count, 2] counted from 0, one joint each, far enough apart to be told."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(60)[:count]
    return np.stack([100 + 16 * (cells % 6), 30 + 18 * (cells // 6)], axis=1)


def picture(path: Path, points: np.ndarray, size: tuple[int, int] = SIZE, radius: int = 1) -> None:
    """A grey picture with a white square around each of these pixels."""
    pixels = np.full((*size, 3), 40, np.uint8)
    for x, y in points.astype(int):
        pixels[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def structures(rows: list[dict[str, Any]]) -> np.ndarray:
    """A MATLAB array of structures [1, N]."""
    names = list(rows[0])
    array = np.empty((1, len(rows)), [(name, object) for name in names])
    for index, row in enumerate(rows):
        for name in names:
            array[0, index][name] = row[name]
    return array


def mpii_person(points: np.ndarray, ids: list[int] | None = None) -> dict[str, Any]:
    """An annorect; pixels are counted from 1, and the flag says what is occluded."""
    rows = [
        {"x": float(x + 1), "y": float(y + 1), "id": number, "is_visible": number % 2}
        for number, (x, y) in zip(range(len(points)) if ids is None else ids, points.tolist(), strict=True)
    ]
    return {"x1": 1, "y1": 1, "x2": 9, "y2": 9, "annopoints": structures([{"point": structures(rows)}]), "scale": 2.0}


def mpii_mat(path: Path, pictures: dict[str, list[dict[str, Any]]]) -> None:
    """The official file; a picture without people has an empty annorect."""
    rows = [
        {"image": structures([{"name": name}]), "annorect": structures(people) if people else np.zeros((0, 0))}
        for name, people in pictures.items()
    ]
    release = {"annolist": structures(rows), "img_train": np.ones((1, len(rows))), "version": "12"}
    savemat(path, {"RELEASE": structures([release])}, do_compression=True)


def coco_person(points: np.ndarray, image: int = 7, unlabelled: tuple[int, ...] = (), **values: Any) -> dict[str, Any]:
    keypoints = [
        [0, 0, 0] if joint in unlabelled else [int(x), int(y), 1 + joint % 2] for joint, (x, y) in enumerate(points)
    ]
    return {"image_id": image, "iscrowd": 0, "keypoints": [int(v) for row in keypoints for v in row], **values}


def coco_file(path: Path, annotations: list[Any], **sizes: Any) -> None:
    images = [{"id": 7, "file_name": "000007.jpg", "height": SIZE[0], "width": SIZE[1]} | sizes]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
