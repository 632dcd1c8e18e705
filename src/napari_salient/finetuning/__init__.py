"""What brings pretraining and its uses together: fine-tuning, and measuring whether it paid."""
