"""Stored resources above the database: documents of datasets, models and deployments, rows of dataset files, prices.

The endpoints, routing and the job workers build on these modules. They know the store and the engine's registry, but
neither requests nor jobs.
"""
