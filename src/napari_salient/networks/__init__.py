"""What more than one method builds on."""
