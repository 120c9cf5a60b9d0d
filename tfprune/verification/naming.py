"""Which Keras layers a tensor's name mentions."""

from __future__ import annotations

import re
from collections.abc import Container


def layers_in(tensor: str, layers: Container[str]) -> list[str]:
    """Return the layers that a tensor's name mentions, in the order of the name.

    The exporter adds a number to a layer's name, and the converter joins the names of fused ops
    with `;`.

    Example:
        >>> layers_in("functional_1/act_1/Relu;functional_1/stem_1/convolution", {"stem", "act"})
        ['act', 'stem']
    """
    found = []
    for part in re.split("[;/:]", tensor):
        bare = re.sub(r"_\d+$", "", part)
        if bare in layers:
            found.append(bare)
        elif part in layers:
            found.append(part)
    return list(dict.fromkeys(found))
