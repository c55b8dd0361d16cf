"""``python -m gaitprint``: the command line, for launchers such as torchrun."""

from gaitprint.cli.main import main

if __name__ == "__main__":
    main()
