import numpy as np
from tests.video.crowds import camera, passer, picture

from gaitprint.synth.landmarks import LANDMARKS


def test_people_come_cross_and_go_where_they_are_said_to() -> None:
    people = [passer(1, 60, 10, 2.0, 20.0, 90, (0.0, 0.4)), passer(2, 60, 10, 2.0, 20.0, 270, (0.0, -0.8))]
    crowd = picture(people, camera(120, 200, 7.0))
    assert crowd.frames.shape == (60, 120, 200, 3)
    assert not crowd.silhouettes[:, :10].any()
    assert not crowd.silhouettes[:, 50:].any()
    empty = np.median(crowd.frames[:10].astype(int), axis=0)
    assert np.abs(crowd.frames[55].astype(int) - empty).max() <= 2 * 3 * 2  # the sensor's noise alone
    # A heading of 90 degrees goes to the left, one of 270 to the right.
    pelvis = crowd.joints[:, 12:48, LANDMARKS.index("pelvis"), 0]
    assert (np.diff(pelvis, axis=1).mean(axis=1) * [-1, 1] > 1).all()
    # Joints lie on their silhouettes, and what is painted differs from the empty scene where the masks say so.
    number = 30
    for person in range(2):
        x, y = crowd.joints[person, number, LANDMARKS.index("spine_mid")].astype(int)
        assert crowd.silhouettes[person, number, y, x] == 255
    either = crowd.silhouettes[:, number].max(axis=0) > 127
    changed = np.abs(crowd.frames[number].astype(int) - empty).max(axis=2) > 12
    assert changed[either].mean() > 0.9
    assert changed[:50][~either[:50]].mean() < 0.01


def test_the_nearer_one_hides_the_farther_one() -> None:
    far, near = passer(1, 21, 0, 1.05, 20.0, 90, (0.0, -1.0)), passer(2, 21, 0, 1.05, 20.0, 270, (0.0, 1.0))
    both, alone = picture([far, near], camera()), picture([near], camera())
    middle = 10
    inside = both.silhouettes[1, middle] > 127
    np.testing.assert_array_equal(both.silhouettes[1], alone.silhouettes[0])
    # Shading and colours of the nearer one are there as if alone; the noise of the sensor is drawn alike.
    apart = np.abs(both.frames[middle].astype(int) - alone.frames[middle].astype(int)).max(axis=2)
    assert np.median(apart[inside]) <= 6
