"""Configurations in PasteDeploy's dialect of ini."""
