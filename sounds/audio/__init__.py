"""The program that decodes an uploaded file and writes it again in the forms that engines and browsers play.

It is started for one file by `sounds.audio.client` as a process of its own with little memory, little time and no way
to open another file, because the decoders below it are large, written in C and fed by strangers.

Written forms, and why: `48k.opus` (mono Opus in Ogg, 20 ms packets) for the browser engine, which sends the packets as
they are, without encoding again, and 3 MB for ten minutes instead of 58 MB as WAV; `8k.wav` (mono, 16 bit) for
Asterisk, which plays it everywhere without a codec module; `listen.mp3` for every browser and for download.
"""
