"""What comes in and goes out: volumes and their geometry."""
