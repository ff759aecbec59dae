"""Who is wired to whom. Takes typed objects, reads no environment; the only room that knows all the others."""

from menjin.assembly.parts import Deaf, Parts, need_a_loop
from menjin.assembly.stores import Stores, memory_stores, redis_stores, sql_stores
from menjin.assembly.wiring import Deeds, assemble

__all__ = [
    "Deaf",
    "Deeds",
    "Parts",
    "Stores",
    "assemble",
    "memory_stores",
    "need_a_loop",
    "redis_stores",
    "sql_stores",
]
