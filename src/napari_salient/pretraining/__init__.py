"""Learning from volumes that nobody has labelled: six proxy tasks and what they teach."""
