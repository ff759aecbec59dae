"""One class a port: WeChat over HTTP, stores in memory and SQL, the vault, directories, waiting.

An adapter that works without an event loop says so by `works_without_loop`; `Menjin` refuses the others.
"""
