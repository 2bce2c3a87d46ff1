"""What both front doors stand on: request ids, limits, errors to HTTP, pages."""
