"""``python -m topokit`` is ``topokit``."""

from topokit.cli import main

if __name__ == "__main__":
    main()
