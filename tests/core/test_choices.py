import pytest

from gaitprint.core.choices import read_choice
from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation import AUGMENTATIONS


def test_a_choice_is_an_entry_and_its_options() -> None:
    entry, config = read_choice(AUGMENTATIONS, {"name": "rotation", "degrees": 3}, "augment")
    assert entry is AUGMENTATIONS["rotation"]
    assert (config.degrees, config.probability) == (3.0, 0.5)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"degrees": 3}, r"augment: needs a name, got \{'degrees': 3\}"),
        ({"name": ["rotation"]}, "augment: needs a name, got"),
        ({"name": "rotatoin"}, "unknown augmentation 'rotatoin' \\(did you mean 'rotation'"),
        ({"name": "rotation", "degree": 3}, "unknown key 'augment.degree' \\(did you mean 'degrees'"),
    ],
)
def test_what_is_no_choice_is_refused(choice: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_choice(AUGMENTATIONS, choice, "augment")
