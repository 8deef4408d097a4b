"""The voice engine in this process: WebRTC to browsers, whose sockets are held by room `softphone`."""
