"""What one address, person or name may try, and how many calls go to WeChat at once, or at all.

Pure: the counting rules, the breaker's state table and the fair queue know no clock, loop, thread or store.
"""
