"""A phone that asks "Allow USB debugging?" and never gets an answer: a script for a test phone.

AOSP's adbd outside of Android trusts everybody, so this speaks the few messages of adb's protocol
that come first (docs/dev/protocol.md of AOSP's adb): CNXN from the host, AUTH TOKEN from the phone,
AUTH SIGNATURE or RSAPUBLICKEY from the host. To a key it does not know it gives no answer.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

CNXN, AUTH = b"CNXN", b"AUTH"
TOKEN, SIGNATURE = 1, 2
HEADER = struct.Struct("<4sIIIII")


def send_token(connection: socket.socket) -> None:
    data = os.urandom(20)
    magic = int.from_bytes(AUTH, "little") ^ 0xFFFFFFFF
    connection.sendall(HEADER.pack(AUTH, TOKEN, 0, len(data), sum(data), magic) + data)


def serve(connection: socket.socket) -> None:
    stream = connection.makefile("rb")
    while len(header := stream.read(HEADER.size)) == HEADER.size:
        command, first, _, length, *_ = HEADER.unpack(header)
        stream.read(length)
        if command == CNXN or (command == AUTH and first == SIGNATURE):
            send_token(connection)


if __name__ == "__main__":
    host, port = sys.argv[1].split(":")
    with socket.create_server((host, int(port))) as server:
        while True:
            serve(server.accept()[0])
