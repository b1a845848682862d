"""Builds by projects of CodeBuild, and what they make."""
