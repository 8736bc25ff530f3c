"""Two vendors to practise on: HRA Cloud with its eSS page, and Xero Payroll AU.

Both are real HTTP servers on loopback, built from the vendors' published contracts and not from the
agent's clients; nothing here imports the agent. Every person in them is invented.
"""
