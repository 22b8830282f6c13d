"""``python -m pipeline`` is ``newsward``."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
