"""Pure rules of routing: which waiting call goes to which agent, why, and what the others wait for."""
