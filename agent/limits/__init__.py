"""What both systems' limits have in common: places, pauses, and the gate that every call goes through (X1, X4).

Knows neither system. `places` counts without clock or thread, `pause` outlives a restart, `gate` waits and gives way.
"""
