"""Starting, watching and stopping the servers and processes that make up one installation on one machine."""
