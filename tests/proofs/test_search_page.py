"""The rows of the search proof make its page."""

from proofs.search import METHODS, Row, page

ROW = Row(
    network="resnet20",
    method="search",
    share=0.5,
    draw=0,
    test_images=2000,
    right=0.8,
    losses=0.25,
    macs=0.4,
    predicted_ms=0.42,
    measured_ms=0.40,
    dense_ms=0.84,
    dense_right=0.9,
    plan_seconds=0.5,
    cells=10,
    cell_seconds=20.0,
    table_files=30,
    table_seconds=0.0,
)


def test_a_row_of_the_page_says_how_far_the_table_was_off():
    shown = "| resnet20 | 50 % | search | 80.0 | 0.250 | 40 % | 0.420 | 0.400 | +5 % |"
    assert shown in page([ROW]) and "10 cells of sensitivity" in page([ROW])
    assert all(method in page([ROW]) for method in METHODS)
