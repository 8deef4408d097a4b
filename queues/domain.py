"""Pure rules of queues: business hours."""
