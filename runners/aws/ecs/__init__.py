"""Releases on ECS: registered, begun, followed to their end, and put back."""
