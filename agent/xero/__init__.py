"""The Xero side: payroll calls within Xero's limits, and Xero's JSON to and from the one
record.
"""
