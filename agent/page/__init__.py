"""The status page: shows `report.Status`, starts runs, connects a side. It decides nothing and holds no record."""
