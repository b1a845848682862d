"""The databases of the engine's tests."""

from tests.engine.conftest import fresh_postgres, postgres_template, postgres_url

__all__ = ["fresh_postgres", "postgres_template", "postgres_url"]
