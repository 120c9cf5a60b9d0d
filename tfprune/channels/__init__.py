"""How channels flow through a Keras graph, and which of them go together."""

from tfprune.channels.call import INNER_SIZES, Call
from tfprune.channels.flow import Flow
from tfprune.channels.groups import Carrier, Group, Member
from tfprune.channels.records import KeptUnits
from tfprune.channels.structure import Structure
from tfprune.channels.tracing import trace

__all__ = [
    "INNER_SIZES",
    "Call",
    "Carrier",
    "Flow",
    "Group",
    "KeptUnits",
    "Member",
    "Structure",
    "trace",
]
