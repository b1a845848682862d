"""Translations: one gettext catalog per language but English, and how the texts are found in the code."""
