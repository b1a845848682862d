"""Executions of pipelines of CodePipeline, mirrored, and the doors of their stages."""
