import dataclasses

import numpy as np

from gaitprint.synth.style import GaitStyle, sample_style, vary_style

NUMBERS = [field.name for field in dataclasses.fields(GaitStyle) if "people" in field.metadata]


def values(style):
    return np.array([getattr(style, name) for name in NUMBERS])


def test_people_scatter_about_the_mean_gait_as_declared():
    drawn = np.array([values(sample_style(np.random.default_rng(seed))) for seed in range(400)])
    declared = np.array([f.metadata["people"] for f in dataclasses.fields(GaitStyle) if "people" in f.metadata])
    assert np.all(np.abs(drawn.mean(axis=0) - values(GaitStyle())) < 0.2 * declared)
    assert np.all(np.abs(drawn.std(axis=0) / declared - 1) < 0.15)


def test_walks_of_one_person_scatter_less_than_people_do():
    rng = np.random.default_rng(0)
    person = sample_style(rng)
    walks = np.array([values(vary_style(person, rng)) for _ in range(200)])
    people = np.array([values(sample_style(rng)) for _ in range(200)])
    assert np.all(walks.std(axis=0) < 0.6 * people.std(axis=0))
    assert np.array_equal(values(vary_style(person, rng, 0.0)), values(person))


def test_the_spread_is_turned_by_one_number_and_stays_plausible():
    wild = [sample_style(np.random.default_rng(seed), 5.0) for seed in range(50)]
    assert min(style.cadence_hz for style in wild) >= 0.6
    assert min(style.step_width_m for style in wild) >= 0.02
    assert np.array_equal(values(sample_style(np.random.default_rng(1), 0.0)), values(GaitStyle()))
