"""Lottery tickets: small networks inside large ones that train as well from the start."""

from tfprune.training.tickets.finding import find_ticket
from tfprune.training.tickets.result import Ticket, TicketRound

__all__ = ["Ticket", "TicketRound", "find_ticket"]
