"""The plot of cameras against load and delay draws what was measured, and nothing where nothing was."""

from xml.etree import ElementTree

from benchmarks.cameras_plot import CPU, DELAY, plot

SVG = "{http://www.w3.org/2000/svg}"


def test_a_step_without_an_event_has_no_delay() -> None:
    drawn = ElementTree.fromstring(plot("a < b", [1, 4, 64], [20.0, 60.0, 190.0], [60.0, 80.0, None]))
    points = {one.get("stroke"): (one.get("points") or "").split() for one in drawn.iter(f"{SVG}polyline")}
    assert len(points[CPU]) == 3
    assert [point.partition(",")[0] for point in points[DELAY]] == [
        point.partition(",")[0] for point in points[CPU][:2]
    ]
    assert len([one for one in drawn.iter(f"{SVG}circle") if one.get("fill") == DELAY]) == 2
