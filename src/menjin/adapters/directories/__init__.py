"""The directory port: the accounts a business already has, asked in one of five ways.

A function of the business, a signed HTTP webhook, a SQL query, a table of menjin's own, or a fixed table in memory. In
each, an unknown name costs the work of a wrong password: nobody learns from the clock who is a member.
"""

from menjin.adapters.directories.simple import CallableDirectory, MemoryDirectory

__all__ = ["CallableDirectory", "MemoryDirectory"]
