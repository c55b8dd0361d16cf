"""Joints in annotated pictures: a pose network of ours beside MediaPipe Pose, on the same crops.

    gaitprint prepare mpii PHOTOGRAPHS --out STORE
    python -m benchmarks.pose_vs_mediapipe STORE [--network light-pose-nn]

PCKh@0.5 by the distance of head top and upper neck. MediaPipe has no head top, and its neck, thorax and pelvis are
middles of shoulders and hips; the second column of figures is over the twelve joints that both know as such. A picture
in which MediaPipe finds nobody counts as wrong. Skips MediaPipe with a reason where it is not installed (its 0.10.14
carries the network in the wheel, wants protobuf below 5, and brings an OpenCV of its own: give it an environment).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from gaitprint.core.progress import console
from gaitprint.core.skeletons import BLAZEPOSE_33, MPII_16, convert_joints
from gaitprint.data.store import Store
from gaitprint.evaluation.pose import estimate_store, true_joints
from gaitprint.evaluation.pose_metrics import head_size, pckh
from gaitprint.models.pose.weights import load_pose_network

LIMBS = np.array(["left" in name or "right" in name for name in MPII_16.joints])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--network", default="light-pose-nn")
    arguments = parser.parse_args()
    store = Store.open(arguments.store)
    network, _ = load_pose_network(arguments.network)
    estimates = estimate_store(network, store, range(len(store)))
    pictures = list(zip(estimates.walks.tolist(), estimates.frames.tolist(), strict=True))
    frames = [store.read_frames(walk, [frame])[0] for walk, frame in pictures]
    truths = [true_joints(network, store, walk, np.array([frame])) for walk, frame in pictures]
    true, present = (np.concatenate(parts) for parts in zip(*truths, strict=True))

    table = Table(title=f"{len(frames)} pictures", title_justify="left")
    for header in ("", "PCKh@0.5", "twelve joints of the limbs", "nobody found"):
        table.add_column(header, justify="right" if header else "left")
    found = {arguments.network: (estimates.joints, 0)}
    try:
        found["MediaPipe Pose"] = mediapipe_joints(frames)
    except ImportError as error:
        console.print(f"MediaPipe left out: {error}")
    heads = head_size(true, present)
    for name, (joints, missed) in found.items():
        everything = pckh(joints, true, present, heads).mean
        limbs = pckh(joints, true, present & LIMBS, heads).mean
        table.add_row(name, f"{100 * everything:.1f}", f"{100 * limbs:.1f}", str(missed))
    console.print(table)
    return 0


def mediapipe_joints(frames: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], int]:
    """Joints float32 [N, 16, 2] in pixels, far away where there are none, and in how many pictures nobody was found."""
    from mediapipe.python.solutions.pose import Pose

    joints = np.full((len(frames), len(MPII_16.joints), 2), -1e6, np.float32)
    missed = 0
    with Pose(static_image_mode=True, model_complexity=1) as pose:
        for number, frame in enumerate(frames):
            landmarks = pose.process(np.ascontiguousarray(frame)).pose_landmarks
            if landmarks is None:
                missed += 1
                continue
            size = np.array(frame.shape[1::-1], np.float32)
            places = np.array([[point.x, point.y] for point in landmarks.landmark], np.float32) * size
            converted, known = convert_joints(places, BLAZEPOSE_33, MPII_16)
            joints[number] = np.where(known[:, None] > 0, converted, joints[number])
    return joints, missed


if __name__ == "__main__":
    sys.exit(main())
