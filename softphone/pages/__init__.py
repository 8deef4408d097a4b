"""Pages with a telephone in them: the agent's softphone, the test phone, and what a company embeds in its own pages."""
