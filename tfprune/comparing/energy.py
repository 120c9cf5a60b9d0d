"""What one inference may cost in energy, by published energies of single operations."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.errors import PruneError
from tfprune.reports.comparison import EnergyEstimate


@dataclass(frozen=True, kw_only=True)
class Technology:
    """Energies of single operations, in picojoules.

    Args:
        process: The size of its structures.
        add, multiply: By type: `"int8"`, `"int32"`, `"float32"`; those that `_MAC` uses.
        sram: Reading or writing 64 bits of a memory of 1 MB on the chip.
        dram: The same of a memory beside it.
        source: Where the numbers are from.
    """

    process: str
    add: dict[str, float]
    multiply: dict[str, float]
    sram: float
    dram: float
    source: str


TECHNOLOGIES = (
    Technology(
        process="45 nm",
        add={"int32": 0.1, "float32": 0.9},
        multiply={"int8": 0.2, "int32": 3.1, "float32": 3.7},
        sram=100.0,
        dram=1300.0,  # "1.3 to 2.6 nJ"
        source="Horowitz 2014, Computing's energy problem, ISSCC, figure 1.1.9",
    ),
    Technology(
        process="7 nm",
        # What int8 and float32 take is quoted elsewhere as it stands here; for a product of int32,
        # which int16x8 alone uses, no quotation was found.
        add={"int32": 0.03, "float32": 0.38},
        multiply={"int8": 0.07, "float32": 1.31},
        sram=14.0,
        dram=1300.0,
        source="Jouppi et al. 2021, Ten lessons from three generations shaped Google's TPUv4i, "
        "ISCA, table 2",
    ),
)

# What is multiplied and what is added, by how a file computes (`verification.tolerance`). A CPU's
# kernels multiply float16 weights as float32, and add products of integers in 32 bits.
_MAC = {
    "float32": ("float32", "float32"),
    "float16": ("float32", "float32"),
    "dynamic": ("int8", "int32"),
    "int4": ("int8", "int32"),
    "int8": ("int8", "int32"),
    "int16x8": ("int32", "int32"),
}


def estimate_energy(
    macs: int, weight_bytes: int, activation_bytes: int | None, precision: str
) -> tuple[EnergyEstimate, ...]:
    """Estimate the energy of one inference, arithmetic and memory apart; no measurement.

    Each multiply-accumulate costs a multiplication and an addition; each weight is read once from
    memory beside the chip; each activation is written to and read from 1 MB on it once. Control,
    caches, leakage and other operations are left out, so that only ratios mean something. Zeros
    count like other weights, for dense kernels multiply by them too.

    Args:
        macs: Multiply-accumulates of one inference.
        weight_bytes: Bytes of the stored weights.
        activation_bytes: Bytes of all outputs of layers; None if unknown.
        precision: How it computes: `"float32"`, `"float16"`, `"dynamic"`, `"int4"`, `"int8"`,
            `"int16x8"`.

    Returns:
        An estimate for each of `TECHNOLOGIES` whose energies are known, in microjoules; what
        int16x8 takes is known for 45 nm alone.

    Raises:
        PruneError: the precision is none of these.

    Example:
        >>> old, new = estimate_energy(1_000_000, 8_000, 800, "float32")
        >>> round(old.arithmetic_uj, 3), round(old.memory_uj, 3)
        (4.6, 1.32)
        >>> int8, _ = estimate_energy(1_000_000, 2_000, 200, "int8")
        >>> round(old.arithmetic_uj / int8.arithmetic_uj, 1)
        15.3
    """
    if precision not in _MAC:
        found = f"there are {', '.join(_MAC)}"
        raise PruneError(f"estimate energy in {precision!r}", found, "use one of these")
    multiplied, added = _MAC[precision]
    return tuple(
        EnergyEstimate(
            arithmetic_uj=macs * (t.multiply[multiplied] + t.add[added]) / 1e6,
            memory_uj=None
            if activation_bytes is None
            else (weight_bytes * t.dram + 2 * activation_bytes * t.sram) / 8 / 1e6,
            process=t.process,
            source=t.source,
        )
        for t in TECHNOLOGIES
        if multiplied in t.multiply
    )
