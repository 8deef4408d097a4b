"""What an agent's page asks and does beside the call itself, authorised by the token with which it signs in."""
