"""Terraform and OpenTofu: a plan is saved, shown, and applied as just that file."""
