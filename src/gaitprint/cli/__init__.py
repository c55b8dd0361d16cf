"""The command line: command name -> typed function."""
