"""The perspective camera and the ring of views around a walker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError

# CASIA-B's cameras: 0 sees the walker come, 90 from the side, 180 go.
VIEWS: tuple[str, ...] = tuple(f"{degrees:03d}" for degrees in range(0, 181, 18))


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A level camera that looks at the middle of the walk from a fixed place.

    Args:
        view_deg: azimuth; 0 = the walker comes towards it, 90 = it stands on the walker's left, 180 = behind.
        distance_m: from the middle of the walk, > 0.
        height_m: over the floor.
        focal_px: focal length in pixels.
        height: H of the picture, pixels.
        width: W of the picture, pixels.

    Raises:
        UsageError: a distance or focal length that is not positive, or a picture under 16 pixels.
    """

    view_deg: float
    distance_m: float = 9.0
    height_m: float = 1.0
    focal_px: float = 540.0
    height: int = 160
    width: int = 120

    def __post_init__(self) -> None:
        if not (self.distance_m > 0 and self.focal_px > 0):
            raise UsageError(f"camera at {self.distance_m} m with focal length {self.focal_px}; both must be above 0")
        if min(self.height, self.width) < 16:
            raise UsageError(f"camera picture is {self.height}x{self.width}, needs at least 16x16")

    @property
    def axes(self) -> NDArray[np.float32]:
        """Rows: the camera's right, up and viewing direction in world axes, float32 [3, 3]."""
        angle = np.deg2rad(self.view_deg)
        sine, cosine = np.sin(angle), np.cos(angle)
        return np.array([[-cosine, 0, -sine], [0, 1, 0], [sine, 0, -cosine]], np.float32)

    def to_camera(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """World metres [..., 3] -> the camera's frame: x right, y up, z away from it, float32 [..., 3]."""
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        (rx, _, rz), _, (fx, _, fz) = self.axes
        # Written out: no matrix product, whose rounding may depend on threads.
        moved = np.stack([x * rx + z * rz, y - np.float32(self.height_m), x * fx + z * fz], axis=-1)
        moved[..., 2] += np.float32(self.distance_m)
        return moved.astype(np.float32, copy=False)

    def project(self, seen: NDArray[np.float32], shift: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Camera frame [T, ..., 3] -> pixels [T, ..., 2], x right and y down; pixel centres lie at halves.

        Args:
            seen: float32 [T, ..., 3] from `to_camera`.
            shift: float32 [T], pixels by which the picture of each frame is moved to the right.
        """
        # Nothing nearer than 10 cm is pictured sensibly; the floor keeps the division defined.
        scale = np.float32(self.focal_px) / np.maximum(seen[..., 2], np.float32(0.1))
        pixels = np.stack(
            [np.float32(self.width / 2) + seen[..., 0] * scale, np.float32(self.height / 2) - seen[..., 1] * scale],
            axis=-1,
        )
        if shift is not None:
            pixels[..., 0] += shift.reshape(-1, *([1] * (pixels.ndim - 2)))
        return pixels.astype(np.float32, copy=False)

    def follow(self, path: NDArray[np.float32], wander_px: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Whole-pixel shift float32 [T] that keeps the walker in the picture, as a crop from a wide one does.

        Args:
            path: float32 [T, 3], the walker's pelvis in world metres; only its straight part is followed, so that sway
                and bob stay visible.
            wander_px: float32 [T] added before rounding (a detector never centres exactly).
        """
        column = self.project(self.to_camera(path))[..., 0].astype(np.float64)
        time = np.linspace(-1.0, 1.0, len(column))
        # Least squares on orthogonal polynomials: a straight walk in perspective is a little curved in the picture.
        track = np.full_like(column, column.mean())
        for power in (time, time**2 - (time**2).mean()):
            weight = (power**2).sum()
            if weight > 1e-9:
                track += power * (power * column).sum() / weight
        if wander_px is not None:
            track = track + wander_px
        shift: NDArray[np.float32] = np.rint(self.width / 2 - track).astype(np.float32)
        return shift


def ring(views: tuple[str, ...] = VIEWS, **settings: float | int) -> dict[str, Camera]:
    """Cameras named by their angle in degrees ("000" .. "180"); settings as in `Camera`.

    Raises:
        UsageError: a view that is not a number of degrees.
    """
    cameras: dict[str, Camera] = {}
    for view in views:
        try:
            degrees = float(view)
        except ValueError:
            degrees = np.nan
        if not np.isfinite(degrees):
            raise UsageError(f"view '{view}' is no angle in degrees")
        cameras[view] = Camera(view_deg=degrees, **settings)  # type: ignore[arg-type]
    return cameras
