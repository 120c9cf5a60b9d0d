"""How channels flow through a Keras graph, and which of them go together."""

from tfprune.channels.call import INNER_SIZES, Call
from tfprune.channels.flow import Flow
from tfprune.channels.groups import Group, Member, Tensor
from tfprune.channels.records import Kept
from tfprune.channels.structure import Structure
from tfprune.channels.tracing import trace

__all__ = ["INNER_SIZES", "Call", "Flow", "Group", "Kept", "Member", "Structure", "Tensor", "trace"]
