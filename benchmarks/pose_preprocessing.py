"""What preprocessing a walk costs, stage by stage: milliseconds of one CPU thread.

OMP_NUM_THREADS=1 python -m benchmarks.pose_preprocessing [--frames 600]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.poses.body_size import reference_bones, unit_size
from gaitprint.data.poses.centring import centre
from gaitprint.data.poses.facing import face_forward
from gaitprint.data.poses.gait_cycles import ankle_separation, gait_cycles
from gaitprint.data.poses.gaps import fill_gaps
from gaitprint.data.poses.outliers import find_outliers
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess
from gaitprint.data.poses.resampling import resample
from gaitprint.data.poses.smoothing import smooth
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

RATE = 30.0


def milliseconds(function: Callable[[], object], repeats: int = 20) -> float:
    """Shortest of several runs, in time of this thread: whatever else the machine does meanwhile does not count."""
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        function()
        times.append(time.thread_time() - start)
    return min(times) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=600)
    frames = parser.parse_args().frames
    rng = np.random.default_rng(0)
    landmarks = walk(average_body(1.7), GaitStyle(), frames, frame_rate_hz=RATE).landmarks
    recorded = landmarks[:, [LANDMARKS.index(name) for name in KINECT_V1_20.joints]] * np.array([-1, 1, 1], np.float32)
    recorded = (recorded + rng.normal(size=recorded.shape) * 0.01).astype(np.float32)
    confidence = (rng.random(recorded.shape[:2]) > 0.01).astype(np.float32)

    joints = recorded.astype(np.float64)
    centred = centre(joints, KINECT_V1_20, RATE)
    forward = face_forward(centred, KINECT_V1_20, RATE)
    unit = unit_size(forward, KINECT_V1_20, RATE)
    separation = ankle_separation(forward, KINECT_V1_20)
    stages: dict[str, Callable[[], object]] = {
        "gaps": lambda: fill_gaps(joints, confidence, 9),
        "outliers": lambda: find_outliers(joints, RATE, 4.0),
        "centring": lambda: centre(joints, KINECT_V1_20, RATE),
        "smoothing": lambda: smooth(centred, RATE, 6.0),
        "facing": lambda: face_forward(centred, KINECT_V1_20, RATE),
        "facing, handedness given": lambda: face_forward(centred, KINECT_V1_20, RATE, "right"),
        "unit size": lambda: unit_size(forward, KINECT_V1_20, RATE),
        "reference bones": lambda: reference_bones(unit, KINECT_V1_20),
        "resampling to 25": lambda: resample(joints, confidence, RATE, 25.0),
        "gait cycles": lambda: gait_cycles(separation, RATE),
    }
    for size in ("recorded", "unit", "reference-bones"):
        config = PreprocessingConfig(size=size)
        stages[f"all, size={size}"] = lambda config=config: preprocess(  # type: ignore[misc]
            recorded, confidence, KINECT_V1_20, RATE, config
        )
    print(f"{frames} frames of {recorded.shape[1]} joints, ms a walk:")
    for name, stage in stages.items():
        print(f"  {name:26} {milliseconds(stage):6.2f}")


if __name__ == "__main__":
    main()
