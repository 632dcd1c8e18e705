"""Sample data, made by code or shipped inside a dependency."""
