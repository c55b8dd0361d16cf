import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.data.sampling import SAMPLERS, build_sampler, select_walks
from gaitprint.data.store import SequenceInfo

LABELS = np.repeat(np.arange(6), [9, 2, 7, 5, 4, 3])


def _info(subject: str, condition: str, view: str) -> SequenceInfo:
    return SequenceInfo(subject, condition, view, None, 25.0, 10, ("silhouettes",), (64, 64), None)


INFOS = [_info(s, c, v) for s in ("a", "b", "c") for c in ("bg-01", "nm-01", "nm-02") for v in ("000", "090")]


def test_select_walks() -> None:
    def chosen(*args, **kwargs) -> list[str]:
        return [INFOS[i].id for i in select_walks(INFOS, *args, **kwargs)]

    assert chosen(["a"]) == [info.id for info in INFOS[:6]]
    assert chosen(["c", "a"], ["nm"], ["090"]) == ["a/nm-01/090", "a/nm-02/090", "c/nm-01/090", "c/nm-02/090"]
    assert chosen(["b"], ["nm-02", "bg"]) == ["b/bg-01/000", "b/bg-01/090", "b/nm-02/000", "b/nm-02/090"]
    assert chosen([]) == []
    with pytest.raises(UsageError, match="no walk under condition 'n'; there are: bg-01, nm-01, nm-02"):
        chosen(["a"], ["n"])
    with pytest.raises(UsageError, match="no walk from view '0'; there are: 000, 090"):
        chosen(["a"], None, ["0"])


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_batch_is_a_function_of_seed_and_step_alone(name: str) -> None:
    choice = {"name": name} | ({"subjects": 4, "walks": 3} if name == "pk" else {"batch_size": 8})
    forwards, backwards = build_sampler(choice, LABELS, 5), build_sampler(choice, LABELS, 5)
    steps = list(range(20))
    there = [forwards.batch(step).tolist() for step in steps]
    back = [backwards.batch(step).tolist() for step in reversed(steps)]
    assert there == back[::-1]
    assert all(len(batch) == forwards.batch_size for batch in there)
    assert len({tuple(batch) for batch in there}) == 20
    assert build_sampler(choice, LABELS, 6).batch(0).tolist() != there[0]


def test_plain_sees_every_walk_once_an_epoch() -> None:
    sampler = build_sampler({"name": "plain", "batch_size": 8}, LABELS, 0)
    assert sampler.steps_per_epoch == 3
    left_out = []
    for epoch in range(4):
        seen = np.concatenate([sampler.batch(epoch * 3 + step) for step in range(3)])
        assert len(set(seen.tolist())) == 24
        left_out.append(frozenset(range(30)) - set(seen.tolist()))
    assert len(set(left_out)) > 1


def test_pk_takes_p_people_and_k_walks_of_each() -> None:
    sampler = build_sampler({"name": "pk", "subjects": 4, "walks": 3}, LABELS, 0)
    people_seen = set()
    for step in range(50):
        batch = sampler.batch(step).reshape(4, 3)
        people = LABELS[batch]
        assert (people == people[:, :1]).all()
        assert len(set(people[:, 0].tolist())) == 4
        for person, walks in zip(people[:, 0], batch, strict=True):
            if (person == LABELS).sum() >= 3:
                assert len(set(walks.tolist())) == 3
        people_seen |= set(people[:, 0].tolist())
    assert people_seen == set(range(6))


def test_refuses_batches_that_cannot_be_filled() -> None:
    with pytest.raises(IncompatibleError, match=r"batch_size is 31, must be in 1\.\.30"):
        build_sampler({"name": "plain", "batch_size": 31}, LABELS, 0)
    with pytest.raises(IncompatibleError, match=r"subjects is 7, must be in 1\.\.6"):
        build_sampler({"name": "pk", "subjects": 7}, LABELS, 0)
    with pytest.raises(UsageError, match="walks is 0"):
        build_sampler({"name": "pk", "subjects": 2, "walks": 0}, LABELS, 0)
    with pytest.raises(UsageError, match="unknown sampler"):
        build_sampler({"name": "p"}, LABELS, 0)
