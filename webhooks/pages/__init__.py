"""Pages of the console: what is owed to, asked of and said by customers' servers."""
