"""Numbers as readers see them: the same words in the terminal and in HTML."""

from __future__ import annotations

NOTHING = "\N{EN DASH}"


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 1 as a percentage.

    Example:
        >>> percent(0.8), percent(None) == NOTHING
        ('80.0 %', True)
    """
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def count(number: int | None) -> str:
    """Return an integer with its thousands marked.

    Example:
        >>> count(1234567)
        '1,234,567'
    """
    return NOTHING if number is None else f"{number:,}"


def size(number: int | None) -> str:
    """Return bytes in a unit that suits them, 1 kB being 1,000 bytes.

    Example:
        >>> size(226304), size(999), size(3_200_000)
        ('226.3 kB', '999 B', '3.2 MB')
    """
    if number is None:
        return NOTHING
    for unit, scale in (("MB", 10**6), ("kB", 10**3)):
        if number >= scale:
            return f"{number / scale:,.1f} {unit}"
    return f"{number} B"


def amount(number: int | None) -> str:
    """Return a large number with three or four digits and its unit.

    Example:
        >>> amount(3_857_973_248), amount(118_013_952), amount(2_048), amount(96)
        ('3.86 G', '118 M', '2.05 k', '96')
    """
    if number is None:
        return NOTHING
    for unit, scale in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= 0.9995 * scale:
            value = number / scale
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
    return str(number)


def milliseconds(value: float | None) -> str:
    """Return milliseconds with three significant digits.

    Example:
        >>> milliseconds(0.08412), milliseconds(1234.5)
        ('0.0841', '1234')
    """
    if value is None:
        return NOTHING
    decimals = 4 if value < 0.1 else 3 if value < 1 else 2 if value < 10 else 1
    return f"{value:.{0 if value >= 100 else decimals}f}"


def spread(low: float | None, high: float | None) -> str:
    """Return the range from the 10th to the 90th percentile, in milliseconds."""
    if low is None or high is None:
        return NOTHING
    return f"{milliseconds(low)} to {milliseconds(high)}"


def error(value: float | None) -> str:
    """Return an error or a tolerance with two significant digits."""
    return NOTHING if value is None else f"{value:.2g}"


def ratio(value: float | None) -> str:
    """Return how many times the baseline's.

    Example:
        >>> ratio(2.034)
        '2.03x'
    """
    return NOTHING if value is None else f"{value:.2f}x"


def metric(value: float | None) -> str:
    """Return a metric with four significant digits.

    Example:
        >>> metric(0.98123), metric(None) == NOTHING
        ('0.9812', True)
    """
    return NOTHING if value is None else f"{value:.4g}"


def points(change: float) -> str:
    """Return a difference of two shares in points of a percent, with its sign.

    Example:
        >>> points(0.012)
        '+1.2'
    """
    return f"{100 * change:+.1f}".replace("-", "\N{MINUS SIGN}")


def microjoules(value: float | None) -> str:
    """Return an energy in a unit that suits it.

    Example:
        >>> microjoules(1234.0), microjoules(0.5)
        ('1.23 mJ', '0.5 uJ')
    """
    if value is None:
        return NOTHING
    return f"{value / 1000:.3g} mJ" if value >= 1000 else f"{value:.3g} uJ"


def zeros_in_files(zeros: int, in_files: dict[str, int]) -> str:
    """Return how the zero counts in the files compare with Keras'.

    Example:
        >>> zeros_in_files(96, {"float32": 96, "int8": 97})
        '96 in 1 of 2; 97 in int8'
    """
    if not in_files:
        return NOTHING
    same = sum(found == zeros for found in in_files.values())
    parts = [f"{count(zeros)} in {same} of {len(in_files)}"]
    parts += [f"{count(n)} in {label}" for label, n in in_files.items() if n != zeros]
    return "; ".join(parts)


def shape(dimensions: tuple[int | None, ...]) -> str:
    """Return a shape as `3x3x16x32`; an open size is a question mark."""
    return "x".join("?" if n is None else str(n) for n in dimensions)
