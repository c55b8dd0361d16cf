from gaitprint.training.history import draw_history


def test_people_held_out_are_drawn_also_where_the_last_epoch_did_not_see_them() -> None:
    rows = [
        {"epoch": 1, "step": 5, "learning_rate": 0.1, "loss": 2.0},
        {"epoch": 2, "step": 10, "learning_rate": 0.1, "loss": 1.5, "validation_rank1": 0.5},
        {"epoch": 3, "step": 15, "learning_rate": 0.1, "loss": 1.2},
    ]
    panels = {axes.get_ylabel(): axes for axes in draw_history(rows).axes}
    assert list(panels) == ["loss", "fraction", "learning rate"]
    (line,) = panels["fraction"].lines
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([2], [0.5])
    assert panels["loss"].lines[0].get_xdata().tolist() == [1, 2, 3]
