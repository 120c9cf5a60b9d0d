"""Training by other means than `fit` alone: a teacher, LoRA weights, several processes, tickets."""

from tfprune.training.distilled import Distilled
from tfprune.training.lora import merge_lora
from tfprune.training.tickets import Ticket, TicketRound, find_ticket
from tfprune.training.workers import BackupTogether, MultiWorkerStrategy

__all__ = [
    "BackupTogether",
    "Distilled",
    "MultiWorkerStrategy",
    "Ticket",
    "TicketRound",
    "find_ticket",
    "merge_lora",
]
