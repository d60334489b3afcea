"""What a figure with named lines must satisfy."""

from matplotlib.text import Text


def check_labels(ax, leaders=True):
    """Names are inside the figure, and no two overlap; nor do the lines that lead to them."""
    ax.figure.canvas.draw()
    texts = [text for text in ax.texts if text.get_text()]
    # An annotation's own extent holds its leader as well.
    boxes = [t.get_window_extent() if leaders else Text.get_window_extent(t) for t in texts]
    page = ax.figure.bbox
    for box in boxes:
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i]), texts[i].get_text()
