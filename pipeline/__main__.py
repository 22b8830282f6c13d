"""``python -m pipeline`` is ``newsward``."""

from pipeline.cli import command

if __name__ == "__main__":
    command()
