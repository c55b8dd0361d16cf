import pytest
import torch

from gaitprint.core.skeletons import SKELETONS, Skeleton
from gaitprint.models.skeleton.graph import GraphConvolution, GraphStage, SkeletonGraph, hop_distances


def _brute_force(skeleton: Skeleton, seen: list[bool]) -> torch.Tensor:
    """Normalised adjacency of the seen joints, edge by edge from the names of the bones."""
    count = len(skeleton.joints)
    neighbours: dict[int, set[int]] = {i: {i} for i in range(count) if seen[i]}
    for parent, child in skeleton.bones:
        i, j = skeleton.joints.index(parent), skeleton.joints.index(child)
        if seen[i] and seen[j]:
            neighbours[i].add(j)
            neighbours[j].add(i)
    matrix = torch.zeros(count, count)
    for i, others in neighbours.items():
        for j in others:
            matrix[i, j] = 1 / (len(others) * len(neighbours[j])) ** 0.5
    return matrix


def test_adjacency_of_a_star_by_hand(star: Skeleton) -> None:
    # b has 4 neighbours with itself, the others 2: 1/2, 1/4 and 1/sqrt(8).
    r = 8**-0.5
    by_hand = torch.tensor([[0.5, r, 0, 0], [r, 0.25, r, r], [0, r, 0.5, 0], [0, r, 0, 0.5]])
    torch.testing.assert_close(SkeletonGraph(star)(None), by_hand)
    # Without c, b has 3; without b, everybody is alone.
    r = 6**-0.5
    without_c = torch.tensor([[0.5, r, 0, 0], [r, 1 / 3, 0, r], [0, 0, 0, 0], [0, r, 0, 0.5]])
    without_b = torch.diag(torch.tensor([1.0, 0, 1, 1]))
    seen = torch.tensor([[[True, True, False, True], [True, False, True, True]]])
    torch.testing.assert_close(SkeletonGraph(star)(seen), torch.stack([without_c, without_b])[None])


@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_adjacency_of_every_skeleton(name: str) -> None:
    skeleton = SKELETONS[name]
    torch.manual_seed(1)
    seen = torch.rand(2, 3, len(skeleton.joints)) > 0.3
    graph = SkeletonGraph(skeleton)
    torch.testing.assert_close(graph(None), _brute_force(skeleton, [True] * len(skeleton.joints)))
    for frame, matrix in zip(seen.flatten(0, 1), graph(seen).flatten(0, 1), strict=True):
        torch.testing.assert_close(matrix, _brute_force(skeleton, frame.tolist()))


@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_distances_against_a_walk_over_the_bones(name: str) -> None:
    skeleton = SKELETONS[name]
    bones = {frozenset(bone) for bone in skeleton.bones}
    for start, row in zip(skeleton.joints, hop_distances(skeleton).tolist(), strict=True):
        distance, edge = {start: 0}, [start]
        while edge:
            joint = edge.pop(0)
            for other in skeleton.joints:
                if frozenset((joint, other)) in bones and other not in distance:
                    distance[other] = distance[joint] + 1
                    edge.append(other)
        assert row == [distance.get(joint, len(skeleton.joints)) for joint in skeleton.joints]


def test_joints_that_no_bone_reaches_are_far(star: Skeleton) -> None:
    lonely = Skeleton("lonely", ("a", "b", "c"), (("a", "b"),), ())
    assert hop_distances(lonely).tolist() == [[0, 1, 3], [1, 0, 3], [3, 3, 0]]


def test_convolution_against_a_loop_over_joints(star: Skeleton, walks) -> None:
    torch.manual_seed(2)
    layer = GraphConvolution(3, 5, 0.3).eval()
    layer.norm.norm.running_mean.normal_()
    joints = walks(2, 3, 4)[..., :3]
    adjacency = SkeletonGraph(star)(None)
    result = layer(joints, adjacency, None)
    for b, t, j in torch.cartesian_prod(torch.arange(2), torch.arange(3), torch.arange(4)).tolist():
        mixed = sum(adjacency[j, k] * joints[b, t, k] for k in range(4))
        norm = layer.norm.norm
        expected = (layer.linear.weight @ mixed - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
        torch.testing.assert_close(result[b, t, j], expected.clamp(min=0))


def test_unseen_joints_hand_nothing_on(star: Skeleton, walks) -> None:
    torch.manual_seed(2)
    stage = GraphStage(star, 3, (8, 8), 0.0).eval()
    inputs = walks(2, 3, 4, unseen=0.4)
    seen = inputs[..., 3] > 0
    assert not seen.all()
    joints = inputs[..., :3].masked_fill(~seen[..., None], 0)
    result = stage(joints, seen)
    for b in range(2):
        for t in range(3):
            # The skeleton that is left, as a skeleton of its own.
            left = [name for name, is_seen in zip(star.joints, seen[b, t].tolist(), strict=True) if is_seen]
            bones = tuple(bone for bone in star.bones if set(bone) <= set(left))
            alone = GraphStage(Skeleton("left", tuple(left), bones, ()), 3, (8, 8), 0.0).eval()
            alone.load_state_dict(stage.state_dict())
            torch.testing.assert_close(
                result[b, t, seen[b, t]], alone(joints[b : b + 1, t : t + 1, seen[b, t]], None)[0, 0]
            )
