"""From what an engine has written while people talked to a file that anybody can listen to.

`program` is started for one recording as a process of its own: `timeline` says when each packet was heard, `mixing`
puts both sides together, `encoding` writes and measures the file. `finishing` decides what is to be done and tells it.
"""
