"""The HRA Cloud-Xero agent: keeps one HRA Cloud account and one Xero organisation in step."""

__version__ = "0.1.0"
