import torch

from gaitprint.data.augmentation.boxes import box_masks


def test_boxes_cover_the_frame_evenly_and_never_leave_it() -> None:
    generator = torch.Generator().manual_seed(0)
    places = torch.rand(4000, 2, generator=generator)
    masks = box_masks(torch.full((4000,), 3.0), torch.full((4000,), 5.2), places, (7, 9))
    assert (masks.sum(dim=(1, 2)) == 15).all()
    first_rows, first_columns = masks.any(dim=2).int().argmax(dim=1), masks.any(dim=1).int().argmax(dim=1)
    torch.testing.assert_close(first_rows.bincount() / 4000, torch.full((5,), 1 / 5), rtol=0, atol=0.02)
    torch.testing.assert_close(first_columns.bincount() / 4000, torch.full((5,), 1 / 5), rtol=0, atol=0.02)


def test_extremes() -> None:
    masks = box_masks(
        torch.tensor([0.0, 4.0, 1.0]), torch.tensor([0.2, 3.0, 1.0]), torch.tensor([[0, 0], [0.99, 0], [1, 1]]), (4, 3)
    )
    expected = torch.zeros(3, 4, 3, dtype=torch.bool)
    expected[0, 0, 0] = expected[2, 3, 2] = True
    expected[1] = True
    assert torch.equal(masks, expected)
