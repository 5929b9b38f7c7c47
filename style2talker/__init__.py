"""Emotional, stylised talking heads: corpora with emotion text, two trainers and a generator."""

__version__ = "0.1.0"
