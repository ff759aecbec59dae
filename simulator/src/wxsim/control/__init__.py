"""The control side: people, apps, clock, faults and journal, under ``/_sim``."""
