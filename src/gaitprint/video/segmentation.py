"""Silhouettes of one person in crops: by a network, by what differs from the background, or by both.

Letters: R pixels of a crop's side.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.video.background import Plate, difference
from gaitprint.video.litert import LiteNetwork
from gaitprint.video.squares import cut_square

# Side of the crops that silhouettes are found in, pixels.
CROP = 256
# Pieces of the silhouette are at least this share of the largest, and this near to it in heights of the crop.
_LEAST_PIECE, _NEAR = 0.02, 0.06
# Where background and network disagree: the probability that takes a pixel which certainly differs, and the one that
# keeps a pixel which certainly does not.
_TAKEN, _KEPT = 0.10, 0.97


class SilhouetteFrontEnd(ABC):
    """Finds the silhouette of the person in the middle of a crop; stands for a way to do so.

    Attributes:
        needs_plate: whether nothing is found without a background.
    """

    needs_plate: bool = False

    @abstractmethod
    def soft_mask(
        self, crop: NDArray[np.uint8], plate: Plate | None, square: NDArray[np.float64], box: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Say of every pixel how likely it is the person's.

        Args:
            crop: uint8 [R, R, 3], RGB, R = `CROP`.
            plate: the background; None where there is none.
            square: float64 [3], x, y and side in pixels: where in the frame the crop was cut out.
            box: float64 [4], x, y, width, height in pixels of the crop: where the person is expected.

        Returns:
            float32 [R, R] in 0..1.
        """


class BackgroundSilhouettes(SilhouetteFrontEnd):
    """What differs from the background is the person; no network. The camera has to stand still."""

    needs_plate = True

    def soft_mask(
        self, crop: NDArray[np.uint8], plate: Plate | None, square: NDArray[np.float64], box: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """See `SilhouetteFrontEnd.soft_mask`."""
        if plate is None:
            return np.zeros(crop.shape[:2], np.float32)
        score = difference(crop, plate, square, ~_inside(box, 0.15, len(crop)))
        # Neighbours decide together: single pixels that happen to look like the background are no holes.
        together = cv2.GaussianBlur(score, (0, 0), len(crop) / 170)
        return np.asarray((np.clip(together, -1, 1) + 1) / 2, np.float32)


class NetworkSilhouettes(SilhouetteFrontEnd):
    """MediaPipe's selfie segmentation, and the background where one is known.

    The network knows what a person is, and no shadow and no swaying tree; the background knows where thin or blurred
    limbs are, and who of two people is meant. A pixel is taken where the network is not against what differs, and given
    up where it is not sure of what does not differ.
    """

    def __init__(self) -> None:
        self._network = LiteNetwork("segmentation")
        self._background = BackgroundSilhouettes()

    def soft_mask(
        self, crop: NDArray[np.uint8], plate: Plate | None, square: NDArray[np.float64], box: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """See `SilhouetteFrontEnd.soft_mask`."""
        probability = self._network(crop.astype(np.float32) / np.float32(255))[0][..., 0]
        if plate is None:
            return np.asarray(probability, np.float32)
        differs = self._background.soft_mask(crop, plate, square, box) * 2 - 1
        return combine(probability, differs)


def combine(probability: NDArray[np.float32], differs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let the background move the limit that a network's probability has to reach.

    Args:
        probability: float32 [R, R] in 0..1, of being a person.
        differs: float32 [R, R] in -1 (certainly background) .. 1 (certainly none); 0 says nothing.

    Returns:
        float32 [R, R] in 0..1; above a half is the person.
    """
    limit = np.where(differs > 0, 0.5 - differs * (0.5 - _TAKEN), 0.5 - differs * (_KEPT - 0.5))
    below = probability / (2 * limit)
    above = 1 - (1 - probability) / (2 * (1 - limit))
    return np.asarray(np.where(probability < limit, below, above), np.float32)


def clean_silhouette(soft: NDArray[np.float32], box: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Keep of a soft mask the person in the middle, in one piece as far as there is one.

    Args:
        soft: float32 [R, R] in 0..1.
        box: float64 [4], x, y, width, height in pixels of the crop: where the person is expected.

    Returns:
        uint8 [R, R], 0 background to 255 person; values between are edges. All 0 where nobody is.
    """
    size = len(soft)
    mask = np.where(soft > 0.5, np.uint8(255), np.uint8(0))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    count, labels, pieces, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return np.zeros((size, size), np.uint8)
    expected = _inside(box, 0.05, size)
    shares = np.bincount(labels[expected], minlength=count)[1:]
    if shares.max() == 0:
        return np.zeros((size, size), np.uint8)
    largest = int(shares.argmax()) + 1
    # Torn off: what is large enough, near, and mostly where the person is expected.
    near = max(1, round(_NEAR * size))
    reach = cv2.dilate(np.asarray(labels == largest, np.uint8), np.ones((2 * near + 1, near + 1), np.uint8)) > 0
    close = np.bincount(labels[reach], minlength=count)[1:] > 0
    area = pieces[1:, cv2.CC_STAT_AREA]
    belongs = close & (area >= _LEAST_PIECE * area[largest - 1]) & (shares > 0.5 * area)
    belongs[largest - 1] = True
    person = np.concatenate([[False], belongs])[labels]
    filled = _without_specks(np.asarray(person, np.uint8) * np.uint8(255), round(0.002 * size**2 / 2))
    # The soft values along the outline are what antialiased edges are made of.
    edge = cv2.dilate(filled, np.ones((3, 3), np.uint8)) > 0
    grey = np.clip((soft - 0.5) * 2 + 0.5, 0, 1) * 255
    inside = cv2.erode(filled, np.ones((3, 3), np.uint8)) > 0
    return np.where(inside, 255, np.where(edge, grey, 0)).astype(np.uint8)


def square_crop(frame: NDArray[np.uint8], square: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Cut out what a front-end takes: uint8 [R, R, 3]."""
    return cut_square(frame, square, CROP)


def _without_specks(mask: NDArray[np.uint8], area: int) -> NDArray[np.uint8]:
    """Fill holes of up to `area` pixels; larger ones are between arm and trunk."""
    _, labels, holes, _ = cv2.connectedComponentsWithStats(255 - mask, connectivity=4)
    small = holes[:, cv2.CC_STAT_AREA] <= area
    small[0] = False
    return np.where(small[labels], np.uint8(255), mask)


def _inside(box: NDArray[np.float64], around: float, size: int) -> NDArray[np.bool_]:
    """Return bool [R, R] of a box that is enlarged by a share of its height."""
    x, y, width, height = box
    margin = around * height
    rows, columns = np.arange(size) + 0.5, np.arange(size) + 0.5
    across = (columns >= x - margin) & (columns <= x + width + margin)
    down = (rows >= y - margin) & (rows <= y + height + margin)
    return np.asarray(down[:, None] & across, np.bool_)
