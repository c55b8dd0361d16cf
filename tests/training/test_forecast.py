from gaitprint.training.forecast import Forecast


def test_what_is_left_follows_the_pace_so_far() -> None:
    now = [0.0]
    forecast = Forecast(60, clock=lambda: now[0])
    assert forecast.minutes_left == 60
    now[0] = 20 * 60.0
    forecast.advance(10)  # took twice as long as it should have
    assert forecast.minutes_left == 100
    assert str(forecast) == "1 h 40 min"
    now[0] += 60 * 60.0
    forecast.leave_out()  # an hour of other work
    assert forecast.minutes_left == 100
    forecast.advance(55)
    assert forecast.minutes_left == 0
