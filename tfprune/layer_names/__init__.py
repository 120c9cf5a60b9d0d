"""The language in which a user says which layers are meant: one, in every argument of every verb.

A selector is one of these:

    "backbone/f0"         a path: the names of the layers from the outermost in. Any run of whole
                          names in it will do, so "f0" means every layer of that name.
    "backbone"            a nested model, or another layer with layers inside: all that is in it.
    "backbone/f0/kernel"  a variable, as reports print it: its layer, or where kernels are chosen
                          (`rules`) that kernel alone.
    "block_*"             a glob over all of these; capitals count, and `*` goes across "/".
    Conv2D, "Conv2D"      a class or its name: its layers, those of classes derived from it, and
                          all that is in them.
    a function            layer -> whether it is meant, with all that is in it. A layer that lacks
                          the attribute that the function asks for is not meant.
    a layer               of this model: itself, and all that is in it.

An argument takes one selector or a list of them; a mapping (`rules`, ratios) has one for each
value. Where several fit, the order is: exact path or layer, name, glob, class, function; then the
innermost layer; then the first given. A layer that stands in several places answers to the path of
each. One that fits nothing is an error with the nearest names, never silence. docs/names.md shows
it to users.
"""

from tfprune.layer_names.model import Names, inner_path
from tfprune.layer_names.places import BySelector, Place, Selector, Selectors
from tfprune.layer_names.selection import Fit, Selection, shown
from tfprune.layer_names.tensors import layer_paths, layers_in

__all__ = [
    "BySelector",
    "Fit",
    "Names",
    "Place",
    "Selection",
    "Selector",
    "Selectors",
    "inner_path",
    "layer_paths",
    "layers_in",
    "shown",
]
